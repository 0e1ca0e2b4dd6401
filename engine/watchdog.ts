/**
 * Ends threads that do not come back: the interrupt handler of a VM is not asked while native code runs, so somebody else has
 * to look at the clock. Lives in the main thread, looks at heartbeats, and knows neither scripts nor what follows an end.
 */
import { performance } from 'node:perf_hooks'
import { AppError } from '../errors.js'
import type { Limits } from '../policy/limits.js'
import { type CpuLimit, cpuLimits, mostStarved } from '../runtime/pulse.js'
import type { Heartbeat, Look } from './heartbeat.js'

/** Why a thread is to be ended. */
export interface Stuck {
  readonly error: AppError
  /** Whose code it was in: 0 for the first init and for stages; undefined when it was in none. */
  readonly vu: number | undefined
}

/** A thread as the watchdog sees it. */
export interface Watched {
  readonly heartbeat: Heartbeat
  onStuck(stuck: Stuck): void
}

interface Watch {
  readonly thread: Watched
  beats: number
  /** How long the watchdog itself saw the thread beyond its time, in ms. */
  seenMs: number
}

type WatchdogLimits = Pick<Limits, 'cpuMs' | 'initCpuMs' | 'stageCpuMs' | 'graceMs' | 'runCpuMs'>

const periodMs = 50

export class Watchdog {
  readonly #limits: WatchdogLimits
  readonly #onRunCpu: (error: AppError) => void
  readonly #watches = new Map<Watched, Watch>()
  readonly #timer: NodeJS.Timeout
  #lookedAt = performance.now()
  #endedCpuMs = 0
  #isOverRunCpu = false

  /** @param onRunCpu told once when all code together has used what a run may use */
  constructor(limits: WatchdogLimits, onRunCpu: (error: AppError) => void) {
    this.#limits = limits
    this.#onRunCpu = onRunCpu
    this.#timer = setInterval(() => this.#look(), periodMs).unref()
  }

  watch(thread: Watched): void {
    this.#watches.set(thread, { thread, beats: -1, seenMs: 0 })
  }

  /** The thread has ended: only what it has used counts from now on. */
  forget(thread: Watched): void {
    if (this.#watches.delete(thread)) this.#endedCpuMs += thread.heartbeat.cpuMs
  }

  /** CPU time of all guest code of all threads, in ms. */
  get cpuMs(): number {
    let sum = this.#endedCpuMs
    for (const { heartbeat } of this.#watches.keys()) sum += heartbeat.cpuMs
    return sum
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    // A main thread that is late, or a process that stood still, says nothing about the thread: it had no time either.
    const sinceMs = Math.min(now - this.#lookedAt, 2 * periodMs)
    this.#lookedAt = now
    for (const watch of [...this.#watches.values()]) this.#lookAt(watch, sinceMs)
    const { runCpuMs } = this.#limits
    if (this.#isOverRunCpu || this.cpuMs <= runCpuMs) return
    this.#isOverRunCpu = true
    this.#onRunCpu(new AppError('LIMIT_CPU', `the run used more than ${runCpuMs} ms of CPU (limit runCpuMs)`))
  }

  #lookAt(watch: Watch, sinceMs: number): void {
    const look = watch.thread.heartbeat.look()
    const overMs = this.#overMs(look)
    if (look.beats !== watch.beats || overMs <= 0) {
      watch.beats = look.beats
      watch.seenMs = 0
    }
    if (overMs <= 0) return
    watch.seenMs += Math.min(sinceMs, overMs)
    if (watch.seenMs < this.#limits.graceMs) return
    watch.seenMs = 0
    watch.thread.onStuck(this.#stuck(look))
  }

  #overMs({ overMs, silentMs, threadCpuMs, limit }: Look): number {
    if (overMs === undefined) return silentMs === undefined ? 0 : silentMs - this.#limits[this.#hostLimit]
    const budgetMs = this.#limits[limit]
    // It has not had the time that it may have: others want the same processor.
    const isStarved = threadCpuMs !== undefined && threadCpuMs <= budgetMs && overMs < budgetMs * mostStarved
    return isStarved ? 0 : overMs
  }

  /** Work of the host for scripts has no limit of its own: it may take what the longest of them may. */
  get #hostLimit(): CpuLimit {
    return cpuLimits.reduce((most, limit) => (this.#limits[limit] > this.#limits[most] ? limit : most))
  }

  #stuck({ overMs, vu, limit }: Look): Stuck {
    if (overMs === undefined) {
      const limit = this.#hostLimit
      const text = `work for its scripts took more than ${this.#limits[limit]} ms (limit ${limit})`
      return { vu: undefined, error: new AppError('LIMIT_CPU', text) }
    }
    const text = `the script used more than ${this.#limits[limit]} ms of CPU without waiting (limit ${limit})`
    return { vu, error: new AppError('LIMIT_CPU', text) }
  }
}
