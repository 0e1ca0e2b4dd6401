/** Trusted half of time: sleeping, timers and a clock finer than `Date`. */
import { performance } from 'node:perf_hooks'
import { defineHostModule, number } from '../runtime/host-module.js'
import { longestTimerMs } from './longest-timer.js'
import { rehearsedDelayMs } from './rehearsal/rehearsal.js'
import type { VuContext } from './vu-context.js'

export const clock = defineHostModule<VuContext>('clock', {
  /** Milliseconds of a clock that never jumps. */
  elapsed: () => performance.now(),
  sleep(vu, seconds) {
    const ms = number(seconds, 'seconds') * 1000
    // A check waits for nothing, but a loop around a sleep must not keep others from their turn.
    return vu.sleep(vu.services.rehearsal === undefined ? ms : 0)
  },
})

export const timers = defineHostModule<VuContext>('timers', {
  start(vu, task, delayMs, isRepeated) {
    const id = number(task, 'task')
    const wanted = number(delayMs, 'delay')
    const delay = vu.services.rehearsal ? rehearsedDelayMs(wanted) : Math.min(wanted, longestTimerMs)
    if (isRepeated === true) {
      // A callback that is slower than its interval must not pile up calls.
      vu.tasks.begin(id, () => clearInterval(timer))
      const timer = setInterval(() => vu.tasks.waiting < 1000 && vu.tasks.post(id, 'timer', undefined, false), delay)
    } else {
      vu.tasks.begin(id, () => clearTimeout(timer))
      const timer = setTimeout(() => vu.tasks.post(id, 'timer', undefined, true), delay)
    }
    return undefined
  },
  clear(vu, task) {
    vu.tasks.end(number(task, 'task'))
    return undefined
  },
})
