/** What an executor gets and gives: it decides which VU iterates when, and knows nothing of scripts. */
import { longestTimerMs } from '../../host/longest-timer.js'
import type { ScenarioConfig } from '../options/scenario.js'
import type { Striping } from '../plan/segment.js'
import type { SharedCounters } from '../shared-counters.js'
import type { VuHandle } from '../vu-handle.js'
import type { VuPool } from '../vu-pool.js'

/** One scenario as it is run. */
export interface ScenarioRun<C extends ScenarioConfig = ScenarioConfig> {
  readonly config: C
  /** Position among the scenarios of the run; counters and threads know it by this number. */
  readonly index: number
  readonly pool: VuPool
  readonly striping: Striping
  readonly counters: SharedCounters
  /** Milliseconds since 1970 when the scenario began. */
  readonly startTimeMs: number
  readonly clock: Clock
  /** Aborted when the whole run is to stop at once. */
  readonly stop: AbortSignal
  /** VUs that the scenario has at the moment; only the arrival-rate executors tell. */
  allocatedVus: number
  /** Counts iterations that were due and not made. `vu` names the one that left them, where it is one. */
  dropped(count: number, vu?: number): void
  warn(text: string): void
  /** Logs an error that the run survives. */
  error(text: string, reason: unknown): void
}

/** Time, handed in so that tests can do without the wall clock. */
export interface Clock {
  /** Milliseconds since 1970, with a fraction. */
  now(): number
  /** Waits until that time or until the signal is aborted, whichever is first. */
  until(timeMs: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  async until(timeMs, signal) {
    while (!signal.aborted) {
      const restMs = timeMs - this.now()
      if (restMs <= 0) return
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, Math.min(restMs, longestTimerMs))
        signal.addEventListener('abort', done)
      })
    }
  },
}

/**
 * Waits for `work`, whose VUs may begin iterations until `regularEndMs` and are interrupted when the scenario's graceful
 * stop after that is over, or at once when the run is stopped.
 */
export async function untilGracefulEnd<T>(
  run: ScenarioRun,
  vus: readonly Pick<VuHandle, 'interrupt'>[],
  regularEndMs: number,
  work: Promise<T>,
): Promise<T> {
  const isDone = new AbortController()
  const interrupt = async () => {
    const signal = AbortSignal.any([isDone.signal, run.stop])
    await run.clock.until(regularEndMs + run.config.gracefulStopMs, signal)
    if (!isDone.signal.aborted) for (const vu of vus) vu.interrupt()
  }
  const timer = interrupt()
  try {
    return await work
  } finally {
    isDone.abort()
    await timer
  }
}
