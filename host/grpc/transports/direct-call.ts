/**
 * One RPC on a stream of our own HTTP/2: sends the headers and messages, takes the answer, and tells how it ended as grpc-go
 * would. It takes sessions as its connection gives them, and asks for another one when the server has not looked at the call.
 * Long because it is one state machine: sending, reading, pausing and ending all decide about each other.
 */
import { type Abortable, offAbort, onAbort } from '../../abort-listeners.js'
import { type Deadline, type DeadlineOwner, setDeadline } from '../../deadlines.js'
import type { ClientStream, StreamOwner } from '../../http2/client-stream.js'
import type { DecodedBlock } from '../../http2/hpack-decoder.js'
import type { HpackEncoder } from '../../http2/hpack-encoder.js'
import { ErrorCode } from '../../http2/http2-error.js'
import { Queue } from '../../queue.js'
import { frameMessage, messageOf, prefixBytes, unpackBody } from '../message-frame.js'
import { MessagePacker } from '../message-packer.js'
import { blockBytes, observedMetadata } from '../metadata.js'
import {
  contextCanceled,
  deadlineExceeded,
  type Ending,
  endingOfForeign,
  endingOfHttpStatus,
  endingOfReset,
  endingOfTrailers,
  noReply,
  noTrailers,
  receivedTooLarge,
  Status,
  secondReply,
  sendTooLarge,
  streamRejected,
  unexpectedEof,
} from '../status.js'
import type { CallStart, CallStatus, ReceivedMetadata } from '../transport.js'
import { RequestKind } from './direct-headers.js'
import type { DirectSession } from './direct-session.js'
import { MessageReader, type MessageSink } from './message-reader.js'
import {
  type CallHost,
  type CallSink,
  endingOfError,
  type FullEnding,
  foreignBodyBytes,
  messagesPerTurn,
  queueLimitBytes,
  type RunningCall,
  replayLimitBytes,
} from './session.js'

/** How often a call looks for a session when those it got took no more calls. */
const attemptLimit = 3
const nothing: ReceivedMetadata = new Map()

export class DirectCall implements RunningCall, StreamOwner, MessageSink, DeadlineOwner, Abortable {
  readonly #host: CallHost<DirectSession>
  readonly #start: CallStart
  readonly #sink: CallSink
  readonly #isServerStreaming: boolean
  readonly #startedAtMs: number
  #deadline: Deadline | undefined
  #session: DirectSession | undefined
  #stream: ClientStream | undefined
  #kind: RequestKind | undefined
  #attempts = 0
  #remoteIp: string | undefined
  /** Frames to send; those that are sent stay while the call may have to be sent again. */
  readonly #frames: Buffer[] = []
  #frameBytes = 0
  /** Frames that the stream has, and the bytes of the others. */
  #sentFrames = 0
  #unsentBytes = 0
  #mayReplay = true
  /** Absent when messages go out as they are. */
  readonly #packer: MessagePacker | undefined
  #hasEndedWriting = false
  #needsDrain = false
  /** Absent before the first piece of an answer. */
  #reader: MessageReader | undefined
  #encoding = ''
  #headers: ReceivedMetadata = nothing
  #trailers: ReceivedMetadata = nothing
  /** For the observer alone. */
  #trailerBytes = 0
  /** The end that the trailers named; it counts when all messages before them are handed out. */
  #announced: FullEnding | undefined
  /** The reading of an answer that is not gRPC, and the beginning of its body. */
  #foreign: { ending: Ending; body: Buffer[]; bodyBytes: number } | undefined
  /** Messages that wait for the receiver, with the flag of each. */
  readonly #held = new Queue<{ flag: number; body: Buffer }>()
  /** Bytes that the server may not replace yet, since they wait. */
  #keptBytes = 0
  /** The last message of a method that does not stream. */
  #reply: Uint8Array | undefined
  /** Nothing more comes: the end is decided once all messages are handed out. */
  #isComplete = false
  #messagesInTurn = 0
  /** Others have their turn. */
  #isYielding = false
  /** Nothing more is handed out but the end. */
  #isCanceled = false
  #isPaused = false
  #isDelivering = false
  #isReplyOut = false
  #ended: CallStatus | undefined
  #isOver = false

  constructor(host: CallHost<DirectSession>, start: CallStart, sink: CallSink, isServerStreaming: boolean) {
    this.#host = host
    this.#start = start
    this.#sink = sink
    this.#isServerStreaming = isServerStreaming
    this.#startedAtMs = performance.now()
    if (start.compression !== 'gzip') return
    this.#packer = new MessagePacker(
      (frame) => this.#onPacked(frame),
      (e) => this.#finish({ status: Status.internal, message: `grpc: error while compressing: ${String(e)}` }),
    )
  }

  get reply(): Uint8Array | undefined {
    return this.#reply
  }

  get remoteIp(): string | undefined {
    return this.#remoteIp
  }

  begin(): void {
    const { signal } = this.#start
    const deadlineMs = this.#deadlineMs
    if (this.#ended) {
      // Its request was too large.
      this.#host.forget(this)
      return
    }
    if (signal?.aborted) {
      this.#endSoon(contextCanceled)
      return
    }
    if (deadlineMs !== undefined && deadlineMs <= 0) {
      this.#endSoon(deadlineExceeded)
      return
    }
    if (deadlineMs !== undefined) this.#deadline = setDeadline(deadlineMs, this)
    if (signal !== undefined) onAbort(signal, this)
    this.#try()
  }

  write(message: Uint8Array): boolean {
    if (this.#ended || this.#hasEndedWriting) return true
    if (!this.#packer && !this.#mayBeSent(message.length)) return true
    const goesOn = this.#waitingBytes + message.length + prefixBytes < queueLimitBytes
    if (this.#packer) this.#packer.push(message)
    else this.#queue(frameMessage(message))
    if (goesOn) return true
    this.#needsDrain = true
    this.#drainSoon()
    return false
  }

  end(): void {
    if (this.#ended || this.#hasEndedWriting) return
    this.#hasEndedWriting = true
    this.#send()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    // Never calls back into the caller's caller.
    setImmediate(() => this.#deliver())
  }

  cancel(ending: Ending): void {
    this.#isCanceled = true
    this.#isPaused = false
    this.#held.clear()
    // A call that has ended may have waited with the news until it is resumed.
    if (this.#ended) setImmediate(() => this.#deliver())
    else this.#endSoon(ending)
  }

  get #deadlineMs(): number | undefined {
    const { deadlineMs } = this.#start
    return deadlineMs === Number.POSITIVE_INFINITY ? undefined : deadlineMs
  }

  // Sending.

  #onPacked(frame: Buffer): void {
    // As in grpc-go, the limit is on what is sent.
    if (this.#ended || !this.#mayBeSent(frame.length - prefixBytes)) return
    this.#queue(frame)
    this.#drainSoon()
  }

  /** Ends the call for a message that is larger than allowed. */
  #mayBeSent(sizeBytes: number): boolean {
    const { maxSendBytes } = this.#host
    if (sizeBytes <= maxSendBytes) return true
    this.#endSoon({ ...sendTooLarge(sizeBytes, maxSendBytes), isUnsendable: true })
    return false
  }

  #queue(frame: Buffer): void {
    this.#frames.push(frame)
    this.#frameBytes += frame.length
    this.#unsentBytes += frame.length
    this.#send()
  }

  /** Of messages that are not on their way yet, those that are not packed yet included. */
  get #waitingBytes(): number {
    return this.#unsentBytes + (this.#stream?.waitingBytes ?? 0) + (this.#packer?.waitingBytes ?? 0)
  }

  #try(): void {
    this.#attempts++
    try {
      const session = this.#host.session()
      if (session instanceof Promise) {
        session.then(
          (s) => this.#startOn(s),
          (e: unknown) => this.#finish(endingOfError(e)),
        )
      } else this.#startOn(session)
    } catch (e) {
      this.#endSoon(endingOfError(e))
    }
  }

  #startOn(session: DirectSession): void {
    if (this.#ended) return
    const host = this.#host
    const kind = session.requestsOf(host).kindOf(this.#start)
    if (!(kind instanceof RequestKind)) {
      this.#endSoon({ ...kind, isUnsendable: true })
      return
    }
    const limit = Math.min(session.headerListLimit, host.maxHeaderListBytes)
    if (kind.listBytes > limit) {
      const setBy = limit === session.headerListLimit ? 'set by server' : 'of a shared connection'
      const message = `header list size to send violates the maximum size (${limit} bytes) ${setBy}`
      this.#endSoon({ status: Status.internal, message, isUnsendable: true })
      return
    }
    this.#session = session
    this.#kind = kind
    this.#remoteIp = session.remoteIp
    const { observer } = this.#start
    if (observer?.onOutHeader) {
      observer.onOutHeader(session.remoteText, observedMetadata(this.#start.metadata, host.userAgent))
    }
    this.#sentFrames = 0
    this.#unsentBytes = this.#frameBytes
    this.#stream = session.openStream(this)
    this.#sink.onStart?.(session.remoteIp)
    this.#send()
    this.#drainSoon()
  }

  encodeHeaders(encoder: HpackEncoder): Buffer {
    const deadlineMs = this.#deadlineMs
    if (deadlineMs === undefined) return (this.#kind as RequestKind).encode(encoder, undefined)
    // A call that goes out at once has all of its time: most have the same.
    const passedMs = performance.now() - this.#startedAtMs
    const leftMs = passedMs < 1 ? deadlineMs : Math.max(deadlineMs - passedMs, 0)
    return (this.#kind as RequestKind).encode(encoder, leftMs)
  }

  /** Gives the stream what it has not got yet. */
  #send(): void {
    const stream = this.#stream
    if (!stream || this.#ended) return
    const { observer } = this.#start
    const isAll = this.#hasEndedWriting && this.#packer?.isIdle !== false
    while (this.#sentFrames < this.#frames.length) {
      const frame = this.#frames[this.#sentFrames++] as Buffer
      this.#unsentBytes -= frame.length
      if (observer?.onOutPayload) observer.onOutPayload(messageOf(frame), frame.length)
      stream.write(frame, isAll && this.#sentFrames === this.#frames.length)
      if (this.#ended) return
    }
    if (isAll && !stream.isEnding) stream.end()
    if (this.#mayReplay && this.#frameBytes > replayLimitBytes) this.#mayReplay = false
    if (!this.#mayReplay) this.#forgetFrames()
  }

  #forgetFrames(): void {
    this.#frames.length = 0
    this.#frameBytes = 0
    this.#sentFrames = 0
  }

  /** What was given to the stream may be on its way at once, and then nothing else tells. */
  #drainSoon(): void {
    if (this.#needsDrain) setImmediate(() => this.#drain())
  }

  onSent(): void {
    if (this.#needsDrain) this.#drain()
  }

  #drain(): void {
    if (!this.#needsDrain || this.#ended || this.#waitingBytes >= queueLimitBytes) return
    this.#needsDrain = false
    this.#sink.onDrain?.()
  }

  // The answer.

  onHeaders(decoded: DecodedBlock, isEnd: boolean): void {
    if (this.#ended) return
    this.#mayReplay = false
    if (this.#sentFrames === this.#frames.length) this.#forgetFrames()
    const { responses, trailers } = this.#session as DirectSession
    const block = (isEnd ? trailers : responses).read(decoded)
    if (!block.isGrpc) {
      const ending = endingOfHttpStatus(block.httpStatus ?? 0, block.wrongContentType)
      if (isEnd) this.#finish(ending)
      else this.#foreign = { ending, body: [], bodyBytes: 0 }
      return
    }
    if (block.error) {
      this.#finish({ status: Status.internal, message: block.error })
      return
    }
    if (isEnd) {
      this.#announce(decoded)
      return
    }
    this.#headers = block.metadata
    this.#encoding = block.encoding
    this.#start.observer?.onInHeader?.(block.metadata, blockBytes(decoded.fields))
    this.#sink.onHeaders?.(block.metadata)
  }

  onData(bytes: Buffer, isEnd: boolean): void {
    if (this.#ended) {
      this.#stream?.giveBack(bytes.length)
      return
    }
    if (this.#foreign) this.#onForeignData(this.#foreign, bytes)
    else {
      if (this.#isBlocked) this.#keptBytes += bytes.length
      else this.#stream?.giveBack(bytes.length)
      this.#reader ??= new MessageReader(this, this.#host.maxReceiveBytes)
      this.#reader.push(bytes)
    }
    if (isEnd) this.#complete()
  }

  onTrailers(decoded: DecodedBlock): void {
    if (this.#ended) return
    if (this.#foreign) this.#complete()
    else this.#announce(decoded)
  }

  #announce(decoded: DecodedBlock): void {
    if (this.#announced === undefined) {
      const block = (this.#session as DirectSession).trailers.read(decoded)
      if (block.error) this.#announced = { status: Status.internal, message: block.error }
      else {
        this.#trailers = block.metadata
        if (this.#start.observer) this.#trailerBytes = blockBytes(decoded.fields)
        this.#announced = endingOfTrailers(block.statusText, block.messageText, block.details)
      }
    }
    this.#complete()
  }

  #onForeignData(foreign: { body: Buffer[]; bodyBytes: number }, bytes: Buffer): void {
    this.#stream?.giveBack(bytes.length)
    foreign.body.push(Buffer.from(bytes.subarray(0, foreignBodyBytes - foreign.bodyBytes)))
    foreign.bodyBytes += bytes.length
    if (foreign.bodyBytes >= foreignBodyBytes) this.#complete()
  }

  onTooLarge(sizeBytes: number): void {
    this.#announced ??= receivedTooLarge(sizeBytes, this.#host.maxReceiveBytes)
    this.#stream?.close(ErrorCode.cancel)
    this.#complete()
  }

  onMessage(flag: number, body: Buffer): void {
    // What follows a message that cannot be read may be in the same piece.
    if (this.#ended || this.#isOver || this.#isCanceled) return
    if (this.#isBlocked || this.#isDelivering) {
      this.#held.push({ flag, body })
      return
    }
    this.#isDelivering = true
    this.#handOut(flag, body)
    this.#isDelivering = false
    this.#countMessage()
    if (this.#ended) this.#deliver()
  }

  onReset(code: number): void {
    if (this.#ended || this.#isComplete) return
    if (code !== ErrorCode.refusedStream || !this.#again()) this.#finish(endingOfReset(code))
  }

  onLost(isUnseen: boolean): void {
    if (this.#ended || this.#isComplete) return
    if (isUnseen && this.#again()) return
    const { hasGoaway, lossText } = this.#session as DirectSession
    this.#finish(isUnseen && hasGoaway ? streamRejected : { status: Status.unavailable, message: lossText })
  }

  /** Tries the call once more when the server has seen nothing of it. */
  #again(): boolean {
    const isUnsent = this.#stream?.id === 0
    if (this.#attempts >= (isUnsent ? attemptLimit : 2) || !this.#mayReplay) return false
    this.#stream = undefined
    // The connection is told of the loss first.
    setImmediate(() => {
      if (!this.#ended) this.#try()
    })
    return true
  }

  // The end.

  #complete(): void {
    this.#isComplete = true
    if (this.#held.length === 0 && !this.#isDelivering) this.#finishRead()
  }

  #finishRead(): void {
    if (this.#ended) return
    if (this.#foreign) this.#finish(endingOfForeign(this.#foreign.ending, Buffer.concat(this.#foreign.body)))
    else this.#finish(this.#endingOfRead())
  }

  #endingOfRead(): FullEnding {
    const announced = this.#announced
    if (!announced) return noTrailers
    if (announced.status !== Status.ok) return announced
    if (this.#reader?.isInside) return unexpectedEof
    return this.#isServerStreaming || this.#reply !== undefined ? announced : noReply
  }

  onDeadline(): void {
    this.#finish(deadlineExceeded)
  }

  #endSoon(ending: FullEnding): void {
    if (this.#ended) return
    this.#settle(ending)
    setImmediate(() => this.#deliver())
  }

  onAbort(): void {
    this.#finish(contextCanceled)
  }

  #finish(ending: FullEnding): void {
    if (this.#ended) return
    this.#settle(ending)
    this.#deliver()
  }

  #settle({ status, message, details, isUnsendable, isTooLarge }: FullEnding): void {
    this.#ended = { status, message, headers: this.#headers, trailers: this.#trailers }
    if (details) this.#ended.details = details
    if (isUnsendable) this.#ended.isUnsendable = true
    if (isTooLarge) this.#ended.isTooLarge = true
    this.#deadline?.cancel()
    this.#packer?.stop()
    if (this.#start.signal !== undefined) offAbort(this.#start.signal, this)
    this.#frames.length = 0
    this.#host.forget(this)
    const stream = this.#stream
    if (stream === undefined) return
    // The server may have ended before it had all messages.
    stream.close(stream.isRemoteEnded ? ErrorCode.noError : ErrorCode.cancel)
    this.#giveBackKept(this.#keptBytes)
  }

  // Handing out.

  get #isBlocked(): boolean {
    return this.#isPaused || this.#isYielding || this.#held.length > 0
  }

  /** Hands out what is at hand while the receiver takes it, last the end. */
  #deliver(): void {
    if (this.#isDelivering || this.#isOver || this.#isPaused || this.#isYielding) return
    this.#isDelivering = true
    while (this.#held.length > 0 && !this.#isPaused && !this.#isYielding) {
      const { flag, body } = this.#held.shift() as { flag: number; body: Buffer }
      this.#giveBackKept(body.length + prefixBytes)
      this.#handOut(flag, body)
      this.#countMessage()
    }
    const isOpen = !this.#isPaused && !this.#isYielding
    const reply = this.#ended?.status === Status.ok && !this.#isServerStreaming ? this.#reply : undefined
    if (reply && isOpen && !this.#isReplyOut) {
      this.#isReplyOut = true
      this.#sink.onMessage(reply)
    }
    this.#isDelivering = false
    if (this.#isPaused || this.#isYielding || this.#held.length > 0) return
    if (this.#ended) {
      this.#isOver = true
      if (this.#trailerBytes > 0) this.#start.observer?.onInTrailer?.(this.#trailers, this.#trailerBytes)
      this.#sink.onEnd(this.#ended)
      return
    }
    // Of a message that is still coming.
    this.#giveBackKept(this.#keptBytes)
    if (this.#isComplete) this.#finishRead()
  }

  #giveBackKept(bytes: number): void {
    const given = Math.min(bytes, this.#keptBytes)
    if (given === 0) return
    this.#keptBytes -= given
    this.#stream?.giveBack(given)
  }

  #countMessage(): void {
    if (++this.#messagesInTurn < messagesPerTurn) return
    this.#messagesInTurn = 0
    this.#isYielding = true
    setImmediate(() => {
      this.#isYielding = false
      this.#deliver()
    })
  }

  #handOut(flag: number, body: Buffer): void {
    if (this.#isCanceled) return
    const message = unpackBody(flag, body, this.#encoding, this.#host.maxReceiveBytes)
    if (!(message instanceof Uint8Array)) {
      this.#held.clear()
      if (!this.#ended) this.#settle(message)
      return
    }
    if (this.#isServerStreaming || this.#reply === undefined) {
      this.#start.observer?.onInPayload?.(message, body.length + prefixBytes)
    }
    if (this.#isServerStreaming) {
      this.#sink.onMessage(message)
      return
    }
    if (this.#ended) return
    const isSecond = this.#reply !== undefined
    this.#reply = message
    if (isSecond) this.#settle(secondReply)
  }
}
