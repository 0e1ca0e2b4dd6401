/** How far a run is, in numbers. Imports nothing, so that it can be a part of what the package declares. */

/** Where a run stands, for whoever shows it. */
export type RunPhase = 'init' | 'paused' | 'setup' | 'run' | 'teardown' | 'ended'

export type ScenarioStatus = 'waiting' | 'running' | 'stopping' | 'interrupted' | 'done'

/** How far a scenario is. Times in ms. */
export interface ScenarioProgress {
  readonly status: ScenarioStatus
  /** Since it began, until it ended; negative before. */
  readonly elapsedMs: number
  readonly completed: number
  readonly interrupted: number
  /** VUs in an iteration. */
  readonly activeVus: number
  /** VUs that it has, for the arrival-rate executors. */
  readonly allocatedVus: number
}

/** How far a run is. Plain data. */
export interface RunProgress {
  readonly phase: RunPhase
  /** Since the scenarios began; undefined before. */
  readonly elapsedMs: number | undefined
  readonly initializedVus: number
  readonly activeVus: number
  readonly completed: number
  readonly interrupted: number
  /** In the order of the plan; none before the scenarios begin. */
  readonly scenarios: readonly ScenarioProgress[]
}
