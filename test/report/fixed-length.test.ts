import assert from 'node:assert/strict'
import { fixedDuration } from '../../report/fixed-length.js'

describe('fixedDuration', () => {
  for (const [durationMs, longestMs, text] of [
    [0, 9999, '00.0s'],
    [0, 9900, '0.0s'],
    [1000, 33_000, '01.0s'],
    [1000, 60_000, '0m01.0s'],
    [400, 600_000, '00m00.4s'],
    [3_661_000, 7_200_000, '1h01m01.0s'],
    [3_661_000, 80_000_000, '01h01m01.0s'],
    [90_061_000, 900_000_000, '01d01h01m01.0s'],
    [5000, 1000, '5.0s'],
  ] as const) {
    it(`shows ${durationMs} ms of at most ${longestMs} ms as ${text}`, () => {
      assert.equal(fixedDuration(durationMs, longestMs), text)
    })
  }
})
