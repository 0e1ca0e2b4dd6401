/**
 * One QuickJS engine as a WebAssembly instance of its own, with a memory that cannot grow past its maximum. It is driven
 * without the wrappers of Emscripten and quickjs-emscripten: these make an Error, a promise and closures for each suspension,
 * take one for a plain result where a call goes on after it (quickjs-emscripten issue 258), and load asynchronously. Speaks
 * the raw C API; nothing here knows JavaScript values or k6.
 */
import { AppError } from '../errors.js'
import { keepUnoptimized } from './engine-compiler.js'
import { exportNames, pageBytes, stackBottom, stackGlobalName, stackTop, tableName } from './engine-program.js'
import { timeZone, writeLocalTime } from './engine-time.js'
import { type MemoryImage, memoryImage } from './memory-image.js'

/** A C pointer: an index into the instance's memory. 0 is NULL. */
export type Pointer = number

type N = number

/** What the C side calls in JavaScript. */
export interface EngineCallbacks {
  /** The pointer to a JSValue, which is copied; or NULL for undefined. */
  callFunction(argc: N, argv: Pointer): Pointer
  shouldInterrupt(): 0 | 1
  /** C strings that the C side frees, or NULL with an exception pending. */
  loadModuleSource(name: string): Pointer
  normalizeModule(base: string, name: string): Pointer
  /** The C side asks what time it is. */
  onClockRead(): void
  /** The C side gave up; the instance must be dropped. */
  onAbort(): void
}

/** What an engine that is idle or waits has beside its memory. */
export interface EngineState {
  readonly stackPointer: Pointer
  /** Where its stack was unwound to, and the block that was made for that; 0 when there is none. */
  readonly unwoundAt: Pointer
  readonly block: Pointer
}

/** That of one that has nothing to do. */
export const idleState: EngineState = { stackPointer: stackTop, unwoundAt: 0, block: 0 }

/** The exports that are used. Each is found by the name that the package's build gave it. */
export interface EngineExports {
  ctors(): void
  malloc(size: N): Pointer
  free(at: Pointer): void
  stackPointer(): Pointer
  startUnwind(at: Pointer): void
  stopUnwind(): void
  startRewind(at: Pointer): void
  stopRewind(): void
  newRuntime(): N
  newContext(rt: N, intrinsics: N): N
  setMaxStackSize(rt: N, size: N): void
  enableInterruptHandler(rt: N): void
  enableModuleLoader(rt: N, hasCustomNormalize: N): void
  globalObject(ctx: N): Pointer
  undefinedPointer(): Pointer
  nullPointer(): Pointer
  newFunction(ctx: N, name: Pointer, arity: N, isConstructor: N, id: N): Pointer
  newString(ctx: N, text: Pointer): Pointer
  newArrayBuffer(ctx: N, bytes: Pointer, length: N): Pointer
  newError(ctx: N): Pointer
  throwValue(ctx: N, error: Pointer): Pointer
  setProp(ctx: N, target: Pointer, key: Pointer, value: Pointer): void
  dupValue(ctx: N, value: Pointer): Pointer
  freeValue(ctx: N, value: Pointer): void
  arrayBuffer(ctx: N, value: Pointer): Pointer
  arrayBufferLength(ctx: N, value: Pointer): N
  resolveException(ctx: N, value: Pointer): Pointer
  isJobPending(rt: N): N
  /** This and the two that follow may suspend. To rewind, they are called again without arguments. */
  executePendingJob(rt?: N, max?: N, contextOut?: Pointer): Pointer
  call(ctx?: N, fn?: Pointer, self?: Pointer, argc?: N, argv?: Pointer): Pointer
  eval(ctx?: N, source?: Pointer, length?: N, fileName?: Pointer, detectModule?: N, flags?: N): Pointer
}

/** Node's Buffer with the methods that its types leave out: they read and write without a detour over an encoding name. */
export type FastBuffer = Buffer & {
  latin1Slice(from: number, to: number): string
  ucs2Slice(from: number, to: number): string
  utf8Slice(from: number, to: number): string
  utf8Write(text: string, at: number, most: number): number
  latin1Write(text: string, at: number, most: number): number
}

/** What the C stack is unwound into takes at most so many times what it takes itself; measured: up to 2.1 times. */
const unwoundFactor = 8
const unwoundHeader = 8
const unwoundLeast = 8192
/**
 * The same where nobody has to be suspended. No recursion of the engine's functions takes more: of what all of them save and have
 * on the stack, by the program, at most 14 times; measured up to 11 times, for `new` of a function that was bound again and again.
 */
const pausedFactor = 16
/** C stack that stays free below a suspended one: the result of what was waited for is made with it. */
const freeStack = 256 * 1024
/** Growing replaces the memory's buffer and all views of it, so it is done in larger steps. */
const growthFactor = 0.2

export class WasmInstance {
  readonly exports: EngineExports
  /** The functions that C can call by pointer. */
  readonly table: WebAssembly.Table
  callbacks!: EngineCallbacks
  /** The memory as it is now, seen as bytes and as words. Replaced when it grows. */
  bytes!: FastBuffer
  words!: Int32Array
  /** True while the C stack is being unwound, and being rebuilt. */
  isUnwinding = false
  isRewinding = false
  /** What it is told when it asks for the time, in ms since 1970; undefined: the time. */
  toldMs: number | undefined
  readonly memory: WebAssembly.Memory
  readonly #mostPages: number
  readonly #stack: WebAssembly.Global
  /** A block for a deep stack, which does not fit under itself. */
  #block: Pointer = 0
  #unwoundAt: Pointer = 0

  /** A fresh engine in a memory of zeros, which may grow to `mostPages`. */
  constructor(memory: WebAssembly.Memory, mostPages: number, program: WebAssembly.Module) {
    this.memory = memory
    this.#mostPages = mostPages
    this.#look()
    keepUnoptimized(program)
    const instance = new WebAssembly.Instance(program, { a: this.#imports() })
    this.table = instance.exports[tableName] as WebAssembly.Table
    this.#stack = instance.exports[stackGlobalName] as WebAssembly.Global
    const found: Record<string, unknown> = {}
    for (const [name, short] of Object.entries(exportNames)) found[name] = instance.exports[short]
    this.exports = found as unknown as EngineExports
  }

  get buffer(): ArrayBufferLike {
    return this.bytes.buffer
  }

  /** @throws {AppError} when a call is under way */
  image(): MemoryImage {
    if (this.#stack.value !== stackTop) throw new AppError('INTERNAL', 'an image was asked of a busy engine')
    return memoryImage(this.bytes)
  }

  /** To be kept and set with the memory of an engine that is idle or waits. */
  get state(): EngineState {
    return { stackPointer: this.#stack.value, unwoundAt: this.#unwoundAt, block: this.#block }
  }

  set state({ stackPointer, unwoundAt, block }: EngineState) {
    this.#stack.value = stackPointer
    this.#unwoundAt = unwoundAt
    this.#block = block
  }

  /** Has the memory hold `size` bytes or more. @throws {RangeError} when the machine has no more */
  reserve(size: number): void {
    const missing = Math.ceil((size - this.bytes.length) / pageBytes)
    if (missing <= 0) return
    this.memory.grow(missing)
    this.#look()
  }

  #look(): void {
    const { buffer } = this.memory
    this.bytes = Buffer.from(buffer) as FastBuffer
    this.words = new Int32Array(buffer)
  }

  /** The functions that the program imports, by the names that the package's build gave them. */
  #imports(): Record<string, unknown> {
    const abort = () => this.#abort()
    return {
      a: this.memory,
      // assert, abort, exit
      b: abort,
      q: abort,
      r: abort,
      // close, seek, write: there are no files, and what is printed is dropped
      c: () => 52,
      o: () => 70,
      s: (_file: N, list: Pointer, count: N, written: Pointer) => this.#drop(list, count, written),
      // the sizes of the environment, and its contents: there are none
      e: (count: Pointer, size: Pointer) => {
        this.words[count >> 2] = 0
        this.words[size >> 2] = 0
        return 0
      },
      d: () => 0,
      f: (_rt: N, _ctx: N, base: Pointer, name: Pointer) =>
        this.callbacks.normalizeModule(this.readCString(base), this.readCString(name)),
      g: (_rt: N, _ctx: N, name: Pointer) => this.callbacks.loadModuleSource(this.readCString(name)),
      h: () => this.callbacks.shouldInterrupt(),
      i: (_ctx: N, _self: Pointer, argc: N, argv: Pointer) => this.callbacks.callFunction(argc, argv),
      // a host reference is freed: none is made
      t: () => {},
      // the size of Asyncify's stack: it has as much as there is
      u: () => {},
      // a timer, and that there is none
      j: () => 0,
      l: () => {},
      k: (size: N) => (this.#grow(size >>> 0) ? 1 : 0),
      m: (seconds: bigint, at: Pointer) => writeLocalTime(this.words, seconds, at),
      n: (west: Pointer, hasSummer: Pointer, standard: Pointer, summer: Pointer) =>
        this.#tellTimeZone(west, hasSummer, standard, summer),
      p: () => {
        this.callbacks.onClockRead()
        return this.toldMs ?? Date.now()
      },
    }
  }

  #abort(): never {
    this.callbacks.onAbort()
    throw new WebAssembly.RuntimeError('aborted')
  }

  #drop(list: Pointer, count: N, written: Pointer): N {
    let size = 0
    for (let i = 0; i < count; i++) size += this.words[(list >> 2) + 2 * i + 1]!
    this.words[written >> 2] = size
    return 0
  }

  #tellTimeZone(west: Pointer, hasSummer: Pointer, standard: Pointer, summer: Pointer): void {
    const zone = timeZone()
    this.words[west >> 2] = zone.secondsWest
    this.words[hasSummer >> 2] = zone.hasSummerTime ? 1 : 0
    for (const [name, at] of [
      [zone.standard, standard],
      [zone.summer, summer],
    ] as const) {
      this.bytes[at + this.bytes.latin1Write(name, at, name.length)] = 0
    }
  }

  /** Makes the memory hold `size` bytes. False when that is more than it may. */
  #grow(size: number): boolean {
    const had = this.buffer.byteLength / pageBytes
    const needed = Math.ceil(size / pageBytes)
    if (needed > this.#mostPages) return false
    const wanted = Math.min(this.#mostPages, Math.max(needed, Math.ceil(had * (1 + growthFactor))))
    for (const pages of [wanted, needed]) {
      try {
        this.memory.grow(pages - had)
        this.#look()
        return true
      } catch {
        // The machine has no more: perhaps for the least.
      }
    }
    return false
  }

  /** Has the C stack unwound as soon as the present callback returns; its result is then ignored. False without room. */
  suspend(): boolean {
    const stack = this.exports.stackPointer()
    const needed = (stackTop - stack) * unwoundFactor + unwoundLeast
    // The part of the stack that is not in use is as good as any other place.
    const size = stack - freeStack - stackBottom
    if (size >= needed) {
      this.#unwindInto(stackBottom, size)
      return true
    }
    this.#block = this.exports.malloc(needed)
    if (this.#block === 0) return false
    this.#unwindInto(this.#block, needed)
    return true
  }

  /** As `suspend`, for a guest that waits for nothing and need not be told why: never takes memory of its heap. */
  pause(): boolean {
    const stack = this.exports.stackPointer()
    const size = stack - freeStack - stackBottom
    if (size < (stackTop - stack) * pausedFactor) return false
    this.#unwindInto(stackBottom, size)
    return true
  }

  #unwindInto(at: Pointer, size: number): void {
    this.words[at >> 2] = at + unwoundHeader
    this.words[(at >> 2) + 1] = at + size
    this.#unwoundAt = at
    this.isUnwinding = true
    this.exports.startUnwind(at)
  }

  /** To be called when an export returned that was unwound. Traps when the stack had more to save than there was room. */
  stopUnwinding(): void {
    this.isUnwinding = false
    this.exports.stopUnwind()
  }

  /** Before the export is called again. The callback that was suspended is called again, too, and then ends the rewinding. */
  startRewinding(): void {
    this.isRewinding = true
    this.exports.startRewind(this.#unwoundAt)
  }

  stopRewinding(): void {
    this.isRewinding = false
    this.exports.stopRewind()
    if (this.#block === 0) return
    this.exports.free(this.#block)
    this.#block = 0
  }

  readCString(at: Pointer): string {
    return at === 0 ? '' : this.bytes.utf8Slice(at, this.bytes.indexOf(0, at))
  }
}
