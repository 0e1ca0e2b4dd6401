/** The timers of k6, as globals and as `k6/timers`. Each is work of the host's event loop. */
import { ops } from './bridge.js'
import { warn } from './console.js'
import { safeText } from './describe-error.js'
import {
  apply,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  max,
  NativeMap,
  NativeTypeError,
  toNumber,
} from './primordials.js'
import { endTask, newTask } from './tasks.js'

const host = ops<{
  start(task: number, delayMs: number, isRepeated: boolean): undefined
  clear(task: number): undefined
}>('timers', ['start', 'clear'])

interface Timer {
  task: number
  name: string
}

const timersById = new NativeMap<number, Timer>()
let last = 0

function add(name: string, isRepeated: boolean, fn: unknown, delay: unknown, args: unknown[]): number {
  if (typeof fn !== 'function') {
    if (fn === undefined || fn === null) throw new NativeTypeError(`${name}'s callback isn't a callable function`)
    throw new NativeTypeError(
      `could not convert function call parameter 0: could not convert ${safeText(fn)} to sobek.Callable`,
    )
  }
  last += 1
  const id = last
  const task = newTask(() => {
    if (!isRepeated) {
      endTask(task)
      mapDelete(timersById, id)
    }
    apply(fn as () => unknown, undefined, args)
  })
  mapSet(timersById, id, { task, name })
  const delayMs = max(0, toNumber(delay) || 0)
  host.start(task, delayMs, isRepeated)
  return id
}

function remove(id: unknown): void {
  const timer = mapGet(timersById, toNumber(id))
  if (timer === undefined) return
  mapDelete(timersById, toNumber(id))
  endTask(timer.task)
  host.clear(timer.task)
}

/** Ends every timer because its iteration is over, and says so as k6 does. */
export function stopTimers(): void {
  mapForEach(timersById, (timer, id) => {
    warn(`${timer.name} ${id} was stopped because the VU iteration was interrupted`)
    remove(id)
  })
}

export const timers = {
  setTimeout: (fn: unknown, delay?: unknown, ...args: unknown[]) => add('setTimeout', false, fn, delay, args),
  setInterval: (fn: unknown, delay?: unknown, ...args: unknown[]) => add('setInterval', true, fn, delay, args),
  clearTimeout: remove,
  clearInterval: remove,
}
