import assert from 'node:assert/strict'
import { cleanText, jsonText, terminalText } from '../../report/clean-text.js'

describe('cleanText', () => {
  it('writes control characters, line separators and bidi controls as escapes', () => {
    assert.equal(
      cleanText('a\u0000\u001b[31m\u007f\u009b2J\u2028\u202e\u2066\u200f\r\nb'),
      'a\\u0000\\u001b[31m\\u007f\\u009b2J\\u2028\\u202e\\u2066\\u200f\\u000d\\u000ab',
    )
  })

  it('leaves tabs and all other text alone, and newlines when asked to', () => {
    assert.equal(cleanText('a\té✓😀'), 'a\té✓😀')
    assert.equal(cleanText('a\nb\r', true), 'a\nb\\u000d')
  })
})

describe('jsonText', () => {
  it('is as safe to show and reads back unchanged', () => {
    const text = '"\\\u001b\u007f\u009b\u2028\u202e\n'
    assert.doesNotMatch(jsonText(text), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/)
    assert.equal(JSON.parse(jsonText(text)), text)
  })
})

describe('terminalText', () => {
  it('leaves colours and lines, and nothing else that a terminal would act on', () => {
    assert.equal(terminalText('\u001b[1;31mred\u001b[0m\n\tx'), '\u001b[1;31mred\u001b[0m\n\tx')
    assert.equal(
      terminalText('\u001b[2J\u001b]0;title\u0007\u001b[31;\u009b31m\u202e\r'),
      '\\u001b[2J\\u001b]0;title\\u0007\\u001b[31;\\u009b31m\\u202e\\u000d',
    )
  })
})
