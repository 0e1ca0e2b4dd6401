/**
 * Cuts the bytes of a stream into gRPC messages, unpacking gzip.
 * Holds at most one message and a piece of the next; knows nothing of streams.
 */
import { gunzipSync } from 'node:zlib'
import { goQuote } from '../../go/quote.js'
import { type Ending, Status } from './status.js'

const headerBytes = 5
/** A message up to this size gets its memory at once; a larger one has to arrive before it costs more. */
const eagerBytes = 256 * 1024
/** Node's zlib takes no larger bound. */
const unpackedLimit = 2 ** 31 - 1

/** One message with its length prefix, not compressed. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, headerBytes)
  return frame
}

export class MessageReader {
  /** The server's grpc-encoding. */
  encoding = ''
  readonly #maxBytes: number
  readonly #onMessage: (message: Uint8Array) => void
  readonly #mayTake: () => boolean
  #isBroken = false
  #held: Buffer = Buffer.alloc(0)
  #heldBytes = 0
  /** Bytes needed before anything can be done. */
  #neededBytes = headerBytes

  /** `mayTake` is asked before each message is unpacked: false leaves the bytes here until the next `push`. */
  constructor(maxBytes: number, onMessage: (message: Uint8Array) => void, mayTake: () => boolean = () => true) {
    this.#maxBytes = maxBytes
    this.#onMessage = onMessage
    this.#mayTake = mayTake
  }

  /** True between two messages. */
  get isAtBoundary(): boolean {
    return this.#heldBytes === 0
  }

  /** True while a message, or the proof that it is bad, lies here complete. */
  get hasMessage(): boolean {
    return this.#heldBytes >= this.#neededBytes
  }

  /** Takes bytes, hands out the messages that they complete, and tells why the call must end, if it must. */
  push(chunk: Buffer): Ending | undefined {
    if (this.#isBroken) return undefined
    const failure = this.#read(chunk)
    this.#isBroken = failure !== undefined
    return failure
  }

  #read(chunk: Buffer): Ending | undefined {
    let rest = chunk
    if (this.#heldBytes > 0) {
      this.#hold(chunk)
      if (this.#heldBytes < this.#neededBytes) return undefined
      rest = this.#held.subarray(0, this.#heldBytes)
      this.#held = Buffer.alloc(0)
      this.#heldBytes = 0
    }
    for (;;) {
      this.#neededBytes = headerBytes
      if (rest.length < headerBytes) break
      const length = rest.readUInt32BE(1)
      if (length > this.#maxBytes) {
        const message = `grpc: received message larger than max (${length} vs. ${this.#maxBytes})`
        return { status: Status.resourceExhausted, message }
      }
      this.#neededBytes = headerBytes + length
      if (rest.length < this.#neededBytes || !this.#mayTake()) break
      const unpacked = unpackMessage(rest.subarray(0, this.#neededBytes), this.encoding, this.#maxBytes)
      if (!(unpacked instanceof Uint8Array)) return unpacked
      rest = rest.subarray(this.#neededBytes)
      this.#onMessage(unpacked)
    }
    if (rest.length > 0) this.#hold(rest)
    return undefined
  }

  /** Copies, so that a server which sends single bytes cannot fill the memory with small buffers. */
  #hold(chunk: Buffer): void {
    const total = this.#heldBytes + chunk.length
    if (total > this.#held.length) {
      const enough = Math.max(total, Math.min(this.#neededBytes, Math.max(2 * total, eagerBytes)))
      const grown = Buffer.allocUnsafe(enough)
      this.#held.copy(grown, 0, 0, this.#heldBytes)
      this.#held = grown
    }
    chunk.copy(this.#held, this.#heldBytes)
    this.#heldBytes = total
  }
}

/** The message in a whole frame, or why the call must end. `encoding` is the server's grpc-encoding. */
export function unpackMessage(frame: Buffer, encoding: string, maxBytes: number): Uint8Array | Ending {
  const flag = frame[0] as number
  const body = frame.subarray(headerBytes)
  if (flag === 0) return body
  const refuse = (message: string) => ({ status: Status.internal, message })
  if (flag !== 1) return refuse(`grpc: received unexpected payload format ${flag}`)
  if (encoding === '' || encoding === 'identity') {
    return refuse('grpc: compressed flag set with identity or empty encoding')
  }
  if (encoding !== 'gzip') {
    return refuse(`grpc: Decompressor is not installed for grpc-encoding ${goQuote(encoding)}`)
  }
  try {
    return gunzipSync(body, { maxOutputLength: Math.min(maxBytes, unpackedLimit) })
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ERR_BUFFER_TOO_LARGE') {
      const message = `grpc: received message after decompression larger than max ${maxBytes}`
      return { status: Status.resourceExhausted, message }
    }
    const hasMagic = body[0] === 0x1f && body[1] === 0x8b
    if (!hasMagic) return refuse('grpc: failed to decompress the message: gzip: invalid header')
    return refuse('grpc: failed to read decompressed data: unexpected EOF')
  }
}
