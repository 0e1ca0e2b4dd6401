/**
 * The samples of a run added up by metric and tags, which is what receivers of time series want. Takes batches on the
 * main thread and keeps nothing of a single sample. Knows no format.
 */
import type { Metric } from '../../../metrics/metric.js'
import { sampleWidth } from '../../../metrics/series.js'
import type { Sink } from '../../../metrics/sink.js'
import type { Series, StoredSamples } from '../../../metrics/store.js'
import type { TagSet } from '../../../metrics/tag-set.js'
import type { OutputTrouble } from '../output-trouble.js'

/** A metric with one set of tags, over all threads. Metadata does not tell series apart. */
export interface SummedSeries<AnySink extends Sink> {
  readonly metric: Metric
  readonly tags: TagSet
  readonly sink: AnySink
  /** When the first sample was taken, in milliseconds since the epoch. */
  readonly startTimeMs: number
}

interface Entry<AnySink extends Sink> extends SummedSeries<AnySink> {
  hasChanged: boolean
}

/** Series that one output keeps. */
const defaultMaxSummedSeries = 50_000

/** Adds up samples. */
export class SeriesTable<AnySink extends Sink> {
  readonly #newSink: (metric: Metric) => AnySink
  readonly #trouble: OutputTrouble
  readonly #maxSeries: number
  readonly #entries = new Map<string, Entry<AnySink>>()
  /** Saves the key of each sample; a series of a thread is always the same object. */
  readonly #known = new WeakMap<Series, Entry<AnySink>>()

  /** @param trouble told how many samples were of series over the limit */
  constructor(
    newSink: (metric: Metric) => AnySink,
    trouble: OutputTrouble,
    maxSeries: number = defaultMaxSummedSeries,
  ) {
    this.#newSink = newSink
    this.#trouble = trouble
    this.#maxSeries = maxSeries
  }

  add({ samples, seriesOf }: StoredSamples): void {
    let left = 0
    for (let i = 0; i < samples.length; i += sampleWidth) {
      const series = seriesOf(samples[i]!)
      if (series === undefined) continue
      const entry = this.#known.get(series) ?? this.#entryOf(series, samples[i + 1]!)
      if (entry === undefined) {
        left++
        continue
      }
      entry.sink.add(samples[i + 2]!)
      entry.hasChanged = true
    }
    if (left > 0) this.#trouble.lost(left, `there are more than ${this.#maxSeries} series`)
  }

  /** Every series there is. */
  all(): SummedSeries<AnySink>[] {
    return [...this.#entries.values()]
  }

  /** The series with samples since this was last asked. */
  takeChanged(): SummedSeries<AnySink>[] {
    const changed = [...this.#entries.values()].filter(({ hasChanged }) => hasChanged)
    for (const entry of changed) entry.hasChanged = false
    return changed
  }

  #entryOf(series: Series, timeMs: number): Entry<AnySink> | undefined {
    const key = `${series.metric.name} ${series.tags.key}`
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      if (this.#entries.size >= this.#maxSeries) return undefined
      const { metric, tags } = series
      entry = { metric, tags, sink: this.#newSink(metric), startTimeMs: timeMs, hasChanged: false }
      this.#entries.set(key, entry)
    }
    this.#known.set(series, entry)
    return entry
  }
}
