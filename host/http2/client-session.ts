/**
 * The client's side of an HTTP/2 connection (RFC 9113) on an open socket: streams, both directions of flow control, what
 * peers may change on the way, and their loss. Trusts the peer in nothing. Knows no gRPC and does not dial.
 */
import type { Socket } from 'node:net'
import { ClientStream, type StreamCarrier, type StreamOwner } from './client-stream.js'
import { defaultMaxFrameBytes, frameHeaderBytes, mostWindowBytes, Setting } from './frame-format.js'
import { FrameReader, type FrameSink } from './frame-reader.js'
import {
  clientPreface,
  headersBytes,
  pingBytes,
  resetBytes,
  settingsAckBytes,
  windowUpdateBytes,
  writeDataHeader,
  writeGoaway,
  writeHeaders,
  writePing,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from './frame-writer.js'
import { type DecodedBlock, HpackDecoder } from './hpack-decoder.js'
import { HpackEncoder } from './hpack-encoder.js'
import { defaultTableBytes } from './hpack-table.js'
import { ErrorCode, Http2Error } from './http2-error.js'
import { Outbox } from './outbox.js'
import { ReceiveWindow } from './receive-window.js'
import { statusOf } from './response-fields.js'
import { StreamTable } from './stream-table.js'

/** How much the peer may send ahead of the readers, in bytes. */
const streamWindowBytes = 1024 * 1024
const connectionWindowBytes = 4 * 1024 * 1024
/** What every window is until somebody says otherwise. */
const defaultWindowBytes = 65_535
/** A header block that comes in, in bytes: as RFC 9113 counts its fields, and on the wire. */
const maxHeaderListBytes = 65_535
const maxHeaderBlockBytes = 65_535
const maxContinuations = 64
const mostStreamId = 2 ** 31 - 1
/** Frames that move no stream, one after the other within a second, until they count as a flood. */
const mostIdleFrames = 10_000
const idleFramesMs = 1000
/** Answers to frames that may wait for a peer that does not read them, in bytes. */
const mostAnswerBytes = 1024 * 1024
/** Frames that are sent are no larger, also where the peer would take them: others have their turn in between. */
const mostSentFrameBytes = 64 * 1024
/** Settings in one frame: each may change all streams. */
const mostSettings = 100
/** What may still come of a stream that was closed here, beside data: two header blocks, and a reset. */
const lateFramesOfStream = 3
/** How long the last frames of a closed connection may take, in milliseconds. */
const lingerMs = 1000

/** Told of the connection as a whole. None of its functions may throw. */
export interface SessionOwner {
  /** The peer's first settings are there. */
  onReady(): void
  /** No new stream may be opened. */
  onClosing(): void
  /** Everything is over; streams are told next. */
  onLost(): void
  /** Told of an error that is not the peer's, which loses the connection with the code INTERNAL_ERROR. */
  onInternalError(e: unknown): void
}

export interface SessionOptions {
  /** The first stream's number; odd. 1 when absent. */
  firstStreamId?: number
}

/** The end that a peer announced. */
export interface Goaway {
  readonly lastStreamId: number
  readonly code: number
  readonly debug: Buffer
}

export class ClientSession implements FrameSink, StreamCarrier {
  /** Why the connection was lost: what the socket said, or what the peer did wrong. Absent when it just ended. */
  error: Error | undefined
  goaway: Goaway | undefined
  isLost = false
  /** The peer's SETTINGS_MAX_HEADER_LIST_SIZE. */
  peerHeaderListBytes = Number.POSITIVE_INFINITY
  readonly #socket: Socket
  readonly #owner: SessionOwner
  readonly #outbox: Outbox
  readonly #reader: FrameReader
  readonly #encoder = new HpackEncoder()
  readonly #decoder = new HpackDecoder(defaultTableBytes, maxHeaderListBytes)
  readonly #streams = new StreamTable()
  /** Streams without a number, in the order in which they will get one. */
  readonly #queue = new Set<ClientStream>()
  /** Streams with something to send that the peer does not take yet. */
  readonly #blocked = new Set<ClientStream>()
  readonly #window = new ReceiveWindow(connectionWindowBytes)
  #sendWindowBytes = defaultWindowBytes
  #nextId: number
  #hasSettings = false
  #isClosing = false
  /** Of the peer. */
  #maxStreams = Number.POSITIVE_INFINITY
  #initialWindowBytes = defaultWindowBytes
  #maxFrameBytes = defaultMaxFrameBytes
  /** Well-formed responses that were seen last: blocks of nothing but indexes are the same object each time. */
  #knownResponse: DecodedBlock | undefined
  #knownTrailers: DecodedBlock | undefined
  #idleFrames = 0
  #idleSinceMs = 0
  /** Bytes that the peer may have sent of streams that were closed here, and header blocks and resets that it owes for them. */
  #lateBytes = 0
  #lateFrames = 0
  /** Of answers, since all that waited was sent. */
  #answerBytes = 0
  #receivedBytes = 0

  /** Takes the socket over, and sends the preface at once. */
  constructor(socket: Socket, owner: SessionOwner, { firstStreamId = 1 }: SessionOptions = {}) {
    this.#socket = socket
    this.#owner = owner
    this.#nextId = firstStreamId
    this.#outbox = new Outbox(socket, () => this.#onDrain())
    this.#reader = new FrameReader(this, { maxFrameBytes: defaultMaxFrameBytes, maxHeaderBlockBytes, maxContinuations })
    socket.on('error', (e) => this.#lose(e))
    socket.on('end', () => this.#lose(undefined))
    socket.on('close', () => this.#lose(undefined))
    this.#greet()
  }

  /** False once no new stream may be opened. */
  get isUsable(): boolean {
    return !this.#isClosing && !this.isLost
  }

  /** Bytes that were given to the socket, and that came from it. */
  get bytesSent(): number {
    return this.#outbox.sentBytes
  }

  get bytesReceived(): number {
    return this.#receivedBytes
  }

  /** Takes what the socket received. The bytes are the caller's again when this returns. */
  receive(chunk: Buffer): void {
    this.#receivedBytes += chunk.length
    if (this.isLost) return
    // Answers to frames, and new windows, go out with what the readers send now.
    this.#outbox.mayHurry = false
    try {
      this.#reader.push(chunk)
      this.#outbox.mayHurry = true
    } catch (e) {
      this.#break(e)
    }
  }

  /** A stream, which is opened as soon as the peer takes one more. */
  open(owner: StreamOwner): ClientStream {
    const stream = new ClientStream(this, owner, streamWindowBytes)
    if (this.isLost || this.#isClosing) {
      stream.isClosed = true
      queueMicrotask(() => this.#tellLost(stream, true))
    } else if (this.#mayOpen()) this.#start(stream)
    else this.#queue.add(stream)
    return stream
  }

  /** Closes the connection with all streams, whose owners hear nothing more. */
  close(): void {
    for (const stream of [...this.#queue, ...this.#streams.all()]) stream.close(ErrorCode.cancel)
    if (this.isLost) return
    this.#end(ErrorCode.noError)
    this.#owner.onLost()
  }

  // What streams ask for.

  send(stream: ClientStream): void {
    if (stream.id === 0) return
    this.#sendData(stream, Number.POSITIVE_INFINITY)
    if (hasMore(stream)) this.#blocked.add(stream)
  }

  sendWhole(stream: ClientStream, bytes: Buffer, isEnd: boolean): boolean {
    const { length } = bytes
    if (stream.id === 0 || this.#outbox.isFull || length > this.#maxFrameBytes) return false
    if (length > stream.sendWindowBytes || length > this.#sendWindowBytes) return false
    this.#sendFrame(stream, bytes, isEnd)
    // The peer was faster.
    if (isEnd && stream.isRemoteEnded) this.#remove(stream)
    return true
  }

  giveBack(stream: ClientStream, bytes: number): void {
    if (this.isLost || bytes === 0 || stream.isClosed || stream.isRemoteEnded) return
    this.#announce(stream.id, stream.receiveWindow.giveBack(bytes))
  }

  closeStream(stream: ClientStream, code: number): void {
    if (stream.isClosed) return
    if (stream.id !== 0 && !(stream.isLocalEnded && stream.isRemoteEnded)) this.#reset(stream.id, code)
    this.#remove(stream)
  }

  // Frames.

  onHeaders(streamId: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    // Also for a stream that is gone, as the tables of both ends must stay the same.
    const block = this.#decoder.decode(bytes, start, end)
    const stream = this.#streamOf(streamId)
    if (stream === undefined) {
      this.#countLate()
      return
    }
    if (stream.isRemoteEnded) {
      this.#breakStream(stream, ErrorCode.streamClosed)
      return
    }
    if (block.isTooLarge) {
      this.#breakStream(stream, ErrorCode.enhanceYourCalm)
      return
    }
    if (stream.hasResponse) {
      if (!isEnd || !this.#isTrailers(block)) {
        this.#breakStream(stream, ErrorCode.protocolError)
        return
      }
      this.#idleFrames = 0
      this.#endRemote(stream)
      try {
        stream.owner.onTrailers(block)
      } catch (e) {
        this.#breakOver(stream, e)
      }
      return
    }
    if (block !== this.#knownResponse) {
      const status = statusOf(block.fields, false)
      if (status === undefined || (status < 200 && isEnd)) {
        this.#breakStream(stream, ErrorCode.protocolError)
        return
      }
      if (status < 200) {
        this.#countIdle()
        return
      }
      this.#knownResponse = block
    }
    this.#idleFrames = 0
    stream.hasResponse = true
    if (isEnd) this.#endRemote(stream)
    try {
      stream.owner.onHeaders(block, isEnd)
    } catch (e) {
      this.#breakOver(stream, e)
    }
  }

  onData(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    isFrameEnd: boolean,
    isEnd: boolean,
    flowBytes: number,
  ): void {
    const length = end - start
    if (!this.#window.take(flowBytes))
      throw new Http2Error(ErrorCode.flowControlError, 'more than the connection takes')
    // At once, read or not: streams that are not read must not hold up the others.
    this.#announce(0, this.#window.giveBack(flowBytes))
    const stream = this.#streamOf(streamId)
    if (stream === undefined) {
      this.#countLateData(flowBytes)
      return
    }
    const isOver = !stream.receiveWindow.take(flowBytes)
    if (isOver || stream.isRemoteEnded || !stream.hasResponse) {
      const code = stream.isRemoteEnded ? ErrorCode.streamClosed : ErrorCode.protocolError
      this.#breakStream(stream, isOver ? ErrorCode.flowControlError : code)
      return
    }
    if (length > 0 || isEnd) this.#idleFrames = 0
    else if (isFrameEnd) this.#countIdle()
    if (flowBytes > length) this.giveBack(stream, flowBytes - length)
    if (isEnd) this.#endRemote(stream)
    if (length === 0 && !isEnd) return
    try {
      stream.owner.onData(bytes, start, end, isEnd)
    } catch (e) {
      this.#breakOver(stream, e)
    }
  }

  onReset(streamId: number, code: number): void {
    const stream = this.#streamOf(streamId)
    if (stream === undefined) {
      this.#countLate()
      return
    }
    this.#remove(stream)
    this.#tellReset(stream, code)
  }

  onSettings(entries: [id: number, value: number][]): void {
    const isFirst = !this.#hasSettings
    this.#hasSettings = true
    this.#countIdle()
    if (entries.length > mostSettings) throw new Http2Error(ErrorCode.enhanceYourCalm, `${entries.length} settings`)
    for (const [id, value] of entries) this.#apply(id, value)
    const { room, at } = this.#answer(settingsAckBytes)
    this.#outbox.at = writeSettingsAck(room, at)
    if (isFirst) this.#owner.onReady()
    this.#pump()
  }

  onSettingsAck(): void {
    this.#countIdle()
  }

  onPing(data: Buffer): void {
    this.#countIdle()
    const { room, at } = this.#answer(pingBytes)
    this.#outbox.at = writePing(room, at, data, true)
  }

  onPingAck(): void {
    this.#countIdle()
  }

  onGoaway(lastStreamId: number, code: number, debug: Buffer): void {
    this.#countIdle()
    const before = this.goaway
    if (lastStreamId > 0 && lastStreamId % 2 === 0) throw wrong('a GOAWAY with a stream of the server')
    if (before !== undefined && lastStreamId > before.lastStreamId) throw wrong('a GOAWAY higher than the one before')
    this.goaway = { lastStreamId, code, debug: Buffer.from(debug) }
    this.#beginClosing()
    for (const stream of this.#streams.all()) {
      if (stream.id <= lastStreamId) continue
      this.#remove(stream)
      this.#tellLost(stream, true)
    }
    this.#endWhenIdle()
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.#countIdle()
    if (streamId === 0) {
      this.#sendWindowBytes += increment
      if (this.#sendWindowBytes > mostWindowBytes)
        throw new Http2Error(ErrorCode.flowControlError, 'a window too large')
    } else {
      const stream = this.#streamOf(streamId)
      if (stream === undefined) return
      stream.sendWindowBytes += increment
      if (stream.sendWindowBytes > mostWindowBytes) {
        this.#breakStream(stream, ErrorCode.flowControlError)
        return
      }
    }
    this.#pump()
  }

  onSkipped(): void {
    this.#countIdle()
  }

  onStreamError(error: Http2Error): void {
    this.#countIdle()
    const stream = this.#streamOf(error.streamId as number)
    if (stream !== undefined) this.#breakStream(stream, error.code)
  }

  // Streams.

  #onDrain(): void {
    try {
      this.#pump()
    } catch (e) {
      this.#break(e)
    }
  }

  #mayOpen(): boolean {
    return this.#hasSettings && this.#streams.size < this.#maxStreams && this.#queue.size === 0 && !this.#outbox.isFull
  }

  /** Gives a stream its number and sends its headers. */
  #start(stream: ClientStream): void {
    const id = this.#nextId
    this.#nextId += 2
    stream.id = id
    stream.sendWindowBytes = this.#initialWindowBytes
    this.#streams.add(stream)
    let block: Buffer
    try {
      block = stream.owner.encodeHeaders(this.#encoder)
    } catch (e) {
      // The encoder has dropped its table, so that the others can go on. A number that was left out is no fault.
      this.#owner.onInternalError(e)
      this.#streams.delete(stream)
      stream.isClosed = true
      stream.hasFailed = true
      queueMicrotask(() => this.#tellReset(stream, ErrorCode.internalError))
      return
    }
    const room = this.#outbox.room(headersBytes(block.length, this.#maxFrameBytes))
    this.#outbox.at = writeHeaders(room, this.#outbox.at, id, block, false, this.#maxFrameBytes)
    // There are no more numbers, so the streams that wait need another connection.
    if (this.#nextId > mostStreamId) this.#beginClosing()
  }

  /** The stream of a frame; undefined for one that is over, of which frames may still be under way. */
  #streamOf(id: number): ClientStream | undefined {
    const stream = this.#streams.get(id)
    if (stream !== undefined) return stream
    if (id % 2 === 0 || id >= this.#nextId) throw wrong(`a frame of stream ${id}, which nobody opened`)
    return undefined
  }

  /** The peer broke the protocol on one stream. */
  #breakStream(stream: ClientStream, code: number): void {
    this.closeStream(stream, code)
    this.#tellReset(stream, code)
  }

  #tellReset(stream: ClientStream, code: number): void {
    try {
      stream.owner.onReset(code)
    } catch (e) {
      this.#breakOver(stream, e)
    }
  }

  #tellLost(stream: ClientStream, isUnseen: boolean): void {
    try {
      stream.owner.onLost(isUnseen)
    } catch (e) {
      // The others have to know as well.
      this.#owner.onInternalError(e)
    }
  }

  #endRemote(stream: ClientStream): void {
    stream.isRemoteEnded = true
    if (stream.isLocalEnded) this.#remove(stream)
  }

  #remove(stream: ClientStream): void {
    if (stream.isClosed) return
    stream.isClosed = true
    if (stream.id !== 0 && !stream.isRemoteEnded) {
      this.#lateBytes += stream.receiveWindow.leftBytes
      this.#lateFrames += lateFramesOfStream
    }
    stream.waiting = undefined
    stream.waitingBytes = 0
    if (this.#blocked.size > 0) this.#blocked.delete(stream)
    if (stream.id === 0) this.#queue.delete(stream)
    else this.#streams.delete(stream)
    if (this.#queue.size > 0) this.#pump()
    if (this.#isClosing) this.#endWhenIdle()
  }

  #isTrailers(block: DecodedBlock): boolean {
    if (block === this.#knownTrailers) return true
    if (statusOf(block.fields, true) === undefined) return false
    this.#knownTrailers = block
    return true
  }

  // Sending.

  #greet(): void {
    const settings = [
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, streamWindowBytes],
      [Setting.maxHeaderListSize, maxHeaderListBytes],
    ] as const
    this.#outbox.append(clientPreface)
    const room = this.#outbox.room(frameHeaderBytes + 6 * settings.length + windowUpdateBytes)
    const at = writeSettings(room, this.#outbox.at, settings)
    this.#outbox.at = writeWindowUpdate(room, at, 0, connectionWindowBytes - defaultWindowBytes)
    this.#outbox.flush()
  }

  /** Goes on where the peer, or the socket, has made room. */
  #pump(): void {
    if (this.isLost || (this.#queue.size === 0 && this.#blocked.size === 0)) return
    for (const stream of this.#queue) {
      if (this.#streams.size >= this.#maxStreams || !this.#hasSettings || this.#outbox.isFull) break
      if (this.#isClosing) break
      this.#queue.delete(stream)
      this.#start(stream)
      if (hasMore(stream) && !stream.isClosed) this.#blocked.add(stream)
    }
    // One frame each, so that a large message does not hold up the others.
    let isMoving = this.#blocked.size > 0
    while (isMoving) {
      isMoving = false
      for (const stream of [...this.#blocked]) {
        if (this.#outbox.isFull) return
        if (stream.isClosed) continue
        if (!this.#sendData(stream, this.#maxFrameBytes)) continue
        isMoving = true
        if (!hasMore(stream)) this.#blocked.delete(stream)
        stream.owner.onSent()
      }
    }
  }

  /** Sends up to about `mostBytes`; false when nothing could be sent. */
  #sendData(stream: ClientStream, mostBytes: number): boolean {
    const waiting = stream.waiting ?? nothing
    let left = mostBytes
    let hasSent = false
    while (waiting.length > 0 && left > 0 && !this.#outbox.isFull) {
      const first = waiting[0] as Buffer
      const rest = first.length - stream.sentOfFirst
      const bytes = Math.min(rest, this.#maxFrameBytes, stream.sendWindowBytes, this.#sendWindowBytes)
      if (bytes <= 0) return hasSent
      const isWhole = bytes === rest
      const isEnd = isWhole && waiting.length === 1 && stream.isEnding
      const part = bytes === first.length ? first : first.subarray(stream.sentOfFirst, stream.sentOfFirst + bytes)
      this.#sendFrame(stream, part, isEnd)
      stream.waitingBytes -= bytes
      left -= bytes
      stream.sentOfFirst += bytes
      if (isWhole) {
        waiting.shift()
        stream.sentOfFirst = 0
      }
      hasSent = true
    }
    if (waiting.length === 0 && stream.isEnding && !stream.isLocalEnded) {
      const room = this.#outbox.room(frameHeaderBytes)
      this.#outbox.at = writeDataHeader(room, this.#outbox.at, 0, stream.id, true)
      stream.isLocalEnded = true
      hasSent = true
    }
    // The peer was faster.
    if (stream.isLocalEnded && stream.isRemoteEnded) this.#remove(stream)
    return hasSent
  }

  /** One frame of DATA, which the peer takes. */
  #sendFrame(stream: ClientStream, bytes: Buffer, isEnd: boolean): void {
    const { length } = bytes
    const room = this.#outbox.room(frameHeaderBytes)
    this.#outbox.at = writeDataHeader(room, this.#outbox.at, length, stream.id, isEnd)
    this.#outbox.append(bytes)
    stream.sendWindowBytes -= length
    this.#sendWindowBytes -= length
    if (isEnd) stream.isLocalEnded = true
    this.#idleFrames = 0
  }

  #announce(streamId: number, increment: number): void {
    if (increment === 0) return
    const room = this.#outbox.room(windowUpdateBytes)
    this.#outbox.at = writeWindowUpdate(room, this.#outbox.at, streamId, increment)
  }

  #reset(streamId: number, code: number): void {
    const room = this.#outbox.room(resetBytes)
    this.#outbox.at = writeReset(room, this.#outbox.at, streamId, code)
  }

  /** Room for the answer to a frame, which a peer may cause without end and never read. */
  #answer(bytes: number): { room: Buffer; at: number } {
    if (this.#outbox.waitingBytes === 0) this.#answerBytes = 0
    this.#answerBytes += bytes
    if (this.#answerBytes > mostAnswerBytes) {
      throw new Http2Error(ErrorCode.enhanceYourCalm, 'answers that nobody reads')
    }
    const room = this.#outbox.room(bytes)
    return { room, at: this.#outbox.at }
  }

  #apply(id: number, value: number): void {
    switch (id) {
      case Setting.headerTableSize:
        this.#encoder.setMaxTableBytes(value)
        break
      case Setting.maxConcurrentStreams:
        this.#maxStreams = value
        break
      case Setting.initialWindowSize: {
        const more = value - this.#initialWindowBytes
        this.#initialWindowBytes = value
        for (const stream of this.#streams.all()) {
          stream.sendWindowBytes += more
          if (stream.sendWindowBytes > mostWindowBytes) {
            throw new Http2Error(ErrorCode.flowControlError, 'a window too large')
          }
        }
        break
      }
      case Setting.maxFrameSize:
        this.#maxFrameBytes = Math.min(value, mostSentFrameBytes)
        break
      case Setting.maxHeaderListSize:
        this.peerHeaderListBytes = value
        break
    }
  }

  /** A frame of a stream that is over. Some were under way when it was closed here. */
  #countLate(): void {
    if (this.#lateFrames > 0) this.#lateFrames--
    else this.#countIdle()
  }

  /** The same for a piece of DATA: as much may come as the windows had left. */
  #countLateData(bytes: number): void {
    if (bytes === 0) this.#countLate()
    else if (bytes <= this.#lateBytes) this.#lateBytes -= bytes
    else this.#countIdle()
  }

  /** A frame that moves no stream: a peer may send a few of them. */
  #countIdle(): void {
    if (!this.#hasSettings) throw wrong('a frame before the settings')
    if (this.#idleFrames === 0) this.#idleSinceMs = performance.now()
    if (++this.#idleFrames <= mostIdleFrames) return
    const now = performance.now()
    if (now - this.#idleSinceMs < idleFramesMs) throw new Http2Error(ErrorCode.enhanceYourCalm, 'a flood of frames')
    this.#idleFrames = 1
    this.#idleSinceMs = now
  }

  // The end.

  #beginClosing(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#owner.onClosing()
    for (const stream of [...this.#queue]) {
      this.#remove(stream)
      this.#tellLost(stream, true)
    }
  }

  #endWhenIdle(): void {
    if (this.#streams.size > 0 || this.#queue.size > 0 || this.isLost) return
    this.#end(ErrorCode.noError)
    this.#owner.onLost()
  }

  /** An error ends everything: the peer's, of which it is told, or ours. */
  #break(e: unknown): void {
    if (e instanceof Http2Error) {
      this.#fail(e)
      return
    }
    this.#owner.onInternalError(e)
    this.#fail(new Http2Error(ErrorCode.internalError, 'an error of ours'))
  }

  /** The owner of a stream has an error, which is ours: nobody knows what else is wrong. */
  #breakOver(stream: ClientStream, e: unknown): void {
    const wasClosed = stream.isClosed
    this.#break(e)
    if (wasClosed) this.#tellLost(stream, false)
  }

  #fail(error: Http2Error): void {
    if (this.isLost) return
    this.#end(error.code)
    this.#loseStreams(error)
  }

  #lose(error: Error | undefined): void {
    if (this.isLost) return
    this.isLost = true
    this.#reader.close()
    this.#outbox.close()
    this.#socket.destroy()
    this.#loseStreams(error)
  }

  #loseStreams(error: Error | undefined): void {
    this.error = error
    const last = this.goaway?.lastStreamId ?? mostStreamId
    const all = [...this.#streams.all(), ...this.#queue]
    for (const stream of all) if (stream.id !== 0) this.#streams.delete(stream)
    this.#queue.clear()
    this.#blocked.clear()
    for (const stream of all) stream.isClosed = true
    this.#owner.onLost()
    for (const stream of all) this.#tellLost(stream, stream.id === 0 || stream.id > last)
  }

  /** Says goodbye, and closes the socket when that is sent. */
  #end(code: number): void {
    this.isLost = true
    this.#reader.close()
    const room = this.#outbox.room(frameHeaderBytes + 8)
    this.#outbox.at = writeGoaway(room, this.#outbox.at, 0, code)
    this.#outbox.flush()
    this.#outbox.close()
    const socket = this.#socket
    socket.destroySoon()
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
    socket.once('close', () => clearTimeout(timer))
  }
}

function hasMore(stream: ClientStream): boolean {
  return stream.waitingBytes > 0 || (stream.isEnding && !stream.isLocalEnded)
}

const nothing: Buffer[] = []

function wrong(what: string): Http2Error {
  return new Http2Error(ErrorCode.protocolError, what)
}
