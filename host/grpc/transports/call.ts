/**
 * One RPC, whatever carries it: asks its connection for a session, sends messages, hands out those that come while the
 * receiver takes them, and tells how it ended as grpc-go would. What extends it puts the call on streams of its sessions.
 */
import { performance } from 'node:perf_hooks'
import { type Abortable, onAbort } from '../../abort-listeners.js'
import { type Deadline, type DeadlineOwner, setDeadline } from '../../deadlines.js'
import type { Seat } from '../../roster.js'
import { messageOf, prefixBytes, unpackBody } from '../message-frame.js'
import { blockBytes, type HeaderBlock, observedMetadata } from '../metadata.js'
import {
  contextCanceled,
  deadlineExceeded,
  type Ending,
  headersTooLarge,
  internalError,
  receivedTooLarge,
  Status,
  secondReply,
} from '../status.js'
import type { CallStart, CallStatus } from '../transport.js'
import { Answer } from './answer.js'
import { IncomingMessages, type IncomingOwner } from './incoming-messages.js'
import { OutgoingMessages, type OutgoingOwner } from './outgoing-messages.js'
import { CallError, type CallHost, type CallSink, type FullEnding, type RunningCall, type Session } from './session.js'

/** Messages that wait to be sent, in bytes, until the writer is asked to wait. */
const queueLimitBytes = 64 * 1024

export abstract class Call<S extends Session>
  implements RunningCall, OutgoingOwner, IncomingOwner, DeadlineOwner, Abortable
{
  /** The last message of a method that does not stream. */
  reply: Uint8Array | undefined
  remoteIp: string | undefined
  seat: Seat<RunningCall> | undefined
  protected readonly host: CallHost<S>
  protected readonly start: CallStart
  protected readonly outgoing: OutgoingMessages
  protected readonly incoming = new IncomingMessages(this)
  protected readonly answer = new Answer()
  /** Nothing more comes: the end is decided once all messages are handed out. */
  protected isComplete = false
  readonly #sink: CallSink
  readonly #isServerStreaming: boolean
  readonly #startedAtMs = performance.now()
  #deadline: Deadline | undefined
  #abortSeat: Seat<Abortable> | undefined
  /** It was begun just now. */
  #isBeginning = false
  #attempts = 0
  #needsDrain = false
  /** For the observer alone. */
  #trailerBytes = 0
  /** Nothing more is handed out but the end. */
  #isCanceled = false
  #isReplyOut = false
  #ended: CallStatus | undefined
  #isOver = false

  constructor(host: CallHost<S>, start: CallStart, sink: CallSink, isServerStreaming: boolean) {
    this.host = host
    this.start = start
    this.#sink = sink
    this.#isServerStreaming = isServerStreaming
    this.outgoing = new OutgoingMessages(this, start.compression === 'gzip', host.maxSendBytes)
  }

  // What carries the call.

  /** Puts the call on a session, with `onOpening` before and `onOpened` after it. */
  protected abstract startOn(session: S): void
  /** Sends of `outgoing` what can be sent now. */
  protected abstract send(): void
  /** Of messages that were taken from `outgoing`, and are not on their way. */
  protected abstract get takenBytes(): number
  /** True when the last message that came is not whole. */
  protected abstract get isInsideMessage(): boolean
  /** All that came is handed out, and more is wanted. */
  protected abstract onIdle(): void
  /** Nothing more comes, and all messages are handed out: ends the call, or has it sent `again`. */
  protected abstract onRead(): void
  /** The call has ended, whether its stream has or not. */
  protected abstract closeStream(): void

  // What its owner asks for.

  begin(): void {
    const { signal } = this.start
    const deadlineMs = this.#deadlineMs
    if (this.#ended) {
      // Its request was too large.
      this.host.forget(this)
      return
    }
    if (signal?.aborted) {
      this.endSoon(contextCanceled)
      return
    }
    if (deadlineMs !== undefined && deadlineMs <= 0) {
      this.endSoon(deadlineExceeded)
      return
    }
    if (deadlineMs !== undefined) this.#deadline = setDeadline(deadlineMs, this, this.#startedAtMs)
    if (signal !== undefined) this.#abortSeat = onAbort(signal, this)
    this.#isBeginning = true
    this.#try()
    this.#isBeginning = false
  }

  write(message: Uint8Array): boolean {
    if (this.#ended || this.outgoing.hasEnded) return true
    const goesOn = this.#waitingBytes + message.length + prefixBytes < queueLimitBytes
    this.outgoing.push(message)
    if (goesOn || this.#ended) return true
    this.#needsDrain = true
    this.#drainSoon()
    return false
  }

  end(): void {
    if (this.#ended || this.outgoing.hasEnded) return
    this.outgoing.hasEnded = true
    this.send()
  }

  pause(): void {
    this.incoming.pause()
  }

  resume(): void {
    this.incoming.resume()
  }

  cancel(ending: Ending): void {
    this.#isCanceled = true
    this.incoming.clear()
    // A call that has ended may have waited with the news until it is resumed.
    this.incoming.resume()
    this.endSoon(ending)
  }

  onDeadline(): void {
    this.finish(deadlineExceeded)
  }

  onAbort(): void {
    this.finish(contextCanceled)
  }

  // Sending.

  onOutgoing(): void {
    if (this.#ended) return
    this.send()
    this.#drainSoon()
  }

  onUnsent(ending: FullEnding): void {
    this.endSoon(ending)
  }

  protected get isEnded(): boolean {
    return this.#ended !== undefined
  }

  /** What is left of the call's time, in ms; undefined when it has no end. */
  protected get leftMs(): number | undefined {
    const deadlineMs = this.#deadlineMs
    // A call that goes out at once has all of its time: most have the same.
    if (deadlineMs === undefined || this.#isBeginning) return deadlineMs
    const passedMs = performance.now() - this.#startedAtMs
    return passedMs < 1 ? deadlineMs : Math.max(deadlineMs - passedMs, 0)
  }

  get #deadlineMs(): number | undefined {
    const { deadlineMs } = this.start
    return deadlineMs === Number.POSITIVE_INFINITY ? undefined : deadlineMs
  }

  get #waitingBytes(): number {
    return this.outgoing.waitingBytes + this.takenBytes
  }

  #try(): void {
    this.#attempts++
    try {
      const session = this.host.session()
      if (session instanceof Promise) {
        session.then(
          (s) => this.#startOn(s),
          (e: unknown) => this.#onUnavailable(e),
        )
      } else this.#startOn(session)
    } catch (e) {
      this.#onUnavailable(e)
    }
  }

  #startOn(session: S): void {
    if (this.#ended) return
    try {
      this.startOn(session)
    } catch (e) {
      this.#fail(e)
    }
  }

  #onUnavailable(e: unknown): void {
    if (e instanceof CallError) this.endSoon(e.ending)
    else this.#fail(e)
  }

  /** Why a header block of this size cannot be sent. */
  protected refusalOf(listBytes: number, { headerListLimit }: S): FullEnding | undefined {
    const limitBytes = Math.min(headerListLimit, this.host.maxHeaderListBytes)
    if (listBytes <= limitBytes) return undefined
    return { ...headersTooLarge(limitBytes, limitBytes === headerListLimit), isUnsendable: true }
  }

  /** The call is about to be put on the session. */
  protected onOpening(session: S): void {
    this.remoteIp = session.remoteIp
    const { observer, metadata } = this.start
    observer?.onOutHeader?.(session.remoteText, observedMetadata(metadata, this.host.userAgent))
    this.outgoing.rewind()
  }

  /** The headers are on their way: messages may follow. */
  protected onOpened(session: S): void {
    this.#sink.onStart?.(session.remoteIp)
    this.send()
    this.#drainSoon()
  }

  /** Takes the next frame to send. */
  protected nextFrame(): Buffer | undefined {
    const frame = this.outgoing.next()
    const { observer } = this.start
    if (frame === undefined || observer?.onOutPayload === undefined) return frame
    try {
      observer.onOutPayload(messageOf(frame), frame.length)
    } catch (e) {
      this.#fail(e)
      return undefined
    }
    return frame
  }

  /** What was taken to be sent may be on its way at once, and then nothing else tells. */
  #drainSoon(): void {
    if (this.#needsDrain) setImmediate(() => this.onSent())
  }

  /** Some of what waited is on its way. */
  onSent(): void {
    if (!this.#needsDrain || this.#ended || this.#waitingBytes >= queueLimitBytes) return
    this.#needsDrain = false
    try {
      this.#sink.onDrain?.()
    } catch (e) {
      this.#fail(e)
    }
  }

  /** Tries the call once more, `mostAttempts` at most, when the server has seen nothing of it; false if it may not be. */
  protected again(mostAttempts: number): boolean {
    if (this.#attempts >= mostAttempts || !this.outgoing.mayReplay) return false
    this.isComplete = false
    // The connection is told of a loss first.
    setImmediate(() => {
      if (!this.#ended) this.#try()
    })
    return true
  }

  // The answer.

  /** Takes the header block of the answer, whose fields are name, value, name, value …; `isOnly` when nothing follows. */
  protected takeHeaders(block: HeaderBlock, fields: readonly string[], isOnly: boolean): void {
    this.outgoing.keepNoLonger()
    const ending = this.answer.takeHeaders(block, isOnly)
    if (ending) this.finish(ending)
    else if (isOnly) this.takeTrailers(block, fields)
    else if (!this.answer.isForeign) {
      try {
        this.start.observer?.onInHeader?.(block.metadata, blockBytes(fields))
        this.#sink.onHeaders?.(block.metadata)
      } catch (e) {
        this.#fail(e)
      }
    }
  }

  protected takeTrailers(block: HeaderBlock, fields: readonly string[]): void {
    if (this.answer.takeTrailers(block) && this.start.observer) this.#trailerBytes = blockBytes(fields)
  }

  /** A message begins that may not come in; those before it count. */
  protected refuse(sizeBytes: number): void {
    this.answer.breakOff(receivedTooLarge(sizeBytes, this.host.maxReceiveBytes))
  }

  /** Takes a message as it came, perhaps packed. */
  protected take(flag: number, body: Buffer): void {
    // What follows a message that cannot be read may be in the same piece.
    if (this.#ended || this.#isCanceled) return
    this.incoming.push(flag, body)
    if (this.#ended) this.incoming.deliver()
  }

  // The end.

  /** Nothing more comes. */
  protected complete(): void {
    this.isComplete = true
    if (this.incoming.isEmpty && !this.#ended) this.onRead()
  }

  /** Ends the call as its answer says. */
  protected finishRead(): void {
    const lacksReply = !this.#isServerStreaming && this.reply === undefined
    this.finish(this.answer.ending(this.isInsideMessage, lacksReply))
  }

  /** Ends the call when the caller's caller has returned. */
  protected endSoon(ending: FullEnding): void {
    if (this.#ended) return
    this.#settle(ending)
    this.incoming.deliverSoon()
  }

  protected finish(ending: FullEnding): void {
    if (this.#ended) return
    this.#settle(ending)
    this.incoming.deliver()
  }

  /** An error of ours, perhaps of whoever is told of the call: it ends the call if nothing else has. */
  #fail(e: unknown): void {
    this.host.onInternalError(e)
    this.incoming.clear()
    if (this.#ended === undefined) this.endSoon(internalError)
    else if (this.#ended.status === Status.ok) Object.assign(this.#ended, internalError)
  }

  #settle({ status, message, details, isUnsendable, isTooLarge }: FullEnding): void {
    this.#ended = { status, message, headers: this.answer.headers, trailers: this.answer.trailers }
    if (details) this.#ended.details = details
    if (isUnsendable) this.#ended.isUnsendable = true
    if (isTooLarge) this.#ended.isTooLarge = true
    this.#deadline?.cancel()
    this.outgoing.stop()
    this.#abortSeat?.leave()
    this.host.forget(this)
    this.closeStream()
  }

  // Handing out.

  onHandedOut(): void {
    if (!this.#ended) {
      if (this.isComplete) this.onRead()
      else this.onIdle()
      return
    }
    if (this.#isOver) return
    if (this.reply && !this.#isServerStreaming && this.#ended.status === Status.ok && !this.#isReplyOut) {
      this.#isReplyOut = true
      try {
        this.#sink.onMessage(this.reply)
      } catch (e) {
        this.#fail(e)
      }
      if (this.incoming.isBlocked) return
    }
    this.#isOver = true
    try {
      if (this.#trailerBytes > 0) this.start.observer?.onInTrailer?.(this.answer.trailers, this.#trailerBytes)
    } catch (e) {
      this.#fail(e)
    }
    try {
      this.#sink.onEnd(this.#ended)
    } catch (e) {
      this.#fail(e)
    }
  }

  /** A message that had to wait is about to be handed out. */
  onWaited(_wireBytes: number): void {}

  handOut(flag: number, body: Buffer): void {
    try {
      this.#handOut(flag, body)
    } catch (e) {
      this.#fail(e)
    }
  }

  #handOut(flag: number, body: Buffer): void {
    const message = unpackBody(flag, body, this.answer.encoding, this.host.maxReceiveBytes)
    if (!(message instanceof Uint8Array)) {
      this.incoming.clear()
      if (!this.#ended) this.#settle(message)
      return
    }
    if (this.#isServerStreaming || this.reply === undefined) {
      this.start.observer?.onInPayload?.(message, body.length + prefixBytes)
    }
    if (this.#isServerStreaming) {
      this.#sink.onMessage(message)
      return
    }
    if (this.#ended) return
    const isSecond = this.reply !== undefined
    this.reply = message
    if (isSecond) this.#settle(secondReply)
  }
}
