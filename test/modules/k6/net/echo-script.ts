/** Scripts that call the service of test/protos/echo.proto, and the server for them. */
import type { Answer } from '../../../host/grpc/scripted-server.js'

/** Sends every message back; one whose text is `fail` ends the call with status 9. */
export const echo: Answer = async (call) => {
  // A client that goes away in between ends the call.
  const next = () => call.read().catch(() => undefined)
  for (let message = await next(); message !== undefined; message = await next()) {
    if (message.toString('latin1') === '\u001a\u0004fail') {
      return call.finish({ 'grpc-status': '9', 'grpc-message': 'asked to fail' })
    }
    call.send(message)
  }
  call.finish()
}

/** The script with `grpc`, a `client` that has loaded echo.proto, `connect()` to `address`, and `attempt(f)`. */
export function echoScript(address: string, source: string): string {
  return `
    import { sleep } from 'k6'
    import grpc from 'k6/net/grpc'
    const client = new grpc.Client()
    client.load(null, 'echo.proto')
    const connect = () => client.connect('${address}', { plaintext: true })
    const attempt = (f) => {
      try {
        return JSON.stringify(f())
      } catch (e) {
        return String(e)
      }
    }
    ${source}`
}

/** A script whose iteration opens a stream of messages; `body` may use `stream`, and `tell(event)` as a handler. */
export const streaming = (body: string): string => `
  export default function () {
    connect()
    const stream = new grpc.Stream(client, 'echo.Echo/Bidi')
    const tell = (event) => (value) => console.log(event, JSON.stringify(value))
    ${body}
  }`
