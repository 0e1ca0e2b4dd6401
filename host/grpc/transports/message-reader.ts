/** Cuts the body of an answer into messages (gRPC over HTTP/2, "Length-Prefixed-Message"). Knows no stream. */
import { prefixBytes } from '../message-frame.js'

/** A message that says it is larger gets its memory as its bytes arrive. */
const trustedBytes = 1024 * 1024

export interface MessageSink {
  /** A message as it came, perhaps packed. It belongs to the receiver. */
  onMessage(flag: number, body: Buffer): void
  /** A message begins that may not come in. Nothing follows. */
  onTooLarge(sizeBytes: number): void
}

export class MessageReader {
  readonly #sink: MessageSink
  readonly #maxBytes: number
  #flag = 0
  /** Of the message, or of its prefix while that is not complete. */
  #sizeBytes = 0
  #prefixBytes = 0
  /** The message that is being read; absent between two. */
  #body: Buffer | undefined
  #bodyBytes = 0
  #isOver = false

  constructor(sink: MessageSink, maxBytes: number) {
    this.#sink = sink
    this.#maxBytes = maxBytes
  }

  /** True when the bytes so far do not end with a message. */
  get isInside(): boolean {
    return this.#prefixBytes > 0 || this.#body !== undefined
  }

  /** Reads the next bytes, which are not kept. */
  push(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length && !this.#isOver) {
      at = this.#body === undefined ? this.#readPrefix(bytes, at) : this.#readBody(this.#body, bytes, at)
    }
  }

  #readPrefix(bytes: Buffer, start: number): number {
    let at = start
    while (at < bytes.length && this.#prefixBytes < prefixBytes) {
      const byte = bytes[at++] as number
      if (this.#prefixBytes++ === 0) this.#flag = byte
      else this.#sizeBytes = this.#sizeBytes * 256 + byte
    }
    if (this.#prefixBytes < prefixBytes) return at
    const sizeBytes = this.#sizeBytes
    this.#prefixBytes = 0
    this.#sizeBytes = 0
    if (sizeBytes > this.#maxBytes) {
      this.#isOver = true
      this.#sink.onTooLarge(sizeBytes)
      return bytes.length
    }
    this.#leftBytes = sizeBytes
    this.#bodyBytes = 0
    this.#body = Buffer.allocUnsafe(Math.min(sizeBytes, trustedBytes))
    return this.#readBody(this.#body, bytes, at)
  }

  #leftBytes = 0

  #readBody(body: Buffer, bytes: Buffer, at: number): number {
    const taken = Math.min(this.#leftBytes, bytes.length - at)
    let room = body
    if (this.#bodyBytes + taken > room.length) {
      const sizeBytes = Math.min(this.#bodyBytes + this.#leftBytes, Math.max(room.length * 2, this.#bodyBytes + taken))
      room = Buffer.allocUnsafe(sizeBytes)
      body.copy(room, 0, 0, this.#bodyBytes)
      this.#body = room
    }
    if (taken > 0) bytes.copy(room, this.#bodyBytes, at, at + taken)
    this.#bodyBytes += taken
    this.#leftBytes -= taken
    if (this.#leftBytes > 0) return at + taken
    this.#body = undefined
    this.#sink.onMessage(this.#flag, room)
    return at + taken
  }
}
