import assert from 'node:assert/strict'
import { goQuote } from '../../go/quote.js'
import { goSyntax } from '../../go/value-syntax.js'

describe('goQuote', () => {
  it('quotes as Go does', () => {
    assert.equal(goQuote('a"b\\c\n\x01\x7fé€😀\u200b'), '"a\\"b\\\\c\\n\\x01\\x7fé€😀\\u200b"')
  })
})

describe('goSyntax', () => {
  for (const [value, expected] of [
    [undefined, '<nil>'],
    [null, '<nil>'],
    ['x', '"x"'],
    [1, '1'],
    [-0.5, '-0.5'],
    [1e21, '1e+21'],
    [-0, '-0'],
    [2 ** 53, '9007199254740992'],
    [2 ** 54, '1.8014398509481984e+16'],
    [123456.5, '123456.5'],
    [1234567.5, '1.2345675e+06'],
    [0.00001, '1e-05'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    [[], '[]interface {}{}'],
    [['a', 1, null], '[]interface {}{"a", 1, interface {}(nil)}'],
    [{ b: 1, a: { c: [] } }, 'map[string]interface {}{"a":map[string]interface {}{"c":[]interface {}{}}, "b":1}'],
    [Uint8Array.from([1, 255]), '[]byte{0x1, 0xff}'],
  ] as const) {
    it(`prints ${expected}`, () => assert.equal(goSyntax(value), expected))
  }

  it('stops at a depth, so that cycles do no harm', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    assert.match(goSyntax(cycle), /\.\.\./)
  })
})
