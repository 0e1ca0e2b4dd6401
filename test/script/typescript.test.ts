import assert from 'node:assert/strict'
import { SourcePlaces } from '../../script/source-map.js'
import { isJavaScript, parserReady, stripTypes, syntaxErrorText } from '../../script/typescript.js'

const url = 'file:///w/a.ts'

await parserReady()

describe('stripTypes', () => {
  it('keeps what is code: enum, namespace, parameter properties, decorators of nobody', () => {
    const source = `
      export enum Level { Low = 1, High = 'h' }
      export namespace N { export const inner: number = 2 }
      abstract class Base<T> { constructor(private readonly value: T, public other = 1) {} abstract run(): void; get() { return this.value! } }
      export class Real extends Base<string> { declare unused: string; run(this: Real): void {} }
      export const checked = { a: 1 } satisfies Record<string, number>
      export default <T,>(x: T) => x as unknown as string`
    const { code } = stripTypes(url, source, 1_000_000)
    assert.doesNotMatch(code, /abstract|readonly|declare|satisfies|\bas\b|: number|<T/)
    for (const kept of [/Level\["Low"\] = 1/, /N\.inner|_N\.inner/, /this\.value = value/, /this\.other = other/]) {
      assert.match(code, kept)
    }
  })

  it('gives a map to the lines and columns of the file', () => {
    const source =
      'interface A {\n  a: string\n}\n\nenum E { X }\nexport const f = (a: A): never => {\n  throw new Error(a.a)\n}\n'
    const { code, map } = stripTypes(url, source, 1_000_000)
    const lines = code.split('\n')
    const line = lines.findIndex((text) => text.includes('throw'))
    const places = new SourcePlaces(() => ({ map, shift: 0 }))
    assert.deepEqual(places.original({ file: url, line: line + 1, column: lines[line]!.indexOf('throw') + 1 }), {
      file: url,
      line: 7,
      column: 3,
    })
  })

  it('tells a syntax error by line and column, which count letters, in the form of k6', () => {
    for (const [source, text] of [
      ['const a = 1\nlet b: = 2', 'Line 2:8 Unexpected token ='],
      ['let ä: string = "日本"; let = ;', 'Line 1:29 Unexpected token ;'],
      ['class A {', 'Line 1:10 '],
    ] as const) {
      assert.throws(
        () => stripTypes(url, source, 1_000_000),
        (e: Error) => e.message.startsWith(`${url}: ${text}`),
        source,
      )
    }
  })

  it('refuses what would become gigabytes of indentation, or is deeper than any program', () => {
    const hostile = [
      '{'.repeat(30_000) + '}'.repeat(30_000),
      `${'{'.repeat(900)}${'a;'.repeat(100_000)}${'}'.repeat(900)}`,
      `${'if(a)'.repeat(30_000)}b`,
      `namespace a${'.b'.repeat(10_000)} { export const x = 1 }`,
      `${'function a(){'.repeat(30_000)}${'}'.repeat(30_000)}`,
      // What ends a statement elsewhere does not end the body of an `if`.
      `${'if(a)\n'.repeat(30_000)}b`,
      `${'if(a)/*;*/\n'.repeat(30_000)}b`,
      `${'if(a)//}\n'.repeat(30_000)}b`,
      `${'if(a)x:do '.repeat(30_000)}b`,
    ]
    for (const source of hostile)
      assert.throws(() => stripTypes(url, source, 1_000_000), { code: 'LIMIT_SIZE' }, source.slice(0, 20))
    assert.throws(() => stripTypes(url, 'let a: string', 12), {
      code: 'LIMIT_SIZE',
      message: /has 13 letters; TypeScript may have 12$/,
    })
  })
})

describe('a text with very much in one line', () => {
  // Each of its errors shows the line: a text of this size took the parser minutes.
  const redeclared = 'let a;'.repeat(40_000)

  it('is not read as TypeScript, and left to the engine', () => {
    assert.throws(() => stripTypes(url, redeclared, 1_000_000), {
      code: 'LIMIT_SIZE',
      message: `${url} has too much in one line to be read as TypeScript`,
    })
    for (const flags of ['u', 'uU', 'u1_$']) {
      assert.throws(() => stripTypes(url, `/[/]/${flags.repeat(20_000)}`, 1_000_000), { code: 'LIMIT_SIZE' }, flags)
    }
    assert.equal(isJavaScript(redeclared, 1_000_000), true)
    assert.equal(isJavaScript(`/a/${'u'.repeat(40_000)}`, 1_000_000), true)
    assert.equal(syntaxErrorText(redeclared.slice(0, 60_000), true), undefined)
  })

  it('is read where it is one long string, or short lines', () => {
    assert.match(stripTypes(url, `const a: string = '${'x'.repeat(400_000)}'`, 1_000_000).code, /^const a = "x/)
    assert.equal(stripTypes(url, 'a();\n'.repeat(50_000), 1_000_000).code.length, 250_000)
  })
})

describe('isJavaScript', () => {
  it('tells JavaScript from what needs to be stripped', () => {
    assert.equal(isJavaScript('import x from "y"; export default () => x; await 1', 100), true)
    assert.equal(isJavaScript('let a: string', 100), false)
    assert.equal(isJavaScript('interface A {}', 100), false)
  })
})

describe('syntaxErrorText', () => {
  it('says what is wrong in the form of k6, and nothing of what is right', () => {
    assert.equal(syntaxErrorText('export default function () { const = 1; }', true), 'Line 1:36 Unexpected token =')
    assert.equal(syntaxErrorText('exports.a = 1 +;', false), 'Line 1:16 Unexpected token ;')
    assert.equal(syntaxErrorText('exports.a = 1; return', false), undefined)
  })
})
