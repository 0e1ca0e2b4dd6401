/** What the caller of `runScript` is told while a run goes on. Types only: event-sink.ts tells them. */
import type { RunProgress, ScenarioProgress } from '../engine/run-progress.js'
import type { AuditRecord } from '../policy/audit.js'
import type { RunMetrics } from './run-outcome.js'

/** A line of the log. Control characters in its texts are shown as `\u00xx`; newlines and tabs stay. */
export interface RunLogLine {
  readonly level: 'debug' | 'info' | 'warning' | 'error'
  readonly msg: string
  /** `source` is `console` for what the script said itself. */
  readonly fields: Readonly<Record<string, string>>
  /** Milliseconds since 1970. */
  readonly timeMs: number
}

/** How far a run is, scenarios by name. */
export interface NamedRunProgress extends RunProgress {
  readonly scenarios: readonly (ScenarioProgress & { readonly name: string })[]
}

export type RunEvent =
  | { readonly type: 'log'; readonly line: RunLogLine }
  /** Each `progressMs`, and once at the end. */
  | { readonly type: 'progress'; readonly progress: NamedRunProgress }
  /** Each `metricsMs`, and once at the end: all that was measured so far, summed up. */
  | { readonly type: 'metrics'; readonly metrics: RunMetrics }
  /** What the policy refused. */
  | { readonly type: 'audit'; readonly record: AuditRecord }
