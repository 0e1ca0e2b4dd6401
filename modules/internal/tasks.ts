/**
 * The event loop's guest half. Host work that the script does not wait for (timers, asynchronous calls, streams) has a
 * number; the host sends its results here one by one, each as a task of its own.
 */
import { GoError } from './go-error.js'
import { defineProperty, mapClear, mapDelete, mapGet, mapSet, NativeMap, NativePromise } from './primordials.js'

/** Handles one result. `kind` says which, when the work has several. */
export type TaskHandler = (kind: string, payload: string | number | ArrayBuffer | undefined) => void

const handlers = new NativeMap<number, TaskHandler>()
let last = 0

/** A number for new host work; its results reach `handler` until `endTask`. */
export function newTask(handler: TaskHandler): number {
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

/** A promise that host work settles: with what `read` makes of its payload, or with an error, by default a GoError of its message. */
export function promiseOf<T>(
  start: (id: number) => void,
  read: (payload: unknown) => T,
  errorOf: (payload: unknown) => Error = (text) => taskError(text as string),
): Promise<T> {
  const promise = new NativePromise<T>((resolve, reject) => {
    const id = newTask((kind, payload) => {
      endTask(id)
      if (kind === 'value') resolve(read(payload))
      else reject(errorOf(payload))
    })
    try {
      start(id)
    } catch (e) {
      endTask(id)
      throw e instanceof GoError ? taskError(e.message) : e
    }
  })
  return promise
}

/** Called by the host: runs the task that one result belongs to. Results of ended work are dropped. */
export function deliver(id: number, kind: string, payload: string | number | ArrayBuffer | undefined): void {
  mapGet(handlers, id)?.(kind, payload)
}

/** Forgets all work in flight: the iteration that began it is over. */
export function dropTasks(): void {
  mapClear(handlers)
}
