import assert from 'node:assert/strict'
import { escapeBytes } from '../../../../host/grpc/prototext/escaped-text.js'

const escaped = (bytes: Buffer | string, most = 1000) => escapeBytes(Buffer.from(bytes as string), most)

describe('escapeBytes', () => {
  it('leaves text as it is, and escapes quotes, control characters and what is no UTF-8', () => {
    for (const [input, text] of [
      ['plain äöü 漢 😀', 'plain äöü 漢 😀'],
      ['"\\\'', '\\"\\\\\''],
      ['\n\r\t\0\x07\x1b[31m\x7f', '\\n\\r\\t\\x00\\x07\\x1b[31m\\x7f'],
      ['\u009b31m\u0085', '\\u009b31m\\u0085'],
      [Buffer.from('41ff42c3', 'hex'), 'A\\xffB\\xc3'],
      [Buffer.from('eda080e282', 'hex'), '\\xed\\xa0\\x80\\xe2\\x82'],
    ] as const) {
      assert.equal(escaped(input as string).text, text)
    }
  })

  it('ends before what does not fit, with whole characters, and tells how far it came', () => {
    assert.deepEqual(escaped('abcdef', 3), { text: 'abc', read: 3 })
    assert.deepEqual(escaped('aä漢😀', 4), { text: 'aä', read: 3 })
    assert.deepEqual(escaped('a\x01b', 4), { text: 'a', read: 1 })
    assert.deepEqual(escaped('a\x01b', 5), { text: 'a\\x01', read: 2 })
    assert.deepEqual(escaped('abc', 0), { text: '', read: 0 })
  })
})
