/**
 * CommonJS: `require`, `module` and `exports`. A file is compiled under its own name, so that stacks show its lines, and
 * run when it is first required; modules of k6 and ES modules are there before, provided by the entry module.
 */
import { compile, ops } from './bridge.js'
import { firstFile, safeText } from './describe-error.js'
import { GoError } from './go-error.js'
import { call, mapGet, mapSet, NativeError, NativeMap, NativeSyntaxError, parseJson, toText } from './primordials.js'
import { vu } from './vu.js'

const host = ops<{ resolve(base: string, specifier: string): string; json(url: string): string; linked(): undefined }>(
  'commonjs',
  ['resolve', 'json', 'linked'],
)

interface CommonJsModule {
  exports: unknown
}

const provided = new NativeMap<string, unknown>()
const modules = new NativeMap<string, CommonJsModule>()

/** Makes a module of k6 or an ES module available to `require`. */
export function provide(name: string, namespace: unknown): void {
  mapSet(provided, name, namespace)
}

/** Tells the host that all modules are linked: what is imported from now on is imported by `import()`. */
export function linked(): void {
  host.linked()
}

let running: string | undefined

/** The CommonJS file whose text runs at present. */
export function runningFile(): string | undefined {
  return running
}

/** The value in a JSON file, read once. */
export function loadJson(url: string): unknown {
  const known = mapGet(modules, url)
  if (known !== undefined) return known.exports
  let value: unknown
  try {
    value = parseJson(host.json(url))
  } catch (e) {
    throw new NativeSyntaxError(`${url} is not JSON: ${safeText(e)}`)
  }
  mapSet(modules, url, { exports: value })
  return value
}

/** The exports of the CommonJS file at `url`, which runs now unless it has run before. */
export function load(url: string): unknown {
  const known = mapGet(modules, url)
  if (known !== undefined) return known.exports
  const module: CommonJsModule = { exports: {} }
  mapSet(modules, url, module)
  const run = compile(url)
  const outer = running
  running = url
  try {
    call(run, module.exports, module, module.exports, (specifier: unknown) => requireFrom(url, specifier))
  } finally {
    running = outer
  }
  return module.exports
}

/** What a specifier means, as [name, format]. After the init stage only what was loaded in it can be had. */
function resolve(base: string, wanted: string): [string, string] {
  if (vu.phase === 'init') return parseJson(host.resolve(base, wanted)) as [string, string]
  let found: [string, string] | undefined
  try {
    found = parseJson(host.resolve(base, wanted)) as [string, string]
  } catch {
    found = undefined
  }
  if (found !== undefined && (mapGet(modules, found[0]) ?? mapGet(provided, found[0])) !== undefined) return found
  throw new GoError(
    'the "require" function is only available in the init stage (i.e. the global scope), see ' +
      'https://grafana.com/docs/k6/latest/using-k6/test-lifecycle/ for more information',
  )
}

function requireFrom(base: string, specifier: unknown): unknown {
  const wanted = specifier === undefined ? '' : toText(specifier)
  if (wanted === '') throw new GoError("require() can't be used with an empty specifier")
  const found = resolve(base, wanted)
  const name = found[0]
  if (found[1] === 'commonjs') return load(name)
  if (found[1] === 'json') return loadJson(name)
  const namespace = mapGet(provided, name)
  if (namespace === undefined) {
    throw new GoError(`require() of ${wanted}: write the name as a literal, so that it is found before the script runs`)
  }
  return namespace
}

/** The global `require`, which takes the calling file from the stack. */
export function require(specifier?: unknown): unknown {
  const stack = new NativeError().stack
  return requireFrom((typeof stack === 'string' && firstFile(stack)) || '', specifier)
}
