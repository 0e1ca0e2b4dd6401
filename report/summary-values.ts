/**
 * The numbers that sum up a metric, under k6's names, and what a summary needs to know besides metrics.
 */
import type { MetricSink } from '../metrics/sink.js'
import { trendStat } from '../metrics/trend-stats.js'

/** What a summary needs to know besides metrics. */
export interface SummaryContext {
  /** From before setup() until after teardown(), without pauses. */
  readonly testRunDurationMs: number
  /** The option `summaryTrendStats`. */
  readonly trendStats: readonly string[]
  /** The option `summaryTimeUnit`; empty for a unit that fits each value. */
  readonly timeUnit: '' | 's' | 'ms' | 'us'
  readonly noColor: boolean
  readonly isStdOutTty: boolean
  readonly isStdErrTty: boolean
  /** What setup() returned, already through JSON; undefined if nothing. */
  readonly setupData?: unknown
}

/** Numbers by the name of the statistic. */
export type MetricValues = Record<string, number>

/** The numbers of one metric: for trends those of `trendStats`, for the others always the same. */
export function metricValues(sink: MetricSink, context: SummaryContext): MetricValues {
  const values: MetricValues = Object.create(null)
  switch (sink.type) {
    case 'counter':
      values.count = sink.sum
      values.rate = sink.ratePerSecond(context.testRunDurationMs)
      break
    case 'gauge':
      values.value = sink.value
      values.min = sink.min
      values.max = sink.max
      break
    case 'rate':
      values.rate = sink.rate
      values.passes = sink.trues
      values.fails = sink.total - sink.trues
      break
    case 'trend':
      for (const name of context.trendStats) values[name] = trendStat(name)(sink)
  }
  return values
}
