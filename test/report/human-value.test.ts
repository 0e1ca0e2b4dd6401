import assert from 'node:assert/strict'
import { humanValue, type TimeUnit } from '../../report/human-value.js'

describe('humanValue', () => {
  for (const [value, text] of [
    [0, '0s'],
    [0.0009, '900ns'],
    [0.00099999, '999ns'],
    [0.012345, '12.34µs'],
    [0.5, '500µs'],
    [1.5, '1.5ms'],
    [999.999, '999.99ms'],
    [1000, '1s'],
    [1239.9, '1.23s'],
    [60_000, '1m0s'],
    [65_999, '1m5s'],
    [3_605_000, '1h0m5s'],
    [90_061_000, '25h1m1s'],
  ] as const) {
    it(`shows ${value} ms as ${text}`, () => assert.equal(humanValue(value, 'trend', 'time', ''), text))
  }

  for (const [unit, text] of [
    ['s', '1.23s'],
    ['ms', '1234.57ms'],
    ['us', '1234567.00µs'],
  ] as [TimeUnit, string][]) {
    it(`shows times in ${unit} when asked to`, () => assert.equal(humanValue(1234.567, 'trend', 'time', unit), text))
  }

  for (const [value, text] of [
    [0, '0 B'],
    [9, '9 B'],
    [10, '10 B'],
    [888, '888 B'],
    [1596, '1.6 kB'],
    [9950, '10 kB'],
    [123_456, '124 kB'],
    [5e6, '5.0 MB'],
    [2.5e12, '2.5 TB'],
  ] as const) {
    it(`shows ${value} bytes as ${text}`, () => assert.equal(humanValue(value, 'counter', 'data', ''), text))
  }

  for (const [value, text] of [
    [18, '18'],
    [0.1234567, '0.123457'],
    [1.5, '1.5'],
    [-2, '-2'],
    [1e21, '1e+21'],
  ] as const) {
    it(`shows the number ${value} as ${text}`, () => assert.equal(humanValue(value, 'gauge', 'default', 's'), text))
  }

  it('cuts a share to two decimals', () => {
    assert.equal(humanValue(5 / 6, 'rate', 'default', ''), '83.33%')
    assert.equal(humanValue(2 / 3, 'rate', 'time', ''), '66.66%')
    assert.equal(humanValue(1, 'rate', 'default', ''), '100.00%')
  })
})
