/**
 * A server on 127.0.0.1 that says what its test writes, frame by frame, and keeps what the client says. It answers nothing by
 * itself but that it sends its settings. Shares no code with the transports it tests.
 */
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { frame as http2Frame } from '../http2/raw-frame.js'
import { fixture, frame as message, serveTcp } from './scripted-server.js'

export interface ClientFrame {
  type: number
  flags: number
  streamId: number
  payload: Buffer
}

export const type = {
  ...{ data: 0, headers: 1, priority: 2, reset: 3, settings: 4 },
  ...{ pushPromise: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 },
}
export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 }

const prefaceBytes = 24

/** The server's end of one connection. */
export class RawPeer {
  /** Frames of the client that nobody has asked for yet, in order. */
  readonly unread: ClientFrame[] = []
  /** The client has closed the connection, or lost it. */
  isEnded = false
  /** What the client's settings say of each stream's window. */
  streamWindowBytes = 65_535
  readonly socket: Socket
  #held = Buffer.alloc(0)
  #isPastPreface = false
  #wake: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('close', () => {
      this.isEnded = true
      this.#notify()
    })
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** Sends in pieces, each of which the client reads before the next one comes. */
  async sendApart(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      if (piece.length > 0) this.socket.write(piece)
      await turn()
    }
  }

  /** The next frame of a kind, whatever came before it. Undefined when the connection ends first. */
  async next(wanted: number, streamId?: number): Promise<ClientFrame | undefined> {
    for (;;) {
      const i = this.unread.findIndex((f) => f.type === wanted && (streamId === undefined || f.streamId === streamId))
      if (i >= 0) return this.unread.splice(i, 1)[0]
      if (this.isEnded) return undefined
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  /** The stream of the next call. */
  async call(): Promise<number> {
    const opening = await this.next(type.headers)
    if (opening === undefined) throw new Error('the client closed the connection')
    return opening.streamId
  }

  async ended(): Promise<void> {
    while (!this.isEnded) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  #read(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk])
    if (!this.#isPastPreface) {
      if (this.#held.length < prefaceBytes) return
      this.#held = this.#held.subarray(prefaceBytes)
      this.#isPastPreface = true
    }
    while (this.#held.length >= 9) {
      const end = 9 + this.#held.readUIntBE(0, 3)
      if (this.#held.length < end) break
      const [kind, flags] = [this.#held[3]!, this.#held[4]!]
      const payload = Buffer.from(this.#held.subarray(9, end))
      for (let at = 0; kind === type.settings && at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === 4) this.streamWindowBytes = payload.readUInt32BE(at + 2)
      }
      this.unread.push({ type: kind, flags, streamId: this.#held.readUInt32BE(5), payload })
      this.#held = this.#held.subarray(end)
    }
    this.#notify()
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

export interface RawServer {
  address: string
  peers: RawPeer[]
  /** The connections of the client, one after the other. */
  accept(): Promise<RawPeer>
}

/** `greeting` is what a connection begins with, plain or in TLS. */
export async function serveRaw(greeting: Buffer = settings(), isSecure = false): Promise<RawServer> {
  const peers: RawPeer[] = []
  const waiting: ((peer: RawPeer) => void)[] = []
  let handedOut = 0
  const secureContext = createSecureContext({ cert: fixture('server.pem'), key: fixture('server.key') })
  const server = await serveTcp((tcp) => {
    const socket = isSecure ? new TLSSocket(tcp, { isServer: true, secureContext, ALPNProtocols: ['h2'] }) : tcp
    socket.on('error', () => {})
    const peer = new RawPeer(socket)
    peers.push(peer)
    peer.send(greeting)
    if (waiting.length > 0) {
      handedOut++
      waiting.shift()?.(peer)
    }
  })
  const accept = () =>
    new Promise<RawPeer>((resolve) => {
      if (handedOut < peers.length) resolve(peers[handedOut++]!)
      else waiting.push(resolve)
    })
  return { address: server.address, peers, accept }
}

/** Lets both ends of a connection within this process read what is there. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}

export function number32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i)
  return bytes
}

/** Header fields as HPACK writes them without tables (RFC 7541, section 6.2.2); texts are shorter than 127 bytes. */
export function fields(...texts: readonly string[]): Buffer {
  const pairs: Buffer[] = []
  for (let i = 0; i + 1 < texts.length; i += 2) {
    const [name, value] = [Buffer.from(texts[i]!, 'latin1'), Buffer.from(texts[i + 1]!, 'latin1')]
    pairs.push(Buffer.of(0, name.length), name, Buffer.of(value.length), value)
  }
  return Buffer.concat(pairs)
}

/** A frame with settings. */
export function settings(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  return http2Frame(
    type.settings,
    0,
    0,
    Buffer.concat(entries.map(([id, value]) => Buffer.concat([Buffer.of(0, id), number32(value)]))),
  )
}

export const okFields = fields(':status', '200', 'content-type', 'application/grpc')
export const headers = (id: number, block: Buffer = okFields) => http2Frame(type.headers, flag.endHeaders, id, block)
export const data = (id: number, text: string) => http2Frame(type.data, 0, id, message(Buffer.from(text)))
export const trailers = (id: number, ...more: readonly string[]) =>
  http2Frame(type.headers, flag.endHeaders | flag.endStream, id, fields('grpc-status', '0', ...more))
/** A whole answer to a unary call. */
export const answer = (id: number, text = 'reply') => Buffer.concat([headers(id), data(id, text), trailers(id)])
export const reset = (id: number, code: number) => http2Frame(type.reset, 0, id, number32(code))
export const windowUpdate = (id: number, bytes: number) => http2Frame(type.windowUpdate, 0, id, number32(bytes))
export const goaway = (last: number, code = 0) => http2Frame(type.goaway, 0, 0, number32(last, code))
export const ping = (flags = 0) => http2Frame(type.ping, flags, 0, Buffer.from('pingpong'))
