/** One VU in its thread: its VM, which may be replaced when it dies, and its iterations with their metrics. */
import { performance } from 'node:perf_hooks'
import { AppError, isAppError } from '../errors.js'
import { longestTimerMs } from '../host/longest-timer.js'
import type { IterationInfo, ThreadServices, VuContext } from '../host/vu-context.js'
import { TagSet } from '../metrics/tag-set.js'
import type { GuestFailure, Outcome } from '../runtime/event-loop.js'
import type { ArrivalQueue } from './arrival-queue.js'
import { IterationSeries } from './iteration-series.js'
import type { LoopTurns } from './loop-turns.js'
import type { ScenarioConfig } from './options/scenario.js'
import type { ScriptVm } from './script-vm.js'
import type { SharedCounters } from './shared-counters.js'
import type { LoopRequest } from './thread-protocol.js'
import type { MadeVm, OnInit } from './vm-source.js'
import { type VuLedger, vuState } from './vu-ledger.js'

/** What a VU needs from its thread. */
export interface VuHome {
  readonly services: ThreadServices
  readonly counters: SharedCounters
  readonly ledger: VuLedger
  readonly turns: LoopTurns
  /** For each scenario, those with the tags that its VUs have while no script changes them. */
  readonly series: readonly IterationSeries[]
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
  newVm(vu: number, onInit?: OnInit): Promise<MadeVm>
  setupData(): string | undefined
  onFailure(failure: GuestFailure, scenario: ScenarioConfig): void
  /** An iteration was ended because it took longer than `iterationMs`. */
  onIterationTimeout(vu: number): void
  /** Milliseconds that an iteration may take. */
  readonly maxIterationMs: number
  /** A VM died; true when the VU may have another. */
  onVmLost(vu: number, error: unknown): boolean
}

/** What is added to the clock of `performance` makes milliseconds since 1970. */
const timeOriginMs = performance.timeOrigin

/** The scenario that a VU iterates for, with what stays the same from one iteration to the next. */
interface Work {
  readonly index: number
  readonly config: ScenarioConfig
  readonly series: IterationSeries
  readonly info: IterationInfo
}

export class VirtualUser {
  readonly id: number
  readonly #home: VuHome
  #context: VuContext | undefined
  #script: ScriptVm | undefined
  /** Of a VM that is being made in place of one that was lost. */
  #replacing: VuContext | undefined
  #scenario = -1
  #hasSetupData = false
  #iterations = 0
  #iterationsInScenario = new Map<number, number>()
  #isRetired = false
  #isStopping = false
  #isInterrupted = false
  #isInIteration = false
  /** When the last iteration ended, or was to begin, by the clock of `performance`. */
  #endedAtMs = 0
  /** When the present iteration is to be over. */
  #iterationEndMs = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #arrivals: ArrivalQueue | undefined
  #wakePadding: (() => void) | undefined
  /** Those of its iterations while the script has changed its tags. */
  #ownSeries: IterationSeries | undefined

  constructor(id: number, home: VuHome) {
    this.id = id
    this.#home = home
  }

  /** Runs the init code, unless it has run. */
  async init(onInit?: OnInit): Promise<void> {
    if (this.#script !== undefined) return
    const { context, script } = await this.#home.newVm(this.id, onInit)
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
    this.#recall(request)
    this.#arrivals = this.#home.arrivals(request)
    if (this.#isRetired && !request.before?.hasTurn) this.#arrivals?.giveUp(this.id)
    try {
      return await this.#iterationsOf(request)
    } finally {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
  }

  async #iterationsOf(request: LoopRequest): Promise<number> {
    const { counters, ledger, turns } = this.#home
    const work = this.#workOf(request)
    const endTimeMs = request.endTimeMs - timeOriginMs
    let begun = request.before?.begun ?? 0
    let hasTurn = request.before?.hasTurn ?? false
    let isFirst = !hasTurn
    if (!this.#isReady(work)) await turns.start()
    while (!this.#isStopping && !this.#isInterrupted) {
      if (this.#arrivals !== undefined && !hasTurn && !(await this.#arrivals.turn(this.id, isFirst))) break
      hasTurn = false
      isFirst = false
      if (request.iterations !== undefined && begun >= request.iterations) break
      const nowMs = performance.now()
      // An arrival that was due before the end may be late.
      if (this.#arrivals === undefined && nowMs >= endTimeMs) break
      const index = counters.addFor(request.scenario, 'started', 1)
      if (request.sharedIterations !== undefined && index >= request.sharedIterations) {
        counters.addFor(request.scenario, 'started', -1)
        break
      }
      begun++
      ledger.setTurn(this.id, false)
      ledger.setBegun(this.id, begun)
      // Also after one that did not wait, so that the VUs of a thread take turns.
      await this.#iterate(work, index, nowMs)
      if (turns.isOver(this.#endedAtMs)) await new Promise<void>((resolve) => turns.next(resolve))
    }
    return begun
  }

  #workOf({ scenario, scenarioStartMs }: LoopRequest): Work {
    const config = this.#home.scenarios[scenario]!
    const info = {
      scenario: config.name,
      executor: config.executor,
      scenarioStartMs,
      iterationInScenario: 0,
      iterationInInstance: 0,
      scenarioIterationInInstance: 0,
      scenarioIterationInTest: 0,
    }
    return { index: scenario, config, series: this.#home.series[scenario]!, info }
  }

  /** What this VU has made in a thread that was lost counts on. */
  #recall({ before, scenario }: LoopRequest): void {
    if (before === undefined) return
    this.#iterations = Math.max(this.#iterations, before.iterations + before.begun)
    const inScenario = Math.max(this.#iterationsInScenario.get(scenario) ?? 0, before.inScenario + before.begun)
    this.#iterationsInScenario.set(scenario, inScenario)
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
    this.#replacing?.interrupt()
    this.#replacing?.endWaits()
    this.#replacing?.tasks.interrupt()
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

  /** One iteration. It is over when this returns, or the promise is there for those that have to wait. */
  #iterate(work: Work, number: number, nowMs: number): undefined | Promise<void> {
    this.#home.ledger.set(this.id, vuState.iterating)
    this.#home.counters.beginIteration(work.index)
    let done: boolean | Promise<boolean> = false
    try {
      done = this.#isReady(work) ? this.#run(work, number, nowMs) : this.#prepareAndRun(work, number)
    } finally {
      if (!(done instanceof Promise)) this.#account(work, done)
    }
    return done instanceof Promise ? this.#accountLater(work, done) : undefined
  }

  async #accountLater(work: Work, done: Promise<boolean>): Promise<void> {
    let isComplete = false
    try {
      isComplete = await done
    } finally {
      this.#account(work, isComplete)
    }
  }

  #account({ index }: Work, isComplete: boolean): void {
    this.#home.counters.endIteration(index, isComplete)
    this.#home.ledger.set(this.id, vuState.between)
  }

  #isReady({ index }: Work): boolean {
    return this.#script !== undefined && this.#hasSetupData && this.#scenario === index
  }

  async #prepareAndRun(work: Work, number: number): Promise<boolean> {
    try {
      await this.init((context) => {
        this.#replacing = context
        if (this.#isInterrupted) throw new AppError('SCRIPT_ABORTED', 'the VU was interrupted before its init code')
      })
      await this.#activate(work)
    } catch (e) {
      if (!this.#isInterrupted || !isAppError(e, 'SCRIPT_ABORTED')) return this.#lost(e)
    } finally {
      // One that was interrupted may have left out anything.
      if (this.#isInterrupted && this.#replacing !== undefined) this.#drop()
      this.#replacing = undefined
    }
    if (this.#isInterrupted) {
      this.#endedAtMs = performance.now()
      return false
    }
    return this.#run(work, number, performance.now())
  }

  /** True for an iteration that came to its end. */
  #run(work: Work, number: number, beginMs: number): boolean | Promise<boolean> {
    const script = this.#script!
    const context = this.#context!
    const { info } = work
    info.iterationInScenario = this.#iterationsInScenario.get(work.index) ?? 0
    info.iterationInInstance = this.#iterations
    info.scenarioIterationInInstance = number
    info.scenarioIterationInTest = this.#home.iterationInTest(work.index, number)
    context.iteration = info
    if (this.#home.hasVuMetadata || this.#home.hasIterMetadata) context.setSystemMetadata(this.#metadata())
    context.beginIteration()
    this.#isInIteration = true
    this.#watch(beginMs)
    try {
      const outcome = script.iteration(work.config.exec, this.#iterations)
      return outcome instanceof Promise
        ? this.#finishLater(work, outcome, beginMs)
        : this.#finish(work, outcome, beginMs)
    } catch (e) {
      return this.#died(work, e)
    }
  }

  async #finishLater(work: Work, outcome: Promise<Outcome>, beginMs: number): Promise<boolean> {
    try {
      return await this.#finish(work, await outcome, beginMs)
    } catch (e) {
      return this.#died(work, e)
    }
  }

  #finish(work: Work, outcome: Outcome, beginMs: number): boolean | Promise<boolean> {
    const context = this.#context!
    const endMs = performance.now()
    this.#endedAtMs = endMs
    this.#count(work)
    if (outcome.kind === 'failed') this.#home.onFailure(outcome.failure, work.config)
    const isComplete = outcome.kind !== 'interrupted' || context.hasAborted
    const series = this.#seriesOf(work)
    // An iteration that was interrupted has the samples of the network alone.
    series.addTraffic(context.takeTraffic(), context.metadata, timeOriginMs + endMs)
    if (isComplete) series.addIteration(endMs - beginMs, context.metadata, timeOriginMs + endMs)
    // The run is over for this VU; the others are told by the main thread.
    if (context.hasAborted) this.#isStopping = true
    if (isComplete && this.#home.minIterationMs > endMs - beginMs) return this.#pad(endMs - beginMs)
    return isComplete
  }

  #died(work: Work, error: unknown): boolean {
    this.#count(work)
    return this.#lost(error)
  }

  #count({ index }: Work): void {
    if (!this.#isInIteration) return
    this.#isInIteration = false
    this.#iterations++
    this.#iterationsInScenario.set(index, (this.#iterationsInScenario.get(index) ?? 0) + 1)
  }

  #seriesOf(work: Work): IterationSeries {
    const { tags } = this.#context!
    if (tags === undefined) return work.series
    if (this.#ownSeries?.tags !== tags) {
      const { samples, registry } = this.#home.services
      this.#ownSeries = new IterationSeries(tags, samples, registry)
    }
    return this.#ownSeries!
  }

  /** Has the iteration ended when its time is over. One timer serves many, as most end long before. */
  #watch(beginMs: number): void {
    const { maxIterationMs } = this.#home
    this.#iterationEndMs = beginMs + maxIterationMs
    if (this.#timer === undefined && maxIterationMs <= longestTimerMs) this.#startTimer(maxIterationMs)
  }

  #startTimer(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (!this.#isInIteration) return
      const restMs = this.#iterationEndMs - performance.now()
      if (restMs <= 0) this.#endIteration()
      else this.#startTimer(restMs)
    }, ms)
  }

  #metadata(): TagSet {
    const tags: [string, string][] = []
    if (this.#home.hasIterMetadata) tags.push(['iter', String(this.#iterations)])
    if (this.#home.hasVuMetadata) tags.push(['vu', String(this.id)])
    return TagSet.from(tags)
  }

  /** Gives the script the tags and the environment of the scenario, and what setup() returned. */
  async #activate({ index, config: scenario }: Work): Promise<void> {
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

  /** Waits out the option minIterationDuration. */
  async #pad(durationMs: number): Promise<true> {
    const restMs = this.#home.minIterationMs - durationMs
    if (this.#isInterrupted) return true
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(restMs, longestTimerMs))
      this.#wakePadding = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wakePadding = undefined
    return true
  }

  #drop(): void {
    this.#context?.endWaits()
    this.#context?.tasks.clear()
    this.#context?.close()
    this.#script?.release()
    this.#script = undefined
    this.#context = undefined
  }

  /** The VM died, or its init code failed: drops it. The next iteration gets a new one, or the loop ends. */
  #lost(error: unknown): boolean {
    this.#endedAtMs = performance.now()
    this.#drop()
    if (!this.#home.onVmLost(this.id, error)) this.#isStopping = true
    if (!isAppError(error)) throw error
    return false
  }
}
