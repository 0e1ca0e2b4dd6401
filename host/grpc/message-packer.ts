/**
 * Packs the messages of one call with gzip and hands the frames out in the order of the messages: at once as long as they
 * are few and small, from another thread otherwise, because packing takes about 15 ms for each megabyte.
 */
import { packMessage, packMessageInBackground } from './message-frame.js'

/** Messages that are packed at once in one turn of the event loop, in bytes: half a millisecond. */
const bytesPerTurn = 32 * 1024

/** Packs what it is given until it is stopped. */
export class MessagePacker {
  /** Of messages that are not packed yet. */
  waitingBytes = 0
  readonly #onFrame: (frame: Buffer) => void
  readonly #onError: (e: unknown) => void
  #waiting: Uint8Array[] = []
  #isBusy = false
  #bytesLeft = bytesPerTurn

  constructor(onFrame: (frame: Buffer) => void, onError: (e: unknown) => void) {
    this.#onFrame = onFrame
    this.#onError = onError
  }

  /** True when every message has become a frame. */
  get isIdle(): boolean {
    return this.#waiting.length === 0
  }

  /** Takes a message, which must not change any more. Its frame may come before this function returns. */
  push(message: Uint8Array): void {
    this.#waiting.push(message)
    this.waitingBytes += message.length
    this.#packNext()
  }

  /** No more frames are handed out. */
  stop(): void {
    this.#waiting = []
    this.waitingBytes = 0
  }

  #packNext(): void {
    while (!this.#isBusy && this.#waiting.length > 0) {
      const message = this.#waiting[0] as Uint8Array
      if (!this.#mayPackNow(message.length)) {
        this.#isBusy = true
        packMessageInBackground(message).then(
          (frame) => {
            this.#isBusy = false
            this.#handOut(message, frame)
            this.#packNext()
          },
          (e: unknown) => {
            this.stop()
            this.#onError(e)
          },
        )
        return
      }
      this.#handOut(message, packMessage(message))
    }
  }

  #mayPackNow(bytes: number): boolean {
    if (bytes > this.#bytesLeft) return false
    if (this.#bytesLeft === bytesPerTurn) {
      setImmediate(() => {
        this.#bytesLeft = bytesPerTurn
      })
    }
    // A byte more, so that the first of many empty messages counts as well.
    this.#bytesLeft -= bytes + 1
    return true
  }

  #handOut(message: Uint8Array, frame: Buffer): void {
    if (this.#waiting[0] !== message) return
    this.#waiting.shift()
    this.waitingBytes -= message.length
    this.#onFrame(frame)
  }
}
