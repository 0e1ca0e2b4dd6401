/**
 * A gRPC server on 127.0.0.1 whose answers each test writes itself, frame by frame, on Node's own HTTP/2.
 * Shares no code with the transports it tests.
 */
import { readFileSync } from 'node:fs'
import type { SecureServerOptions } from 'node:http2'
import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { packageRoot } from '../../../package-root.js'

/** A file of test/tls. */
export function fixture(name: string): string {
  return readFileSync(join(packageRoot, 'test/tls', name), 'utf8')
}

/** One call as the server sees it. */
export interface ServerCall {
  stream: ServerHttp2Stream
  headers: IncomingHttpHeaders
  /** Name, value, name, value … */
  rawHeaders: readonly string[]
  /** The next message of the client; undefined after its last. */
  read(): Promise<Buffer | undefined>
  /** The same with its length prefix. */
  readFrame(): Promise<Buffer | undefined>
  /** Sends headers; `content-type` is gRPC's when not given. */
  open(headers?: OutgoingHttpHeaders): void
  send(message: string | Buffer): void
  /** Ends with trailers, or with a lone header block when nothing was sent yet. */
  finish(trailers?: OutgoingHttpHeaders): void
}

export type Answer = (call: ServerCall) => unknown

/** A message with its length prefix. */
export function frame(message: Buffer, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

export interface TestServer {
  address: string
  port: number
  /** Sessions so far, the present one last. */
  sessions: ServerHttp2Session[]
  /** Closes all sockets without a word. */
  cut(): void
  close(): Promise<void>
}

const running: TestServer[] = []

/** Stops all servers of a test. */
export async function stopServers(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.close()))
}

export interface Place {
  /** A loopback address. */
  host?: string
  port?: number
  /** What the server tells the client of itself. */
  settings?: Settings
}

/** A gRPC server that answers every call with `answer`. */
export async function serve(answer: Answer, tls?: SecureServerOptions, place: Place = {}): Promise<TestServer> {
  const { host, port, settings } = place
  const server = tls
    ? createSecureServer({ ALPNProtocols: ['h2'], ...tls })
    : createServer({ settings: settings ?? {} })
  const sessions: ServerHttp2Session[] = []
  server.on('session', (session: ServerHttp2Session) => {
    sessions.push(session)
    session.on('error', () => {})
  })
  server.on('sessionError', () => {})
  server.on('tlsClientError', () => {})
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
    stream.on('error', () => {})
    void answer(callOn(stream, headers, raw))
  })
  return listening(server as unknown as Server, sessions, port, host)
}

/** A TCP server that speaks no HTTP/2. */
export async function serveTcp(onSocket: (socket: Socket) => void, { host, port }: Place = {}): Promise<TestServer> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  return listening(server, [], port, host)
}

/** A port of 127.0.0.1 where nobody listens. */
export async function deadPort(): Promise<number> {
  const server = await serveTcp(() => {})
  await server.close()
  return server.port
}

function listening(
  server: Server,
  sessions: ServerHttp2Session[],
  wantedPort = 0,
  host = '127.0.0.1',
): Promise<TestServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(wantedPort, host, () => {
      const { port } = server.address() as AddressInfo
      const cut = () => {
        for (const socket of sockets) socket.destroy()
      }
      const close = () =>
        new Promise<void>((done) => {
          cut()
          server.close(() => done())
        })
      const result = { address: `${host}:${port}`, port, sessions, cut, close }
      running.push(result)
      resolve(result)
    })
  })
}

function callOn(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): ServerCall {
  let held = Buffer.alloc(0)
  const chunks = stream[Symbol.asyncIterator]()
  const read = async () => (await readFrame())?.subarray(5)
  const readFrame = async (): Promise<Buffer | undefined> => {
    while (held.length < 5 || held.length < 5 + held.readUInt32BE(1)) {
      // A caller that is gone sends nothing more either.
      const next = await chunks.next().catch(() => undefined)
      if (next === undefined || next.done) return undefined
      held = Buffer.concat([held, next.value as Buffer])
    }
    const end = 5 + held.readUInt32BE(1)
    const whole = held.subarray(0, end)
    held = held.subarray(end)
    return whole
  }
  let isOpen = false
  let trailers: OutgoingHttpHeaders = {}
  const open = (extra: OutgoingHttpHeaders = {}) => {
    isOpen = true
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...extra }, {
      waitForTrailers: true,
      sendDate: false,
    } as object)
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  }
  const send = (message: string | Buffer) => {
    if (!isOpen) open()
    stream.write(frame(Buffer.from(message)))
  }
  const finish = (last: OutgoingHttpHeaders = {}) => {
    const all = { 'grpc-status': '0', ...last }
    if (!isOpen) {
      const block = { ':status': 200, 'content-type': 'application/grpc', ...all }
      stream.respond(block, { endStream: true, sendDate: false } as object)
      return
    }
    trailers = all
    stream.end()
  }
  return { stream, headers, rawHeaders, read, readFrame, open, send, finish }
}
