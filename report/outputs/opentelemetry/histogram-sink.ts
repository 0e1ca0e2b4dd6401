/**
 * The sink of trends that become histograms: counts between fixed bounds, those that the SDKs of OpenTelemetry begin with.
 */

/** Upper bounds, inclusive; one more bucket has what is above. */
export const histogramBounds: readonly number[] = [
  0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000,
]

/** Counts values by bucket. */
export class HistogramSink {
  readonly type = 'histogram'
  readonly counts = new Array<number>(histogramBounds.length + 1).fill(0)
  count = 0
  sum = 0
  min = 0
  max = 0

  get isEmpty(): boolean {
    return this.count === 0
  }

  add(value: number): void {
    if (this.count === 0 || value > this.max) this.max = value
    if (this.count === 0 || value < this.min) this.min = value
    this.count++
    this.sum += value
    let bucket = 0
    while (bucket < histogramBounds.length && value > histogramBounds[bucket]!) bucket++
    this.counts[bucket]!++
  }
}
