import assert from 'node:assert/strict'
import { formatDuration, parseDuration, parseDurationValue, parseGoDuration, sumMs } from '../../go/duration.js'

describe('parseGoDuration', () => {
  const good: [string, number][] = [
    ['0', 0],
    ['1s', 1_000],
    ['1h2m3.5s', 3_723_500],
    ['-1.5h', -5_400_000],
    ['+5m', 300_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1ns', 0.000001],
    ['300ms20us', 300.02],
  ]
  for (const [text, ms] of good) it(`reads ${text} as ${ms} ms`, () => assert.equal(parseGoDuration(text), ms))

  const bad: [string, string][] = [
    ['', 'time: invalid duration ""'],
    ['a while', 'time: invalid duration "a while"'],
    ['10', 'time: missing unit in duration "10"'],
    ['1x', 'time: unknown unit "x" in duration "1x"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['.s', 'time: invalid duration ".s"'],
    ['-', 'time: invalid duration "-"'],
    ['1é', 'time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"'],
    ['9999999999999999999h', 'time: invalid duration "9999999999999999999h"'],
  ]
  for (const [text, message] of bad) {
    it(`refuses ${JSON.stringify(text)} in the words of Go`, () =>
      assert.throws(() => parseGoDuration(text), { message }))
  }
})

describe('parseDuration', () => {
  it('takes days in front', () => {
    assert.equal(parseDuration('1d'), 86_400_000)
    assert.equal(parseDuration('1d12h'), 129_600_000)
    assert.equal(parseDuration('-1d12h'), -129_600_000)
  })

  it('takes a number without a unit as milliseconds, cut to nanoseconds', () => {
    assert.equal(parseDuration('1500'), 1_500)
    assert.equal(parseDuration('0.0000019'), 0.000001)
    assert.equal(parseDuration('1e3'), 1_000)
  })

  it('refuses what is neither', () => {
    assert.throws(() => parseDuration('xd'), { message: 'strconv.ParseInt: parsing "x": invalid syntax' })
    assert.throws(() => parseDuration('1d-1h'), { message: "invalid time format '-1h'" })
    assert.throws(() => parseDuration('2 s'), { message: 'time: unknown unit " s" in duration "2 s"' })
  })

  it('wraps what is too big to be a duration, as k6 does, so that it is refused as negative', () => {
    assert.ok(parseDuration('inf') < 0)
    assert.ok(parseDuration('1e300') < 0)
  })
})

describe('parseDurationValue', () => {
  it('takes strings and numbers and nothing else', () => {
    assert.equal(parseDurationValue('2s'), 2_000)
    assert.equal(parseDurationValue(250), 250)
    assert.throws(() => parseDurationValue(true), { message: "'true' is not a valid duration value" })
    assert.throws(() => parseDurationValue([1]), { message: "'[1]' is not a valid duration value" })
  })
})

describe('formatDuration', () => {
  const printed: [number, string][] = [
    [0, '0s'],
    [0.000001, '1ns'],
    [0.0015, '1.5µs'],
    [1.5, '1.5ms'],
    [500, '500ms'],
    [30_000, '30s'],
    [90_000, '1m30s'],
    [600_000, '10m0s'],
    [3_600_000, '1h0m0s'],
    [86_400_000, '24h0m0s'],
    [-1_500, '-1.5s'],
    [60_000.25, '1m0.00025s'],
  ]
  for (const [ms, text] of printed) it(`prints ${ms} ms as ${text}`, () => assert.equal(formatDuration(ms), text))
})

describe('sumMs', () => {
  it('adds without the noise of binary fractions', () => assert.equal(sumMs(0.1, 0.2), 0.3))
})
