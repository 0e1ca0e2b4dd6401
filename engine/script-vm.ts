/** A VM with a user's script in it: boots the guest half, evaluates the script, and runs its functions. */
import { AppError } from '../errors.js'
import type { VuContext } from '../host/vu-context.js'
import type { Limits } from '../policy/limits.js'
import { type GuestFailure, type Outcome, parseFailure, runToEnd } from '../runtime/event-loop.js'
import { GuestError } from '../runtime/guest-error.js'
import {
  internalExports,
  internalName,
  internalSource,
  isInternalName,
  isNativeModule,
  ownModules,
  resolveInternal,
} from '../runtime/guest-program.js'
import type { HostModule } from '../runtime/host-module.js'
import type { CpuLimit } from '../runtime/pulse.js'
import {
  type Completion,
  commonJsHead,
  type ModuleLoader,
  type Soon,
  Vm,
  type VmImage,
  type VmOptions,
  whenThere,
} from '../runtime/vm.js'
import type { ModuleGraph, ScriptModule } from '../script/module-graph.js'
import { isModuleUrl } from '../script/resolve.js'
import { SourcePlaces } from '../script/source-map.js'
import { jsonDepth } from './json-depth.js'
import { ScriptFailure } from './script-failure.js'

/** What a script exports. */
export interface ScriptExports {
  functions: readonly string[]
  others: readonly string[]
  /** The exported options, JSON-copied; undefined when there are none. */
  options: unknown
}

/** What the guest half is told before the script runs; the shape is that of modules/internal/vu.ts. */
export interface GuestConfiguration {
  env: Readonly<Record<string, string>>
  systemTags: readonly string[]
  tags: Readonly<Record<string, string>>
  throwOnWarnings: boolean
  isRehearsal: boolean
  freezesEnv: boolean
}

const boot = internalName('boot')
const importMeta = internalName('import-meta')
const maxInterruptedJobs = 1000
/** What a script exports, as JSON: its options above all. */
const maxExportsLength = 4 * 1024 * 1024
/** A structured clone of what is nested deeper may fail, and what has no end of levels is no set of options. */
const maxExportsDepth = 200
const providedModule = 'belljar:provided.js'
/** Before the URL of a CommonJS file: the ES module around it, which is ours and may import what the file may not. */
const facadeOf = 'belljar:facade/'
/** What is evaluated first lies in the heap while it runs, and should be short. */
const startModule = 'belljar:start.js'
const entryModule = 'belljar:entry.js'
/** Its evaluation is the first of all: by then every static import was resolved. */
const linkedModule = 'belljar:linked.js'

/** What a VM has from the thread that it is in. */
export type VmPlace = Pick<VmOptions<VuContext>, 'pulse' | 'engine' | 'turns'>

export type ScriptModules = readonly HostModule<VuContext>[]

export class ScriptVm {
  readonly vm: Vm<VuContext>
  readonly #vu: VuContext
  readonly #limits: Limits
  readonly #places: SourcePlaces
  /** The guest half is there. */
  #hasBooted: boolean
  #iterated: string | undefined

  private constructor(vm: Vm<VuContext>, vu: VuContext, limits: Limits, places: SourcePlaces, hasBooted: boolean) {
    this.vm = vm
    this.#hasBooted = hasBooted
    this.#vu = vu
    this.#limits = limits
    this.#places = places
  }

  /**
   * A VM in which the script's init code has run.
   *
   * @throws {ScriptFailure} when the script threw
   * @throws {AppError} LIMIT_CPU, LIMIT_MEMORY …
   */
  static async create(
    vu: VuContext,
    graph: ModuleGraph,
    configuration: GuestConfiguration,
    modules: ScriptModules,
    place: VmPlace = {},
  ): Promise<ScriptVm> {
    const loader = new ScriptLoader(graph)
    const vm = Vm.create(vmOptions(vu, modules, loader, place), '__belljar')
    const script = ScriptVm.#around(vm, vu, graph, false)
    vm.keepsSources = false
    loader.onLoad = (isOwn) => {
      vm.keepsSources = !isOwn
    }
    vu.onLinked = () => {
      loader.refuseImports()
      vm.keepsSources = true
    }
    try {
      await script.#evaluate(startText(graph), startModule)
      script.#hasBooted = true
      await script.enter('configure', JSON.stringify(configuration))
      await script.#evaluate(entryText(graph), entryModule, 'evaluated')
      return script
    } catch (e) {
      script.release()
      throw e
    }
  }

  /** A VM as the one was of which the image is. What its init code has asked of the host has to be repeated for this VU. */
  static fromImage(
    vu: VuContext,
    graph: ModuleGraph,
    image: VmImage,
    modules: ScriptModules,
    place: VmPlace = {},
  ): ScriptVm {
    const loader = new ScriptLoader(graph)
    loader.refuseImports()
    return ScriptVm.#around(Vm.fromImage(image, vmOptions(vu, modules, loader, place)), vu, graph, true)
  }

  static #around(vm: Vm<VuContext>, vu: VuContext, graph: ModuleGraph, hasBooted: boolean): ScriptVm {
    vm.vu = vu
    vm.onInternalError = vu.services.onInternalError
    vm.onPoll = () => vu.services.onPoll(vu.id)
    vu.memory = () => vm.memory
    vu.interrupt = () => vm.interrupt()
    vu.onLongWait = () => vm.waitsLong()
    return new ScriptVm(vm, vu, vu.services.limits, placesOf(graph), hasBooted)
  }

  /** Drops the VM, for good: another one may get its memory. */
  release(): void {
    // What it has measured until now counts, however it ended.
    this.#vu.ring?.drain(this.#vu.metadata)
    this.#vu.ring = undefined
    this.vm.release()
  }

  async #evaluate(source: string, name: string, observer?: string): Promise<void> {
    const { initCpuMs } = this.#limits
    const outcome = await this.#run('initCpuMs', () => this.vm.evaluateModule(source, name, initCpuMs, observer))
    if (outcome.kind === 'failed') throw new ScriptFailure(outcome.failure)
    if (outcome.kind === 'interrupted') throw new AppError('SCRIPT_ABORTED', 'the init code was interrupted')
  }

  async exports(): Promise<ScriptExports> {
    const text = await this.#enter('initCpuMs', 'exports')
    if (text === undefined) return { functions: [], others: [], options: undefined }
    if (text.startsWith('!')) throw new ScriptFailure(this.#placed(parseFailure(text)))
    if (text.length > maxExportsLength) {
      throw new AppError('LIMIT_SIZE', `the options of a script may have ${maxExportsLength} letters as JSON`)
    }
    if (jsonDepth(text) > maxExportsDepth) {
      throw new AppError('OPTIONS_INVALID', `the options of a script may be nested ${maxExportsDepth} deep`)
    }
    const found = JSON.parse(text) as { functions: string[]; others: string[]; options: unknown }
    return { functions: found.functions, others: found.others, options: found.options ?? undefined }
  }

  /** Calls an entry that only looks or sets, and returns its text. */
  enter(name: string, ...args: (string | number | undefined)[]): Promise<string | undefined> {
    return this.#enter('cpuMs', name, ...args)
  }

  /** What a stage returned, as JSON or as the failure to make it: getters of the script have their say in that. */
  stageValue(name: string): Promise<string | undefined> {
    return this.#enter('stageCpuMs', name === 'handleSummary' ? 'summaryValue' : 'value')
  }

  async #enter(limit: CpuLimit, name: string, ...args: (string | number | undefined)[]): Promise<string | undefined> {
    this.vm.cpuLimit = limit
    const completion = await this.vm.enter(this.#limits[limit], name, ...args)
    this.vm.cpuLimit = 'cpuMs'
    if (completion.kind !== 'returned') return undefined
    return typeof completion.value === 'string' ? completion.value : undefined
  }

  /** One iteration of the exported function `name`. @throws {AppError} when the VM died */
  iteration(name: string, iteration: number): Soon<Outcome> {
    // The guest half knows the function of the last iteration, but for one that may have ended before its first line.
    const told = this.#iterated === name ? undefined : name
    this.#iterated = undefined
    const ended = this.#run('cpuMs', () => this.vm.enter(this.#limits.cpuMs, 'iteration', iteration, told))
    return whenThere(ended, (outcome) => {
      if (outcome.kind === 'done') this.#iterated = name
      return outcome
    })
  }

  /** setup, teardown or handleSummary, with its argument as JSON. @throws {AppError} when the VM died */
  stage(name: string, argument: string | undefined): Soon<Outcome> {
    return this.#run('stageCpuMs', () => this.vm.enter(this.#limits.stageCpuMs, 'stage', name, argument))
  }

  #run(limit: CpuLimit, begin: () => Soon<Completion>): Soon<Outcome> {
    this.#vu.renew()
    const cpuMs = this.#limits[limit]
    this.vm.cpuLimit = limit
    return whenThere(runToEnd(this.vm, this.#vu.tasks, cpuMs, begin), (outcome) => {
      this.#vu.ring?.drain(this.#vu.metadata)
      if (outcome.kind === 'done' && this.#vu.tasks.size === 0) {
        this.vm.cpuLimit = 'cpuMs'
        return outcome
      }
      return this.#cleanUp(outcome, cpuMs)
    })
  }

  /** After an iteration that failed, was interrupted, or left work behind. */
  async #cleanUp(outcome: Outcome, cpuMs: number): Promise<Outcome> {
    if (outcome.kind === 'interrupted') await this.#endJobs(cpuMs)
    this.vm.cpuLimit = 'cpuMs'
    await this.#tidy()
    return outcome.kind === 'failed' ? { kind: 'failed', failure: this.#placed(outcome.failure) } : outcome
  }

  /** With places in the user's own files. */
  #placed(failure: GuestFailure): GuestFailure {
    return { ...failure, frames: this.#places.inFrames(failure.frames) }
  }

  /** Promise jobs of an interrupted iteration run out while the host still refuses them everything. */
  async #endJobs(cpuMs: number): Promise<void> {
    for (let i = 0; i < maxInterruptedJobs && this.vm.hasJobs; i++) await this.vm.runJobs(cpuMs)
    if (this.vm.hasJobs) this.vm.kill('LIMIT_CPU', 'promise jobs of an interrupted iteration went on and on')
    if (this.vm.death !== undefined) throw this.vm.death
  }

  /** Ends what an iteration left behind when it did not run to its end. */
  async #tidy(): Promise<void> {
    this.#vu.endWaits()
    this.vm.clearInterrupt()
    this.vm.forgetRejections()
    if (this.#hasBooted) await this.enter('dropTasks')
    this.#vu.tasks.clear()
  }

  /** Ends the present iteration at once. */
  interrupt(): void {
    this.vm.interrupt()
    this.#vu.endWaits()
    this.#vu.tasks.interrupt()
  }
}

function vmOptions(vu: VuContext, modules: ScriptModules, loader: ModuleLoader, place: VmPlace): VmOptions<VuContext> {
  return { limits: vu.services.limits, modules, loader, ...place }
}

class ScriptLoader implements ModuleLoader {
  readonly #graph: ModuleGraph
  #refusesImports = false
  readonly own = ownModules
  /** Told of each module before it is compiled, and whether it is one of ours. */
  onLoad: (isOwn: boolean) => void = () => {}

  constructor(graph: ModuleGraph) {
    this.#graph = graph
  }

  /** From now on: what a script still imports, it imports by `import()`, which k6 has not. */
  refuseImports(): void {
    this.#refusesImports = true
  }

  resolve(base: string, specifier: string): string {
    const graph = this.#graph
    if (this.#refusesImports) throw new GuestError('TypeError', 'dynamic modules not enabled in the host program')
    if (isInternalName(base)) return resolveInternal(base, specifier)
    if (isNativeModule(base)) return specifier
    if (specifier === importMeta) return specifier
    if (isInternalName(specifier)) throw new GuestError('GoError', `the module "${specifier}" cannot be imported`)
    const name = graph.resolve(base, specifier)
    return isNativeModule(name) || graph.isEsModule(name) ? name : facadeOf + name
  }

  load(name: string): string {
    const isOfScript = !isInternalName(name) && !isNativeModule(name)
    this.onLoad(!isOfScript)
    const graph = this.#graph
    if (name === providedModule) return providedText(graph)
    if (name === linkedModule) return `import { linked } from ${JSON.stringify(boot)}; linked();`
    const internal = internalSource(name)
    if (internal !== undefined) return internal
    if (isNativeModule(name)) return nativeFacade(graph, name)
    if (name.startsWith(facadeOf)) return commonJsFacade(graph, graph.module(name.slice(facadeOf.length)))
    const module = graph.module(name)
    return module.usesImportMeta ? importMetaHead(name) + module.source : module.source
  }

  loadCommonJs(name: string): string {
    return this.#graph.module(name).source
  }
}

/** A source map takes time and memory to read: all VMs of a thread use what was read once. */
const knownPlaces = new WeakMap<ModuleGraph, SourcePlaces>()

/** What is needed to tell places in the user's files from those that the engine tells. */
export function placesOf(graph: ModuleGraph): SourcePlaces {
  const known = knownPlaces.get(graph)
  if (known !== undefined) return known
  const places = new SourcePlaces((url) => {
    const module = graph.find(url)
    if (module === undefined) return undefined
    const head = module.format === 'commonjs' ? commonJsHead : module.usesImportMeta ? importMetaHead(url) : ''
    return { shift: head.length, ...(module.map === undefined ? {} : { map: module.map }) }
  })
  knownPlaces.set(graph, places)
  return places
}

/**
 * A module of k6 as scripts import it. As in k6, names that it does not export are null, and `default` is among the names
 * of `import * as` only if some file asks for it.
 */
function nativeFacade(graph: ModuleGraph, name: string): string {
  const from = JSON.stringify(internalName(name))
  const known = internalExports(internalName(name))
  const asked = graph.nativeNames(name)
  let text = `export * from ${from};`
  if (known.has('default') && (asked.has('default') || graph.required.has(name))) {
    text += `export { default } from ${from};`
  }
  for (const wanted of asked) if (!known.has(wanted)) text += `export const ${wanted} = null;`
  return text
}

/** The engine makes an `import.meta` for each module; what k6 has on it is put there before the module runs. */
function importMetaHead(url: string): string {
  // On the first line, so that stacks still tell the right lines.
  return `import { fillImportMeta } from ${JSON.stringify(importMeta)}; fillImportMeta(import.meta, ${JSON.stringify(url)}); `
}

/** A CommonJS or JSON file as ES modules import it: its exports as default, and the names that somebody asks for. */
function commonJsFacade(graph: ModuleGraph, { url, format }: ScriptModule): string {
  const loader = format === 'json' ? 'loadJson' : 'load'
  let text = `import { ${loader} as load } from ${JSON.stringify(boot)}; const m = load(${JSON.stringify(url)}); export default m;`
  for (const name of graph.commonJsNames(url)) if (name !== 'default') text += `export const ${name} = m.${name};`
  return text
}

/** The module that makes available what CommonJS code will require. */
function providedText(graph: ModuleGraph): string {
  let text = `import { provide } from ${JSON.stringify(boot)};`
  let count = 0
  for (const name of graph.required) {
    if (isModuleUrl(name) && !graph.isEsModule(name)) continue
    text += `import * as r${count} from ${JSON.stringify(name)}; provide(${JSON.stringify(name)}, r${count});`
    count++
  }
  return text
}

/**
 * The module that brings up the guest half, with the modules of k6 that the script will import: what is compiled at one time leaves
 * holes in the heap, which what is made afterwards, when they are evaluated, fills.
 */
function startText(graph: ModuleGraph): string {
  const names = [boot, ...[...graph.nativeModules].map(internalName)]
  return names.map((name) => `import ${JSON.stringify(name)};`).join('')
}

/** The module that evaluates a script: first what CommonJS code will require, then the main module. */
function entryText(graph: ModuleGraph): string {
  const first = `import ${JSON.stringify(linkedModule)}; import ${JSON.stringify(providedModule)};`
  const text = `${first} import { adopt, load } from ${JSON.stringify(boot)};`
  const main = JSON.stringify(graph.mainUrl)
  if (graph.isEsModule(graph.mainUrl)) return `${text}import * as main from ${main}; adopt(main);`
  return `${text}adopt(load(${main}));`
}
