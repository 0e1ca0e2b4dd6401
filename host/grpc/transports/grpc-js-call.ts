/**
 * A call over grpc-js: gives it messages as fast as it sends them, asks it for one message after the other, and finds out of
 * what node:http2 tells how the call really ended. Asks for another session when the server has not looked at the call.
 */
import { type ClientHttp2Stream, constants } from 'node:http2'
import { prefixBytes } from '../message-frame.js'
import { addMetadata, encodeTimeout, headerListBytes, readHeaderBlock } from '../metadata.js'
import { deadlineExceeded, endingOfReset, Status, streamRejected } from '../status.js'
import { Call } from './call.js'
import { Attempt, type AttemptOwner } from './grpc-js-attempt.js'
import type { GrpcJsSession } from './grpc-js-session.js'
import type { FullEnding } from './session.js'

/** Small messages that wait are sent together up to about this size, in bytes. */
const batchBytes = 16 * 1024
/** How often a call looks for a session when those it got were lost in the same moment, and when servers did not look at it. */
const mostUnsent = 3
const mostUnseen = 2

export class GrpcJsCall extends Call<GrpcJsSession> implements AttemptOwner {
  #attempt: Attempt | undefined
  /** The attempt, once its stream is gone. */
  #closed: Attempt | undefined
  #hasAnswer = false

  // Sending.

  protected startOn(session: GrpcJsSession): void {
    const headers = this.#requestHeaders(session)
    if (!isHeaders(headers)) {
      this.endSoon(headers)
      return
    }
    const attempt = new Attempt(this, session, headers, this.host.maxReceiveBytes)
    this.#attempt = attempt
    this.onOpening(session)
    try {
      attempt.start(this.start.path)
    } catch (e) {
      this.#onNotStarted(Status.internal, e instanceof Error ? e.message : String(e))
      return
    }
    this.onOpened(session)
    // The first message is asked for even while paused: until then grpc-js would take all that comes.
    attempt.read()
  }

  #requestHeaders(session: GrpcJsSession): Record<string, string | string[]> | FullEnding {
    const { host, leftMs } = this
    const { path, metadata, compression, previousAttempts } = this.start
    const headers: Record<string, string | string[]> = Object.create(null)
    headers[':method'] = 'POST'
    headers[':scheme'] = session.scheme
    headers[':path'] = path
    headers[':authority'] = host.authority
    headers['content-type'] = 'application/grpc'
    headers['user-agent'] = host.userAgent
    headers.te = 'trailers'
    if (previousAttempts) headers['grpc-previous-rpc-attempts'] = String(previousAttempts)
    if (compression === 'gzip') headers['grpc-encoding'] = 'gzip'
    headers['grpc-accept-encoding'] = 'gzip'
    if (leftMs !== undefined) {
      if (leftMs <= 0) return deadlineExceeded
      headers['grpc-timeout'] = encodeTimeout(leftMs)
    }
    const bad = addMetadata(headers, metadata)
    if (bad) return { ...bad, isUnsendable: true }
    return this.refusalOf(headerListBytes(headers), session) ?? headers
  }

  /** Hands grpc-js the next frames when it has sent those before: it keeps one write at a time. */
  protected send(): void {
    const attempt = this.#attempt
    const { outgoing } = this
    if (!attempt || this.isEnded || attempt.sendingBytes > 0 || attempt.hasEnded) return
    const frames = this.#nextFrames()
    if (frames !== undefined) attempt.send(frames)
    // The write may be over already, and the end sent.
    if (attempt.hasEnded || !outgoing.isComplete || outgoing.hasNext) return
    attempt.hasEnded = true
    attempt.rpc?.halfClose()
  }

  /** The frames that come next, several at once when they are small: each write goes through many layers. */
  #nextFrames(): Buffer | undefined {
    const first = this.nextFrame()
    if (first === undefined || !this.outgoing.hasNext || first.length >= batchBytes) return first
    const frames = [first]
    let sizeBytes = first.length
    while (sizeBytes < batchBytes) {
      const frame = this.nextFrame()
      if (frame === undefined) break
      frames.push(frame)
      sizeBytes += frame.length
    }
    return Buffer.concat(frames, sizeBytes)
  }

  protected get takenBytes(): number {
    return this.#attempt?.sendingBytes ?? 0
  }

  onTaken(attempt: Attempt): void {
    if (attempt !== this.#attempt || this.isEnded) return
    this.outgoing.release()
    this.send()
    this.onSent()
  }

  // The answer.

  onResponse(attempt: Attempt, raw: readonly string[], isOnly: boolean): void {
    if (attempt !== this.#attempt || this.isEnded) return
    this.#hasAnswer = true
    this.takeHeaders(readHeaderBlock(raw), raw, isOnly)
    if (!this.answer.isForeign) return
    attempt.readForeign((chunk) => {
      if (!this.isEnded && this.answer.takeForeign(chunk)) this.finishRead()
    })
  }

  onTrailers(attempt: Attempt, raw: readonly string[]): void {
    if (attempt === this.#attempt && !this.isEnded) this.takeTrailers(readHeaderBlock(raw), raw)
  }

  onTooLarge(attempt: Attempt, sizeBytes: number): void {
    if (attempt === this.#attempt) this.refuse(sizeBytes)
  }

  onFrame(attempt: Attempt, frame: Buffer): void {
    if (attempt !== this.#attempt) return
    this.take(frame[0] as number, frame.subarray(prefixBytes))
    if (!this.isEnded && !this.incoming.isBlocked) attempt.read()
  }

  protected onIdle(): void {
    this.#attempt?.read()
  }

  protected get isInsideMessage(): boolean {
    return this.#attempt?.hasPartOfFrame === true
  }

  // The end.

  onStatus(attempt: Attempt, code: number, text: string): void {
    if (attempt !== this.#attempt || this.isEnded) return
    if (!attempt.stream) this.#onNotStarted(code, text)
    // Else the end of the stream tells more, and it follows.
    else if (code === Status.ok && this.answer.isAnnounced) this.complete()
  }

  /** Nothing was sent; mostly because the session was lost in this very turn. */
  #onNotStarted(code: number, text: string): void {
    this.#attempt = undefined
    if (this.again(mostUnsent)) return
    const status = Number.isInteger(code) && code > Status.ok && code <= Status.unauthenticated ? code : Status.internal
    this.endSoon({ status, message: text })
  }

  onClose(attempt: Attempt): void {
    if (attempt !== this.#attempt || this.isEnded) return
    // Now that the end is known to be a good one grpc-js tells when all is read.
    if (this.answer.isAnnounced && !attempt.session.isLost) return
    if (!this.answer.isForeign) attempt.rescue()
    // The reason of a loss may arrive in this turn of the loop, and so do the messages that were rescued.
    setImmediate(() => {
      if (attempt !== this.#attempt || this.isEnded) return
      this.#closed = attempt
      this.complete()
    })
  }

  protected onRead(): void {
    const { session, stream } = this.#closed ?? {}
    if (!session || !stream || this.answer.isAnnounced || this.answer.isForeign) {
      this.finishRead()
      return
    }
    const code = stream.rstCode ?? constants.NGHTTP2_NO_ERROR
    if (session.isLost && (session.hasGoaway || isLossCode(code))) this.#onLoss(session, stream)
    else if (this.#hasAnswer && code === constants.NGHTTP2_NO_ERROR) this.finishRead()
    else if (code !== constants.NGHTTP2_REFUSED_STREAM || !this.#again()) this.finish(endingOfReset(code))
  }

  #onLoss(session: GrpcJsSession, stream: ClientHttp2Stream): void {
    if (!session.hasRejected(stream)) this.finish({ status: Status.unavailable, message: session.lossText() })
    else if (!this.#again()) this.finish(streamRejected)
  }

  /** Tries the call once more when the server has seen nothing of it. */
  #again(): boolean {
    if (!this.again(mostUnseen)) return false
    this.#attempt = undefined
    this.#closed = undefined
    return true
  }

  protected closeStream(): void {
    this.#attempt?.cancel()
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
