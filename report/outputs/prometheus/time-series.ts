/**
 * Sums of a run as time series of Prometheus: names and labels as k6 gives them, and the values of one moment. Pure.
 */
import type { Metric, ValueType } from '../../../metrics/metric.js'
import type { MetricSink } from '../../../metrics/sink.js'
import type { TagSet } from '../../../metrics/tag-set.js'
import { trendStat } from '../../../metrics/trend-stats.js'
import { wellFormedText } from '../../clean-text.js'

/** Names and values; sorted by name, as remote write wants it. */
export type Labels = readonly (readonly [string, string])[]

const unitSuffixes: Record<ValueType, string> = { default: '', time: '_seconds', data: '_bytes' }

/** One value that a series has, by the suffix of its name. */
export interface NamedValue {
  readonly name: string
  readonly value: number
}

/**
 * The values of a series: one, or for a trend one for each statistic. Times are in seconds, as Prometheus wants them.
 *
 * @param trendStats names as in `summaryTrendStats`, and `sum`
 */
export function valuesOf(metric: Metric, sink: MetricSink, trendStats: readonly string[]): NamedValue[] {
  const base = `k6_${metric.name}`
  const scaled = (value: number) => (metric.contains === 'time' ? value / 1000 : value)
  switch (sink.type) {
    case 'counter':
      return [{ name: `${base}_total`, value: sink.sum }]
    case 'gauge':
      return [{ name: `${base}${unitSuffixes[metric.contains]}`, value: scaled(sink.value) }]
    case 'rate':
      return [{ name: `${base}_rate`, value: sink.rate }]
    case 'trend':
      return trendStats.map((stat) => {
        const value = stat === 'sum' ? sink.sum : trendStat(stat)(sink)
        return { name: `${base}_${statSuffix(stat)}`, value: stat === 'count' ? value : scaled(value) }
      })
  }
}

/** `p(99)` as `p99`, `p(99.9)` as `p99_9`, since a name has no dots. */
function statSuffix(stat: string): string {
  return stat.replace(/[()]/g, '').replaceAll('.', '_')
}

/**
 * The labels of a series but for its name: tags that have a value, in names that Prometheus allows, and `extra` where no tag
 * has that name.
 */
export function labelsOf(tags: TagSet, extra: Labels): Labels {
  const labels = new Map<string, string>()
  for (const [name, value] of [...tags.entries, ...extra]) {
    const allowed = labelName(name)
    if (value !== '' && allowed !== '__name__' && !labels.has(allowed)) labels.set(allowed, wellFormedText(value))
  }
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1))
}

function labelName(name: string): string {
  const allowed = name.replace(/[^a-zA-Z0-9_]/g, '_')
  return /^[a-zA-Z_]/.test(allowed) ? allowed : `_${allowed}`
}
