/** What scripts and servers have the log say, in each format, with a secret in it: one line, no control sequence, no secret. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { goQuote } from '../../go/quote.js'
import { cleanText, terminalText, wellFormedText } from '../../report/clean-text.js'
import { descriptionText } from '../../report/description.js'
import { parseLogOutput } from '../../report/log-output.js'
import { Logger } from '../../report/logger.js'
import { Redactor, redacted } from '../../report/redaction.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { hostileText, rawControl } from '../texts.js'

const lineBytes = 300
const separator = '\u0001'
const texts = fc.array(hostileText, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(separator))

export const target: FuzzTarget = {
  seeds: () => ['hello', `s3cret${separator}token s3cret`, `a${separator}b${separator}c`].map(bytesOf),
  structured: texts.map(bytesOf),
  words: [separator, '…', '\u001b[31m', '\u001b[', 's3cret', redacted, '\\u001b', '"', '\\'],
  run(bytes) {
    // The first text is a secret, then come a message, and names and values of fields.
    const [secret = '', msg = '', ...others] = textOf(bytes).split(separator)
    const fields: Record<string, string> = {}
    for (let i = 0; i < others.length; i += 2) fields[others[i]!] = others[i + 1] ?? others[i]!
    const redactor = new Redactor()
    redactor.add(secret)
    for (const format of ['text', 'json', 'raw'] as const) {
      for (const isColored of [false, true]) {
        let out = ''
        const logger = new Logger({
          target: { write: (text) => (out += text) },
          format,
          isColored,
          limits: { lineBytes },
          redactor,
        })
        logger.log({ level: 'info', msg, fields: { ...fields, source: 'console' } })
        const plain = out.replace(/\u001b\[\d+m/g, '')
        // Raw lines and those of a terminal may be several.
        const shown = isColored || format === 'raw' ? plain.replaceAll('\n', '') : plain.replace(/\n$/, '')
        assert.ok(!rawControl.test(shown), `${format}: ${JSON.stringify(shown)}`)
        if (!isColored) assert.doesNotMatch(out, /\u001b/)
        if (format === 'json') JSON.parse(out)
        if (secret.length >= 4 && !redacted.includes(secret) && format === 'json') {
          const { msg: said } = JSON.parse(out) as { msg: string }
          assert.ok(!said.includes(secret), `the secret is shown: ${said}`)
        }
      }
    }
    checkTexts(msg)
    try {
      parseLogOutput(msg)
    } catch (e) {
      refusal(e, bytes)
    }
    return `${others.length} ${Object.keys(fields).length} ${/[^ -~]/.test(msg)} ${msg.includes(secret)}`
  },
}

function checkTexts(text: string): void {
  assert.ok(!rawControl.test(cleanText(text)))
  assert.ok(!rawControl.test(goQuote(text)), goQuote(text))
  assert.equal(cleanText(cleanText(text)), cleanText(text))
  // Colours are all that a terminal gets.
  assert.doesNotMatch(terminalText(text).replace(/\u001b\[[\d;]*m/g, ''), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  assert.equal(Buffer.from(wellFormedText(text)).toString(), wellFormedText(text))
  const run = { script: text, outputs: [text], summary: text, scenarios: [text] }
  assert.ok(!rawControl.test(descriptionText(run, false).replaceAll('\n', '')), descriptionText(run, false))
}
