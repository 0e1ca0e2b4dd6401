/** How much the peer may send, of one stream or of a connection (RFC 9113, section 5.2). */
export class ReceiveWindow {
  readonly #sizeBytes: number
  #leftBytes: number
  /** What was read and the peer was not told of. */
  #readBytes = 0

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes
    this.#leftBytes = sizeBytes
  }

  /** What the peer may still send; what it was not told of yet is not in it. */
  get leftBytes(): number {
    return Math.max(this.#leftBytes, 0)
  }

  /** Counts what came; false when it is more than was allowed. */
  take(bytes: number): boolean {
    this.#leftBytes -= bytes
    return this.#leftBytes >= 0
  }

  /** Gives back what was read. The result is what the peer should be told, mostly nothing: halves of the window are enough. */
  giveBack(bytes: number): number {
    this.#readBytes += bytes
    if (this.#readBytes * 2 < this.#sizeBytes) return 0
    const increment = this.#readBytes
    this.#leftBytes += increment
    this.#readBytes = 0
    return increment
  }
}
