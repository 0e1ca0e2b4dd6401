/**
 * Turns of a thread's event loop. Scripts that compute, and iterations that wait for nothing, must not keep messages, sockets,
 * timers and other VUs from theirs: after a while they let the loop go round, and go on one after the other.
 */
import { performance } from 'node:perf_hooks'
import type { Turns } from '../runtime/turns.js'

const longestTurnMs = 5
/** Some 2 % of the time of a script go into its pauses, which take the longer the deeper its stack is. */
const pauseFactor = 50
/** A thread that was not on a processor meanwhile may take a pause for longer than it was. */
const longestLeastMs = 200
/** Further VUs connect when the first ones have; all at once they would all have their memory at hand at the same time. */
const startsInTurn = 8

export class LoopTurns implements Turns {
  #beganAtMs = performance.now()
  /** The end of the present turn will be noticed. */
  #isWatched = false
  readonly #waiting: (() => void)[] = []
  readonly #starting: (() => void)[] = []

  /** True when it is time to wait for the `next`; `nowMs` by the clock of `performance`. */
  isOver(nowMs: number): boolean {
    if (nowMs - this.#beganAtMs < longestTurnMs) return false
    if (this.#isWatched) return true
    // The loop may have gone round meanwhile, which nobody watches for nothing: the turn counts from now.
    this.#begin(nowMs)
    return false
  }

  leastMs(pauseMs: number): number {
    return Math.min(pauseMs * pauseFactor, longestLeastMs)
  }

  /** Calls `goOn` in a later turn of the loop, after those who were first. */
  next(goOn: () => void): void {
    this.#waiting.push(goOn)
    if (!this.#isWatched) this.#begin(performance.now())
  }

  #begin(nowMs: number): void {
    this.#beganAtMs = nowMs
    this.#isWatched = true
    setImmediate(this.#goRound)
  }

  readonly #goRound = () => {
    this.#isWatched = false
    if (this.#waiting.length === 0) return
    this.#begin(performance.now())
    // Those who come to wait meanwhile have had their turn.
    for (let left = this.#waiting.length; left > 0; left--) {
      this.#waiting.shift()!()
      if (performance.now() - this.#beganAtMs >= longestTurnMs) break
    }
  }

  /** Fulfilled when a VU may begin its first iteration: a few in each turn of the loop, in the order in which they asked. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#starting.push(resolve) === 1) this.#startSome()
    })
  }

  /** Each by an immediate of its own, so that it has done what it can before the next one begins. */
  #startSome(): void {
    const count = Math.min(this.#starting.length, startsInTurn)
    for (let left = count - 1; left >= 0; left--) {
      setImmediate(() => {
        this.#starting.shift()!()
        if (left === 0 && this.#starting.length > 0) this.#startSome()
      })
    }
  }
}
