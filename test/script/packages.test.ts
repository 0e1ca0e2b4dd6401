import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Folders } from '../../policy/folders.js'
import { FileStore } from '../../script/file-store.js'
import { GraphBuilder } from '../../script/graph-builder.js'
import { ModuleGraph } from '../../script/module-graph.js'
import { lexerReady } from '../../script/source.js'

const isNative = (name: string) => name === 'k6'

describe('packages', () => {
  let top: string
  let root: string
  before(() => lexerReady)
  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-')))
    root = join(top, 'project')
    mkdirSync(root)
  })
  afterEach(() => rmSync(top, { recursive: true }))

  function write(files: Record<string, string | object>): void {
    for (const [name, content] of Object.entries(files)) {
      const path = join(root, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    }
  }

  const urlOf = (name: string) => pathToFileURL(join(root, name)).href

  async function graphOf(main: string, mainName = 'tests/main.js'): Promise<ModuleGraph> {
    const { graph } = await GraphBuilder.build(
      { url: urlOf(mainName), name: mainName, source: main },
      {
        files: new FileStore(new Map(), { maxFileBytes: 100_000, folders: new Folders([root]) }),
        isNative,
        maxTypeScriptLetters: 10_000,
        remotes: { fetch: () => assert.fail('no remote modules here') },
        onWarning: (message, error) => assert.fail(`${message}: ${error}`),
      },
    )
    return graph
  }

  /** The file that `specifier` means in the main module, from the root of the project on. */
  async function found(specifier: string, isRequire = false): Promise<string> {
    const graph = await graphOf(isRequire ? `require('${specifier}')` : `import '${specifier}'`)
    const url = graph.resolve(graph.mainUrl, specifier, isRequire)
    graph.module(url)
    assert.equal(ModuleGraph.restore(graph.snapshot(), isNative).resolve(graph.mainUrl, specifier, isRequire), url)
    return url.slice(urlOf('').length + 1)
  }

  it('are found in the folders above, the nearest first, with their main files', async () => {
    write({
      'node_modules/a/package.json': { main: 'lib/a.js' },
      'node_modules/a/lib/a.js': 'exports.a = 1',
      'tests/node_modules/a/package.json': { main: './near' },
      'tests/node_modules/a/near.js': 'exports.a = 2',
      'node_modules/@scope/b/package.json': { module: 'esm/b.js', main: 'cjs/b.js' },
      'node_modules/@scope/b/esm/b.js': 'export const b = 1',
      'node_modules/@scope/b/cjs/b.js': 'exports.b = 1',
      'node_modules/c/package.json': {},
      'node_modules/c/index.js': 'exports.c = 1',
      'node_modules/d/package.json': { main: 'gone.js', browser: 'browser.js' },
      'node_modules/d/browser.js': 'exports.d = 1',
    })
    assert.equal(await found('a'), 'tests/node_modules/a/near.js')
    assert.equal(await found('@scope/b'), 'node_modules/@scope/b/esm/b.js')
    assert.equal(await found('c'), 'node_modules/c/index.js')
    assert.equal(await found('d'), 'node_modules/d/browser.js')
  })

  it('have no main file in their own folder itself, but for its index.js', async () => {
    for (const main of ['./', '.', 'lib/..', './/', './lib/../']) {
      write({ 'node_modules/self/package.json': { main }, 'node_modules/self/index.js': 'exports.a = 1' })
      assert.equal(await found('self'), 'node_modules/self/index.js', main)
      write({ 'node_modules/lost/package.json': { main } })
      await assert.rejects(found('lost'), /the package lost has no main file/, main)
    }
  })

  it('have files of their own, with or without an extension', async () => {
    write({
      'node_modules/a/package.json': {},
      'node_modules/a/lib/one.js': 'exports.a = 1',
      'node_modules/a/lib/deep/index.js': 'exports.a = 1',
      'node_modules/a/data.json': '{}',
    })
    assert.equal(await found('a/lib/one.js'), 'node_modules/a/lib/one.js')
    assert.equal(await found('a/lib/one'), 'node_modules/a/lib/one.js')
    assert.equal(await found('a/lib/deep'), 'node_modules/a/lib/deep/index.js')
    assert.equal(await found('a/data.json'), 'node_modules/a/data.json')
  })

  it('export what their list of exports says, by conditions, and nothing else', async () => {
    write({
      'node_modules/a/package.json': {
        exports: {
          '.': { node: './node.js', import: './import.mjs', require: './require.cjs' },
          './own': { belljar: './own.js', default: './default.js' },
          './only-default': { default: './default.js' },
          './files/*': './files/*.js',
        },
      },
      'node_modules/a/node.js': 'node',
      'node_modules/a/import.mjs': 'export {}',
      'node_modules/a/require.cjs': '1',
      'node_modules/a/own.js': '1',
      'node_modules/a/default.js': '1',
      'node_modules/a/files/x.js': '1',
    })
    assert.equal(await found('a'), 'node_modules/a/import.mjs')
    assert.equal(await found('a', true), 'node_modules/a/require.cjs')
    assert.equal(await found('a/own'), 'node_modules/a/own.js')
    assert.equal(await found('a/only-default'), 'node_modules/a/default.js')
    assert.equal(await found('a/files/x'), 'node_modules/a/files/x.js')
    await assert.rejects(graphOf("import 'a/node.js'"), {
      code: 'SCRIPT_EXCEPTION',
      message: `the package a has no "./node.js" that a script can use; it is imported by ${join(root, 'tests/main.js')}`,
    })
  })

  it('import one another, and their own files as bundlers let them', async () => {
    write({
      'node_modules/a/package.json': { module: 'a.js', imports: { '#inner': './inner/x.js' } },
      'node_modules/a/a.js': "import '#inner'; import './sub'; import b from 'b'; export default b",
      'node_modules/a/inner/x.js': 'export {}',
      'node_modules/a/sub/index.js': 'export {}',
      'node_modules/b/package.json': { main: 'b' },
      'node_modules/b/b.js': "module.exports = require('./b.json')",
      'node_modules/b/b.json': '{"b": 1}',
    })
    const graph = await graphOf("import 'a'")
    assert.deepEqual(
      graph.snapshot().modules.map(({ url, format }) => `${url.slice(urlOf('').length + 1)} ${format}`),
      [
        'tests/main.js esm',
        'node_modules/a/a.js esm',
        'node_modules/a/inner/x.js esm',
        'node_modules/a/sub/index.js esm',
        'node_modules/b/b.js commonjs',
        'node_modules/b/b.json json',
      ],
    )
  })

  it('put files for browsers in the place of others', async () => {
    write({
      'node_modules/a/package.json': { main: 'node.js', browser: { './node.js': './browser.js' } },
      'node_modules/a/node.js': "require('fs')",
      'node_modules/a/browser.js': '1',
    })
    assert.equal(await found('a'), 'node_modules/a/browser.js')
  })

  it('are those behind links, and find their own packages from there', async () => {
    write({
      '.store/a/node_modules/a/package.json': { main: 'a.js' },
      '.store/a/node_modules/a/a.js': "require('b')",
      '.store/a/node_modules/b/package.json': {},
      '.store/a/node_modules/b/index.js': '1',
    })
    mkdirSync(join(root, 'node_modules'))
    symlinkSync(join(root, '.store/a/node_modules/a'), join(root, 'node_modules/a'))
    assert.equal(await found('a'), '.store/a/node_modules/a/a.js')
  })

  it('come after what k6 finds: a file of that name beside the script', async () => {
    write({
      'tests/a': 'export {}',
      'tests/lib.js': 'export {}',
      'node_modules/a/package.json': {},
      'node_modules/a/index.js': '1',
      'node_modules/lib.js/package.json': {},
      'node_modules/lib.js/index.js': '1',
    })
    assert.equal(await found('a'), 'tests/a')
    assert.equal(await found('lib.js'), 'tests/lib.js')
  })

  it('that are not there are told in the words of k6, and no extension is guessed outside of them', async () => {
    write({ 'tests/lib.js': '1', 'tests/lib/index.js': '1' })
    for (const name of ['nope', '@scope/nope', 'lib', '#inner', '@', 'fs']) {
      await assert.rejects(graphOf(`import '${name}'`), {
        message: new RegExp(`^The moduleSpecifier "${name}" couldn't be found on local disk`),
      })
    }
    await assert.rejects(graphOf("import './lib'"), { code: 'FILE_DENIED' })
    await assert.rejects(graphOf("import './li'"), { code: 'SCRIPT_EXCEPTION' })
  })

  it('that need modules of Node.js say which, and where', async () => {
    write({
      'node_modules/a/package.json': {},
      'node_modules/a/index.js': 'import fs from "fs/promises"',
      'node_modules/b/package.json': {},
      'node_modules/b/index.js': 'let fs; try { fs = require("node:fs") } catch {}',
    })
    await assert.rejects(graphOf("import 'a'"), {
      code: 'SCRIPT_EXCEPTION',
      message: `"fs/promises" is a module of Node.js, which scripts do not have; it is imported by ${urlOf('node_modules/a/index.js')}`,
    })
    await assert.rejects(graphOf("import 'node:fs'"), { message: /^"node:fs" is a module of Node\.js/ })
    const graph = await graphOf("import 'b'")
    const b = urlOf('node_modules/b/index.js')
    assert.throws(() => graph.module(graph.resolve(b, 'node:fs', true)), {
      message: /^"node:fs" is a module of Node\.js/,
    })
  })

  it('may bring what Node.js has under the same name', async () => {
    write({
      'node_modules/a/package.json': {},
      'node_modules/a/index.js': "require('events'); require('buffer/')",
      'node_modules/events/package.json': {},
      'node_modules/events/index.js': '1',
      'node_modules/buffer/package.json': { exports: undefined },
      'node_modules/buffer/index.js': '1',
    })
    const graph = await graphOf("import 'a'")
    for (const name of ['events', 'buffer/']) graph.module(graph.resolve(urlOf('node_modules/a/index.js'), name, true))
  })

  it('lead to no file outside of them, nor of the folders that may be read', async () => {
    writeFileSync(join(top, 'secret.js'), '1')
    mkdirSync(join(top, 'node_modules/above'), { recursive: true })
    writeFileSync(join(top, 'node_modules/above/package.json'), '{}')
    writeFileSync(join(top, 'node_modules/above/index.js'), '1')
    write({
      'tests/secret.js': '1',
      'node_modules/a/package.json': { main: '../../tests/secret.js', module: '/etc/passwd' },
      'node_modules/b/package.json': {
        exports: { '.': './../../tests/secret.js', './*': './*', './abs': '/etc/passwd' },
      },
      'node_modules/c/package.json': { main: 'link.js' },
    })
    symlinkSync(join(top, 'secret.js'), join(root, 'node_modules/c/link.js'))
    for (const name of ['a', 'b', 'b/abs', 'c', 'above', '../tests/secret', 'a/%2e%2e/x']) {
      await assert.rejects(graphOf(`import '${name}'`), { code: 'SCRIPT_EXCEPTION' }, name)
    }
  })

  it('with a broken package.json are refused by its name', async () => {
    write({
      'node_modules/a/package.json': '{',
      'node_modules/b/package.json': '[]',
      'node_modules/c/package.json': `${' '.repeat(99_000)}{}`,
      'node_modules/d/package.json': `{"exports":${'{"import":'.repeat(5000)}1${'}'.repeat(5000)}}`,
      'node_modules/e/package.json': { exports: 5, main: 7, browser: [1] },
      'node_modules/f/package.json': { main: 7, module: null, browser: { './index.js': 3 } },
      'node_modules/f/index.js': '1',
    })
    await assert.rejects(graphOf("import 'a'"), { code: 'SCRIPT_EXCEPTION', message: /a\/package\.json is not JSON$/ })
    await assert.rejects(graphOf("import 'b'"), {
      code: 'SCRIPT_EXCEPTION',
      message: /b\/package\.json is not a JSON object$/,
    })
    for (const name of ['c', 'd', 'e'])
      await assert.rejects(graphOf(`import '${name}'`), { code: 'SCRIPT_EXCEPTION' }, name)
    assert.equal(await found('f'), 'node_modules/f/index.js')
  })
})
