/**
 * One sealed JavaScript VM: a WebAssembly instance with one QuickJS runtime and context, entered only through `enter`,
 * which counts CPU time, and left only through the operations it was given. Knows nothing of k6.
 *
 * Rules that it keeps (each measured, see docs/vm.md): one suspension at a time; a suspended VM is never entered; a VM
 * that hit a limit, trapped or aborted is dead for good and only dropped, never disposed.
 */
import { performance } from 'node:perf_hooks'
import { AppError, type ErrorCode } from '../errors.js'
import type { Limits } from '../policy/limits.js'
import { CpuClock } from './cpu-clock.js'
import { cellBytes, maxArguments, scratch } from './engine-program.js'
import { type EngineSeats, type ParkedVm, type Seat, type SeatHolder, seatsOf } from './engine-seats.js'
import { findStripFlags, keepSources } from './function-sources.js'
import { GuestError, guestErrorOf } from './guest-error.js'
import type { HostModule, Operation } from './host-module.js'
import type { Crossing, ValueReader } from './js-value.js'
import type { MemoryImage } from './memory-image.js'
import { PollCount } from './poll-count.js'
import type { CpuLimit, Pulse } from './pulse.js'
import { findRandomState, randomState, seedRandom } from './random-state.js'
import { type OnRejection, trackRejections } from './rejection-tracker.js'
import type { Turns } from './turns.js'
import type { EngineExports, Pointer, WasmInstance } from './wasm-instance.js'

/** Where the source of a module comes from. Both throw a GuestError, whose message the script's author reads. */
export interface ModuleLoader {
  /** The absolute name of what `base` imports as `specifier`. */
  resolve(base: string, specifier: string): string
  load(name: string): string
  /** The text of a CommonJS file, to be compiled as the body of a function. */
  loadCommonJs(name: string): string
  /** The same for modules of the guest half, which it imports by their absolute names when it first needs them. */
  readonly own: Pick<ModuleLoader, 'resolve' | 'load'>
}

export interface VmOptions<Vu> {
  limits: Limits
  modules: readonly HostModule<Vu>[]
  loader: ModuleLoader
  /** The compiled engine; without, one that lasts. */
  engine?: WebAssembly.Module
  /** Where it gets an engine to run in; without, from those that VMs of this thread with that limit and `engine` share. */
  seats?: EngineSeats
  /** Told when guest code takes the CPU and gives it back. */
  pulse?: Pulse
  /** Tells when a guest that computes is to let others go on; without, it is never paused. */
  turns?: Turns
}

/** How an entry into the guest ended. `description` is what the guest half made of the value thrown; may be empty. */
export type Completion =
  | { kind: 'returned'; value: Crossing }
  | { kind: 'thrown'; description: string }
  | { kind: 'interrupted' }

/** The same with values of the VM, which the receiver frees. */
type Ended = { kind: 'returned'; value: Pointer } | { kind: 'thrown'; error: Pointer } | { kind: 'interrupted' }

/** What an entry gives: at once when the guest did not have to wait, and later when it did. */
export type Soon<T> = T | Promise<T>

/** Goes on with `next` when the value is there: at once, if it is. */
export function whenThere<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/**
 * An idle VM as it was at one time, from which others are made. It refers to nothing of that VM, is never changed, and is plain
 * data that a message may carry to another thread.
 */
export interface VmImage {
  readonly memory: MemoryImage
  readonly rt: number
  readonly ctx: number
  readonly entries: ReadonlyMap<string, Pointer>
  readonly rejected: readonly (readonly [promise: bigint, reason: bigint])[]
  /** What its pointers and numbers mean something for. */
  readonly tracker: number
  readonly operations: string
  /** Where the state of Math.random() lies, and what has the engine keep the text of functions and their places. */
  readonly random: Pointer
  readonly stripFlags: Pointer
  /** Where it counts down to its next poll. */
  readonly pollCount: Pointer
}

/** What a guest waits for that is to go on in its next turn. */
class Pause {}

const noMemory = new ArrayBuffer(0)

/** The exports that may suspend. */
type Suspending = 'call' | 'eval' | 'executePendingJob'

type State = 'idle' | 'running' | 'suspended' | 'dead'

/** What stands before the text of a CommonJS file, in its first line. */
export const commonJsHead = '(function (module, exports, require) { '

const pollPeriodMs = 20
const leastPauseMs = 0.05
/** CPU time of one entry after which it takes no more items: each has what an entry may have. */
const itemsMs = 1
/** How long a VM that could not be parked is not asked again. */
const refusedRestMs = 10_000
const maxRejected = 10_000
/** Letters of an error's message: those of the host may quote what the script passed, or a server sent. */
const maxMessage = 16 * 1024
const moduleFlag = 1
const unresolvedModule = 'unresolved:'
/** Of a rejection that cannot be described, as a VM without memory cannot: the reader of failures has words for it. */
const undescribed = '!p'

/** Beyond `stackBytes`, for code of ours that is compiled deep in a recursion of the script: a module that failed stays so. */
const ownStackBytes = 256 * 1024

// Operation numbers 0 to 15 belong to the VM itself; modules/internal/bridge.ts has the same table.
const operationNumber = 0
const takeError = 1
const registerEntry = 2
const compileFile = 3
const nextItem = 4
const importOwn = 5
const firstOperation = 16

interface Operations<Vu> {
  readonly operations: readonly Operation<Vu>[]
  readonly numbers: ReadonlyMap<string, number>
  /** In their order, with spaces in between. */
  readonly names: string
}

const knownOperations = new WeakMap<object, Operations<never>>()

/** All operations of these modules, which many VMs have. */
function operationsOf<Vu>(modules: readonly HostModule<Vu>[]): Operations<Vu> {
  const known = knownOperations.get(modules)
  if (known !== undefined) return known as Operations<unknown> as Operations<Vu>
  const all = modules.flatMap(({ name, operations }) =>
    Object.entries(operations).map(([verb, run]) => ({ name: `${name}.${verb}`, run })),
  )
  const found = {
    operations: all.map(({ run }) => run),
    numbers: new Map(all.map(({ name }, i) => [name, firstOperation + i])),
    names: all.map(({ name }) => name).join(' '),
  }
  knownOperations.set(modules, found)
  return found
}

export class Vm<Vu> implements SeatHolder {
  /** For its engine. */
  readonly callbacks: SeatHolder['callbacks']
  /** What operations get as their first argument. Set by the embedder before guest code runs. */
  vu!: Vu
  /** Which limit the CPU time of the following entries comes from. */
  cpuLimit: CpuLimit = 'cpuMs'
  readonly #limits: Limits
  readonly #loader: ModuleLoader
  readonly #clock: CpuClock
  readonly #turns: Turns | undefined
  readonly #seats: EngineSeats
  /** The engine that it runs in, which it may lose to another VM while it rests: undefined until it is to run again. */
  #seat: Seat | undefined
  /** Those of the seat. Nobody may keep them while the VM rests. */
  #instance!: WasmInstance
  #exports!: EngineExports
  #values!: ValueReader
  /** What it is without a seat, or was when it had none. */
  #parked: ParkedVm | undefined
  /** What it begins with, until it has been in a seat. */
  #image: VmImage | undefined
  /** True once it is known that the present wait takes long. */
  #waitsLong = false
  /** Resting that began before is no reason to ask for its seat again. */
  #staysUntilMs = 0
  readonly #known: Operations<Vu>
  readonly #operations: readonly Operation<Vu>[]
  readonly #rt: number
  readonly #ctx: number
  /** The function in the engine's table that is told of rejections. */
  readonly #tracker: number
  /** The JSValue null, which nobody frees. */
  #null: Pointer = 0
  /** The functions that the guest half gave, by their names. All VMs that were made from one have its map. */
  readonly #entries: Map<string, Pointer>
  /** No more of them are taken: code of a user may run. */
  #hasBooted = false
  /** Where the state of Math.random() lies, and what it was at first. */
  readonly #random: Pointer
  #seed = 0n
  #clockReads = 0
  readonly #stripFlags: Pointer
  readonly #pollCount: PollCount
  #state: State = 'idle'
  #death: AppError | undefined
  #pendingError: GuestError | undefined
  /** Promises that were rejected while nobody handled them, with their reasons. Each is kept alive until it is forgotten. */
  readonly #rejected = new Map<bigint, bigint>()
  #isInterrupted = false
  /** Told of each item that the present entry goes on with. */
  #onItem: (() => void) | undefined
  /** A module of the guest half is being compiled and evaluated, and with it no code of a user. */
  #importsOwn = false
  /** Arguments of the present entry that are freed at its end. */
  readonly #held: Pointer[] = []
  /** What a suspended guest waits for. */
  #awaited: Promise<Crossing> | Pause | undefined
  /** Where the result lies with which it goes on. */
  #wokenWith: Pointer = 0
  /** Of an entry that is or was suspended: the export by which it goes on, who is told what that returns, and of a death. */
  #goOn: Suspending | undefined
  #arrive: ((result: Pointer) => void) | undefined
  #abandon: ((reason: unknown) => void) | undefined
  #resolveError: unknown
  #polledAt = 0
  /** The host is doing something for the guest: what it calls of the engine for that has to return. */
  #isInHost = false
  /** What unwinding and rebuilding the stack of the guest took for this pause, and what it takes. */
  #pauseMs = 0
  #usualPauseMs = leastPauseMs
  #notPausedBeforeMs = 0
  #isReleased = false

  private constructor(options: VmOptions<Vu>, image?: VmImage) {
    this.#limits = options.limits
    this.#loader = options.loader
    this.#clock = new CpuClock(options.pulse)
    this.#turns = options.turns
    this.#pollCount = new PollCount(image?.pollCount ?? 0)
    this.#known = operationsOf(options.modules)
    this.#operations = this.#known.operations
    this.#seats = options.seats ?? seatsOf(options.limits.memoryBytes, options.engine)
    // No longer changed: an image is of a VM that has booted.
    this.#entries = (image?.entries as Map<string, Pointer> | undefined) ?? new Map()
    const onRejection: OnRejection = (promise, reason, isHandled) => this.#onRejection(promise, reason, isHandled)
    this.callbacks = {
      callFunction: (argc, argv) => this.#callFromGuest(argc, argv),
      shouldInterrupt: () => this.#shouldInterrupt(),
      loadModuleSource: (name) => this.#forLoader(() => this.#values.writeSource(this.#load(name))),
      normalizeModule: (base, name) => this.#forLoader(() => this.#values.writeCString(this.#resolve(base, name))),
      onAbort: () => this.kill('LIMIT_MEMORY', 'the VM aborted; it ran out of memory or of stack'),
      onClockRead: () => this.#clockReads++,
      onRejection,
    }
    if (image === undefined) {
      const seat = this.#sit(this.#seats.fresh(this))
      const { engine, tracker } = seat
      const { exports } = engine
      exports.ctors()
      this.#rt = exports.newRuntime()
      const { ctx, at } = findRandomState(engine, () => exports.newContext(this.#rt, 0))
      this.#ctx = ctx
      this.#random = at
      this.#stripFlags = findStripFlags(engine, this.#rt)
      trackRejections(engine, this.#rt, tracker)
      this.#tracker = tracker
      exports.enableModuleLoader(this.#rt, 1)
      this.#begin()
    } else {
      if (image.operations !== this.#known.names) {
        throw new AppError('INTERNAL', 'the image is of a VM with other operations')
      }
      this.#seats.check(image.memory)
      this.#image = image
      this.#rt = image.rt
      this.#ctx = image.ctx
      this.#tracker = image.tracker
      this.#random = image.random
      this.#stripFlags = image.stripFlags
      this.#hasBooted = true
      for (const [promise, reason] of image.rejected) this.#rejected.set(promise, reason)
    }
  }

  /** What is its own from the start. */
  #begin(): void {
    this.#exports.setMaxStackSize(this.#rt, this.#limits.stackBytes)
    this.#seed = seedRandom(this.#instance, this.#random)
    this.#clockReads = 0
  }

  #sit(seat: Seat): Seat {
    this.#seat = seat
    this.#instance = seat.engine
    this.#exports = seat.engine.exports
    this.#values = seat.values
    this.#null = seat.nullPointer
    return seat
  }

  /** Has a seat, before anything of the engine is called or looked at. @throws {AppError} when it is dead and has none */
  #takeSeat(): void {
    if (this.#seat !== undefined) return
    if (this.#isReleased) throw this.#death
    const image = this.#image
    try {
      if (image === undefined) {
        const restedMs = performance.now() - this.#clock.stoppedAtMs
        this.#sit(this.#seats.back(this, this.#parked!, restedMs))
        return
      }
      const seat = this.#seats.withImage(this, image.memory)
      this.#sit(seat)
      this.#image = undefined
      if (image.tracker !== seat.tracker) throw new AppError('INTERNAL', 'the image is of a VM in another engine')
      this.#begin()
    } catch (e) {
      this.kill(e instanceof AppError ? e.code : 'LIMIT_MEMORY', (e as Error).message)
      throw this.#death
    }
  }

  /** Since when it has been idle or waiting; undefined while it cannot be parked. */
  get restsSinceMs(): number | undefined {
    const isWaiting = this.#state === 'suspended' && !(this.#awaited instanceof Pause)
    const isResting = this.#state === 'idle' || isWaiting
    const restsSinceMs = this.#clock.stoppedAtMs
    return isResting && restsSinceMs >= this.#staysUntilMs ? restsSinceMs : undefined
  }

  /** Parks the VM. False when it has too much in its memory, or does something. */
  giveUpSeat(): boolean {
    const seat = this.#seat
    if (seat === undefined || this.restsSinceMs === undefined) return false
    const { stackBytes } = this.#limits
    const parked = this.#seats.park(seat, this.#state === 'suspended', stackBytes, this.#parked?.memory)
    if (parked === undefined) {
      this.#staysUntilMs = performance.now() + refusedRestMs
      return false
    }
    this.#parked = parked
    this.#seat = undefined
    return true
  }

  /** To be told by an operation, before the guest waits for it, when that takes a second or more. */
  waitsLong(): void {
    this.#waitsLong = true
  }

  /** A VM whose global `name` is the one primitive of the bridge. No guest code has run yet. */
  static create<Vu>(options: VmOptions<Vu>, bridgeName: string): Vm<Vu> {
    const vm = new Vm(options)
    try {
      vm.#guarded(() => {
        vm.#installBridge(bridgeName)
        return 0
      })
    } catch (e) {
      vm.release()
      throw e
    }
    return vm
  }

  /**
   * A VM that goes on where the one of the image stood: all values, modules, closures and promises of that are in it, and
   * nothing is evaluated again. Its limits, loader, pulse and `vu` are its own, its operations those of the image, with the
   * same names in the same order.
   *
   * Whoever makes it has to restore what the host kept for the guest of the image, as all of that is missing here: `vu`
   * and all that operations keep for it under numbers that the guest knows (clients, sets of tags, series, tasks), places in
   * the VM's memory that operations were told of by `SharedBytes` (they are the same here), `onPoll`, `onInternalError` and
   * `cpuLimit`. And whatever differs between VMs, as numbers of VUs or random ones that it has drawn, is what it was for the
   * image; those that it draws from now on are its own.
   *
   * @throws {AppError} when the image needs more memory than the limits allow, or other operations
   */
  static fromImage<Vu>(image: VmImage, options: VmOptions<Vu>): Vm<Vu> {
    return new Vm(options, image)
  }

  /**
   * What `fromImage` needs. The VM may go on afterwards.
   *
   * @throws {AppError} when the VM is not idle, was interrupted, or has promise jobs or an error to be taken
   */
  image(): VmImage {
    if (this.#state !== 'idle' || this.#isInterrupted || this.hasJobs || this.#pendingError !== undefined) {
      throw this.#death ?? new AppError('INTERNAL', 'an image was asked of a VM that is in the middle of something')
    }
    this.#takeSeat()
    return {
      memory: this.#instance.image(),
      rt: this.#rt,
      ctx: this.#ctx,
      entries: this.#entries,
      rejected: [...this.#rejected],
      tracker: this.#tracker,
      operations: this.#known.names,
      random: this.#random,
      stripFlags: this.#stripFlags,
      pollCount: this.#pollCount.at,
    }
  }

  /** Whether functions that are compiled from now on have their text for `toString()`, and places in stacks, as they have at first. */
  set keepsSources(isKept: boolean) {
    this.#takeSeat()
    keepSources(this.#instance, this.#stripFlags, isKept)
  }

  /** True once the script has looked at the clock. */
  get hasReadClock(): boolean {
    return this.#clockReads > 0
  }

  /** True once the script has had a random number of the engine. */
  get hasDrawnRandom(): boolean {
    this.#takeSeat()
    return randomState(this.#instance, this.#random) !== this.#seed
  }

  #installBridge(bridgeName: string): void {
    const exports = this.#exports
    const global = exports.globalObject(this.#ctx)
    const key = this.#values.text(this.#ctx, bridgeName)
    const name = this.#values.writeCString('native')
    const fn = exports.newFunction(this.#ctx, name, 0, 0, 0)
    exports.free(name)
    exports.setProp(this.#ctx, global, key, fn)
    for (const value of [global, key, fn]) this.#values.free(this.#ctx, value)
  }

  /** Why the VM is dead, or undefined while it is not. */
  get death(): AppError | undefined {
    return this.#death
  }

  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  /** The VM's memory as it is now: until the VM is entered or waits. Of no bytes once the VM was dropped, or when the machine has none for it. */
  get memory(): ArrayBufferLike {
    try {
      this.#takeSeat()
    } catch {
      return noMemory
    }
    return this.#instance.buffer
  }

  /**
   * Evaluates a module; the first one is the guest half, which registers its entries. With an `observer`, the guest's entry of that name is called with the result (the namespace, or a
   * promise when the module awaits something), and its answer is what is returned. What was thrown is described by the
   * guest's entry `describe`.
   */
  async evaluateModule(source: string, name: string, cpuMs: number, observer?: string): Promise<Completion> {
    let [at, fileName]: Pointer[] = [0, 0]
    const result = await this.#enter(
      cpuMs,
      () => {
        at = this.#values.writeCString(source)
        fileName = this.#values.writeCString(name)
        return this.#exports.eval(this.#ctx, at, Buffer.byteLength(source), fileName, 0, moduleFlag)
      },
      'eval',
      (ended) => {
        this.#exports.free(at!)
        this.#exports.free(fileName!)
        return ended
      },
    )
    this.#hasBooted = true
    if (result.kind === 'interrupted') return result
    if (result.kind === 'thrown') {
      const told = await this.#callWith(cpuMs, 'describe', result.error)
      return { kind: 'thrown', description: told.kind === 'returned' ? String(told.value ?? '') : '' }
    }
    if (observer !== undefined) return this.#callWith(cpuMs, observer, result.value)
    this.#takeSeat()
    this.#values.free(this.#ctx, result.value)
    return { kind: 'returned', value: undefined }
  }

  /** Calls an entry with one value of the VM, which is freed. Without such an entry nothing is called. */
  #callWith(cpuMs: number, name: string, value: Pointer): Soon<Completion> {
    const fn = this.#entries.get(name)
    if (fn === undefined) {
      this.#takeSeat()
      this.#values.free(this.#ctx, value)
      return { kind: 'returned', value: undefined }
    }
    return this.#enter(
      cpuMs,
      () => {
        this.#hold(0, value)
        return this.#exports.call(this.#ctx, fn, this.#null, 1, scratch.argv)
      },
      'call',
      this.#readResult,
    )
  }

  /** Calls the function that the guest half registered under a name. Refused unless the VM is idle. */
  enter(cpuMs: number, name: string, ...args: Crossing[]): Soon<Completion> {
    const fn = this.#entries.get(name)
    if (fn === undefined) throw new AppError('INTERNAL', `the guest half has no entry ${name}`)
    return this.#enter(
      cpuMs,
      () => {
        const count = Math.min(args.length, maxArguments)
        for (let i = 0; i < count; i++) {
          const arg = args[i]
          const cell = scratch.cells + i * cellBytes
          if (this.#values.writeImmediate(cell, arg)) this.#argument(i, cell)
          else this.#hold(i, this.#values.make(this.#ctx, arg))
        }
        return this.#exports.call(this.#ctx, fn, this.#null, count, scratch.argv)
      },
      'call',
      this.#readResult,
    )
  }

  /**
   * As `enter`, of a function that does several things in turn, which would each be an entry of their own. Before each but the first it
   * asks whether it may go on, and ends if not. `onItem` is told where it may.
   */
  enterWithItems(cpuMs: number, onItem: () => void, name: string, ...args: Crossing[]): Soon<Completion> {
    this.#onItem = onItem
    return whenThere(this.enter(cpuMs, name, ...args), (completion) => {
      this.#onItem = undefined
      return completion
    })
  }

  /** The time, when the guest may take the next item: then nothing is left to be done that would follow an entry. */
  #nextItem(): number | undefined {
    if (this.#onItem === undefined || this.#state === 'dead' || this.#isInterrupted) return undefined
    if (this.#exports.isJobPending(this.#rt) !== 0 || this.#rejected.size > 0) return undefined
    if (this.#clock.spentMs > itemsMs) return undefined
    this.#onItem()
    return Date.now()
  }

  #argument(index: number, value: Pointer): void {
    this.#instance.words[(scratch.argv >> 2) + index] = value
  }

  /** An argument that is freed when the entry ends: the engine uses arguments in place. */
  #hold(index: number, value: Pointer): void {
    this.#held.push(value)
    this.#argument(index, value)
  }

  readonly #readResult = (ended: Ended): Completion => {
    if (ended.kind === 'interrupted') return ended
    if (ended.kind === 'thrown') {
      // Our entries catch what scripts throw: this is the engine itself, out of memory or of stack.
      this.#values.free(this.#ctx, ended.error)
      return { kind: 'thrown', description: '' }
    }
    let value: Crossing
    try {
      value = this.#values.read(this.#ctx, ended.value)
    } catch {
      value = undefined
    }
    this.#values.free(this.#ctx, ended.value)
    return { kind: 'returned', value }
  }

  /**
   * Runs promise jobs until none is left, all within one budget of CPU time, also those of an interrupted guest: the host
   * refuses them everything. One at a time: a job may suspend, and the clock is seen in between. True when there was one.
   */
  runJobs(cpuMs: number): Soon<boolean> {
    if (!this.hasJobs) return false
    this.#clock.begin(cpuMs, this.cpuLimit)
    this.#state = 'running'
    return this.#drain(0)
  }

  #drain(count: number): Soon<boolean> {
    const exports = this.#exports
    const job = () => exports.executePendingJob(this.#rt, 1, scratch.cells)
    for (let done = count; exports.isJobPending(this.#rt) !== 0; done++) {
      if (done >= this.#limits.jobsPerDrain) {
        this.#clock.stop()
        const most = this.#limits.jobsPerDrain
        this.kill('LIMIT_CPU', `more than ${most} promise jobs ran without a pause (limit jobsPerDrain)`)
        return true
      }
      const result = this.#guarded(job)
      if (this.#instance.isUnwinding) {
        return this.#suspended('executePendingJob', (later) => {
          this.#endJob(later)
          return this.#drain(done + 1)
        })
      }
      this.#endJob(result)
    }
    this.#clock.stop()
    this.#state = 'idle'
    return true
  }

  /** @throws {AppError} when the time of all jobs is over */
  #endJob(result: Pointer): void {
    if (this.#clock.isOver) {
      this.#clock.stop()
      throw this.#overTime()
    }
    if (result === 0) {
      this.#clock.stop()
      throw this.#outOfMemory()
    }
    this.#values.free(this.#ctx, result)
  }

  /** The count of references to an object comes first in it; a promise is an object, and its address the lower half. */
  #onRejection(promise: bigint, reason: bigint, isHandled: boolean): void {
    const references = Number(BigInt.asUintN(32, promise)) >> 2
    if (!isHandled && this.#rejected.size < maxRejected && !this.#rejected.has(promise)) {
      this.#instance.words[references]!++
      this.#rejected.set(promise, reason)
    } else if (isHandled && this.#rejected.delete(promise)) {
      // Never the last one: somebody is just calling a method of it.
      this.#instance.words[references]!--
    }
  }

  /**
   * The reason of the first promise that is rejected and has no handler, described by the guest's entry
   * `describeRejection`; undefined when there is none. All of them are forgotten with it.
   */
  describeRejection(cpuMs: number): Soon<string | undefined> {
    for (const reason of this.#rejected.values()) {
      this.#takeSeat()
      const held = this.#guarded(() => this.#values.pointerTo(this.#ctx, reason))
      const told = this.#callWith(cpuMs, 'describeRejection', held)
      return whenThere(told, (completion) => {
        this.forgetRejections()
        if (completion.kind === 'thrown') return undescribed
        return completion.kind === 'returned' ? String(completion.value) : undefined
      })
    }
    return undefined
  }

  /** @throws {AppError} when the VM has died, or has no memory for it */
  forgetRejections(): void {
    if (this.#rejected.size === 0) return
    const promises = [...this.#rejected.keys()]
    this.#rejected.clear()
    if (this.#state === 'dead') return
    this.#takeSeat()
    for (const promise of promises) {
      const held = this.#guarded(() => this.#values.pointerTo(this.#ctx, promise))
      // Twice: what was just made, and what kept the promise alive.
      this.#instance.words[Number(BigInt.asUintN(32, promise)) >> 2]!--
      this.#exports.freeValue(this.#ctx, held)
    }
  }

  /** True when promise jobs wait to be run. */
  get hasJobs(): boolean {
    if (this.#state !== 'idle') return false
    this.#takeSeat()
    return this.#exports.isJobPending(this.#rt) !== 0
  }

  /**
   * Ends what the guest is doing, uncatchably: at its next poll, or now when it is suspended. The VM stays usable, since
   * it unwound by itself. Interrupts of later entries are off again once `clearInterrupt` was called.
   */
  interrupt(): void {
    this.#isInterrupted = true
    if (this.#state === 'suspended') this.#wake(() => this.#null)
  }

  clearInterrupt(): void {
    this.#isInterrupted = false
  }

  get isInterrupted(): boolean {
    return this.#isInterrupted
  }

  /** Marks the VM as dead for good. Whoever holds it must drop it. */
  kill(code: ErrorCode, message: string): void {
    if (this.#state === 'dead') return
    this.#death = new AppError(code, message)
    this.#state = 'dead'
    this.#awaited = undefined
    this.#abandon?.(this.#death)
  }

  /**
   * Drops the VM: its memory is for another one. Not to be called while an entry runs, nor while anybody reads its memory
   * without asking it.
   */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.kill('INTERNAL', 'the VM was dropped')
    if (this.#seat !== undefined) this.#seats.release(this.#seat)
    this.#seat = undefined
    this.#parked = undefined
    this.#image = undefined
  }

  /**
   * Runs the export that `begin` calls to its end, and returns what `finish` makes of that: at once, unless the guest waited
   * for something. `again` is the export, by which a guest that waited goes on.
   *
   * @throws {AppError} when the VM is not idle, or has died
   */
  #enter<T>(cpuMs: number, begin: () => Pointer, again: Suspending, finish: (ended: Ended) => T): Soon<T> {
    if (this.#state !== 'idle') throw this.#death ?? new AppError('INTERNAL', `a ${this.#state} VM was entered`)
    this.#takeSeat()
    this.#clock.begin(cpuMs, this.cpuLimit)
    this.#state = 'running'
    const result = this.#guarded(begin)
    if (this.#instance.isUnwinding) return this.#suspended(again, (later) => finish(this.#complete(later)))
    return finish(this.#complete(result))
  }

  /** Calls into the engine. @throws {AppError} when the VM has died */
  #guarded(call: () => Pointer): Pointer {
    try {
      const result = call()
      if (this.#state !== 'dead') return result
    } catch (e) {
      this.#dieBy(e)
    }
    this.#clock.stop()
    throw this.#death
  }

  #dieBy(e: unknown): void {
    if (e instanceof GuestError) {
      // No room for what we make in the VM: the guest's memory is full.
      this.#outOfMemory()
    } else if (this.#death === undefined) {
      this.kill(e instanceof RangeError ? 'LIMIT_STACK' : 'LIMIT_MEMORY', `the VM trapped: ${(e as Error).message}`)
    }
  }

  /** What an entry came to that has returned. The VM is idle then. */
  #complete(result: Pointer): Ended {
    this.#clock.stop()
    // The verdict of the interrupt handler is sticky: the guest may have swallowed it, and gone on or thrown something else.
    if (this.#clock.isOver) throw this.#overTime()
    this.#state = 'idle'
    for (let held = this.#held.pop(); held !== undefined; held = this.#held.pop()) this.#values.free(this.#ctx, held)
    if (result === 0) throw this.#outOfMemory()
    if (!this.#values.isException(result)) return { kind: 'returned', value: result }
    const error = this.#exports.resolveException(this.#ctx, result)
    if (error === 0) throw this.#outOfMemory()
    this.#values.free(this.#ctx, result)
    if (!this.#isInterrupted) return { kind: 'thrown', error }
    this.#values.free(this.#ctx, error)
    return { kind: 'interrupted' }
  }

  /** Kills the VM. The engine answers NULL when it has no room for the few bytes of a result, whatever that is. */
  #outOfMemory(): AppError {
    const limitMb = Math.floor(this.#limits.memoryBytes / 1024 / 1024)
    this.kill('LIMIT_MEMORY', `the VM has no memory left of its ${limitMb} MB (limit memoryBytes)`)
    return this.#death!
  }

  /**
   * Asked now and then, after so many jumps and calls as poll-count.ts says. A VM over its budget is left by an exception through
   * its frames: native code may swallow the engine's own interruption, as the constructor of Promise does, and the script would go
   * on for ever.
   */
  #shouldInterrupt(): 0 | 1 {
    const goesOn = this.#instance.isRewinding
    if (goesOn) this.#instance.stopRewinding()
    const now = performance.now()
    if (!goesOn) this.#pollCount.set(this.#instance, this.#ctx, now, this.#clock.startedAtMs)
    if (this.#clock.isOverAt(now)) this.#overTime()
    if (this.#death !== undefined) throw this.#death
    if (now - this.#polledAt >= pollPeriodMs) {
      this.#polledAt = now
      this.onPoll?.()
    }
    if (this.#isInterrupted && !this.#importsOwn) return 1
    if (goesOn) {
      // A thread that was not on a processor meanwhile looks like one pause that takes long.
      this.#usualPauseMs = Math.min(this.#pauseMs + now, 2 * Math.max(this.#usualPauseMs, leastPauseMs))
      this.#notPausedBeforeMs = now + this.#turns!.leastMs(this.#usualPauseMs)
    } else if (now >= this.#notPausedBeforeMs && this.#turns?.isOver(now)) {
      this.#pause(now)
    }
    return 0
  }

  /**
   * Begins to suspend a guest that waits for nothing, so that others have a turn. Not while the host calls the engine from
   * within a call of the guest, as for the compilation of a file: the stack of the host would have to be unwound, too.
   */
  #pause(nowMs: number): void {
    if (this.#isInHost || !this.#instance.pause()) return
    this.#pauseMs = -nowMs
    this.#awaited = new Pause()
  }

  /** Kills the VM for the time that it took. */
  #overTime(): AppError {
    const { budgetMs } = this.#clock
    this.kill('LIMIT_CPU', `the script used more than ${budgetMs} ms of CPU without waiting (limit ${this.cpuLimit})`)
    return this.#death!
  }

  /** An error while resolving would be lost: the engine goes on and loads a module without a name. So it waits for that. */
  #resolve(base: string, specifier: string): string {
    try {
      return this.#present.resolve(base, specifier)
    } catch (e) {
      this.#resolveError = e
      return unresolvedModule
    }
  }

  #load(name: string): string {
    if (name === unresolvedModule) throw this.#resolveError
    return this.#present.load(name)
  }

  get #present(): ModuleLoader['own'] {
    return this.#importsOwn ? this.#loader.own : this.#loader
  }

  /** The loader's answer as a C string, or NULL with the error pending in the VM. */
  #forLoader(run: () => Pointer): Pointer {
    try {
      return run()
    } catch (e) {
      const exports = this.#exports
      const error = exports.newError(this.#ctx)
      const shown = guestErrorOf(e) ?? new GuestError('InternalError', 'the module could not be loaded')
      const wasInHost = this.#isInHost
      // A script may have put setters on the prototype of errors.
      this.#isInHost = true
      try {
        for (const [name, value] of [
          ['name', shown.guestName],
          ['message', shown.message.replaceAll('\0', '')],
        ] as const) {
          const key = this.#values.text(this.#ctx, name)
          const at = this.#values.text(this.#ctx, value)
          exports.setProp(this.#ctx, error, key, at)
          this.#values.free(this.#ctx, key)
          this.#values.free(this.#ctx, at)
        }
      } finally {
        this.#isInHost = wasInHost
      }
      exports.throwValue(this.#ctx, error)
      return 0
    }
  }

  #callFromGuest(argc: number, argv: Pointer): Pointer {
    if (this.#instance.isRewinding) {
      // The C stack is being rebuilt and has arrived where it was suspended: the result is there, nothing runs again.
      this.#instance.stopRewinding()
      return this.#wokenWith
    }
    const wasInHost = this.#isInHost
    this.#isInHost = true
    try {
      const operation = this.#values.read(this.#ctx, argv)
      if (operation === registerEntry) return this.#register(argc, argv)
      if (operation === takeError) return this.#answer(this.#takeError())
      if (operation === nextItem) return this.#answer(this.#nextItem())
      if (operation === operationNumber) return this.#answer(this.#numberOf(argc, argv))
      // A guest that calls us again and again takes long to have its interrupt handler asked.
      if (this.#clock.isOver) this.#overTime()
      if (this.#state === 'dead' || this.#isInterrupted) return this.#null
      if (operation === compileFile) return this.#compile(argc, argv)
      if (operation === importOwn) return this.#importOwn(argc, argv)
      const run = typeof operation === 'number' ? this.#operations[operation - firstOperation] : undefined
      if (run === undefined) throw new GuestError('TypeError', 'no such operation')
      const args: Crossing[] = []
      for (let i = 1; i < argc && i <= maxArguments; i++) args.push(this.#values.read(this.#ctx, argv + i * cellBytes))
      const result = run(this.vu, ...args)
      if (result instanceof Promise) return this.#wait(result, wasInHost)
      // The operation itself may have ended the guest.
      return this.#isInterrupted ? this.#null : this.#answer(result)
    } catch (e) {
      return this.#refuse(e)
    } finally {
      this.#isInHost = wasInHost
    }
  }

  /** Asked once for each by the guest half, which keeps no table: it would be in every VM. */
  #numberOf(argc: number, argv: Pointer): number | undefined {
    const name = argc > 1 ? this.#values.read(this.#ctx, argv + cellBytes) : undefined
    return typeof name === 'string' ? this.#known.numbers.get(name) : undefined
  }

  /** A pointer to the value, which the engine copies and frees. @throws {GuestError} when the VM has no room for it */
  #answer(value: Crossing): Pointer {
    if (value === undefined) return 0
    return this.#values.writeImmediate(scratch.answer, value) ? scratch.answer : this.#values.make(this.#ctx, value)
  }

  /** Keeps a function that the host may call. Only before any code of a user has run. */
  #register(argc: number, argv: Pointer): Pointer {
    const name = argc === 3 ? this.#values.read(this.#ctx, argv + cellBytes) : undefined
    if (this.#hasBooted || typeof name !== 'string' || this.#entries.has(name)) {
      throw new GuestError('TypeError', 'no such entry can be registered')
    }
    this.#entries.set(name, this.#exports.dupValue(this.#ctx, argv + 2 * cellBytes))
    return 0
  }

  /** A function around a CommonJS file. Only compiles: no code of the file runs inside this call. */
  #compile(argc: number, argv: Pointer): Pointer {
    const exports = this.#exports
    const name = argc > 1 ? this.#values.read(this.#ctx, argv + cellBytes) : undefined
    if (typeof name !== 'string') throw new GuestError('TypeError', 'a file name is needed')
    const source = `${commonJsHead}${this.#loader.loadCommonJs(name)}\n})`
    const at = this.#values.writeSource(source)
    const fileName = this.#values.writeCString(name)
    try {
      // An exception stays pending in the context, and the call that we answer then throws it.
      const compiled = exports.eval(this.#ctx, at, Buffer.byteLength(source), fileName, 0, 0)
      if (compiled === 0) throw new GuestError('InternalError', 'out of memory')
      return compiled
    } finally {
      exports.free(at)
      exports.free(fileName)
    }
  }

  /** The namespace of a module of the guest half. Nothing in it may wait, or call what a script could have replaced. */
  #importOwn(argc: number, argv: Pointer): Pointer {
    const exports = this.#exports
    const instance = this.#instance
    const name = argc > 1 ? this.#values.read(this.#ctx, argv + cellBytes) : undefined
    if (typeof name !== 'string') throw new GuestError('TypeError', 'a module name is needed')
    const source = `export * from ${JSON.stringify(name)}`
    const at = this.#values.writeCString(source)
    const fileName = this.#values.writeCString('belljar:part.js')
    const flags = instance.bytes[this.#stripFlags]!
    this.keepsSources = false
    this.#importsOwn = true
    exports.setMaxStackSize(this.#rt, this.#limits.stackBytes + ownStackBytes)
    try {
      return exports.eval(this.#ctx, at, source.length, fileName, 0, moduleFlag)
    } finally {
      exports.setMaxStackSize(this.#rt, this.#limits.stackBytes)
      this.#importsOwn = false
      instance.bytes[this.#stripFlags] = flags
      exports.free(at)
      exports.free(fileName)
    }
  }

  /** NULL tells the guest half that an error waits to be taken. */
  #refuse(e: unknown): Pointer {
    const shown = guestErrorOf(e)
    this.#pendingError = shown ?? new GuestError('InternalError', 'an internal error of belljar; the log has more')
    if (shown === undefined) this.onInternalError?.(e)
    return this.#null
  }

  /** Called now and then while the guest computes: its thread takes no messages meanwhile. */
  onPoll: (() => void) | undefined

  /** Told of errors that are ours and not the script's. */
  onInternalError: ((e: unknown) => void) | undefined

  /** JSON of name and message; an empty text means that the guest is to spin until the interrupt handler ends it. */
  #takeError(): string {
    const error = this.#pendingError
    this.#pendingError = undefined
    if (error === undefined) return ''
    return JSON.stringify([error.guestName, error.message.slice(0, maxMessage)])
  }

  /**
   * Begins to suspend the guest until the result is there. `isInHost` says that the stack of the host would have to be unwound, too.
   *
   * @throws {GuestError} for that, and when there is no room for its stack
   */
  #wait(result: Promise<Crossing>, isInHost: boolean): Pointer {
    const hasEnded = this.#isInterrupted || this.#state === 'dead'
    if (hasEnded || isInHost || !this.#instance.suspend()) {
      result.catch(() => {})
      this.#waitsLong = false
      if (hasEnded) return this.#null
      if (isInHost) throw new GuestError('InternalError', 'a script cannot wait while a module is looked for')
      throw new GuestError('InternalError', 'out of memory')
    }
    this.#awaited = result
    return 0
  }

  /** The guest waits. `again` is the export that was called, `finish` makes of what it returns at last what is told then. */
  #suspended<T>(again: Suspending, finish: (result: Pointer) => Soon<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#goOn = again
      this.#arrive = (result) => resolve(finish(result))
      this.#abandon = reject
      this.#sleep()
    })
  }

  /** The C stack has been unwound, and what the guest waits for may come. @throws {AppError} when the VM has died */
  #sleep(): void {
    this.#guarded(() => {
      this.#instance.stopUnwinding()
      return 0
    })
    this.#state = 'suspended'
    const awaited = this.#awaited!
    // A result whose suspension is over, because the guest was interrupted or the VM died, is dropped.
    const goOn = (answer: () => Pointer) => {
      if (this.#awaited === awaited) this.#wake(answer)
    }
    if (awaited instanceof Pause) {
      this.#clock.pause()
      this.#pauseMs += performance.now()
      this.#turns!.next(() => goOn(() => 0))
      return
    }
    this.#clock.stop()
    if (this.#waitsLong) {
      this.#waitsLong = false
      if (this.#seats.isCrowded) this.giveUpSeat()
    }
    awaited.then(
      (value) => goOn(() => this.#answer(value)),
      (e: unknown) => goOn(() => this.#refuse(e)),
    )
  }

  /** Has a suspended guest go on with what `answer` points to. */
  #wake(answer: () => Pointer): void {
    const wasPaused = this.#awaited instanceof Pause
    this.#awaited = undefined
    if (wasPaused) {
      this.#pauseMs -= performance.now()
    } else if (this.#clock.isOver) {
      this.#overTime()
      return
    }
    const abandon = this.#abandon!
    try {
      this.#takeSeat()
    } catch {
      // It is dead, and whoever waits for it was told.
      return
    }
    this.#clock.goOn(this.cpuLimit)
    this.#state = 'running'
    try {
      const result = this.#guarded(() => {
        try {
          this.#wokenWith = answer()
        } catch (e) {
          this.#wokenWith = this.#refuse(e)
        }
        this.#instance.startRewinding()
        return this.#exports[this.#goOn!]()
      })
      if (this.#instance.isUnwinding) {
        this.#sleep()
        return
      }
      this.#abandon = undefined
      this.#arrive!(result)
    } catch (e) {
      abandon(e)
    }
  }
}
