/**
 * Quantiles of any number of values in bounded memory, within a stated relative error, and mergeable: DDSketch (Masson, Rim
 * and Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", VLDB 2019). When buckets
 * run out, all of them become twice as wide (uniform collapse: Epicoco et al., "UDDSketch", IEEE Access 2020), so the error
 * grows for all values alike and `relativeAccuracy` goes on being true. Knows nothing of metrics.
 */

/** How a sketch is set up. Sketches can be merged if their `relativeAccuracy` was the same. */
export interface QuantileSketchOptions {
  /** The largest relative error of a quantile, from 0.000001 to below 1; 0.005 if left out. */
  relativeAccuracy?: number
  /** Buckets of eight bytes that a sketch may have, a multiple of 64 and at least 256; 8192 if left out. */
  maxBuckets?: number
}

// Buckets come in pages, since values lie close together: with 0.5 % a page spans a factor of 1.9. The default of 128 pages
// holds 35 decades, if values are everywhere in them, before anything is collapsed.
const pageBits = 6
const pageSize = 1 << pageBits

/** Nearer to zero, a double has too few digits left for a relative error to mean anything. */
const leastNormal = 2.2250738585072014e-308

/** Counts values by logarithmic buckets. */
export class QuantileSketch {
  /** The sum of all values. */
  sum = 0
  readonly #accuracy: number
  readonly #maxPages: number
  /** The logarithm of gamma, the factor between the borders of a bucket. */
  #logGamma: number
  /** How many times pairs of buckets were made one. */
  #collapses = 0
  #positive: Pages = new Map()
  /** By magnitude. */
  #negative: Pages = new Map()
  #zeros = 0
  #infinities = 0
  #negativeInfinities = 0
  #count = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY

  /** @throws {RangeError} for options out of range */
  constructor({ relativeAccuracy = 0.005, maxBuckets = 8192 }: QuantileSketchOptions = {}) {
    // Finer, and the numbers of buckets would need more than 32 bits.
    if (!(relativeAccuracy >= 1e-6 && relativeAccuracy < 1)) {
      throw new RangeError(`relativeAccuracy is ${relativeAccuracy}, it must lie between 0.000001 and 1`)
    }
    // With the widest buckets, values below and above 1 of either sign are in pages of their own.
    if (!(maxBuckets >= 4 * pageSize && maxBuckets % pageSize === 0)) {
      throw new RangeError(
        `maxBuckets is ${maxBuckets}, it must be a multiple of ${pageSize} and at least ${4 * pageSize}`,
      )
    }
    this.#accuracy = relativeAccuracy
    this.#maxPages = maxBuckets / pageSize
    this.#logGamma = Math.log1p((2 * relativeAccuracy) / (1 - relativeAccuracy))
  }

  /** How many values there are. */
  get count(): number {
    return this.#count
  }

  /** The least value, exactly; 0 without values. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min
  }

  /** The greatest value, exactly; 0 without values. */
  get max(): number {
    return this.#count === 0 ? 0 : this.#max
  }

  /** The bound that holds now: what the sketch was made with, and about twice that after each collapse. */
  get relativeAccuracy(): number {
    return this.#collapses === 0 ? this.#accuracy : Math.tanh(this.#logGamma / 2)
  }

  /** Bytes that the buckets take. */
  get retainedBytes(): number {
    return (this.#positive.size + this.#negative.size) * pageSize * Float64Array.BYTES_PER_ELEMENT
  }

  /**
   * Adds a value `count` times. NaN is no value and is not counted; infinities are counted as what they are. What is nearer
   * to zero than the least normal double counts as zero.
   *
   * @throws {RangeError} for a count that is not a positive integer
   */
  add(value: number, count = 1): void {
    if (!(Number.isSafeInteger(count) && count > 0)) throw new RangeError(`a value cannot be added ${count} times`)
    if (Number.isNaN(value)) return
    this.#count += count
    this.sum += value * count
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    if (value >= leastNormal) {
      if (value === Number.POSITIVE_INFINITY) this.#infinities += count
      else this.#put(false, this.#keyOf(value), count)
    } else if (value <= -leastNormal) {
      if (value === Number.NEGATIVE_INFINITY) this.#negativeInfinities += count
      else this.#put(true, this.#keyOf(-value), count)
    } else this.#zeros += count
  }

  /**
   * Adds all values of another sketch, which stays as it is. The result is that of adding them one by one, whatever the
   * order.
   *
   * @throws {RangeError} if the sketches were made with different relative accuracies
   */
  merge(other: QuantileSketch): void {
    if (other.#accuracy !== this.#accuracy) {
      throw new RangeError(`a sketch of accuracy ${other.#accuracy} cannot be merged into one of ${this.#accuracy}`)
    }
    while (this.#collapses < other.#collapses) this.#collapse()
    const finer = other.#collapses
    // Copies, for a sketch that is merged into itself. A collapse on the way makes the rest of the keys too fine.
    const [positive, negative] = [[...buckets(other.#positive)], [...buckets(other.#negative)]]
    for (const [key, count] of positive) this.#put(false, key >> (this.#collapses - finer), count)
    for (const [key, count] of negative) this.#put(true, key >> (this.#collapses - finer), count)
    this.#zeros += other.#zeros
    this.#infinities += other.#infinities
    this.#negativeInfinities += other.#negativeInfinities
    this.#count += other.#count
    this.sum += other.sum
    this.#min = Math.min(this.#min, other.#min)
    this.#max = Math.max(this.#max, other.#max)
  }

  /**
   * The value at rank `q` (0 to 1) of all values in order, linear between the two nearest, as k6 takes percentiles; 0 without
   * values. Each of the two is off by at most `relativeAccuracy` of itself, and the first and the last are exact.
   */
  quantile(q: number): number {
    if (this.#count === 0) return 0
    const rank = Math.min(Math.max(q, 0), 1) * (this.#count - 1)
    const lower = Math.floor(rank)
    const [below, above] = this.#valuesAt(lower, Math.ceil(rank))
    return below === above ? below : below + (above - below) * (rank - lower)
  }

  /** Bucket k holds the values greater than gamma to the power of k, up to gamma to the power of k + 1. */
  #keyOf(magnitude: number): number {
    return Math.ceil(Math.log(magnitude) / this.#logGamma) - 1
  }

  /** The value whose relative distance to both borders of its bucket is the same. */
  #valueOf(key: number): number {
    return Math.exp(key * this.#logGamma + Math.LN2 - Math.log1p(Math.exp(-this.#logGamma)))
  }

  #put(isNegative: boolean, key: number, count: number): void {
    const pages = isNegative ? this.#negative : this.#positive
    const number = key >> pageBits
    let page = pages.get(number)
    if (page === undefined) {
      if (this.#positive.size + this.#negative.size === this.#maxPages) {
        this.#collapse()
        this.#put(isNegative, halved(key), count)
        return
      }
      page = new Float64Array(pageSize)
      pages.set(number, page)
    }
    page[key & (pageSize - 1)]! += count
  }

  #collapse(): void {
    this.#positive = halvedPages(this.#positive)
    this.#negative = halvedPages(this.#negative)
    this.#collapses++
    this.#logGamma *= 2
  }

  /** The values at two ranks, the second not before the first. */
  #valuesAt(lower: number, upper: number): [number, number] {
    const last = this.#count - 1
    let below = lower === 0 ? this.#min : this.#max
    let seen = 0
    for (const [value, count] of this.#ascending()) {
      if (lower > 0 && lower < last && seen <= lower && lower < seen + count) below = value
      seen += count
      if (upper < seen) return [below, upper === 0 ? this.#min : upper === last ? this.#max : value]
    }
    return [below, this.#max]
  }

  *#ascending(): Generator<[value: number, count: number]> {
    const within = (value: number) => Math.min(Math.max(value, this.#min), this.#max)
    if (this.#negativeInfinities > 0) yield [Number.NEGATIVE_INFINITY, this.#negativeInfinities]
    for (const [key, count] of [...buckets(this.#negative)].reverse()) yield [within(-this.#valueOf(key)), count]
    if (this.#zeros > 0) yield [0, this.#zeros]
    for (const [key, count] of buckets(this.#positive)) yield [within(this.#valueOf(key)), count]
    if (this.#infinities > 0) yield [Number.POSITIVE_INFINITY, this.#infinities]
  }
}

/** Pages of counts, by the number of the page. */
type Pages = Map<number, Float64Array>

/** The bucket that a bucket becomes part of when pairs of them are made one. What shared a page goes on sharing one. */
function halved(key: number): number {
  return key >> 1
}

function halvedPages(pages: Pages): Pages {
  const result: Pages = new Map()
  for (const [key, count] of buckets(pages)) {
    const to = halved(key)
    let page = result.get(to >> pageBits)
    if (page === undefined) {
      page = new Float64Array(pageSize)
      result.set(to >> pageBits, page)
    }
    page[to & (pageSize - 1)]! += count
  }
  return result
}

/** Buckets that are not empty, in ascending order. */
function* buckets(pages: Pages): Generator<[key: number, count: number]> {
  for (const number of [...pages.keys()].sort((a, b) => a - b)) {
    const page = pages.get(number)!
    for (let i = 0; i < pageSize; i++) if (page[i]! > 0) yield [(number << pageBits) + i, page[i]!]
  }
}
