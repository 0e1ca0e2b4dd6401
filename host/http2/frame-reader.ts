/**
 * Cuts what a peer sends into frames of HTTP/2 (RFC 9113, sections 4 and 6) and checks all that one frame can tell: lengths,
 * stream numbers, padding, values, and that nothing comes between the parts of a header block. What a frame means for a stream
 * or for a connection, in the state that it is in, is the business of its sink.
 */
import {
  defaultMaxFrameBytes,
  Flag,
  FrameType,
  frameHeaderBytes,
  mostFrameBytes,
  mostWindowBytes,
  Setting,
} from './frame-format.js'
import { ErrorCode, Http2Error } from './http2-error.js'

/**
 * Told of each frame, in order. Bytes that it gets are the caller's again when it returns: they must be copied to be kept.
 * What it throws leaves `push`.
 */
export interface FrameSink {
  /**
   * A piece of a DATA frame, as it came: what stands in `bytes` from `start` to `end`.
   *
   * @param isFrameEnd the last piece of its frame, which may be empty
   * @param isStreamEnd only together with `isFrameEnd`
   * @param flowBytes to be counted for flow control with this piece, padding included
   */
  onData(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    isFrameEnd: boolean,
    isStreamEnd: boolean,
    flowBytes: number,
  ): void
  /** A whole header block, from HEADERS and CONTINUATION: what stands in `bytes` from `start` to `end`. */
  onHeaders(streamId: number, bytes: Buffer, start: number, end: number, isStreamEnd: boolean): void
  onReset(streamId: number, code: number): void
  /** All entries in order, also those whose number nobody knows. */
  onSettings(entries: [id: number, value: number][]): void
  onSettingsAck(): void
  /** `data` has eight bytes. */
  onPing(data: Buffer): void
  onPingAck(data: Buffer): void
  onGoaway(lastStreamId: number, code: number, debug: Buffer): void
  /** `streamId` is 0 for the window of the connection. */
  onWindowUpdate(streamId: number, increment: number): void
  /** A frame that is not told of: PRIORITY, or one of a kind that nobody knows. It may be part of a flood. */
  onSkipped?(): void
  /** An error of one stream, after which reading goes on. Without this function `push` throws it, and the reader drops the rest. */
  onStreamError?(error: Http2Error): void
}

export interface FrameLimits {
  /** What a frame may have: 16,384 bytes, or what was announced in SETTINGS_MAX_FRAME_SIZE. */
  maxFrameBytes: number
  /** What the parts of a header block may have together. */
  maxHeaderBlockBytes: number
  /** CONTINUATION frames of one header block. */
  maxContinuations: number
}

/** What HEADERS may have before and after its block: the padding with its length, and a priority. */
const mostBeforeBlock = 1 + 255 + 5
/** SETTINGS and GOAWAY are kept until they are whole, so they are not as long as DATA may be. */
const maxControlBytes = defaultMaxFrameBytes

const empty = Buffer.alloc(0)

/** What the next bytes are. */
type Part =
  /** Nine bytes that begin a frame. */
  | 'header'
  /** A payload that is kept until it is whole. */
  | 'payload'
  /** A payload that is dropped. */
  | 'skipped'
  /** The byte that says how much padding DATA has. */
  | 'pad-length'
  /** DATA, and its padding. */
  | 'data'

export class FrameReader {
  /** Frames that were begun. */
  frames = 0

  readonly #sink: FrameSink
  readonly #limits: FrameLimits
  #part: Part = 'header'
  #isClosed = false
  /** A frame's header that comes in parts. */
  readonly #head = Buffer.allocUnsafe(frameHeaderBytes)
  #headBytes = 0

  /** The frame that is being read. */
  #type = 0
  #flags = 0
  #streamId = 0
  /** Bytes of its payload that are still to come; of DATA without the padding. */
  #left = 0
  /** Padding of DATA that is still to come. */
  #padding = 0
  /** Bytes of DATA that were not counted with a piece yet. */
  #flow = 0
  /** A payload that comes in parts. */
  #payload = empty
  #payloadBytes = 0

  /** The header block that is not whole yet: its stream, 0 when there is none. */
  #blockStream = 0
  #isBlockStreamEnd = false
  #blockParts: Buffer[] = []
  #blockBytes = 0
  #continuations = 0

  constructor(sink: FrameSink, limits: FrameLimits) {
    this.#sink = sink
    this.#limits = limits
  }

  /** Drops whatever comes from now on, also the rest of the chunk that is just being read. */
  close(): void {
    this.#isClosed = true
    this.#payload = empty
    this.#blockParts = []
  }

  /**
   * Reads what came next. Between calls no more is kept than the header of a frame, a control frame or a header block.
   *
   * @throws {Http2Error} after which the reader drops everything
   */
  push(chunk: Buffer): void {
    try {
      this.#read(chunk)
    } catch (e) {
      this.close()
      throw e
    }
  }

  #read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#isClosed) {
      switch (this.#part) {
        case 'header':
          at = this.#readHeader(chunk, at)
          break
        case 'payload':
          at = this.#readPayload(chunk, at)
          break
        case 'skipped': {
          const taken = Math.min(this.#left, chunk.length - at)
          at += taken
          this.#left -= taken
          if (this.#left === 0) this.#part = 'header'
          break
        }
        case 'pad-length':
          this.#readPadLength(chunk[at++]!)
          // Nothing may be left of the frame, and then nothing needs to come before it ends.
          at = this.#readData(chunk, at)
          break
        case 'data':
          at = this.#readData(chunk, at)
          break
      }
    }
  }

  #readHeader(chunk: Buffer, at: number): number {
    if (this.#headBytes === 0 && chunk.length - at >= frameHeaderBytes) {
      this.#begin(chunk, at)
      return at + frameHeaderBytes
    }
    const taken = Math.min(frameHeaderBytes - this.#headBytes, chunk.length - at)
    chunk.copy(this.#head, this.#headBytes, at, at + taken)
    this.#headBytes += taken
    if (this.#headBytes === frameHeaderBytes) {
      this.#headBytes = 0
      this.#begin(this.#head, 0)
    }
    return at + taken
  }

  #begin(head: Buffer, at: number): void {
    const length = (head[at]! << 16) | (head[at + 1]! << 8) | head[at + 2]!
    const type = head[at + 3]!
    const streamId = uint31(head, at + 5)
    this.frames++
    this.#type = type
    this.#flags = head[at + 4]!
    this.#streamId = streamId
    this.#left = length
    if (length > this.#limits.maxFrameBytes) {
      throw wrongSize(`a frame of ${length} bytes, where ${this.#limits.maxFrameBytes} were announced`)
    }
    if (this.#blockStream !== 0 && (type !== FrameType.continuation || streamId !== this.#blockStream)) {
      throw wrong('another frame within a header block')
    }
    switch (type) {
      case FrameType.data:
        this.#beginData()
        return
      case FrameType.headers:
        this.#onStream('HEADERS')
        this.#checkBlock(length - mostBeforeBlock)
        break
      case FrameType.continuation:
        if (this.#blockStream === 0) throw wrong('CONTINUATION outside of a header block')
        if (++this.#continuations > this.#limits.maxContinuations) {
          throw tooMuch(`a header block of more than ${this.#limits.maxContinuations} CONTINUATION frames`)
        }
        this.#checkBlock(this.#blockBytes + length)
        break
      case FrameType.priority:
        this.#onStream('PRIORITY')
        this.#skip()
        if (length !== 5) this.#failStream(ErrorCode.frameSizeError, `PRIORITY of ${length} bytes`)
        else this.#sink.onSkipped?.()
        return
      case FrameType.reset:
        this.#onStream('RST_STREAM')
        if (length !== 4) throw wrongSize(`RST_STREAM of ${length} bytes`)
        break
      case FrameType.settings:
        this.#onConnection('SETTINGS')
        if (this.#isAck() ? length !== 0 : length % 6 !== 0) throw wrongSize(`SETTINGS of ${length} bytes`)
        this.#checkControl('SETTINGS')
        break
      case FrameType.pushPromise:
        // We say that we take none, which nobody can unsay (section 8.4).
        throw wrong('PUSH_PROMISE')
      case FrameType.ping:
        this.#onConnection('PING')
        if (length !== 8) throw wrongSize(`PING of ${length} bytes`)
        break
      case FrameType.goaway:
        this.#onConnection('GOAWAY')
        if (length < 8) throw wrongSize(`GOAWAY of ${length} bytes`)
        this.#checkControl('GOAWAY')
        break
      case FrameType.windowUpdate:
        if (length !== 4) throw wrongSize(`WINDOW_UPDATE of ${length} bytes`)
        break
      default:
        // Section 5.5: what is not known is ignored.
        this.#skip()
        this.#sink.onSkipped?.()
        return
    }
    if (length > 0) this.#part = 'payload'
    else this.#finish(empty, 0, 0)
  }

  #skip(): void {
    this.#part = this.#left > 0 ? 'skipped' : 'header'
  }

  #readPayload(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#left, chunk.length - at)
    if (this.#payloadBytes === 0) {
      if (taken === this.#left) {
        this.#part = 'header'
        this.#finish(chunk, at, at + taken)
        return at + taken
      }
      this.#payload = Buffer.allocUnsafeSlow(this.#left)
    }
    chunk.copy(this.#payload, this.#payloadBytes, at, at + taken)
    this.#payloadBytes += taken
    this.#left -= taken
    if (this.#left === 0) {
      const payload = this.#payload
      this.#payload = empty
      this.#payloadBytes = 0
      this.#part = 'header'
      this.#finish(payload, 0, payload.length)
    }
    return at + taken
  }

  /** A frame that is whole, with its payload. */
  #finish(bytes: Buffer, start: number, end: number): void {
    const sink = this.#sink
    const streamId = this.#streamId
    switch (this.#type) {
      case FrameType.headers:
        this.#finishHeaders(bytes, start, end)
        break
      case FrameType.continuation:
        this.#addToBlock(bytes, start, end)
        break
      case FrameType.reset:
        sink.onReset(streamId, uint32(bytes, start))
        break
      case FrameType.settings:
        if (this.#isAck()) sink.onSettingsAck()
        else sink.onSettings(settingsIn(bytes, start, end))
        break
      case FrameType.ping:
        if (this.#isAck()) sink.onPingAck(bytes.subarray(start, end))
        else sink.onPing(bytes.subarray(start, end))
        break
      case FrameType.goaway:
        sink.onGoaway(uint31(bytes, start), uint32(bytes, start + 4), bytes.subarray(start + 8, end))
        break
      case FrameType.windowUpdate: {
        const increment = uint31(bytes, start)
        if (increment !== 0) sink.onWindowUpdate(streamId, increment)
        else if (streamId === 0) throw wrong('WINDOW_UPDATE by 0')
        else this.#failStream(ErrorCode.protocolError, 'WINDOW_UPDATE by 0')
        break
      }
    }
  }

  #finishHeaders(bytes: Buffer, from: number, to: number): void {
    let start = from
    let end = to
    if ((this.#flags & Flag.padded) !== 0) {
      if (start === end) throw wrongSize('HEADERS without the length of its padding')
      end -= bytes[start++]!
    }
    if ((this.#flags & Flag.priority) !== 0) start += 5
    if (start > end)
      throw start > to ? wrongSize('HEADERS without its priority') : wrong('HEADERS with too much padding')
    const isStreamEnd = (this.#flags & Flag.endStream) !== 0
    this.#checkBlock(end - start)
    if ((this.#flags & Flag.endHeaders) !== 0) {
      this.#sink.onHeaders(this.#streamId, bytes, start, end, isStreamEnd)
      return
    }
    this.#blockStream = this.#streamId
    this.#isBlockStreamEnd = isStreamEnd
    this.#continuations = 0
    this.#addToBlock(bytes, start, end)
  }

  #addToBlock(bytes: Buffer, start: number, end: number): void {
    // A copy, as the chunk may be large and is its owner's.
    if (end > start) this.#blockParts.push(Buffer.from(bytes.subarray(start, end)))
    this.#blockBytes += end - start
    if (this.#type === FrameType.headers || (this.#flags & Flag.endHeaders) === 0) return
    const block = Buffer.concat(this.#blockParts)
    const streamId = this.#blockStream
    this.#blockStream = 0
    this.#blockParts = []
    this.#blockBytes = 0
    this.#sink.onHeaders(streamId, block, 0, block.length, this.#isBlockStreamEnd)
  }

  #beginData(): void {
    this.#onStream('DATA')
    this.#flow = 0
    this.#padding = 0
    if ((this.#flags & Flag.padded) === 0) {
      this.#part = 'data'
      if (this.#left === 0) this.#readData(empty, 0)
    } else if (this.#left === 0) throw wrongSize('DATA without the length of its padding')
    else this.#part = 'pad-length'
  }

  #readPadLength(padding: number): void {
    this.#flow = 1
    this.#left--
    if (padding > this.#left) throw wrong('DATA with too much padding')
    this.#left -= padding
    this.#padding = padding
    this.#part = 'data'
  }

  #readData(chunk: Buffer, start: number): number {
    const end = start + Math.min(this.#left, chunk.length - start)
    this.#left -= end - start
    const padding = this.#left > 0 ? 0 : Math.min(this.#padding, chunk.length - end)
    this.#padding -= padding
    this.#flow += end - start + padding
    const isFrameEnd = this.#left === 0 && this.#padding === 0
    if (isFrameEnd) this.#part = 'header'
    if (end > start || isFrameEnd) {
      const flow = this.#flow
      this.#flow = 0
      const isStreamEnd = isFrameEnd && (this.#flags & Flag.endStream) !== 0
      this.#sink.onData(this.#streamId, chunk, start, end, isFrameEnd, isStreamEnd, flow)
    }
    return end + padding
  }

  #isAck(): boolean {
    return (this.#flags & Flag.ack) !== 0
  }

  #onStream(name: string): void {
    if (this.#streamId === 0) throw wrong(`${name} without a stream`)
  }

  #onConnection(name: string): void {
    if (this.#streamId !== 0) throw wrong(`${name} on a stream`)
  }

  /** Refused before it is kept. */
  #checkBlock(bytes: number): void {
    const most = this.#limits.maxHeaderBlockBytes
    if (bytes > most) throw tooMuch(`a header block of more than ${most} bytes`)
  }

  #checkControl(name: string): void {
    if (this.#left > maxControlBytes) throw tooMuch(`${name} of ${this.#left} bytes`)
  }

  #failStream(code: number, message: string): void {
    const error = new Http2Error(code, message, this.#streamId)
    if (this.#sink.onStreamError === undefined) throw error
    this.#sink.onStreamError(error)
  }
}

/** The entries of SETTINGS, with the values checked (section 6.5.2). */
function settingsIn(bytes: Buffer, start: number, end: number): [id: number, value: number][] {
  const entries: [id: number, value: number][] = []
  for (let at = start; at < end; at += 6) {
    const id = (bytes[at]! << 8) | bytes[at + 1]!
    const value = uint32(bytes, at + 2)
    // A server never asks for pushes.
    if (id === Setting.enablePush && value !== 0) throw wrong(`SETTINGS_ENABLE_PUSH of ${value}`)
    if (id === Setting.initialWindowSize && value > mostWindowBytes) {
      throw new Http2Error(ErrorCode.flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE of ${value}`)
    }
    if (id === Setting.maxFrameSize && (value < defaultMaxFrameBytes || value > mostFrameBytes)) {
      throw wrong(`SETTINGS_MAX_FRAME_SIZE of ${value}`)
    }
    entries.push([id, value])
  }
  return entries
}

const uint31 = (bytes: Buffer, at: number) => uint32(bytes, at) & 0x7fff_ffff

function uint32(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

function wrong(what: string): Http2Error {
  return new Http2Error(ErrorCode.protocolError, what)
}

function wrongSize(what: string): Http2Error {
  return new Http2Error(ErrorCode.frameSizeError, what)
}

function tooMuch(what: string): Http2Error {
  return new Http2Error(ErrorCode.enhanceYourCalm, what)
}
