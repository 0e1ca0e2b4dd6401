/**
 * A run from the script to its last sample: first init, options, VUs, setup, scenarios, teardown, thresholds. Says what comes
 * after what; each part is in a file of its own. Evaluates no guest code itself: that is what the threads are for. Prints
 * nothing; whoever started it is told through `Observer`.
 */
import { availableParallelism } from 'node:os'
import { AppError, asAppError, isAppError } from '../errors.js'
import type { Finding } from '../host/rehearsal/finding.js'
import type { MetricStore } from '../metrics/store.js'
import { crossedThresholds, Thresholds } from '../metrics/thresholds.js'
import type { ModuleLock } from '../script/module-lock.js'
import { type Clock, systemClock } from './executors/executor.js'
import { newStore } from './metric-limits.js'
import type { ParsedOptions } from './options/options.js'
import { cannotPause } from './pause.js'
import { asLoadError, type PreparedRun, prepareRun, runConfig, scriptOptions } from './prepare-run.js'
import { findIdleThresholds, findOptionWarnings, rehearse } from './rehearsal.js'
import type { Run, RunPhase, RunProgress, RunResult } from './run.js'
import type { LoadedScript } from './run-config.js'
import { RunDeadline } from './run-deadline.js'
import { RunLog } from './run-log.js'
import { tellMetricLosses } from './run-losses.js'
import { RunThreads } from './run-threads.js'
import { Scenarios } from './scenarios.js'
import { SharedCounters } from './shared-counters.js'
import { Stages } from './stages.js'
import type { Observer, TestRunSettings } from './test-run-settings.js'
import { VuLedger } from './vu-ledger.js'
import { VuPool } from './vu-pool.js'

export class TestRun implements Run {
  readonly store: MetricStore
  readonly counters = new SharedCounters()
  phase: RunPhase = 'init'
  readonly #settings: TestRunSettings
  readonly #observer: Observer
  readonly #clock: Clock = systemClock
  readonly #log: RunLog
  readonly #threads: RunThreads
  readonly #stop = new AbortController()
  #thresholds = Thresholds.none()
  #script: LoadedScript | undefined
  #fromScript: ParsedOptions | undefined
  #prepared: PreparedRun | undefined
  #stages: Stages | undefined
  #pool: VuPool | undefined
  #scenarios: Scenarios | undefined
  #error: AppError | undefined
  #deadline: RunDeadline | undefined
  #initializedVus = 0
  #markedFailed = false
  #startTimeMs = 0
  #setupJson: string | undefined
  #isPaused = false
  #hasStarted = false
  #resume: () => void = () => {}

  constructor(settings: TestRunSettings, observer: Observer) {
    this.#settings = settings
    this.#observer = observer
    this.#log = new RunLog((line) => observer.log(line), this.#clock)
    this.store = newStore(settings)
    this.#threads = new RunThreads({
      settings,
      observer,
      counters: this.counters,
      store: this.store,
      log: this.#log,
      find: this.#find,
      onTestEnd: (what, text) => this.#onTestEnd(what, text),
      onTrouble: (e) => this.abort(e),
    })
  }

  get thresholds(): Thresholds {
    return this.#thresholds
  }

  /** Bytes of all SharedArrays of the run: there is one copy of each, however many VUs there are. */
  get sharedArrayBytes(): number {
    return this.#threads.sharedArrayBytes
  }

  get progress(): RunProgress {
    const { counters, phase } = this
    return {
      phase,
      elapsedMs: this.#scenarios?.elapsedMs,
      // Until all are there, those that this thread knows of: counters are written by the others.
      initializedVus: phase === 'init' ? this.#initializedVus : counters.get('initializedVus'),
      activeVus: counters.get('activeVus'),
      completed: counters.get('completed'),
      interrupted: counters.get('interrupted'),
      scenarios: this.#scenarios?.trackers.map((tracker) => tracker.progress) ?? [],
    }
  }

  /** What was loaded. */
  get script(): LoadedScript | undefined {
    return this.#script
  }

  /** What the remote modules of the script are. Empty before `prepare`. */
  get remotes(): ModuleLock {
    return this.#script?.remotes ?? new Map()
  }

  /** What setup() returned, or what was put in its place, as JSON. */
  get setupJson(): string | undefined {
    return this.#setupJson
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** True once the run is to end before its time. */
  get isStopping(): boolean {
    return this.#stop.signal.aborted
  }

  get isMarkedFailed(): boolean {
    return this.#markedFailed
  }

  /**
   * Opens the secret sources, loads the script, and answers the options that it exports.
   *
   * @throws {ScriptFailure} when the script threw in its init code
   * @throws {AppError}
   */
  async load(): Promise<ParsedOptions> {
    this.#threads.openSecrets()
    this.#deadline = new RunDeadline(
      this.#settings.policy.limits.runMs,
      (reason) => this.#onTimeOver(reason),
      (reason) => this.#threads.end(reason),
    )
    const script = await this.#load()
    this.#script = script
    this.#fromScript = scriptOptions(script, this.#settings)
    return this.#fromScript
  }

  async #load(): Promise<LoadedScript> {
    try {
      return await this.#threads.load()
    } catch (e) {
      // An abort by the script says more than how its thread ended.
      throw asLoadError(isAppError(e, 'SCRIPT_ABORTED') ? (this.#error ?? e) : e, this.#settings)
    }
  }

  /**
   * Loads the script, unless that is done, and settles the options.
   *
   * @throws {ScriptFailure} when the script threw in its init code
   * @throws {AppError}
   */
  async prepare(): Promise<PreparedRun> {
    const fromScript = this.#fromScript ?? (await this.load())
    const script = this.#script!
    const { prepared, thresholds } = prepareRun({
      script,
      fromScript,
      settings: this.#settings,
      store: this.store,
      log: this.#log,
      find: this.#find,
    })
    this.#prepared = prepared
    this.#thresholds = thresholds
    this.#isPaused = prepared.options.paused ?? false
    this.#stages = new Stages({
      thread: this.#threads.first,
      script,
      options: prepared.options,
      log: this.#log,
      whyStopped: () => this.#error,
    })
    return prepared
  }

  /** Runs what was prepared. Never throws for what the script or the servers do: the result says it. */
  async execute(): Promise<RunResult> {
    const prepared = this.#prepared!
    this.#startTimeMs = this.#clock.now()
    let hasBegun = false
    try {
      await this.#begin(prepared)
      hasBegun = true
      await this.#whilePaused()
      // k6 counts a run's duration from here: what went before is its preparation.
      this.#startTimeMs = this.#clock.now()
      this.#hasStarted = true
      await this.#threads.start(this.#startTimeMs)
      await this.#setup(prepared)
      try {
        if (!this.#stop.signal.aborted) await this.#runScenarios(prepared)
      } catch (e) {
        this.#fail(e)
      }
      await this.#teardown(prepared)
    } catch (e) {
      this.#fail(e)
    }
    const durationMs = this.#clock.now() - this.#startTimeMs
    if (hasBegun) {
      await this.#threads.finish()
      this.#judge(durationMs)
      if (!this.#settings.isMirrored) this.#tellMetricLosses()
    }
    this.#threads.tellDrops()
    this.phase = 'ended'
    return {
      error: this.#error,
      startedAtMs: this.#startTimeMs,
      durationMs,
      setupData: this.#setupJson === undefined ? undefined : JSON.parse(this.#setupJson),
      hasHandleSummary: [...this.#script!.functions, ...this.#script!.others].includes('handleSummary'),
      hasBegun,
      stopped: this.#threads.stopped,
      cpuMs: this.#threads.cpuMs,
    }
  }

  /**
   * Instead of `execute`: goes once through everything that the script has, without a server and without waiting. The
   * observer is told what is wrong.
   *
   * @param summaryOf makes the argument of handleSummary, as JSON
   * @throws {AppError} when the check itself could not go on
   */
  async rehearse(summaryOf: () => string | Promise<string>): Promise<void> {
    const prepared = this.#prepared!
    this.#startTimeMs = this.#clock.now()
    findOptionWarnings(prepared.warnings, this.#find)
    const config = runConfig(this.#script!, prepared, this.#settings)
    await this.#threads.begin(1, config)
    await rehearse({
      thread: this.#threads.first,
      script: this.#script!,
      config,
      partMs: this.#settings.policy.limits.checkMs,
      find: this.#find,
      summaryOf,
    })
    findIdleThresholds(this.#thresholds, this.#find)
  }

  readonly #find = (finding: Finding): void => this.#observer.finding?.(finding)

  /** Calls the script's handleSummary, see `Stages.handleSummary`. */
  handleSummary(data: string): Promise<string | undefined> {
    return this.#stages!.handleSummary(data)
  }

  /**
   * Lets the run wait before its setup, or go on. As in k6, a run that has started cannot be paused.
   *
   * @throws {AppError} USAGE
   */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return
    if (this.#hasStarted) {
      throw cannotPause()
    }
    this.#isPaused = isPaused
    if (!isPaused) this.#resume()
  }

  async #whilePaused(): Promise<void> {
    const { signal } = this.#stop
    if (this.#isPaused && !signal.aborted) {
      this.phase = 'paused'
      await new Promise<void>((resolve) => {
        this.#resume = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    // Nothing has begun that a teardown would have to end.
    if (signal.aborted && this.phase === 'paused') throw this.#error
  }

  /** Puts `json` in the place of what setup() returned, for the iterations of VUs that have made none yet. */
  async setSetupJson(json: string | undefined): Promise<void> {
    this.#setupJson = json
    if (this.phase !== 'init') await this.#threads.setSetupData(json)
  }

  /**
   * Runs setup() or teardown() beside the run.
   *
   * @throws {AppError} USAGE while there are no VUs, or setup() or teardown() of the run itself is under way
   */
  async runStage(name: 'setup' | 'teardown'): Promise<void> {
    if (this.phase !== 'paused' && this.phase !== 'run') {
      throw new AppError('USAGE', `${name}() cannot be run now: the test is neither paused nor in its scenarios`)
    }
    const stages = this.#stages!
    if (!stages.has(name)) return
    if (name === 'setup') await this.setSetupJson(await stages.setup())
    else await stages.teardown(this.#setupJson)
  }

  /**
   * Ends the run in order: iterations stop at once, teardown runs. The reason becomes the run's error, unless it has one
   * already.
   */
  abort(reason: AppError): void {
    this.#error ??= reason
    this.#stop.abort()
    this.#pool?.interruptAll()
    this.#stages?.interruptSetup()
  }

  /** What is being loaded has no order yet in which it could end. */
  #onTimeOver(reason: AppError): void {
    this.abort(reason)
    if (this.#prepared === undefined) this.#threads.end(reason)
  }

  /** Ends all threads, whatever they do. */
  close(): Promise<void> {
    this.#deadline?.clear()
    return this.#threads.close()
  }

  async #begin(prepared: PreparedRun): Promise<void> {
    const { plan } = prepared
    const wanted = this.#settings.threads ?? availableParallelism()
    const count = Math.max(1, Math.min(wanted, plan.maxPossibleVUs))
    const config = runConfig(this.#script!, prepared, this.#settings)
    await this.#threads.begin(count, config)
    this.#pool = new VuPool(this.#threads.all, plan.maxPossibleVUs, {
      counters: this.counters,
      ledger: new VuLedger(config.ledger),
      retired: this.#threads.retired,
    })
    await this.#unlessStopped(this.#pool.grow(plan.maxPlannedVUs, () => this.#initializedVus++))
  }

  /** Init code is not waited for when the run is to stop: its threads are ended as they are. */
  async #unlessStopped(work: Promise<void>): Promise<void> {
    const { signal } = this.#stop
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    work.catch(() => {})
    await Promise.race([work, stopped])
    if (signal.aborted) throw this.#error
  }

  async #setup({ options }: PreparedRun): Promise<void> {
    if (!options.noSetup && this.#stages!.has('setup') && !this.#stop.signal.aborted) {
      this.phase = 'setup'
      this.#setupJson = await this.#stages!.setup()
    }
    await this.#threads.setSetupData(this.#setupJson)
  }

  async #runScenarios(prepared: PreparedRun): Promise<void> {
    this.phase = 'run'
    this.#scenarios = new Scenarios({
      prepared,
      pool: this.#pool!,
      counters: this.counters,
      store: this.store,
      thresholds: this.#thresholds,
      clock: this.#clock,
      startTimeMs: this.#startTimeMs,
      stop: this.#stop.signal,
      log: this.#log,
      limits: this.#settings.policy.limits,
      abort: (reason) => this.abort(reason),
    })
    await this.#scenarios.run()
  }

  async #teardown({ options }: PreparedRun): Promise<void> {
    if (options.noTeardown || !this.#stages!.has('teardown')) return
    this.phase = 'teardown'
    await this.#stages!.teardown(this.#setupJson)
  }

  #judge(durationMs: number): void {
    if (this.#markedFailed) this.#error ??= new AppError('MARKED_FAILED', 'test run was marked as failed')
    if (this.#settings.isMirrored) return
    const { breached } = this.#thresholds.evaluate(durationMs, true)
    if (breached.length > 0) this.#error ??= crossedThresholds(breached)
  }

  #onTestEnd(what: 'abort' | 'fail', text: string): void {
    if (what === 'abort') {
      this.#stages?.onAbort(text)
      this.abort(new AppError('SCRIPT_ABORTED', text))
    } else {
      // The thread has logged the text.
      this.#markedFailed = true
    }
  }

  #tellMetricLosses(): void {
    const { limits } = this.#settings.policy
    tellMetricLosses(this.store, { log: this.#log, limits, audit: (record) => this.#observer.audit?.(record) })
  }

  #fail(e: unknown): void {
    this.#error ??= asAppError(e)
  }
}
