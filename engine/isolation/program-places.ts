/** Where the program of a run's process lies, with the packages that it imports: what the process must be able to read. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/**
 * The package at `root`, its packages, and those that these need, wherever they were installed. Folders end with `/*`.
 *
 * Most installers put all packages into `node_modules` folders above the program. Some put links there, to a store elsewhere
 * that has links again, so each package is looked for as Node.js will, and told by both of its names.
 */
export function programPlaces(root: string): string[] {
  const above = nodeModulesAbove(root)
  const places = [join(root, 'package.json'), allIn(join(root, 'dist')), ...above.map(allIn)]
  const found = new Set<string>()
  const packages = new Set([root])
  for (const folder of packages) {
    for (const name of neededBy(folder)) {
      const path = findPackage(name, folder)
      if (path === undefined) continue
      packages.add(realpathSync(path))
      found.add(path).add(realpathSync(path))
    }
  }
  const isElsewhere = (path: string) => !above.some((folder) => path.startsWith(folder + sep))
  return [...places, ...[...found].filter(isElsewhere).map(allIn)]
}

/** A folder with all that is below it, as Node.js wants it told. */
export const allIn = (folder: string): string => join(folder, '*')

function nodeModulesAbove(folder: string): string[] {
  const found: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    const packages = join(at, 'node_modules')
    if (existsSync(packages)) found.push(packages)
    if (at === dirname(at)) return found
  }
}

const findPackage = (name: string, folder: string): string | undefined =>
  nodeModulesAbove(folder)
    .map((packages) => join(packages, name))
    .find(existsSync)

const kinds = ['dependencies', 'optionalDependencies', 'peerDependencies']

/** Names of packages, optional ones too: native code is in such. */
function neededBy(folder: string): string[] {
  try {
    const described = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return kinds.flatMap((kind) => Object.keys(described[kind] ?? {}))
  } catch {
    // A folder that is no package has none. If it should be one, the program says so when it imports it.
    return []
  }
}
