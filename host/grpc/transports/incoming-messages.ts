/**
 * The messages that a call receives: handed out at once while the receiver takes them, and kept in their order while it does
 * not. Neither knows what a message is nor where it comes from.
 */
import { Queue } from '../../queue.js'
import { prefixBytes } from '../message-frame.js'

/** A server that sends without end must not keep the event loop busy: after so many messages others have their turn. */
const messagesPerTurn = 256

/** Whose messages they are. */
export interface IncomingOwner {
  /** The next message for the receiver, as it came. */
  handOut(flag: number, body: Buffer): void
  /** One that had to wait is about to be handed out. */
  onWaited(wireBytes: number): void
  /** All that came is handed out, and the receiver would take more. */
  onHandedOut(): void
}

export class IncomingMessages {
  readonly #owner: IncomingOwner
  /** Absent as long as no message had to wait. */
  #held: Queue<{ flag: number; body: Buffer }> | undefined
  #inTurn = 0
  /** Others have their turn. */
  #isYielding = false
  #isPaused = false
  #isDelivering = false

  constructor(owner: IncomingOwner) {
    this.#owner = owner
  }

  /** True while messages that come have to wait. */
  get isBlocked(): boolean {
    return this.#isPaused || this.#isYielding || this.#heldCount > 0
  }

  /** True when every message is handed out. */
  get isEmpty(): boolean {
    return this.#heldCount === 0 && !this.#isDelivering
  }

  get #heldCount(): number {
    return this.#held === undefined ? 0 : this.#held.length
  }

  push(flag: number, body: Buffer): void {
    if (this.isBlocked || this.#isDelivering) {
      this.#held ??= new Queue()
      this.#held.push({ flag, body })
      return
    }
    this.#isDelivering = true
    this.#owner.handOut(flag, body)
    this.#isDelivering = false
    this.#count()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.deliverSoon()
  }

  /** Drops what was not handed out. */
  clear(): void {
    this.#held?.clear()
  }

  /** Hands out what is at hand while the receiver takes it. */
  deliver(): void {
    if (this.#isDelivering || this.#isPaused || this.#isYielding) return
    this.#isDelivering = true
    while (this.#held !== undefined && !this.#isPaused && !this.#isYielding) {
      const held = this.#held.shift()
      if (held === undefined) break
      const { flag, body } = held
      this.#owner.onWaited(prefixBytes + body.length)
      this.#owner.handOut(flag, body)
      this.#count()
    }
    this.#isDelivering = false
    if (!this.isBlocked) this.#owner.onHandedOut()
  }

  /** The same when whoever asks has returned to the event loop. */
  deliverSoon(): void {
    setImmediate(() => this.deliver())
  }

  #count(): void {
    if (++this.#inTurn < messagesPerTurn) return
    this.#inTurn = 0
    this.#isYielding = true
    setImmediate(() => {
      this.#isYielding = false
      this.deliver()
    })
  }
}
