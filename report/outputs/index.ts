/**
 * The outputs that exist, by the name that --out takes.
 */
import { AppError } from '../../errors.js'
import type { MetricStore } from '../../metrics/store.js'
import type { ThresholdDefinitions } from '../../metrics/thresholds.js'
import { CsvOutput } from './csv.js'
import { JsonOutput } from './json.js'
import type { TextStream } from './line-file.js'
import type { Output } from './output.js'

export type { Output } from './output.js'

/** What outputs need to know of the run. */
export interface OutputContext {
  readonly store: MetricStore
  readonly thresholds: ThresholdDefinitions
  /** System tags that are switched on. */
  readonly systemTags: readonly string[]
  readonly stdout: TextStream
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Told about trouble while the run goes on, for the log. */
  readonly onError: (error: string) => void
}

const outputs = new Map<string, (argument: string, context: OutputContext) => Output | Promise<Output>>([
  ['json', (path, context) => new JsonOutput({ path, ...context })],
  ['csv', (argument, context) => new CsvOutput({ argument, ...context })],
])

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
