/**
 * Rejected promises that nobody handles. The engine tells nobody of them, so the promises that a script makes with the
 * constructor, with its static functions and with `then`, and those that its listeners and timers return, are kept until
 * they are settled; the host says which are handled. The promise of an async function that the script itself calls and
 * drops is out of reach: nothing sees it being made.
 */
import { nativeStateOf } from './bridge.js'
import { describeError } from './describe-error.js'
import {
  arrayPush,
  call,
  defineProperty,
  isInPrototypeChain,
  NativePromise,
  newProxy,
  promiseThen,
  whenSettled,
} from './primordials.js'

/** The same numbers as in runtime/promise-state.ts. */
const state = { pending: 0, rejected: 2 } as const
const mostKept = 10_000

let kept: Promise<unknown>[] = []

/** Keeps an eye on a promise that a script got. */
export function watchPromise<P extends Promise<unknown>>(promise: P): P {
  if (kept.length < mostKept) arrayPush(kept, promise)
  return promise
}

/** The same for what a callback of the script returned: that of an async function is a promise, and nobody else has it. */
export function watchResult(result: unknown): void {
  if (typeof result === 'object' && result !== null && isInPrototypeChain(NativePromise.prototype, result)) {
    watchPromise(result as Promise<unknown>)
  }
}

/** True when there are promises to look after. */
export const hasKept = (): boolean => kept.length > 0

/**
 * The first rejection that nobody handles, described; undefined when there is none. Runs `done` with it as soon as the
 * reason is known, which is at the next promise jobs.
 */
export function takeUnhandled(): string | undefined {
  if (kept.length === 0) return undefined
  const open: Promise<unknown>[] = []
  let lost: Promise<unknown> | undefined
  for (let i = 0; i < kept.length; i++) {
    const found = nativeStateOf(kept[i]!)
    if (found === state.pending) arrayPush(open, kept[i]!)
    else if (found === state.rejected && lost === undefined) lost = kept[i]
  }
  kept = open
  if (lost === undefined) return undefined
  whenSettled(lost, undefined, (reason) => {
    described = describeError(reason)
  })
  return 'lost'
}

let described = ''
/** What `takeUnhandled` found, after the promise jobs that followed. */
export const unhandledReason = (): string => described

/** Forgets all promises of an iteration that is over. */
export function forgetPromises(): void {
  kept = []
}

/** Puts the watch into the global Promise. */
export function watchPromises(): void {
  const { prototype } = NativePromise
  defineProperty(prototype, 'then', {
    value: function then(this: unknown, onValue?: never, onReason?: never) {
      return watchPromise(promiseThen(this, onValue, onReason))
    },
    writable: true,
    configurable: true,
  })
  const { reject } = NativePromise
  defineProperty(NativePromise, 'reject', {
    value: function rejectWatched(this: unknown, reason?: unknown) {
      return watchPromise(call(reject, this, reason) as Promise<unknown>)
    },
    writable: true,
    configurable: true,
  })
  const { construct } = Reflect
  const watched = newProxy(NativePromise, {
    construct: (target, args, newTarget) => watchPromise(construct(target, args, newTarget) as Promise<unknown>),
  })
  defineProperty(globalThis, 'Promise', { value: watched, writable: true, configurable: true })
}
