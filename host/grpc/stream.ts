/**
 * One `grpc.Stream` of a script: its messages in JSON on one side, bytes on the transport on the other, and how it ends.
 * Both directions are bounded: a server cannot fill the host with messages that the script has not taken, nor a script
 * with messages that the server does not read. Knows nothing of handlers: those are the guest half's.
 */
import { performance } from 'node:perf_hooks'
import { isAppError } from '../../errors.js'
import type { TagSet } from '../../metrics/tag-set.js'
import type { VuContext } from '../vu-context.js'
import type { CallParams } from './call-params.js'
import { addCount, addDuration, type CallTags, countTags } from './call-samples.js'
import type { GrpcClient, OpenStream } from './grpc-vu.js'
import { ProtoJsonError, WireError } from './protojson/proto-json-error.js'
import { readFields } from './protojson/wire-fields.js'
import { malformedWire } from './protojson/wire-reader.js'
import { readRpcStatus } from './schema/rpc-status.js'
import type { MethodDescriptor } from './schema/schema.js'
import { type Ending, Status, statusName } from './status.js'
import type { CallStatus, ClientStream, Connection } from './transport.js'

/** What the script has not taken yet may be so much until the transport pauses: messages, a large one counting for more. */
const windowUnits = 16
/** The guest half says what it took each time it has come so far. */
const markUnits = windowUnits / 2
/** Bytes of a message that count for one. */
const unitBytes = 64 * 1024

/** Bytes that wait to be sent until `write()` lets the network catch up, and until there is no more room for any. */
const crowdedBytes = 1024 * 1024
const fullBytes = 16 * 1024 * 1024
/** What a message in the queue costs besides its bytes. */
const messageOverheadBytes = 64
/** How long one `write()` waits for the queue to shrink, in ms. Longer might be for ever: the peer may wait for us. */
const longestWaitMs = 20

/** What an `error` handler gets, and the same as k6 writes it to the log. */
interface StreamError {
  code: number
  message: string
  /** A JSON list. */
  details: string
  logText: string
}

/** k6 has one text for every call that was cancelled, by whomever, and the code of an error that is no status. */
const canceledByClient = localError('canceled by client (k6)')

function localError(message: string): StreamError {
  return { code: Status.unknown, message, details: '[]', logText: message }
}

function statusError({ status, message }: Ending, details = '[]'): StreamError {
  if (status === Status.canceled) return canceledByClient
  return { code: status, message, details, logText: rpcErrorText({ status, message }) }
}

/** A status in the words of Go's error: `rpc error: code = NotFound desc = no such thing`. */
export function rpcErrorText({ status, message }: Ending): string {
  return `rpc error: code = ${statusName(status)} desc = ${message}`
}

export interface StreamStart {
  vu: VuContext
  /** The number of the stream among those of its VU. */
  id: number
  /** The guest's number for what comes of it: `data`, `data+` (tell when it is taken), `error`, `end`. */
  task: number
  client: GrpcClient
  connection: Connection
  method: MethodDescriptor
  params: CallParams
  vuTags: TagSet
}

export class GrpcStream implements OpenStream {
  readonly #start: StreamStart
  readonly #callTags: CallTags
  readonly #tags: TagSet
  readonly #beganAtMs = performance.now()
  readonly #signal: AbortSignal
  readonly #transport: ClientStream
  /** Messages that the transport has no room for. */
  #queue: Uint8Array[] = []
  /** Where the queue begins: taking a long array's first member again and again would move all others each time. */
  #sentOfQueue = 0
  #queuedBytes = 0
  #isCrowded = false
  #hasEnded = false
  #isOver = false
  #resumeWriter: (() => void) | undefined
  #untakenUnits = 0
  #unmarkedUnits = 0
  /** Units up to each mark that the guest has not reached. */
  #marks: number[] = []

  /** Begins the call. It keeps the iteration open until it has ended. */
  constructor(start: StreamStart) {
    const { vu, task, connection, method, params, vuTags } = start
    this.#start = start
    this.#callTags = { method, connection, vuTags, callTags: params.tags }
    this.#tags = countTags(vu, this.#callTags)
    this.#signal = vu.abort.signal
    vu.tasks.begin(task, () => this.#drop())
    this.#transport = connection.stream({
      path: method.path,
      metadata: params.metadata,
      isServerStreaming: method.isServerStream,
      ...(params.timeoutMs === undefined ? {} : { deadlineMs: params.timeoutMs }),
      onMessage: (message) => this.#onMessage(message),
      onEnd: (result) => this.#onEnd(result),
      onDrain: () => this.#flush(),
    })
    addCount(vu, 'grpc_streams', this.#tags)
  }

  write(json: string): undefined | Promise<undefined> {
    if (this.#isOver) return undefined
    const { method } = this.#start
    if (this.#hasEnded) {
      // The one message of such a method is its end.
      this.#fail(statusError({ status: Status.internal, message: 'SendMsg called after CloseSend' }), Status.internal)
      return undefined
    }
    let message: Uint8Array
    try {
      message = method.input.encode(json)
    } catch (e) {
      if (!isAppError(e)) throw e
      this.#fail(localError(`can't serialise request object to protocol buffer: ${e.message}`))
      return undefined
    }
    if (!method.isClientStream) this.#hasEnded = true
    this.#queue.push(message)
    this.#queuedBytes += message.length + messageOverheadBytes
    if (!this.#isCrowded) this.#flush()
    if (this.#queuedBytes > fullBytes) {
      const text = `messages of ${fullBytes / 1024 / 1024} MB wait to be sent on this stream, the limit: the server reads too slowly`
      this.#fail(statusError({ status: Status.resourceExhausted, message: text }), Status.resourceExhausted)
      return undefined
    }
    // A script that must take messages for the server to go on reading cannot wait.
    return this.#queuedBytes > crowdedBytes && this.#untakenUnits < windowUnits ? this.#waitForRoom() : undefined
  }

  end(): void {
    this.#hasEnded = true
    if (!this.#isOver && this.#queuedBytes === 0) this.#transport.end()
  }

  acknowledge(): void {
    const units = this.#marks.shift()
    if (units === undefined) return
    const wasFull = this.#untakenUnits >= windowUnits
    this.#untakenUnits -= units
    if (wasFull && this.#untakenUnits < windowUnits) this.#transport.resume()
  }

  cancel(): void {
    this.#start.vu.tasks.end(this.#start.task)
  }

  /** Hands the transport what it has room for. */
  #flush(): void {
    this.#isCrowded = false
    const { vu } = this.#start
    while (!this.#isOver && !this.#isCrowded && this.#queuedBytes > 0) {
      const message = this.#queue[this.#sentOfQueue++] as Uint8Array
      this.#queuedBytes -= message.length + messageOverheadBytes
      this.#isCrowded = !this.#transport.write(message)
      if (!this.#signal.aborted) addCount(vu, 'grpc_streams_msgs_sent', this.#tags)
    }
    if (this.#sentOfQueue * 2 >= this.#queue.length) {
      this.#queue.splice(0, this.#sentOfQueue)
      this.#sentOfQueue = 0
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

  #onMessage(message: Uint8Array): void {
    if (this.#isOver) return
    let json: string
    try {
      json = this.#jsonOf(message)
    } catch (e) {
      this.#onUnreadable(e)
      return
    }
    const { vu, task } = this.#start
    if (!this.#signal.aborted) addCount(vu, 'grpc_streams_msgs_received', this.#tags)
    const units = 1 + Math.floor(message.length / unitBytes)
    this.#untakenUnits += units
    this.#unmarkedUnits += units
    const isMark = this.#unmarkedUnits >= markUnits
    if (isMark) {
      this.#marks.push(this.#unmarkedUnits)
      this.#unmarkedUnits = 0
    }
    vu.tasks.post(task, isMark ? 'data+' : 'data', json, false)
    if (this.#untakenUnits >= windowUnits) this.#transport.pause()
  }

  #jsonOf(message: Uint8Array): string {
    if (!this.#start.params.discardsResponse) return this.#start.method.output.decode(message)
    // Also a message that the script does not want must be one.
    for (const _ of readFields(message));
    return '{}'
  }

  #onUnreadable(e: unknown): void {
    if (e instanceof ProtoJsonError) {
      this.#abandon()
      this.#tell(localError(`failed to marshal the message: ${e.message}`))
    } else if (e instanceof WireError || e === malformedWire) {
      const reason = e instanceof WireError ? e.message : 'proto:\u00a0cannot parse invalid wire-format data'
      const ending = { status: Status.internal, message: `grpc: failed to unmarshal the received message: ${reason}` }
      this.#abandon()
      this.#measure(ending.status)
      this.#tell(statusError(ending))
    } else {
      this.#abandon()
      this.#tell(localError('internal error'))
      this.#start.vu.services.onInternalError(e)
    }
  }

  #onEnd(result: CallStatus): void {
    if (this.#isOver) return
    this.#isOver = true
    const { timeoutMs } = this.#start.params
    const isTimeUp =
      result.status === Status.deadlineExceeded && performance.now() - this.#beganAtMs >= (timeoutMs ?? Infinity)
    // k6 keeps no sample of a call whose own time was up: its context is done by then.
    if (!isTimeUp) this.#measure(result.status)
    this.#tell(result.status === Status.ok ? undefined : statusError(result, this.#detailsOf(result)))
  }

  /** The details as ProtoJSON; an empty object for each when the type of one is not loaded. */
  #detailsOf({ details }: CallStatus): string {
    if (details === undefined) return '[]'
    const json = this.#start.client.schema.statusDetails(details)
    if (json !== undefined) return JSON.stringify((JSON.parse(json) as { details: unknown[] }).details)
    return JSON.stringify((readRpcStatus(details)?.details ?? []).map(() => ({})))
  }

  /** Ends the call because of what the script wrote. k6 goes on reading, and so tells of the cancelled call as well. */
  #fail(error: StreamError, status?: number): void {
    this.#abandon()
    if (status !== undefined) this.#measure(status)
    this.#tell(error, canceledByClient)
  }

  /** The iteration is over, or the script wants no more. */
  #drop(): void {
    this.#abandon()
    this.#start.vu.grpc.removeStream(this.#start.id)
  }

  #abandon(): void {
    this.#isOver = true
    this.#queue = []
    this.#queuedBytes = 0
    this.#transport.cancel()
    this.#resumeWriter?.()
  }

  #measure(status: number): void {
    if (this.#signal.aborted) return
    addDuration(this.#start.vu, this.#callTags, status, performance.now() - this.#beganAtMs)
  }

  /** The last events of the script: the error if there was one, the end, and an error that k6 finds only after it. */
  #tell(error: StreamError | undefined, afterEnd?: StreamError): void {
    const { vu, task, id } = this.#start
    this.#queue = []
    this.#resumeWriter?.()
    if (error !== undefined) vu.tasks.post(task, 'error', errorJson(error), false)
    vu.tasks.post(task, 'end', afterEnd === undefined, afterEnd === undefined)
    if (afterEnd !== undefined) vu.tasks.post(task, 'error', errorJson(afterEnd), true)
    vu.grpc.removeStream(id)
  }
}

/** A list of the text for the log and the object for the handlers, with k6's order of keys. */
function errorJson({ code, message, details, logText }: StreamError): string {
  return `[${JSON.stringify(logText)},{"code":${code},"details":${details},"message":${JSON.stringify(message)}}]`
}
