/**
 * What becomes of samples: one sink per metric, sub-metric or part of the summary. Each takes values one by one and
 * answers with k6's numbers. Knows nothing of names, tags or threads.
 */
import type { MetricType } from './metric.js'

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

/** How many values all trends of a run may keep together. Eight bytes each. */
export interface TrendBudget {
  remainingValues: number
}

/**
 * All values, for exact percentiles. When the budget is used up the count, sum, minimum and maximum stay exact, and
 * percentiles are those of the values kept until then.
 */
export class TrendSink implements Sink {
  readonly type = 'trend'
  count = 0
  sum = 0
  min = 0
  max = 0
  #values = new Float64Array(0)
  #kept = 0
  #isSorted = true
  readonly #budget: TrendBudget

  constructor(budget: TrendBudget = { remainingValues: Number.POSITIVE_INFINITY }) {
    this.#budget = budget
  }

  add(value: number): void {
    if (this.count === 0 || value > this.max) this.max = value
    if (this.count === 0 || value < this.min) this.min = value
    this.count++
    this.sum += value
    if (this.#budget.remainingValues <= 0) return
    this.#budget.remainingValues--
    if (this.#kept === this.#values.length) this.#grow()
    this.#values[this.#kept++] = value
    this.#isSorted = false
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  /** False once values were left out of the percentiles. */
  get isComplete(): boolean {
    return this.#kept === this.count
  }

  get avg(): number {
    return this.count === 0 ? 0 : this.sum / this.count
  }

  /** The value below which `percent` (0 to 100) of the values lie, linear between the two nearest; 0 without values. */
  percentile(percent: number): number {
    if (this.#kept === 0) return 0
    if (this.#kept === 1) return this.#values[0]!
    if (!this.#isSorted) {
      this.#values.subarray(0, this.#kept).sort()
      this.#isSorted = true
    }
    const index = (percent / 100) * (this.#kept - 1)
    const below = this.#values[Math.floor(index)]!
    const above = this.#values[Math.ceil(index)]!
    return below + (above - below) * (index - Math.floor(index))
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(16, this.#values.length * 2))
    larger.set(this.#values)
    this.#values = larger
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
