/** The scenarios of a run, from the first iteration to the last: samples of the run itself, thresholds that end it. */
import { type AppError, asAppError } from '../errors.js'
import { SampleBuffer } from '../metrics/sample-buffer.js'
import type { MetricStore } from '../metrics/store.js'
import { TagSet } from '../metrics/tag-set.js'
import { abortedByThresholds, type Thresholds, thresholdPeriodMs } from '../metrics/thresholds.js'
import type { Limits } from '../policy/limits.js'
import type { Clock } from './executors/executor.js'
import { sampleLimitsOf } from './metric-limits.js'
import type { ScenarioConfig } from './options/scenario.js'
import type { PreparedRun } from './prepare-run.js'
import type { RunLog } from './run-log.js'
import { ScenarioTracker } from './scenario-tracker.js'
import type { SharedCounters } from './shared-counters.js'
import type { VuPool } from './vu-pool.js'

export interface ScenariosSettings {
  readonly prepared: PreparedRun
  readonly pool: VuPool
  readonly counters: SharedCounters
  readonly store: MetricStore
  readonly thresholds: Thresholds
  readonly clock: Clock
  /** When the duration of the run began to count, in milliseconds since 1970. */
  readonly startTimeMs: number
  /** Aborted when the run is to end. */
  readonly stop: AbortSignal
  readonly log: RunLog
  readonly limits: Limits
  /** Ends the run. */
  readonly abort: (reason: AppError) => void
}

/** Samples of the main thread; those of threads have their index. */
const mainThread = -1
const gaugePeriodMs = 1000

export class Scenarios {
  readonly trackers: readonly ScenarioTracker[]
  readonly #run: ScenariosSettings
  readonly #beginMs: number
  readonly #samples: SampleBuffer

  constructor(run: ScenariosSettings) {
    this.#run = run
    this.#samples = new SampleBuffer(sampleLimitsOf(run.limits))
    this.#beginMs = run.clock.now()
    this.trackers = run.prepared.plan.scenarios.map((config, index) => this.#tracker(config, index))
  }

  /** Milliseconds since the scenarios began. */
  get elapsedMs(): number {
    return this.#run.clock.now() - this.#beginMs
  }

  /** Never throws: a scenario that cannot go on ends the run. */
  async run(): Promise<void> {
    const { prepared, counters, log, abort } = this.#run
    const runTags = TagSet.from(prepared.options.tags)
    const gauges = setInterval(() => this.#emitGauges(runTags), gaugePeriodMs)
    const thresholds = setInterval(() => this.#checkThresholds(), thresholdPeriodMs)
    try {
      await Promise.all(this.trackers.map((tracker) => tracker.run().catch((e: unknown) => abort(asAppError(e)))))
    } finally {
      clearInterval(gauges)
      clearInterval(thresholds)
      this.#ingest()
    }
    if (counters.get('completed') === 0) {
      log.warning('No script iterations fully finished, consider making the test duration longer')
    }
  }

  #tracker(config: ScenarioConfig, index: number): ScenarioTracker {
    const { prepared, pool, counters, clock, stop, log } = this.#run
    const fields = { executor: config.executor, scenario: config.name }
    return new ScenarioTracker({
      config,
      index,
      pool,
      striping: prepared.plan.striping,
      counters,
      startTimeMs: this.#beginMs + config.startTimeMs,
      clock,
      stop,
      dropped: (count, vu) => this.#dropped(config, count, vu),
      allocatedVus: 0,
      error: (text, e) => log.error(text, { error: asAppError(e).message, ...fields }),
      warn: (text) => log.warning(text, fields),
    })
  }

  #dropped(scenario: ScenarioConfig, count: number, vu: number | undefined): void {
    // What an abort leaves undone was not dropped for want of time.
    if (this.#run.stop.aborted) return
    const { options } = this.#run.prepared
    const systemTags = new Set<string>(options.systemTags)
    let tags = TagSet.from(options.tags).withAll(scenario.tags)
    if (systemTags.has('scenario')) tags = tags.with('scenario', scenario.name)
    const metadata = vu !== undefined && systemTags.has('vu') ? TagSet.from([['vu', String(vu)]]) : undefined
    this.#emit('dropped_iterations', count, tags, metadata)
  }

  #emit(name: string, value: number, tags: TagSet, metadata?: TagSet): void {
    const metric = this.#run.store.registry.get(name)!
    this.#samples.add(this.#samples.series(metric, tags, metadata), this.#run.clock.now(), value)
  }

  #emitGauges(tags: TagSet): void {
    const { counters } = this.#run
    this.#emit('vus', counters.get('activeVus'), tags)
    this.#emit('vus_max', counters.get('initializedVus'), tags)
    this.#ingest()
  }

  #ingest(): void {
    const batch = this.#samples.take()
    if (batch !== undefined) this.#run.store.ingest(mainThread, batch)
  }

  #checkThresholds(): void {
    const { thresholds, clock, startTimeMs, abort } = this.#run
    const { breached, mustAbort } = thresholds.evaluate(clock.now() - startTimeMs, false)
    if (mustAbort) abort(abortedByThresholds(breached))
  }
}
