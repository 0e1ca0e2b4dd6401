import assert from 'node:assert/strict'
import { durationMsOf } from '../../../host/grpc/duration-param.js'

describe('durationMsOf', () => {
  for (const [value, expected] of [
    [1500.5, 1500.5],
    [-1, -1],
    ['500', 500],
    ['1e3', 1000],
    ['-5', -5],
    ['0.5s', 500],
    ['+1s', 1000],
    ['-2m', -120_000],
    ['1h30m', 5_400_000],
    ['100us', 0.1],
    ['0', 0],
    ['2d', 172_800_000],
    ['1d12h', 129_600_000],
    ['-1d1h', -90_000_000],
  ] as const) {
    it(`reads ${JSON.stringify(value)}`, () => assert.equal(durationMsOf(value), expected))
  }

  for (const [value, message] of [
    ['soon', 'time: invalid duration "soon"'],
    ['', 'time: invalid duration ""'],
    ['5 s', 'time: unknown unit " s" in duration "5 s"'],
    ['1h30', 'time: missing unit in duration "1h30"'],
    ['1x', 'time: unknown unit "x" in duration "1x"'],
    ['xd', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['1d-1h', "invalid time format '-1h'"],
    ['9999999999h', 'time: invalid duration "9999999999h"'],
    [true, 'unable to use type bool as a duration value'],
    [null, 'unable to use type <nil> as a duration value'],
    [undefined, 'unable to use type <nil> as a duration value'],
    [{}, 'unable to use type map[string]interface {} as a duration value'],
    [[1], 'unable to use type []interface {} as a duration value'],
  ] as const) {
    it(`refuses ${JSON.stringify(value)}`, () => assert.throws(() => durationMsOf(value), { message }))
  }
})
