import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compareNames } from '../../report/name-order.js'

describe('compareNames', () => {
  it('is the order of localeCompare', () => {
    const letters = (all: string) => fc.string({ unit: fc.constantFrom(...all), maxLength: 6 })
    const name = fc.oneof(letters('ab_z01'), letters('aB_{}:é '))
    fc.assert(
      fc.property(name, name, (a, b) => {
        assert.equal(Math.sign(compareNames(a, b)), Math.sign(a.localeCompare(b, 'en')))
      }),
      { numRuns: 5000 },
    )
  })
})
