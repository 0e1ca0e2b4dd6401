/**
 * Thresholds: which metrics they are about, whether they hold, and whether the run must stop.
 * Reads the metric store and changes nothing but its own verdicts. Knows no clock: its caller says how long the test ran.
 */
import { AppError, isAppError } from '../errors.js'
import { goQuote } from '../go/quote.js'
import type { MetricType } from './metric.js'
import { parseMetricSelector } from './metric-selector.js'
import type { MetricRegistry } from './registry.js'
import type { MetricStore, StoredMetric } from './store.js'
import { parseThreshold, type ThresholdExpression, type ThresholdMethod } from './threshold-parser.js'

/** One threshold as the options have it. */
export interface ThresholdDefinition {
  /** The expression: `p(95)<500`. */
  readonly threshold: string
  readonly abortOnFail?: boolean
  /** How long the test must have run before a failure ends it. Without it, any time will do. */
  readonly delayAbortEvalMs?: number
}

/** The option `thresholds`: lists by the name of a metric or sub-metric. */
export type ThresholdDefinitions = ReadonlyMap<string, readonly ThresholdDefinition[]>

/** How often thresholds are looked at while the test runs, in milliseconds. */
export const thresholdPeriodMs = 2000

/** One threshold and the last verdict about it. */
export interface Threshold extends ThresholdDefinition {
  readonly expression: ThresholdExpression
  hasFailed: boolean
}

/** A metric with its thresholds. */
export interface MetricThresholds {
  readonly stored: StoredMetric
  readonly thresholds: readonly Threshold[]
}

/** What an evaluation found. */
export interface ThresholdVerdict {
  /** Names of the metrics with a threshold that does not hold, sorted. */
  readonly breached: readonly string[]
  /** True if one of them says that the test must stop. */
  readonly mustAbort: boolean
}

const methodsOf: Record<MetricType, readonly ThresholdMethod[]> = {
  counter: ['count', 'rate'],
  gauge: ['value'],
  rate: ['rate'],
  trend: ['avg', 'min', 'max', 'med', 'p'],
}

/**
 * Checks the option against the metrics that the script has declared.
 *
 * @throws {AppError} `OPTIONS_INVALID` with k6's text for the first thing that is wrong
 */
export function checkThresholds(definitions: ThresholdDefinitions, registry: MetricRegistry): void {
  for (const [name, list] of definitions) {
    const expressions = list.map((definition) => parseThreshold(definition.threshold))
    const type = typeOfMetric(name, registry)
    for (const [i, expression] of expressions.entries()) {
      const supported = methodsOf[type]
      if (supported.includes(expression.method)) continue
      throw new AppError(
        'OPTIONS_INVALID',
        `invalid threshold ${goQuote(list[i]?.threshold ?? '')} applied on metric ${name}; reason: unsupported aggregation method ${expression.method} on metric of type ${type}. supported aggregation methods for this metric are: ${supported.join(', ')}`,
      )
    }
  }
}

function typeOfMetric(name: string, registry: MetricRegistry): MetricType {
  const metric = registry.get(selectedMetricName(name))
  if (metric !== undefined) return metric.type
  throw new AppError(
    'OPTIONS_INVALID',
    `invalid threshold defined on ${name}; reason: no metric name ${goQuote(name)} found`,
    { hint: 'declare the metric in the init context, or correct the name in options.thresholds' },
  )
}

function selectedMetricName(name: string): string {
  try {
    return parseMetricSelector(name).metricName
  } catch (e) {
    if (!isAppError(e)) throw e
    throw new AppError('OPTIONS_INVALID', `unable to validate threshold expressions; reason: ${e.message}`, {
      cause: e,
    })
  }
}

/**
 * Makes the store keep the sub-metrics that thresholds name, for a run that does not look at the thresholds
 * themselves (--no-thresholds).
 *
 * @returns a warning for each name that is wrong, as nothing else happens to it
 */
export function trackSubMetrics(
  definitions: ThresholdDefinitions,
  store: MetricStore,
): { message: string; error: string }[] {
  const warnings: { message: string; error: string }[] = []
  for (const name of definitions.keys()) {
    try {
      store.track(name, false)
    } catch (e) {
      if (!isAppError(e)) throw e
      warnings.push({ message: `Invalid metric '${name}' in threshold definitions`, error: e.message })
    }
  }
  return warnings
}

/** The thresholds of a run. */
export class Thresholds {
  /** For a run without any. */
  static none(): Thresholds {
    return new Thresholds(new Map(), undefined)
  }

  /**
   * Prepares the store for the thresholds of a run; call it before the first sample comes in.
   *
   * @throws {AppError} `OPTIONS_INVALID` as `checkThresholds` does
   */
  static of(definitions: ThresholdDefinitions, store: MetricStore): Thresholds {
    checkThresholds(definitions, store.registry)
    return new Thresholds(definitions, store)
  }

  readonly #metrics = new Map<string, MetricThresholds>()

  private constructor(definitions: ThresholdDefinitions, store: MetricStore | undefined) {
    if (store === undefined) return
    for (const [name, list] of definitions) {
      const stored = store.track(name, true)
      const thresholds = list.map((definition) => ({
        ...definition,
        expression: parseThreshold(definition.threshold),
        hasFailed: false,
      }))
      // Another key may name the same part: its tags in another order.
      const others = this.#metrics.get(stored.name)?.thresholds ?? []
      this.#metrics.set(stored.name, { stored, thresholds: [...others, ...thresholds] })
    }
  }

  /** Every metric that has thresholds, in the order of the option. */
  all(): MetricThresholds[] {
    return [...this.#metrics.values()].filter(({ thresholds }) => thresholds.length > 0)
  }

  /** The thresholds of a metric or sub-metric by its full name, none if it has none. */
  of(name: string): readonly Threshold[] {
    return this.#metrics.get(name)?.thresholds ?? []
  }

  get isEmpty(): boolean {
    return this.all().length === 0
  }

  /**
   * Looks at all thresholds. While the test runs, metrics without samples are left out; at its end (`isFinal`) all
   * of them count.
   *
   * @param elapsedMs how long the test has run
   */
  evaluate(elapsedMs: number, isFinal: boolean): ThresholdVerdict {
    const breached: string[] = []
    let mustAbort = false
    for (const { stored, thresholds } of this.all()) {
      if (!isFinal && stored.sink.isEmpty) continue
      for (const threshold of thresholds) {
        threshold.hasFailed = !holds(threshold.expression, stored, elapsedMs)
        if (threshold.hasFailed && threshold.abortOnFail) {
          mustAbort ||= threshold.delayAbortEvalMs === undefined || threshold.delayAbortEvalMs < elapsedMs
        }
      }
      if (thresholds.some((threshold) => threshold.hasFailed)) breached.push(stored.name)
    }
    breached.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return { breached, mustAbort }
  }
}

/** The error that ends a run early, as k6 words it. */
export function abortedByThresholds(breached: readonly string[]): AppError {
  return new AppError(
    'THRESHOLDS_FAILED',
    `thresholds on metrics '${breached.join(', ')}' were crossed; at least one has abortOnFail enabled, stopping test prematurely`,
  )
}

/** The error at the end of a run, as k6 words it. */
export function crossedThresholds(breached: readonly string[]): AppError {
  return new AppError('THRESHOLDS_FAILED', `thresholds on metrics '${breached.join(', ')}' have been crossed`)
}

/** The number that the left side of a threshold stands for; undefined where there is none yet. */
export function thresholdValue(
  expression: ThresholdExpression,
  stored: StoredMetric,
  elapsedMs: number,
): number | undefined {
  const { sink } = stored
  switch (sink.type) {
    case 'counter':
      if (expression.method === 'count') return sink.sum
      return elapsedMs > 0 ? sink.ratePerSecond(elapsedMs) : undefined
    case 'gauge':
      return sink.value
    case 'rate':
      return sink.isEmpty ? undefined : sink.rate
    case 'trend':
      switch (expression.method) {
        case 'avg':
          return sink.avg
        case 'min':
          return sink.min
        case 'max':
          return sink.max
        case 'med':
          return sink.percentile(50)
        default:
          return sink.percentile(expression.percent ?? 0)
      }
  }
}

function holds(expression: ThresholdExpression, stored: StoredMetric, elapsedMs: number): boolean {
  const value = thresholdValue(expression, stored, elapsedMs)
  // No number, no failure: an empty rate, or a counter's rate at the very first moment.
  if (value === undefined) return true
  switch (expression.operator) {
    case '<':
      return value < expression.limit
    case '<=':
      return value <= expression.limit
    case '>':
      return value > expression.limit
    case '>=':
      return value >= expression.limit
    case '==':
    case '===':
      return value === expression.limit
    case '!=':
      return value !== expression.limit
  }
}
