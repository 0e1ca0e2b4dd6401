import assert from 'node:assert/strict'
import fc from 'fast-check'
import { floatText, integerDigits, parseFloat32 } from '../../../../host/grpc/protojson/number-text.js'

describe('number text', () => {
  it('prints a float so that it reads back, with no digit too many', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const printed = floatText(value)
        assert.equal(Math.fround(Number(printed)), value)
        const digits = printed.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length
        if (digits > 1) assert.notEqual(Math.fround(Number(value.toPrecision(digits - 1))), value)
      }),
    )
  })

  it('reads a float from any decimal of a double nearest to it', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: -1e38, max: 1e38 }),
        (value) => parseFloat32(String(value)) === Math.fround(value),
      ),
    )
  })

  it('finds the digits of whole numbers in any notation', () => {
    for (const [given, digits] of [
      ['0', '0'],
      ['-0.0e5', '0'],
      ['1e2', '100'],
      ['1.50e1', '15'],
      ['-120e-1', '-12'],
      ['1.5', undefined],
      ['12e-1', undefined],
      ['1e20', undefined],
      ['1e19', '10000000000000000000'],
      ['1e99999999999', undefined],
      ['01', undefined],
    ]) {
      assert.equal(integerDigits(given!), digits, given)
    }
  })
})
