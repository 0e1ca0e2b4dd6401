/** What outputs that tell of a run as a whole know of it, before it begins and when it has ended. */
import type { AppError } from '../../errors.js'
import type { Thresholds } from '../../metrics/thresholds.js'

/** What is known of a run before it begins. */
export interface RunFacts {
  /** The script's path as it was given. */
  readonly script: string
  /** `(100.00%) 1 scenario, 2 max VUs, …` */
  readonly summary: string
  /** `default: 6 iterations shared among 2 VUs (…)`, in the order they start. */
  readonly scenarios: readonly string[]
  /** The options as JSON knows them. */
  readonly options: unknown
}

/** How a run ended. */
export interface RunEnd {
  /** Milliseconds since 1970 when the run's duration began to count. */
  readonly startedAtMs: number
  readonly durationMs: number
  /** Judged for the last time. */
  readonly thresholds: Thresholds
  /** Undefined if nothing went wrong. */
  readonly error: AppError | undefined
}
