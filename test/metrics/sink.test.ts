import assert from 'node:assert/strict'
import { CounterSink, GaugeSink, newSink, RateSink, TrendSink } from '../../metrics/sink.js'

describe('sinks', () => {
  it('counter: sums up, and is 0 per second in no time', () => {
    const sink = new CounterSink()
    for (const value of [1, 2.5, -1]) sink.add(value)
    assert.equal(sink.sum, 2.5)
    assert.equal(sink.ratePerSecond(500), 5)
    assert.equal(sink.ratePerSecond(0), 0)
  })

  it('gauge: keeps the last value and the extremes, also of negative values', () => {
    const sink = new GaugeSink()
    for (const value of [-3, -1, -2]) sink.add(value)
    assert.deepEqual([sink.value, sink.min, sink.max], [-2, -3, -1])
  })

  it('rate: counts what is not zero', () => {
    const sink = new RateSink()
    assert.equal(sink.rate, 0)
    for (const value of [1, 0, 5]) sink.add(value)
    assert.deepEqual([sink.trues, sink.total, sink.rate], [2, 3, 2 / 3])
  })

  it('trend: interpolates percentiles between the two nearest values', () => {
    const sink = new TrendSink()
    for (let value = 100; value >= 1; value--) sink.add(value)
    assert.equal(sink.percentile(99), 99.01)
    assert.equal(sink.percentile(75), 75.25)
    assert.equal(sink.percentile(50), 50.5)
    assert.deepEqual([sink.percentile(0), sink.percentile(100)], [1, 100])
    sink.add(1000)
    assert.equal(sink.percentile(100), 1000)
    assert.deepEqual([sink.count, sink.min, sink.max, sink.avg], [101, 1, 1000, 6050 / 101])
  })

  it('trend: answers without values, and with one', () => {
    const sink = new TrendSink()
    assert.deepEqual([sink.percentile(95), sink.avg, sink.min, sink.max, sink.isEmpty], [0, 0, 0, 0, true])
    sink.add(7)
    assert.equal(sink.percentile(95), 7)
  })

  it('trend: stops keeping values when the budget of all trends is used up, and goes on counting', () => {
    const budget = { remainingValues: 2 }
    const [one, other] = [new TrendSink(budget), new TrendSink(budget)]
    for (const value of [1, 3, 100]) one.add(value)
    other.add(5)
    assert.deepEqual([one.percentile(100), one.max, one.count, one.isComplete], [3, 100, 3, false])
    assert.deepEqual([other.percentile(50), other.avg, other.isEmpty], [0, 5, false])
  })

  it('are empty until a value comes in', () => {
    for (const type of ['counter', 'gauge', 'rate', 'trend'] as const) {
      const sink = newSink(type)
      assert.equal(sink.isEmpty, true)
      sink.add(0)
      assert.equal(sink.isEmpty, false)
    }
  })
})
