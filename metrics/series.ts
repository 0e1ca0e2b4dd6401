/**
 * How samples travel from a VU thread to the main thread: a series is told once, then each sample is three numbers.
 * Plain data that a structured clone can copy; the buffer of the numbers can be transferred.
 */
import type { Metric } from './metric.js'
import type { Tag } from './tag-set.js'

/** Number of Float64 values that make one sample: series id, time, value. */
export const sampleWidth = 3

/** The id that `SampleBuffer.series` gives to what is over a limit: samples under it are counted and forgotten. */
export const droppedSeriesId = 0

/** A metric with one set of tags. Ids belong to the buffer that gave them. */
export interface SeriesDefinition {
  /** Positive and valid from now on, or negative and valid in this batch only (series with metadata). */
  readonly id: number
  readonly metric: Metric
  /** Sorted by name. */
  readonly tags: readonly Tag[]
  /** What goes with a sample but is no tag (vu, iter); sorted by name. */
  readonly metadata?: readonly Tag[]
}

/** Samples on their way. */
export interface SampleBatch {
  /** Series that this batch is the first to use. */
  readonly series: readonly SeriesDefinition[]
  /** Triples of series id, time (milliseconds since the epoch, with a fraction) and value. */
  readonly samples: Float64Array<ArrayBuffer>
  /** Samples that were left out since the last batch. */
  readonly droppedSamples: number
  /** Those among them that a limit of the run is to blame for. */
  readonly droppedBy: DroppedSamples
}

/** Limits of a run that a sample can go over. */
export const sampleLimits = ['series', 'tags', 'tagBytes', 'checks', 'nameBytes'] as const
export type SampleLimit = (typeof sampleLimits)[number]

/** Samples that were left out, by the limit that they went over. */
export type DroppedSamples = Readonly<Partial<Record<SampleLimit, number>>>
