/** Cuts the body of an answer into messages (gRPC over HTTP/2, "Length-Prefixed-Message"). Knows no stream. */
import { Buffer } from 'node:buffer'
import { prefixBytes } from '../message-frame.js'

/** A message that says it is larger gets its memory as its bytes arrive. */
const trustedBytes = 1024 * 1024
/** So few bytes are there sooner one by one than by a call of Node.js. */
const copiedBytes = 64

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

  /** Reads the next bytes, from `start` to `end`, which are not kept. */
  push(bytes: Buffer, start = 0, end: number = bytes.length): void {
    let at = start
    while (at < end && !this.#isOver) {
      at = this.#body === undefined ? this.#readPrefix(bytes, at, end) : this.#readBody(this.#body, bytes, at, end)
    }
  }

  #readPrefix(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && this.#prefixBytes < prefixBytes) {
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
      return end
    }
    this.#leftBytes = sizeBytes
    this.#bodyBytes = 0
    this.#body = Buffer.allocUnsafe(Math.min(sizeBytes, trustedBytes))
    return this.#readBody(this.#body, bytes, at, end)
  }

  #leftBytes = 0

  #readBody(body: Buffer, bytes: Buffer, at: number, end: number): number {
    const taken = Math.min(this.#leftBytes, end - at)
    let room = body
    if (this.#bodyBytes + taken > room.length) {
      const sizeBytes = Math.min(this.#bodyBytes + this.#leftBytes, Math.max(room.length * 2, this.#bodyBytes + taken))
      room = Buffer.allocUnsafe(sizeBytes)
      body.copy(room, 0, 0, this.#bodyBytes)
      this.#body = room
    }
    if (taken > copiedBytes) bytes.copy(room, this.#bodyBytes, at, at + taken)
    else for (let i = 0; i < taken; i++) room[this.#bodyBytes + i] = bytes[at + i] as number
    this.#bodyBytes += taken
    this.#leftBytes -= taken
    if (this.#leftBytes > 0) return at + taken
    this.#body = undefined
    this.#sink.onMessage(this.#flag, room)
    return at + taken
  }
}
