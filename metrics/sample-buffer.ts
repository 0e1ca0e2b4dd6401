/**
 * Where a thread puts the samples of its VUs until they are handed to the main thread. Everything in it is bounded:
 * a script can tag each call with a value of its own, or add samples in an endless loop.
 */
import type { Metric } from './metric.js'
import {
  type DroppedSamples,
  droppedSeriesId,
  type SampleBatch,
  type SampleLimit,
  type SeriesDefinition,
  sampleWidth,
} from './series.js'
import type { Tag, TagSet } from './tag-set.js'

/** Limits of a buffer, and what to do when it is full. */
export interface SampleBufferOptions {
  /** Sets of tags, over all metrics: samples of further ones are dropped. */
  maxSeries?: number
  /** Those that are told once for the whole run of this thread; further ones with each batch. */
  maxKnownSeries?: number
  /** Tags of one sample. */
  maxTags?: number
  /** UTF-8 bytes of a tag's name, and of its value. */
  maxTagBytes?: number
  /** UTF-8 bytes of the name of a check or of a group, whose tags these are; a path of groups may have as much for each. */
  maxNameBytes?: number
  /** Samples that wait in the buffer. */
  maxSamples?: number
  /** Called when `maxSamples` are waiting: the moment to `take()` them. If nobody does, what follows is dropped. */
  onFull?: () => void
}

/** The limits of a buffer that was told none. */
export const defaultBufferLimits = {
  maxSeries: 1_000_000,
  maxKnownSeries: 100_000,
  maxTags: 100,
  maxTagBytes: 4096,
  maxNameBytes: 4096,
  maxSamples: 65_536,
} as const

/** Names of a path of groups, which are inside of each other. */
export const maxPathNames = 64
/** Letters of the tags of series that wait to be told. */
const maxWaitingLetters = 16 * 1024 * 1024

/** Collects samples of one thread. */
export class SampleBuffer {
  readonly #limits: Required<Omit<SampleBufferOptions, 'onFull'>>
  readonly #onFull: (() => void) | undefined
  readonly #ids = new Map<string, Map<string, number>>()
  #seriesCount = 0
  #lastTransientId = 0
  #oldestTransientId = -1
  #newSeries: SeriesDefinition[] = []
  #newLetters = 0
  #samples = new Float64Array(sampleWidth * 256)
  #used = 0
  #dropped = 0
  #droppedBy: Partial<Record<SampleLimit, number>> = {}
  /** Why the series that was asked for last is none. */
  #fault: SampleLimit | undefined

  constructor(options: SampleBufferOptions = {}) {
    const { onFull, ...limits } = options
    this.#limits = { ...defaultBufferLimits, ...limits }
    this.#onFull = onFull
  }

  /**
   * The id to add samples under. The same metric and tags always give the same id.
   *
   * With metadata, or beyond `maxKnownSeries`, the id is negative and only good until the next `take()`, so ask for one right
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
    if (this.#seriesCount >= this.#limits.maxSeries) return this.#refuse('series')
    if (this.#seriesCount >= this.#limits.maxKnownSeries) return this.#transientSeries(metric, tags)
    const fault = this.#faultOf(tags.entries)
    if (fault !== undefined) return this.#refuse(fault)
    if (!this.#tell({ id: this.#seriesCount + 1, metric, tags: tags.entries })) return this.#refuse(undefined)
    ofMetric.set(tags.key, ++this.#seriesCount)
    return this.#seriesCount
  }

  /** Adds a sample; `timeMs` are milliseconds since the epoch, with a fraction. */
  add(seriesId: number, timeMs: number, value: number): void {
    const isStale = seriesId < 0 && seriesId > this.#oldestTransientId
    const isFull = this.#used === this.#limits.maxSamples * sampleWidth
    if (seriesId === droppedSeriesId || isStale || isFull) {
      this.#dropped++
      if (seriesId === droppedSeriesId && this.#fault !== undefined) {
        this.#droppedBy[this.#fault] = (this.#droppedBy[this.#fault] ?? 0) + 1
      }
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
      droppedBy: this.#droppedBy as DroppedSamples,
    }
    this.#newSeries = []
    this.#newLetters = 0
    this.#used = 0
    this.#dropped = 0
    this.#droppedBy = {}
    this.#oldestTransientId = this.#lastTransientId - 1
    return batch
  }

  /** Drops all samples that wait: nobody can take them at present. Series that are told once are still told. */
  drop(): void {
    this.#dropped += this.size
    this.#used = 0
    this.#newSeries = this.#newSeries.filter(({ id }) => id > 0)
    this.#newLetters = this.#newSeries.reduce((sum, { tags }) => sum + lettersOf(tags), 0)
    this.#oldestTransientId = this.#lastTransientId - 1
  }

  #transientSeries(metric: Metric, tags: TagSet, metadata?: TagSet): number {
    const fault = this.#faultOf(tags.entries) ?? this.#faultOf(metadata?.entries ?? [])
    if (fault !== undefined) return this.#refuse(fault)
    // No more than there can be samples: each has one of its own at most.
    const waiting = this.#oldestTransientId - this.#lastTransientId
    if (waiting >= this.#limits.maxSamples) return this.#refuse(undefined)
    const told = {
      id: this.#lastTransientId - 1,
      metric,
      tags: tags.entries,
      ...(metadata === undefined ? {} : { metadata: metadata.entries }),
    }
    if (!this.#tell(told)) return this.#refuse(undefined)
    return --this.#lastTransientId
  }

  /** False when too much waits to be told already. */
  #tell(series: SeriesDefinition): boolean {
    const letters = lettersOf(series.tags) + lettersOf(series.metadata ?? [])
    if (this.#newLetters + letters > maxWaitingLetters) return false
    this.#newLetters += letters
    this.#newSeries.push(series)
    return true
  }

  #refuse(fault: SampleLimit | undefined): number {
    this.#fault = fault
    return droppedSeriesId
  }

  /** The limit that these tags go over. */
  #faultOf(tags: readonly Tag[]): SampleLimit | undefined {
    const { maxTags, maxTagBytes, maxNameBytes } = this.#limits
    if (tags.length > maxTags) return 'tags'
    for (const [name, value] of tags) {
      if (name === 'check') {
        if (!fitsIn(value, maxNameBytes)) return 'nameBytes'
      } else if (name === 'group') {
        const names = value.length > maxPathNames * (maxNameBytes + 2) ? undefined : value.split('::', maxPathNames + 2)
        // The first is what stands before the path: nothing.
        if (names === undefined || names.length > maxPathNames + 1) return 'nameBytes'
        if (!names.every((one) => fitsIn(one, maxNameBytes))) return 'nameBytes'
      } else if (!fitsIn(name, maxTagBytes) || !fitsIn(value, maxTagBytes)) return 'tagBytes'
    }
    return undefined
  }

  #grow(): void {
    const length = Math.min(this.#samples.length * 2, this.#limits.maxSamples * sampleWidth)
    const larger = new Float64Array(length)
    larger.set(this.#samples)
    this.#samples = larger
  }
}

function lettersOf(tags: readonly Tag[]): number {
  let letters = 0
  for (const [name, value] of tags) letters += name.length + value.length
  return letters
}

function fitsIn(text: string, maxBytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8, so most texts need no counting.
  if (text.length * 3 <= maxBytes) return true
  return text.length <= maxBytes && Buffer.byteLength(text) <= maxBytes
}
