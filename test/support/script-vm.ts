/**
 * A script in a VM with the real guest half and the real host modules, without threads and without a run: for what the guest
 * half of the runner promises. Must run in a thread with a large stack.
 */

import assert from 'node:assert/strict'
import { defaultSystemTags } from '../../engine/options/metric-options.js'
import { type ScriptModules, ScriptVm } from '../../engine/script-vm.js'
import { GrpcRuntime } from '../../host/grpc/grpc-runtime.js'
import { GrpcVu } from '../../host/grpc/grpc-vu.js'
import { hostModulesFor } from '../../host/index.js'
import type { SharedArrays } from '../../host/shared-arrays.js'
import { type LogLine, type ThreadServices, VuContext } from '../../host/vu-context.js'
import { declareModuleMetrics } from '../../metrics/module-metrics.js'
import { MetricRegistry } from '../../metrics/registry.js'
import { SampleBuffer } from '../../metrics/sample-buffer.js'
import { Folders } from '../../policy/folders.js'
import { type Limits, trustedLimits } from '../../policy/limits.js'
import { TaskQueue } from '../../runtime/event-loop.js'
import { isNativeModule } from '../../runtime/guest-program.js'
import { FileStore } from '../../script/file-store.js'
import { GraphBuilder } from '../../script/graph-builder.js'
import type { ModuleGraph } from '../../script/module-graph.js'
import { openedFile } from '../../script/opened-file.js'
import { isModuleUrl } from '../../script/resolve.js'
import { lexerReady } from '../../script/source.js'
import { bareProtocols, bareServices } from './bare-services.js'
import type { PausingTurns } from './pausing-turns.js'

export interface ScriptUnderTest {
  script: ScriptVm
  context: VuContext
  lines: LogLine[]
  /** Texts of the console so far. */
  said(): string[]
  /** Errors of ours that the script must not see. */
  internalErrors: unknown[]
}

export interface ScriptVmOptions {
  limits?: Partial<Limits>
  /** Files beside the script, by name; the script itself is /test/script.js. */
  files?: Record<string, string>
  env?: Record<string, string>
  /** Those that several VMs share. */
  sharedArrays?: SharedArrays
  /** Has its VM paused; told whose memory that is. */
  turns?: PausingTurns
}

/** A script that is loaded, and what its VMs share. */
export interface LoadedForTest {
  graph: ModuleGraph
  samples: SampleBuffer
  lines: LogLine[]
  said(): string[]
  internalErrors: unknown[]
  /** What the host knows of VU `id`, before its init code. */
  context(id: number): VuContext
  modules: ScriptModules
  /** A VM with it, whose init code has run. */
  initialized(context: VuContext, modules?: ScriptModules): Promise<ScriptVm>
}

export async function loadScript(source: string, options: ScriptVmOptions = {}): Promise<LoadedForTest> {
  await lexerReady
  const limits: Limits = { ...trustedLimits, ...options.limits }
  const kept = new Map(Object.entries(options.files ?? {}).map(([name, text]) => [`/test/${name}`, Buffer.from(text)]))
  const files = new FileStore(kept, { maxFileBytes: 1024 * 1024, folders: new Folders(['/test']) })
  const mainUrl = 'file:///test/script.js'
  const builder = await GraphBuilder.build(
    { url: mainUrl, name: 'script.js', source },
    {
      files,
      isNative: isNativeModule,
      maxTypeScriptLetters: 10_000,
      remotes: { fetch: () => assert.fail('no remote modules here') },
      onWarning: () => {},
    },
  )
  const { graph } = builder
  const lines: LogLine[] = []
  const internalErrors: unknown[] = []
  const registry = new MetricRegistry()
  declareModuleMetrics(registry, graph.nativeModules)
  const samples = new SampleBuffer()
  const asFound = (name: string) => ({ name, format: graph.formatOf(name) })
  const services: ThreadServices = {
    ...bareServices(limits, lines),
    samples,
    registry,
    ...(options.sharedArrays === undefined ? {} : { sharedArrays: options.sharedArrays }),
    systemTags: new Set(defaultSystemTags),
    readFile(path, base, writtenIn) {
      const found = openedFile(mainUrl, path, base, writtenIn)
      return { absolutePath: found.path, shownPath: found.path, bytes: files.read(found.path) }
    },
    resolveModule(base, specifier) {
      const from = base === '' ? mainUrl : base
      const name = graph.resolve(from, specifier, true)
      const isNew = isModuleUrl(name) && graph.find(name) === undefined
      return isNew ? builder.demand(from, specifier).then(asFound) : asFound(name)
    },
    jsonText: (url) => graph.module(url).source,
    resolveUrl: (base, specifier) => graph.resolve(base, specifier),
    onInternalError: (e) => internalErrors.push(e),
  }
  const modules = await hostModulesFor(graph.nativeModules)
  const configuration = {
    env: options.env ?? {},
    systemTags: [...defaultSystemTags],
    tags: {},
    throwOnWarnings: false,
    isRehearsal: false,
    freezesEnv: false,
  }
  return {
    graph,
    samples,
    lines,
    internalErrors,
    said: () => lines.map((line) => line.msg),
    context: (id) =>
      new VuContext(id, services, new TaskQueue(), {
        ...bareProtocols(limits),
        grpc: () => new GrpcVu(new GrpcRuntime({ tls: {}, resolver: {} }, limits)),
      }),
    modules,
    initialized: (context, noted = modules) => {
      const { turns } = options
      if (turns === undefined) return ScriptVm.create(context, graph, configuration, noted)
      turns.memory = () => context.memory()
      return ScriptVm.create(context, graph, configuration, noted, { turns })
    },
  }
}

/** The VM after the script's init code. @throws {ScriptFailure} when that threw */
export async function scriptVm(source: string, options: ScriptVmOptions = {}): Promise<ScriptUnderTest> {
  const { lines, said, internalErrors, ...loaded } = await loadScript(source, options)
  const context = loaded.context(1)
  return { script: await loaded.initialized(context), context, lines, internalErrors, said }
}
