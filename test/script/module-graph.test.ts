import assert from 'node:assert/strict'
import { AppError } from '../../errors.js'
import { Folders } from '../../policy/folders.js'
import { FileStore } from '../../script/file-store.js'
import { GraphBuilder, type ModuleSources } from '../../script/graph-builder.js'
import { ModuleGraph } from '../../script/module-graph.js'
import { lexerReady } from '../../script/source.js'

const isNative = (name: string) => name === 'k6' || name === 'k6/net/grpc'

/** The graph of `main` in /w/main.js, with files beside it. */
async function graphOf(
  main: string,
  files: Record<string, string | undefined> = {},
  mainName = 'main.js',
  sources: Partial<ModuleSources> = {},
): Promise<ModuleGraph> {
  const kept = new Map(
    Object.entries(files).map(([name, text]) => [`/w/${name}`, text === undefined ? undefined : Buffer.from(text)]),
  )
  // Files that are not among these are looked for below a folder that does not exist.
  const { graph } = await GraphBuilder.build(
    { url: `file:///w/${mainName}`, name: mainName, source: main },
    {
      files: new FileStore(kept, { maxFileBytes: 1000, folders: new Folders(['/w']) }),
      isNative,
      maxTypeScriptLetters: 10_000,
      remotes: { fetch: () => assert.fail('no remote modules here') },
      onWarning: (message, error) => assert.fail(`${message}: ${error}`),
      ...sources,
    },
  )
  return graph
}

const at = (name: string) => `file:///w/${name}`

describe('ModuleGraph', () => {
  before(() => lexerReady)

  it('holds the main module and all that it reaches, each once', async () => {
    const graph = await graphOf("import './a.js'; import './lib/b.js'; export default () => {}", {
      'a.js': "import './lib/b.js'; export const a = 1",
      'lib/b.js': "import '../a.js'; import '../main.js'; export const b = 1",
      'unused.js': 'export {}',
    })
    assert.deepEqual(
      graph.snapshot().modules.map(({ url }) => url),
      [at('main.js'), at('a.js'), at('lib/b.js')],
    )
  })

  it('says which module is missing, as the script named it', async () => {
    await assert.rejects(graphOf("import './nope.js'"), {
      code: 'SCRIPT_EXCEPTION',
      message: /^The moduleSpecifier "\.\/nope\.js" couldn't be found on local disk/,
    })
  })

  it('knows the modules of k6 there are, and refuses others by their names', async () => {
    assert.deepEqual((await graphOf("import 'k6'")).snapshot().nativeNames, [['k6', []]])
    await assert.rejects(graphOf("import 'k6/nope'"), /unknown modules \["k6\/nope"\].*does not have this module of k6/)
  })

  it('says of modules that are left out on purpose that they are, and what to use instead', async () => {
    const hints: Record<string, RegExp> = {
      'k6/ws': /k6\/net\/grpc/,
      'k6/websockets': /k6\/net\/grpc/,
      'k6/experimental/websockets': /k6\/net\/grpc/,
      'k6/browser': /use k6/,
      'k6/html': /regular expression/,
      'k6/x/redis': /written in JavaScript/,
    }
    for (const [name, hint] of Object.entries(hints)) {
      const message = new RegExp(`^unknown modules \\["${name}"\\].*: belljar leaves .* out on purpose$`)
      await assert.rejects(graphOf(`import '${name}'`), { code: 'SCRIPT_EXCEPTION', message, hint })
    }
  })

  it('leaves modules that k6 removed to the code that imports them, and refuses them by the words of k6', async () => {
    const graph = await graphOf("import 'k6'; import 'k6/experimental/grpc'")
    assert.deepEqual(graph.snapshot().nativeNames, [['k6', []]])
    const end = 'instead. See https://grafana.com/docs/k6/latest/javascript-api/'
    const texts: Record<string, string> = {
      grpc: `has been graduated, please use k6/net/grpc ${end}k6-net-grpc/`,
      timers: `has been graduated, please use k6/timers ${end}k6-timers/`,
      webcrypto: `has been graduated, please use the global crypto ${end}crypto/`,
      browser: `has been graduated, please use k6/browser ${end}k6-browser/`,
      tracing: `has been removed, please use the http-instrumentation-tempo jslib ${end}jslib/http-instrumentation-tempo/`,
      redis: `has been removed, please use k6/x/redis ${end}k6-x/redis/`,
    }
    for (const [name, text] of Object.entries(texts)) {
      assert.throws(() => graph.resolve(at('main.js'), `k6/experimental/${name}`), {
        code: 'SCRIPT_EXCEPTION',
        message: `k6/experimental/${name} ${text} for more information.`,
      })
    }
  })

  it('collects the names that all modules ask of a module of k6', async () => {
    const graph = await graphOf("import { sleep } from 'k6'; import './a.js'", {
      'a.js': "export { check, nope } from 'k6'",
    })
    assert.deepEqual([...graph.nativeNames('k6')], ['sleep', 'check', 'nope'])
    assert.deepEqual([...graph.nativeNames('k6/net/grpc')], [])
  })

  it('follows require with a literal in CommonJS files, and keeps what they require of k6 and of ES modules', async () => {
    const graph = await graphOf("require('k6'); const a = require('./a.js'); module.exports = { default: () => {} }", {
      'a.js': "module.exports = require('./b.js')",
      'b.js': 'export const b = 1',
    })
    assert.equal(graph.isEsModule(at('main.js')), false)
    assert.equal(graph.isEsModule(at('b.js')), true)
    assert.deepEqual([...graph.required].sort(), [at('b.js'), 'k6'])
  })

  it('collects the names that ES modules ask of a CommonJS file', async () => {
    const graph = await graphOf("import all, { one } from './c.js'", { 'c.js': 'exports.one = 1' })
    assert.deepEqual([...graph.commonJsNames(at('c.js'))], ['one', 'default'])
  })

  it('lets CommonJS code test for a file: it is missed only when the call is reached', async () => {
    const graph = await graphOf("try { require('./nope.js') } catch {} exports.default = () => {}")
    assert.throws(() => graph.module(at('nope.js')), /The moduleSpecifier "\.\/nope\.js" couldn't be found/)
    await assert.rejects(
      graphOf("import './a.js'; import './nope.js'", { 'a.js': "require('./nope.js')" }),
      /couldn't be found/,
    )
  })

  it('never holds a module of our own, however it is spelt', async () => {
    for (const name of ['belljar:boot.js', 'BELLJAR:boot.js', 'belljar:/boot.js']) {
      await assert.rejects(graphOf(`import '${name}'`), /couldn't be found on local disk/, name)
      const graph = await graphOf(`require('${name}')`)
      assert.deepEqual(
        [...graph.required].filter((url) => !url.startsWith('file:///w/')),
        [],
      )
    }
  })

  it('strips the types of TypeScript files and of no others', async () => {
    const graph = await graphOf(
      "import { type A, b } from './b.ts'; interface C { d: number }; export default (x: C): A => b as any",
      { 'b.ts': 'export type A = string; export enum E { X = 1 }; export const b = <T,>(x: T) => x' },
      'main.ts',
    )
    assert.doesNotMatch(graph.module(at('main.ts')).source, /interface|: C|as any/)
    assert.match(graph.module(at('b.ts')).source, /E\[E\["X"\] = 1\]/)
    assert.equal((await graphOf('let a: string = 1')).module(at('main.js')).source, 'let a: string = 1')
  })

  it('says where a TypeScript file has a syntax error', async () => {
    await assert.rejects(graphOf('const a = 1\nlet b: = 2', {}, 'main.ts'), {
      code: 'SCRIPT_EXCEPTION',
      message: /^file:\/\/\/w\/main\.ts: Line 2:8 Unexpected token =$/,
    })
  })

  it('loads nothing that it does not hold', async () => {
    const graph = await graphOf('export default 1')
    assert.throws(() => graph.module(at('late.js')), {
      message: 'the module "file:///w/late.js" was not previously resolved during initialization (__VU==0)',
    })
  })

  it('is the same after a copy to another thread', async () => {
    const graph = await graphOf("import a, { b } from './a.js'; import { c } from 'k6'", {
      'a.js': "require('k6'); require('./nope.js')",
    })
    const snapshot = graph.snapshot()
    const copy = ModuleGraph.restore(structuredClone(snapshot), isNative)
    assert.deepEqual(copy.snapshot(), snapshot)
    assert.throws(() => copy.module(at('nope.js')), /couldn't be found on local disk/)
  })

  it('has limits for the number of modules and for their size, the main one among them', async () => {
    const limits = { moduleCount: 3, moduleBytes: 100 }
    const files = { 'a.js': "import './b.js'; export {}", 'b.js': "import './c.js'; export {}", 'c.js': 'export {}' }
    const build = (main: string) => graphOf(main, files, 'main.js', { limits })
    assert.equal((await build("import './b.js'")).size, 3)
    await assert.rejects(build("import './a.js'"), {
      code: 'LIMIT_COUNT',
      message: 'file:///w/c.js is one module too many: a script may have 3',
    })
    await assert.rejects(build(`// ${'é'.repeat(49)}`), {
      code: 'LIMIT_SIZE',
      message: 'file:///w/main.js has 101 bytes; a module may have 100',
    })
    assert.equal((await build(`// ${'é'.repeat(48)}`)).size, 1)
  })

  it('asks before it takes a module of k6 or fetches one, however it is imported', async () => {
    const asked: string[] = []
    const fetched: string[] = []
    const sources: Partial<ModuleSources> = {
      checkModule(name) {
        asked.push(name)
        if (name.includes('grpc') || name.includes('evil')) throw new AppError('MODULE_DENIED', `not ${name}`)
      },
      remotes: {
        fetch: async (url) => {
          fetched.push(url)
          return Buffer.from("import './evil.js'")
        },
      },
    }
    const build = (main: string) => graphOf(main, { 'a.js': "import 'k6/net/grpc'; export {}" }, 'main.js', sources)
    const denied = { code: 'MODULE_DENIED' }
    await assert.rejects(build("import 'k6/net/grpc'"), denied)
    await assert.rejects(build("export * from 'k6/net/grpc'"), denied)
    await assert.rejects(build("import './a.js'"), denied)
    await assert.rejects(build("import 'https://evil.example/a.js'"), denied)
    assert.deepEqual(fetched, [])
    await assert.rejects(build("import 'https://good.example/a.js'"), denied)
    assert.deepEqual(fetched, ['https://good.example/a.js'])
    // A call may never be reached: it is refused when it is.
    const graph = await build("import 'k6'; require('k6/net/grpc')")
    assert.throws(() => graph.resolve(at('main.js'), 'k6/net/grpc', true), denied)
    assert.ok(asked.includes('k6'))
  })
})
