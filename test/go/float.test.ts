import assert from 'node:assert/strict'
import { goFloat } from '../../go/float.js'

describe('goFloat', () => {
  it('takes to exponents below a ten-thousandth and from a million on', () => {
    for (const [number, text] of [
      [0, '0'],
      [1, '1'],
      [-2.5, '-2.5'],
      [0.1, '0.1'],
      [100, '100'],
      [123456, '123456'],
      [123456.75, '123456.75'],
      [1e6, '1e+06'],
      [-1234567, '-1.234567e+06'],
      [1234567.5, '1.2345675e+06'],
      [1e21, '1e+21'],
      [1.5e300, '1.5e+300'],
      [0.0001, '0.0001'],
      [0.00012, '0.00012'],
      [0.00001, '1e-05'],
      [5e-324, '5e-324'],
    ] as const) {
      assert.equal(goFloat(String(number)), text)
    }
  })

  it('keeps the sign of zero, and writes what is no number in lower case', () => {
    assert.deepEqual(['-0', 'NaN', 'Infinity', '-Infinity'].map(goFloat), ['-0', 'nan', 'inf', '-inf'])
  })
})
