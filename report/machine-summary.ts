/**
 * The summary in the shape of --new-machine-readable-summary: version 1.0.0 of the schema that k6's documentation refers to
 * (github.com/grafana/k6-summary). Plain data. The schema has no place yet for thresholds, groups and scenarios.
 */
import type { MetricType, ValueType } from '../metrics/metric.js'
import type { MetricSink } from '../metrics/sink.js'
import type { MetricStore } from '../metrics/store.js'
import { trendStat } from '../metrics/trend-stats.js'
import { rfc3339Seconds } from './rfc3339.js'
import type { SummaryContext } from './summary-values.js'

/** The version of k6 whose behaviour this is; tools ask it which fields to expect. */
const k6Version = '2.2.0'

/** What k6 says of every trend, whatever summaryTrendStats says. */
const alwaysThere = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']

/** A metric of the machine-readable summary. */
export interface MachineMetric {
  name: string
  type: MetricType
  contains: ValueType
  /** Counters: count; gauges: value, min, max; rates: matches, total, rate; trends: their statistics. */
  values: Record<string, number>
}

/** The machine-readable summary. */
export interface MachineSummary {
  version: string
  metadata: { generatedAt: string; k6Version: string }
  /** `duration` in seconds. */
  config: { execution: 'local'; script: string; duration: number }
  results: {
    metrics: MachineMetric[]
    /** Left out when there were no checks. */
    checks?: { metrics: MachineMetric[]; results: { name: string; passes: number; fails: number }[] }
  }
}

/**
 * The run in that shape.
 *
 * @param script its path as it was given
 * @param now when the summary is made
 */
export function machineSummary(store: MetricStore, context: SummaryContext, script: string, now: Date): MachineSummary {
  const metrics = store.observed().map(({ name, metric: { type, contains }, sink }) => ({
    name,
    type,
    contains,
    values: valuesOf(sink, context.trendStats),
  }))
  const checks = store.get('checks')?.sink
  return {
    version: '1.0.0',
    metadata: { generatedAt: rfc3339Seconds(now), k6Version },
    config: { execution: 'local', script, duration: context.testRunDurationMs / 1000 },
    results: {
      metrics,
      ...(checks?.type === 'rate' && !checks.isEmpty
        ? {
            checks: {
              metrics: checkMetrics(checks.trues, checks.total),
              results: [...store.checks.values()].map(({ name, passes, fails }) => ({ name, passes, fails })),
            },
          }
        : {}),
    },
  }
}

/** Checks as the text summary counts them. */
function checkMetrics(passes: number, total: number): MachineMetric[] {
  const metric = (name: string, type: MetricType, values: Record<string, number>): MachineMetric => ({
    name,
    type,
    contains: 'default',
    values,
  })
  return [
    metric('checks_total', 'counter', { count: total }),
    metric('checks_succeeded', 'rate', rateValues(passes, total)),
    metric('checks_failed', 'rate', rateValues(total - passes, total)),
  ]
}

function rateValues(matches: number, total: number): Record<string, number> {
  return { matches, total, rate: total === 0 ? 0 : matches / total }
}

function valuesOf(sink: MetricSink, trendStats: readonly string[]): Record<string, number> {
  switch (sink.type) {
    case 'counter':
      return { count: sink.sum }
    case 'gauge':
      return { value: sink.value, min: sink.min, max: sink.max }
    case 'rate':
      return rateValues(sink.trues, sink.total)
    case 'trend':
      return Object.fromEntries(
        [...new Set([...alwaysThere, ...trendStats])].map((stat) => [stat, trendStat(stat)(sink)]),
      )
  }
}
