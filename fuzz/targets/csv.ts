/** CSV files as `k6/experimental/csv` reads them. The first line holds the options. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CsvRecords } from '../../host/csv/csv-records.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { hostileText } from '../texts.js'

const field = fc.oneof(
  fc.constantFrom('', 'a', '"a"', '"a""b"', '"', '"a\nb"', '"a\r\nb"', 'a"b', '"a"b', '\ufeff', '__proto__', '"\r"'),
  hostileText,
  hostileText.map((text) => `"${text.replaceAll('"', '""')}"`),
)
const options = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '😀', '', '"', '\n', ',,', '\ufffd', '\ud800', ' '),
  skipFirstLine: fc.boolean(),
  fromLine: fc.constantFrom(0, 1, -1, 1e9, 0.5),
  toLine: fc.option(fc.constantFrom(0, 2, -1, 1e15), { nil: undefined }),
  asObjects: fc.boolean(),
})
const rows = fc
  .tuple(
    options,
    fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
    fc.constantFrom('\n', '\r\n', '\r', '\n\n'),
  )
  .map(
    ([given, lines, end]) =>
      `${JSON.stringify(given)}\n${lines.map((line) => line.join(given.delimiter || ',')).join(end)}`,
  )
const large = fc
  .tuple(fc.constantFrom('a,', '""', '"', '"\n', '\n', '\r\n', ',', 'a"'), fc.constantFrom(1000, 20_000))
  .map(
    ([part, times]) => `{"delimiter":",","skipFirstLine":false,"fromLine":0,"asObjects":false}\n${part.repeat(times)}`,
  )

export const target: FuzzTarget = {
  seeds: () => [
    bytesOf('{"delimiter":",","skipFirstLine":false,"fromLine":0,"asObjects":true}\na,b\n1,2\n"x ""y""",z'),
  ],
  structured: fc.oneof({ weight: 9, arbitrary: rows }, { weight: 1, arbitrary: large }).map(bytesOf),
  words: ['"', '""', ',', '\n', '\r\n', '"asObjects":true', '\ufeff'],
  run(bytes) {
    const at = bytes.indexOf(10)
    let given: ConstructorParameters<typeof CsvRecords>[1]
    try {
      given = JSON.parse(textOf(bytes.subarray(0, Math.max(at, 0))))
    } catch {
      return 'no options'
    }
    if (typeof given?.delimiter !== 'string') return 'no delimiter'
    let records = 0
    let fields = -1
    try {
      const found = new CsvRecords(bytes.subarray(at + 1), given)
      for (let json = found.next(); json !== undefined; json = found.next()) {
        const record = JSON.parse(json) as Record<string, string>
        assert.ok(Object.values(record).every((value) => typeof value === 'string'))
        const count = Object.keys(record).length
        if (fields >= 0) assert.equal(count, fields)
        fields = count
        records++
      }
      return `${Math.min(records, 10)} of ${Math.min(fields, 10)}`
    } catch (e) {
      return `${Math.min(records, 3)} ${refusal(e, bytes)}`
    }
  },
}
