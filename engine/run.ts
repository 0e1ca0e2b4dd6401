/**
 * A run as those see it who start it, show it and steer it, wherever it goes on: in threads of this process (`TestRun`), or
 * in a process of its own.
 */
import type { AppError } from '../errors.js'
import type { MetricStore } from '../metrics/store.js'
import type { Thresholds } from '../metrics/thresholds.js'
import type { ModuleLock } from '../script/module-lock.js'
import type { StoppedVu } from './losses.js'
import type { ParsedOptions } from './options/options.js'
import type { PreparedRun } from './prepare-run.js'
import type { RunPhase, RunProgress } from './run-progress.js'

export type { RunPhase, RunProgress, ScenarioProgress, ScenarioStatus } from './run-progress.js'

export interface RunResult {
  /** The first thing that went wrong, which also gives the exit code; undefined when nothing did. */
  readonly error: AppError | undefined
  /** Milliseconds since 1970 when the duration began to count. */
  readonly startedAtMs: number
  readonly durationMs: number
  /** What setup() returned. */
  readonly setupData: unknown
  readonly hasHandleSummary: boolean
  /** False when not all VUs could be made: nothing was run then, and there is nothing to sum up. */
  readonly hasBegun: boolean
  /** Who was stopped by a limit, in that order; the first thousand. */
  readonly stopped: readonly StoppedVu[]
  /** CPU time of all script code, in ms. */
  readonly cpuMs: number
}

/** What the process of a run has used. */
export interface RunResources {
  /** The most memory that was resident at once. */
  readonly peakMemoryBytes: number
  readonly cpuMs: number
}

export interface Run {
  /** What was measured so far. Hooks on its samples see each of them once. */
  readonly store: MetricStore
  readonly thresholds: Thresholds
  readonly phase: RunPhase
  readonly progress: RunProgress
  /** What the remote modules of the script are. Empty before `prepare`. */
  readonly remotes: ModuleLock
  /** What setup() returned, or what was put in its place, as JSON. */
  readonly setupJson: string | undefined
  readonly isPaused: boolean
  /** True once the run is to end before its time. */
  readonly isStopping: boolean
  readonly isMarkedFailed: boolean
  /** Of a run that has a process of its own. */
  readonly resources?: RunResources

  /**
   * Opens the secret sources, loads the script, and answers the options that it exports.
   *
   * @throws {ScriptFailure} when the script threw in its init code
   * @throws {AppError}
   */
  load(): Promise<ParsedOptions>
  /**
   * Loads the script, unless that is done, and settles the options.
   *
   * @throws {ScriptFailure} when the script threw in its init code
   * @throws {AppError}
   */
  prepare(): Promise<PreparedRun>
  /** Runs what was prepared. Never throws for what the script or the servers do: the result says it. */
  execute(): Promise<RunResult>
  /**
   * Instead of `execute`: goes once through everything that the script has, without a server and without waiting. The
   * observer is told what is wrong.
   *
   * @param summaryOf makes the argument of handleSummary, as JSON
   * @throws {AppError} when the check itself could not go on
   */
  rehearse(summaryOf: () => string | Promise<string>): Promise<void>
  /** Calls the script's handleSummary, see `Stages.handleSummary`. */
  handleSummary(data: string): Promise<string | undefined>
  /**
   * Lets the run wait before its setup, or go on. As in k6, a run that has started cannot be paused.
   *
   * @throws {AppError} USAGE
   */
  setPaused(isPaused: boolean): void
  /** Puts `json` in the place of what setup() returned, for the iterations of VUs that have made none yet. */
  setSetupJson(json: string | undefined): Promise<void>
  /**
   * Runs setup() or teardown() beside the run.
   *
   * @throws {AppError} USAGE while there are no VUs, or setup() or teardown() of the run itself is under way
   */
  runStage(name: 'setup' | 'teardown'): Promise<void>
  /**
   * Ends the run in order: iterations stop at once, teardown runs. The reason becomes the run's error, unless it has one
   * already.
   */
  abort(reason: AppError): void
  /** Ends all threads, whatever they do. */
  close(): Promise<void>
}
