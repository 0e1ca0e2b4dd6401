/**
 * A run from the script to its last sample: first init, options, VUs, setup, scenarios, teardown, thresholds. Evaluates no
 * guest code itself: that is what the threads are for. Prints nothing; whoever started it is told through `Observer`.
 */
import { availableParallelism } from 'node:os'
import { AppError, ExitCode, isAppError } from '../errors.js'
import { longestTimerMs } from '../host/longest-timer.js'
import type { Finding } from '../host/rehearsal/finding.js'
import { SharedArrayRegistry } from '../host/shared-array-registry.js'
import type { LogLine } from '../host/vu-context.js'
import type { Metric } from '../metrics/metric.js'
import { declareModuleMetrics, optInMetrics } from '../metrics/module-metrics.js'
import { SampleBuffer } from '../metrics/sample-buffer.js'
import { MetricStore } from '../metrics/store.js'
import { TagSet } from '../metrics/tag-set.js'
import {
  abortedByThresholds,
  crossedThresholds,
  type ThresholdDefinitions,
  Thresholds,
  thresholdPeriodMs,
  trackSubMetrics,
} from '../metrics/thresholds.js'
import type { Limits } from '../policy/limits.js'
import type { ModuleLock } from '../script/module-lock.js'
import { type Clock, systemClock } from './executors/executor.js'
import {
  type Consolidated,
  type ConsolidatedOptions,
  consolidateOptions,
  specifiedOptions,
  testOptions,
} from './options/consolidate.js'
import type { Options, OptionWarning, ParsedOptions } from './options/options.js'
import { parseOptions } from './options/options.js'
import { type ExecutionPlan, planExecution } from './plan/requirements.js'
import { SegmentError } from './plan/segment.js'
import { findIdleThresholds, findOptionWarnings, rehearse, usableThresholds } from './rehearsal.js'
import type { LoadedScript, LoadRequest, RunConfig } from './run-config.js'
import { ScenarioTracker } from './scenario-tracker.js'
import { failureMessage, stackFields } from './script-failure.js'
import { SecretDesk, type SecretSettings } from './secret-desk.js'
import { answerSharedArray, type SharedArrayRequest } from './shared-array-link.js'
import { maxScenarios, SharedCounters } from './shared-counters.js'
import { ThreadHandle, type ThreadReport } from './thread-handle.js'
import type { StageResult } from './thread-protocol.js'
import { VuPool } from './vu-pool.js'

export interface TestRunSettings {
  readonly script: LoadRequest
  /** As the user named it, for messages. */
  readonly scriptName: string
  readonly env: ReadonlyMap<string, string>
  readonly isBaseMode: boolean
  /** The feature freeze-env, which is there before a script is. */
  readonly freezesEnv: boolean
  /** Options beside those of the script. The flags' are read when the script is loaded, as their errors come after its own. */
  readonly layers: { readonly file?: Options; readonly env?: Options; readonly cli?: () => Options }
  readonly limits: Limits
  /** Where secrets come from, as --secret-source has it; none without. */
  readonly secrets?: SecretSettings
  /** Undefined: one for each core, and no more than there are VUs. */
  readonly threads?: number
  readonly hasThresholds: boolean
  /** Keeps what the full summary needs. */
  readonly hasBreakdown: boolean
  /** Whether there is something that can resume a run that starts paused. */
  readonly canResume: boolean
  /** The script is going to be checked with `rehearse` and not run with `execute`. */
  readonly isRehearsal?: boolean
}

/** Told of what happens while a run goes on. Texts may hold what a script said. */
export interface Observer {
  log(line: LogLine): void
  /** Called in a check only. */
  finding?(finding: Finding): void
  /** Told of a secret before a script has it; lines of the log may hold it from then on. */
  secret?(secret: string): void
}

/** A run that is ready to begin. */
export interface PreparedRun extends Consolidated {
  readonly plan: ExecutionPlan
  readonly thresholds: ThresholdDefinitions
  /** Metrics of belljar's own that the thresholds ask for. */
  readonly optInMetrics: readonly Metric[]
}

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
}

/** Where a run stands, for whoever shows it. */
export type RunPhase = 'init' | 'paused' | 'setup' | 'run' | 'teardown' | 'ended'

export class TestRun {
  readonly store: MetricStore
  readonly counters = new SharedCounters()
  phase: RunPhase = 'init'
  initializedVus = 0
  readonly trackers: ScenarioTracker[] = []
  readonly #settings: TestRunSettings
  readonly #observer: Observer
  readonly #clock: Clock = systemClock
  readonly #threads: ThreadHandle[] = []
  readonly #stop = new AbortController()
  readonly #mainSamples = new SampleBuffer()
  #thresholds = Thresholds.none()
  #script: LoadedScript | undefined
  #prepared: PreparedRun | undefined
  #pool: VuPool | undefined
  #sharedArrays: SharedArrayRegistry | undefined
  #error: AppError | undefined
  #markedFailed = false
  /** What the script gave as the reason of the last exec.test.abort(). */
  #abortText: string | undefined
  #startTimeMs = 0
  #runStartMs = 0
  #setupJson: string | undefined
  #interruptStage: (() => void) | undefined
  #isPaused = false
  #hasStarted = false
  #resume: () => void = () => {}
  #secrets: SecretDesk | undefined

  constructor(settings: TestRunSettings, observer: Observer) {
    this.#settings = settings
    this.#observer = observer
    this.store = new MetricStore({ hasBreakdown: settings.hasBreakdown })
  }

  get thresholds(): Thresholds {
    return this.#thresholds
  }

  /** Bytes of all SharedArrays of the run: there is one copy of each, however many VUs there are. */
  get sharedArrayBytes(): number {
    return this.#sharedArrays?.bytes ?? 0
  }

  /** Milliseconds since the scenarios began; undefined before. */
  get elapsedMs(): number | undefined {
    return this.#runStartMs === 0 ? undefined : this.#clock.now() - this.#runStartMs
  }

  /**
   * Opens the secret sources, loads the script, and answers the options that it exports.
   *
   * @throws {ScriptFailure} when the script threw in its init code
   * @throws {AppError}
   */
  async load(): Promise<ParsedOptions> {
    this.#secrets = new SecretDesk(this.#settings.secrets, (secret) => this.#observer.secret?.(secret))
    const script = await this.#load()
    this.#script = script
    try {
      const parsed = parseOptions(script.options ?? {}, 'script')
      if (script.functions.length === 0) throw new AppError('SCRIPT_NO_EXPORTS', 'no exported functions in script')
      assertStages(script)
      return parsed
    } catch (e) {
      throw this.#loadError(e)
    }
  }

  /**
   * Loads the script and settles the options.
   *
   * @throws {ScriptFailure} when the script threw in its init code
   * @throws {AppError}
   */
  async prepare(): Promise<PreparedRun> {
    const { options: fromScript, warnings: scriptWarnings } = await this.load()
    const script = this.#script!
    const { registry } = this.store
    const modules = script.graph.nativeNames.map(([name]) => name)
    declareModuleMetrics(registry, modules)
    for (const { name, type, contains } of script.metrics) registry.declare(name, type, contains)
    const warnings: OptionWarning[] = [...scriptWarnings]
    const { file, env, cli } = this.#settings.layers
    const layers = {
      script: fromScript,
      ...(file === undefined ? {} : { file }),
      ...(env === undefined ? {} : { env }),
      ...(cli === undefined ? {} : { cli: cli() }),
    }
    const consolidated = consolidateOptions(layers, (name) => script.functions.includes(name))
    const { options, features } = consolidated
    for (const feature of features.unknown) this.#logError('Unknown feature flag', { feature })
    for (const feature of features.active) {
      this.#log('info', 'Experimental feature enabled', { feature, lifecycle: 'experimental' })
    }
    if (options.paused && !this.#settings.canResume) {
      throw new AppError('NOT_SUPPORTED', 'a test cannot start paused without the REST API, which could resume it', {
        hint: 'give --address (K6_ADDRESS) as well, or leave `paused` out',
      })
    }
    this.#isPaused = options.paused ?? false
    const thresholds: ThresholdDefinitions = options.thresholds ?? new Map()
    // Also without judging thresholds: it is their names that ask for a metric.
    const switchedOn = optInMetrics(registry, modules, thresholds.keys())
    for (const metric of switchedOn) registry.switchOn(metric)
    // k6 has this part of the metric in every test, and shows it when it has samples.
    if (options.systemTags.includes('expected_response')) {
      this.store.track('http_req_duration{expected_response:true}', false)
    }
    if (this.#settings.isRehearsal) {
      this.#thresholds = Thresholds.of(usableThresholds(thresholds, this.store, this.#find), this.store)
    } else if (this.#settings.hasThresholds) this.#thresholds = Thresholds.of(thresholds, this.store)
    else for (const { message, error } of trackSubMetrics(thresholds, this.store)) warnings.push({ message, error })
    const plan = this.#plan(consolidated)
    this.#prepared = {
      ...consolidated,
      warnings: [...warnings, ...consolidated.warnings],
      plan,
      thresholds,
      optInMetrics: switchedOn,
    }
    return this.#prepared
  }

  async #load(): Promise<LoadedScript> {
    const thread = this.#newThread()
    try {
      return await thread.call('load', this.#settings.script)
    } catch (e) {
      // An abort by the script says more than how its thread ended.
      throw this.#loadError(isAppError(e, 'SCRIPT_ABORTED') ? (this.#error ?? e) : e)
    }
  }

  /** k6 says which script could not be loaded, but for what the script itself threw. */
  #loadError(e: unknown): unknown {
    if (!isAppError(e) || 'failure' in e || e.code === 'FILE_NOT_FOUND' || e.code === 'INTERNAL') return e
    const { scriptName, script } = this.#settings
    return new AppError(
      e.code,
      `could not initialize '${scriptName}': could not load JS test '${script.mainUrl}': ${e.message}`,
      { ...(e.hint === undefined ? {} : { hint: e.hint }), exitCode: e.exitCode },
    )
  }

  /** What the remote modules of the script are. Empty before `prepare`. */
  get remotes(): ModuleLock {
    return this.#script?.remotes ?? new Map()
  }

  #plan({ scenarios, options }: Consolidated): ExecutionPlan {
    if (scenarios.length > maxScenarios) {
      throw new AppError('OPTIONS_INVALID', `a test may have ${maxScenarios} scenarios`)
    }
    try {
      return planExecution(scenarios, options.executionSegment, options.executionSegmentSequence)
    } catch (e) {
      if (e instanceof SegmentError) throw new AppError('OPTIONS_INVALID', e.message, { cause: e })
      throw e
    }
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
      await Promise.all(this.#threads.map((thread) => thread.call('start', this.#startTimeMs)))
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
      await Promise.allSettled(this.#threads.map((thread) => thread.call('finish')))
      this.#finalThresholds(durationMs)
    }
    this.phase = 'ended'
    return {
      error: this.#error,
      startedAtMs: this.#startTimeMs,
      durationMs,
      setupData: this.#setupJson === undefined ? undefined : JSON.parse(this.#setupJson),
      hasHandleSummary: [...this.#script!.functions, ...this.#script!.others].includes('handleSummary'),
      hasBegun,
    }
  }

  /**
   * Instead of `execute`: goes once through everything that the script has, without a server and without waiting. The
   * observer is told what is wrong.
   *
   * @param summaryOf makes the argument of handleSummary, as JSON
   * @throws {AppError} when the check itself could not go on
   */
  async rehearse(summaryOf: () => string): Promise<void> {
    const prepared = this.#prepared!
    this.#startTimeMs = this.#clock.now()
    findOptionWarnings(prepared.warnings, this.#find)
    await rehearse({
      thread: this.#threads[0]!,
      script: this.#script!,
      config: this.#runConfig(prepared),
      partMs: this.#settings.limits.checkMs,
      find: this.#find,
      summaryOf,
    })
    findIdleThresholds(this.#thresholds, this.#find)
  }

  readonly #find = (finding: Finding): void => this.#observer.finding?.(finding)

  /**
   * Calls the script's handleSummary.
   *
   * @param data the argument as JSON
   * @returns what it returned as the guest half writes it; undefined asks for the usual summary. As in k6, that takes the
   *   place of a handleSummary that threw or returned nothing, not of one that could not be used otherwise
   */
  async handleSummary(data: string): Promise<string | undefined> {
    const unusable = (error: string) => {
      this.#logError('failed to handle the end-of-test summary', { error })
      return '[]'
    }
    if (!this.#script!.functions.includes('handleSummary')) {
      return unusable('exported identifier handleSummary must be a function')
    }
    const timeoutMs = this.#prepared!.options.handleSummaryTimeoutMs
    this.#abortText = undefined
    const result = await this.#stage('handleSummary', data, timeoutMs)
    if (result.kind === 'done') return result.value
    if (result.kind === 'interrupted' && this.#abortText !== undefined) return unusable(this.#abortText)
    if (result.kind === 'interrupted') {
      return unusable(`handleSummary() execution timed out after ${Math.round(timeoutMs / 1000)} seconds`)
    }
    if (result.failure.isEncodingError) return unusable(result.failure.text)
    this.#logError(failureMessage(result.failure), stackFields)
    return undefined
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
   * Lets the run wait before its setup, or go on. As in k6, a run that has started cannot be paused.
   *
   * @throws {AppError} USAGE
   */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return
    if (this.#hasStarted) {
      throw new AppError('USAGE', 'a test that has started cannot be paused: no executor supports it', {
        hint: 'start it with --paused',
      })
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

  /** What setup() returned, or what was put in its place, as JSON. */
  get setupJson(): string | undefined {
    return this.#setupJson
  }

  /** Puts `json` in the place of what setup() returned, for the iterations of VUs that have made none yet. */
  async setSetupJson(json: string | undefined): Promise<void> {
    this.#setupJson = json
    if (this.phase !== 'init') await Promise.all(this.#threads.map((thread) => thread.call('setSetupData', json)))
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
    const { options } = this.#prepared!
    if (!this.#script!.functions.includes(name)) return
    if (name === 'setup') await this.setSetupJson(await this.#setupResult(options))
    else await this.#teardownResult(options)
  }

  /**
   * Ends the run in order: iterations stop at once, teardown runs. The reason becomes the run's error, unless it has one
   * already.
   */
  abort(reason: AppError): void {
    this.#error ??= reason
    this.#stop.abort()
    this.#pool?.interruptAll()
    this.#interruptStage?.()
  }

  /** Ends all threads, whatever they do. */
  async close(): Promise<void> {
    this.#secrets?.close()
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  #newThread(): ThreadHandle {
    const { env, freezesEnv, isBaseMode, limits } = this.#settings
    const isRehearsal = this.#settings.isRehearsal ?? false
    const settings = {
      threadIndex: this.#threads.length,
      limits: isRehearsal ? { ...limits, cpuMs: Math.min(limits.cpuMs, limits.checkMs) } : limits,
      env,
      freezesEnv,
      isBaseMode,
      isRehearsal,
      counters: this.counters.buffer,
    }
    const thread = new ThreadHandle(settings, (index, report) => this.#onReport(index, report))
    this.#threads.push(thread)
    return thread
  }

  async #begin(prepared: PreparedRun): Promise<void> {
    const { plan } = prepared
    const wanted = this.#settings.threads ?? availableParallelism()
    const count = Math.max(1, Math.min(wanted, plan.maxPossibleVUs))
    while (this.#threads.length < count) this.#newThread()
    const config = this.#runConfig(prepared)
    this.#sharedArrays = new SharedArrayRegistry(this.#settings.limits.sharedArrayBytes, config.sharedArrays)
    await Promise.all(this.#threads.map((thread) => thread.call('begin', config)))
    this.#pool = new VuPool(this.#threads, plan.maxPossibleVUs)
    await this.#unlessStopped(this.#pool.grow(plan.maxPlannedVUs, () => this.initializedVus++))
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

  #runConfig({ plan, options, specified, optInMetrics }: PreparedRun): RunConfig {
    const { graph, files, sharedArrays } = this.#script!
    return {
      options,
      scenarios: plan.scenarios,
      striping: plan.striping,
      optInMetrics,
      testOptions: testOptions(specified),
      specifiedOptions: specifiedOptions(specified),
      graph,
      files,
      sharedArrays,
    }
  }

  async #setup({ options }: PreparedRun): Promise<void> {
    if (!options.noSetup && this.#script!.functions.includes('setup') && !this.#stop.signal.aborted) {
      this.phase = 'setup'
      this.#setupJson = await this.#setupResult(options)
    }
    await Promise.all(this.#threads.map((thread) => thread.call('setSetupData', this.#setupJson)))
  }

  async #setupResult(options: ConsolidatedOptions): Promise<string | undefined> {
    const result = await this.#stage('setup', undefined, options.setupTimeoutMs)
    if (result.kind === 'failed') throw this.#stageError(result)
    if (result.kind === 'done') return result.value
    if (this.#error !== undefined) throw this.#error
    throw new AppError(
      'SETUP_TIMEOUT',
      `setup() execution timed out after ${Math.round(options.setupTimeoutMs / 1000)} seconds`,
      { hint: 'You can increase the time limit via the setupTimeout option' },
    )
  }

  async #teardown({ options }: PreparedRun): Promise<void> {
    if (options.noTeardown || !this.#script!.functions.includes('teardown')) return
    this.phase = 'teardown'
    await this.#teardownResult(options)
  }

  async #teardownResult(options: ConsolidatedOptions): Promise<void> {
    const result = await this.#stage('teardown', this.#setupJson, options.teardownTimeoutMs)
    if (result.kind === 'failed') throw this.#stageError(result)
    if (result.kind === 'interrupted') {
      throw new AppError(
        'TEARDOWN_TIMEOUT',
        `teardown() execution timed out after ${Math.round(options.teardownTimeoutMs / 1000)} seconds`,
        { hint: 'You can increase the time limit via the teardownTimeout option' },
      )
    }
  }

  #stageError(result: Extract<StageResult, { kind: 'failed' }>): AppError {
    const { failure } = result
    // What setup() returned could not be encoded: an error of the run and not of the script.
    if (failure.isEncodingError) return new AppError('SCRIPT_RESULT_INVALID', failure.text)
    // k6 takes a rejected promise for an error of the run and not of the script; the exit code says so.
    if (failure.isFromPromise)
      return new AppError('SCRIPT_EXCEPTION', failureMessage(failure), { exitCode: ExitCode.generic })
    return new AppError('SCRIPT_EXCEPTION', failureMessage(failure), { details: { ...stackFields } })
  }

  async #stage(name: 'setup' | 'teardown' | 'handleSummary', argument: string | undefined, timeoutMs: number) {
    const thread = this.#threads[0]!
    const interrupt = () => void thread.call('interruptStage').catch(() => {})
    const timer = setTimeout(interrupt, Math.min(timeoutMs, longestTimerMs))
    // A signal ends setup; teardown is what it leads to, and runs to its end.
    if (name === 'setup') this.#interruptStage = interrupt
    try {
      return await thread.call('stage', { name, argument })
    } finally {
      clearTimeout(timer)
      this.#interruptStage = undefined
    }
  }

  async #runScenarios({ plan, options }: PreparedRun): Promise<void> {
    this.phase = 'run'
    const begin = this.#clock.now()
    this.#runStartMs = begin
    for (const [index, config] of plan.scenarios.entries()) {
      this.trackers.push(
        new ScenarioTracker({
          config,
          index,
          pool: this.#pool!,
          striping: plan.striping,
          counters: this.counters,
          startTimeMs: begin + config.startTimeMs,
          clock: this.#clock,
          stop: this.#stop.signal,
          dropped: (count, vu) => this.#dropped(config.tags, config.name, count, vu),
          allocatedVus: 0,
          error: (text, e) =>
            this.#log('error', text, {
              error: asAppError(e).message,
              executor: config.executor,
              scenario: config.name,
            }),
          warn: (text) => this.#log('warning', text, { executor: config.executor, scenario: config.name }),
        }),
      )
    }
    const runTags = TagSet.from(options.tags)
    const gauges = setInterval(() => this.#emitGauges(runTags), 1000)
    const thresholds = setInterval(() => this.#checkThresholds(), thresholdPeriodMs)
    try {
      await Promise.all(
        this.trackers.map((tracker) =>
          tracker.run().catch((e: unknown) => {
            // One scenario cannot go on: neither can the run.
            this.abort(asAppError(e))
          }),
        ),
      )
    } finally {
      clearInterval(gauges)
      clearInterval(thresholds)
      this.#ingestMain()
    }
    if (this.counters.get('completed') === 0) {
      this.#log('warning', 'No script iterations fully finished, consider making the test duration longer')
    }
  }

  #dropped(scenarioTags: ReadonlyMap<string, string>, scenario: string, count: number, vu: number | undefined): void {
    // What an abort leaves undone was not dropped for want of time.
    if (this.#stop.signal.aborted) return
    const { options } = this.#prepared!
    const systemTags = new Set<string>(options.systemTags)
    let tags = TagSet.from(options.tags).withAll(scenarioTags)
    if (systemTags.has('scenario')) tags = tags.with('scenario', scenario)
    const metadata = vu !== undefined && systemTags.has('vu') ? TagSet.from([['vu', String(vu)]]) : undefined
    this.#emit('dropped_iterations', count, tags, metadata)
  }

  #emit(name: string, value: number, tags: TagSet, metadata?: TagSet): void {
    const metric = this.store.registry.get(name)!
    this.#mainSamples.add(this.#mainSamples.series(metric, tags, metadata), this.#clock.now(), value)
  }

  #emitGauges(tags: TagSet): void {
    this.#emit('vus', this.counters.get('activeVus'), tags)
    this.#emit('vus_max', this.counters.get('initializedVus'), tags)
    this.#ingestMain()
  }

  #ingestMain(): void {
    const batch = this.#mainSamples.take()
    if (batch !== undefined) this.store.ingest(-1, batch)
  }

  #checkThresholds(): void {
    const { breached, mustAbort } = this.#thresholds.evaluate(this.#clock.now() - this.#startTimeMs, false)
    if (mustAbort) this.abort(abortedByThresholds(breached))
  }

  #finalThresholds(durationMs: number): void {
    const { breached } = this.#thresholds.evaluate(durationMs, true)
    if (this.#markedFailed) this.#error ??= new AppError('MARKED_FAILED', 'test run was marked as failed')
    if (breached.length > 0) this.#error ??= crossedThresholds(breached)
    if (this.store.droppedSamples > 0) {
      this.#log(
        'warning',
        `${this.store.droppedSamples} samples were dropped: there were too many at once, or too many series`,
      )
    }
    const approximated = this.store.approximated()
    if (approximated.length > 0) {
      const worst = Math.max(...approximated.map(({ relativeError }) => relativeError))
      this.#log(
        'info',
        `percentiles of metrics '${approximated.map(({ name }) => name).join(', ')}' are within ${formatPercent(worst)} of the exact ones: there were too many values to keep them all`,
      )
    }
  }

  #onReport(thread: number, report: ThreadReport): void {
    switch (report.kind) {
      case 'samples':
        this.store.ingest(thread, report.batch)
        return
      case 'log':
        for (const line of report.lines) this.#observer.log(line)
        return
      case 'sharedArray':
        void this.#answerSharedArray(thread, report.request)
        return
      case 'finding':
        this.#find(report.finding)
        return
      case 'secretWanted':
        void this.#secrets!.answer(report).then((answer) =>
          this.#threads[thread]!.call('giveSecret', answer).catch(() => {}),
        )
        return
      case 'testEnd':
        if (report.what === 'abort') {
          this.#abortText = report.text
          this.abort(new AppError('SCRIPT_ABORTED', report.text))
        } else {
          this.#markedFailed = true
          this.#logError(report.text)
        }
        return
      case 'vmLost': {
        const { code, message, failure } = report.error
        const text = failure === undefined ? message : failureMessage(failure)
        this.#logError(`VU ${report.vu} was stopped: ${text}`, { code })
        if (report.isLast) this.abort(new AppError('LIMIT_CPU', `VU ${report.vu} lost too many VMs, the run is over`))
      }
    }
  }

  /** A VM makes or asks for a SharedArray that the first init did not make. */
  async #answerSharedArray(thread: number, request: SharedArrayRequest): Promise<void> {
    const answer = await answerSharedArray(this.#sharedArrays!, thread, request)
    // A thread that has ended wants no answer.
    if (answer !== undefined) await this.#threads[thread]!.call('sharedArray', answer).catch(() => {})
  }

  #fail(e: unknown): void {
    this.#error ??= asAppError(e)
  }

  #logError(msg: string, fields: Record<string, string> = {}): void {
    this.#log('error', msg, fields)
  }

  #log(level: LogLine['level'], msg: string, fields: Record<string, string> = {}): void {
    this.#observer.log({ level, msg, fields, timeMs: this.#clock.now() })
  }
}

function formatPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}

function assertStages(script: LoadedScript): void {
  for (const name of ['setup', 'teardown']) {
    if (script.others.includes(name)) throw new AppError('SCRIPT_EXCEPTION', `exported '${name}' must be a function`)
  }
}

function asAppError(e: unknown): AppError {
  if (isAppError(e)) return e
  return new AppError('INTERNAL', e instanceof Error ? e.message : String(e), { cause: e })
}
