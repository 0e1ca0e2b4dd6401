/** What the main thread and the threads of VUs say to each other. Plain data. */
import type { Finding } from '../host/rehearsal/finding.js'
import type { LogLine } from '../host/vu-context.js'
import type { SampleBatch } from '../metrics/series.js'
import type { AuditRecord } from '../policy/audit.js'
import type { GuestFailure } from '../runtime/event-loop.js'
import type { CarriedError } from './carried-error.js'
import type { FirstInit, LoadedScript, RunConfig } from './run-config.js'
import type { SharedArrayAnswer, SharedArrayRequest } from './shared-array-link.js'

/**
 * When a VU's loop ends by itself: after so many iterations, when the shared count is used up, or at a time. In an arrival-rate
 * scenario each iteration waits for its turn.
 */
export interface LoopRequest {
  readonly vu: number
  readonly scenario: number
  /** Iterations of this VU. */
  readonly iterations?: number
  /** Iterations of all VUs of the scenario together. */
  readonly sharedIterations?: number
  /** No iteration begins after this: milliseconds since 1970. */
  readonly endTimeMs: number
  /** Milliseconds since 1970 when the scenario began. */
  readonly scenarioStartMs: number
  /** What the VU has made before, perhaps in a thread that was lost. */
  readonly before?: LoopHistory
}

export interface LoopHistory {
  /** Iterations of the VU before this loop. */
  readonly iterations: number
  /** Those among them in the scenario of the loop. */
  readonly inScenario: number
  /** Iterations of this very loop, which goes on. */
  readonly begun: number
  /** The next of them has had its turn. */
  readonly hasTurn: boolean
}

/** What a thread that takes the place of a lost one is told beside the run's configuration. */
export interface Restoration {
  /** Its VUs. Their init code runs when their next iteration begins. */
  readonly vus: readonly number[]
  /** Those of them that make no further iteration. */
  readonly retired: readonly number[]
  /** How many VMs VUs have lost so far. */
  readonly losses: ReadonlyMap<number, number>
  readonly startTimeMs: number | undefined
  readonly setupData: string | undefined
}

export interface StageRequest {
  readonly name: 'setup' | 'teardown' | 'handleSummary'
  /** The argument as JSON. */
  readonly argument: string | undefined
}

/** How a stage ended. `value` is what it returned, as JSON in the encoding of Go. */
export type StageResult =
  | { kind: 'done'; value: string | undefined }
  | { kind: 'failed'; failure: GuestFailure }
  | { kind: 'interrupted' }

/** What became of a `secretWanted` message. */
export interface SecretAnswer {
  readonly request: number
  readonly secret?: string
  /** Why there is none, for the script. */
  readonly problem?: string
}

/** Requests and their answers by name. */
export interface ThreadCalls {
  load(first: FirstInit): LoadedScript
  begin(config: RunConfig): void
  restore(restoration: Restoration): void
  /** Runs the init code of a VU. */
  initVu(id: number): void
  /** The run begins: milliseconds since 1970. What went before, and a pause, does not count. */
  start(timeMs: number): void
  setSetupData(json: string | undefined): void
  stage(request: StageRequest): StageResult
  /** Iterations until the request's end; answers how many were made. */
  loop(request: LoopRequest): number
  /** No further iteration of this VU's loop. */
  stopLoop(vu: number): void
  /** Ends this VU's iteration at once. */
  interruptVu(vu: number): void
  /** Ends the stage that runs at once. */
  interruptStage(): void
  /** Answers a request of the thread. */
  sharedArray(answer: SharedArrayAnswer): void
  giveSecret(answer: SecretAnswer): void
  /** Hands over what has not been handed over, and closes connections. */
  finish(): void
}

export type CallName = keyof ThreadCalls

export interface CallMessage {
  readonly id: number
  readonly name: CallName
  readonly argument: unknown
}

export type ThreadMessage =
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'refusal'; id: number; error: CarriedError }
  | { kind: 'samples'; batch: SampleBatch }
  | { kind: 'log'; lines: readonly LogLine[] }
  /** What the policy refused; `dropped` more refusals were too many to keep. */
  | { kind: 'audit'; records: readonly AuditRecord[]; dropped: number }
  | { kind: 'sharedArray'; request: SharedArrayRequest }
  /** A script asks for a secret; the answer is a call of giveSecret. Without a source it is the default one. */
  | { kind: 'secretWanted'; request: number; source: string | undefined; key: string }
  | { kind: 'testEnd'; what: 'abort' | 'fail'; text: string }
  | { kind: 'finding'; finding: Finding }
  | { kind: 'vmLost'; error: CarriedError; vu: number; isLast: boolean }
