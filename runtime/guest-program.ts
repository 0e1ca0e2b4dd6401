/** The guest modules that rollup bundled, as the VM's module loader asks for them. Read once per thread. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { packageRoot } from '../package-root.js'

const scheme = 'belljar:'
const texts = new Map<string, string>()

function readFolder(folder: string, prefix: string): void {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name)
    if (item.isDirectory()) readFolder(path, `${prefix}${item.name}/`)
    else if (item.name.endsWith('.js')) texts.set(`${scheme}${prefix}${item.name}`, readFileSync(path, 'utf8'))
  }
}

function loaded(): ReadonlyMap<string, string> {
  if (texts.size === 0) readFolder(join(packageRoot, 'dist', 'guest'), '')
  return texts
}

/** True for the name of a module of ours, which no script may import. */
export const isInternalName = (name: string): boolean => name.startsWith(scheme)

/** The name of a module of k6 (`k6/net/grpc`) among ours. */
export const internalName = (native: string): string => `${scheme}${native}.js`

/** True when there is a guest half for `k6` or `k6/…`. */
export const isNativeModule = (name: string): boolean => loaded().has(internalName(name))

/** What a relative import in a module of ours means. */
export function resolveInternal(base: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return scheme + posix.join(posix.dirname(base.slice(scheme.length)), specifier)
}

/** The source of a module of ours, or undefined. */
export const internalSource = (name: string): string | undefined => loaded().get(name)

/** Modules of ours that the guest half imports when it first needs them. */
export const ownModules = {
  resolve: resolveInternal,
  load(name: string): string {
    const source = internalSource(name)
    if (source === undefined) throw new Error(`there is no module ${name}`)
    return source
  },
}

const exportLists = new Map<string, ReadonlySet<string>>()

/** The names that a module of ours exports. */
export function internalExports(name: string): ReadonlySet<string> {
  let names = exportLists.get(name)
  if (names === undefined) {
    // Rollup writes one export list at the end of a module: `export { a, b as c };`.
    const list = /export \{([^}]*)\};?\s*$/.exec(loaded().get(name) ?? '')?.[1] ?? ''
    names = new Set(
      list
        .split(',')
        .map((item) =>
          item
            .trim()
            .split(/\s+as\s+/)
            .pop()!
            .trim(),
        )
        .filter(Boolean),
    )
    exportLists.set(name, names)
  }
  return names
}
