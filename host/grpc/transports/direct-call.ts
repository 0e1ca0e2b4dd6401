/**
 * A call on a stream of our own HTTP/2: gives the stream what there is to send, and the server its window back as messages
 * are handed out. Asks for another session when the server has not looked at the call.
 */
import type { ClientStream, StreamOwner } from '../../http2/client-stream.js'
import type { DecodedBlock } from '../../http2/hpack-decoder.js'
import type { HpackEncoder } from '../../http2/hpack-encoder.js'
import { ErrorCode } from '../../http2/http2-error.js'
import { endingOfReset, internalError, Status, streamRejected } from '../status.js'
import { Call } from './call.js'
import { RequestKind } from './direct-headers.js'
import type { DirectSession } from './direct-session.js'
import { MessageReader, type MessageSink } from './message-reader.js'

/** How often a call looks for a session when those it got took no more calls, and when servers did not look at it. */
const mostUnsent = 3
const mostUnseen = 2

export class DirectCall extends Call<DirectSession> implements StreamOwner, MessageSink {
  #session: DirectSession | undefined
  #stream: ClientStream | undefined
  #kind: RequestKind | undefined
  /** Absent before the first piece of an answer. */
  #reader: MessageReader | undefined
  /** Bytes that the server may not replace yet, since they wait. */
  #keptBytes = 0

  // Sending.

  protected startOn(session: DirectSession): void {
    const kind = session.requestsOf(this.host).kindOf(this.start)
    if (!(kind instanceof RequestKind)) {
      this.endSoon({ ...kind, isUnsendable: true })
      return
    }
    const refusal = this.refusalOf(kind.listBytes, session)
    if (refusal) {
      this.endSoon(refusal)
      return
    }
    this.#session = session
    this.#kind = kind
    this.onOpening(session)
    this.#stream = session.openStream(this)
    this.onOpened(session)
  }

  encodeHeaders(encoder: HpackEncoder): Buffer {
    return (this.#kind as RequestKind).encode(encoder, this.leftMs)
  }

  protected send(): void {
    const stream = this.#stream
    if (!stream || this.isEnded) return
    const { outgoing } = this
    const { isComplete } = outgoing
    for (let frame = this.nextFrame(); frame !== undefined; frame = this.nextFrame()) {
      stream.write(frame, isComplete && !outgoing.hasNext)
      if (this.isEnded) return
    }
    if (isComplete && !stream.isEnding) stream.end()
    outgoing.release()
  }

  protected get takenBytes(): number {
    return this.#stream?.waitingBytes ?? 0
  }

  // The answer.

  onHeaders(decoded: DecodedBlock, isEnd: boolean): void {
    if (this.isEnded) return
    const { responses, trailers } = this.#session as DirectSession
    this.takeHeaders((isEnd ? trailers : responses).read(decoded), decoded.fields, isEnd)
    if (isEnd) this.complete()
  }

  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    const length = end - start
    if (this.isEnded) {
      this.#stream?.giveBack(length)
      return
    }
    if (this.answer.isForeign) {
      this.#stream?.giveBack(length)
      if (this.answer.takeForeign(bytes.subarray(start, end))) this.complete()
    } else {
      if (this.incoming.isBlocked) this.#keptBytes += length
      else this.#stream?.giveBack(length)
      this.#reader ??= new MessageReader(this, this.host.maxReceiveBytes)
      this.#reader.push(bytes, start, end)
    }
    if (isEnd) this.complete()
  }

  onTrailers(decoded: DecodedBlock): void {
    if (this.isEnded) return
    if (!this.answer.isForeign) {
      this.takeTrailers((this.#session as DirectSession).trailers.read(decoded), decoded.fields)
    }
    this.complete()
  }

  onMessage(flag: number, body: Buffer): void {
    this.take(flag, body)
  }

  onTooLarge(sizeBytes: number): void {
    this.refuse(sizeBytes)
    this.#stream?.close(ErrorCode.cancel)
    this.complete()
  }

  override onWaited(wireBytes: number): void {
    this.#giveBackKept(wireBytes)
  }

  protected onIdle(): void {
    // Of a message that is still coming.
    this.#giveBackKept(this.#keptBytes)
  }

  #giveBackKept(bytes: number): void {
    const given = Math.min(bytes, this.#keptBytes)
    if (given === 0) return
    this.#keptBytes -= given
    this.#stream?.giveBack(given)
  }

  // The end.

  protected get isInsideMessage(): boolean {
    return this.#reader?.isInside === true
  }

  protected onRead(): void {
    this.finishRead()
  }

  onReset(code: number): void {
    if (this.isEnded || this.isComplete) return
    if (this.#stream?.hasFailed) this.finish(internalError)
    else if (code !== ErrorCode.refusedStream || !this.#again()) this.finish(endingOfReset(code))
  }

  onLost(isUnseen: boolean): void {
    if (this.isEnded) return
    const { hasFailed, hasGoaway, lossText } = this.#session as DirectSession
    if (hasFailed) {
      this.finish(internalError)
      return
    }
    if (this.isComplete) return
    if (isUnseen && this.#again()) return
    this.finish(isUnseen && hasGoaway ? streamRejected : { status: Status.unavailable, message: lossText })
  }

  /** Tries the call once more when the server has seen nothing of it. */
  #again(): boolean {
    if (!this.again(this.#stream?.id === 0 ? mostUnsent : mostUnseen)) return false
    this.#stream = undefined
    return true
  }

  protected closeStream(): void {
    const stream = this.#stream
    if (stream === undefined) return
    // The server may have ended before it had all messages.
    stream.close(stream.isRemoteEnded ? ErrorCode.noError : ErrorCode.cancel)
    this.#keptBytes = 0
  }
}
