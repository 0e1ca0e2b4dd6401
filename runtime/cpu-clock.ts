/** Counts the time for which guest code has had the CPU, against what it may have. Waiting does not count. */
import { performance } from 'node:perf_hooks'
import { type CpuLimit, mostStarved, type Pulse } from './pulse.js'

export class CpuClock {
  budgetMs = 0
  /** When the guest got the CPU last, by the clock of `performance`. */
  startedAtMs = 0
  /** When the guest last returned or began to wait, as `performance.now()` tells time. */
  stoppedAtMs = 0
  readonly #pulse: Pulse | undefined
  #spentMs = 0
  #isRunning = false
  #isPaused = false

  constructor(pulse: Pulse | undefined) {
    this.#pulse = pulse
  }

  /** An entry into the guest begins, with a budget of its own. */
  begin(budgetMs: number, limit: CpuLimit): void {
    this.budgetMs = budgetMs
    this.#spentMs = 0
    this.#isPaused = false
    this.#start(limit, true)
  }

  /** The entry goes on that had to wait or was paused. */
  goOn(limit: CpuLimit): void {
    if (this.#isPaused) this.#pulse?.resume()
    this.#isPaused = false
    this.#start(limit, false)
  }

  #start(limit: CpuLimit, isFirst: boolean): void {
    const now = performance.now()
    this.startedAtMs = now
    this.#isRunning = true
    this.#pulse?.begin(this.budgetMs - this.#spentMs, limit, isFirst, now)
  }

  /** As soon as the guest has returned or waits: what follows is the time of other VMs of the thread. */
  stop(): void {
    if (!this.#isRunning) return
    const now = performance.now()
    this.#spentMs += now - this.startedAtMs
    this.#isRunning = false
    this.stoppedAtMs = now
    this.#pulse?.end(now)
  }

  /** Of the present entry, by the clock on the wall. */
  get spentMs(): number {
    return this.#isRunning ? this.#spentMs + performance.now() - this.startedAtMs : this.#spentMs
  }

  /** The guest waits for nothing, and is to go on when others have had their turn. */
  pause(): void {
    this.#pulse?.pause()
    this.#isPaused = true
    this.stop()
  }

  /** Where many threads want few processors, the clock on the wall counts what others have used, too. */
  get isOver(): boolean {
    return this.isOverAt(this.#isRunning ? performance.now() : 0)
  }

  isOverAt(nowMs: number): boolean {
    const spentMs = this.#isRunning ? this.#spentMs + nowMs - this.startedAtMs : this.#spentMs
    if (spentMs <= this.budgetMs) return false
    if (spentMs > this.budgetMs * mostStarved) return true
    return (this.#pulse?.cpuMs() ?? spentMs) > this.budgetMs
  }
}
