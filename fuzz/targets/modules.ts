/** The modules of a script: specifiers, files, packages, remote modules, the lock file. Nothing is read from a disk. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { AppError, isAppError } from '../../errors.js'
import { Folders } from '../../policy/folders.js'
import { isNativeModule } from '../../runtime/guest-program.js'
import { FileStore } from '../../script/file-store.js'
import { GraphBuilder } from '../../script/graph-builder.js'
import { ModuleGraph } from '../../script/module-graph.js'
import { lockText, parseLock } from '../../script/module-lock.js'
import { isModuleUrl, resolveSpecifier } from '../../script/resolve.js'
import { lexerReady } from '../../script/source.js'
import { assertClean, bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { textFiles } from '../text-files.js'
import { hostileText } from '../texts.js'

/** There is no such folder: what is not among the files of an input is nowhere. */
const folder = '/no-such-folder-for-fuzzing/'
const mainUrl = `file://${folder}main.js`

await lexerReady

const specifier = fc.oneof(
  fc.constantFrom(
    './a.js',
    './b.js',
    'k6',
    'k6/http',
    'k6/nope',
    'pkg',
    'pkg/sub',
    '@s/p',
    '#own',
    '../x.js',
    '/etc/passwd',
    'file:///etc/passwd',
    'file://host/x',
    'https://a.b/c.js',
    'https://u:p@a.b/',
    'http://a.b',
    'data:text/javascript,1',
    'node:fs',
    'fs',
    'belljar:boot',
    './%2e%2e/x',
    './a\u0000.js',
    'cdnjs.com/libraries/x',
    'github.com/a/b/c',
    '',
    '.',
    './',
    'C:\\x',
    '__proto__',
    './x.json',
  ),
  hostileText,
)
const quoted = specifier.map((text) => JSON.stringify(text))
const statement = fc.oneof(
  quoted.map((s) => `import ${s}`),
  quoted.map((s) => `import { a, default as b } from ${s}`),
  quoted.map((s) => `export * from ${s}`),
  quoted.map((s) => `export { __proto__ as c } from ${s}`),
  quoted.map((s) => `const x = require(${s})`),
  quoted.map((s) => `import(${s})`),
  fc.constantFrom(
    'module.exports = 1',
    'export default 1',
    'import.meta.url',
    'await 1',
    '#!/x',
    '/*',
    '`${',
    '//# sourceMappingURL=data:application/json,%zz',
    '//# sourceMappingURL=../x.map',
    'let x: number = 1',
    'enum E { A }',
    'namespace a.b {}',
  ),
  hostileText,
)
const source = fc.array(statement, { maxLength: 6 }).map((lines) => lines.join('\n'))
const manifest = fc
  .record(
    {
      name: hostileText,
      main: specifier,
      module: specifier,
      type: fc.constantFrom('module', 'commonjs', 1),
      browser: fc.oneof(specifier, fc.dictionary(specifier, fc.oneof(specifier, fc.boolean()))),
      exports: fc.oneof(
        specifier,
        fc.dictionary(
          fc.constantFrom('.', './sub', './*', 'import', '__proto__'),
          fc.oneof(
            specifier,
            fc.dictionary(fc.constantFrom('import', 'require', 'default'), specifier),
            fc.constant(null),
            fc.array(specifier),
          ),
        ),
      ),
      imports: fc.dictionary(fc.constantFrom('#own', '#*', '#a/*'), fc.oneof(specifier, fc.constant(null))),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value))
const paths = fc.constantFrom('a.js', 'b.js', 'x.ts', 'x.json', 'x.map', 'sub/index.js')
const file = fc.oneof(
  fc.tuple(paths, source),
  fc.tuple(
    fc.constantFrom('node_modules/pkg/package.json', 'node_modules/@s/p/package.json', 'package.json'),
    fc.oneof(manifest, hostileText),
  ),
  fc.tuple(
    fc.constantFrom('node_modules/pkg/index.js', 'node_modules/pkg/sub.js', 'node_modules/@s/p/index.mjs'),
    source,
  ),
  fc.tuple(fc.constant('https://a.b/c.js'), source),
)
const whole = fc
  .tuple(source, fc.array(file, { maxLength: 5 }))
  .map(([main, files]) => `${main}\n${files.map(([name, text]) => `//--- ${name}\n${text}\n`).join('')}`)
const lock = fc
  .dictionary(
    fc.constantFrom('https://a.b/c.js', '__proto__', 'http://x', ''),
    fc.record(
      { sha256: fc.oneof(hostileText, fc.constant('0'.repeat(64))), bytes: fc.integer(), redirectedTo: specifier },
      { requiredKeys: [] },
    ),
  )
  .chain((modules) => fc.constantFrom(JSON.stringify({ version: 1, modules }), JSON.stringify(modules)))

export const target: FuzzTarget = {
  seeds: () =>
    ["import './a.js'\n//--- a.js\nexport default 1", "require('pkg')\n//--- node_modules/pkg/package.json\n{}"].map(
      bytesOf,
    ),
  structured: fc.oneof(
    { weight: 6, arbitrary: whole.map(bytesOf) },
    { weight: 1, arbitrary: lock.map((text) => bytesOf(`//--- lock\n${text}`)) },
  ),
  words: [
    'import ',
    'export * from ',
    'require(',
    "'./a.js'",
    '//--- a.js\n',
    '//--- node_modules/pkg/package.json\n',
    '"exports":',
    '"./*"',
    '${',
    '`',
    '/*',
    '//# sourceMappingURL=',
  ],
  async run(bytes) {
    const { first, files } = textFiles(textOf(bytes), folder)
    const asLock = files.get(`${folder}lock`)
    const answers = [checkSpecifier(first.slice(0, 300), bytes)]
    try {
      if (asLock !== undefined) answers.push(checkLock(textOf(asLock)))
      answers.push(await readAll(first, files, bytes))
    } catch (e) {
      answers.push(refusal(e, bytes))
    }
    return answers.join()
  },
}

function checkSpecifier(text: string, input: Uint8Array): string {
  for (const base of [mainUrl, 'https://a.b/c/d.js']) {
    try {
      const found = resolveSpecifier(base, text)
      if (found.kind === 'native') continue
      assert.ok(isModuleUrl(found.url), found.url)
      assert.equal(new URL(found.url).href, found.url)
      // A remote module gets no file.
      assert.ok(base === mainUrl || found.kind === 'remote')
    } catch (e) {
      refusal(e, input)
    }
  }
  return ''
}

function checkLock(text: string): string {
  const lock = parseLock(text, 'belljar.lock.json')
  assert.deepEqual(parseLock(lockText(lock), 'x'), lock)
  return `lock ${lock.size}`
}

async function readAll(main: string, files: Map<string, Uint8Array>, input: Uint8Array): Promise<string> {
  const { graph } = await GraphBuilder.build(
    { url: mainUrl, name: 'main.js', source: main, isNameless: main.startsWith('//ts') },
    {
      files: new FileStore(files, { maxFileBytes: 100_000, folders: new Folders([folder.slice(0, -1)]) }),
      isNative: isNativeModule,
      maxTypeScriptLetters: 20_000,
      remotes: {
        async fetch(url) {
          const found = files.get(folder + url)
          if (found === undefined) throw new AppError('REMOTE_FAILED', 'dial: connection refused')
          return found
        },
      },
      onWarning: (message, error) => assertClean(message + error, input),
    },
  )
  const snapshot = graph.snapshot()
  for (const { url } of snapshot.modules) assert.ok(isModuleUrl(url), url)
  // What crosses to the threads is the same there.
  assert.deepEqual(ModuleGraph.restore(structuredClone(snapshot), isNativeModule).snapshot(), snapshot)
  for (const { url, source } of snapshot.modules) {
    for (const wanted of source.slice(0, 200).split('\n')) {
      try {
        graph.resolve(url, wanted)
      } catch (e) {
        if (!isAppError(e)) throw e
      }
    }
  }
  return snapshot.modules.map(({ format }) => format).join()
}
