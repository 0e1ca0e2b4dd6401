/**
 * The modules of a script: which file each import means, its text, and which names are asked of the modules of k6. Built
 * once, by graph-builder.ts, before any of them runs; the same graph then serves every VM. Evaluates and reads nothing.
 */
import { AppError } from '../errors.js'
import { unknownModule } from './left-out.js'
import { isModuleUrl, resolveSpecifier } from './resolve.js'
import type { ImportRequest, ModuleFormat } from './source.js'

export interface ScriptModule {
  url: string
  format: ModuleFormat
  source: string
  usesImportMeta: boolean
  /** A source map as JSON, see source-map.ts. */
  map?: string
}

/** What crosses to the threads. */
export interface GraphSnapshot {
  mainUrl: string
  modules: readonly ScriptModule[]
  /** Names that scripts ask of k6's modules, by module. */
  nativeNames: readonly (readonly [string, readonly string[]])[]
  /** Modules of k6 and ES modules that are required. */
  required: readonly string[]
  /** Names that ES modules ask of CommonJS and JSON files, by URL. */
  commonJsNames: readonly (readonly [string, readonly string[]])[]
  /** Files that are required and not there, by URL, with the text of the error. */
  missing: readonly (readonly [string, string])[]
  /** What specifiers mean that are not URLs or paths of files: those of packages. Keys are made by `linkKey`. */
  links: readonly (readonly [string, string])[]
}

/** Throws for a module of k6, or the URL of a remote one, that may not be imported. */
export type CheckModule = (name: string) => void

const linkKey = (base: string, specifier: string, isRequire: boolean) =>
  `${isRequire ? 'require' : 'import'}\n${base}\n${specifier}`

export class ModuleGraph {
  readonly mainUrl: string
  readonly #modules = new Map<string, ScriptModule>()
  /** What each module imports or requires; only where the graph was built. */
  readonly #requests = new Map<string, readonly ImportRequest[]>()
  readonly #nativeNames = new Map<string, Set<string>>()
  readonly #commonJsNames = new Map<string, Set<string>>()
  readonly #required = new Set<string>()
  readonly #missing = new Map<string, string>()
  readonly #links = new Map<string, string>()
  readonly #isNative: (name: string) => boolean
  readonly #checkModule: CheckModule

  constructor(mainUrl: string, isNative: (name: string) => boolean, checkModule: CheckModule = () => {}) {
    this.mainUrl = mainUrl
    this.#isNative = isNative
    this.#checkModule = checkModule
  }

  static restore(snapshot: GraphSnapshot, isNative: (name: string) => boolean, checkModule?: CheckModule): ModuleGraph {
    const graph = new ModuleGraph(snapshot.mainUrl, isNative, checkModule)
    for (const module of snapshot.modules) graph.#modules.set(module.url, module)
    for (const [name, names] of snapshot.nativeNames) graph.#nativeNames.set(name, new Set(names))
    for (const [url, names] of snapshot.commonJsNames) graph.#commonJsNames.set(url, new Set(names))
    for (const name of snapshot.required) graph.#required.add(name)
    for (const [url, text] of snapshot.missing) graph.#missing.set(url, text)
    for (const [key, url] of snapshot.links) graph.#links.set(key, url)
    return graph
  }

  snapshot(): GraphSnapshot {
    const lists = (map: Map<string, Set<string>>) => [...map].map(([key, names]) => [key, [...names]] as const)
    return {
      mainUrl: this.mainUrl,
      modules: [...this.#modules.values()],
      nativeNames: lists(this.#nativeNames),
      required: [...this.#required],
      commonJsNames: lists(this.#commonJsNames),
      missing: [...this.#missing],
      links: [...this.#links],
    }
  }

  /**
   * The URL, or the name of a module of k6, that `specifier` means in `base`. Packages may have one file for `import` and
   * another one for `require`.
   *
   * @throws {AppError}
   */
  resolve(base: string, specifier: string, isRequire = false): string {
    const link = this.#links.get(linkKey(base, specifier, isRequire))
    if (link !== undefined) return link
    const resolved = resolveSpecifier(base, specifier)
    if (resolved.kind === 'remote') this.#checkModule(resolved.url)
    if (resolved.kind !== 'native') return resolved.url
    this.#checkModule(resolved.name)
    if (!this.#isNative(resolved.name)) throw unknownModule(resolved.name)
    return resolved.name
  }

  /** A module of the graph. @throws {AppError} when it is none: k6 loads nothing new after the first init */
  module(url: string): ScriptModule {
    const module = this.#modules.get(url)
    if (module === undefined) {
      throw new AppError(
        'SCRIPT_EXCEPTION',
        this.#missing.get(url) ?? `the module "${url}" was not previously resolved during initialization (__VU==0)`,
      )
    }
    return module
  }

  find(url: string): ScriptModule | undefined {
    return this.#modules.get(url)
  }

  /** `esm`, `commonjs` or `json` for a module of the script, `native` for one of k6. @throws as `module` */
  formatOf(name: string): ModuleFormat | 'native' {
    return isModuleUrl(name) ? this.module(name).format : 'native'
  }

  /** True for a module of the graph that is an ES module. */
  isEsModule(url: string): boolean {
    return this.#modules.get(url)?.format === 'esm'
  }

  isMissing(url: string): boolean {
    return this.#missing.has(url)
  }

  /** Names of the modules of k6 that the script imports, anywhere. */
  get nativeModules(): Iterable<string> {
    return this.#nativeNames.keys()
  }

  nativeNames(name: string): ReadonlySet<string> {
    return this.#nativeNames.get(name) ?? new Set()
  }

  commonJsNames(url: string): ReadonlySet<string> {
    return this.#commonJsNames.get(url) ?? new Set()
  }

  /** Modules of k6 and ES modules that are required, by name or URL. */
  get required(): ReadonlySet<string> {
    return this.#required
  }

  /** What a module imports and requires. Empty where the graph was restored. */
  requestsOf(url: string): readonly ImportRequest[] {
    return this.#requests.get(url) ?? []
  }

  /** As `importer` calls the module that has no export of this name. Undefined where the graph was restored. */
  specifierFor(name: string, url: string): string | undefined {
    for (const [importer, requests] of this.#requests) {
      for (const request of requests) {
        if (!request.names.includes(name)) continue
        if (this.resolve(importer, request.specifier, request.isRequire) === url) return request.specifier
      }
    }
    return undefined
  }

  // What follows is for the builder.

  get size(): number {
    return this.#modules.size
  }

  add(module: ScriptModule, requests: readonly ImportRequest[]): void {
    this.#modules.set(module.url, module)
    this.#requests.set(module.url, requests)
  }

  link(base: string, { specifier, isRequire = false }: ImportRequest, url: string): void {
    this.#links.set(linkKey(base, specifier, isRequire), url)
  }

  noteRequired(name: string): void {
    this.#required.add(name)
  }

  noteMissing(url: string, text: string): void {
    this.#missing.set(url, text)
    this.#required.delete(url)
  }

  noteNativeNames(name: string, names: readonly string[]): void {
    note(this.#nativeNames, name, names)
  }

  noteCommonJsNames(url: string, names: readonly string[]): void {
    note(this.#commonJsNames, url, names)
  }
}

function note(map: Map<string, Set<string>>, key: string, names: readonly string[]): void {
  let set = map.get(key)
  if (set === undefined) {
    set = new Set()
    map.set(key, set)
  }
  for (const name of names) set.add(name)
}
