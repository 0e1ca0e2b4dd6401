/** The VUs of one thread and what they share: script, samples, log, connections' settings. */
import { dirname, relative } from 'node:path'
import { performance } from 'node:perf_hooks'
import { AppError, isAppError } from '../errors.js'
import { cutLine } from '../host/console.js'
import { HostResolver } from '../host/dns.js'
import type { GrpcOptions } from '../host/grpc/grpc-runtime.js'
import { hostModulesFor } from '../host/index.js'
import { ownAddresses } from '../host/net/own-addresses.js'
import { Rehearsal, rehearsedSecret } from '../host/rehearsal/rehearsal.js'
import type { RemoteFetcher } from '../host/remote-modules.js'
import { SharedArrayRegistry } from '../host/shared-array-registry.js'
import { SharedArrays } from '../host/shared-arrays.js'
import { type LogLine, type ThreadServices, VuContext } from '../host/vu-context.js'
import { declareModuleMetrics } from '../metrics/module-metrics.js'
import { MetricRegistry } from '../metrics/registry.js'
import { SampleBuffer } from '../metrics/sample-buffer.js'
import type { SampleBatch } from '../metrics/series.js'
import { TagSet } from '../metrics/tag-set.js'
import { AuditTrail } from '../policy/audit.js'
import { Gate } from '../policy/gate.js'
import { type GuestFailure, TaskQueue } from '../runtime/event-loop.js'
import { isNativeModule } from '../runtime/guest-program.js'
import { FileStore } from '../script/file-store.js'
import { GraphBuilder } from '../script/graph-builder.js'
import { ModuleGraph } from '../script/module-graph.js'
import { LockedModules } from '../script/module-lock.js'
import { openedFile } from '../script/opened-file.js'
import { isModuleUrl, isRemote, pathOfUrl } from '../script/resolve.js'
import { lexerReady } from '../script/source.js'
import { typeScriptLetters } from '../script/typescript.js'
import { ArrivalQueue } from './arrival-queue.js'
import { carry } from './carried-error.js'
import { ConsoleBudget, type ConsoleLimit } from './console-budget.js'
import { executionInfo } from './execution-info.js'
import { grpcOptionsOf } from './grpc-options.js'
import { Heartbeat } from './heartbeat.js'
import { httpOptionsOf } from './http-options.js'
import { IterationSeries } from './iteration-series.js'
import { loadError } from './load-error.js'
import { LoopTurns } from './loop-turns.js'
import { registryLimits, sampleLimitsOf } from './metric-limits.js'
import type { ConsolidatedOptions } from './options/consolidate.js'
import { defaultSystemTags } from './options/metric-options.js'
import type { ScenarioConfig } from './options/scenario.js'
import { arrivalTicks, lastStartMs } from './plan/arrival.js'
import { iterationStriping } from './plan/requirements.js'
import { globalIndex } from './plan/segment.js'
import type { FirstInit, LoadedScript, RunConfig, ThreadSettings } from './run-config.js'
import { failureMessage, ScriptFailure } from './script-failure.js'
import { placesOf, type ScriptModules, ScriptVm, type VmPlace } from './script-vm.js'
import { SecretRequests } from './secret-requests.js'
import { type SharedArrayAnswer, SharedArrayLink } from './shared-array-link.js'
import { SharedCounters } from './shared-counters.js'
import type {
  CallMessage,
  LoopRequest,
  Restoration,
  SecretAnswer,
  StageRequest,
  StageResult,
  ThreadCalls,
  ThreadMessage,
} from './thread-protocol.js'
import { newProtocols, type ThreadProtocols } from './thread-protocols.js'
import { ThreadStage } from './thread-stage.js'
import { VirtualUser, type VuHome } from './virtual-user.js'
import { type MadeVm, VmSource, type VmTemplate } from './vm-source.js'
import { VuLedger } from './vu-ledger.js'

/** Of this thread; to ask for it takes as long as to read the clock. */
const timeOriginMs = performance.timeOrigin

const flushPeriodMs = 100
const maxWaitingLines = 1000
/** Samples of all threads that the main thread has not taken yet, of 24 bytes each. A script can make them faster than it. */
const maxSamplesUnderWay = 4_000_000

type Send = (message: ThreadMessage, transfer?: readonly ArrayBuffer[]) => void
type Async<T> = { [N in keyof T]: T[N] extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : never }

export class ThreadRun implements Async<ThreadCalls> {
  readonly #settings: ThreadSettings
  readonly #send: Send
  readonly #poll: (busy: number) => void
  readonly #counters: SharedCounters
  readonly #heartbeat: Heartbeat
  readonly #turns = new LoopTurns()
  readonly #registry: MetricRegistry
  readonly #samples: SampleBuffer
  readonly #trail = new AuditTrail(() => this.#now())
  readonly #gate: Gate
  readonly #vus = new Map<number, VirtualUser>()
  readonly #queues = new Map<number, ArrivalQueue>()
  readonly #losses = new Map<number, number>()
  readonly #console: ConsoleBudget
  #lines: LogLine[] = []
  readonly #sharedArrayLink: SharedArrayLink
  #files = new FileStore(new Map())
  #graph: ModuleGraph | undefined
  /** There while the script is loaded. */
  #builder: GraphBuilder | undefined
  #config: RunConfig | undefined
  #services: ThreadServices | undefined
  #protocols: ThreadProtocols | undefined
  #engine: WebAssembly.Module | undefined
  #home: VuHome | undefined
  #vms: VmSource | undefined
  /** What the first init has left, and what the guest half was told there. Until the run begins. */
  #firstInit: { readonly template: VmTemplate; readonly guest: string; readonly hasOptions: boolean } | undefined
  /** Tags of the options. */
  #runTags = TagSet.empty
  #startTimeMs: number | undefined
  #setupData: string | undefined
  #abortText: string | undefined
  #hasFailed = false
  /** The one that was begun last. */
  #stage: ThreadStage | undefined
  readonly #rehearsal: Rehearsal | undefined
  readonly #secrets: SecretRequests

  /** `poll` is called while the script of a VU computes, with its number: it may look for calls that `endsAtOnce`. */
  constructor(settings: ThreadSettings, send: Send, poll: (busy: number) => void = () => {}) {
    this.#settings = settings
    this.#send = send
    this.#poll = poll
    this.#secrets = new SecretRequests(send)
    this.#gate = Gate.withTrail(settings.policy, this.#trail, ownAddresses())
    this.#counters = new SharedCounters(settings.counters)
    this.#heartbeat = new Heartbeat(settings.heartbeat)
    this.#console = new ConsoleBudget(settings.policy.limits, settings.console)
    this.#sharedArrayLink = new SharedArrayLink((request) => send({ kind: 'sharedArray', request }))
    if (settings.isRehearsal) {
      this.#rehearsal = new Rehearsal(
        (finding) => this.#send({ kind: 'finding', finding }),
        (place) => (this.#graph === undefined ? place : placesOf(this.#graph).original(place)),
      )
    }
    const { limits } = settings.policy
    this.#registry = new MetricRegistry(registryLimits(limits))
    this.#samples = new SampleBuffer({ ...sampleLimitsOf(limits), onFull: () => this.#flushSamples() })
    this.#heartbeat.openClock()
    this.#heartbeat.beat()
    setInterval(() => this.#tick(), flushPeriodMs).unref()
  }

  /** The first init: reads the script and all that it names, and evaluates it once. */
  async load({ script, engine }: FirstInit): Promise<LoadedScript> {
    const { mainUrl, mainName = mainUrl, source, isNameless, lock } = script
    await lexerReady
    this.#engine = engine
    const { limits } = this.#settings.policy
    this.#files = new FileStore(new Map(), this.#gate.fileRules(isRemote(mainUrl) ? undefined : pathOfUrl(mainUrl)))
    const checkModule = (name: string) => this.#gate.checkModule(name)
    const remotes = new LockedModules(this.#remoteFetcher(checkModule), lock)
    this.#builder = await GraphBuilder.build(
      {
        url: mainUrl,
        name: mainName,
        ...(source === undefined ? {} : { source }),
        ...(isNameless === undefined ? {} : { isNameless }),
      },
      {
        files: this.#files,
        isNative: isNativeModule,
        remotes,
        maxTypeScriptLetters: typeScriptLetters(limits.stackBytes),
        checkModule,
        limits: this.#gate.moduleLimits,
        onWarning: (msg, error) => this.#warn(msg, { error }),
      },
    )
    this.#graph = this.#builder.graph
    declareModuleMetrics(this.#registry, this.#graph.nativeModules)
    const registry = new SharedArrayRegistry(limits.sharedArrayBytes)
    this.#protocols = await newProtocols(this.#graph.nativeModules, limits)
    this.#services = this.#newServices(new Set(defaultSystemTags), new SharedArrays(registry, limits.sharedArrayBytes))
    // In a check, VUs have what their init code has found.
    const vms = await this.#vmSource(this.#rehearsal === undefined)
    const first = await this.#firstVm(vms)
    const template = await vms.template
    const { functions, others, options } = await first.script.exports()
    first.script.release()
    if (template !== undefined) {
      const guest = JSON.stringify(this.#guestConfiguration())
      this.#firstInit = { template, guest, hasOptions: others.includes('options') || functions.includes('options') }
    }
    this.#builder = undefined
    return {
      functions,
      others,
      options,
      graph: this.#graph.snapshot(),
      files: this.#files.kept,
      sharedArrays: registry.arrays,
      remotes: remotes.found,
      metrics: this.#registry.all(),
    }
  }

  /** Loaded with the first module that is remote. */
  #remoteFetcher(checkModule: (name: string) => void): Pick<RemoteFetcher, 'fetch'> {
    const { moduleBytes, moduleCount } = this.#settings.policy.limits
    let fetcher: Promise<RemoteFetcher> | undefined
    const newFetcher = async () => {
      const { RemoteFetcher, remoteLimits } = await import('../host/remote-modules.js')
      const resolver = new HostResolver({ network: this.#gate.network })
      return new RemoteFetcher(resolver, { ...remoteLimits, moduleBytes, modules: moduleCount }, undefined, checkModule)
    }
    return {
      async fetch(url) {
        fetcher ??= newFetcher()
        return (await fetcher).fetch(url)
      },
    }
  }

  /** The VM of the first init. What the script did wrong there is told as k6 tells it. */
  async #firstVm(vms: VmSource): Promise<MadeVm> {
    try {
      return await vms.newVm(0)
    } catch (e) {
      if (this.#abortText !== undefined) throw new AppError('SCRIPT_ABORTED', this.#abortText)
      throw e instanceof ScriptFailure ? ((await loadError(e.failure, this.#graph!)) ?? e) : e
    }
  }

  /** What follows belongs to a run with these options. */
  async begin(config: RunConfig): Promise<void> {
    await lexerReady
    this.#config = config
    this.#engine = config.engine
    this.#graph = ModuleGraph.restore(config.graph, isNativeModule, (name) => this.#gate.checkModule(name))
    declareModuleMetrics(this.#registry, this.#graph.nativeModules)
    for (const metric of config.optInMetrics) this.#registry.switchOn(metric)
    this.#files = new FileStore(config.files)
    const { options } = config
    this.#runTags = TagSet.from(options.tags)
    const systemTags = new Set<string>(options.systemTags)
    const { limits } = this.#settings.policy
    const sharedArrays = new SharedArrays(this.#sharedArrayLink, limits.sharedArrayBytes, config.sharedArrays)
    const { nextSlotMs, ...http } = httpOptionsOf(options, this.#counters)
    // A check waits for nothing.
    const pace = nextSlotMs === undefined || this.#rehearsal !== undefined ? {} : { nextSlotMs }
    this.#protocols = await newProtocols(this.#graph.nativeModules, limits, {
      grpc: this.#grpcOptions(options),
      http: { ...http, ...pace },
      ...(this.#protocols?.schemas === undefined ? {} : { schemas: this.#protocols.schemas }),
    })
    this.#services = this.#newServices(systemTags, sharedArrays)
    this.#vms = await this.#vmSourceOf(config)
    const stripings = config.scenarios.map((scenario) => iterationStriping(scenario, config.striping))
    this.#home = {
      services: this.#services,
      counters: this.#counters,
      ledger: new VuLedger(config.ledger),
      turns: this.#turns,
      series: config.scenarios.map((scenario) => this.#seriesOf(scenario, systemTags)),
      hasVuMetadata: systemTags.has('vu'),
      hasIterMetadata: systemTags.has('iter'),
      minIterationMs: this.#rehearsal === undefined ? options.minIterationDurationMs : 0,
      scenarios: config.scenarios,
      // A check makes one iteration of each scenario, whose turn has come.
      arrivals: (request) => (this.#rehearsal === undefined ? this.#arrivals(request) : undefined),
      iterationInTest: (scenario, index) => globalIndex(stripings[scenario]!, index),
      newVm: (vu, onInit) => this.#vms!.newVm(vu, onInit),
      setupData: () => this.#setupData,
      // A check has a time of its own for each part.
      maxIterationMs: this.#rehearsal === undefined ? limits.iterationMs : Number.POSITIVE_INFINITY,
      onIterationTimeout: (vu) => this.#iterationTimeout(vu),
      onFailure: (failure, scenario) => this.#logFailure(failure, scenario),
      onVmLost: (vu, error) => this.#vmLost(vu, error),
    }
  }

  #seriesOf(scenario: ScenarioConfig, systemTags: ReadonlySet<string>): IterationSeries {
    let tags = this.#runTags.withAll(scenario.tags)
    if (systemTags.has('group')) tags = tags.with('group', '')
    if (systemTags.has('scenario')) tags = tags.with('scenario', scenario.name)
    return new IterationSeries(tags, this.#samples, this.#registry)
  }

  #grpcOptions(options: ConsolidatedOptions): GrpcOptions {
    const grpc = grpcOptionsOf(options)
    const rehearsal = this.#rehearsal
    const resolver = {
      ...grpc.resolver,
      network: this.#gate.network,
      ...(rehearsal === undefined ? {} : { onClosed: (target: string) => rehearsal.leftOut(target) }),
    }
    const { grpcTransport } = this.#settings
    return { ...grpc, ...(grpcTransport === undefined ? {} : { transport: grpcTransport }), resolver }
  }

  /** What follows goes on where a thread that was lost had to stop. */
  restore({ vus, retired, losses, startTimeMs, setupData }: Restoration): void {
    this.#startTimeMs = startTimeMs
    this.#setupData = setupData
    for (const id of vus) this.#vus.set(id, new VirtualUser(id, this.#home!))
    for (const id of retired) this.#vus.get(id)?.retire()
    for (const [id, count] of losses) this.#losses.set(id, count)
  }

  async initVu(id: number): Promise<void> {
    const vu = new VirtualUser(id, this.#home!)
    this.#vus.set(id, vu)
    try {
      await vu.init()
    } catch (e) {
      this.#vus.delete(id)
      throw e
    }
    this.#counters.add('initializedVus', 1)
  }

  start(timeMs: number): void {
    this.#startTimeMs = timeMs
  }

  setSetupData(json: string | undefined): void {
    this.#setupData = json
  }

  stage(request: StageRequest): Promise<StageResult> {
    const services = this.#services!
    const { rehearsal } = services
    if (rehearsal !== undefined) rehearsal.during = `${request.name}()`
    this.#stage = new ThreadStage(services, this.#runTags)
    return this.#stage.run(request, () => this.#vms!.newVm(0))
  }

  loop(request: LoopRequest): Promise<number> {
    if (this.#rehearsal !== undefined) {
      this.#rehearsal.during = `scenario ${JSON.stringify(this.#config!.scenarios[request.scenario]!.name)}`
    }
    return this.#vu(request.vu).loop(request)
  }

  stopLoop(id: number): void {
    this.#vu(id).stopLoop()
  }

  interruptVu(id: number): void {
    this.#vus.get(id)?.interrupt()
  }

  interruptStage(): void {
    this.#stage?.interrupt()
  }

  /** True for a call that ends what the script of VU `busy` (0: a stage) is doing at this moment. */
  endsAtOnce({ name, argument }: Pick<CallMessage, 'name' | 'argument'>, busy: number): boolean {
    if (name === 'interruptStage') return busy === 0 && this.#stage !== undefined
    return name === 'interruptVu' && argument === busy
  }

  sharedArray(answer: SharedArrayAnswer): void {
    this.#sharedArrayLink.onAnswer(answer)
  }

  giveSecret(answer: SecretAnswer): void {
    this.#secrets.answer(answer)
  }

  finish(): void {
    for (const vu of this.#vus.values()) vu.close()
    this.flush()
    // What was dropped and is not told yet.
    this.#sendSamples()
  }

  #tick(): void {
    this.#heartbeat.beat()
    this.flush()
  }

  /** Hands over what waits: the log first, so that a line is not told after what it led to. */
  flush(): void {
    if (this.#lines.length > 0) {
      this.#send({ kind: 'log', lines: this.#lines })
      this.#lines = []
    }
    const refusals = this.#trail.take()
    if (refusals !== undefined) this.#send({ kind: 'audit', ...refusals })
    this.#flushSamples()
  }

  #flushSamples(): void {
    if (this.#counters.get('samplesUnderWay') > maxSamplesUnderWay) this.#samples.drop()
    else this.#sendSamples()
  }

  #sendSamples(): void {
    const { size } = this.#samples
    const batch: SampleBatch | undefined = this.#samples.take()
    if (batch === undefined) return
    this.#counters.add('samplesUnderWay', size)
    this.#send({ kind: 'samples', batch }, [batch.samples.buffer])
  }

  /** An error of ours that came from nowhere in particular. */
  reportInternal(e: unknown): void {
    const { message } = carry(e)
    this.#log({ level: 'error', msg: `internal error: ${message}`, fields: {}, timeMs: this.#now() })
  }

  /** The queue of this thread's VUs for the arrivals of a scenario; undefined for a scenario that has none. */
  #arrivals({ scenario, scenarioStartMs, endTimeMs }: LoopRequest): ArrivalQueue | undefined {
    const found = this.#queues.get(scenario)
    if (found !== undefined) return found
    const { scenarios, striping } = this.#config!
    const config = scenarios[scenario]!
    if (!('maxVUs' in config)) return undefined
    const times = { scenario, startTimeMs: scenarioStartMs, endTimeMs, lastStartMs: lastStartMs(config, endTimeMs) }
    const ticks = arrivalTicks(config, striping)
    const queue = new ArrivalQueue(times, ticks, this.#counters, () => this.#now(), this.#home!.ledger)
    this.#queues.set(scenario, queue)
    return queue
  }

  #vu(id: number): VirtualUser {
    const vu = this.#vus.get(id)
    if (vu === undefined) throw new AppError('INTERNAL', `VU ${id} is not in this thread`)
    return vu
  }

  #now(): number {
    return timeOriginMs + performance.now()
  }

  #warn(msg: string, fields: Record<string, string> = {}): void {
    this.#log({ level: 'warning', msg, fields, timeMs: this.#now() })
  }

  #log(line: LogLine): void {
    const { limits } = this.#settings.policy
    const cut = { ...line, msg: cutLine(line.msg, limits.logLineBytes) }
    const dropped = this.#console.take(cut)
    if (dropped === undefined) this.#lines.push(cut)
    else if (dropped.isFirst) this.#lines.push(this.#dropWarning(dropped.limit))
    if (this.#lines.length >= maxWaitingLines) this.flush()
  }

  #dropWarning(limit: ConsoleLimit): LogLine {
    const most = this.#settings.policy.limits[limit]
    const what = limit === 'consoleBytes' ? `${most} bytes` : `${most} lines within a second`
    const msg = `console lines are dropped from now on: there were more than ${what} (limit ${limit})`
    return { level: 'warning', msg, fields: {}, timeMs: this.#now() }
  }

  /** The VMs of the run. Where the options changed nothing of what init code may see, they are copies of the first one. */
  #vmSourceOf({ copiesVms, vms }: RunConfig): Promise<VmSource> {
    const first = this.#firstInit
    this.#firstInit = undefined
    const isAsFirst = first?.guest === JSON.stringify(this.#guestConfiguration())
    if (!copiesVms || first === undefined || !isAsFirst) return this.#vmSource(copiesVms && vms > 1)
    return this.#vmSource(true, first)
  }

  async #vmSource(copies: boolean, first?: { template: VmTemplate; hasOptions: boolean }): Promise<VmSource> {
    const services = this.#services!
    const graph = this.#graph!
    const place = ({ id }: VuContext): VmPlace => ({
      pulse: this.#heartbeat.pulse(id, () => this.#samples.size),
      turns: this.#turns,
      ...(this.#engine === undefined ? {} : { engine: this.#engine }),
    })
    const modules = await hostModulesFor(graph.nativeModules)
    return new VmSource(
      {
        context: (id) => new VuContext(id, services, new TaskQueue(), this.#protocols!),
        initialized: (context, modules) => this.#initialized(context, modules, place(context)),
        copied: (context, image) => {
          const script = ScriptVm.fromImage(context, graph, image, modules, place(context))
          // Without `first`, the VM of the image has its options.
          return first?.hasOptions ? this.#withOptions(script) : script
        },
      },
      modules,
      copies,
      first?.template,
    )
  }

  async #initialized(context: VuContext, modules: ScriptModules, place: VmPlace): Promise<ScriptVm> {
    try {
      const configuration = this.#guestConfiguration()
      return await this.#withOptions(await ScriptVm.create(context, this.#graph!, configuration, modules, place))
    } catch (e) {
      context.services.sharedArrays.abandon(context)
      throw e
    }
  }

  /** The script then sees what the command made of its options. */
  async #withOptions(script: ScriptVm): Promise<ScriptVm> {
    try {
      if (this.#config !== undefined) await script.enter('setOptions', JSON.stringify(this.#config.specifiedOptions))
      return script
    } catch (e) {
      script.release()
      throw e
    }
  }

  #guestConfiguration() {
    const options = this.#config?.options
    return {
      env: Object.fromEntries(this.#settings.env),
      systemTags: [...(options?.systemTags ?? defaultSystemTags)],
      tags: Object.fromEntries(options?.tags ?? []),
      throwOnWarnings: options?.throw ?? false,
      isRehearsal: this.#rehearsal !== undefined,
      isBaseMode: this.#settings.isBaseMode,
      freezesEnv: this.#settings.freezesEnv,
    }
  }

  #newServices(systemTags: ReadonlySet<string>, sharedArrays: SharedArrays): ThreadServices {
    const graph = () => this.#graph!
    const scriptFolder = isRemote(graph().mainUrl) ? process.cwd() : dirname(pathOfUrl(graph().mainUrl))
    // A stranger is told of no place that their script has not named.
    const hidesPaths = this.#settings.policy.profile === 'untrusted'
    return {
      limits: this.#settings.policy.limits,
      gate: this.#gate,
      samples: this.#samples,
      registry: this.#registry,
      sharedArrays,
      systemTags,
      ...(this.#rehearsal === undefined ? {} : { rehearsal: this.#rehearsal }),
      scriptFolder,
      shownPath: (absolutePath) => (hidesPaths ? relative(scriptFolder, absolutePath) : absolutePath),
      secret: (source, key) =>
        this.#rehearsal === undefined ? this.#secrets.ask(source, key) : Promise.resolve(rehearsedSecret(key)),
      onInternalError: (e) => this.reportInternal(e),
      onPoll: (vu) => {
        this.#poll(vu)
        this.#vus.get(vu)?.poll()
      },
      log: (line) => this.#log(line),
      readFile: (path, base, writtenIn) => {
        const found = openedFile(graph().mainUrl, path, base, writtenIn)
        if (found.warning !== undefined && this.#builder !== undefined) this.#warn(found.warning)
        const shownPath = hidesPaths ? path : found.path
        return { absolutePath: found.path, shownPath, bytes: this.#files.read(found.path, shownPath) }
      },
      resolveModule: (base, specifier) => {
        const from = base === '' ? graph().mainUrl : base
        const asFound = (name: string) => ({ name, format: graph().formatOf(name) })
        const name = graph().resolve(from, specifier, true)
        const isNew = this.#builder !== undefined && isModuleUrl(name) && graph().find(name) === undefined
        return isNew ? this.#builder!.demand(from, specifier).then(asFound) : asFound(name)
      },
      jsonText: (url) => graph().module(url).source,
      resolveUrl: (base, specifier) => graph().resolve(base, specifier),
      now: () => this.#now(),
      ...this.#requestPace(),
      onTestEnd: (what, text) => {
        if (this.#rehearsal !== undefined && this.#config !== undefined) {
          this.#rehearsal.gaveUp(`exec.test.${what}()`, text, '')
          return
        }
        const told = cutLine(text, this.#settings.policy.limits.logLineBytes)
        if (what === 'abort') this.#abortText ??= told
        else this.#log({ level: 'error', msg: told, fields: {}, timeMs: this.#now() })
        // Once failed, the run stays it, however often it is said.
        if (what === 'fail' && this.#hasFailed) return
        this.#hasFailed ||= what === 'fail'
        this.flush()
        this.#send({ kind: 'testEnd', what, text: told })
      },
      idInTest: (id) => (id === 0 || this.#config === undefined ? id : globalIndex(this.#config.striping, id - 1) + 1),
      executionInfo: (vu) =>
        executionInfo(vu, {
          counters: this.#counters,
          config: this.#config,
          startTimeMs: this.#startTimeMs,
          nowMs: this.#now(),
        }),
    }
  }

  /** The pace of the limit `requestsPerSecond`, which all threads keep together. A check makes no requests. */
  #requestPace(): Pick<ThreadServices, 'nextRequestMs'> {
    const { requestsPerSecond } = this.#settings.policy.limits
    if (requestsPerSecond === Number.POSITIVE_INFINITY || this.#rehearsal !== undefined) return {}
    return { nextRequestMs: () => this.#counters.nextSlot(this.#now(), 1000 / requestsPerSecond, 'policy') }
  }

  #logFailure(failure: GuestFailure, scenario: ScenarioConfig): void {
    if (this.#rehearsal !== undefined) {
      this.#rehearsal.threw(failure)
      return
    }
    const fields: Record<string, string> = { executor: scenario.executor, scenario: scenario.name }
    if (!failure.isFromPromise) {
      fields.hint = 'script exception'
      fields.source = 'stacktrace'
    }
    this.#log({ level: 'error', msg: failureMessage(failure), fields, timeMs: this.#now() })
  }

  #iterationTimeout(vu: number): void {
    const reason = `its iteration took more than ${this.#settings.policy.limits.iterationMs} ms (limit iterationMs)`
    this.#log({
      level: 'error',
      msg: `VU ${vu} was interrupted: ${reason}`,
      fields: { code: 'LIMIT_TIME' },
      timeMs: this.#now(),
    })
  }

  #vmLost(vu: number, error: unknown): boolean {
    if (this.#rehearsal !== undefined) {
      if (error instanceof ScriptFailure) this.#rehearsal.threw(error.failure)
      else this.#rehearsal.find('error', isAppError(error) ? error.message : 'internal error', '')
      return false
    }
    const count = (this.#losses.get(vu) ?? 0) + 1
    this.#losses.set(vu, count)
    const isLast =
      count >= this.#settings.policy.limits.vmLosses || error instanceof ScriptFailure || !isAppError(error)
    this.flush()
    this.#send({ kind: 'vmLost', error: carry(error), vu, isLast })
    return !isLast
  }
}
