/**
 * The modules of a script, resolved before any of them runs: which file each import means, its text, and which names are
 * asked of the modules of k6. The same graph then serves every VM. Evaluates nothing.
 */
import { AppError } from '../errors.js'
import type { FileStore } from './file-store.js'
import { isRemoved, unknownModule } from './left-out.js'
import { notFoundText, pathOfUrl, resolveSpecifier } from './resolve.js'
import { assertSourceSize, type ImportRequest, type ModuleFormat, parseSource, requiredSpecifiers } from './source.js'
import { stripTypes } from './typescript.js'

export interface ScriptModule {
  url: string
  format: ModuleFormat
  source: string
  usesImportMeta: boolean
}

/** What crosses to the threads. */
export interface GraphSnapshot {
  mainUrl: string
  modules: readonly ScriptModule[]
  /** Names that scripts ask of k6's modules, by module. */
  nativeNames: readonly (readonly [string, readonly string[]])[]
  /** Modules of k6 and ES modules that CommonJS code requires. */
  required: readonly string[]
  /** Names that ES modules ask of CommonJS files, by URL. */
  commonJsNames: readonly (readonly [string, readonly string[]])[]
  /** Files that CommonJS code requires and that are not there, by URL, with what they were called. */
  missing: readonly (readonly [string, string])[]
}

const maxModules = 2000

export class ModuleGraph {
  readonly mainUrl: string
  readonly #modules = new Map<string, ScriptModule>()
  /** What each module imports or requires; only where the graph was built. */
  readonly #requests = new Map<string, readonly ImportRequest[]>()
  readonly #nativeNames = new Map<string, Set<string>>()
  readonly #commonJsNames = new Map<string, Set<string>>()
  readonly #required = new Set<string>()
  /** Files that CommonJS code requires and that are not there, with the specifiers of the first calls. */
  readonly #missing = new Map<string, string>()
  readonly #isNative: (name: string) => boolean

  private constructor(mainUrl: string, isNative: (name: string) => boolean) {
    this.mainUrl = mainUrl
    this.#isNative = isNative
  }

  /**
   * Reads the main module and all that it reaches.
   *
   * @throws {AppError} with k6's text for a file that is missing or a module that k6 does not have
   */
  static build(
    mainUrl: string,
    mainSource: string,
    files: FileStore,
    isNative: (name: string) => boolean,
  ): ModuleGraph {
    const graph = new ModuleGraph(mainUrl, isNative)
    graph.#add(mainUrl, mainSource)
    const open: string[] = [mainUrl]
    for (let url = open.shift(); url !== undefined; url = open.shift()) {
      for (const request of graph.#requests.get(url)!) {
        // As in k6, the import throws in the VM.
        if (isRemoved(request.specifier)) continue
        const target = graph.resolve(url, request.specifier)
        if (!target.startsWith('file://')) {
          graph.#note(graph.#nativeNames, target, request.names)
          continue
        }
        if (!graph.#modules.has(target)) {
          if (graph.#missing.has(target) || !graph.#read(target, files)) {
            // An error only if the call is reached: CommonJS code may test for a file.
            if (graph.isEsModule(url)) throw new AppError('SCRIPT_EXCEPTION', notFoundText(request.specifier))
            graph.#missing.set(target, request.specifier)
            graph.#required.delete(target)
            continue
          }
          open.push(target)
        }
        if (graph.#modules.get(target)!.format === 'commonjs') graph.#note(graph.#commonJsNames, target, request.names)
      }
    }
    return graph
  }

  static restore(snapshot: GraphSnapshot, isNative: (name: string) => boolean): ModuleGraph {
    const graph = new ModuleGraph(snapshot.mainUrl, isNative)
    for (const module of snapshot.modules) graph.#modules.set(module.url, module)
    for (const [name, names] of snapshot.nativeNames) graph.#nativeNames.set(name, new Set(names))
    for (const [url, names] of snapshot.commonJsNames) graph.#commonJsNames.set(url, new Set(names))
    for (const name of snapshot.required) graph.#required.add(name)
    for (const [url, specifier] of snapshot.missing) graph.#missing.set(url, specifier)
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
    }
  }

  /** The URL, or the name of a module of k6, that `specifier` means in `base`. @throws {AppError} */
  resolve(base: string, specifier: string): string {
    const resolved = resolveSpecifier(base, specifier)
    if (resolved.kind === 'file') return resolved.url
    if (!this.#isNative(resolved.name)) throw unknownModule(resolved.name)
    return resolved.name
  }

  /** A module of the graph. @throws {AppError} when it is none: k6 loads nothing new after the first init */
  module(url: string): ScriptModule {
    const module = this.#modules.get(url)
    if (module === undefined) {
      const missing = this.#missing.get(url)
      if (missing !== undefined) throw new AppError('SCRIPT_EXCEPTION', notFoundText(missing))
      throw new AppError(
        'SCRIPT_EXCEPTION',
        `the module "${url}" was not previously resolved during initialization (__VU==0)`,
      )
    }
    return module
  }

  /** True for a file of the graph that is an ES module. */
  isEsModule(url: string): boolean {
    return this.#modules.get(url)?.format === 'esm'
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

  /** Modules of k6 and ES modules that CommonJS files require, by name or URL. */
  get required(): ReadonlySet<string> {
    return this.#required
  }

  /** False when there is no such file. */
  #read(url: string, files: FileStore): boolean {
    const bytes = files.read(pathOfUrl(url))
    if (bytes === undefined) return false
    this.#add(url, Buffer.from(bytes).toString('utf8'))
    return true
  }

  #add(url: string, text: string): void {
    assertSourceSize(url, text.length)
    if (this.#modules.size >= maxModules) throw new AppError('LIMIT_SIZE', `a script may have ${maxModules} modules`)
    const source = url.endsWith('.ts') ? stripTypes(url, text) : text
    const { format, usesImportMeta, imports } = parseSource(source)
    this.#modules.set(url, { url, source, format, usesImportMeta })
    this.#requests.set(url, format === 'esm' ? imports : this.#requiresOf(url, source))
  }

  #requiresOf(url: string, source: string): readonly ImportRequest[] {
    return requiredSpecifiers(source).flatMap((specifier) => {
      const target = this.#tryResolve(url, specifier)
      if (target === undefined) return []
      this.#noteRequired(target)
      return [{ specifier, names: [] }]
    })
  }

  #tryResolve(url: string, specifier: string): string | undefined {
    try {
      return this.resolve(url, specifier)
    } catch {
      return undefined
    }
  }

  #noteRequired(target: string): void {
    this.#required.add(target)
  }

  #note(map: Map<string, Set<string>>, key: string, names: readonly string[]): void {
    let set = map.get(key)
    if (set === undefined) {
      set = new Set()
      map.set(key, set)
    }
    for (const name of names) set.add(name)
  }
}
