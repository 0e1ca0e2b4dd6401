/**
 * The outputs that exist, by the name that --out takes.
 */
import { AppError } from '../../errors.js'
import type { Output, OutputContext } from './output.js'

export type { Output, OutputContext } from './output.js'

type CreateOutput = (argument: string, context: OutputContext) => Promise<Output>

// Each is loaded only when it is asked for: some bring libraries along that other runs have no use for.
const outputs = new Map<string, CreateOutput>([
  ['json', async (path, context) => new (await import('./json.js')).JsonOutput({ path, ...context })],
  ['csv', async (argument, context) => new (await import('./csv.js')).CsvOutput({ argument, ...context })],
  ['html', async (path, context) => new (await import('../html/html-output.js')).HtmlOutput({ path, ...context })],
  ['experimental-prometheus-rw', prometheus('experimental-prometheus-rw')],
  ['prometheus-rw', prometheus('prometheus-rw')],
  ['opentelemetry', openTelemetry('opentelemetry')],
  ['experimental-opentelemetry', openTelemetry('experimental-opentelemetry')],
])

function prometheus(type: string): CreateOutput {
  return async (argument, context) => {
    const { createPrometheusOutput } = await import('./prometheus/index.js')
    return createPrometheusOutput(type, argument, context)
  }
}

function openTelemetry(type: string): CreateOutput {
  return async (argument, context) => {
    const { createOpenTelemetryOutput } = await import('./opentelemetry/index.js')
    return createOpenTelemetryOutput(type, argument, context)
  }
}

// In k6's list of outputs, so scripts and habits may name them; statsd is in it although k6 has dropped it.
const known = [
  'cloud',
  'csv',
  'experimental-opentelemetry',
  'experimental-prometheus-rw',
  'influxdb',
  'json',
  'opentelemetry',
  'statsd',
  'web-dashboard',
]
const removed = new Set(['kafka', 'datadog', 'statsd'])

/**
 * Makes the output that a value of --out names: `type` or `type=argument`.
 *
 * @throws {AppError} `USAGE` for an unknown type or a wrong argument, `NOT_SUPPORTED` for one that only k6 has,
 *   `OUTPUT_FAILED` if its file cannot be opened
 */
export async function createOutput(value: string, context: OutputContext): Promise<Output> {
  const at = value.indexOf('=')
  const type = at < 0 ? value : value.slice(0, at)
  const create = outputs.get(type)
  if (create !== undefined) return create(at < 0 ? '' : value.slice(at + 1), context)
  if (removed.has(type)) {
    throw new AppError('NOT_SUPPORTED', `could not create the '${type}' output: k6 itself no longer has it`, {
      hint: `use one of: ${[...outputs.keys()].join(', ')}`,
    })
  }
  if (known.includes(type)) {
    throw new AppError('NOT_SUPPORTED', `could not create the '${type}' output: it is not supported by belljar`, {
      hint: `use one of: ${[...outputs.keys()].join(', ')}`,
    })
  }
  throw new AppError('USAGE', `invalid output type '${type}', available types are: ${known.join(', ')}`)
}
