/**
 * Finds packages of npm in the folders `node_modules`, as Node.js does (https://nodejs.org/api/esm.html#resolution-algorithm)
 * and, inside of packages, as bundlers do: `module` before `main`, and names of files without their extension. Reads
 * package.json files only; what is found lies in the folder of its package.
 */
import { dirname, join, resolve, sep } from 'node:path'
import { AppError } from '../errors.js'
import { requirePackage } from '../package-root.js'
import type { FileStore } from './file-store.js'

const resolver = () => requirePackage('resolve.exports') as typeof import('resolve.exports')

const conditions = {
  import: ['belljar', 'module', 'browser', 'import'],
  require: ['belljar', 'browser', 'require'],
} as const

const extensions = ['.js', '.mjs', '.cjs', '.json']
const maxFolders = 100
const maxManifestBytes = 1024 * 1024

interface Manifest {
  /** The folder that it is in, behind all links. */
  folder: string
  json: Record<string, unknown>
}

/** True for a file that belongs to a package. */
export const isInPackage = (path: string): boolean => path.includes(`${sep}node_modules${sep}`)

export class PackageResolver {
  readonly #files: FileStore
  readonly #manifests = new Map<string, Manifest | undefined>()

  constructor(files: FileStore) {
    this.#files = files
  }

  /**
   * The file that a bare name (`name`, `@scope/name`, either with `/path`, or `#name`) means in the file `importer`.
   *
   * @returns undefined when there is no such package
   * @throws {AppError} SCRIPT_EXCEPTION when there is one and it does not have what was asked for
   */
  find(importer: string, specifier: string, isRequire: boolean): string | undefined {
    if (specifier.startsWith('#')) return this.#ofOwnPackage(importer, specifier, isRequire)
    const parts = /^((?:@[^/\\%]+\/)?[^/\\%@][^/\\%]*)(?:\/(.*))?$/.exec(specifier)
    if (parts === null || specifier.includes('..')) return undefined
    const [, name, rest] = parts as unknown as [string, string, string | undefined]
    let folder = dirname(importer)
    for (let i = 0; i < maxFolders; i++) {
      if (!folder.endsWith(`${sep}node_modules`)) {
        const manifest = this.#manifest(join(folder, 'node_modules', name))
        if (manifest !== undefined) return this.#inPackage(manifest, name, rest, importer, isRequire)
      }
      const parent = dirname(folder)
      if (parent === folder) return undefined
      folder = parent
    }
    return undefined
  }

  /** The file at a path of a package that may lack its extension, or be a folder. */
  completed(path: string): string | undefined {
    for (const candidate of [path, ...extensions.map((extension) => path + extension)]) {
      const real = this.#files.realPath(candidate)
      if (real !== undefined) return real
    }
    const main = this.#manifest(path)
    if (main !== undefined) return this.#mainOf(main)
    return this.#indexOf(path)
  }

  #indexOf(folder: string): string | undefined {
    for (const extension of extensions) {
      const real = this.#files.realPath(join(folder, `index${extension}`))
      if (real !== undefined) return real
    }
    return undefined
  }

  #inPackage(
    manifest: Manifest,
    name: string,
    rest: string | undefined,
    importer: string,
    isRequire: boolean,
  ): string | undefined {
    const wanted = rest === undefined || rest === '' ? '.' : `./${rest}`
    const { json, folder } = manifest
    const found =
      json.exports !== undefined && json.exports !== null
        ? this.#listed(manifest, () => resolver().exports(json as never, wanted, optionsFor(isRequire)) ?? undefined)
        : wanted === '.'
          ? this.#mainOf(manifest)
          : this.#inside(folder, wanted)
    if (found !== undefined) return this.#forBrowser(manifest, found)
    throw new AppError(
      'SCRIPT_EXCEPTION',
      `the package ${name} has no ${wanted === '.' ? 'main file' : `"${wanted}"`} that a script can use; it is imported by ${importer}`,
      { hint: `see ${join(folder, 'package.json')}: exports, module, main` },
    )
  }

  #ofOwnPackage(importer: string, specifier: string, isRequire: boolean): string | undefined {
    let folder = dirname(importer)
    for (let i = 0; i < maxFolders; i++) {
      const manifest = this.#manifest(folder)
      if (manifest !== undefined) {
        return this.#listed(
          manifest,
          () => resolver().imports(manifest.json as never, specifier, optionsFor(isRequire)) ?? undefined,
        )
      }
      const parent = dirname(folder)
      if (parent === folder) return undefined
      folder = parent
    }
    return undefined
  }

  /** The first of the files that a list of package.json leads to. */
  #listed({ folder }: Manifest, read: () => readonly string[] | undefined): string | undefined {
    let targets: readonly string[] | undefined
    try {
      targets = read()
    } catch {
      // Not listed, no condition fits, or the list itself is broken: there is nothing for us.
      return undefined
    }
    for (const target of targets ?? []) {
      if (typeof target !== 'string' || !target.startsWith('./')) continue
      const found = this.#exact(folder, target)
      if (found !== undefined) return found
    }
    return undefined
  }

  #mainOf({ folder, json }: Manifest): string | undefined {
    for (const field of ['module', 'browser', 'main']) {
      const target = json[field]
      if (typeof target !== 'string' || target === '') continue
      const found = this.#inside(folder, target)
      if (found !== undefined) return found
    }
    return this.#indexOf(folder)
  }

  /** What the `browser` list of a package puts in the place of a file. */
  #forBrowser({ folder, json }: Manifest, path: string): string {
    const { browser } = json
    if (typeof browser !== 'object' || browser === null || !path.startsWith(folder + sep)) return path
    const key = `./${path
      .slice(folder.length + 1)
      .split(sep)
      .join('/')}`
    const target = Object.hasOwn(browser, key) ? (browser as Record<string, unknown>)[key] : undefined
    return typeof target === 'string' ? (this.#inside(folder, target) ?? path) : path
  }

  #exact(folder: string, target: string): string | undefined {
    const path = join(folder, target)
    return path.startsWith(folder + sep) ? this.#files.realPath(path) : undefined
  }

  #inside(folder: string, target: string): string | undefined {
    // Without a slash at the end: "./" is the folder itself, whose main file is just being looked for.
    const path = resolve(folder, `./${target}`)
    return path.startsWith(folder + sep) ? this.completed(path) : undefined
  }

  #manifest(folder: string): Manifest | undefined {
    if (!this.#manifests.has(folder)) this.#manifests.set(folder, this.#readManifest(folder))
    return this.#manifests.get(folder)
  }

  #readManifest(folder: string): Manifest | undefined {
    const path = this.#files.realPath(join(folder, 'package.json'))
    if (path === undefined) return undefined
    const bytes = this.#files.read(path)
    if (bytes === undefined) return undefined
    if (bytes.byteLength > maxManifestBytes) {
      throw new AppError('LIMIT_SIZE', `${path} has ${bytes.byteLength} bytes; it may have ${maxManifestBytes}`)
    }
    let json: unknown
    try {
      json = JSON.parse(Buffer.from(bytes).toString('utf8'))
    } catch {
      throw new AppError('SCRIPT_EXCEPTION', `${path} is not JSON`)
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new AppError('SCRIPT_EXCEPTION', `${path} is not a JSON object`)
    }
    return { folder: dirname(path), json: json as Record<string, unknown> }
  }
}

function optionsFor(isRequire: boolean) {
  return { unsafe: true, conditions: isRequire ? conditions.require : conditions.import }
}
