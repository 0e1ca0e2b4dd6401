/**
 * The file of --summary-export: the summary in the shape that k6 has kept from its early days. In it, a threshold is
 * `true` when it was crossed.
 */
import type { MetricStore } from '../metrics/store.js'
import type { Thresholds } from '../metrics/thresholds.js'
import { jsonText } from './clean-text.js'
import { type SummaryCheck, type SummaryGroup, type SummaryMetric, summaryData } from './summary-data.js'
import type { SummaryContext } from './summary-values.js'

/** The text of the file. */
export function summaryExport(store: MetricStore, thresholds: Thresholds, context: SummaryContext): string {
  const { root_group, metrics, setup_data } = summaryData(store, thresholds, context)
  const flat = byName(Object.entries(metrics), flatMetric)
  return jsonText({ root_group: keyedGroup(root_group), metrics: flat, setup_data }, 4)
}

function flatMetric({ type, values, thresholds }: SummaryMetric): Record<string, unknown> {
  const flat: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(values)) flat[type === 'rate' && name === 'rate' ? 'value' : name] = value
  if (thresholds !== undefined) flat.thresholds = byName(Object.entries(thresholds), ({ ok }) => !ok)
  return flat
}

function keyedGroup(group: SummaryGroup): Record<string, unknown> {
  return {
    ...group,
    groups: byName(named(group.groups), keyedGroup),
    checks: byName(named(group.checks), (check: SummaryCheck) => check),
  }
}

function named<Item extends { name: string }>(items: readonly Item[]): [string, Item][] {
  return items.map((item) => [item.name, item])
}

function byName<From, To>(entries: readonly [string, From][], convert: (value: From) => To): Record<string, To> {
  const result: Record<string, To> = Object.create(null)
  for (const [name, value] of entries) result[name] = convert(value)
  return result
}
