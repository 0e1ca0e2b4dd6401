import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TrendBudget, TrendSink } from '../../metrics/trend-sink.js'

function sinkOf(values: Iterable<number>, budget?: TrendBudget): TrendSink {
  const sink = new TrendSink(budget)
  for (const value of values) sink.add(value)
  return sink
}

/** 1 to `count`, in an order that is not sorted. */
function* shuffled(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield ((i * 7919) % count) + 1
}

describe('TrendSink', () => {
  it('interpolates percentiles between the two nearest values', () => {
    const sink = sinkOf(shuffled(100))
    assert.equal(sink.percentile(99), 99.01)
    assert.equal(sink.percentile(75), 75.25)
    assert.equal(sink.percentile(50), 50.5)
    assert.deepEqual([sink.percentile(0), sink.percentile(100)], [1, 100])
    sink.add(1000)
    assert.equal(sink.percentile(100), 1000)
    assert.deepEqual([sink.count, sink.min, sink.max, sink.avg], [101, 1, 1000, 6050 / 101])
  })

  it('is exact whatever is asked in between', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer())), (parts) => {
        const sink = new TrendSink()
        for (const part of parts) {
          for (const value of part) sink.add(value)
          sink.percentile(50)
        }
        const sorted = Float64Array.from(parts.flat()).sort()
        assert.deepEqual([sink.percentile(0), sink.percentile(100)], [sorted.at(0) ?? 0, sorted.at(-1) ?? 0])
        if (sorted.length % 2 === 1) assert.equal(sink.percentile(50), sorted[(sorted.length - 1) / 2])
      }),
    )
  })

  it('answers without values, and with one', () => {
    const sink = new TrendSink()
    assert.deepEqual([sink.percentile(95), sink.avg, sink.min, sink.max, sink.isEmpty], [0, 0, 0, 0, true])
    sink.add(7)
    assert.equal(sink.percentile(95), 7)
    const infinite = sinkOf([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
    assert.equal(infinite.percentile(95), Number.POSITIVE_INFINITY)
  })

  it('becomes a sketch when it has too many values, and stays within the error that it states', () => {
    const budget = new TrendBudget({ maxValuesPerTrend: 1000 })
    const exact = sinkOf(shuffled(1000), budget)
    assert.deepEqual([exact.relativeError, exact.percentile(95)], [0, 950.05])
    const sink = sinkOf(shuffled(10_000), budget)
    assert.equal(sink.relativeError, 0.005)
    for (const percent of [1, 50, 90, 99.9]) {
      const value = 1 + (percent / 100) * 9999
      assert.ok(Math.abs(sink.percentile(percent) - value) <= 0.005 * (value + 1), `p(${percent})`)
    }
    assert.deepEqual([sink.percentile(0), sink.percentile(100)], [1, 10_000])
    assert.deepEqual([sink.count, sink.min, sink.max, sink.avg], [10_000, 1, 10_000, 5000.5])
    assert.ok(sink.retainedBytes <= 64 * 1024)
  })

  it('takes what another trend gave back when it became a sketch', () => {
    const budget = new TrendBudget({ maxValues: 96, maxValuesPerTrend: 64 })
    const [one, other] = [sinkOf(shuffled(64), budget), sinkOf(shuffled(32), budget)]
    const late = sinkOf([1, 2], budget)
    assert.ok(late.relativeError > 0, 'there was nothing left')
    one.add(65)
    assert.ok(one.relativeError > 0)
    for (const value of shuffled(32)) other.add(value)
    assert.equal(other.relativeError, 0)
    assert.equal(other.percentile(100), 32)
  })

  it('makes small sketches, less exact, once there are many', () => {
    const budget = new TrendBudget({ maxValuesPerTrend: 16, maxFullSketches: 1 })
    const [full, small] = [sinkOf(shuffled(10_000), budget), sinkOf(shuffled(10_000), budget)]
    assert.equal(full.relativeError, 0.005)
    assert.ok(small.relativeError > 0.005 && small.relativeError < 0.05, String(small.relativeError))
    assert.ok(small.retainedBytes <= 2048)
    assert.equal(budget.retainedBytes, full.retainedBytes + small.retainedBytes)
    assert.ok(Math.abs(small.percentile(50) - 5000.5) <= small.relativeError * 5001)
  })
})
