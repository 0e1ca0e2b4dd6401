import assert from 'node:assert/strict'
import type { TransportName } from '../../engine/grpc-transport.js'
import { type Answer, serve, stopServers } from '../host/grpc/scripted-server.js'
import { runIsolated } from '../support/isolated.js'
import { runScript } from '../support/run-script.js'

describe('grpcTransport, in a run', () => {
  afterEach(stopServers)

  const source = (address: string) => `
    import grpc from 'k6/net/grpc'
    const client = new grpc.Client()
    export default function () {
      client.connect('${address}', { plaintext: true })
      console.log(client.healthCheck('').status === grpc.HealthCheckServing)
    }`

  /** How large a header block the client says it takes: nobody but the direct transport says so in its first settings. */
  async function told(run: (source: string) => Promise<{ said: string[] }>): Promise<unknown> {
    let settings: unknown
    const healthy: Answer = async (call) => {
      settings = call.stream.session?.remoteSettings
      await call.read()
      call.send(Buffer.from([8, 1]))
      call.finish()
    }
    const { said } = await run(source((await serve(healthy)).address))
    assert.deepEqual(said, ['true'])
    return settings
  }
  const here = (name?: TransportName) =>
    told((text) => runScript(text, name === undefined ? {} : { settings: { grpcTransport: name } }))
  const isolated = (grpcTransport: TransportName) =>
    told((text) => {
      const network = { default: 'allow', privateRanges: 'open', allow: [], deny: [] } as const
      return runIsolated(text, { policy: { network }, settings: { grpcTransport } })
    })

  it('reaches the threads, and is direct when nobody says otherwise', async () => {
    const [direct, other, unsaid] = [await here('direct'), await here('grpc-js'), await here()]
    assert.deepEqual(unsaid, direct)
    assert.notDeepEqual(other, direct)
  })

  it('reaches the process of a run', async () => {
    assert.notDeepEqual(await isolated('grpc-js'), await isolated('direct'))
  })
})
