/**
 * What the process of a run and its parent say to each other. The parent is believed, and its messages are structured clones;
 * those of the child are JSON with a binary part, and are believed only after child-messages.ts has read them.
 */
import type { Finding } from '../../host/rehearsal/finding.js'
import type { LogLine } from '../../host/vu-context.js'
import type { Metric } from '../../metrics/metric.js'
import type { DroppedSamples, SeriesDefinition } from '../../metrics/series.js'
import type { AuditRecord } from '../../policy/audit.js'
import type { LockedModule } from '../../script/module-lock.js'
import type { CarriedError } from '../carried-error.js'
import type { Options } from '../options/options.js'
import type { RunProgress } from '../run.js'
import type { TestRunSettings } from '../test-run-settings.js'
import type { SecretAnswer } from '../thread-protocol.js'

/** How often the child tells how far it is; nothing from it for `silenceMs` ends it. */
export const stateMs = 100
export const silenceMs = 2000
/** How long it may take to its first sign. */
export const startMs = 15_000

/** JSON of one message of the child. What may be longer goes into its binary part. */
export const maxJsonBytes = 4 * 1024 * 1024

/** Letters of texts in it: messages, what may have lines, names. */
export const textBounds = { message: 256 * 1024, long: 128 * 1024, short: 4096 } as const

/** Settings of a run as far as its process needs them: plain data. */
export interface ChildSettings extends Omit<TestRunSettings, 'layers' | 'secrets'> {
  readonly layers: { readonly file?: Options; readonly env?: Options }
}

/** An error with what a run shows of it. */
export interface ReportedError extends CarriedError {
  readonly exitCode: number
  /** It is logged as an exception of the script. */
  readonly isStackTrace: boolean
}

/** A script that was loaded. Its options, as JSON, are the binary part; there are none without. */
export interface LoadedReport {
  readonly functions: readonly string[]
  readonly others: readonly string[]
  readonly metrics: readonly Metric[]
  readonly remotes: readonly (readonly [url: string, module: LockedModule])[]
  readonly nativeNames: readonly string[]
}

export interface ResultReport {
  readonly error: ReportedError | null
  readonly startedAtMs: number
  readonly durationMs: number
  readonly hasHandleSummary: boolean
  readonly hasBegun: boolean
  /** Without a number where it is not known whose code it was. */
  readonly stopped: readonly { readonly vu: number | null; readonly code: string; readonly reason: string }[]
  readonly cpuMs: number
}

/** Calls by name. */
export interface ChildCalls {
  /** The first call. */
  open(settings: ChildSettings): void
  load(): LoadedReport
  /** With the options of flags, which are read when the script is loaded. */
  prepare(cli: Options | undefined): void
  execute(): ResultReport
  rehearse(): void
  /** What it returned is the binary part; nothing without. */
  handleSummary(data: string): boolean
  setPaused(isPaused: boolean): void
  setSetupJson(json: string | undefined): void
  runStage(name: 'setup' | 'teardown'): void
  abort(reason: ReportedError): void
  giveSecret(answer: SecretAnswer): void
  /** The argument of handleSummary in a check. */
  giveSummary(data: string): void
}

export type ChildCallName = keyof ChildCalls

export interface ChildCall {
  readonly id: number
  readonly name: ChildCallName
  readonly argument: unknown
}

/** Where the run stands. */
export interface StateReport extends Omit<RunProgress, 'elapsedMs'> {
  readonly elapsedMs: number | null
  readonly isPaused: boolean
  readonly isStopping: boolean
  readonly isMarkedFailed: boolean
}

export type ChildMessage =
  | { kind: 'alive' }
  | { kind: 'answer'; id: number; value?: unknown }
  | { kind: 'refusal'; id: number; error: ReportedError }
  | { kind: 'state'; state: StateReport }
  /** What setup() returned is the binary part. */
  | { kind: 'setup'; isSet: boolean }
  /** Samples are the binary part: triples of float64, little-endian, see SampleBatch. */
  | { kind: 'samples'; thread: number; series: readonly SeriesDefinition[]; dropped: number; droppedBy: DroppedSamples }
  | { kind: 'log'; lines: readonly LogLine[] }
  | { kind: 'audit'; records: readonly AuditRecord[]; dropped: number }
  | { kind: 'finding'; finding: Finding }
  | { kind: 'secretWanted'; request: number; source: string | null; key: string }
  | { kind: 'summaryWanted' }
