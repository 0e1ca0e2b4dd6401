/**
 * Numbers in one growing array, for exact percentiles. Sorts only what came in since it was last asked, as thresholds ask
 * again and again. Knows no limit: its owner decides how many values there may be.
 */
export class ValueList {
  #values = new Float64Array(0)
  #count = 0
  /** So many values from the beginning are in order. */
  #sorted = 0

  get count(): number {
    return this.#count
  }

  /** How many values fit in what is allocated. */
  get capacity(): number {
    return this.#values.length
  }

  /** Makes room for `capacity` values. */
  reserve(capacity: number): void {
    const larger = new Float64Array(capacity)
    larger.set(this.#values.subarray(0, this.#count))
    this.#values = larger
  }

  /** Adds a value; there must be room for it. */
  add(value: number): void {
    this.#values[this.#count++] = value
  }

  /** All values, in no order that means anything. */
  values(): Float64Array {
    return this.#values.subarray(0, this.#count)
  }

  /** The value below which `percent` (0 to 100) of the values lie, linear between the two nearest; 0 without values. */
  percentile(percent: number): number {
    if (this.#count === 0) return 0
    this.#sort()
    const index = (percent / 100) * (this.#count - 1)
    const below = this.#values[Math.floor(index)]!
    const above = this.#values[Math.ceil(index)]!
    // The difference of two infinities is no number.
    return below === above ? below : below + (above - below) * (index - Math.floor(index))
  }

  #sort(): void {
    if (this.#sorted === this.#count) return
    const values = this.#values
    const tail = values.slice(this.#sorted, this.#count).sort()
    // From the back, so that nothing is written over before it was moved.
    let [head, last] = [this.#sorted - 1, tail.length - 1]
    for (let to = this.#count - 1; last >= 0; to--) {
      if (head >= 0 && values[head]! > tail[last]!) values[to] = values[head--]!
      else values[to] = tail[last--]!
    }
    this.#sorted = this.#count
  }
}
