import assert from 'node:assert/strict'
import { inlineMap, readMap, SourcePlaces, sourceMapUrl } from '../../script/source-map.js'

const bundle = 'file:///w/dist/bundle.js'
/** Line 1, column 1 of the bundle is line 3, column 5 of src/a.ts; line 2 is line 1 of b.ts. */
const map = { version: 3, sources: ['../src/a.ts', 'b.ts'], names: ['x'], mappings: 'AAEI;ACFJ', sourcesContent: ['a'] }

const placesOf = (text: string | undefined, shift = 0) =>
  new SourcePlaces((url) => (url === bundle ? { shift, ...(text === undefined ? {} : { map: text }) } : undefined))

describe('sourceMapUrl', () => {
  it('is what the last line says, if it says so', () => {
    assert.equal(sourceMapUrl('a\n//# sourceMappingURL=a.js.map\n'), 'a.js.map')
    assert.equal(sourceMapUrl('a\n//# sourceMappingURL=x\n//# sourceMappingURL=data:y'), 'data:y')
    assert.equal(sourceMapUrl('a\n//# sourceMappingURL=a.js.map\nmore code'), undefined)
    assert.equal(sourceMapUrl('"//# sourceMappingURL=a"'), undefined)
  })
})

describe('inlineMap', () => {
  it('is the text of a data URL, in base64 or not', () => {
    for (const url of [
      'data:application/json;base64,eyJhIjoiw6QifQ==',
      'data:application/json;charset=utf-8;base64,eyJhIjoiw6QifQ==',
      'data:application/json,%7B%22a%22%3A%22%C3%A4%22%7D',
    ]) {
      assert.equal(inlineMap(url), '{"a":"ä"}')
    }
    assert.throws(() => inlineMap('data:text/html,x'), /neither that of a file nor data:application\/json/)
  })
})

describe('readMap', () => {
  it('keeps what places need', () => {
    const kept = { version: 3, sources: map.sources, names: [], mappings: map.mappings }
    assert.deepEqual(JSON.parse(readMap(JSON.stringify(map))), kept)
    assert.deepEqual(JSON.parse(readMap(`)]}'\n${JSON.stringify({ ...map, sourceRoot: '/r' })}`)), {
      ...kept,
      sourceRoot: '/r',
    })
  })

  it('refuses what is no map, and what is too large for one', () => {
    for (const [text, why] of [
      ['{', /^it is not JSON$/],
      ['null', /not a map of version 3/],
      ['{"version":3,"sections":[]}', /its sources are not a list/],
      ['{"version":3,"sources":[]}', /its mappings are not text/],
      ['{"version":3,"sources":[],"mappings":"<script>"}', /not in base64 VLQ/],
      [JSON.stringify({ ...map, sources: Array(10_001).fill('') }), /its sources are not a list/],
      [JSON.stringify({ ...map, mappings: ';'.repeat(500_001) }), /too many mappings/],
      [JSON.stringify({ ...map, mappings: 'A,'.repeat(2_000_001) }), /too many mappings/],
      [' '.repeat(8 * 1024 * 1024 + 1), /8388608 are read/],
    ] as const) {
      assert.throws(() => readMap(text), { message: why })
    }
  })
})

describe('SourcePlaces', () => {
  it('finds the file, line and column that the map tells, in frames with names and without', () => {
    const places = placesOf(readMap(JSON.stringify(map)))
    const frames = `\tat f (${bundle}:1:1)\n\tat ${bundle}:2:1\n\tat g (file:///w/other.js:1:1)\n`
    assert.equal(
      places.inFrames(frames),
      '\tat f (file:///w/src/a.ts:3:5)\n\tat file:///w/dist/b.ts:1:1\n\tat g (file:///w/other.js:1:1)\n',
    )
  })

  it('takes off what was put before the text of a module, in its first line only', () => {
    const places = placesOf(undefined, 40)
    assert.deepEqual(places.original({ file: bundle, line: 1, column: 45 }), { file: bundle, line: 1, column: 5 })
    assert.deepEqual(places.original({ file: bundle, line: 2, column: 45 }), { file: bundle, line: 2, column: 45 })
  })

  it('leaves a place as it is where the map says nothing, or nothing that can be read', () => {
    const frames = `\tat f (${bundle}:9:9)\n`
    for (const mappings of ['', 'AAEI', 'A', 'AAAA,gggggggggggggggggggg', '++++++++']) {
      assert.equal(placesOf(JSON.stringify({ ...map, mappings })).inFrames(frames), frames)
    }
  })

  it('is not held up by a stack that a script made up', () => {
    const frames = `${'file://'.repeat(9000)}\n${'https://a:1'.repeat(360)}\n`
    assert.equal(placesOf(readMap(JSON.stringify(map))).inFrames(frames), frames)
  })

  it('lets no name of a file break the line of a frame', () => {
    const hostile = JSON.stringify({ ...map, sources: ['x)\n\tat evil (file:///y.js:1:1', 'b.ts'] })
    const placed = placesOf(readMap(hostile)).inFrames(`\tat f (${bundle}:1:1)\n`)
    assert.equal(placed.split('\n').length, 2)
    assert.doesNotMatch(placed, /at evil/)
    assert.equal(placed, '\tat f (file:///w/dist/x%29%0A%09at%20evil%20%28file:/y.js:1:1:3:5)\n')
  })

  it('leaves a place as it is that is nowhere in a file, or that the map has no file for', () => {
    const places = placesOf(readMap(JSON.stringify(map)))
    for (const at of ['0:0', '0:5', '1:0', '-1:1', `${'9'.repeat(400)}:1`, `1:${'9'.repeat(400)}`]) {
      const frames = `\tat f (${bundle}:${at})\n`
      assert.match(places.inFrames(frames), /^\tat f \(file:\/\/\/w\/\S+:\S+:\S+\)\n$/)
    }
    const frames = `\tat f (${bundle}:1:1)\n`
    for (const mappings of ['A9AAA', 'A9', 'AgggEAA']) {
      assert.equal(placesOf(readMap(JSON.stringify({ ...map, sources: [''], mappings }))).inFrames(frames), frames)
    }
  })
})
