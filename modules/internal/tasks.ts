/**
 * The event loop's guest half. Host work that the script does not wait for (timers, asynchronous calls, streams) has a
 * number; the host sends its results here one by one, each as a task of its own.
 */
import { cross, nextItem } from './bridge.js'
import { GoError } from './go-error.js'
import {
  defineProperty,
  mapClear,
  mapDelete,
  mapGet,
  mapSet,
  NativeMap,
  NativePromise,
  now,
  parseJson,
} from './primordials.js'

/** Handles one result. `kind` says which, when the work has several. */
export type TaskHandler = (kind: string, payload: string | number | ArrayBuffer | undefined) => void

/** Handles the many things of one kind that work comes to, and its other results. */
export interface ItemHandler {
  readonly type: 'items'
  /** `ms` is the time, since 1970. Throws where it wants no more. */
  takeItem(item: unknown, ms: number): void
  /** Items came that cannot be read; the VM has no room for them. */
  onUnreadable(thrown: unknown): void
  readonly handle: TaskHandler
}

/** A promise that waits for its result. */
interface Waiting {
  // Its own, as all that is asked for here: a script may have put anything on Object.prototype.
  readonly type: 'promise'
  resolve: (value: unknown) => void
  reject: (reason: unknown) => void
  read: (payload: unknown) => unknown
  errorOf: (payload: unknown) => Error
}

const handlers = new NativeMap<number, TaskHandler | ItemHandler | Waiting>()
let last = 0

/** A number for new host work; its results reach `handler` until `endTask`. */
export function newTask(handler: TaskHandler | ItemHandler): number {
  last += 1
  mapSet(handlers, last, handler)
  return last
}

export function endTask(id: number): boolean {
  return mapDelete(handlers, id)
}

/** k6 rejects with a bare value that prints as its text; ours is an Error besides, with the message where scripts look. */
function taskError(text: string): GoError {
  const error = new GoError(text)
  defineProperty(error, 'toString', { value: () => text, writable: true, configurable: true })
  return error
}

const textError = (text: unknown): Error => taskError(text as string)

// The two functions of the promise that was made last: one function that keeps them serves for all promises.
let lastResolve!: (value: never) => void
let lastReject!: (reason: unknown) => void
const keepFunctions = (resolve: (value: never) => void, reject: (reason: unknown) => void) => {
  lastResolve = resolve
  lastReject = reject
}

/** A promise that host work settles: with what `read` makes of its payload, or with an error, by default a GoError of its message. */
export function promiseOf<T>(
  start: (id: number) => void,
  read: (payload: unknown) => T,
  errorOf: (payload: unknown) => Error = textError,
): Promise<T> {
  const promise = newPromise(read, errorOf)
  const id = last
  try {
    start(id)
  } catch (e) {
    refuse(id, e)
  }
  return promise
}

/** The same for who starts the work itself, under the number `lastTask()`. */
export function newPromise<T>(
  read: (payload: never) => T,
  errorOf: (payload: unknown) => Error = textError,
): Promise<T> {
  const promise = new NativePromise<T>(keepFunctions)
  last += 1
  mapSet(handlers, last, {
    type: 'promise',
    resolve: lastResolve as (value: unknown) => void,
    reject: lastReject,
    read: read as (payload: unknown) => unknown,
    errorOf,
  })
  return promise
}

export const lastTask = (): number => last

/** Rejects the promise of work that could not start. */
export function refuse(id: number, e: unknown): void {
  const { reject } = mapGet(handlers, id) as Waiting
  endTask(id)
  reject(e instanceof GoError ? taskError(e.message) : e)
}

/** Called by the host: runs the task that one result belongs to, or rejects the promise of work that has failed. Results of ended work are dropped. */
export function deliver(id: number, kind: string, payload: string | number | ArrayBuffer | undefined): void {
  const handler = mapGet(handlers, id)
  if (handler === undefined) return
  if (typeof handler === 'function') {
    handler(kind, payload)
    return
  }
  if (handler.type === 'items') {
    handler.handle(kind, payload)
    return
  }
  endTask(id)
  handler.reject(handler.errorOf(payload))
}

/** Called by the host for the value that work has ended with. */
export function deliverValue(id: number, value: string | number | ArrayBuffer | undefined): void {
  const handler = mapGet(handlers, id)
  if (handler === undefined || typeof handler === 'function' || handler.type !== 'promise') return
  endTask(id)
  handler.resolve(handler.read(value))
}

/** Called by the host: takes the items of a JSON list in turn, as far as the host lets it. */
export function deliverItems(id: number, json: string): void {
  const handler = mapGet(handlers, id)
  if (handler === undefined || typeof handler === 'function' || handler.type !== 'items') return
  let items: unknown[]
  try {
    items = parseJson(json) as unknown[]
  } catch (e) {
    handler.onUnreadable(e)
    throw e
  }
  const { takeItem } = handler
  const count = items.length
  takeItem(items[0], now())
  for (let i = 1; i < count; i++) {
    const ms = cross(nextItem)
    if (typeof ms !== 'number') return
    takeItem(items[i], ms)
  }
}

/** Forgets all work in flight: the iteration that began it is over. */
export function dropTasks(): void {
  mapClear(handlers)
}
