/**
 * One way of a call through grpc-js. grpc-js cuts the stream into messages, keeps their order and holds the server back; it
 * would drop messages that wait when an error arrives, and its words differ from grpc-go's. So it sees OK endings only, and
 * the call is told of what the server really sent. Decides nothing about the call.
 */
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2'
import { prefixBytes } from '../message-frame.js'
import { Status } from '../status.js'
import type { GrpcJsListener, GrpcJsRpc, Request } from './grpc-js-channel.js'
import type { GrpcJsSession } from './grpc-js-session.js'

const endStreamFlag = constants.NGHTTP2_FLAG_END_STREAM

/** The call that an attempt is made for. Each function is told of the attempt, because an older one may still be heard. */
export interface AttemptOwner {
  /** What was sent last is out. */
  onTaken(attempt: Attempt): void
  /** Name, value, name, value …; `isOnly` when no trailers follow. */
  onResponse(attempt: Attempt, raw: readonly string[], isOnly: boolean): void
  onTrailers(attempt: Attempt, raw: readonly string[]): void
  /** A message that was asked for, with its length prefix. */
  onFrame(attempt: Attempt, frame: Buffer): void
  /** A message begins that may not come in; those before it count. */
  onTooLarge(attempt: Attempt, sizeBytes: number): void
  /** grpc-js has nothing more to hand out, or could not start. */
  onStatus(attempt: Attempt, code: number, text: string): void
  /** The stream is gone; messages may still wait in grpc-js. */
  onClose(attempt: Attempt): void
}

/** One way of a call through grpc-js: a second one follows only when the server has not looked at the first. */
export class Attempt implements GrpcJsListener, Request {
  readonly session: GrpcJsSession
  readonly headers: Record<string, string | string[]>
  rpc: GrpcJsRpc | undefined
  /** Absent until grpc-js has sent the headers. */
  stream: ClientHttp2Stream | undefined
  /** What grpc-js has not sent yet. */
  sendingBytes = 0
  /** This side has no more to send. */
  hasEnded = false
  readonly #call: AttemptOwner
  /** A frame has been asked for. */
  #isReading = false
  /** Frames are taken as they come, paused or not. */
  #isRescuing = false
  /** No more frames are taken. */
  #isSpent = false
  #isDone = false
  #hasTrailers = false
  readonly #frames: FrameWatch

  constructor(
    call: AttemptOwner,
    session: GrpcJsSession,
    headers: Record<string, string | string[]>,
    maxReceiveBytes: number,
  ) {
    this.#call = call
    this.session = session
    this.headers = headers
    this.#frames = new FrameWatch(maxReceiveBytes)
  }

  /** True when what came does not end with a frame. */
  get hasPartOfFrame(): boolean {
    return this.#frames.isInside
  }

  /** @throws when the session has just been lost */
  start(path: string): void {
    this.rpc = this.session.start(path, this, this)
  }

  send(frame: Buffer): void {
    this.sendingBytes = frame.length
    const callback = () => {
      this.sendingBytes = 0
      this.#call.onTaken(this)
    }
    this.rpc?.sendMessageWithContext({ callback }, frame)
  }

  /** Asks for one more frame, unless that is done already. */
  read(): void {
    if (this.#isReading || this.#isDone) return
    this.#isReading = true
    this.rpc?.startRead()
  }

  cancel(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.rpc?.cancelWithStatus(Status.canceled, '')
  }

  onStream(stream: ClientHttp2Stream): void {
    this.stream = stream
    stream.on('response', (headers, flags, ...more: unknown[]) => {
      const isOnly = (flags & endStreamFlag) !== 0
      this.#hasTrailers = isOnly
      this.#call.onResponse(this, more[0] as string[], isOnly)
      showEmpty(headers, isOnly)
    })
    stream.on('trailers', (headers, _flags, ...more: unknown[]) => {
      // Those that `rescue` makes up have no raw form.
      this.#hasTrailers = true
      if (more.length > 0) this.#call.onTrailers(this, more[0] as string[])
      showEmpty(headers, true)
    })
    stream.on('data', this.#watch)
    stream.on('end', () => {
      // Without trailers: node:http2 would keep it open until this side has ended as well.
      if (!this.#hasTrailers) stream.close(constants.NGHTTP2_NO_ERROR)
    })
    stream.on('close', () => this.#call.onClose(this))
  }

  readonly #watch = (chunk: Buffer) => {
    const tooLargeBytes = this.#frames.push(chunk)
    if (tooLargeBytes === undefined) return
    this.#call.onTooLarge(this, tooLargeBytes)
    // grpc-js still gets this piece, for the messages that it completes.
    queueMicrotask(() => {
      this.stream?.removeAllListeners('data')
      this.rescue()
      this.stream?.close(constants.NGHTTP2_CANCEL)
    })
  }

  /** Gives the body to `onData` instead of grpc-js, which would take it for messages. */
  readForeign(onData: (chunk: Buffer) => void): void {
    this.stream?.removeAllListeners('data')
    this.stream?.on('data', onData)
  }

  /** Gets everything out of a stream that broke, which grpc-js would drop. */
  rescue(): void {
    const stream = this.stream
    if (!stream) return
    for (;;) {
      const before = this.#frames.totalBytes
      const chunk: unknown = stream.read()
      if (!(chunk instanceof Buffer)) break
      // A closed stream gives its data, but does not tell its listeners.
      if (this.#frames.totalBytes === before) stream.emit('data', chunk)
    }
    stream.emit('trailers', okTrailers(), 0)
    stream.emit('end')
    this.#isRescuing = true
    this.read()
  }

  onReceiveMetadata(): void {}

  onReceiveMessage(frame: Buffer): void {
    this.#isReading = false
    // One that is too large may be complete already, and more behind it.
    this.#isSpent ||= this.#frames.refuses(frame)
    if (!this.#isSpent) this.#call.onFrame(this, frame)
    if (this.#isRescuing) this.read()
  }

  onReceiveStatus(status: { code: number; details: string }): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#call.onStatus(this, status.code, status.details)
  }
}

/** Follows the length prefixes of a stream without keeping its bytes. */
class FrameWatch {
  totalBytes = 0
  readonly #maxBytes: number
  #prefixBytes = 0
  /** Of the message, or of its prefix while that is not complete. */
  #sizeBytes = 0
  #leftBytes = 0
  #isOver = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** True when the bytes so far do not end with a frame. */
  get isInside(): boolean {
    return this.#prefixBytes > 0 || this.#leftBytes > 0
  }

  /** True for a whole frame with a message that is larger than allowed. */
  refuses(frame: Buffer): boolean {
    return frame.length - prefixBytes > this.#maxBytes
  }

  /** Looks at the next bytes; tells once the size of a message that is larger than allowed. */
  push(chunk: Buffer): number | undefined {
    this.totalBytes += chunk.length
    let at = 0
    while (at < chunk.length && !this.#isOver) {
      if (this.#leftBytes > 0) {
        const part = Math.min(this.#leftBytes, chunk.length - at)
        this.#leftBytes -= part
        at += part
        continue
      }
      if (this.#prefixBytes > 0) this.#sizeBytes = this.#sizeBytes * 256 + (chunk[at] as number)
      at++
      this.#prefixBytes++
      if (this.#prefixBytes < prefixBytes) continue
      const sizeBytes = this.#sizeBytes
      this.#prefixBytes = 0
      this.#sizeBytes = 0
      this.#leftBytes = sizeBytes
      this.#isOver = sizeBytes > this.#maxBytes
      if (this.#isOver) return sizeBytes
    }
    return undefined
  }
}

function okTrailers(): IncomingHttpHeaders {
  return { 'grpc-status': '0' }
}

/** Leaves grpc-js nothing to read in a header block but that all is well: it would complain of odd ones on stderr. */
function showEmpty(headers: IncomingHttpHeaders, isLast: boolean): void {
  for (const name of Object.keys(headers)) delete headers[name]
  if (isLast) headers['grpc-status'] = '0'
}
