/**
 * What a metric is: a name, how its samples add up, and what its values mean.
 * Knows nothing of samples, tags or threads.
 */

/** How samples of a metric are put together, in k6's words. */
export type MetricType = 'counter' | 'gauge' | 'rate' | 'trend'

/** What the values stand for: plain numbers, milliseconds, or bytes. */
export type ValueType = 'default' | 'time' | 'data'

/** A declared metric. A plain object, so it can cross a thread boundary. */
export interface Metric {
  readonly name: string
  readonly type: MetricType
  readonly contains: ValueType
}
