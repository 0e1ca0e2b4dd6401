import assert from 'node:assert/strict'
import { goTrimSpace } from '../../go/space.js'

describe('Go white space', () => {
  it('is taken from both ends and nowhere else', () => {
    for (const [text, trimmed] of [
      ['', ''],
      [' \t\n\v\f\r', ''],
      [' a b ', 'a b'],
      ['\u0085\u00a0a\u2028\u3000', 'a'],
      ['\ufeffa\u200b', '\ufeffa\u200b'],
    ] as const) {
      assert.equal(goTrimSpace(text), trimmed, JSON.stringify(text))
    }
  })
})
