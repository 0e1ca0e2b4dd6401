/**
 * Numbers over time in bounded memory. A line has a fixed number of buckets; when time runs out of them, all lines merge
 * theirs by pairs and go on with buckets that are twice as wide. Knows nothing of metrics and of how lines are shown.
 */
import { QuantileSketch } from '../../metrics/quantile-sketch.js'

/** Buckets of a line: at least half of them are in use once a run is longer than `maxBuckets` of the first width. */
export const maxBuckets = 480

/** Columns by name, one number for each bucket; null for one without samples. */
export type Columns = Record<string, (number | null)[]>

/** Takes samples of a bucket. */
export interface Recorder {
  add(bucket: number, value: number): void
}

/** Numbers over time. */
export interface Line extends Recorder {
  /** Makes one bucket of each pair. */
  halve(): void
  /** The first `count` buckets. */
  columns(count: number): Columns
}

/** The sum of the values in each bucket. With `counts`, how many values there were. */
export class SumLine implements Line {
  readonly #sums = new Float64Array(maxBuckets)
  readonly #counts: boolean

  constructor(counts = false) {
    this.#counts = counts
  }

  add(bucket: number, value: number): void {
    this.#sums[bucket]! += this.#counts ? 1 : value
  }

  halve(): void {
    halveWith(this.#sums, 0, (a, b) => a + b)
  }

  columns(count: number): Columns {
    return { sum: [...this.#sums.subarray(0, count)] }
  }
}

/** The last value of each bucket. */
export class GaugeLine implements Line {
  readonly #last = new Float64Array(maxBuckets).fill(Number.NaN)

  add(bucket: number, value: number): void {
    this.#last[bucket] = value
  }

  halve(): void {
    halveWith(this.#last, Number.NaN, (a, b) => (Number.isNaN(b) ? a : b))
  }

  columns(count: number): Columns {
    return { last: [...this.#last.subarray(0, count)].map((value) => (Number.isNaN(value) ? null : value)) }
  }
}

/** How many values of each bucket were not zero. */
export class RateLine implements Line {
  readonly #trues = new Float64Array(maxBuckets)
  readonly #total = new Float64Array(maxBuckets)

  add(bucket: number, value: number): void {
    this.#total[bucket]!++
    if (value !== 0) this.#trues[bucket]!++
  }

  halve(): void {
    halveWith(this.#trues, 0, (a, b) => a + b)
    halveWith(this.#total, 0, (a, b) => a + b)
  }

  columns(count: number): Columns {
    return { trues: [...this.#trues.subarray(0, count)], total: [...this.#total.subarray(0, count)] }
  }
}

/** The distribution of the values in each bucket. */
export class TrendLine implements Line {
  #sketches: (QuantileSketch | undefined)[] = []

  add(bucket: number, value: number): void {
    let sketch = this.#sketches[bucket]
    if (sketch === undefined) {
      sketch = newSketch()
      this.#sketches[bucket] = sketch
    }
    sketch.add(value)
  }

  halve(): void {
    const merged: (QuantileSketch | undefined)[] = []
    for (let i = 0; i < this.#sketches.length; i += 2) {
      const [a, b] = [this.#sketches[i], this.#sketches[i + 1]]
      if (a !== undefined && b !== undefined) a.merge(b)
      merged.push(a ?? b)
    }
    this.#sketches = merged
  }

  columns(count: number): Columns {
    const columns: Columns = {}
    for (const [name, read] of trendColumns) {
      columns[name] = Array.from({ length: count }, (_, i) => {
        const sketch = this.#sketches[i]
        return sketch === undefined ? null : read(sketch)
      })
    }
    return columns
  }

  /** All buckets together. */
  total(): Record<string, number> {
    const all = newSketch()
    for (const sketch of this.#sketches) if (sketch !== undefined) all.merge(sketch)
    return sketchTotals(all)
  }
}

const trendColumns: readonly [string, (sketch: QuantileSketch) => number][] = [
  ['count', (sketch) => sketch.count],
  ['avg', (sketch) => rounded(sketch.count === 0 ? 0 : sketch.sum / sketch.count)],
  ['p50', (sketch) => rounded(sketch.quantile(0.5))],
  ['p90', (sketch) => rounded(sketch.quantile(0.9))],
  ['p95', (sketch) => rounded(sketch.quantile(0.95))],
  ['p99', (sketch) => rounded(sketch.quantile(0.99))],
  ['max', (sketch) => rounded(sketch.max)],
]

/** The columns of a trend, over all of its values. */
export function sketchTotals(sketch: QuantileSketch): Record<string, number> {
  return Object.fromEntries(trendColumns.map(([name, read]) => [name, read(sketch)]))
}

/** A sketch that is exact to one percent and takes eight kilobytes at most. */
export function newSketch(): QuantileSketch {
  return new QuantileSketch({ relativeAccuracy: 0.01, maxBuckets: 1024 })
}

/** Where buckets lie in time: finds the bucket of a moment, and has all lines halved when that is past the last one. */
export class TimeAxis {
  readonly #lines: Line[] = []
  #widthMs: number
  #startMs: number | undefined
  #used = 0

  /** @param widthMs the width of buckets at the beginning */
  constructor(widthMs: number) {
    this.#widthMs = widthMs
  }

  /** Keeps the line in step with all others. */
  register<L extends Line>(line: L): L {
    this.#lines.push(line)
    return line
  }

  /**
   * The bucket of a moment. The first moment asked for begins the axis, and what is a little earlier counts as then.
   *
   * @param timeMs milliseconds since 1970
   */
  bucketOf(timeMs: number): number {
    this.#startMs ??= timeMs
    let bucket = Math.max(0, Math.floor((timeMs - this.#startMs) / this.#widthMs))
    while (bucket >= maxBuckets) {
      for (const line of this.#lines) line.halve()
      this.#widthMs *= 2
      this.#used = Math.ceil(this.#used / 2)
      bucket = Math.floor((timeMs - this.#startMs) / this.#widthMs)
    }
    if (bucket >= this.#used) this.#used = bucket + 1
    return bucket
  }

  /** When the first bucket begins, in milliseconds since 1970; undefined if there is none. */
  get startMs(): number | undefined {
    return this.#startMs
  }

  get widthMs(): number {
    return this.#widthMs
  }

  /** Buckets up to the last one that was asked for. */
  get used(): number {
    return this.#used
  }
}

/** Four digits are more than a chart can show, and keep the page small. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

function halveWith(values: Float64Array, empty: number, merge: (a: number, b: number) => number): void {
  const half = values.length / 2
  for (let i = 0; i < half; i++) values[i] = merge(values[2 * i]!, values[2 * i + 1]!)
  values.fill(empty, half)
}
