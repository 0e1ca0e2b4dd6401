import assert from 'node:assert/strict'
import { Rfc3339Nano, rfc3339Seconds } from '../../report/rfc3339.js'

describe('RFC 3339 times', () => {
  const zone = process.env.TZ
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })
  const time = Date.UTC(2026, 10, 22, 23, 44, 9)

  for (const [name, text] of [
    ['UTC', '2026-11-22T23:44:09Z'],
    ['Asia/Kolkata', '2026-11-23T05:14:09+05:30'],
    ['America/St_Johns', '2026-11-22T20:14:09-03:30'],
  ] as const) {
    it(`are in the zone of the machine (${name})`, () => {
      process.env.TZ = name
      assert.equal(rfc3339Seconds(new Date(time)), text)
      assert.equal(new Rfc3339Nano().format(time), text)
    })
  }

  it('have as many decimals as needed', () => {
    process.env.TZ = 'UTC'
    const nano = new Rfc3339Nano()
    assert.equal(nano.format(time + 54.33), '2026-11-22T23:44:09.054330078Z')
    assert.equal(nano.format(time + 999.9999999), '2026-11-22T23:44:10Z')
    assert.equal(nano.format(time + 500), '2026-11-22T23:44:09.5Z')
  })
})
