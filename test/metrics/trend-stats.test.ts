import assert from 'node:assert/strict'
import { TrendSink } from '../../metrics/trend-sink.js'
import { trendStat } from '../../metrics/trend-stats.js'

describe('trendStat', () => {
  const sink = new TrendSink()
  for (const value of [4, 1, 3]) sink.add(value)

  for (const [name, value] of Object.entries({
    avg: 8 / 3,
    min: 1,
    med: 3,
    max: 4,
    count: 3,
    'p(50)': 3,
    'p(99.9)': 3.998,
  })) {
    it(`reads ${name}`, () => assert.equal(Number(trendStat(name)(sink).toFixed(12)), Number(value.toFixed(12))))
  }

  it('refuses what is no statistic', () => {
    assert.throws(() => trendStat('sum'), { message: "invalid trend stat 'sum', unknown format", exitCode: 255 })
    for (const name of ['p(101)', 'p(-1)', 'p(x)', 'p(NaN)', 'p()']) {
      assert.throws(() => trendStat(name), {
        message: `invalid percentile trend stat value '${name}', provide a number between 0 and 100`,
        exitCode: 255,
      })
    }
  })
})
