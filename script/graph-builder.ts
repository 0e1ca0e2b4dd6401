/**
 * Reads the modules of a script, from the main module on: files, packages in node_modules and, through whoever it was
 * handed in by, remote modules. Evaluates nothing.
 */
import { builtinModules } from 'node:module'
import { pathToFileURL } from 'node:url'
import { AppError, isAppError } from '../errors.js'
import { trustedLimits } from '../policy/limits.js'
import type { FileStore } from './file-store.js'
import { isRemoved } from './left-out.js'
import { type CheckModule, ModuleGraph, type ScriptModule } from './module-graph.js'
import { isInPackage, PackageResolver } from './packages.js'
import { isBareName, isModuleUrl, isRemote, notFoundText, pathOfUrl } from './resolve.js'
import { type ImportRequest, parseSource, requiredSpecifiers } from './source.js'
import { inlineMap, readMap, sourceMapUrl } from './source-map.js'
import { isJavaScript, parserReady, stripTypes } from './typescript.js'

/** Fetches modules from `https://` URLs. */
export interface RemoteModules {
  /** The bytes behind a URL. Rejects with an AppError whose message follows k6's text for a module that cannot be had. */
  fetch(url: string): Promise<Uint8Array>
}

export interface ModuleSources {
  readonly files: FileStore
  readonly isNative: (name: string) => boolean
  readonly remotes: RemoteModules
  readonly maxTypeScriptLetters: number
  /** Throws for what may not be imported. Without, everything may. */
  readonly checkModule?: CheckModule
  /** Those of a trusted script without. */
  readonly limits?: ModuleLimits
  /** Told of source maps that cannot be read. */
  readonly onWarning: (message: string, error: string) => void
}

/** How many modules a script may have, and how large they may be. */
export interface ModuleLimits {
  readonly moduleBytes: number
  readonly moduleCount: number
  /** Makes the error of a refusal, and puts it on record. */
  readonly refuse?: (limit: 'moduleBytes' | 'moduleCount', url: string, message: string) => AppError
}

export interface MainModule {
  readonly url: string
  /** What the user calls it. */
  readonly name: string
  /** The text, when it does not come from the URL. */
  readonly source?: string
  /** True when there is no file name to tell TypeScript by. */
  readonly isNameless?: boolean
}

export class GraphBuilder {
  readonly graph: ModuleGraph
  readonly #sources: ModuleSources
  readonly #packages: PackageResolver

  private constructor(mainUrl: string, sources: ModuleSources) {
    this.graph = new ModuleGraph(mainUrl, sources.isNative, sources.checkModule)
    this.#sources = sources
    this.#packages = new PackageResolver(sources.files)
  }

  /**
   * Reads the main module and all that it reaches.
   *
   * @throws {AppError} with k6's text for a module that is missing or that k6 does not have
   */
  static async build(main: MainModule, sources: ModuleSources): Promise<GraphBuilder> {
    const builder = new GraphBuilder(main.url, sources)
    const source = main.source ?? (await builder.#text(main.url))
    if (source === undefined) throw new AppError('FILE_NOT_FOUND', notFoundText(main.name))
    await builder.#add(main.url, source, main.isNameless === true)
    await builder.#readAll([main.url])
    return builder
  }

  /**
   * The name of a module that is required under a name that was not found in the text of any module; it is read now.
   *
   * @throws {AppError}
   */
  async demand(base: string, specifier: string): Promise<string> {
    const { graph } = this
    const known = graph.resolve(base, specifier, true)
    if (!isModuleUrl(known) || graph.find(known) !== undefined || graph.isMissing(known)) return known
    const name = await this.#follow(base, { specifier, names: [], isRequire: true })
    if (name !== undefined) await this.#readAll([name])
    return graph.resolve(base, specifier, true)
  }

  async #readAll(open: string[]): Promise<void> {
    for (let url = open.shift(); url !== undefined; url = open.shift()) {
      for (const request of this.graph.requestsOf(url)) {
        const added = await this.#follow(url, request)
        if (added !== undefined) open.push(added)
      }
    }
  }

  /** Reads what a request means; answers its URL when it is new. */
  async #follow(base: string, request: ImportRequest): Promise<string | undefined> {
    const { graph } = this
    // As in k6, the import throws in the VM.
    if (isRemoved(request.specifier)) return undefined
    let target: string
    try {
      target = graph.resolve(base, request.specifier, request.isRequire)
    } catch (e) {
      // The error comes when the call is reached, if it is.
      if (request.isRequire) return undefined
      throw e
    }
    if (!isModuleUrl(target)) {
      if (request.isRequire) graph.noteRequired(target)
      graph.noteNativeNames(target, request.names)
      return undefined
    }
    let isNew = false
    if (graph.find(target) === undefined) {
      const error = graph.isMissing(target) ? notFoundText(request.specifier) : await this.#read(target, base, request)
      target = graph.resolve(base, request.specifier, request.isRequire)
      isNew = typeof error !== 'string' && error
      if (typeof error === 'string') {
        // An error only if the call is reached: CommonJS code may test for a file.
        if (!request.isRequire) throw new AppError('SCRIPT_EXCEPTION', error)
        graph.noteMissing(target, error)
        return undefined
      }
    }
    if (graph.isEsModule(target)) {
      if (request.isRequire) graph.noteRequired(target)
    } else {
      graph.noteCommonJsNames(target, request.names)
    }
    return isNew ? target : undefined
  }

  /** True when a module was added, false when it was there under another name, or the text of an error. */
  async #read(target: string, base: string, request: ImportRequest): Promise<boolean | string> {
    let url = target
    try {
      if (isRemote(target)) {
        await this.#add(target, await this.#remoteText(target, request.specifier))
        return true
      }
      const path = this.#pathOf(pathOfUrl(target), base, request)
      if (path === undefined) return notFoundText(request.specifier)
      url = pathToFileURL(path).href
      if (url !== target) this.graph.link(base, request, url)
      if (this.graph.find(url) !== undefined) return false
      const text = await this.#text(url, request.specifier)
      if (text === undefined) return notFoundText(request.specifier)
      await this.#add(url, text)
      return true
    } catch (e) {
      if (request.isRequire && isOfCall(e) && this.graph.find(url) === undefined) return e.message
      throw e
    }
  }

  /** The file that is meant: first as k6 finds it, then as Node.js finds packages. */
  #pathOf(path: string, base: string, { specifier, isRequire }: ImportRequest): string | undefined {
    const { files } = this.#sources
    const isOfPackage = isInPackage(pathOfUrl(base))
    if (!isBareName(specifier)) return isOfPackage ? this.#packages.completed(path) : path
    if (!isOfPackage && files.has(path)) return path
    const found = this.#packages.find(pathOfUrl(base), specifier, isRequire === true)
    if (found !== undefined) return found
    const name = specifier.replace(/^node:/, '')
    if (specifier.startsWith('node:') || (isOfPackage && builtinModules.includes(name))) {
      throw new AppError(
        'SCRIPT_EXCEPTION',
        `"${specifier}" is a module of Node.js, which scripts do not have; it is imported by ${base}`,
      )
    }
    // Outside of what may be read nobody knows what is there.
    if (!isOfPackage) files.assertOpen(path, specifier)
    return undefined
  }

  async #text(url: string, specifier?: string): Promise<string | undefined> {
    if (isRemote(url)) return this.#remoteText(url, specifier ?? url)
    const bytes = this.#sources.files.read(pathOfUrl(url), specifier)
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
  }

  async #remoteText(url: string, specifier: string): Promise<string> {
    try {
      return Buffer.from(await this.#sources.remotes.fetch(url)).toString('utf8')
    } catch (e) {
      if (!isAppError(e, 'REMOTE_FAILED')) throw e
      throw new AppError(
        'SCRIPT_EXCEPTION',
        `The moduleSpecifier "${specifier}" couldn't be retrieved from the resolved url "${url}". Error : "${e.message}"`,
        { cause: e },
      )
    }
  }

  async #add(url: string, text: string, isNameless = false): Promise<void> {
    this.#count(url, text)
    const { graph } = this
    const { pathname } = new URL(url)
    if (pathname.endsWith('.json') && url !== graph.mainUrl) {
      graph.add({ url, format: 'json', source: text, usesImportMeta: false }, [])
      return
    }
    // A line for the shell is a comment. In CommonJS it is not the first line that the engine sees.
    const plain = text.replace(/^\ufeff?#!/, '//')
    const { maxTypeScriptLetters } = this.#sources
    // As in k6, a TypeScript file that is JavaScript as it stands is left alone: its unused imports stay.
    const mayBeTyped = pathname.endsWith('.ts') || isNameless
    if (mayBeTyped) await parserReady()
    const isTyped = mayBeTyped && !isJavaScript(plain, maxTypeScriptLetters)
    const { code, map } = isTyped
      ? stripTypes(url, plain, maxTypeScriptLetters)
      : { code: plain, map: this.#mapOf(url, plain) }
    const { format, usesImportMeta, imports } = parseSource(code)
    const module: ScriptModule = { url, source: code, format, usesImportMeta, ...(map === undefined ? {} : { map }) }
    const required = requiredSpecifiers(code).map((specifier) => ({ specifier, names: [], isRequire: true }))
    graph.add(module, [...(format === 'esm' ? imports : []), ...required])
  }

  /** @throws {AppError} LIMIT_SIZE, LIMIT_COUNT */
  #count(url: string, text: string): void {
    const limits: ModuleLimits = this.#sources.limits ?? trustedLimits
    const { moduleBytes, moduleCount, refuse } = limits
    const bytes = Buffer.byteLength(text)
    if (bytes > moduleBytes) {
      const message = `${url} has ${bytes} bytes; a module may have ${moduleBytes}`
      throw refuse?.('moduleBytes', url, message) ?? new AppError('LIMIT_SIZE', message)
    }
    if (this.graph.size >= moduleCount) {
      const message = `${url} is one module too many: a script may have ${moduleCount}`
      throw refuse?.('moduleCount', url, message) ?? new AppError('LIMIT_COUNT', message)
    }
  }

  /** The source map that a module names: in a data URL, or in a file beside it. */
  #mapOf(url: string, source: string): string | undefined {
    const named = sourceMapUrl(source)
    if (named === undefined) return undefined
    try {
      if (named.startsWith('data:')) return readMap(inlineMap(named))
      // Maps of remote modules would be another fetch for each, and nothing that a locked run could rely on.
      if (isRemote(url) || !URL.canParse(named, url)) return undefined
      const target = new URL(named, url).href
      if (!target.startsWith('file://')) return undefined
      const bytes = this.#sources.files.read(pathOfUrl(target))
      if (bytes === undefined) throw new Error('there is no such file')
      return readMap(Buffer.from(bytes).toString('utf8'))
    } catch (e) {
      this.#sources.onWarning(`Couldn't load source map for ${url}`, (e as Error).message)
      return undefined
    }
  }
}

/** True for what `require` throws when it is called: it may never be. */
const isOfCall = (e: unknown): e is AppError =>
  isAppError(e, 'SCRIPT_EXCEPTION') || isAppError(e, 'FILE_DENIED') || isAppError(e, 'MODULE_DENIED')
