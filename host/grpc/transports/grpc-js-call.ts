/**
 * One RPC over grpc-js: sends the headers and messages, takes the answer, and tells how it ended as grpc-go would.
 * It takes sessions as its connection gives them, and asks for another one when the server has not looked at the call.
 * Long because it is one state machine: sending, reading, pausing and ending all decide about each other.
 */

import { type ClientHttp2Stream, constants } from 'node:http2'
import { type Abortable, offAbort, onAbort } from '../../abort-listeners.js'
import { longestTimerMs } from '../../longest-timer.js'
import { frameMessage, messageOf, prefixBytes, unpackMessage } from '../message-frame.js'
import { MessagePacker } from '../message-packer.js'
import {
  addMetadata,
  blockBytes,
  encodeTimeout,
  headerListBytes,
  observedMetadata,
  readHeaderBlock,
} from '../metadata.js'
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
import { Attempt, type AttemptOwner } from './grpc-js-attempt.js'
import type { GrpcJsSession } from './grpc-js-session.js'
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

/** Small messages that wait are sent together up to about this size, in bytes. */
const batchBytes = 16 * 1024
/** How often a call looks for a session when the one it got is lost in the same moment. */
const attemptLimit = 3
const nothing: ReceivedMetadata = new Map()

/** The life of one call, from its start to the one `onEnd` of its sink. */
export class GrpcJsCall implements RunningCall, AttemptOwner, Abortable {
  readonly #host: CallHost<GrpcJsSession>
  readonly #start: CallStart
  readonly #sink: CallSink
  readonly #isServerStreaming: boolean
  readonly #deadlineAtMs: number
  #timer: NodeJS.Timeout | undefined
  #attempt: Attempt | undefined
  #attempts = 0
  #remoteIp: string | undefined
  /** Frames to send; those that are sent stay while the call may have to be sent again. */
  readonly #frames: Buffer[] = []
  #frameBytes = 0
  #unsentBytes = 0
  #mayReplay = true
  /** Absent when messages go out as they are. */
  readonly #packer: MessagePacker | undefined
  #hasEndedWriting = false
  #needsDrain = false
  #hasAnswer = false
  #encoding = ''
  #headers: ReceivedMetadata = nothing
  #trailers: ReceivedMetadata = nothing
  /** For the observer alone. */
  #trailerBytes = 0
  /** The end that the trailers named; it counts when all messages before them are read. */
  #announced: FullEnding | undefined
  /** The reading of an answer that is not gRPC, and the beginning of its body. */
  #foreign: { ending: Ending; body: Buffer[]; bodyBytes: number } | undefined
  /** Frames that came and wait for the receiver: one while it is paused, more once the stream is gone. */
  readonly #held: Buffer[] = []
  /** The last message of a method that does not stream. */
  #reply: Uint8Array | undefined
  /** What to do once all messages are handed out. */
  #afterMessages: (() => void) | undefined
  #messagesInTurn = 0
  /** Nothing more is handed out but the end. */
  #isCanceled = false
  #isPaused = false
  #isDelivering = false
  #isReplyOut = false
  #ended: CallStatus | undefined
  #isOver = false

  constructor(host: CallHost<GrpcJsSession>, start: CallStart, sink: CallSink, isServerStreaming: boolean) {
    this.#host = host
    this.#start = start
    this.#sink = sink
    this.#isServerStreaming = isServerStreaming
    this.#deadlineAtMs = performance.now() + (start.deadlineMs ?? Number.POSITIVE_INFINITY)
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
    const { signal, deadlineMs } = this.#start
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
    if (deadlineMs !== undefined) this.#armTimer()
    if (signal !== undefined) onAbort(signal, this)
    this.#try()
  }

  write(message: Uint8Array): boolean {
    if (this.#ended || this.#hasEndedWriting) return true
    if (!this.#packer && !this.#mayBeSent(message.length)) return true
    const goesOn = this.#waitingBytes + message.length + prefixBytes < queueLimitBytes
    this.#needsDrain ||= !goesOn
    if (this.#packer) this.#packer.push(message)
    else this.#queue(frameMessage(message))
    return goesOn
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
    // A call that has ended may have waited with the news until it is resumed.
    if (this.#ended) setImmediate(() => this.#deliver())
    else this.#endSoon(ending)
  }

  #onPacked(frame: Buffer): void {
    // As in grpc-go, the limit is on what is sent.
    if (!this.#ended && this.#mayBeSent(frame.length - prefixBytes)) this.#queue(frame)
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

  /** Of messages that are not sent yet, those that are not packed yet included. */
  get #waitingBytes(): number {
    return this.#unsentBytes + (this.#packer?.waitingBytes ?? 0)
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

  #startOn(session: GrpcJsSession): void {
    if (this.#ended) return
    const headers = this.#requestHeaders(session)
    if (!isHeaders(headers)) {
      this.#endSoon(headers)
      return
    }
    const attempt = new Attempt(this, session, headers, this.#host.maxReceiveBytes)
    this.#attempt = attempt
    this.#remoteIp = session.remote.ip.text
    this.#start.observer?.onOutHeader?.(
      session.remoteText,
      observedMetadata(this.#start.metadata, this.#host.userAgent),
    )
    try {
      attempt.start(this.#start.path)
    } catch (e) {
      this.#onNotStarted(Status.internal, e instanceof Error ? e.message : String(e))
      return
    }
    this.#sink.onStart?.(session.remote.ip.text)
    this.#send()
    // The first message is asked for even while paused: until then grpc-js would take all that comes.
    attempt.read()
  }

  #requestHeaders(session: GrpcJsSession): Record<string, string | string[]> | FullEnding {
    const host = this.#host
    const { previousAttempts } = this.#start
    const headers: Record<string, string | string[]> = Object.create(null)
    headers[':method'] = 'POST'
    headers[':scheme'] = session.scheme
    headers[':path'] = this.#start.path
    headers[':authority'] = host.authority
    headers['content-type'] = 'application/grpc'
    headers['user-agent'] = host.userAgent
    headers.te = 'trailers'
    if (previousAttempts) headers['grpc-previous-rpc-attempts'] = String(previousAttempts)
    if (this.#packer) headers['grpc-encoding'] = 'gzip'
    headers['grpc-accept-encoding'] = 'gzip'
    if (this.#deadlineAtMs !== Number.POSITIVE_INFINITY) {
      const leftMs = this.#deadlineAtMs - performance.now()
      if (leftMs <= 0) return deadlineExceeded
      headers['grpc-timeout'] = encodeTimeout(leftMs)
    }
    const bad = addMetadata(headers, this.#start.metadata)
    if (bad) return { ...bad, isUnsendable: true }
    const limit = Math.min(session.headerListLimit, host.maxHeaderListBytes)
    if (limit < Number.POSITIVE_INFINITY && headerListBytes(headers) > limit) {
      const setBy = limit === session.headerListLimit ? 'set by server' : 'of a shared connection'
      const message = `header list size to send violates the maximum size (${limit} bytes) ${setBy}`
      return { status: Status.internal, message, isUnsendable: true }
    }
    return headers
  }

  /** Hands grpc-js the next frames when it has sent those before: it keeps one write at a time. */
  #send(): void {
    const attempt = this.#attempt
    if (!attempt || this.#ended || attempt.isSending || attempt.hasEnded) return
    if (attempt.sentFrames < this.#frames.length) attempt.send(this.#takeFrames(attempt))
    if (!this.#hasEndedWriting || attempt.sentFrames < this.#frames.length || this.#packer?.isIdle === false) return
    attempt.hasEnded = true
    attempt.rpc?.halfClose()
  }

  /** The frames that come next, several at once when they are small: each write goes through many layers. */
  #takeFrames(attempt: Attempt): Buffer {
    const from = attempt.sentFrames
    let sizeBytes = 0
    do sizeBytes += this.#frames[attempt.sentFrames++]?.length ?? 0
    while (sizeBytes < batchBytes && attempt.sentFrames < this.#frames.length)
    const frames = this.#frames.slice(from, attempt.sentFrames)
    const { observer } = this.#start
    if (observer?.onOutPayload) for (const frame of frames) observer.onOutPayload(messageOf(frame), frame.length)
    return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames, sizeBytes)
  }

  onSent(attempt: Attempt, sizeBytes: number): void {
    if (attempt !== this.#attempt || this.#ended) return
    this.#unsentBytes -= sizeBytes
    if (this.#frameBytes > replayLimitBytes) this.#mayReplay = false
    if (!this.#mayReplay) {
      this.#frames.splice(0, attempt.sentFrames)
      attempt.sentFrames = 0
    }
    this.#send()
    if (!this.#needsDrain || this.#waitingBytes >= queueLimitBytes) return
    this.#needsDrain = false
    this.#sink.onDrain?.()
  }

  onResponse(attempt: Attempt, raw: readonly string[], isOnly: boolean): void {
    if (attempt !== this.#attempt || this.#ended) return
    this.#mayReplay = false
    this.#hasAnswer = true
    const block = readHeaderBlock(raw)
    if (!block.isGrpc) {
      const ending = endingOfHttpStatus(block.httpStatus ?? 0, block.wrongContentType)
      if (isOnly) {
        this.#finish(ending)
        return
      }
      this.#foreign = { ending, body: [], bodyBytes: 0 }
      attempt.readForeign((chunk) => this.#onForeignData(chunk))
      return
    }
    if (block.error) {
      this.#finish({ status: Status.internal, message: block.error })
      return
    }
    if (isOnly) {
      this.#trailers = block.metadata
      if (this.#start.observer) this.#trailerBytes = blockBytes(raw)
      this.#announced = endingOfTrailers(block.statusText, block.messageText, block.details)
      return
    }
    this.#headers = block.metadata
    this.#encoding = block.encoding
    this.#start.observer?.onInHeader?.(block.metadata, blockBytes(raw))
    this.#sink.onHeaders?.(block.metadata)
  }

  onTrailers(attempt: Attempt, raw: readonly string[]): void {
    if (attempt !== this.#attempt || this.#ended || this.#foreign || this.#announced) return
    const block = readHeaderBlock(raw)
    if (block.error) {
      this.#announced = { status: Status.internal, message: block.error }
      return
    }
    this.#trailers = block.metadata
    if (this.#start.observer) this.#trailerBytes = blockBytes(raw)
    this.#announced = endingOfTrailers(block.statusText, block.messageText, block.details)
  }

  onTooLarge(attempt: Attempt, sizeBytes: number): void {
    if (attempt !== this.#attempt) return
    this.#announced ??= receivedTooLarge(sizeBytes, this.#host.maxReceiveBytes)
  }

  #onForeignData(chunk: Buffer): void {
    const foreign = this.#foreign
    if (this.#ended || !foreign) return
    foreign.body.push(chunk.subarray(0, foreignBodyBytes - foreign.bodyBytes))
    foreign.bodyBytes += chunk.length
    if (foreign.bodyBytes >= foreignBodyBytes) this.#finishForeign(foreign)
  }

  onFrame(attempt: Attempt, frame: Buffer): void {
    if (attempt !== this.#attempt || this.#isOver) return
    this.#held.push(frame)
    this.#deliver()
  }

  onStatus(attempt: Attempt, code: number, text: string): void {
    if (attempt !== this.#attempt || this.#ended) return
    if (!attempt.stream) this.#onNotStarted(code, text)
    // Else the end of the stream tells more, and it follows.
    else if (code === Status.ok && this.#announced) this.#whenRead(() => this.#finishRead())
  }

  /** Nothing was sent; mostly because the session was lost in this very turn. */
  #onNotStarted(code: number, text: string): void {
    this.#attempt = undefined
    if (this.#attempts < attemptLimit) {
      setImmediate(() => {
        if (!this.#ended) this.#try()
      })
      return
    }
    const status = Number.isInteger(code) && code > Status.ok && code <= Status.unauthenticated ? code : Status.internal
    this.#endSoon({ status, message: text })
  }

  onClose(attempt: Attempt): void {
    if (attempt !== this.#attempt || this.#ended) return
    // Now that the end is known to be a good one grpc-js tells when all is read.
    if (this.#announced && !attempt.session.isLost) return
    if (!this.#foreign) attempt.rescue()
    // The reason of a loss may arrive in this turn of the loop, and so do the messages that were rescued.
    setImmediate(() => {
      if (attempt === this.#attempt && !this.#ended) this.#whenRead(() => this.#finishClosed(attempt))
    })
  }

  #finishClosed(attempt: Attempt): void {
    const { session, stream } = attempt
    if (this.#ended || !stream) return
    const code = stream.rstCode ?? constants.NGHTTP2_NO_ERROR
    if (this.#announced || this.#foreign) this.#finishRead()
    else if (session.isLost && (session.hasGoaway || isLossCode(code))) this.#onLoss(session, stream)
    else if (this.#hasAnswer && code === constants.NGHTTP2_NO_ERROR) this.#finishRead()
    else if (code !== constants.NGHTTP2_REFUSED_STREAM || !this.#again()) this.#finish(endingOfReset(code))
  }

  #onLoss(session: GrpcJsSession, stream: ClientHttp2Stream): void {
    if (session.hasRejected(stream)) {
      if (this.#again()) return
      this.#finish(streamRejected)
      return
    }
    this.#finish({ status: Status.unavailable, message: session.lossText() })
  }

  /** Tries the call once more when the server has seen nothing of it. */
  #again(): boolean {
    if (this.#attempts > 1 || !this.#mayReplay) return false
    this.#attempt = undefined
    this.#unsentBytes = this.#frameBytes
    this.#try()
    return true
  }

  /** Runs `decide` once no message waits for a paused receiver. */
  #whenRead(decide: () => void): void {
    if (this.#held.length > 0) this.#afterMessages = decide
    else decide()
  }

  #finishRead(): void {
    if (this.#ended) return
    if (this.#foreign) {
      this.#finishForeign(this.#foreign)
      return
    }
    const announced = this.#announced
    if (!announced) {
      this.#finish(noTrailers)
      return
    }
    if (announced.status !== Status.ok) {
      this.#finish(announced)
      return
    }
    if (this.#attempt?.hasPartOfFrame) {
      this.#finish(unexpectedEof)
      return
    }
    if (!this.#isServerStreaming && this.#reply === undefined) {
      this.#finish(noReply)
      return
    }
    this.#finish(announced)
  }

  #finishForeign(foreign: { ending: Ending; body: Buffer[] }): void {
    this.#finish(endingOfForeign(foreign.ending, Buffer.concat(foreign.body)))
  }

  onAbort(): void {
    this.#finish(contextCanceled)
  }

  #armTimer(): void {
    const leftMs = this.#deadlineAtMs - performance.now()
    if (leftMs <= 0) {
      this.#finish(deadlineExceeded)
      return
    }
    // Timers may fire a moment early.
    this.#timer = setTimeout(() => this.#armTimer(), Math.min(Math.ceil(leftMs), longestTimerMs))
  }

  #endSoon(ending: FullEnding): void {
    if (this.#ended) return
    this.#settle(ending)
    setImmediate(() => this.#deliver())
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
    clearTimeout(this.#timer)
    this.#packer?.stop()
    if (this.#start.signal !== undefined) offAbort(this.#start.signal, this)
    this.#frames.length = 0
    this.#host.forget(this)
    this.#attempt?.cancel()
  }

  /** Hands out what is at hand while the receiver takes it, last the end. */
  #deliver(): void {
    if (this.#isDelivering || this.#isOver || this.#isPaused) return
    this.#isDelivering = true
    while (this.#held.length > 0 && !this.#isPaused) this.#handOut(this.#held.shift() as Buffer)
    const ended = this.#ended
    const reply = ended?.status === Status.ok && !this.#isServerStreaming ? this.#reply : undefined
    if (reply && !this.#isReplyOut && !this.#isPaused) {
      this.#isReplyOut = true
      this.#sink.onMessage(reply)
    }
    this.#isDelivering = false
    if (this.#isPaused) return
    if (this.#ended) {
      this.#isOver = true
      if (this.#trailerBytes > 0) this.#start.observer?.onInTrailer?.(this.#trailers, this.#trailerBytes)
      this.#sink.onEnd(this.#ended)
      return
    }
    const next = this.#afterMessages
    this.#afterMessages = undefined
    if (next) next()
    else if (++this.#messagesInTurn < messagesPerTurn) this.#attempt?.read()
    else {
      this.#messagesInTurn = 0
      setImmediate(() => this.#attempt?.read())
    }
  }

  #handOut(frame: Buffer): void {
    if (this.#isCanceled) return
    const message = unpackMessage(frame, this.#encoding, this.#host.maxReceiveBytes)
    if (!(message instanceof Uint8Array)) {
      this.#held.length = 0
      if (!this.#ended) this.#settle(message)
      return
    }
    if (this.#isServerStreaming || this.#reply === undefined) {
      this.#start.observer?.onInPayload?.(message, frame.length)
    }
    if (this.#isServerStreaming) {
      this.#sink.onMessage(message)
      return
    }
    if (this.#ended) return
    const isSecond = this.#reply !== undefined
    this.#reply = message
    if (!isSecond) return
    this.#settle(secondReply)
  }
}

/** Node reports these for streams of a connection that broke. */
function isLossCode(code: number): boolean {
  return (
    code === constants.NGHTTP2_NO_ERROR ||
    code === constants.NGHTTP2_CANCEL ||
    code === constants.NGHTTP2_INTERNAL_ERROR ||
    code === constants.NGHTTP2_PROTOCOL_ERROR ||
    code === constants.NGHTTP2_REFUSED_STREAM
  )
}

function isHeaders(value: Record<string, string | string[]> | FullEnding): value is Record<string, string | string[]> {
  return ':path' in value
}
