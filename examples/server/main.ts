/**
 * The example server as a program: `node build/examples/server/main.js [--port N] [--tls] [--http]`.
 * Prints its addresses as one line of JSON and ends on SIGTERM, or when its standard input closes, so that it never
 * outlives the program that started it.
 */
import { parseArgs } from 'node:util'
import { startServer } from './server.js'

function fail(message: string): never {
  process.stderr.write(`example server: ${message}\n`)
  process.exit(2)
}

function portOf(text: string): number {
  const port = Number(text)
  return /^\d{1,5}$/.test(text) && port <= 65535 ? port : fail(`--port is "${text}", it must be a number up to 65535`)
}

function readOptions(): { port: number; tls: boolean; http: boolean } {
  try {
    const { values } = parseArgs({
      options: { port: { type: 'string' }, tls: { type: 'boolean' }, http: { type: 'boolean' } },
    })
    return { port: portOf(values.port ?? '0'), tls: values.tls ?? false, http: values.http ?? false }
  } catch (e) {
    return fail(e instanceof Error ? e.message : String(e))
  }
}

const { close, ...addresses } = await startServer(readOptions()).catch((e: Error) => fail(e.message))

let isStopping = false
function stop(): void {
  if (isStopping) return
  isStopping = true
  close().then(() => process.exit(0))
}
process.on('SIGTERM', stop)
process.stdin.on('end', stop).on('close', stop).on('error', stop).resume()
process.stdout.write(`${JSON.stringify(addresses)}\n`)
