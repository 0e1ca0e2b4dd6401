import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type LogFormat, Logger } from '../../report/logger.js'
import { Redactor } from '../../report/redaction.js'
import '../support/fixed-seed.js'

function redactorOf(...secrets: string[]): Redactor {
  const redactor = new Redactor()
  for (const secret of secrets) redactor.add(secret)
  return redactor
}

const mark = '***SECRET_REDACTED***'

describe('Redactor', () => {
  it('replaces every secret wherever it stands', () => {
    const redactor = redactorOf('hush', 'quiet please')
    assert.equal(redactor.redact('hush, hushhush: quiet please'), `${mark}, ${mark}${mark}: ${mark}`)
    assert.equal(redactor.redact('nothing to hide'), 'nothing to hide')
  })

  it('takes the longer secret where one is part of another, and leaves what it wrote alone', () => {
    const redactor = redactorOf('key', 'key-of-all', 'E', '*')
    assert.equal(redactor.redact('a key-of-all and a key'), `a ${mark} and a ${mark}`)
  })

  it('does not take the empty text for a secret', () => assert.equal(redactorOf('').redact('abc'), 'abc'))

  it('finds secrets in JSON, in quotes and in URLs', () => {
    const secret = 'a"b\\c\nd é&?<'
    const redactor = redactorOf(secret)
    for (const escaped of [
      JSON.stringify({ secret }),
      JSON.stringify(JSON.stringify({ secret })),
      `https://host/?q=${encodeURIComponent(secret)}`,
    ]) {
      const shown = redactor.redact(escaped)
      assert.ok(shown.includes(mark) && !shown.includes('d é') && !shown.includes('b%5C'), shown)
    }
  })

  it('finds what is left of a secret at a cut, on both sides', () => {
    const redactor = redactorOf('abcdefghij')
    assert.equal(redactor.redact('xx abcdef… (12 characters cut)'), `xx ${mark}… (12 characters cut)`)
    assert.equal(
      redactor.redact("'abcd… omitting 2 characters …ghij' is"),
      `'${mark}… omitting 2 characters …${mark}' is`,
    )
    assert.equal(redactor.redact('abcdef'), 'abcdef', 'no cut')
  })

  it('takes time in proportion to a hostile text', () => {
    const redactor = redactorOf(...Array.from({ length: 100 }, (_, i) => `${'a'.repeat(500)}${i}`))
    assert.ok(redactor.redact('a…'.repeat(8000)).length > 0)
  })

  it('leaves no secret in any text', () => {
    const word = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !mark.includes(text))
    fc.assert(
      fc.property(word, fc.array(fc.string({ maxLength: 5 })), (secret, parts) => {
        const shown = redactorOf(secret).redact(parts.join(secret))
        assert.ok(!shown.split(mark).some((part) => part.includes(secret)))
      }),
    )
  })
})

describe('a log with secrets', () => {
  const secret = 'top "secret"\nvalue'
  for (const [format, isColored] of [
    ['text', false],
    ['text', true],
    ['json', false],
    ['raw', false],
  ] as [LogFormat, boolean][]) {
    it(`shows none as ${format}${isColored ? ' on a terminal' : ''}: in messages, in fields and their names, on the console, or cut`, () => {
      let text = ''
      const target = {
        write(line: string) {
          text += line
        },
      }
      const redactor = redactorOf(secret)
      const logger = new Logger({ target, format, isColored, redactor, limits: { lineBytes: 40 } })
      logger.info(`first ${secret}`, { source: 'console', [secret]: 'name', field: `a ${secret}` })
      logger.error(`${'x'.repeat(31)}${secret}`)
      logger.sendConsoleTo(target)
      logger.warning(JSON.stringify({ given: secret }), { source: 'console' })
      assert.doesNotMatch(text, /top|secret|value/)
      assert.ok(text.split(mark).length >= 3, text)
    })
  }
})
