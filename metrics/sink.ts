/**
 * What becomes of samples: one sink per metric, sub-metric or part of the summary. Each takes values one by one and
 * answers with k6's numbers. Knows nothing of names, tags or threads.
 */
import type { MetricType } from './metric.js'
import { type TrendBudget, TrendSink } from './trend-sink.js'

/** Takes the samples of one metric. */
export interface Sink {
  /** Adds one value; the time only counts where order matters, and nothing here needs it. */
  add(value: number): void
  readonly isEmpty: boolean
}

/** The sum of all values. */
export class CounterSink implements Sink {
  readonly type = 'counter'
  sum = 0
  isEmpty = true

  add(value: number): void {
    this.sum += value
    this.isEmpty = false
  }

  /** The sum per second of `durationMs`; 0 for a test of no length, so that nobody divides by it. */
  ratePerSecond(durationMs: number): number {
    return durationMs > 0 ? this.sum / (durationMs / 1000) : 0
  }
}

/** The last value, and the smallest and largest. */
export class GaugeSink implements Sink {
  readonly type = 'gauge'
  value = 0
  min = 0
  max = 0
  isEmpty = true

  add(value: number): void {
    this.value = value
    if (this.isEmpty || value > this.max) this.max = value
    if (this.isEmpty || value < this.min) this.min = value
    this.isEmpty = false
  }
}

/** How many values were not zero. */
export class RateSink implements Sink {
  readonly type = 'rate'
  trues = 0
  total = 0

  add(value: number): void {
    this.total++
    if (value !== 0) this.trues++
  }

  get isEmpty(): boolean {
    return this.total === 0
  }

  /** The share of values that were not zero, 0 without any. */
  get rate(): number {
    return this.total === 0 ? 0 : this.trues / this.total
  }
}

/** Any of the four. */
export type MetricSink = CounterSink | GaugeSink | RateSink | TrendSink

/** An empty sink for metrics of that type. */
export function newSink(type: MetricType, budget?: TrendBudget): MetricSink {
  switch (type) {
    case 'counter':
      return new CounterSink()
    case 'gauge':
      return new GaugeSink()
    case 'rate':
      return new RateSink()
    case 'trend':
      return new TrendSink(budget)
  }
}
