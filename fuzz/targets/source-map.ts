/** Source maps of whoever wrote a script, and stack traces that places are found in. The map is before the first line end. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { inlineMap, readMap, SourcePlaces, sourceMapUrl } from '../../script/source-map.js'
import { assertClean, bytesOf, type FuzzTarget, textOf } from '../target.js'
import { hostileText } from '../texts.js'

const url = 'file:///x.js'
const mapping = fc.oneof(
  fc.constantFrom(
    'AAAA',
    'A',
    'AACA,IACC',
    ';;;',
    'gggggggggggggB',
    '//////////',
    'DDDD',
    ',,',
    'AAAAAA',
    '/'.repeat(5000),
    ';'.repeat(5000),
    'AAAA,'.repeat(2000),
  ),
  fc.string({ maxLength: 10 }),
)
const map = fc
  .record(
    {
      version: fc.constantFrom<unknown[]>(3, 3, 3, 2, '3'),
      sources: fc.oneof(
        fc.array(fc.oneof(hostileText, fc.constantFrom('a.ts', '../../../etc/passwd', 'http://x', 'file:///y', null))),
        fc.constantFrom(null, 'x', {}),
      ),
      mappings: fc.oneof(
        fc.array(mapping, { maxLength: 5 }).map((parts) => parts.join(';')),
        fc.constantFrom(null, 5),
      ),
      sourceRoot: fc.oneof(hostileText, fc.constantFrom(null, 'https://x/')),
      names: fc.constantFrom([], null, ['a']),
      sections: fc.constantFrom([], [{ offset: { line: 0, column: 0 }, map: {} }]),
    },
    { requiredKeys: ['version', 'sources', 'mappings'] },
  )
  .map((value) => JSON.stringify(value))
const frame = fc
  .tuple(
    hostileText,
    fc.constantFrom(url, 'file:///y', 'https://z/a b'),
    fc.oneof(fc.nat(20), fc.constantFrom(0, -1, 1e21, 2 ** 31)),
    fc.oneof(fc.nat(20), fc.constantFrom(0, 1e9)),
  )
  .map(([name, file, line, column]) => `\tat ${name} (${file}:${line}:${column})`)
const whole = fc.tuple(map, fc.array(frame, { maxLength: 5 })).map(([text, frames]) => [text, ...frames].join('\n'))

export const target: FuzzTarget = {
  seeds: () => [
    bytesOf(`{"version":3,"sources":["a.ts"],"mappings":"AAAA"}\n\tat f (${url}:1:1)`),
    bytesOf('\n//# sourceMappingURL=data:application/json;base64,e30='),
  ],
  structured: whole.map(bytesOf),
  words: [
    '"mappings":"',
    'AAAA',
    ';',
    '"sources":[',
    `(${url}:1:1)`,
    '\n//# sourceMappingURL=',
    'data:application/json;base64,',
    ")]}'\n",
  ],
  run(bytes) {
    const text = textOf(bytes)
    const at = text.indexOf('\n')
    const [json, frames] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
    // These errors go into a warning as they are.
    const warned = (read: () => unknown) => {
      try {
        return read()
      } catch (e) {
        assert.ok(e instanceof Error && e.constructor !== TypeError && e.constructor !== RangeError, `${e}`)
        assertClean(e.message, bytes)
        return undefined
      }
    }
    const named = sourceMapUrl(text)
    if (named !== undefined) warned(() => inlineMap(named))
    const read = warned(() => readMap(json)) as string | undefined
    const places = new SourcePlaces(() => ({ shift: 3, ...(read === undefined ? {} : { map: read }) }))
    const shown = places.inFrames(frames)
    assert.equal(shown.split('\n').length, frames.split('\n').length)
    const { file, line, column } = places.original({ file: url, line: 1, column: 5 })
    assert.ok(Number.isInteger(line) && Number.isInteger(column) && file.length < 20_000)
    assert.ok(file === url || !/[\s()]/.test(file))
    return `${read === undefined} ${named === undefined} ${file === url} ${line}`
  },
}
