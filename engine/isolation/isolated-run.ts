/**
 * A run in a process of its own, for scripts of strangers. The process runs a `TestRun`; this side starts it, holds the clock
 * and the secrets, keeps what was measured, judges it, and believes nothing. Whatever the process does, `execute` answers with
 * what there is, and `close` leaves nothing of it.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError, asAppError } from '../../errors.js'
import { longestTimerMs } from '../../host/longest-timer.js'
import type { LogLine } from '../../host/vu-context.js'
import type { MetricStore } from '../../metrics/store.js'
import { crossedThresholds, Thresholds } from '../../metrics/thresholds.js'
import { packageRoot } from '../../package-root.js'
import type { ModuleLock } from '../../script/module-lock.js'
import { systemClock } from '../executors/executor.js'
import { newStore } from '../metric-limits.js'
import type { Options, ParsedOptions } from '../options/options.js'
import { cannotPause } from '../pause.js'
import { type PreparedRun, prepareRun, scriptOptions } from '../prepare-run.js'
import type { Run, RunPhase, RunProgress, RunResources, RunResult } from '../run.js'
import type { ScriptOutline } from '../run-config.js'
import { RunDeadline } from '../run-deadline.js'
import { RunLog } from '../run-log.js'
import { tellMetricLosses } from '../run-losses.js'
import { SecretDesk } from '../secret-desk.js'
import type { Observer, TestRunSettings } from '../test-run-settings.js'
import { ChildLink, type ChildReport, summaryFrameBytes } from './child-link.js'
import { readJsonText, readLoaded, readResult, readSummary } from './child-messages.js'
import { Jail } from './jail.js'
import type { ChildSettings, StateReport } from './protocol.js'
import { reportedError, reportOf } from './reported-error.js'

const maxOptionsBytes = 4 * 1024 * 1024
/** Beside the console, what belljar says of a run. */
const ownLogBytes = 1024 * 1024
/** Time and level of a line. */
const lineLetters = 40
const maxRecords = 100_000
const maxFindings = 10_000
const maxSecretRequests = 10_000
/** How long a run that is to end has, beside its teardown. */
const endMs = 10_000

const nothingYet: StateReport = {
  phase: 'init',
  elapsedMs: null,
  initializedVus: 0,
  activeVus: 0,
  completed: 0,
  interrupted: 0,
  scenarios: [],
  isPaused: false,
  isStopping: false,
  isMarkedFailed: false,
}

export class IsolatedRun implements Run {
  readonly store: MetricStore
  readonly #settings: TestRunSettings
  readonly #observer: Observer
  readonly #program: string
  readonly #log: RunLog
  #jail: Jail | undefined
  #link: ChildLink | undefined
  #secrets: SecretDesk | undefined
  #script: ScriptOutline | undefined
  #fromScript: ParsedOptions | undefined
  #prepared: PreparedRun | undefined
  #thresholds = Thresholds.none()
  #state = nothingYet
  #startedAtMs: number | undefined
  #setupJson: string | undefined
  #error: AppError | undefined
  #summaryOf: (() => string | Promise<string>) | undefined
  #clocks: NodeJS.Timeout[] = []
  #deadline: RunDeadline | undefined
  #logBytes = 0
  #lostLines = 0
  #records = 0
  #lostRecords = 0
  #findings = 0
  #secretRequests = 0
  #isClosed = false

  /** @param program of the process; another one than usual in tests */
  constructor(settings: TestRunSettings, observer: Observer, program = join(packageRoot, 'dist', 'child.cjs')) {
    this.#settings = settings
    this.#observer = observer
    this.#program = program
    this.#log = new RunLog((line) => observer.log(line), systemClock)
    this.store = newStore(settings)
  }

  get thresholds(): Thresholds {
    return this.#thresholds
  }

  get phase(): RunPhase {
    return this.#state.phase
  }

  get progress(): RunProgress {
    const { phase, elapsedMs, initializedVus, activeVus, completed, interrupted, scenarios } = this.#state
    return { phase, elapsedMs: elapsedMs ?? undefined, initializedVus, activeVus, completed, interrupted, scenarios }
  }

  get remotes(): ModuleLock {
    return this.#script?.remotes ?? new Map()
  }

  get setupJson(): string | undefined {
    return this.#setupJson
  }

  get isPaused(): boolean {
    return this.#state.isPaused
  }

  get isStopping(): boolean {
    return this.#error !== undefined || this.#state.isStopping
  }

  get isMarkedFailed(): boolean {
    return this.#state.isMarkedFailed
  }

  get resources(): RunResources {
    return this.#jail?.resources ?? { peakMemoryBytes: 0, cpuMs: 0 }
  }

  async load(): Promise<ParsedOptions> {
    const { secrets, isRehearsal, policy } = this.#settings
    if (!isRehearsal && (secrets === undefined || !('answer' in secrets))) {
      this.#secrets = new SecretDesk(secrets, (secret) => this.#observer.secret?.(secret))
    }
    const link = this.#start()
    await link.call('open', childSettings(this.#settings))
    if (this.#error !== undefined) link.tell('abort', reportOf(this.#error))
    const { value, binary } = await link.call('load')
    const script = link.believe((): ScriptOutline => {
      const { remotes, nativeNames, ...rest } = readLoaded(value, policy.limits)
      const options = binary.length === 0 ? undefined : readJsonText(binary, maxOptionsBytes, 'options').value
      const graph = { nativeNames: nativeNames.map((name) => [name, []] as const) }
      return { ...rest, options, remotes: new Map(remotes), graph }
    })
    this.#script = script
    this.#fromScript = scriptOptions(script, this.#settings)
    return this.#fromScript
  }

  #start(): ChildLink {
    if (this.#isClosed) throw new AppError('PROCESS_LOST', 'the run was closed')
    const { policy, script } = this.#settings
    this.#jail = new Jail({
      program: this.#program,
      policy,
      files: script.source === undefined ? mainFile(script.mainUrl) : [],
      onOutput: (line) => this.#debug(line),
    })
    this.#debug(`the run has process ${this.#jail.pid}, held by ${this.#jail.means}`)
    this.#link = new ChildLink(this.#jail, policy.limits, (report) => this.#onReport(report))
    const kill = (late: AppError) => this.#jail?.kill(late)
    this.#deadline = new RunDeadline(policy.limits.runMs, (late) => this.abort(late), kill)
    return this.#link
  }

  async prepare(): Promise<PreparedRun> {
    const fromScript = this.#fromScript ?? (await this.load())
    const settings = this.#withReadFlags()
    // The process does the same, and says what there is to say of it.
    await this.#link!.call('prepare', settings.layers.cli?.())
    const { prepared, thresholds } = prepareRun({
      script: this.#script!,
      fromScript,
      settings,
      store: this.store,
      log: new RunLog(() => {}, systemClock),
      find: () => {},
    })
    this.#thresholds = thresholds
    this.#prepared = prepared
    this.#state = { ...this.#state, isPaused: prepared.options.paused ?? false }
    this.#jail!.allowVms(prepared.plan.maxPossibleVUs)
    return prepared
  }

  /** With the options of flags as they were read, once. */
  #withReadFlags(): TestRunSettings {
    const { layers } = this.#settings
    if (layers.cli === undefined) return this.#settings
    const options: Options = layers.cli()
    return { ...this.#settings, layers: { ...layers, cli: () => options } }
  }

  async execute(): Promise<RunResult> {
    const link = this.#link!
    const beginMs = systemClock.now()
    try {
      const { value } = await link.call('execute')
      const { error, ...result } = link.believe(() => readResult(value))
      this.#error ??= error && reportedError(error)
      return await this.#finish(result)
    } catch (e) {
      // The reason of an end says more than that it ended.
      this.#error ??= asAppError(e)
      const startedAtMs = this.#startedAtMs ?? beginMs
      const durationMs = systemClock.now() - startedAtMs
      return await this.#finish({
        startedAtMs,
        durationMs,
        hasHandleSummary: false,
        hasBegun: this.#startedAtMs !== undefined,
        // What it knew of these is gone with the process.
        stopped: [],
        cpuMs: 0,
      })
    }
  }

  async #finish(result: Omit<RunResult, 'error' | 'setupData'>): Promise<RunResult> {
    this.#state = { ...this.#state, phase: 'ended', activeVus: 0 }
    if (result.hasBegun) {
      const { breached } = this.#thresholds.evaluate(result.durationMs, true)
      if (breached.length > 0) this.#error ??= crossedThresholds(breached)
      const { limits } = this.#settings.policy
      tellMetricLosses(this.store, { log: this.#log, limits, audit: (record) => this.#observer.audit?.(record) })
    }
    this.#logLosses()
    await this.#jail!.measure()
    const setupData = this.#setupJson === undefined ? undefined : JSON.parse(this.#setupJson)
    return { ...result, error: this.#error, setupData }
  }

  async rehearse(summaryOf: () => string | Promise<string>): Promise<void> {
    this.#summaryOf = summaryOf
    await this.#link!.call('rehearse')
    this.#logLosses()
  }

  async handleSummary(data: string): Promise<string | undefined> {
    const link = this.#link!
    const { value, binary } = await link.call('handleSummary', data)
    const { summaryBytes } = this.#settings.policy.limits
    return value === true ? link.believe(() => readSummary(binary, summaryFrameBytes(summaryBytes))) : undefined
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.isPaused) return
    if (this.phase !== 'init' && this.phase !== 'paused') {
      throw cannotPause()
    }
    this.#state = { ...this.#state, isPaused }
    this.#link?.tell('setPaused', isPaused)
  }

  async setSetupJson(json: string | undefined): Promise<void> {
    this.#setupJson = json
    await this.#link?.call('setSetupJson', json)
  }

  async runStage(name: 'setup' | 'teardown'): Promise<void> {
    await this.#link!.call('runStage', name)
  }

  abort(reason: AppError): void {
    if (this.phase === 'ended') return
    this.#error ??= reason
    this.#link?.tell('abort', reportOf(reason))
    // Whoever holds the process may not want to end.
    const teardownMs = this.#prepared?.options.teardownTimeoutMs ?? 0
    const longMs = Math.min(teardownMs + endMs, longestTimerMs)
    this.#clocks.push(setTimeout(() => this.#jail?.kill(reason), longMs))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const clock of this.#clocks.splice(0)) clearTimeout(clock)
    this.#deadline?.clear()
    this.#secrets?.close()
    this.#link?.close()
    await this.#jail?.close()
  }

  #onReport(report: ChildReport): void {
    switch (report.kind) {
      case 'samples':
        this.store.ingest(report.thread, report.batch)
        return
      case 'state':
        this.#onState(report.state)
        return
      case 'setup':
        this.#setupJson = report.json
        return
      case 'log':
        for (const line of report.lines) this.#line(line)
        return
      case 'audit':
        for (const record of report.records) {
          if (++this.#records > maxRecords) this.#lostRecords++
          else this.#observer.audit?.(record)
        }
        this.#lostRecords += report.dropped
        return
      case 'finding':
        if (++this.#findings <= maxFindings) this.#observer.finding?.(report.finding)
        return
      case 'secretWanted':
        void this.#answerSecret(report)
        return
      case 'summaryWanted':
        this.#giveSummary().catch((e) => this.#jail?.kill(asAppError(e)))
    }
  }

  #onState(state: StateReport): void {
    const hasStarted = state.phase !== 'init' && state.phase !== 'paused'
    if (hasStarted) this.#startedAtMs ??= systemClock.now()
    this.#state = state
  }

  /** A line of the process or of its script, as long as there are not too many. */
  #line(line: LogLine): void {
    this.#logBytes += lettersOf(line)
    if (this.#logBytes > this.#settings.policy.limits.consoleBytes + ownLogBytes) this.#lostLines++
    else this.#observer.log(line)
  }

  #debug(msg: string): void {
    this.#line({ level: 'debug', msg, fields: {}, timeMs: systemClock.now() })
  }

  #logLosses(): void {
    if (this.#lostLines > 0) this.#log.warning(`${this.#lostLines} lines of the log were dropped: there were too many`)
    if (this.#lostRecords > 0) {
      this.#log.warning(`${this.#lostRecords} refusals of the policy are not on record: there were too many`)
    }
    this.#lostLines = 0
    this.#lostRecords = 0
  }

  async #answerSecret(request: Extract<ChildReport, { kind: 'secretWanted' }>): Promise<void> {
    const { secrets } = this.#settings
    const desk = this.#secrets ?? (secrets !== undefined && 'answer' in secrets ? secrets : undefined)
    if (desk === undefined || this.#secretRequests >= maxSecretRequests) return
    this.#secretRequests++
    try {
      this.#link?.tell('giveSecret', await desk.answer(request))
    } finally {
      this.#secretRequests--
    }
  }

  async #giveSummary(): Promise<void> {
    const summaryOf = this.#summaryOf
    // It is wanted once, in a check.
    this.#summaryOf = undefined
    if (summaryOf !== undefined) this.#link?.tell('giveSummary', await summaryOf())
  }
}

/** What crosses: functions stay here, and so do the sources of secrets. */
function childSettings(settings: TestRunSettings): ChildSettings {
  const { layers, secrets: _, ...plain } = settings
  const { file, env } = layers
  return {
    ...plain,
    layers: { ...(file === undefined ? {} : { file }), ...(env === undefined ? {} : { env }) },
    hasBreakdown: false,
    isMirrored: true,
  }
}

/** What a line takes, fields and all: one without a text is not for nothing either. */
function lettersOf({ msg, fields }: LogLine): number {
  return Object.entries(fields).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    msg.length + lineLetters,
  )
}

function mainFile(url: string): string[] {
  // One that is not there, too: the process shall find that out, and not that it may not look.
  return url.startsWith('file:') ? [fileURLToPath(url)] : []
}
