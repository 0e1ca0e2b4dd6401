import assert from 'node:assert/strict'
import { goTime } from '../../go/time.js'

describe('goTime', () => {
  it('is the time here, with as much of the fraction as there is, and the offset of the zone', () => {
    const whole = new Date(2026, 10, 5, 7, 4, 9).getTime()
    const zone = / ([+-]\d{4}) (UTC|[+-]\d{4})$/
    const told = (ms: number) => goTime(ms).replace(zone, '')
    assert.equal(told(whole), '2026-11-05 07:04:09')
    assert.equal(told(whole + 120), '2026-11-05 07:04:09.12')
    assert.equal(told(whole + 0.004), '2026-11-05 07:04:09.000004')
    assert.equal(told(whole + 999.9999), '2026-11-05 07:04:10')
    const [, offset = '', name] = zone.exec(goTime(whole)) ?? []
    assert.equal(name, offset === '+0000' ? 'UTC' : offset)
    const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3))
    assert.equal(offset.startsWith('-') ? minutes : -minutes || 0, new Date(whole).getTimezoneOffset() || 0)
  })
})
