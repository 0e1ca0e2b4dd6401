/**
 * Where a thread puts the samples of its VUs until they are handed to the main thread. Everything in it is bounded:
 * a script can tag each call with a value of its own, or add samples in an endless loop.
 */
import type { Metric } from './metric.js'
import { droppedSeriesId, type SampleBatch, type SeriesDefinition, sampleWidth } from './series.js'
import type { Tag, TagSet } from './tag-set.js'

/** Limits of a buffer, and what to do when it is full. */
export interface SampleBufferOptions {
  /** Sets of tags, over all metrics, that are told once for the whole run of this thread; further ones with each batch. */
  maxSeries?: number
  /** Tags of one sample. */
  maxTags?: number
  /** UTF-8 bytes of a tag's name. */
  maxTagNameBytes?: number
  /** UTF-8 bytes of a tag's value. */
  maxTagValueBytes?: number
  /** Samples that wait in the buffer. */
  maxSamples?: number
  /** Called when `maxSamples` are waiting: the moment to `take()` them. If nobody does, what follows is dropped. */
  onFull?: () => void
}

/** The limits of a buffer that was told none. */
export const defaultBufferLimits = {
  maxSeries: 100_000,
  maxTags: 100,
  maxTagNameBytes: 256,
  maxTagValueBytes: 4096,
  maxSamples: 65_536,
} as const

/** Collects samples of one thread. */
export class SampleBuffer {
  readonly #limits: Required<Omit<SampleBufferOptions, 'onFull'>>
  readonly #onFull: (() => void) | undefined
  readonly #ids = new Map<string, Map<string, number>>()
  #seriesCount = 0
  #lastTransientId = 0
  #oldestTransientId = -1
  #newSeries: SeriesDefinition[] = []
  #samples = new Float64Array(sampleWidth * 256)
  #used = 0
  #dropped = 0

  constructor(options: SampleBufferOptions = {}) {
    const { onFull, ...limits } = options
    this.#limits = { ...defaultBufferLimits, ...limits }
    this.#onFull = onFull
  }

  /**
   * The id to add samples under. The same metric and tags always give the same id.
   *
   * With metadata, or beyond `maxSeries`, the id is negative and only good until the next `take()`, so ask for one right
   * before each `add()`: metadata is different in every iteration, as tags may be, and keeping all such series would fill
   * the memory.
   */
  series(metric: Metric, tags: TagSet, metadata?: TagSet): number {
    if (metadata !== undefined && !metadata.isEmpty) return this.#transientSeries(metric, tags, metadata)
    let ofMetric = this.#ids.get(metric.name)
    if (ofMetric === undefined) {
      ofMetric = new Map()
      this.#ids.set(metric.name, ofMetric)
    }
    const known = ofMetric.get(tags.key)
    if (known !== undefined) return known
    if (this.#seriesCount >= this.#limits.maxSeries) return this.#transientSeries(metric, tags)
    if (!this.#areWithinLimits(tags.entries)) return droppedSeriesId
    const id = ++this.#seriesCount
    ofMetric.set(tags.key, id)
    this.#newSeries.push({ id, metric, tags: tags.entries })
    return id
  }

  /** Adds a sample; `timeMs` are milliseconds since the epoch, with a fraction. */
  add(seriesId: number, timeMs: number, value: number): void {
    const isStale = seriesId < 0 && seriesId > this.#oldestTransientId
    const isFull = this.#used === this.#limits.maxSamples * sampleWidth
    if (seriesId === droppedSeriesId || isStale || isFull) {
      this.#dropped++
      return
    }
    if (this.#used === this.#samples.length) this.#grow()
    this.#samples[this.#used++] = seriesId
    this.#samples[this.#used++] = timeMs
    this.#samples[this.#used++] = value
    if (this.#used === this.#limits.maxSamples * sampleWidth) this.#onFull?.()
  }

  /** How many samples wait. */
  get size(): number {
    return this.#used / sampleWidth
  }

  /** What has come in since the last call, or undefined if nothing did. The caller owns it and may transfer it. */
  take(): SampleBatch | undefined {
    if (this.#used === 0 && this.#dropped === 0) return undefined
    const batch: SampleBatch = {
      series: this.#newSeries,
      samples: this.#samples.slice(0, this.#used),
      droppedSamples: this.#dropped,
    }
    this.#newSeries = []
    this.#used = 0
    this.#dropped = 0
    this.#oldestTransientId = this.#lastTransientId - 1
    return batch
  }

  #transientSeries(metric: Metric, tags: TagSet, metadata?: TagSet): number {
    const fits = this.#areWithinLimits(tags.entries) && this.#areWithinLimits(metadata?.entries ?? [])
    // No more than there can be samples: each has one of its own at most.
    const waiting = this.#oldestTransientId - this.#lastTransientId
    if (!fits || waiting >= this.#limits.maxSamples) return droppedSeriesId
    const id = --this.#lastTransientId
    this.#newSeries.push({
      id,
      metric,
      tags: tags.entries,
      ...(metadata === undefined ? {} : { metadata: metadata.entries }),
    })
    return id
  }

  #areWithinLimits(tags: readonly Tag[]): boolean {
    const { maxTags, maxTagNameBytes, maxTagValueBytes } = this.#limits
    if (tags.length > maxTags) return false
    return tags.every(([name, value]) => fitsIn(name, maxTagNameBytes) && fitsIn(value, maxTagValueBytes))
  }

  #grow(): void {
    const length = Math.min(this.#samples.length * 2, this.#limits.maxSamples * sampleWidth)
    const larger = new Float64Array(length)
    larger.set(this.#samples)
    this.#samples = larger
  }
}

function fitsIn(text: string, maxBytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8, so most texts need no counting.
  if (text.length * 3 <= maxBytes) return true
  return text.length <= maxBytes && Buffer.byteLength(text) <= maxBytes
}
