/** What came of a run, as plain data for its caller. Types only: outcome-parts.ts makes them. */
import type { ErrorCode, ExitCode } from '../errors.js'
import type { MetricType, ValueType } from '../metrics/metric.js'
import type { AuditRecord } from '../policy/audit.js'

/** A metric or sub-metric, summed up. */
export interface RunMetric {
  readonly type: MetricType
  /** What its values are: numbers, milliseconds or bytes. */
  readonly contains: ValueType
  /**
   * Counters: `count`, `rate` per second. Gauges: `value`, `min`, `max`. Rates: `rate`, `passes`, `fails`. Trends: those of
   * the option `summaryTrendStats`.
   */
  readonly values: Readonly<Record<string, number>>
}

/** By name; sub-metrics have their condition in braces. An object without a prototype. */
export type RunMetrics = Readonly<Record<string, RunMetric>>

export interface RunCheck {
  readonly name: string
  /** Of its group: `::outer::inner`, empty outside of groups. */
  readonly group: string
  readonly passes: number
  readonly fails: number
}

export interface RunThreshold {
  /** The metric or sub-metric that it is about. */
  readonly metric: string
  /** As the options have it: `p(95)<500`. */
  readonly threshold: string
  readonly ok: boolean
}

/**
 * `passed`: it went to its end and no threshold was crossed. `stopped`: its caller ended it. `failed`: all else, and `error`
 * says what.
 */
export type RunStatus = 'passed' | 'failed' | 'stopped'

/** Why a run did not pass. Texts may hold what a script said, control characters shown as `\u00xx`. */
export interface RunError {
  readonly code: ErrorCode
  readonly message: string
  /** What can be done about it. */
  readonly hint?: string
}

/** A VU that a limit stopped. */
export interface RunStoppedVu {
  /** 0 for init code, setup, teardown and handleSummary; undefined when it is not known whose code it was. */
  readonly vu: number | undefined
  readonly code: ErrorCode
  readonly reason: string
}

/** Names, keys and contents may be what a script said: they are to be escaped wherever they are shown. */
export interface RunOutcome {
  readonly status: RunStatus
  /** The exit code that the command would have ended with: 0 for a run that passed. */
  readonly exitCode: ExitCode
  readonly error?: RunError
  /** Milliseconds since 1970 when the duration began to count. */
  readonly startedAtMs: number
  /** From before setup() until after teardown(). */
  readonly durationMs: number
  readonly iterations: { readonly completed: number; readonly interrupted: number }
  /** As handleSummary gets them. */
  readonly metrics: RunMetrics
  readonly checks: readonly RunCheck[]
  /** Paths of all groups: `::outer::inner`. */
  readonly groups: readonly string[]
  readonly thresholds: readonly RunThreshold[]
  /** What setup() returned, through JSON. */
  readonly setupData?: unknown
  /**
   * What handleSummary returned; the usual summary as `stdout` when the script has none. Nothing was written: the keys are
   * texts of the script that may say anything, `../../etc/passwd` too, and no paths to be used unseen.
   */
  readonly files: ReadonlyMap<string, string | Uint8Array>
  /** What the policy refused; `dropped` is how many refusals are in no record. */
  readonly audit: { readonly records: readonly AuditRecord[]; readonly dropped: number }
  /** Who was stopped by a limit and had to go on in a new VM or thread, or not at all; the first thousand. */
  readonly stopped: readonly RunStoppedVu[]
  /** What the process of the run has used; only there if it had one of its own. */
  readonly resources?: { readonly peakMemoryBytes: number; readonly cpuMs: number }
}
