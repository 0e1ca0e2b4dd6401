/**
 * TypeScript and JavaScript for the native parser, in the stack of a thread of VUs: it is bounded beforehand, or it ends the
 * process. Short texts only: the parser's own time is quadratic for some, which no look at the text can tell.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { packageRoot } from '../../package-root.js'
import { trustedLimits } from '../../policy/limits.js'
import { importedNames, lexerReady, parseSource, requiredSpecifiers } from '../../script/source.js'
import { isJavaScript, parserReady, stripTypes, syntaxErrorText, typeScriptLetters } from '../../script/typescript.js'
import { assertClean, bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { hostileText } from '../texts.js'

await lexerReady
await parserReady()

const maxBytes = 16 * 1024

const words = [
  ...[
    'enum E { A = 1, B = "x" }',
    'namespace a.b { export let c = 1 }',
    'abstract class C<T> { constructor(private x: T) {} }',
    'declare module "x" {}',
  ],
  ...[
    'import type { A } from "a"',
    'export = 1',
    'let x = <T,>(a: T): a is T => a!',
    'x satisfies Y as const',
    '@dec class D { accessor a = 1 }',
    'type T<U> = U extends infer V ? V : never',
  ],
  ...[
    '`a${',
    '}`',
    '/[/]/u',
    '<!-- x',
    'async function* g() { yield* await 1 }',
    'for await (const a of b) c: break c',
    'a?.[0] ?? (b ||= 1)',
    'if (a) ',
    'else ',
    'label: ',
    '({ __proto__: 1, ...a })',
    '=>',
    '...',
    '#p in o',
  ],
]
const text = fc
  .array(fc.oneof(fc.constantFrom(...words), hostileText), { maxLength: 8 })
  .map((parts) => parts.join(' '))
const deep = fc
  .tuple(
    fc.constantFrom(
      ['(', ')'],
      ['[', ']'],
      ['{', '}'],
      ['a(', ')'],
      ['if(a)', ''],
      ['a?', ':1'],
      ['-', ''],
      ['!', ''],
      ['a.', 'b'],
      ['a+', '1'],
      ['`${', '}`'],
      ['<T>', ''],
      ['x=>', '1'],
      ['namespace a{', '}'],
      ['class A{b=', '}'],
      ['a<', '>'],
      ['type T = {a:', '}'],
      ['@a ', 'class B{}'],
      ['async()=>', '1'],
      ['new ', 'A'],
      ['...', 'a'],
      ['a,', 'b'],
      ['a;', ''],
      ['else ', ''],
      ['/*', '*/'],
      ['a ? b : ', 'c'],
      ['await ', '1'],
      ['label:', ';'],
      ['export ', '1'],
      ['A extends B ? ', ': 1'],
      ['keyof ', 'A'],
      ['(a:', ')=>1'],
    ),
    fc.constantFrom(10, 200, 900, 1001, 6000),
    fc.boolean(),
    fc.constantFrom('', 'let x = ', 'type X = ', 'let x: '),
  )
  .map(
    ([[open, close], times, isClosed, head]) =>
      head + open!.repeat(times) + (isClosed ? close!.repeat(close!.length < 3 ? times : 1) : ''),
  )

export const target: FuzzTarget = {
  seeds: () => [
    ...words.map(bytesOf),
    readFileSync(join(packageRoot, 'test/types/full-script.ts')),
    readFileSync(join(packageRoot, 'policy/network.ts')),
  ],
  structured: fc.oneof({ weight: 4, arbitrary: text }, { weight: 2, arbitrary: deep }).map(bytesOf),
  words,
  run(bytes) {
    const source = textOf(bytes.subarray(0, maxBytes))
    const most = typeScriptLetters(trustedLimits.stackBytes)
    const { format, imports } = parseSource(source)
    for (const { specifier } of imports) assert.equal(typeof specifier, 'string')
    for (const line of source.split('\n')) importedNames(line.slice(0, 1000))
    requiredSpecifiers(source)
    const isPlain = isJavaScript(source, most)
    for (const isModule of [true, false]) assertClean(syntaxErrorText(source, isModule) ?? '', bytes)
    try {
      const { code, map } = stripTypes('file:///x.ts', source, most)
      JSON.parse(map)
      // Bounded by the text, and by the indentation that script/typescript.ts allows.
      assert.ok(code.length <= 64 * 1024 * 1024 + 100 * source.length)
      return `${format} ${isPlain} ${Math.log2(code.length + 1) | 0}`
    } catch (e) {
      return `${format} ${isPlain} ${refusal(e, bytes)}`
    }
  },
}
