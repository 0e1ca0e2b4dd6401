/**
 * The metrics that a run has because its script imports a module: those that k6 registers with the module, and belljar's
 * own, which exist only when a threshold names them. Decides which there are; keeps none.
 */
import { isAppError } from '../errors.js'
import type { Metric, MetricType, ValueType } from './metric.js'
import { parseMetricSelector } from './metric-selector.js'
import type { MetricRegistry } from './registry.js'

function metrics(kinds: Record<string, readonly [MetricType, ValueType]>): readonly Metric[] {
  return Object.entries(kinds).map(([name, [type, contains]]) => Object.freeze({ name, type, contains }))
}

/** What k6 registers when a script imports the module. */
const registeredBy = new Map([
  [
    'k6/net/grpc',
    metrics({
      grpc_streams: ['counter', 'default'],
      grpc_streams_msgs_sent: ['counter', 'default'],
      grpc_streams_msgs_received: ['counter', 'default'],
    }),
  ],
])

/** What belljar can measure besides, on demand. */
const offeredBy = new Map([
  [
    'k6/net/grpc',
    metrics({
      grpc_reqs: ['counter', 'default'],
      grpc_req_failed: ['rate', 'default'],
      grpc_streams_time_to_first_msg: ['trend', 'time'],
      grpc_streams_time_between_msgs: ['trend', 'time'],
    }),
  ],
])

/** Declares what k6 registers with the modules that a script imports; before the script runs, as it may not take the names. */
export function declareModuleMetrics(registry: MetricRegistry, modules: Iterable<string>): void {
  for (const module of modules) {
    for (const { name, type, contains } of registeredBy.get(module) ?? []) registry.declare(name, type, contains)
  }
}

/**
 * Which of belljar's own metrics a run has: those that a threshold names, as a whole or in part, of modules that the script
 * imports. A name that the script has taken for a custom metric stays the script's.
 *
 * @param registry what the script has declared in its first init
 */
export function optInMetrics(
  registry: MetricRegistry,
  modules: Iterable<string>,
  thresholdNames: Iterable<string>,
): Metric[] {
  const named = new Set([...thresholdNames].map(metricNameOf))
  const offered = [...modules].flatMap((module) => offeredBy.get(module) ?? [])
  return offered.filter(({ name }) => named.has(name) && registry.get(name) === undefined)
}

/** Undefined for a name that is malformed: whoever checks the thresholds complains of it. */
function metricNameOf(thresholdName: string): string | undefined {
  try {
    return parseMetricSelector(thresholdName).metricName
  } catch (e) {
    if (!isAppError(e)) throw e
    return undefined
  }
}
