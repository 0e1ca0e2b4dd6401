/**
 * The metrics of a run by name: k6's own from the start, then those of modules (module-metrics.ts) and what scripts declare.
 * Knows nothing of samples. Each thread has a registry of its own; the store on the main thread has the last word.
 */
import { AppError } from '../errors.js'
import type { Metric, MetricType, ValueType } from './metric.js'

const validName = /^[a-zA-Z_][a-zA-Z0-9_]{1,128}$/

const builtins: Record<string, readonly [MetricType, ValueType]> = {
  vus: ['gauge', 'default'],
  vus_max: ['gauge', 'default'],
  iterations: ['counter', 'default'],
  iteration_duration: ['trend', 'time'],
  dropped_iterations: ['counter', 'default'],
  checks: ['rate', 'default'],
  group_duration: ['trend', 'time'],
  http_reqs: ['counter', 'default'],
  http_req_failed: ['rate', 'default'],
  http_req_duration: ['trend', 'time'],
  http_req_blocked: ['trend', 'time'],
  http_req_connecting: ['trend', 'time'],
  http_req_tls_handshaking: ['trend', 'time'],
  http_req_sending: ['trend', 'time'],
  http_req_waiting: ['trend', 'time'],
  http_req_receiving: ['trend', 'time'],
  ws_sessions: ['counter', 'default'],
  ws_msgs_sent: ['counter', 'default'],
  ws_msgs_received: ['counter', 'default'],
  ws_ping: ['trend', 'time'],
  ws_session_duration: ['trend', 'time'],
  ws_connecting: ['trend', 'time'],
  grpc_req_duration: ['trend', 'time'],
  data_sent: ['counter', 'data'],
  data_received: ['counter', 'data'],
}

/** How many metrics a script may declare besides the built-in ones; a script that needs more is making them in a loop. */
export const defaultMaxCustomMetrics = 10_000

/** The metrics that exist, by name. */
export class MetricRegistry {
  readonly #metrics = new Map<string, Metric>()
  readonly #optIn = new Map<string, Metric>()
  #maxMetrics: number

  constructor(options: { maxCustomMetrics?: number } = {}) {
    for (const [name, [type, contains]] of Object.entries(builtins)) {
      this.#metrics.set(name, Object.freeze({ name, type, contains }))
    }
    this.#maxMetrics = this.#metrics.size + (options.maxCustomMetrics ?? defaultMaxCustomMetrics)
  }

  /**
   * The metric of that name, made if it does not exist.
   *
   * @throws {AppError} `SCRIPT_EXCEPTION` for a bad name, or when the name is taken by another type or value type;
   *   `LIMIT_SIZE` when there are too many metrics
   */
  declare(name: string, type: MetricType, contains: ValueType = 'default'): Metric {
    if (!validName.test(name)) {
      throw new AppError(
        'SCRIPT_EXCEPTION',
        `Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or underscores and start with a letter or an underscore.`,
      )
    }
    const old = this.#metrics.get(name)
    if (old === undefined) {
      if (this.#metrics.size >= this.#maxMetrics) {
        throw new AppError('LIMIT_SIZE', `metric '${name}' is one too many, ${this.#metrics.size} exist already`, {
          hint: 'use one metric with tags in place of many metrics',
        })
      }
      const metric = Object.freeze({ name, type, contains })
      this.#metrics.set(name, metric)
      return metric
    }
    if (old.type !== type) {
      throw new AppError(
        'SCRIPT_EXCEPTION',
        `metric '${name}' already exists but with type ${old.type}, instead of ${type}`,
      )
    }
    if (old.contains !== contains) {
      throw new AppError(
        'SCRIPT_EXCEPTION',
        `metric '${name}' already exists but with a value type ${old.contains}, instead of ${contains}`,
      )
    }
    return old
  }

  get(name: string): Metric | undefined {
    return this.#metrics.get(name)
  }

  /** Adds one of belljar's own metrics, whose name is free. */
  switchOn(metric: Metric): void {
    this.#metrics.set(metric.name, metric)
    this.#optIn.set(metric.name, metric)
    this.#maxMetrics++
  }

  /** One of belljar's own metrics; undefined unless it was switched on. A custom metric of that name is none. */
  optIn(name: string): Metric | undefined {
    return this.#optIn.get(name)
  }

  /** Every metric, the built-in ones first. */
  all(): Metric[] {
    return [...this.#metrics.values()]
  }
}
