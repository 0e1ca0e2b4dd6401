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
import { GuestError, guestErrorOf } from './guest-error.js'
import type { HostModule, Operation } from './host-module.js'
import { type Crossing, ValueReader } from './js-value.js'
import { type CpuLimit, mostStarved, type Pulse } from './pulse.js'
import { trackRejections } from './rejection-tracker.js'
import { type AsyncifyHandle, instantiateEngine, type Pointer, type WasmInstance } from './wasm-instance.js'

/** Where the source of a module comes from. Both throw a GuestError, whose message the script's author reads. */
export interface ModuleLoader {
  /** The absolute name of what `base` imports as `specifier`. */
  resolve(base: string, specifier: string): string
  load(name: string): string
  /** The text of a CommonJS file, to be compiled as the body of a function. */
  loadCommonJs(name: string): string
}

export interface VmOptions<Vu> {
  limits: Limits
  modules: readonly HostModule<Vu>[]
  loader: ModuleLoader
  /** Told when guest code takes the CPU and gives it back. */
  pulse?: Pulse
}

/** How an entry into the guest ended. `description` is what the guest half made of the value thrown; may be empty. */
export type Completion =
  | { kind: 'returned'; value: Crossing }
  | { kind: 'thrown'; description: string }
  | { kind: 'interrupted' }

/** The same with values of the VM, which the receiver frees. */
type Ended = { kind: 'returned'; value: Pointer } | { kind: 'thrown'; error: Pointer } | { kind: 'interrupted' }

type State = 'idle' | 'running' | 'suspended' | 'dead'

/** What stands before the text of a CommonJS file, in its first line. */
export const commonJsHead = '(function (module, exports, require) { '

const maxArguments = 8
const pollPeriodMs = 20
const maxRejected = 10_000
/** Letters of an error's message: those of the host may quote what the script passed, or a server sent. */
const maxMessage = 16 * 1024
const asyncifyStackFactor = 16
const asyncifyHeaderBytes = 12
const moduleFlag = 1
const unresolvedModule = 'unresolved:'

// Operation numbers 0 to 5 belong to the VM itself; modules/internal/bridge.ts has the same table.
const operationTable = 0
const takeError = 1
const registerEntry = 2
const compileFile = 3
const firstOperation = 16

export class Vm<Vu> {
  /** What operations get as their first argument. Set by the embedder before guest code runs. */
  vu!: Vu
  /** Which limit the CPU time of the following entries comes from. */
  cpuLimit: CpuLimit = 'cpuMs'
  readonly #limits: Limits
  readonly #loader: ModuleLoader
  readonly #pulse: Pulse | undefined
  readonly #instance: WasmInstance
  readonly #values: ValueReader
  readonly #operations: Operation<Vu>[] = []
  readonly #operationNames: string[] = []
  readonly #rt: number
  readonly #ctx: number
  readonly #scratch: Pointer
  #state: State = 'idle'
  #death: AppError | undefined
  #entry: Pointer = 0
  #pendingError: GuestError | undefined
  /** Promises that were rejected while nobody handled them, with their reasons. Each is kept alive until it is forgotten. */
  readonly #rejected = new Map<bigint, bigint>()
  #isInterrupted = false
  #wakeEarly: (() => void) | undefined
  #abandon: ((reason: AppError) => void) | undefined
  #suspension = 0
  #isRewinding = false
  #resolveError: unknown
  #cpuBudgetMs = 0
  #cpuSpentMs = 0
  #enteredAt = 0
  #polledAt = 0
  #isInGuest = false

  private constructor(options: VmOptions<Vu>, instance: WasmInstance) {
    this.#limits = options.limits
    this.#loader = options.loader
    this.#pulse = options.pulse
    this.#instance = instance
    this.#values = new ValueReader(instance, options.limits.memoryBytes)
    for (const module of options.modules) {
      for (const [name, run] of Object.entries(module.operations)) {
        this.#operationNames.push(`${module.name}.${name}`)
        this.#operations.push(run)
      }
    }
    const raw = instance.raw
    raw.callbacks = {
      callFunction: (asyncify, _ctx, _self, argc, argv) => this.#callFromGuest(asyncify, argc, argv),
      shouldInterrupt: () => this.#shouldInterrupt(),
      loadModuleSource: (_asyncify, _rt, _ctx, name) => this.#forLoader(() => this.#load(name)),
      normalizeModule: (_asyncify, _rt, _ctx, base, name) => this.#forLoader(() => this.#resolve(base, name)),
      freeHostRef: () => {},
    }
    this.#rt = raw._QTS_NewRuntime()
    this.#ctx = raw._QTS_NewContext(this.#rt, 0)
    raw._QTS_RuntimeSetMaxStackSize(this.#rt, this.#limits.stackBytes)
    // The Asyncify stack is a property of the module that the newest call of this function sets: a second runtime, never
    // used, raises it far above the first one's stack limit. Otherwise a suspension at depth aborts the instance.
    raw._QTS_RuntimeSetMaxStackSize(raw._QTS_NewRuntime(), this.#limits.stackBytes * asyncifyStackFactor)
    trackRejections(
      instance.memory,
      instance.table,
      this.#rt,
      () => raw._QTS_RuntimeEnableInterruptHandler(this.#rt),
      (promise, reason, isHandled) => this.#onRejection(promise, reason, isHandled),
    )
    raw._QTS_RuntimeEnableModuleLoader(this.#rt, 1)
    this.#scratch = this.#values.allocate(maxArguments * 4)
  }

  /** A VM whose global `name` is the one primitive of the bridge. No guest code has run yet. */
  static async create<Vu>(options: VmOptions<Vu>, bridgeName: string): Promise<Vm<Vu>> {
    let vm: Vm<Vu> | undefined
    const instance = await instantiateEngine(options.limits.memoryBytes, () => {
      vm?.kill('LIMIT_MEMORY', 'the VM aborted; it ran out of memory or of stack')
    })
    vm = new Vm(options, instance)
    vm.#installBridge(bridgeName)
    return vm
  }

  #installBridge(bridgeName: string): void {
    const { raw, suspending } = this.#instance
    const global = raw._QTS_GetGlobalObject(this.#ctx)
    const key = this.#values.write(this.#ctx, bridgeName)
    const fn = suspending.newFunction(this.#ctx, 'native', 0, false, 0)
    raw._QTS_SetProp(this.#ctx, global, key, fn)
    for (const value of [global, key, fn]) raw._QTS_FreeValuePointer(this.#ctx, value)
  }

  /** Why the VM is dead, or undefined while it is not. */
  get death(): AppError | undefined {
    return this.#death
  }

  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  /** The VM's memory as it is now. Growing replaces the buffer. */
  get memory(): ArrayBufferLike {
    return this.#instance.memory.buffer
  }

  /**
   * Evaluates a module. With an `observer`, the guest's entry of that name is called with the result (the namespace, or a
   * promise when the module awaits something), and its answer is what is returned. What was thrown is described by the
   * guest's entry `describe`.
   */
  async evaluateModule(source: string, name: string, cpuMs: number, observer?: string): Promise<Completion> {
    const result = await this.#enter(cpuMs, async () => {
      const at = this.#values.writeCString(source)
      try {
        return await this.#instance.suspending.eval(this.#ctx, at, Buffer.byteLength(source), name, 0, moduleFlag)
      } finally {
        this.#instance.raw._free(at)
      }
    })
    if (result.kind === 'interrupted') return result
    if (result.kind === 'thrown') {
      const told = await this.#callWith(cpuMs, 'describe', result.error)
      return { kind: 'thrown', description: told.kind === 'returned' ? String(told.value ?? '') : '' }
    }
    if (observer !== undefined) return this.#callWith(cpuMs, observer, result.value)
    this.#instance.raw._QTS_FreeValuePointer(this.#ctx, result.value)
    return { kind: 'returned', value: undefined }
  }

  /** Calls an entry with one value of the VM, which is freed. */
  async #callWith(cpuMs: number, name: string, value: Pointer): Promise<Completion> {
    const { raw, suspending } = this.#instance
    if (this.#entry === 0) {
      raw._QTS_FreeValuePointer(this.#ctx, value)
      return { kind: 'returned', value: undefined }
    }
    const ended = await this.#enter(cpuMs, () => {
      const text = this.#values.write(this.#ctx, name)
      this.#writeArguments([text, value])
      const result = suspending.call(this.#ctx, this.#entry, raw._QTS_GetNull(), 2, this.#scratch)
      return result.finally(() => {
        if (this.#state === 'dead') return
        raw._QTS_FreeValuePointer(this.#ctx, text)
        raw._QTS_FreeValuePointer(this.#ctx, value)
      })
    })
    return this.#readResult(ended)
  }

  /** Calls the function that the guest half registered. Refused unless the VM is idle. */
  async enter(cpuMs: number, ...args: Crossing[]): Promise<Completion> {
    const ended = await this.#enter(cpuMs, () => {
      const { raw, suspending } = this.#instance
      const values = args.slice(0, maxArguments).map((arg) => this.#values.write(this.#ctx, arg))
      this.#writeArguments(values)
      const result = suspending.call(this.#ctx, this.#entry, raw._QTS_GetNull(), values.length, this.#scratch)
      return result.finally(() => {
        if (this.#state !== 'dead')
          for (const value of values) if (value !== 0) raw._QTS_FreeValuePointer(this.#ctx, value)
      })
    })
    return this.#readResult(ended)
  }

  /** An argv: pointers to values. Undefined crosses as NULL, which an argv must not hold. */
  #writeArguments(values: readonly Pointer[]): void {
    const bytes = this.#values.bytes
    values.forEach((value, i) => {
      bytes.writeUInt32LE(value === 0 ? this.#instance.raw._QTS_GetUndefined() : value, this.#scratch + i * 4)
    })
  }

  #readResult(ended: Ended): Completion {
    const { raw } = this.#instance
    if (ended.kind === 'interrupted') return ended
    if (ended.kind === 'thrown') {
      // Our entries catch what scripts throw: this is the engine itself, out of memory or of stack.
      raw._QTS_FreeValuePointer(this.#ctx, ended.error)
      return { kind: 'thrown', description: '' }
    }
    let value: Crossing
    try {
      value = this.#values.read(this.#ctx, ended.value)
    } catch {
      value = undefined
    }
    raw._QTS_FreeValuePointer(this.#ctx, ended.value)
    return { kind: 'returned', value }
  }

  /**
   * Runs promise jobs until none is left, all within one budget of CPU time. One at a time and awaited: a job may suspend,
   * and the clock is seen in between. Stops early when the VM is interrupted. True when there was one.
   */
  async runJobs(cpuMs: number): Promise<boolean> {
    const { raw } = this.#instance
    let count = 0
    let spentMs = 0
    for (; this.#state === 'idle' && raw._QTS_IsJobPending(this.#rt); count++) {
      if (count >= this.#limits.jobsPerDrain) {
        this.kill(
          'LIMIT_CPU',
          `more than ${this.#limits.jobsPerDrain} promise jobs ran without a pause (limit jobsPerDrain)`,
        )
        return true
      }
      const run = () => this.#instance.suspending.executePendingJob(this.#rt, 1, this.#scratch)
      const done = await this.#enter(cpuMs, run, spentMs)
      spentMs = this.#cpuSpentMs
      if (done.kind === 'interrupted') return true
      raw._QTS_FreeValuePointer(this.#ctx, done.kind === 'thrown' ? done.error : done.value)
    }
    return count > 0
  }

  /** The count of references to an object comes first in it; a promise is an object, and its address the lower half. */
  #onRejection(promise: bigint, reason: bigint, isHandled: boolean): void {
    const references = new Int32Array(this.memory, Number(BigInt.asUintN(32, promise)), 1)
    if (!isHandled && this.#rejected.size < maxRejected && !this.#rejected.has(promise)) {
      references[0]!++
      this.#rejected.set(promise, reason)
    } else if (isHandled && this.#rejected.delete(promise)) {
      // Never the last one: somebody is just calling a method of it.
      references[0]!--
    }
  }

  /**
   * The reason of the first promise that is rejected and has no handler, described by the guest's entry
   * `describeRejection`; undefined when there is none. All of them are forgotten with it.
   */
  async describeRejection(cpuMs: number): Promise<string | undefined> {
    for (const reason of this.#rejected.values()) {
      const told = await this.#callWith(cpuMs, 'describeRejection', this.#values.pointerTo(this.#ctx, reason))
      this.forgetRejections()
      return told.kind === 'returned' ? String(told.value) : undefined
    }
    return undefined
  }

  forgetRejections(): void {
    const promises = [...this.#rejected.keys()]
    this.#rejected.clear()
    if (this.#state === 'dead') return
    for (const promise of promises) {
      const held = this.#values.pointerTo(this.#ctx, promise)
      // Twice: what was just made, and what kept the promise alive.
      const references = new Int32Array(this.memory, Number(BigInt.asUintN(32, promise)), 1)
      references[0]!--
      this.#instance.raw._QTS_FreeValuePointer(this.#ctx, held)
    }
  }

  /** True when promise jobs wait to be run. */
  get hasJobs(): boolean {
    return this.#state === 'idle' && this.#instance.raw._QTS_IsJobPending(this.#rt) !== 0
  }

  /**
   * Ends what the guest is doing, uncatchably: at its next poll, or now when it is suspended. The VM stays usable, since
   * it unwound by itself. Interrupts of later entries are off again once `clearInterrupt` was called.
   */
  interrupt(): void {
    this.#isInterrupted = true
    this.#wakeEarly?.()
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
    this.#wakeEarly = undefined
    this.#abandon?.(this.#death)
  }

  /** `spentMs` is what was used of the budget before. */
  async #enter(cpuMs: number, run: () => Promise<Pointer>, spentMs = 0): Promise<Ended> {
    if (this.#state !== 'idle') throw this.#death ?? new AppError('INTERNAL', `a ${this.#state} VM was entered`)
    this.#cpuBudgetMs = cpuMs
    this.#cpuSpentMs = spentMs
    this.#startClock(spentMs === 0)
    this.#state = 'running'
    let result: Pointer
    try {
      result = await new Promise<Pointer>((resolve, reject) => {
        // A VM that dies while it is suspended never comes back to settle this by itself.
        this.#abandon = reject
        try {
          run().then(resolve, reject)
        } finally {
          this.#stopClock()
        }
      })
    } catch (e) {
      if (e instanceof GuestError) {
        // No room for the arguments: the guest's memory is full, and nothing of it ran.
        this.kill('LIMIT_MEMORY', this.#memoryText())
      } else if (this.#death === undefined) {
        this.kill(e instanceof RangeError ? 'LIMIT_STACK' : 'LIMIT_MEMORY', `the VM trapped: ${(e as Error).message}`)
      }
      throw this.#death
    }
    if ((this.#state as State) === 'dead') throw this.#death
    this.#state = 'idle'
    return this.#complete(result)
  }

  #complete(result: Pointer): Ended {
    const { raw } = this.#instance
    // The verdict of the interrupt handler is sticky: the guest may have swallowed it, and gone on or thrown something else.
    if (this.#isOverBudget()) {
      this.#killForCpu()
      throw this.#death
    }
    const error = raw._QTS_ResolveException(this.#ctx, result)
    if (error === 0) return { kind: 'returned', value: result }
    raw._QTS_FreeValuePointer(this.#ctx, result)
    if (!this.#isInterrupted) return { kind: 'thrown', error }
    raw._QTS_FreeValuePointer(this.#ctx, error)
    return { kind: 'interrupted' }
  }

  #cpuMs(): number {
    return this.#cpuSpentMs + (this.#isInGuest ? performance.now() - this.#enteredAt : 0)
  }

  #startClock(isFirst = false): void {
    this.#enteredAt = performance.now()
    this.#isInGuest = true
    this.#pulse?.begin(this.#cpuBudgetMs - this.#cpuSpentMs, this.cpuLimit, isFirst)
  }

  /** As soon as the guest has returned or waits: what follows is the time of other VMs of the thread. */
  #stopClock(): void {
    if (!this.#isInGuest) return
    this.#cpuSpentMs += performance.now() - this.#enteredAt
    this.#isInGuest = false
    this.#pulse?.end()
  }

  /** Where many threads want few processors, the clock on the wall counts what others have used, too. */
  #isOverBudget(): boolean {
    const spentMs = this.#cpuMs()
    if (spentMs <= this.#cpuBudgetMs) return false
    if (spentMs > this.#cpuBudgetMs * mostStarved) return true
    return (this.#pulse?.cpuMs() ?? spentMs) > this.#cpuBudgetMs
  }

  #memoryText(): string {
    return `the VM has no memory left of its ${Math.floor(this.#limits.memoryBytes / 1024 / 1024)} MB (limit memoryBytes)`
  }

  /**
   * Asked once per 10,000 jumps and calls. A VM over its budget is left by an exception through its frames: native code may
   * swallow the engine's own interruption, as the constructor of Promise does, and the script would go on for ever.
   */
  #shouldInterrupt(): 0 | 1 {
    if (this.#isOverBudget()) this.#killForCpu()
    if (this.#death !== undefined) throw this.#death
    const now = performance.now()
    if (now - this.#polledAt >= pollPeriodMs) {
      this.#polledAt = now
      this.onPoll?.()
    }
    return this.#isInterrupted ? 1 : 0
  }

  #killForCpu(): void {
    this.kill(
      'LIMIT_CPU',
      `the script used more than ${this.#cpuBudgetMs} ms of CPU without waiting (limit ${this.cpuLimit})`,
    )
  }

  /** An error while resolving would be lost: the engine goes on and loads a module without a name. So it waits for that. */
  #resolve(base: string, specifier: string): string {
    try {
      return this.#loader.resolve(base, specifier)
    } catch (e) {
      this.#resolveError = e
      return unresolvedModule
    }
  }

  #load(name: string): string {
    if (name === unresolvedModule) throw this.#resolveError
    return this.#loader.load(name)
  }

  /** The loader's answer as a C string, or NULL with the error pending in the VM. */
  #forLoader(run: () => string): Pointer {
    try {
      return this.#values.writeCString(run())
    } catch (e) {
      const { raw } = this.#instance
      const error = raw._QTS_NewError(this.#ctx)
      const shown = guestErrorOf(e) ?? new GuestError('InternalError', 'the module could not be loaded')
      for (const [name, value] of [
        ['name', shown.guestName],
        ['message', shown.message.replaceAll('\0', '')],
      ] as const) {
        const key = this.#values.write(this.#ctx, name)
        const at = this.#values.write(this.#ctx, value)
        raw._QTS_SetProp(this.#ctx, error, key, at)
        raw._QTS_FreeValuePointer(this.#ctx, key)
        raw._QTS_FreeValuePointer(this.#ctx, at)
      }
      raw._QTS_Throw(this.#ctx, error)
      return 0
    }
  }

  #callFromGuest(asyncify: AsyncifyHandle, argc: number, argv: Pointer): Pointer | undefined {
    const raw = this.#instance.raw
    if (this.#isRewinding) {
      // The C stack is being rebuilt and has arrived where it was suspended: the result is there, nothing runs again.
      this.#isRewinding = false
      return asyncify.handleSleep(() => {})
    }
    try {
      const operation = this.#values.read(this.#ctx, raw._QTS_ArgvGetJSValueConstPointer(argv, 0))
      if (operation === registerEntry) return this.#register(argc, argv)
      if (operation === takeError) return this.#values.write(this.#ctx, this.#takeError())
      if (operation === operationTable) return this.#values.write(this.#ctx, this.#operationNames.join(' '))
      // A guest that calls us again and again takes long to have its interrupt handler asked.
      if (this.#isOverBudget()) this.#killForCpu()
      if (this.#state === 'dead' || this.#isInterrupted) return raw._QTS_GetNull()
      if (operation === compileFile) return this.#compile(argc, argv)
      const run = typeof operation === 'number' ? this.#operations[operation - firstOperation] : undefined
      if (run === undefined) throw new GuestError('TypeError', 'no such operation')
      const args: Crossing[] = []
      for (let i = 1; i < argc && i <= maxArguments; i++) {
        args.push(this.#values.read(this.#ctx, raw._QTS_ArgvGetJSValueConstPointer(argv, i)))
      }
      const result = run(this.vu, ...args)
      if (result instanceof Promise) {
        this.#assertRoomForStack(result)
        return asyncify.handleSleep((wake) => this.#suspend(result, wake))
      }
      // The operation itself may have ended the guest.
      if (this.#isInterrupted) return raw._QTS_GetNull()
      return this.#values.write(this.#ctx, result)
    } catch (e) {
      return this.#refuse(e)
    }
  }

  /** Emscripten does not look whether the block that it unwinds the stack into could be allocated. */
  #assertRoomForStack(result: Promise<Crossing>): void {
    try {
      this.#instance.raw._free(
        this.#values.allocate(this.#limits.stackBytes * asyncifyStackFactor + asyncifyHeaderBytes),
      )
    } catch (e) {
      result.catch(() => {})
      throw e
    }
  }

  /** Keeps the guest's entry function. Only once, and before any code of a user has run. */
  #register(argc: number, argv: Pointer): undefined {
    if (this.#entry !== 0 || argc !== 2) throw new GuestError('TypeError', 'the entry function is registered already')
    this.#entry = this.#instance.raw._QTS_DupValuePointer(
      this.#ctx,
      this.#instance.raw._QTS_ArgvGetJSValueConstPointer(argv, 1),
    )
  }

  /** A function around a CommonJS file. Only compiles: no code of the file runs inside this call. */
  #compile(argc: number, argv: Pointer): Pointer {
    const { raw } = this.#instance
    const name = argc > 1 ? this.#values.read(this.#ctx, raw._QTS_ArgvGetJSValueConstPointer(argv, 1)) : undefined
    if (typeof name !== 'string') throw new GuestError('TypeError', 'a file name is needed')
    const source = `${commonJsHead}${this.#loader.loadCommonJs(name)}\n})`
    const at = this.#values.writeCString(source)
    const fileName = this.#values.writeCString(name)
    try {
      // An exception stays pending in the context, and the call that we answer then throws it.
      return raw._QTS_Eval(this.#ctx, at, Buffer.byteLength(source), fileName, 0, 0)
    } finally {
      raw._free(at)
      raw._free(fileName)
    }
  }

  /** NULL tells the guest half that an error waits to be taken. */
  #refuse(e: unknown): Pointer {
    const shown = guestErrorOf(e)
    this.#pendingError = shown ?? new GuestError('InternalError', 'an internal error of belljar; the log has more')
    if (shown === undefined) this.onInternalError?.(e)
    return this.#instance.raw._QTS_GetNull()
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

  #suspend(result: Promise<Crossing>, wake: (value: Pointer) => void): void {
    const suspension = ++this.#suspension
    this.#stopClock()
    this.#state = 'suspended'
    const resume = (write: () => Pointer) => {
      // A result whose suspension is over, because the guest was interrupted or the VM died, is dropped.
      if (this.#suspension !== suspension || this.#state !== 'suspended') return
      this.#suspension++
      this.#wakeEarly = undefined
      if (this.#isOverBudget()) {
        this.#killForCpu()
        return
      }
      this.#startClock()
      this.#state = 'running'
      let value: Pointer
      try {
        value = write()
      } catch (e) {
        value = this.#refuse(e)
      }
      this.#isRewinding = true
      try {
        wake(value)
      } catch (e) {
        this.kill('LIMIT_MEMORY', `the VM trapped while it resumed: ${(e as Error).message}`)
      }
      this.#stopClock()
    }
    this.#wakeEarly = () => resume(() => this.#instance.raw._QTS_GetNull())
    result.then(
      (value) => resume(() => this.#values.write(this.#ctx, value)),
      (e: unknown) => resume(() => this.#refuse(e)),
    )
  }
}
