/**
 * What a connection has to send: whatever is written at once goes out in one write, and in a turn of the event loop there are
 * two of them at most. Small pieces are put into one buffer, large ones are sent from where they are. Knows no frames.
 */
import type { Socket } from 'node:net'

/** Of one buffer, which has room for a few dozen small calls. */
const slabBytes = 8192
/** Buffers that are kept for the next turn, of whatever connection of the thread. */
const mostKept = 64
const kept: Buffer[] = []
/** Less is not worth keeping. */
const leastRoomBytes = 1024
/** Pieces of this size and more are not copied. */
const byReferenceBytes = 4096
/** How much may wait in one turn until senders are asked to wait. */
const mostPerTurnBytes = 64 * 1024
const settled = Promise.resolve()

export class Outbox {
  /** Where the next byte goes in the buffer that `room` gave. */
  at = 0
  /**
   * The next write may go out before the turn of the event loop is over, as soon as the code that runs now has returned: most
   * turns have one write only, and a tick for it takes Node.js longer than all else here. What follows waits for the tick.
   */
  mayHurry = false
  /** Bytes that the socket was given. */
  sentBytes = 0
  readonly #socket: Socket
  readonly #onDrain: () => void
  #slab: Buffer | undefined
  /** Where what was not sent begins. */
  #from = 0
  #parts: Buffer[] = []
  #partBytes = 0
  #isScheduled = false
  #isClogged = false
  #isClosed = false

  /** `onDrain` is called when more may be sent after `isFull` was true. */
  constructor(socket: Socket, onDrain: () => void) {
    this.#socket = socket
    this.#onDrain = onDrain
    socket.on('drain', () => {
      this.#isClogged = false
      this.#onDrain()
    })
  }

  /** True when senders should wait: the peer does not read fast enough, or others shall have their turn. */
  get isFull(): boolean {
    return this.#isClogged || this.#partBytes + this.at - this.#from >= mostPerTurnBytes
  }

  /** Bytes that the system has not taken yet. */
  get waitingBytes(): number {
    return this.#socket.writableLength + this.#partBytes + this.at - this.#from
  }

  /** A buffer with room for so many bytes from `at` on. Whoever writes there moves `at`. */
  room(bytes: number): Buffer {
    if (!this.#isScheduled) {
      this.#isScheduled = true
      if (this.mayHurry) void settled.then(this.flush)
      else process.nextTick(this.flush)
      this.mayHurry = false
    }
    const slab = this.#slab
    if (slab !== undefined && slab.length - this.at >= bytes) return slab
    this.#endPart()
    const next = bytes > slabBytes ? Buffer.allocUnsafeSlow(bytes) : takeSlab(bytes)
    this.#slab = next
    this.#from = 0
    this.at = 0
    return next
  }

  /** Sends `bytes`, which must not change any more if they are many. */
  append(bytes: Buffer): void {
    const { length } = bytes
    if (length < byReferenceBytes) {
      const slab = this.room(length)
      slab.set(bytes, this.at)
      this.at += length
      return
    }
    this.room(0)
    this.#endPart()
    this.#parts.push(bytes)
    this.#partBytes += length
  }

  /** Sends at once what waits. */
  readonly flush = (): void => {
    this.#isScheduled = false
    const socket = this.#socket
    if (this.#isClosed || socket.destroyed || socket.writableEnded) {
      this.#drop()
      return
    }
    const slab = this.#slab
    const parts = this.#parts
    let goesOn = true
    if (parts.length === 0) {
      if (slab === undefined || this.at === this.#from) return
      this.sentBytes += this.at - this.#from
      goesOn = socket.write(slab.subarray(this.#from, this.at))
    } else {
      this.#endPart()
      this.sentBytes += this.#partBytes
      this.#parts = []
      this.#partBytes = 0
      socket.cork()
      for (const part of parts) goesOn = socket.write(part) && goesOn
      socket.uncork()
    }
    if (slab !== undefined) {
      // Once the system has it all, the buffer is free again.
      keepSlab(socket.writableLength === 0 ? slab : slab.subarray(this.at))
      this.#slab = undefined
      this.#from = 0
      this.at = 0
    }
    const wasFull = this.#isClogged
    this.#isClogged = !goesOn
    if (goesOn && !wasFull) this.#onDrain()
  }

  /** Nothing more is sent. */
  close(): void {
    this.#isClosed = true
    this.#drop()
  }

  /** What stands in the buffer and was not sent goes before what follows. */
  #endPart(): void {
    const slab = this.#slab
    if (slab === undefined || this.at === this.#from) return
    this.#parts.push(slab.subarray(this.#from, this.at))
    this.#partBytes += this.at - this.#from
    this.#from = this.at
  }

  #drop(): void {
    this.#parts = []
    this.#partBytes = 0
    this.#slab = undefined
    this.#from = 0
    this.at = 0
  }
}

function takeSlab(bytes: number): Buffer {
  const slab = kept.pop()
  return slab !== undefined && slab.length >= bytes ? slab : Buffer.allocUnsafeSlow(slabBytes)
}

function keepSlab(slab: Buffer): void {
  if (slab.length >= leastRoomBytes && kept.length < mostKept) kept.push(slab)
}
