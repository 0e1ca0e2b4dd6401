/** The way in for programs: one run of one script, from the options of its caller to its outcome. Prints nothing. */
import type { PreparedRun } from '../engine/prepare-run.js'
import type { Run, RunResult } from '../engine/run.js'
import { newRun } from '../engine/start-run.js'
import { readSummary } from '../engine/summary-entries.js'
import type { Observer } from '../engine/test-run-settings.js'
import { type AppError, asAppError, isAppError } from '../errors.js'
import type { AuditRecord } from '../policy/audit.js'
import { Gate } from '../policy/gate.js'
import { cleanText } from '../report/clean-text.js'
import { type SummaryData, summaryData } from '../report/summary-data.js'
import { summaryText } from '../report/summary-text.js'
import type { SummaryContext } from '../report/summary-values.js'
import { AuditRecords } from './audit-records.js'
import { EventSink } from './event-sink.js'
import { checksOf, errorOf, exitCodeOf, groupsOf, metricsOf, statusOf, thresholdsOf } from './outcome-parts.js'
import type { NamedRunProgress } from './run-events.js'
import type { RunScriptOptions } from './run-options.js'
import type { RunOutcome, RunStoppedVu } from './run-outcome.js'
import { type RunRequest, readRunOptions } from './run-request.js'
import { RunStop } from './run-stop.js'

/**
 * Runs a k6 script and tells what came of it. Whatever the script, its servers and its options do is told by the outcome;
 * runs share nothing, and as many may go on at once as the machine carries.
 *
 * @throws {TypeError} when the options are of a wrong shape
 * @throws {AppError} POLICY_INVALID, OPTIONS_INVALID, NOT_SUPPORTED when what they say cannot be used
 */
export async function runScript(options: RunScriptOptions): Promise<RunOutcome> {
  const request = readRunOptions(options)
  const events = new EventSink(request.onEvent)
  const audit = new AuditRecords()
  const observer = observerOf(events, audit)
  const run: Run = await newRun(request.settings, observer, request.isolation)
  const stop = new RunStop(run, request.signal, request.stopMs)
  const going = new GoingRun(run, request, events, observer, stop)
  try {
    await going.toItsEnd()
  } finally {
    stop.close()
    await run.close()
    events.finish()
  }
  const { error, summary } = going
  const { completed, interrupted } = run.progress
  return {
    status: statusOf(error, request.signal?.aborted === true),
    exitCode: exitCodeOf(error),
    ...(error === undefined ? {} : { error: errorOf(error) }),
    startedAtMs: going.startedAtMs,
    durationMs: going.durationMs,
    iterations: { completed, interrupted },
    metrics: metricsOf(summary),
    checks: checksOf(summary),
    groups: groupsOf(summary),
    thresholds: thresholdsOf(summary),
    ...(summary.setup_data === undefined ? {} : { setupData: summary.setup_data }),
    files: going.files,
    audit: { records: audit.records, dropped: audit.dropped },
    stopped: going.stopped,
    ...(run.resources === undefined ? {} : { resources: { ...run.resources } }),
  }
}

/** Texts of a script and of servers are made safe to show before anybody gets them. */
function observerOf(events: EventSink, audit: AuditRecords): Required<Pick<Observer, 'log' | 'audit'>> {
  return {
    log: (line) => events.log(line),
    audit: (record) => {
      const shown: AuditRecord = { ...record, subject: cleanText(record.subject) }
      audit.add(shown)
      events.emit({ type: 'audit', record: shown })
    },
  }
}

/** A run from its first init to what handleSummary says, and what is known of it at any time. */
class GoingRun {
  readonly #run: Run
  readonly #request: RunRequest
  readonly #events: EventSink
  readonly #gate: Gate
  readonly #stop: RunStop
  readonly #madeAtMs = Date.now()
  #prepared: PreparedRun | undefined
  #result: RunResult | undefined
  #endedAtMs: number | undefined
  #error: AppError | undefined
  files: ReadonlyMap<string, string | Uint8Array> = new Map()

  constructor(
    run: Run,
    request: RunRequest,
    events: EventSink,
    observer: Pick<Required<Observer>, 'audit'>,
    stop: RunStop,
  ) {
    this.#run = run
    this.#gate = new Gate(request.settings.policy, (refusal, vu) =>
      observer.audit({ timeMs: Date.now(), ...refusal, vu, count: 1 }),
    )
    this.#request = request
    this.#events = events
    this.#stop = stop
  }

  /** Never throws. */
  async toItsEnd(): Promise<void> {
    try {
      await this.#go()
    } catch (e) {
      this.#error ??= asAppError(e)
      this.#endedAtMs = Date.now()
    }
  }

  async #go(): Promise<void> {
    const { progressMs, metricsMs } = this.#request
    this.#prepared = await this.#stop.loading(() => this.#run.prepare())
    for (const { message, error } of this.#prepared.warnings) this.#warn(message, error)
    const sources = { progress: () => this.progress, metrics: () => metricsOf(this.summary) }
    this.#events.start(sources, progressMs, metricsMs)
    this.#result = await this.#stop.unlessEnded(this.#run.execute())
    this.#error = this.#result.error
    if (this.#result.hasBegun) this.files = await this.#summaryFiles(this.#result)
  }

  async #summaryFiles({ hasHandleSummary }: RunResult): Promise<Map<string, string | Uint8Array>> {
    const own = hasHandleSummary
      ? await this.#stop.unlessEnded(this.#run.handleSummary(JSON.stringify(this.summary)))
      : undefined
    if (own !== undefined) return this.#ownFiles(own)
    return new Map([['stdout', summaryText(this.#run.store, this.#run.thresholds, this.#context, 'compact')]])
  }

  /** A summary that is too large changes nothing of what the run came to, as with the command. */
  #ownFiles(json: string): Map<string, string | Uint8Array> {
    try {
      return new Map(readSummary(json, this.#gate).map(({ path, content }) => [path, content]))
    } catch (e) {
      if (!isAppError(e)) throw e
      const fields = { error: e.message }
      this.#events.log({ level: 'error', msg: 'failed to handle the end-of-test summary', fields, timeMs: Date.now() })
      return new Map()
    }
  }

  #warn(message: string, error: string | undefined): void {
    this.#events.log({
      level: 'warning',
      msg: message,
      fields: error === undefined ? {} : { error },
      timeMs: Date.now(),
    })
  }

  get error(): AppError | undefined {
    return this.#error
  }

  get stopped(): RunStoppedVu[] {
    return (this.#result?.stopped ?? []).map((stop) => ({ ...stop, reason: cleanText(stop.reason, true) }))
  }

  get startedAtMs(): number {
    return this.#result?.startedAtMs ?? this.#madeAtMs
  }

  get durationMs(): number {
    return this.#result?.durationMs ?? this.#run.progress.elapsedMs ?? (this.#endedAtMs ?? Date.now()) - this.#madeAtMs
  }

  get progress(): NamedRunProgress {
    const { progress } = this.#run
    const configs = this.#prepared!.plan.scenarios
    return { ...progress, scenarios: progress.scenarios.map((one, i) => ({ ...one, name: configs[i]!.name })) }
  }

  /** All that was measured until now. */
  get summary(): SummaryData {
    return summaryData(this.#run.store, this.#run.thresholds, this.#context)
  }

  get #context(): SummaryContext {
    const options = this.#prepared?.options
    return {
      testRunDurationMs: this.durationMs,
      trendStats: options?.summaryTrendStats ?? [],
      timeUnit: (options?.summaryTimeUnit ?? '') as SummaryContext['timeUnit'],
      noColor: true,
      isStdOutTty: false,
      isStdErrTty: false,
      setupData: this.#result?.setupData,
    }
  }
}
