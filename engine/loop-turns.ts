/**
 * Turns of a thread's event loop. Iterations that wait for nothing must not keep messages, timers and other VUs from theirs:
 * after a while all VUs of the thread let the loop go round once, and go on together.
 */
import { performance } from 'node:perf_hooks'

const longestTurnMs = 5

export class LoopTurns {
  #beganAtMs = performance.now()
  #next: Promise<void> | undefined

  /** True when it is time to wait for the `next`; `nowMs` by the clock of `performance`. */
  isOver(nowMs: number): boolean {
    return nowMs - this.#beganAtMs >= longestTurnMs
  }

  /** Fulfilled in the loop's next turn, for all who wait for it at once. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#next = undefined
        this.#beganAtMs = performance.now()
        resolve()
      })
    })
    return this.#next
  }
}
