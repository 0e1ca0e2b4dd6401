/**
 * Readable streams with default controllers and readers, step by step as in the Streams Standard
 * (https://streams.spec.whatwg.org/#rs). Byte streams, pipes and tees are not among what k6 has. Own code and no library: it
 * must work in a VM whose script replaced the built-ins, and each promise job that it saves saves an entry into the VM.
 */
import { call, isNaNNumber, NativeRangeError, NativeTypeError, toNumber, toText, whenSettled } from './primordials.js'
import {
  type Controller,
  cancelStream,
  closeController,
  enqueue,
  type Fn,
  failController,
  failReader,
  given,
  mayEnqueue,
  newDeferred,
  promiseOf,
  pullIfNeeded,
  Queue,
  type Reader,
  type ReadResult,
  readFrom,
  rejected,
  type Stream,
} from './stream-slots.js'

const ignore = () => {}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** A dictionary of Web IDL, of which null and undefined have no members. */
function dictionary(value: unknown, what: string): Record<string, unknown> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw new NativeTypeError(`${what} must be an object`)
  return value as Record<string, unknown>
}

function callback(value: unknown, name: string): Fn | undefined {
  if (value !== undefined && typeof value !== 'function') throw new NativeTypeError(`${name} must be a function`)
  return value as Fn | undefined
}

const isReleased = () => new NativeTypeError('the reader was released')

/** Lets the classes below see the slots of each other's instances. */
let streamOf: (value: unknown) => Stream | undefined
let newController: (slots: Controller) => ReadableStreamDefaultController

/** Handed to the functions of a source. Scripts cannot make one. */
class ReadableStreamDefaultController {
  #slots!: Controller

  static {
    newController = (slots) => {
      const controller = new ReadableStreamDefaultController()
      controller.#slots = slots
      return controller
    }
  }

  /** How much the queue can take, by the strategy; null once the stream has failed. */
  get desiredSize(): number | null {
    const { stream, highWaterMark, totalSize } = this.#slots
    return stream.status === 'errored' ? null : stream.status === 'closed' ? 0 : highWaterMark - totalSize
  }

  close(): void {
    const slots = this.#slots
    if (!mayEnqueue(slots)) throw new NativeTypeError('the stream is closed or failed and cannot be closed again')
    slots.isCloseRequested = true
    if (slots.queue.isEmpty) closeController(slots)
  }

  enqueue(chunk?: unknown): void {
    if (!mayEnqueue(this.#slots)) throw new NativeTypeError('the stream is closed or failed and takes no chunk')
    enqueue(this.#slots, chunk)
  }

  error(reason?: unknown): void {
    failController(this.#slots, reason)
  }
}

export class ReadableStream {
  readonly #stream: Stream

  static {
    streamOf = (value) => (isObject(value) && #stream in value ? (value as ReadableStream).#stream : undefined)
  }

  /** @throws {TypeError|RangeError} for a source or a strategy with members of another kind, and what `start` throws */
  constructor(underlyingSource?: unknown, strategy?: unknown) {
    const { highWaterMark, size } = dictionary(strategy, 'the strategy')
    const most = highWaterMark === undefined ? 1 : toNumber(highWaterMark)
    if (isNaNNumber(most) || most < 0) throw new NativeRangeError('highWaterMark must be a number of 0 or more')
    if (underlyingSource === null) throw new NativeTypeError('the underlying source must be an object')
    const source = dictionary(underlyingSource, 'the underlying source')
    const cancel = callback(source.cancel, 'cancel')
    const pull = callback(source.pull, 'pull')
    const start = callback(source.start, 'start')
    const { type } = source
    if (type !== undefined && toText(type) !== 'default') {
      throw new NativeTypeError(`the type of an underlying source can only be 'default', not '${toText(type)}'`)
    }
    const stream: Stream = {
      status: 'readable',
      storedError: undefined,
      reader: undefined,
      controller: undefined as never,
    }
    const slots: Controller = {
      stream,
      highWaterMark: most,
      queue: new Queue(),
      totalSize: 0,
      isStarted: false,
      isPulling: false,
      mustPullAgain: false,
      isCloseRequested: false,
      size: callback(size, 'size'),
      pull: pull === undefined ? undefined : () => call(pull, source, controller),
      cancel: cancel === undefined ? undefined : (reason) => call(cancel, source, reason),
    }
    stream.controller = slots
    this.#stream = stream
    const controller = newController(slots)
    const started = start === undefined ? undefined : call(start, source, controller)
    whenSettled(
      promiseOf(() => started),
      () => {
        slots.isStarted = true
        pullIfNeeded(slots)
      },
      (e) => failController(slots, e),
    )
  }

  get locked(): boolean {
    return this.#stream.reader !== undefined
  }

  /** Ends the stream, whatever is in its queue. */
  cancel(reason?: unknown): Promise<undefined> {
    const stream = streamOf(this)
    if (stream === undefined) return rejected(new NativeTypeError('cancel() is a method of ReadableStream'))
    if (stream.reader !== undefined) return rejected(new NativeTypeError('a stream with a reader cannot be cancelled'))
    return cancelStream(stream, reason)
  }

  /** @throws {TypeError} when the stream has a reader, or another kind of reader is asked for */
  getReader(options?: unknown): ReadableStreamDefaultReader {
    const { mode } = dictionary(options, 'the options')
    if (mode !== undefined) throw new NativeTypeError(`there are no readers of the mode '${toText(mode)}'`)
    return new ReadableStreamDefaultReader(this)
  }
}

export class ReadableStreamDefaultReader {
  readonly #reader: Reader

  /** @throws {TypeError} for what is no stream, and for one that has a reader */
  constructor(stream?: unknown) {
    const slots = streamOf(stream)
    if (slots === undefined) throw new NativeTypeError('a reader needs a ReadableStream')
    if (slots.reader !== undefined) throw new NativeTypeError('the stream has a reader already')
    const closed = newDeferred<undefined>()
    // A stream's failure is told by its reads; nobody has to look at `closed` too.
    whenSettled(closed.promise, undefined, ignore)
    this.#reader = { stream: slots, closed, requests: new Queue() }
    slots.reader = this.#reader
    if (slots.status === 'closed') closed.resolve(undefined)
    else if (slots.status === 'errored') closed.reject(slots.storedError)
  }

  /** Fulfilled when the stream is closed, rejected when it fails or the reader is released. */
  get closed(): Promise<undefined> {
    return #reader in this ? this.#reader.closed.promise : rejected(new NativeTypeError('closed is of a reader'))
  }

  cancel(reason?: unknown): Promise<undefined> {
    if (!(#reader in this)) return rejected(new NativeTypeError('cancel() is a method of a reader'))
    const { stream } = this.#reader
    return stream === undefined ? rejected(isReleased()) : cancelStream(stream, reason)
  }

  /** The next chunk. */
  read(): Promise<ReadResult> {
    if (!(#reader in this)) return rejected(new NativeTypeError('read() is a method of a reader'))
    const reader = this.#reader
    const { stream } = reader
    if (stream === undefined) return rejected(isReleased())
    return given((request) => readFrom(stream, reader, request))
  }

  /** Gives the stream free. Reads that are open fail. */
  releaseLock(): void {
    const reader = this.#reader
    const { stream } = reader
    if (stream === undefined) return
    const e = isReleased()
    if (stream.status !== 'readable') {
      reader.closed = newDeferred()
      whenSettled(reader.closed.promise, undefined, ignore)
    }
    reader.closed.reject(e)
    stream.reader = undefined
    reader.stream = undefined
    failReader(reader, e)
  }
}

/** A strategy by which each chunk counts as one. */
export class CountQueuingStrategy {
  readonly #highWaterMark: number

  /** In the standard `highWaterMark` must be given; in k6 it is 1 when it is not. */
  constructor(options?: unknown) {
    const { highWaterMark } = dictionary(options, 'the options')
    this.#highWaterMark = highWaterMark === undefined ? 1 : toNumber(highWaterMark)
  }

  get highWaterMark(): number {
    return this.#highWaterMark
  }

  get size(): () => 1 {
    return one
  }
}

const one = function size(): 1 {
  return 1
}
