/**
 * The example server for tests: a process of its own, because it needs generated code, and a client for it that passes
 * bytes. All tests share one server.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type ChannelCredentials, Client, credentials, Metadata, type status } from '@grpc/grpc-js'

export interface Addresses {
  plaintext: string
  tls?: string
  http?: string
}

/** Starts the program; the caller ends it. */
export function spawnServer(args: string[]): ChildProcess {
  const main = fileURLToPath(new URL('../../../examples/server/main.js', import.meta.url))
  return spawn(process.execPath, [main, ...args], { stdio: 'pipe' })
}

/** The addresses that a started server prints when it is ready. */
export async function addressesOf(child: ChildProcess): Promise<Addresses> {
  const [line] = await once(createInterface(child.stdout!), 'line')
  return JSON.parse(String(line)) as Addresses
}

let shared: { child: ChildProcess; addresses: Promise<Addresses> } | undefined
const clients: Client[] = []

after(async () => {
  for (const client of clients) client.close()
  if (shared === undefined) return
  const hasEnded = once(shared.child, 'close')
  shared.child.stdin!.end()
  await hasEnded
})

/** Addresses of the server that all tests share; it has TLS and HTTP too. */
export function sharedServer(): Promise<Addresses> {
  if (shared === undefined) {
    const child = spawnServer(['--tls', '--http'])
    child.stderr!.pipe(process.stderr)
    shared = { child, addresses: addressesOf(child) }
  }
  return shared.addresses
}

/** How a call ended: what came back, and the status. */
export interface Outcome {
  responses: Buffer[]
  code: status
  message: string
  trailers: Metadata
}

const asItIs = (bytes: Buffer): Buffer => bytes

/**
 * Calls any method, whatever its shape: sends all requests, takes all responses. A method with one request or one response
 * is on the wire a stream of one.
 */
export class RawClient {
  readonly #client: Client

  constructor(address: string, channelCredentials: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(address, channelCredentials)
    clients.push(this.#client)
  }

  /** A client of the shared server, without TLS. */
  static async ofSharedServer(): Promise<RawClient> {
    return new RawClient((await sharedServer()).plaintext)
  }

  call(path: string, requests: Buffer[], headers: Record<string, string> = {}): Promise<Outcome> {
    const metadata = new Metadata()
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value)
    const call = this.#client.makeBidiStreamRequest(path, asItIs, asItIs, metadata)
    const responses: Buffer[] = []
    call.on('data', (response: Buffer) => responses.push(response))
    // The status tells the same.
    call.on('error', () => {})
    for (const request of requests) call.write(request)
    call.end()
    return new Promise((resolve) => {
      call.on('status', ({ code, details, metadata: trailers }) => {
        resolve({ responses, code, message: details, trailers })
      })
    })
  }

  /** The response of a method that answers once. */
  async ask(path: string, request: Buffer, headers: Record<string, string> = {}): Promise<Buffer> {
    const { responses, code, message } = await this.call(path, [request], headers)
    if (responses.length !== 1) throw new Error(`${path} ended with ${responses.length} responses, ${code} ${message}`)
    return responses[0]!
  }
}
