/**
 * One connection of the benchmark's server: as much of HTTP/2 (RFC 9113) as a client needs that keeps to it, with flow
 * control, and so cheap that the server is not what is measured. It does not decode header fields, so all calls of a
 * connection are of one method; the port says which. Who breaks the protocol is cut off.
 */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { download, feed, feedCount, framedFeedMessageBytes, greeting } from './answers.js'

export type Method = 'greet' | 'download' | 'feed' | 'echo'

/** Told how many calls (of streams: messages) were answered. */
export type OnAnswered = (units: number) => void

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const frameHeaderBytes = 9
/** The most that a frame may have without a setting that says otherwise (section 4.2). */
const maxPayloadBytes = 16_384
const defaultWindowBytes = 65_535
const largestWindowBytes = 2 ** 31 - 1
/** What clients may send ahead, on a stream and on the connection. */
const receiveWindowBytes = 2 ** 24
const maxOpenStreams = 1000
/** No request of the benchmark has more, but for those that are echoed at once. */
const maxRequestBytes = 1024

const type = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const
const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const
const setting = { headerTableSize: 1, maxConcurrentStreams: 3, initialWindowSize: 4 } as const

// Header blocks (RFC 7541): `:status 200` is entry 8 of the static table, the name content-type entry 31.
const contentType = Buffer.from('\x10application/grpc', 'latin1')
const firstHeaders = Buffer.concat([Buffer.from([0x88, 0x5f]), contentType])
const plainHeaders = Buffer.concat([Buffer.from([0x20, 0x88, 0x0f, 0x10]), contentType])
const statusOk = Buffer.from('\x0bgrpc-status\x010', 'latin1')
const firstTrailers = Buffer.concat([Buffer.from([0x40]), statusOk])
const plainTrailers = Buffer.concat([Buffer.from([0x20, 0x00]), statusOk])
/** Once both are in the dynamic table, the newer one comes first in it. */
const laterTrailers = Buffer.from([0xbe])
const headersAfterHeaders = Buffer.from([0x88, 0xbe])
const headersAfterTrailers = Buffer.from([0x88, 0xbf])
/** Below this the client has no room for our two entries (section 4.1: 32 bytes and the text for each). */
const neededTableBytes = 128

interface Stream {
  readonly id: number
  /** What the client lets us send on it. */
  window: number
  /** Of a request that is not complete. */
  request: Buffer
  /** What is still to be sent, in frames of at most `frameBytes`. */
  body: Buffer
  frameBytes: number
  hasHeaders: boolean
  /** Trailers follow the body. */
  isComplete: boolean
  /** Bytes taken since the last update of the stream's window. */
  taken: number
}

const nothing = Buffer.alloc(0)

/** Serves a socket until it is closed. */
export class Http2Connection {
  readonly #socket: Socket
  readonly #method: Method
  readonly #onAnswered: OnAnswered
  readonly #streams = new Map<number, Stream>()
  #rest: Buffer = nothing
  #hasPreface = false
  #out: Buffer[] = []
  #window = defaultWindowBytes
  #streamWindow = defaultWindowBytes
  #taken = 0
  #canIndex = true
  #hasIndexedHeaders = false
  #hasIndexedTrailers = false

  constructor(socket: Socket, method: Method, onAnswered: OnAnswered) {
    this.#socket = socket
    this.#method = method
    this.#onAnswered = onAnswered
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', () => socket.destroy())
    const settings = Buffer.alloc(12)
    settings.writeUInt16BE(setting.maxConcurrentStreams, 0)
    settings.writeUInt32BE(maxOpenStreams, 2)
    settings.writeUInt16BE(setting.initialWindowSize, 6)
    settings.writeUInt32BE(receiveWindowBytes, 8)
    this.#send(type.settings, 0, 0, settings)
    this.#send(type.windowUpdate, 0, 0, uint32(receiveWindowBytes - defaultWindowBytes))
    this.#flush()
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    if (!this.#hasPreface) {
      if (bytes.length < preface.length) {
        this.#rest = bytes
        return
      }
      if (!bytes.subarray(0, preface.length).equals(preface)) {
        this.#socket.destroy()
        return
      }
      this.#hasPreface = true
      at = preface.length
    }
    while (bytes.length - at >= frameHeaderBytes) {
      const length = bytes.readUIntBE(at, 3)
      if (length > maxPayloadBytes) {
        this.#socket.destroy()
        return
      }
      const end = at + frameHeaderBytes + length
      if (end > bytes.length) break
      const id = bytes.readUInt32BE(at + 5) & 0x7fffffff
      const isGood = this.#frame(bytes[at + 3]!, bytes[at + 4]!, id, bytes.subarray(at + frameHeaderBytes, end))
      if (!isGood) {
        this.#socket.destroy()
        return
      }
      at = end
    }
    this.#rest = at === bytes.length ? nothing : bytes.subarray(at)
    this.#flush()
  }

  /** Answers whether the client may stay. */
  #frame(kind: number, flags: number, id: number, payload: Buffer): boolean {
    switch (kind) {
      case type.headers:
        return this.#onHeaders(flags, id)
      case type.data:
        return this.#onData(flags, id, payload)
      case type.settings:
        return (flags & flag.ack) !== 0 || this.#onSettings(payload)
      case type.windowUpdate:
        return payload.length === 4 && this.#onWindowUpdate(id, payload.readUInt32BE(0))
      case type.ping:
        if ((flags & flag.ack) === 0) this.#send(type.ping, flag.ack, 0, payload)
        return true
      case type.reset:
        this.#streams.delete(id)
        return true
      default:
        // GOAWAY, PRIORITY and the rest of a header block ask for no answer.
        return true
    }
  }

  #onHeaders(flags: number, id: number): boolean {
    if (this.#streams.size >= maxOpenStreams) return false
    const stream: Stream = {
      id,
      window: this.#streamWindow,
      request: nothing,
      body: nothing,
      frameBytes: maxPayloadBytes,
      hasHeaders: false,
      isComplete: false,
      taken: 0,
    }
    this.#streams.set(id, stream)
    if ((flags & flag.endStream) !== 0) this.#onRequestEnd(stream)
    return true
  }

  #onData(flags: number, id: number, payload: Buffer): boolean {
    this.#taken += payload.length
    if (this.#taken > receiveWindowBytes / 2) {
      this.#send(type.windowUpdate, 0, 0, uint32(this.#taken))
      this.#taken = 0
    }
    const stream = this.#streams.get(id)
    // It was reset.
    if (stream === undefined) return true
    const isEnd = (flags & flag.endStream) !== 0
    stream.taken += payload.length
    if (!isEnd && stream.taken > receiveWindowBytes / 2) {
      this.#send(type.windowUpdate, 0, id, uint32(stream.taken))
      stream.taken = 0
    }
    const padding = (flags & flag.padded) === 0 ? 0 : (payload[0] ?? 0) + 1
    const data = padding === 0 ? payload : payload.subarray(1, payload.length - padding + 1)
    if (this.#method === 'echo') {
      stream.body = stream.body.length === 0 ? data : Buffer.concat([stream.body, data])
      this.#pump(stream)
    } else if (data.length > 0) {
      stream.request = stream.request.length === 0 ? data : Buffer.concat([stream.request, data])
      if (stream.request.length > maxRequestBytes) return false
    }
    if (isEnd) this.#onRequestEnd(stream)
    return true
  }

  #onRequestEnd(stream: Stream): void {
    if (this.#method === 'greet') stream.body = greeting
    if (this.#method === 'download') stream.body = download
    if (this.#method === 'feed') {
      stream.body = feed(feedCount(stream.request))
      // A frame for each message, as servers do that write one at a time.
      stream.frameBytes = framedFeedMessageBytes
    }
    stream.isComplete = true
    this.#pump(stream)
  }

  #onSettings(payload: Buffer): boolean {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2)
      const name = payload.readUInt16BE(at)
      if (name === setting.headerTableSize && value < neededTableBytes) this.#canIndex = false
      if (name !== setting.initialWindowSize) continue
      if (value > largestWindowBytes) return false
      for (const stream of this.#streams.values()) stream.window += value - this.#streamWindow
      this.#streamWindow = value
    }
    this.#send(type.settings, flag.ack, 0, nothing)
    for (const stream of this.#streams.values()) this.#pump(stream)
    return true
  }

  #onWindowUpdate(id: number, increment: number): boolean {
    if (id !== 0) {
      const stream = this.#streams.get(id)
      if (stream === undefined) return true
      stream.window += increment
      this.#pump(stream)
      return true
    }
    this.#window += increment
    if (this.#window > largestWindowBytes) return false
    for (const stream of this.#streams.values()) {
      if (this.#window === 0) break
      this.#pump(stream)
    }
    return true
  }

  /** Sends what the windows allow. */
  #pump(stream: Stream): void {
    if (stream.body.length === 0 && !stream.isComplete) return
    if (!stream.hasHeaders) {
      stream.hasHeaders = true
      this.#send(type.headers, flag.endHeaders, stream.id, this.#headers())
    }
    const room = Math.min(this.#window, stream.window, stream.body.length)
    if (room > 0) {
      this.#sendData(stream, stream.body.subarray(0, room))
      stream.body = stream.body.subarray(room)
      stream.window -= room
      this.#window -= room
      if (this.#method === 'feed' || this.#method === 'echo') this.#onAnswered(room / framedFeedMessageBytes)
    }
    if (stream.body.length > 0 || !stream.isComplete) return
    this.#streams.delete(stream.id)
    this.#send(type.headers, flag.endHeaders | flag.endStream, stream.id, this.#trailers())
    if (this.#method === 'greet' || this.#method === 'download') this.#onAnswered(1)
  }

  /** All frames for these bytes, as one block. */
  #sendData({ id, frameBytes }: Stream, bytes: Buffer): void {
    const frames = Math.ceil(bytes.length / frameBytes)
    const block = Buffer.allocUnsafe(frames * frameHeaderBytes + bytes.length)
    let to = 0
    for (let from = 0; from < bytes.length; from += frameBytes) {
      const length = Math.min(frameBytes, bytes.length - from)
      writeFrameHeader(block, to, length, type.data, 0, id)
      bytes.copy(block, to + frameHeaderBytes, from, from + length)
      to += frameHeaderBytes + length
    }
    this.#out.push(block)
  }

  #headers(): Buffer {
    if (!this.#canIndex) return plainHeaders
    if (this.#hasIndexedHeaders) return this.#hasIndexedTrailers ? headersAfterTrailers : headersAfterHeaders
    this.#hasIndexedHeaders = true
    return firstHeaders
  }

  #trailers(): Buffer {
    if (!this.#canIndex) return plainTrailers
    if (this.#hasIndexedTrailers) return laterTrailers
    this.#hasIndexedTrailers = true
    return firstTrailers
  }

  #send(kind: number, flags: number, id: number, payload: Buffer): void {
    const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.length)
    writeFrameHeader(frame, 0, payload.length, kind, flags, id)
    payload.copy(frame, frameHeaderBytes)
    this.#out.push(frame)
  }

  /** One write for all that a read brought about. */
  #flush(): void {
    if (this.#out.length === 0) return
    this.#socket.write(this.#out.length === 1 ? this.#out[0]! : Buffer.concat(this.#out))
    this.#out = []
  }
}

function writeFrameHeader(to: Buffer, at: number, length: number, kind: number, flags: number, id: number): void {
  to.writeUIntBE(length, at, 3)
  to[at + 3] = kind
  to[at + 4] = flags
  to.writeUInt32BE(id, at + 5)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value, 0)
  return bytes
}
