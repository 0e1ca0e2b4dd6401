import assert from 'node:assert/strict'
import { importedNames, lexerReady, parseSource, requiredSpecifiers } from '../../script/source.js'

describe('parseSource', () => {
  before(() => lexerReady)

  it('takes a file with import, export or a top-level await for an ES module, and any other for CommonJS', () => {
    for (const source of ['import "a"', 'export default 1', 'export {}', 'await 1', 'import.meta.resolve("a")']) {
      assert.equal(parseSource(source).format, 'esm', source)
    }
    for (const source of [
      '',
      'module.exports = 1',
      'exports.a = 1',
      'const a = require("a")',
      'let a = 1',
      '// export default',
    ]) {
      assert.equal(parseSource(source).format, 'commonjs', source)
    }
  })

  it('is not misled by an await inside of a CommonJS function', () => {
    assert.equal(parseSource('module.exports = async () => { await 1 }').format, 'commonjs')
    assert.equal(parseSource('exports.a = async () => { await require("b") }').format, 'commonjs')
  })

  it('lists static imports and re-exports with the names asked for, and no others', () => {
    const { imports } = parseSource(`
      import 'side'
      import a from 'default'
      import { b, c as d } from 'named'
      import * as e from 'namespace'
      import f, { g } from 'both'
      export { h } from 'reexport'
      export * from 'star'
      const late = () => import('dynamic')
      // import x from 'comment'
      const text = "import y from 'text'"`)
    assert.deepEqual(
      imports.map(({ specifier, names }) => [specifier, ...[...names].sort()]),
      [
        ['side'],
        ['default', 'default'],
        ['named', 'b', 'c'],
        ['namespace'],
        ['both', 'default', 'g'],
        ['reexport', 'h'],
        ['star'],
      ],
    )
  })

  it('leaves a file that it cannot read to the engine, which says what is wrong', () => {
    assert.deepEqual(parseSource('import { from'), { format: 'esm', imports: [], usesImportMeta: false })
    assert.deepEqual(parseSource('export default "'), { format: 'esm', imports: [], usesImportMeta: false })
  })
})

describe('importedNames', () => {
  it('reads names across lines, comments and aliases', () => {
    assert.deepEqual(importedNames('import {\n  a, // first\n  b as c, /* { x } */\n  default as d,\n} from '), [
      'a',
      'b',
      'default',
    ])
    assert.deepEqual(importedNames('import{a}from'), ['a'])
    assert.deepEqual(importedNames('import $a_1, { _ as b } from '), ['_', 'default'])
    assert.deepEqual(importedNames('import ünï from '), ['default'])
  })

  it('asks for nothing where nothing is named', () => {
    assert.deepEqual(importedNames('import * as a from '), [])
    assert.deepEqual(importedNames('import {} from '), [])
    assert.deepEqual(importedNames('export * from '), [])
    assert.deepEqual(importedNames('import type A from '), [])
  })

  it('gives only names that are safe to write into a module', () => {
    for (const name of importedNames('import { "a b" as c, a-b, 1x, `y`, a.b } from ')) assert.match(name, /^[\w$]+$/)
  })
})

describe('requiredSpecifiers', () => {
  it('finds calls with a literal, each once', () => {
    const source = `require('a'); require("b"); require(\`c\`); require ( 'a' ); x.require('d'); require(name); require('e' + f)`
    assert.deepEqual(requiredSpecifiers(source), ['a', 'b', 'c', 'd'])
  })
})
