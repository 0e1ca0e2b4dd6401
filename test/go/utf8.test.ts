import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeUtf8 } from '../../go/utf8.js'
import '../support/fixed-seed.js'

describe('UTF-8 as Go reads it', () => {
  for (const [hex, text] of [
    ['c3a4e282acf09f9880', 'ä€😀'],
    ['e282', '\ufffd\ufffd'],
    ['61ff62', 'a\ufffdb'],
    ['f09f98', '\ufffd\ufffd\ufffd'],
    ['c080', '\ufffd\ufffd'],
    ['eda080', '\ufffd\ufffd\ufffd'],
    ['f4908080', '\ufffd\ufffd\ufffd\ufffd'],
    ['e282c3a4', '\ufffd\ufffdä'],
  ] as const) {
    it(`takes ${hex} for ${JSON.stringify(text)}`, () => assert.equal(decodeUtf8(Buffer.from(hex, 'hex')), text))
  }

  it('leaves all text as it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(decodeUtf8(Buffer.from(text)), text)))
  })
})
