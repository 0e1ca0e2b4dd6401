/**
 * The object that handleSummary() gets, in k6's shape. Plain data; objects with names from outside have no prototype.
 */
import type { Group } from '../metrics/group-tree.js'
import type { MetricType, ValueType } from '../metrics/metric.js'
import type { MetricStore } from '../metrics/store.js'
import type { Thresholds } from '../metrics/thresholds.js'
import { type MetricValues, metricValues, type SummaryContext } from './summary-values.js'

/** A check in the summary. */
export interface SummaryCheck {
  name: string
  path: string
  id: string
  passes: number
  fails: number
}

/** A group in the summary, with all that is in it. */
export interface SummaryGroup {
  name: string
  path: string
  id: string
  groups: SummaryGroup[]
  checks: SummaryCheck[]
}

/** A metric in the summary. */
export interface SummaryMetric {
  type: MetricType
  contains: ValueType
  values: MetricValues
  /** By expression; only there if the metric has thresholds. */
  thresholds?: Record<string, { ok: boolean }>
}

/** What handleSummary() gets. */
export interface SummaryData {
  root_group: SummaryGroup
  options: { summaryTrendStats: readonly string[]; summaryTimeUnit: string; noColor: boolean }
  state: { isStdOutTTY: boolean; isStdErrTTY: boolean; testRunDurationMs: number }
  metrics: Record<string, SummaryMetric>
  /** There even when undefined, as k6 has it. */
  setup_data: unknown
}

/** The run in the shape that handleSummary() gets. */
export function summaryData(store: MetricStore, thresholds: Thresholds, context: SummaryContext): SummaryData {
  const metrics: Record<string, SummaryMetric> = Object.create(null)
  for (const { name, metric, sink } of store.observed()) {
    const summary: SummaryMetric = {
      type: metric.type,
      contains: metric.contains,
      values: metricValues(sink, context),
    }
    const own = thresholds.of(name)
    if (own.length > 0) {
      summary.thresholds = Object.create(null) as Record<string, { ok: boolean }>
      for (const { threshold, hasFailed } of own) summary.thresholds[threshold] = { ok: !hasFailed }
    }
    metrics[name] = summary
  }
  return {
    root_group: groupData(store.rootGroup),
    options: {
      summaryTrendStats: [...context.trendStats],
      summaryTimeUnit: context.timeUnit,
      noColor: context.noColor,
    },
    state: {
      isStdOutTTY: context.isStdOutTty,
      isStdErrTTY: context.isStdErrTty,
      testRunDurationMs: context.testRunDurationMs,
    },
    metrics,
    setup_data: context.setupData,
  }
}

function groupData({ name, path, id, groups, checks }: Group): SummaryGroup {
  return {
    name,
    path,
    id,
    groups: [...groups.values()].map(groupData),
    checks: [...checks.values()].map(({ name, path, id, passes, fails }) => ({ name, path, id, passes, fails })),
  }
}
