/** One VU in its thread: its VM, which may be replaced when it dies, and its iterations with their metrics. */
import { performance } from 'node:perf_hooks'
import { isAppError } from '../errors.js'
import { longestTimerMs } from '../host/longest-timer.js'
import type { ThreadServices, VuContext } from '../host/vu-context.js'
import { TagSet } from '../metrics/tag-set.js'
import type { GuestFailure } from '../runtime/event-loop.js'
import type { ArrivalQueue } from './arrival-queue.js'
import type { ScenarioConfig } from './options/scenario.js'
import type { ScriptVm } from './script-vm.js'
import type { SharedCounters } from './shared-counters.js'
import type { LoopRequest } from './thread-protocol.js'
import { type VuLedger, vuState } from './vu-ledger.js'

/** What a VU needs from its thread. */
export interface VuHome {
  readonly services: ThreadServices
  readonly counters: SharedCounters
  readonly ledger: VuLedger
  readonly runTags: TagSet
  /** vu and iter are metadata of each sample when they are switched on. */
  readonly hasVuMetadata: boolean
  readonly hasIterMetadata: boolean
  readonly minIterationMs: number
  readonly scenarios: readonly ScenarioConfig[]
  /** Where VUs of an arrival-rate scenario wait for their turn; undefined in other scenarios. */
  arrivals(request: LoopRequest): ArrivalQueue | undefined
  /** The number in the whole test of this segment's iteration `index`. */
  iterationInTest(scenario: number, index: number): number
  /** A VM with the script in it. */
  newVm(vu: number): Promise<{ context: VuContext; script: ScriptVm }>
  setupData(): string | undefined
  onFailure(failure: GuestFailure, scenario: ScenarioConfig): void
  /** An iteration was ended because it took longer than `iterationMs`. */
  onIterationTimeout(vu: number): void
  /** Milliseconds that an iteration may take. */
  readonly maxIterationMs: number
  /** A VM died; true when the VU may have another. */
  onVmLost(vu: number, error: unknown): boolean
}

const longestTurnMs = 5

export class VirtualUser {
  readonly id: number
  readonly #home: VuHome
  #context: VuContext | undefined
  #script: ScriptVm | undefined
  #scenario = -1
  #hasSetupData = false
  #iterations = 0
  #iterationsInScenario = new Map<number, number>()
  #isRetired = false
  #isStopping = false
  #isInterrupted = false
  #isInIteration = false
  #gaveWayAtMs = 0
  /** When the present iteration is to be over, by the clock of `performance`. */
  #iterationEndMs = Number.POSITIVE_INFINITY
  #arrivals: ArrivalQueue | undefined
  #wakePadding: (() => void) | undefined

  constructor(id: number, home: VuHome) {
    this.id = id
    this.#home = home
  }

  /** Runs the init code, unless it has run. */
  async init(): Promise<void> {
    if (this.#script !== undefined) return
    const { context, script } = await this.#home.newVm(this.id)
    this.#context = context
    this.#script = script
    this.#scenario = -1
    this.#hasSetupData = false
  }

  /** No further iteration, whoever asks for one. */
  retire(): void {
    this.#isRetired = true
  }

  /** Iterations until one of the request's limits; returns how many were begun. */
  async loop(request: LoopRequest): Promise<number> {
    this.#isStopping = this.#isRetired
    this.#isInterrupted = false
    let begun = request.before?.begun ?? 0
    this.#recall(request)
    const { counters, ledger, services } = this.#home
    this.#arrivals = this.#home.arrivals(request)
    let hasTurn = request.before?.hasTurn ?? false
    let isFirst = !hasTurn
    if (this.#isRetired && isFirst) this.#arrivals?.giveUp(this.id)
    while (!this.#isStopping && !this.#isInterrupted) {
      if (this.#arrivals !== undefined && !hasTurn && !(await this.#arrivals.turn(this.id, isFirst))) break
      hasTurn = false
      isFirst = false
      if (request.iterations !== undefined && begun >= request.iterations) break
      // An arrival that was due before the end may be late.
      if (this.#arrivals === undefined && services.now() >= request.endTimeMs) break
      const index = counters.addFor(request.scenario, 'started', 1)
      if (request.sharedIterations !== undefined && index >= request.sharedIterations) {
        counters.addFor(request.scenario, 'started', -1)
        break
      }
      begun++
      ledger.setTurn(this.id, false)
      ledger.setBegun(this.id, begun)
      await this.#iterate(request, index)
      await this.#giveWay()
    }
    return begun
  }

  /** What this VU has made in a thread that was lost counts on. */
  #recall({ before, scenario }: LoopRequest): void {
    if (before === undefined) return
    this.#iterations = Math.max(this.#iterations, before.iterations + before.begun)
    const inScenario = Math.max(this.#iterationsInScenario.get(scenario) ?? 0, before.inScenario + before.begun)
    this.#iterationsInScenario.set(scenario, inScenario)
  }

  /** Iterations that wait for nothing must not keep messages, timers and other VUs of the thread from their turn. */
  async #giveWay(): Promise<void> {
    if (performance.now() - this.#gaveWayAtMs < longestTurnMs) return
    await new Promise((resolve) => setImmediate(resolve))
    this.#gaveWayAtMs = performance.now()
  }

  stopLoop(): void {
    this.#isStopping = true
    this.#arrivals?.leave(this.id)
  }

  /** Ends the iteration at once, and the loop with it. */
  interrupt(): void {
    this.#isStopping = true
    this.#isInterrupted = true
    this.#wakePadding?.()
    this.#arrivals?.leave(this.id)
    if (this.#isInIteration) this.#script?.interrupt()
  }

  /** Looks whether the iteration has had its time: its script leaves no turn to a timer while it computes. */
  poll(): void {
    if (performance.now() >= this.#iterationEndMs) this.#endIteration()
  }

  #endIteration(): void {
    if (!this.#isInIteration) return
    this.#iterationEndMs = Number.POSITIVE_INFINITY
    this.#home.onIterationTimeout(this.id)
    this.#script?.interrupt()
  }

  close(): void {
    this.#context?.close()
  }

  async #iterate(request: LoopRequest, index: number): Promise<boolean> {
    const { counters, ledger } = this.#home
    ledger.set(this.id, vuState.iterating)
    counters.add('activeVus', 1)
    counters.addFor(request.scenario, 'active', 1)
    let isComplete = false
    try {
      isComplete = await this.#attempt(request, index)
    } finally {
      counters.add('activeVus', -1)
      counters.addFor(request.scenario, 'active', -1)
      const result = isComplete ? 'completed' : 'interrupted'
      counters.add(result, 1)
      counters.addFor(request.scenario, result, 1)
      ledger.set(this.id, vuState.between)
    }
    return isComplete
  }

  async #attempt(request: LoopRequest, index: number): Promise<boolean> {
    const scenario = this.#home.scenarios[request.scenario]!
    try {
      await this.init()
      await this.#activate(request.scenario, scenario)
    } catch (e) {
      return this.#lost(e)
    }
    const script = this.#script!
    const context = this.#context!
    const inScenario = this.#iterationsInScenario.get(request.scenario) ?? 0
    context.iteration = {
      scenario: scenario.name,
      executor: scenario.executor,
      scenarioStartMs: request.scenarioStartMs,
      iterationInScenario: inScenario,
      iterationInInstance: this.#iterations,
      scenarioIterationInInstance: index,
      scenarioIterationInTest: this.#home.iterationInTest(request.scenario, index),
    }
    if (this.#home.hasVuMetadata || this.#home.hasIterMetadata) context.setSystemMetadata(this.#metadata())
    context.http.renew()
    const begin = performance.now()
    this.#isInIteration = true
    const timer = this.#startTimer(begin)
    try {
      const outcome = await script.iteration(scenario.exec, this.#iterations)
      this.#isInIteration = false
      const durationMs = performance.now() - begin
      if (outcome.kind === 'failed') this.#home.onFailure(outcome.failure, scenario)
      const isComplete = outcome.kind !== 'interrupted' || context.hasAborted
      this.#emit(scenario, durationMs, isComplete)
      // The run is over for this VU; the others are told by the main thread.
      if (context.hasAborted) this.#isStopping = true
      if (!isComplete) return false
      await this.#pad(durationMs)
      return true
    } catch (e) {
      this.#isInIteration = false
      return this.#lost(e)
    } finally {
      clearTimeout(timer)
      this.#iterations++
      this.#iterationsInScenario.set(request.scenario, inScenario + 1)
    }
  }

  #startTimer(beginMs: number): NodeJS.Timeout | undefined {
    const { maxIterationMs } = this.#home
    this.#iterationEndMs = beginMs + maxIterationMs
    return maxIterationMs > longestTimerMs ? undefined : setTimeout(() => this.#endIteration(), maxIterationMs)
  }

  #metadata(): TagSet {
    const tags: [string, string][] = []
    if (this.#home.hasIterMetadata) tags.push(['iter', String(this.#iterations)])
    if (this.#home.hasVuMetadata) tags.push(['vu', String(this.id)])
    return TagSet.from(tags)
  }

  /** Gives the script the tags and the environment of the scenario, and what setup() returned. */
  async #activate(index: number, scenario: ScenarioConfig): Promise<void> {
    const script = this.#script!
    if (!this.#hasSetupData) {
      this.#hasSetupData = true
      await script.enter('setupData', this.#home.setupData())
    }
    if (this.#scenario === index) return
    this.#scenario = index
    this.#context!.tags = undefined
    const { systemTags } = this.#home.services
    const tags: [string, string][] = [...scenario.tags]
    if (systemTags.has('group')) tags.push(['group', ''])
    if (systemTags.has('scenario')) tags.push(['scenario', scenario.name])
    await script.enter(
      'activate',
      'vu',
      JSON.stringify(Object.fromEntries(tags)),
      JSON.stringify(Object.fromEntries(scenario.env)),
    )
  }

  /** The samples that every iteration has. An interrupted one has only those of the network. */
  #emit(scenario: ScenarioConfig, durationMs: number, isComplete: boolean): void {
    const { services } = this.#home
    const { samples, registry } = services
    const context = this.#context!
    const time = services.now()
    const tags = context.tags ?? this.#iterationTags(scenario)
    const add = (name: string, value: number) => {
      const metric = registry.get(name)
      if (metric !== undefined) samples.add(samples.series(metric, tags, context.metadata), time, value)
    }
    const traffic = context.takeTraffic()
    add('data_sent', traffic.sentBytes)
    add('data_received', traffic.receivedBytes)
    if (!isComplete) return
    add('iteration_duration', durationMs)
    add('iterations', 1)
  }

  #tagsOf = new Map<string, TagSet>()

  #iterationTags(scenario: ScenarioConfig): TagSet {
    let tags = this.#tagsOf.get(scenario.name)
    if (tags === undefined) {
      const { systemTags } = this.#home.services
      tags = this.#home.runTags.withAll(scenario.tags)
      if (systemTags.has('group')) tags = tags.with('group', '')
      if (systemTags.has('scenario')) tags = tags.with('scenario', scenario.name)
      this.#tagsOf.set(scenario.name, tags)
    }
    return tags
  }

  /** Waits out the option minIterationDuration. */
  async #pad(durationMs: number): Promise<void> {
    const restMs = this.#home.minIterationMs - durationMs
    if (restMs <= 0 || this.#isInterrupted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(restMs, longestTimerMs))
      this.#wakePadding = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wakePadding = undefined
  }

  /** The VM died, or its init code failed: drops it. The next iteration gets a new one, or the loop ends. */
  #lost(error: unknown): boolean {
    this.#context?.abort.abort()
    this.#context?.tasks.clear()
    this.#context?.close()
    this.#script = undefined
    this.#context = undefined
    if (!this.#home.onVmLost(this.id, error)) this.#isStopping = true
    if (!isAppError(error)) throw error
    return false
  }
}
