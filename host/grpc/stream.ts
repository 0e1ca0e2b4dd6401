/**
 * One `grpc.Stream` of a script: its messages in JSON on one side, bytes on the transport on the other, and how it ends.
 * Both directions are bounded: a server cannot fill the host with messages that the script has not taken, nor a script
 * with messages that the server does not read. Knows nothing of handlers: those are the guest half's.
 */
import { performance } from 'node:perf_hooks'
import { isAppError } from '../../errors.js'
import type { TagSet } from '../../metrics/tag-set.js'
import type { ItemSource } from '../../runtime/event-loop.js'
import type { Utf8Text } from '../../runtime/js-value.js'
import { checkRequestBytes, namingLimit } from '../call-limits.js'
import { Queue } from '../queue.js'
import type { VuContext } from '../vu-context.js'
import type { CallParams } from './call-params.js'
import { addCall, type CallTags, type StreamSeries, streamSeries } from './call-samples.js'
import type { GrpcClient, OpenStream } from './grpc-vu.js'
import { debugObserver } from './http-debug.js'
import { messageText } from './message-text.js'
import { hasNoJson, WireError } from './protojson/proto-json-error.js'
import { readFields } from './protojson/wire-fields.js'
import { malformedWire } from './protojson/wire-reader.js'
import type { MethodDescriptor } from './schema/schema.js'
import { contextCanceled, type Ending, Status } from './status.js'
import {
  canceledByClient,
  errorJson,
  errorOf,
  localError,
  type StreamEnding,
  type StreamError,
  statusError,
  statusJson,
} from './stream-ending.js'
import type { CallStatus, ClientStream, Connection, ReceivedMetadata } from './transport.js'

/** What the script has not taken yet may be so much until the transport pauses: messages, a large one counting for more. */
const windowUnits = 64
/** The transport goes on when no more than so much is left of it. */
const resumeUnits = windowUnits / 2
/** Bytes of a message that count for one, or letters of its JSON: a few bytes may become very many. */
const unitBytes = 16 * 1024

/** Bytes that wait to be sent until `write()` lets the network catch up, and until there is no more room for any. */
const crowdedBytes = 1024 * 1024
const fullBytes = 16 * 1024 * 1024
/** What a message in the queue costs besides its bytes. */
const messageOverheadBytes = 64
/** How long one `write()` waits for the queue to shrink, in ms. Longer might be for ever: the peer may wait for us. */
const longestWaitMs = 20

const noMetadata: ReceivedMetadata = new Map()
/** The ending of a call that this side gave up. */
const cutOff: StreamEnding = { message: '', trailers: noMetadata }

export interface StreamStart {
  vu: VuContext
  /** The number of the stream among those of its VU. */
  id: number
  /**
   * The guest's number for what comes of it: an item for each message, `error`, `end`, `end+` (an error follows). The payload of an
   * end is what `stream.status` resolves with.
   */
  task: number
  client: GrpcClient
  connection: Connection
  method: MethodDescriptor
  params: CallParams
  vuTags: TagSet
}

export class GrpcStream implements OpenStream, ItemSource {
  readonly #start: StreamStart
  readonly #callTags: CallTags
  /** What is counted while it is open; without its peer among the tags until it has begun. */
  #series: StreamSeries
  #remoteIp: string | undefined
  readonly #beganAtMs = performance.now()
  readonly #signal: AbortSignal
  readonly #transport: ClientStream
  #lastMessageAtMs: number | undefined
  #headers = noMetadata
  /** Messages that the transport has no room for. */
  readonly #queue = new Queue<Uint8Array>()
  #queuedBytes = 0
  #isCrowded = false
  #hasEnded = false
  #isOver = false
  #hasBegun = false
  /** Ends the wait for the beginning, with the reason if there is none. */
  #settleOpening: ((refusal: Ending | undefined) => void) | undefined
  #resumeWriter: (() => void) | undefined
  #untakenUnits = 0
  #isPaused = false

  /** Begins the call. It keeps the iteration open until it has ended. See `opening`. */
  constructor(start: StreamStart) {
    const { vu, task, connection, method, params, vuTags } = start
    this.#start = start
    this.#callTags = { method, connection, vuTags, callTags: params.tags }
    this.#series = streamSeries(vu, this.#callTags, undefined)
    this.#signal = vu.abort.signal
    vu.tasks.begin(task, () => this.#drop())
    this.#transport = connection.stream({
      path: method.path,
      metadata: params.metadata,
      isServerStreaming: method.isServerStream,
      observer: debugObserver(vu, () => method),
      ...(params.timeoutMs === undefined ? {} : { deadlineMs: params.timeoutMs }),
      ...(params.compression === undefined ? {} : { compression: params.compression }),
      onStart: (remoteIp) => this.#onStart(remoteIp),
      onHeaders: (headers) => {
        this.#headers = headers
      },
      onMessage: (message) => this.#onMessage(message),
      onEnd: (result) => this.#onEnd(result),
      onDrain: () => this.#flush(),
    })
  }

  /** The number of the stream among those of its VU. */
  get id(): number {
    return this.#start.id
  }

  /**
   * Absent when the call is on its way. Otherwise the connection is being dialled, or has failed to be: why the stream
   * could not begin, if so, in which case it is not among `grpc_streams` and no event follows.
   */
  opening(): Promise<Ending | undefined> | undefined {
    if (this.#hasBegun) return undefined
    return new Promise((resolve) => {
      // Until the script goes on, nobody else ends what an interrupted iteration waits for.
      const onAbort = () => this.#transport.cancel()
      this.#signal.addEventListener('abort', onAbort)
      this.#settleOpening = (refusal) => {
        this.#signal.removeEventListener('abort', onAbort)
        resolve(refusal)
      }
    })
  }

  write(json: string): undefined | Promise<undefined> {
    if (this.#isOver) return undefined
    const { method } = this.#start
    if (this.#hasEnded) {
      // The one message of such a method is its end.
      this.#fail(statusError({ status: Status.internal, message: 'SendMsg called after CloseSend' }))
      return undefined
    }
    let message: Uint8Array
    try {
      message = method.input.encode(json)
    } catch (e) {
      if (!isAppError(e)) throw e
      this.#fail(localError(`can't serialise request object to protocol buffer: ${e.message}`), false)
      return undefined
    }
    checkRequestBytes(this.#start.vu, message.length, 'the message')
    if (!method.isClientStream) this.#hasEnded = true
    this.#queue.push(message)
    this.#queuedBytes += message.length + messageOverheadBytes
    if (!this.#isCrowded) this.#flush()
    if (this.#queuedBytes > fullBytes) {
      const text = `messages of ${fullBytes / 1024 / 1024} MB wait to be sent on this stream, the limit: the server reads too slowly`
      this.#fail(statusError({ status: Status.resourceExhausted, message: text }))
      return undefined
    }
    // A script that must take messages for the server to go on reading cannot wait.
    return this.#queuedBytes > crowdedBytes && this.#untakenUnits < windowUnits ? this.#waitForRoom() : undefined
  }

  end(): void {
    this.#hasEnded = true
    if (!this.#isOver && this.#queuedBytes === 0) this.#transport.end()
  }

  /** The script takes a message. */
  onTaken(units: number): void {
    this.#untakenUnits -= units
    if (!this.#isPaused || this.#untakenUnits > resumeUnits) return
    this.#isPaused = false
    this.#transport.resume()
  }

  cancel(): void {
    if (!this.#isOver) this.#measure(Status.unknown, false)
    this.#start.vu.tasks.end(this.#start.task)
  }

  /** Hands the transport what it has room for. */
  #flush(): void {
    this.#isCrowded = false
    while (!this.#isOver && !this.#isCrowded && this.#queuedBytes > 0) {
      const message = this.#queue.shift() as Uint8Array
      this.#queuedBytes -= message.length + messageOverheadBytes
      this.#isCrowded = !this.#transport.write(message)
      if (!this.#signal.aborted) this.#series.sent.add(1)
    }
    if (this.#isOver || this.#queuedBytes > 0) return
    this.#resumeWriter?.()
    if (this.#hasEnded) this.#transport.end()
  }

  #waitForRoom(): Promise<undefined> {
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer)
        this.#resumeWriter = undefined
        resolve(undefined)
      }
      const timer = setTimeout(go, longestWaitMs)
      this.#resumeWriter = go
    })
  }

  #onStart(remoteIp: string): void {
    this.#remoteIp = remoteIp
    this.#series = streamSeries(this.#start.vu, this.#callTags, remoteIp)
    // However often it is made again, it is one stream.
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#series.streams.add(1)
    this.#settleOpening?.(undefined)
  }

  #onMessage(message: Uint8Array): void {
    if (this.#isOver) return
    const { received, timeToFirst, timeBetween } = this.#series
    const isTimed = timeToFirst !== undefined || timeBetween !== undefined
    const arrivedAtMs = isTimed ? performance.now() : 0
    let text: string | Utf8Text
    try {
      text = this.#textOf(message)
    } catch (e) {
      this.#onUnreadable(e)
      return
    }
    const { vu, task } = this.#start
    if (!this.#signal.aborted) {
      received.add(1)
      if (isTimed) this.#addTime(arrivedAtMs)
    }
    const size = typeof text === 'string' ? text.length : text.byteLength
    const units = 1 + Math.floor(Math.max(message.length, size) / unitBytes)
    this.#untakenUnits += units
    vu.tasks.postItem(task, text, this, units)
    if (this.#untakenUnits < windowUnits) return
    this.#isPaused = true
    this.#transport.pause()
  }

  #addTime(arrivedAtMs: number): void {
    const { timeToFirst, timeBetween } = this.#series
    const before = this.#lastMessageAtMs
    this.#lastMessageAtMs = arrivedAtMs
    if (before === undefined) timeToFirst?.add(arrivedAtMs - this.#beganAtMs)
    else timeBetween?.add(arrivedAtMs - before)
  }

  #textOf(message: Uint8Array): string | Utf8Text {
    const { method, params } = this.#start
    if (!params.discardsResponse) return messageText('', method.output.decodeApart(message))
    // Also a message that the script does not want must be one.
    for (const _ of readFields(message));
    return '{}'
  }

  #onUnreadable(e: unknown): void {
    if (hasNoJson(e)) {
      this.#abandon()
      this.#measure(Status.unknown, false)
      this.#tell(localError(`failed to marshal the message: ${e.message}`))
    } else if (e instanceof WireError || e === malformedWire) {
      const reason = e instanceof WireError ? e.message : 'proto:\u00a0cannot parse invalid wire-format data'
      const ending = { status: Status.internal, message: `grpc: failed to unmarshal the received message: ${reason}` }
      this.#abandon()
      this.#measure(ending.status)
      this.#tell(statusError(ending))
    } else {
      this.#abandon()
      this.#measure(Status.unknown, false)
      this.#tell(localError('internal error'))
      this.#start.vu.services.onInternalError(e)
    }
  }

  #onEnd(given: CallStatus): void {
    if (this.#isOver) return
    this.#isOver = true
    const { vu, client, params } = this.#start
    const { timeoutMs, isTimeCapped } = params
    const isTimeUp =
      given.status === Status.deadlineExceeded && performance.now() - this.#beganAtMs >= (timeoutMs ?? Infinity)
    const result = namingLimit(vu, given, isTimeUp && isTimeCapped, given.isTooLarge && client.isReceiveCapped)
    // k6 keeps no sample of a call whose own time was up: its context is done by then.
    this.#measure(result.status, !isTimeUp)
    if (!this.#hasBegun) {
      this.#settleOpening?.(result)
      this.#start.vu.tasks.end(this.#start.task)
      return
    }
    this.#headers = result.headers
    this.#tell(errorOf(result, this.#start.client.schema), result)
  }

  /** Ends the call because of what the script wrote. k6 goes on reading, and so tells of the cancelled call as well. */
  #fail(error: StreamError, hasDuration = true): void {
    this.#abandon()
    this.#measure(error.code, hasDuration)
    this.#tell(error, cutOff, canceledByClient)
  }

  /** The iteration is over, or the script wants no more. */
  #drop(): void {
    this.#abandon()
    this.#settleOpening?.(contextCanceled)
    this.#start.vu.grpc.removeStream(this.#start.id)
  }

  #abandon(): void {
    this.#isOver = true
    this.#queue.clear()
    this.#queuedBytes = 0
    this.#transport.cancel()
    this.#resumeWriter?.()
  }

  /** The samples of a call that has ended by itself; k6 has no duration for some endings. */
  #measure(status: number, hasDuration = true): void {
    if (this.#signal.aborted) return
    const { vu } = this.#start
    const durationMs = hasDuration ? performance.now() - this.#beganAtMs : undefined
    addCall(vu, this.#callTags, status, durationMs, this.#remoteIp)
  }

  /** The last events of the script: the error if there was one, the end, and an error that k6 finds only after it. */
  #tell(error: StreamError | undefined, ending: StreamEnding = cutOff, afterEnd?: StreamError): void {
    const { vu, task, id } = this.#start
    this.#queue.clear()
    this.#resumeWriter?.()
    if (error !== undefined) vu.tasks.post(task, 'error', errorJson(error), false)
    const status = statusJson(error, ending, this.#headers)
    vu.tasks.post(task, afterEnd === undefined ? 'end' : 'end+', status, afterEnd === undefined)
    if (afterEnd !== undefined) vu.tasks.post(task, 'error', errorJson(afterEnd), true)
    vu.grpc.removeStream(id)
  }
}
