import assert from 'node:assert/strict'
import fc from 'fast-check'
import { QuantileSketch, type QuantileSketchOptions } from '../../metrics/quantile-sketch.js'

const quantiles = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1]

function sketchOf(values: readonly number[], options?: QuantileSketchOptions): QuantileSketch {
  const sketch = new QuantileSketch(options)
  for (const value of values) sketch.add(value)
  return sketch
}

/** Says that a quantile is as near to the exact one as the sketch promises: the neighbours' errors, between them. */
function assertWithinBound(sketch: QuantileSketch, values: readonly number[]): void {
  const sorted = Float64Array.from(values).sort()
  for (const q of quantiles) {
    const rank = q * (sorted.length - 1)
    const [below, above] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!]
    const exact = below + (above - below) * (rank - Math.floor(rank))
    const bound = sketch.relativeAccuracy * (1 + 1e-9) * Math.max(Math.abs(below), Math.abs(above))
    const found = sketch.quantile(q)
    assert.ok(Math.abs(found - exact) <= bound, `q=${q}: ${found} instead of ${exact} ± ${bound}`)
  }
}

const latency = fc.double({ min: 1e-6, max: 1e7, noNaN: true })
const anyFinite = fc.double({ min: -1e300, max: 1e300, noNaN: true }).filter((v) => v === 0 || Math.abs(v) > 1e-300)

describe('QuantileSketch', () => {
  it('is within 0.5 % of the exact percentiles of latencies, without a collapse', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 500 }), (values) => {
        const sketch = sketchOf(values)
        assert.equal(sketch.relativeAccuracy, 0.005)
        assertWithinBound(sketch, values)
      }),
    )
  })

  it('is within the bound that it states for values of any sign and size', () => {
    fc.assert(
      fc.property(fc.array(anyFinite, { minLength: 1, maxLength: 2000 }), (values) => {
        assertWithinBound(sketchOf(values), values)
      }),
    )
  })

  it('gives up accuracy and not memory when values are everywhere, and says how much', () => {
    const values = Array.from({ length: 12_000 }, (_, i) => (i % 2 === 0 ? 1 : -1) * 10 ** ((i % 600) - 300))
    const sketch = sketchOf(values, { maxBuckets: 256 })
    assert.ok(sketch.retainedBytes <= 256 * 8, `${sketch.retainedBytes} bytes`)
    assert.ok(sketch.relativeAccuracy > 0.005 && sketch.relativeAccuracy < 1, String(sketch.relativeAccuracy))
    assertWithinBound(sketch, values)
    const roomier = sketchOf(values)
    assert.ok(roomier.retainedBytes <= 8192 * 8)
    assert.ok(roomier.relativeAccuracy < 0.31, String(roomier.relativeAccuracy))
  })

  it('merged in any order is the sketch of all values', () => {
    const part = fc.array(anyFinite, { maxLength: 300 })
    fc.assert(
      fc.property(part, part, part, fc.constantFrom(256, 8192), (a, b, c, maxBuckets) => {
        const options = { maxBuckets }
        const all = sketchOf([...a, ...b, ...c], options)
        const forwards = sketchOf(a, options)
        forwards.merge(sketchOf(b, options))
        forwards.merge(sketchOf(c, options))
        const backwards = sketchOf(c, options)
        const tail = sketchOf(b, options)
        tail.merge(sketchOf(a, options))
        backwards.merge(tail)
        for (const merged of [forwards, backwards]) {
          assert.deepEqual([merged.count, merged.min, merged.max], [all.count, all.min, all.max])
          assert.equal(merged.relativeAccuracy, all.relativeAccuracy)
          for (const q of quantiles) assert.equal(merged.quantile(q), all.quantile(q))
        }
      }),
    )
  })

  it('can be merged into itself', () => {
    const sketch = sketchOf([1, 2, -3])
    sketch.merge(sketch)
    assert.deepEqual([sketch.count, sketch.sum, sketch.min, sketch.max], [6, 0, -3, 2])
  })

  it('counts a value many times at once', () => {
    const sketch = new QuantileSketch()
    sketch.add(10, 99)
    sketch.add(1000)
    assert.deepEqual([sketch.count, sketch.sum, sketch.min, sketch.max], [100, 1990, 10, 1000])
    assert.ok(Math.abs(sketch.quantile(0.5) - 10) <= 0.05)
    assert.equal(sketch.quantile(1), 1000)
  })

  it('answers 0 without values, and exactly with one', () => {
    const sketch = new QuantileSketch()
    assert.deepEqual([sketch.count, sketch.sum, sketch.min, sketch.max, sketch.quantile(0.5)], [0, 0, 0, 0, 0])
    sketch.add(7.123)
    assert.deepEqual([sketch.min, sketch.max, sketch.quantile(0.95)], [7.123, 7.123, 7.123])
  })

  it('counts zeros and infinities as what they are, and NaN not at all', () => {
    const sketch = sketchOf([0, -0, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1])
    assert.equal(sketch.count, 6)
    assert.deepEqual([sketch.quantile(0), sketch.quantile(1)], [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
    assert.equal(sketch.quantile(0.5), 0)
  })

  it('holds the largest and smallest doubles', () => {
    const values = [Number.MAX_VALUE, -Number.MAX_VALUE, 2.3e-308, -2.3e-308, 1]
    assertWithinBound(sketchOf(values), values)
  })

  it('refuses what makes no sense', () => {
    for (const options of [
      { relativeAccuracy: 0 },
      { relativeAccuracy: 1 },
      { maxBuckets: 192 },
      { maxBuckets: 300 },
    ]) {
      assert.throws(() => new QuantileSketch(options), RangeError)
    }
    for (const count of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => new QuantileSketch().add(1, count), RangeError)
    }
    assert.throws(() => new QuantileSketch().merge(new QuantileSketch({ relativeAccuracy: 0.01 })), RangeError)
  })
})
