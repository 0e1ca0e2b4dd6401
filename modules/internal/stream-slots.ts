/**
 * The slots of readable streams, of their readers and controllers, and what is done to them: the abstract operations of the
 * Streams Standard (https://streams.spec.whatwg.org/#rs-abstract-ops, 4.9). The classes are in readable-stream.ts.
 */
import { call, isNaNNumber, NativePromise, NativeRangeError, toNumber, whenSettled } from './primordials.js'

interface Link<T> {
  readonly value: T
  next: Link<T> | undefined
}

/** First in, first out, without the methods of arrays. */
export class Queue<T> {
  #first: Link<T> | undefined
  #last: Link<T> | undefined

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  add(value: T): void {
    const link: Link<T> = { value, next: undefined }
    if (this.#last === undefined) this.#first = link
    else this.#last.next = link
    this.#last = link
  }

  take(): T {
    const { value, next } = this.#first!
    this.#first = next
    if (next === undefined) this.#last = undefined
    return value
  }

  clear(): void {
    this.#first = undefined
    this.#last = undefined
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T | PromiseLike<T>): void
  reject(reason: unknown): void
}

export function newDeferred<T>(): Deferred<T> {
  let resolve!: Deferred<T>['resolve']
  let reject!: Deferred<T>['reject']
  const promise = new NativePromise<T>((onValue, onReason) => {
    resolve = onValue
    reject = onReason
  })
  return { promise, resolve, reject }
}

/** A promise that scripts get: its rejection is theirs to handle. */
export function given<T>(settle: (deferred: Deferred<T>) => void): Promise<T> {
  const deferred = newDeferred<T>()
  settle(deferred)
  return deferred.promise
}

export const rejected = (reason: unknown): Promise<never> => given((deferred) => deferred.reject(reason))

/** What `run` returns, or a rejection with what it throws. */
export function promiseOf(run: () => unknown): Promise<unknown> {
  const deferred = newDeferred<unknown>()
  try {
    deferred.resolve(run())
  } catch (e) {
    deferred.reject(e)
  }
  return deferred.promise
}

export type ReadResult = { value: unknown; done: false } | { value: undefined; done: true }

export type Fn = (...args: unknown[]) => unknown

export interface Stream {
  status: 'readable' | 'closed' | 'errored'
  storedError: unknown
  reader: Reader | undefined
  controller: Controller
}

export interface Reader {
  stream: Stream | undefined
  closed: Deferred<undefined>
  readonly requests: Queue<Deferred<ReadResult>>
}

/** The controller's slots. The functions of the source are forgotten as soon as none of them can be called any more. */
export interface Controller {
  readonly stream: Stream
  readonly highWaterMark: number
  readonly queue: Queue<{ chunk: unknown; size: number }>
  totalSize: number
  isStarted: boolean
  isPulling: boolean
  mustPullAgain: boolean
  isCloseRequested: boolean
  size: Fn | undefined
  pull: (() => unknown) | undefined
  cancel: ((reason: unknown) => unknown) | undefined
}

function closeStream(stream: Stream): void {
  stream.status = 'closed'
  const { reader } = stream
  if (reader === undefined) return
  reader.closed.resolve(undefined)
  while (!reader.requests.isEmpty) reader.requests.take().resolve({ value: undefined, done: true })
}

export function failReader(reader: Reader, e: unknown): void {
  while (!reader.requests.isEmpty) reader.requests.take().reject(e)
}

function failStream(stream: Stream, e: unknown): void {
  stream.status = 'errored'
  stream.storedError = e
  const { reader } = stream
  if (reader === undefined) return
  reader.closed.reject(e)
  failReader(reader, e)
}

export function cancelStream(stream: Stream, reason: unknown): Promise<undefined> {
  if (stream.status === 'closed') return given((deferred) => deferred.resolve(undefined))
  if (stream.status === 'errored') return rejected(stream.storedError)
  const { controller } = stream
  closeStream(stream)
  controller.queue.clear()
  controller.totalSize = 0
  const { cancel } = controller
  const done = promiseOf(() => cancel?.(reason))
  forgetSource(controller)
  return given((deferred) => whenSettled(done, () => deferred.resolve(undefined), deferred.reject))
}

function forgetSource(controller: Controller): void {
  controller.pull = undefined
  controller.cancel = undefined
  controller.size = undefined
}

export const mayEnqueue = ({ isCloseRequested, stream }: Controller): boolean =>
  !isCloseRequested && stream.status === 'readable'

function shouldPull(controller: Controller): boolean {
  if (!mayEnqueue(controller) || !controller.isStarted) return false
  const { reader } = controller.stream
  return (reader !== undefined && !reader.requests.isEmpty) || controller.highWaterMark - controller.totalSize > 0
}

export function pullIfNeeded(controller: Controller): void {
  if (!shouldPull(controller)) return
  if (controller.isPulling) {
    controller.mustPullAgain = true
    return
  }
  controller.isPulling = true
  whenSettled(
    promiseOf(() => controller.pull?.()),
    () => {
      controller.isPulling = false
      if (!controller.mustPullAgain) return
      controller.mustPullAgain = false
      pullIfNeeded(controller)
    },
    (e) => failController(controller, e),
  )
}

export function failController(controller: Controller, e: unknown): void {
  if (controller.stream.status !== 'readable') return
  controller.queue.clear()
  controller.totalSize = 0
  forgetSource(controller)
  failStream(controller.stream, e)
}

/** The size of a chunk by the strategy; one that is no size is an error of the stream. */
function sizeOf(controller: Controller, chunk: unknown): number {
  try {
    const size = controller.size === undefined ? 1 : toNumber(call(controller.size, undefined, chunk))
    if (isNaNNumber(size) || size < 0 || size === Infinity) {
      throw new NativeRangeError('the size of a chunk must be a finite number of 0 or more')
    }
    return size
  } catch (e) {
    failController(controller, e)
    throw e
  }
}

export function enqueue(controller: Controller, chunk: unknown): void {
  const { reader } = controller.stream
  if (reader !== undefined && !reader.requests.isEmpty) {
    reader.requests.take().resolve({ value: chunk, done: false })
  } else {
    const size = sizeOf(controller, chunk)
    controller.queue.add({ chunk, size })
    controller.totalSize += size
  }
  pullIfNeeded(controller)
}

export function closeController(controller: Controller): void {
  forgetSource(controller)
  closeStream(controller.stream)
}

export function readFrom(stream: Stream, reader: Reader, request: Deferred<ReadResult>): void {
  if (stream.status === 'closed') {
    request.resolve({ value: undefined, done: true })
    return
  }
  if (stream.status === 'errored') {
    request.reject(stream.storedError)
    return
  }
  const { controller } = stream
  if (controller.queue.isEmpty) {
    reader.requests.add(request)
    pullIfNeeded(controller)
    return
  }
  const { chunk, size } = controller.queue.take()
  // Sizes are fractions too, and sums of them are not exact.
  controller.totalSize = controller.queue.isEmpty ? 0 : controller.totalSize - size
  if (controller.isCloseRequested && controller.queue.isEmpty) closeController(controller)
  else pullIfNeeded(controller)
  request.resolve({ value: chunk, done: false })
}
