/**
 * What belljar is compared with: a program that calls SayHello with @grpc/grpc-js and nothing else, over some connections,
 * one call at a time on each. `node bare-loop.js ADDRESS CALLS CONNECTIONS` prints its result as JSON.
 */
import { join } from 'node:path'
import { type Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { packageRoot } from '../package-root.js'

/** What the program prints. */
export interface BareResult {
  callsPerSecond: number
  errors: number
}

type HelloClient = Client & {
  sayHello(request: { greeting: string }, done: (error: Error | null, response?: { reply: string }) => void): void
}

const [address = '', calls = '0', connections = '1'] = process.argv.slice(2)
const definition = loadPackageDefinition(loadSync(join(packageRoot, 'examples/single-connection/hello.proto')))
const { HelloService } = definition.hello as unknown as { HelloService: ServiceClientConstructor }

const clients = Array.from({ length: Number(connections) }, () => {
  const options = { 'grpc.use_local_subchannel_pool': 1 }
  return new HelloService(address, credentials.createInsecure(), options) as unknown as HelloClient
})
await Promise.all(
  clients.map(
    (client) =>
      new Promise<void>((resolve, reject) => {
        client.waitForReady(Date.now() + 10_000, (e) => (e ? reject(e) : resolve()))
      }),
  ),
)

let left = Number(calls)
let errors = 0

function callOn(client: HelloClient, done: () => void): void {
  if (left-- <= 0) {
    done()
    return
  }
  client.sayHello({ greeting: 'bench' }, (error, response) => {
    if (error !== null || response?.reply !== 'hello bench') errors++
    callOn(client, done)
  })
}

const startedAtMs = performance.now()
await Promise.all(clients.map((client) => new Promise<void>((resolve) => callOn(client, resolve))))
const seconds = (performance.now() - startedAtMs) / 1000
for (const client of clients) client.close()
const result: BareResult = { callsPerSecond: Number(calls) / seconds, errors }
process.stdout.write(`${JSON.stringify(result)}\n`)
