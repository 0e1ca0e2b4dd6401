/**
 * The sink of trends: all values, as in k6, until there are too many of them; then a sketch of them, whose size does not
 * depend on how long the run lasts. Count, sum, minimum and maximum are exact throughout.
 */
import { QuantileSketch } from './quantile-sketch.js'
import { ValueList } from './value-list.js'

/** How much the trends of a run may keep. */
export interface TrendLimits {
  /** Values that one trend keeps before it becomes a sketch, eight bytes each. */
  readonly maxValuesPerTrend: number
  /** Values that all trends keep together. */
  readonly maxValues: number
  /** Trends whose sketch may have all the buckets that it wants, 64 KiB; those that come later have to do with 2 KiB. */
  readonly maxFullSketches: number
}

/** The limits of a run that was told none: 128 MiB of values, 64 MiB of sketches. */
export const defaultTrendLimits: TrendLimits = {
  maxValuesPerTrend: 1024 * 1024,
  maxValues: 16 * 1024 * 1024,
  maxFullSketches: 1024,
}

const fewValues = 16
const fewBuckets = 256

/** What all trends of a run share. */
export class TrendBudget {
  readonly limits: TrendLimits
  /** Every trend that takes from it. */
  readonly trends: TrendSink[] = []
  #values = 0
  #sketches = 0

  constructor(limits: Partial<TrendLimits> = {}) {
    this.limits = { ...defaultTrendLimits, ...limits }
  }

  /** Bytes that values and buckets of all trends take. */
  get retainedBytes(): number {
    return this.trends.reduce((bytes, trend) => bytes + trend.retainedBytes, 0)
  }

  /** How many values a trend that has `capacity` may have from now on; no more than before if there is nothing left. */
  grow(capacity: number): number {
    const { maxValuesPerTrend, maxValues } = this.limits
    const wanted = Math.min(Math.max(fewValues, capacity * 2), maxValuesPerTrend)
    if (this.#values + wanted - capacity > maxValues) return capacity
    this.#values += wanted - capacity
    return wanted
  }

  /** An empty sketch in place of `capacity` values. */
  sketch(capacity: number): QuantileSketch {
    this.#values -= capacity
    return this.#sketches++ < this.limits.maxFullSketches
      ? new QuantileSketch()
      : new QuantileSketch({ maxBuckets: fewBuckets })
  }
}

/** Values of a trend. */
export class TrendSink {
  readonly type = 'trend'
  count = 0
  sum = 0
  min = 0
  max = 0
  readonly #budget: TrendBudget
  #values: ValueList | undefined = new ValueList()
  #sketch: QuantileSketch | undefined

  constructor(budget = new TrendBudget()) {
    this.#budget = budget
    budget.trends.push(this)
  }

  add(value: number): void {
    if (this.count === 0 || value > this.max) this.max = value
    if (this.count === 0 || value < this.min) this.min = value
    this.count++
    this.sum += value
    const values = this.#values
    if (values === undefined) this.#sketch!.add(value)
    else if (values.count < values.capacity) values.add(value)
    else this.#addBeyond(values, value)
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  get avg(): number {
    return this.count === 0 ? 0 : this.sum / this.count
  }

  /** The largest relative error of a percentile; 0 while all values are there. */
  get relativeError(): number {
    return this.#sketch?.relativeAccuracy ?? 0
  }

  /** Bytes that values or buckets take. */
  get retainedBytes(): number {
    return this.#sketch?.retainedBytes ?? this.#values!.capacity * Float64Array.BYTES_PER_ELEMENT
  }

  /** The value below which `percent` (0 to 100) of the values lie, linear between the two nearest; 0 without values. */
  percentile(percent: number): number {
    return this.#values === undefined ? this.#sketch!.quantile(percent / 100) : this.#values.percentile(percent)
  }

  #addBeyond(values: ValueList, value: number): void {
    const capacity = this.#budget.grow(values.capacity)
    if (capacity > values.capacity) {
      values.reserve(capacity)
      values.add(value)
      return
    }
    const sketch = this.#budget.sketch(values.capacity)
    for (const old of values.values()) sketch.add(old)
    sketch.add(value)
    this.#sketch = sketch
    this.#values = undefined
  }
}
