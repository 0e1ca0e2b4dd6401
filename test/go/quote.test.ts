import assert from 'node:assert/strict'
import { goQuote } from '../../go/quote.js'

describe('goQuote', () => {
  for (const [text, quoted] of [
    ['hi "q" \\', '"hi \\"q\\" \\\\"'],
    ['a\nb\tc\r', '"a\\nb\\tc\\r"'],
    ['\u0007\u001b[31m\u007f', '"\\a\\x1b[31m\\x7f"'],
    ['\u009b\u2028\u202e\u00a0', '"\\u009b\\u2028\\u202e\\u00a0"'],
    ['é✓😀', '"é✓😀"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['\ud800', '"\ufffd"'],
  ] as const) {
    it(`writes ${quoted}`, () => assert.equal(goQuote(text), quoted))
  }
})
