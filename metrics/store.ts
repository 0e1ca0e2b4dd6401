/**
 * All metrics of a run, on the main thread: takes the batches of the VU threads and adds each sample to every sink
 * that wants it. Which sinks those are is worked out once per series, so that a sample costs a few additions.
 * Knows nothing of thresholds, summaries or outputs; they read it or listen to it.
 */
import { AppError, isAppError } from '../errors.js'
import { Breakdown } from './breakdown.js'
import { CheckCount, Group } from './group-tree.js'
import type { Metric } from './metric.js'
import { parseMetricSelector, type SubMetricSelector } from './metric-selector.js'
import { NameSet } from './name-set.js'
import { MetricRegistry } from './registry.js'
import { type SampleBatch, type SampleLimit, type SeriesDefinition, sampleLimits, sampleWidth } from './series.js'
import { SeriesSet } from './series-set.js'
import { type MetricSink, newSink, type Sink } from './sink.js'
import { TagSet } from './tag-set.js'
import { TrendBudget, type TrendLimits } from './trend-sink.js'

/** A metric of the run and its sink; for a sub-metric the name has its condition in braces. */
export interface StoredMetric {
  readonly name: string
  readonly metric: Metric
  readonly sink: MetricSink
  /** Set for a sub-metric. */
  readonly selector?: SubMetricSelector
  /** Set for a sub-metric: the metric it is a part of. */
  readonly parent?: StoredMetric
  /** The parts of this metric that something asked for, in that order. */
  readonly subMetrics: readonly StoredMetric[]
}

/** A metric with one set of tags. The same object for all samples of one that has no metadata, but for very many of them. */
export interface Series {
  readonly metric: Metric
  readonly tags: TagSet
  readonly metadata: TagSet
}

/** Samples as an output sees them. Only valid during the call it is handed to. */
export interface StoredSamples {
  /** Triples of series id, time (milliseconds since the epoch, with a fraction) and value. */
  readonly samples: Float64Array
  /** The series of such an id, or undefined for samples that are to be left out. */
  seriesOf(id: number): Series | undefined
}

/** What a store keeps, and how much. */
export interface MetricStoreOptions {
  /** Metrics that exist already; without it only the built-in ones. */
  registry?: MetricRegistry
  /** Keep what the full summary needs. */
  hasBreakdown?: boolean
  /** Different series of all threads together; samples of further ones are dropped. */
  maxSeries?: number
  /** Names of checks, and paths of groups, of each; samples with further ones are dropped. */
  maxNames?: number
  /** What trends may keep; metrics/trend-sink.ts has the defaults. */
  trendLimits?: Partial<TrendLimits>
}

/** The limits of a store that was told none. */
export const defaultStoreLimits = { maxSeries: 1_000_000, maxNames: 100_000 } as const

interface Route {
  readonly series: Series
  readonly sinks: readonly Sink[]
}

/** Where samples of a series go, or the limit that they go over; undefined for those of a metric that is no such metric. */
type Destination = Route | SampleLimit | undefined

interface ThreadRoutes {
  readonly lasting: Destination[]
  transient: Map<number, Destination>
}

/** A StoredMetric as only the store may change it. */
interface MutableMetric extends StoredMetric {
  subMetrics: MutableMetric[]
}

/** The metrics of a run. */
export class MetricStore {
  readonly registry: MetricRegistry
  /** Groups and the checks in them, from the tags of samples. */
  readonly rootGroup = new Group()
  /** Checks of the whole run by name, in the order first seen. */
  readonly checks = new Map<string, CheckCount>()
  /** What the full summary needs, if it was asked for. */
  readonly breakdown: Breakdown | undefined
  readonly #metrics = new Map<string, MutableMetric>()
  readonly #observed = new Map<string, StoredMetric>()
  readonly #threads = new Map<number, ThreadRoutes>()
  /** Where samples of series that last go, by metric and tags. */
  readonly #routes = new Map<string, Route>()
  readonly #hooks: ((samples: StoredSamples) => void)[] = []
  #relay: ((threadId: number, batch: SampleBatch) => void) | undefined
  #isKept = true
  readonly #budget: TrendBudget
  readonly #series: SeriesSet
  readonly #names: NameSet
  #droppedSamples = 0
  readonly #droppedBy = new Map<SampleLimit, number>()

  constructor(options: MetricStoreOptions = {}) {
    this.registry = options.registry ?? new MetricRegistry()
    const { maxSeries, maxNames } = { ...defaultStoreLimits, ...options }
    this.breakdown = options.hasBreakdown ? new Breakdown(maxNames) : undefined
    this.#series = new SeriesSet(maxSeries)
    this.#names = new NameSet(maxNames)
    this.#budget = new TrendBudget(options.trendLimits)
  }

  /** Adds what a thread has collected. Batches of one thread must come in the order they were taken. */
  ingest(threadId: number, batch: SampleBatch): void {
    this.#relay?.(threadId, batch)
    if (!this.#isKept) return
    const thread = this.#thread(threadId)
    this.#droppedSamples += batch.droppedSamples
    for (const limit of sampleLimits) this.#countDrop(limit, batch.droppedBy[limit] ?? 0)
    thread.transient.clear()
    for (const definition of batch.series) this.#addSeries(thread, definition)
    const { samples } = batch
    const { lasting, transient } = thread
    for (let i = 0; i + sampleWidth <= samples.length; i += sampleWidth) {
      const id = samples[i]!
      const route = id > 0 ? lasting[id] : transient.get(id)
      if (typeof route !== 'object') {
        this.#droppedSamples++
        if (route !== undefined) this.#countDrop(route, 1)
        continue
      }
      const value = samples[i + 2]!
      for (const sink of route.sinks) sink.add(value)
    }
    if (samples.length === 0) return
    const seriesOf = (id: number) => {
      const route = id > 0 ? lasting[id] : transient.get(id)
      return typeof route === 'object' ? route.series : undefined
    }
    for (const hook of this.#hooks) hook({ samples, seriesOf })
  }

  /** Has `hook` called with every batch that comes in, after the sinks have it. */
  onSamples(hook: (samples: StoredSamples) => void): void {
    this.#hooks.push(hook)
  }

  /** Has `relay` called with every batch as it comes in, for a store elsewhere. */
  relayTo(relay: (threadId: number, batch: SampleBatch) => void): void {
    this.#relay = relay
  }

  /** Lets what comes in from now on go by, when nobody asks this store about it. */
  keepNothing(): void {
    this.#isKept = false
  }

  /**
   * Keeps a sub-metric from now on, and makes it and its parent part of the summary even without samples if
   * `isShown`. A plain metric's name is fine too. Equal tags give the same sub-metric, whatever their order.
   *
   * @throws {AppError} `OPTIONS_INVALID` for a name that is malformed or names no metric
   */
  track(selectorText: string, isShown: boolean): StoredMetric {
    const { metricName, subMetric } = parseMetricSelector(selectorText)
    const metric = this.registry.get(metricName)
    if (metric === undefined) {
      throw new AppError('OPTIONS_INVALID', `metric '${metricName}' does not exist in the script`)
    }
    const parent = this.#stored(metric)
    const stored = subMetric === undefined ? parent : this.#subMetric(parent, subMetric)
    if (isShown) {
      this.#observed.set(parent.name, parent)
      this.#observed.set(stored.name, stored)
    }
    return stored
  }

  /** A metric or sub-metric by its full name, if it has samples or is tracked. */
  get(name: string): StoredMetric | undefined {
    return this.#observed.get(name)
  }

  /** The sub-metrics of a metric, whether they have samples or not. */
  subMetricsOf(name: string): readonly StoredMetric[] {
    return this.#metrics.get(name)?.subMetrics ?? []
  }

  /** Metrics and sub-metrics with samples or tracked as shown, in the order first seen. */
  observed(): StoredMetric[] {
    return [...this.#observed.values()]
  }

  /** Samples that were left out, here or in a thread. */
  get droppedSamples(): number {
    return this.#droppedSamples
  }

  /** Those among them that went over a limit of the run. */
  get droppedBy(): ReadonlyMap<SampleLimit, number> {
    return this.#droppedBy
  }

  /** Different series, of all threads together. */
  get seriesCount(): number {
    return this.#series.size
  }

  /** Metrics and sub-metrics whose percentiles are no longer exact: trends with too many values to keep them all. */
  approximated(): { readonly name: string; readonly relativeError: number }[] {
    return this.observed().flatMap(({ name, sink }) =>
      sink.type === 'trend' && sink.relativeError > 0 ? [{ name, relativeError: sink.relativeError }] : [],
    )
  }

  /** Bytes that the values of all trends take. All else that grows is bounded by the number of series. */
  get retainedTrendBytes(): number {
    return this.#budget.retainedBytes
  }

  #thread(threadId: number): ThreadRoutes {
    let thread = this.#threads.get(threadId)
    if (thread === undefined) {
      thread = { lasting: [], transient: new Map() }
      this.#threads.set(threadId, thread)
    }
    return thread
  }

  #addSeries(thread: ThreadRoutes, definition: SeriesDefinition): void {
    const { id } = definition
    if (id > 0) thread.lasting[id] = this.#lastingDestinationOf(definition)
    else thread.transient.set(id, this.#destinationOf(definition))
  }

  /** One for all threads, also for those that were lost: their series are kept once, and there are no more than `maxSeries`. */
  #lastingDestinationOf(definition: SeriesDefinition): Destination {
    const found = this.#destinationOf(definition)
    if (typeof found !== 'object') return found
    const { metric, tags } = found.series
    const key = `${metric.name} ${tags.key}`
    const kept = this.#routes.get(key)
    if (kept === undefined) this.#routes.set(key, found)
    return kept ?? found
  }

  /** Nothing is kept of what is over a limit. */
  #destinationOf(definition: SeriesDefinition): Destination {
    const metric = this.#declared(definition.metric)
    if (metric === undefined) return undefined
    const tags = TagSet.from(definition.tags)
    if (!this.#names.admits(tags)) return 'checks'
    if (!this.#series.admits(metric.name, tags.key)) return 'series'
    const series = { metric, tags, metadata: TagSet.from(definition.metadata ?? []) }
    return { series, sinks: this.#sinksFor(metric, tags) }
  }

  #countDrop(limit: SampleLimit, count: number): void {
    if (count > 0) this.#droppedBy.set(limit, (this.#droppedBy.get(limit) ?? 0) + count)
  }

  /** The metric as this thread knows it; undefined when two VUs declared it differently, as only one can be right. */
  #declared(metric: Metric): Metric | undefined {
    const known = this.registry.get(metric.name)
    if (known !== undefined) {
      return known.type === metric.type && known.contains === metric.contains ? known : undefined
    }
    try {
      return this.registry.declare(metric.name, metric.type, metric.contains)
    } catch (e) {
      if (isAppError(e)) return undefined
      throw e
    }
  }

  #sinksFor(metric: Metric, tags: TagSet): Sink[] {
    const stored = this.#stored(metric)
    this.#observed.set(stored.name, stored)
    const sinks: Sink[] = [stored.sink]
    for (const part of stored.subMetrics) {
      if (part.selector !== undefined && tags.includes(part.selector.tags)) {
        this.#observed.set(part.name, part)
        sinks.push(part.sink)
      }
    }
    sinks.push(...this.#groupSinks(metric, tags))
    if (this.breakdown !== undefined) sinks.push(...this.breakdown.sinksFor(metric, tags, this.#budget))
    return sinks
  }

  #groupSinks(metric: Metric, tags: TagSet): Sink[] {
    if (metric.name !== 'checks' && metric.name !== 'group_duration') return []
    const groupTag = tags.get('group')
    const group = groupTag === undefined ? undefined : this.rootGroup.descend(groupTag)
    const name = metric.name === 'checks' ? tags.get('check') : undefined
    if (name === undefined) return []
    let total = this.checks.get(name)
    if (total === undefined) {
      total = new CheckCount(name, '')
      this.checks.set(name, total)
    }
    return group === undefined ? [total] : [total, group.check(name)]
  }

  #stored(metric: Metric): MutableMetric {
    let stored = this.#metrics.get(metric.name)
    if (stored === undefined) {
      stored = { name: metric.name, metric, sink: newSink(metric.type, this.#budget), subMetrics: [] }
      this.#metrics.set(metric.name, stored)
    }
    return stored
  }

  #subMetric(parent: MutableMetric, selector: SubMetricSelector): StoredMetric {
    const known = parent.subMetrics.find((part) => part.selector?.tags.key === selector.tags.key)
    if (known !== undefined) return known
    const { metric } = parent
    const part = {
      name: selector.name,
      metric,
      selector,
      parent,
      sink: newSink(metric.type, this.#budget),
      subMetrics: [],
    }
    parent.subMetrics.push(part)
    return part
  }
}
