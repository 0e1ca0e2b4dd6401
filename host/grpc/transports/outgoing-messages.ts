/**
 * The messages that a call sends: framed, packed if asked for, and kept while the call may have to be sent again. Whoever
 * carries the call takes the frames one by one; this file knows no stream.
 */
import { frameMessage, prefixBytes } from '../message-frame.js'
import { MessagePacker } from '../message-packer.js'
import { type Ending, Status, sendTooLarge } from '../status.js'

/** Messages written before the server's first sign of life are kept up to this size, to send them again. */
const replayLimitBytes = 256 * 1024
const none: Buffer[] = []

/** Whose messages they are. */
export interface OutgoingOwner {
  /** There is something to send. */
  onOutgoing(): void
  /** A message cannot be sent, and none that follows. `isUnsendable`: another attempt would end the same. */
  onUnsent(ending: Ending & { isUnsendable?: boolean }): void
}

export class OutgoingMessages {
  /** No more messages are written. */
  hasEnded = false
  /** All that was taken is kept. */
  mayReplay = true
  readonly #owner: OutgoingOwner
  readonly #maxBytes: number
  /** Absent when messages go out as they are. */
  readonly #packer: MessagePacker | undefined
  /** Those that were taken stand first. */
  #frames = none
  #taken = 0
  #keptBytes = 0
  #untakenBytes = 0

  constructor(owner: OutgoingOwner, isPacked: boolean, maxBytes: number) {
    this.#owner = owner
    this.#maxBytes = maxBytes
    if (!isPacked) return
    this.#packer = new MessagePacker(
      (frame) => {
        // As in grpc-go, the limit is on what is sent.
        if (this.#fits(frame.length - prefixBytes)) this.#add(frame)
      },
      (e) => owner.onUnsent({ status: Status.internal, message: `grpc: error while compressing: ${String(e)}` }),
    )
  }

  /** Of messages that were not taken yet, those that are not packed yet included. */
  get waitingBytes(): number {
    return this.#untakenBytes + (this.#packer?.waitingBytes ?? 0)
  }

  get hasNext(): boolean {
    return this.#taken < this.#frames.length
  }

  /** True when nothing follows the frames that are there. */
  get isComplete(): boolean {
    return this.hasEnded && this.#packer?.isIdle !== false
  }

  /** Adds a message, which must not change any more: one that is packed may have to wait for that. */
  push(message: Uint8Array): void {
    if (this.#packer) this.#packer.push(message)
    else if (this.#fits(message.length)) this.#add(frameMessage(message))
  }

  /** Takes the next frame. */
  next(): Buffer | undefined {
    const frame = this.#frames[this.#taken]
    if (frame === undefined) return undefined
    this.#taken++
    this.#untakenBytes -= frame.length
    return frame
  }

  /** Forgets frames that were taken, if they are not to be sent again, or are too many to be kept for it. */
  release(): void {
    if (this.mayReplay && this.#keptBytes > replayLimitBytes) this.mayReplay = false
    if (this.mayReplay || this.#taken === 0) return
    if (this.#taken === this.#frames.length) this.#frames = none
    // Not one by one: each time all that follow are moved.
    else if (this.#taken * 2 < this.#frames.length) return
    else this.#frames.splice(0, this.#taken)
    this.#taken = 0
    this.#keptBytes = this.#untakenBytes
  }

  /** The server has seen the call, which is not sent again. */
  keepNoLonger(): void {
    this.mayReplay = false
    this.release()
  }

  /** The call is sent once more, from its first message. */
  rewind(): void {
    this.#taken = 0
    this.#untakenBytes = this.#keptBytes
  }

  /** Nothing more is sent. */
  stop(): void {
    this.#packer?.stop()
    this.#frames = none
    this.#taken = 0
    this.#keptBytes = 0
    this.#untakenBytes = 0
  }

  #add(frame: Buffer): void {
    // Most calls have one.
    if (this.#frames === none) this.#frames = [frame]
    else this.#frames.push(frame)
    this.#keptBytes += frame.length
    this.#untakenBytes += frame.length
    this.#owner.onOutgoing()
  }

  #fits(sizeBytes: number): boolean {
    if (sizeBytes <= this.#maxBytes) return true
    this.#owner.onUnsent({ ...sendTooLarge(sizeBytes, this.#maxBytes), isUnsendable: true })
    return false
  }
}
