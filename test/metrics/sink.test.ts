import assert from 'node:assert/strict'
import { CounterSink, GaugeSink, newSink, RateSink } from '../../metrics/sink.js'

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

  it('are empty until a value comes in', () => {
    for (const type of ['counter', 'gauge', 'rate', 'trend'] as const) {
      const sink = newSink(type)
      assert.equal(sink.isEmpty, true)
      sink.add(0)
      assert.equal(sink.isEmpty, false)
    }
  })
})
