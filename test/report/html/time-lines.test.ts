import assert from 'node:assert/strict'
import { GaugeLine, maxBuckets, RateLine, SumLine, TimeAxis, TrendLine } from '../../../report/html/time-lines.js'

const begin = 1_700_000_000_000

/** An axis whose lines have got a value in each of so many seconds, the number of the second. */
function secondsOf(count: number) {
  const axis = new TimeAxis(1000)
  const lines = {
    sum: axis.register(new SumLine()),
    gauge: axis.register(new GaugeLine()),
    rate: axis.register(new RateLine()),
    trend: axis.register(new TrendLine()),
  }
  for (let i = 0; i < count; i++) {
    const bucket = axis.bucketOf(begin + i * 1000)
    for (const line of Object.values(lines)) line.add(bucket, i)
  }
  return { axis, ...lines }
}

describe('numbers over time', () => {
  it('are kept by bucket as long as there are enough of them', () => {
    const { axis, sum, gauge, rate, trend } = secondsOf(3)
    assert.equal(axis.used, 3)
    assert.deepEqual(sum.columns(3), { sum: [0, 1, 2] })
    assert.deepEqual(gauge.columns(3), { last: [0, 1, 2] })
    assert.deepEqual(rate.columns(3), { trues: [0, 1, 1], total: [1, 1, 1] })
    assert.deepEqual(trend.columns(3).count, [1, 1, 1])
    assert.deepEqual(trend.columns(3).p99, [0, 1, 2])
  })

  it('go on in wider buckets, and nothing is lost', () => {
    const count = maxBuckets * 4 + 1
    const { axis, sum, gauge, rate, trend } = secondsOf(count)
    assert.equal(axis.widthMs, 8000)
    assert.equal(axis.used, Math.ceil(count / 8))
    const total = (values: (number | null)[] | undefined) =>
      values!.reduce<number>((all, value) => all + (value ?? 0), 0)
    assert.equal(sum.columns(axis.used).sum![0], 0 + 1 + 2 + 3 + 4 + 5 + 6 + 7)
    assert.equal(total(sum.columns(axis.used).sum), (count * (count - 1)) / 2)
    assert.deepEqual(gauge.columns(2).last, [7, 15])
    assert.deepEqual(rate.columns(2), { trues: [7, 8], total: [8, 8] })
    assert.equal(total(trend.columns(axis.used).count), count)
    assert.deepEqual(trend.columns(2).max, [7, 15])
    assert.equal(trend.total().count, count)
  })

  it('have no value where there were no samples', () => {
    const axis = new TimeAxis(1000)
    const [gauge, trend] = [axis.register(new GaugeLine()), axis.register(new TrendLine())]
    axis.bucketOf(begin)
    const bucket = axis.bucketOf(begin + 2000)
    for (const line of [gauge, trend]) line.add(bucket, 5)
    assert.deepEqual(gauge.columns(3).last, [null, null, 5])
    assert.deepEqual(trend.columns(3).p50, [null, null, 5])
  })

  it('take a moment before the first one for the first, and any later one whatever', () => {
    const axis = new TimeAxis(1000)
    const sum = axis.register(new SumLine())
    sum.add(axis.bucketOf(begin), 1)
    sum.add(axis.bucketOf(begin - 50), 1)
    sum.add(axis.bucketOf(begin + 1e15), 1)
    assert.ok(axis.used <= maxBuckets)
    const { sum: sums } = sum.columns(axis.used)
    assert.equal(sums![0], 2)
    assert.equal(sums![axis.used - 1], 1)
  })

  it('count instead of adding where only the number of values matters', () => {
    const counts = new SumLine(true)
    counts.add(0, 12.5)
    counts.add(0, 0)
    assert.deepEqual(counts.columns(1), { sum: [2] })
  })
})
