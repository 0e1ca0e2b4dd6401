/**
 * One QuickJS engine as a WebAssembly instance of its own: compiled once per thread, instantiated once per VM, each with
 * a memory that cannot grow past its maximum. Speaks the raw C API; nothing here knows JavaScript values or k6.
 *
 * The stock wrappers of quickjs-emscripten are not used: their `QTS_Call` and `QTS_ExecutePendingJob` lose a suspension
 * (quickjs-emscripten issue 258), their memory limit does not hold, and a crossing through them costs several times
 * that of the raw call. The exports used here are those of the pinned version; test/runtime/ proves each on upgrade.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { RELEASE_ASYNC } from 'quickjs-emscripten'
import { setCompileFlags } from './compile-flags.js'
import { withTableExport } from './rejection-tracker.js'

/** A C pointer: an index into the instance's memory. 0 is NULL. */
export type Pointer = number

type N = number

/** What the C side calls in JavaScript. Must never throw: an exception would unwind through WebAssembly frames. */
export interface EngineCallbacks {
  callFunction(asyncify: AsyncifyHandle, ctx: N, self: Pointer, argc: N, argv: Pointer, id: N): Pointer | undefined
  shouldInterrupt(asyncify: undefined, rt: N): 0 | 1
  loadModuleSource(asyncify: AsyncifyHandle, rt: N, ctx: N, name: string): Pointer
  normalizeModule(asyncify: AsyncifyHandle, rt: N, ctx: N, base: string, name: string): Pointer
  freeHostRef(asyncify: undefined, rt: N, id: N): void
}

/** Emscripten's suspension: unwinds the C stack, and rewinds it when `wake` is called with the host function's result. */
export interface AsyncifyHandle {
  handleSleep(start: (wake: (result: Pointer) => void) => void): Pointer
}

export interface RawModule {
  callbacks: EngineCallbacks
  HEAPU8: Uint8Array
  cwrap(
    name: string,
    result: 'number' | null,
    args: ('number' | 'string' | 'boolean')[],
    options?: { async: true },
  ): unknown
  _malloc(size: N): Pointer
  _free(at: Pointer): void
  _QTS_NewRuntime(): N
  _QTS_NewContext(rt: N, intrinsics: N): N
  _QTS_RuntimeSetMaxStackSize(rt: N, size: N): void
  _QTS_RuntimeEnableInterruptHandler(rt: N): void
  _QTS_RuntimeEnableModuleLoader(rt: N, hasCustomNormalize: N): void
  _QTS_GetGlobalObject(ctx: N): Pointer
  _QTS_GetNull(): Pointer
  _QTS_GetUndefined(): Pointer
  _QTS_GetTrue(): Pointer
  _QTS_GetFalse(): Pointer
  _QTS_NewFloat64(ctx: N, value: number): Pointer
  _QTS_NewString(ctx: N, text: Pointer): Pointer
  _QTS_NewArrayBuffer(ctx: N, bytes: Pointer, length: N): Pointer
  _QTS_GetArrayBuffer(ctx: N, value: Pointer): Pointer
  _QTS_GetArrayBufferLength(ctx: N, value: Pointer): N
  _QTS_Eval(ctx: N, source: Pointer, length: N, fileName: Pointer, detectModule: N, flags: N): Pointer
  _QTS_NewError(ctx: N): Pointer
  _QTS_Throw(ctx: N, error: Pointer): Pointer
  _QTS_SetProp(ctx: N, target: Pointer, key: Pointer, value: Pointer): void
  _QTS_DupValuePointer(ctx: N, value: Pointer): Pointer
  _QTS_FreeValuePointer(ctx: N, value: Pointer): void
  _QTS_ResolveException(ctx: N, value: Pointer): Pointer
  _QTS_IsJobPending(rt: N): N
  _QTS_ArgvGetJSValueConstPointer(argv: Pointer, index: N): Pointer
}

/** The exports that may suspend, bound so that their result is awaited until the C stack has been rewound. */
export interface SuspendingExports {
  eval(ctx: N, source: Pointer, length: N, fileName: string, detectModule: N, flags: N): Promise<Pointer>
  call(ctx: N, fn: Pointer, self: Pointer, argc: N, argv: Pointer): Promise<Pointer>
  executePendingJob(rt: N, max: N, contextOut: Pointer): Promise<Pointer>
  newFunction(ctx: N, name: string, arity: N, isConstructor: boolean, id: N): Pointer
}

export interface WasmInstance {
  readonly raw: RawModule
  readonly suspending: SuspendingExports
  readonly memory: WebAssembly.Memory
  /** The functions that C can call by pointer. */
  readonly table: WebAssembly.Table
}

const pageBytes = 65_536
const leastPages = 256 // what the module was linked with: 5 MB of C stack, static data, and a first heap

let compiled: WebAssembly.Module | undefined

function wasmModule(): WebAssembly.Module {
  if (compiled === undefined) {
    setCompileFlags()
    const file = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-asyncify/wasm')
    compiled = new WebAssembly.Module(withTableExport(new Uint8Array(readFileSync(file))))
  }
  return compiled
}

/**
 * A fresh engine whose memory holds at most `memoryBytes` (at least 16 MB). `onAbort` is told when the C side gives up;
 * the instance must then be dropped.
 */
export async function instantiateEngine(memoryBytes: number, onAbort: (reason: string) => void): Promise<WasmInstance> {
  const memory = new WebAssembly.Memory({
    initial: leastPages,
    maximum: Math.max(leastPages, Math.floor(memoryBytes / pageBytes)),
  })
  const factory = await RELEASE_ASYNC.importModuleLoader()
  let table!: WebAssembly.Table
  const settings = {
    wasmMemory: memory,
    // Instantiating synchronously saves half of the time: the asynchronous way idles between its steps.
    instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
      const instance = new WebAssembly.Instance(wasmModule(), imports)
      table = instance.exports.table as WebAssembly.Table
      done(instance)
      return {}
    },
    print: () => {},
    printErr: () => {},
    onAbort: (reason: unknown) => onAbort(String(reason)),
  }
  const raw = (await (factory as unknown as (s: typeof settings) => Promise<unknown>)(settings)) as RawModule
  const n = 'number'
  return {
    raw,
    memory,
    table,
    suspending: {
      eval: raw.cwrap('QTS_Eval', n, [n, n, n, 'string', n, n], { async: true }) as SuspendingExports['eval'],
      call: raw.cwrap('QTS_Call', n, [n, n, n, n, n], { async: true }) as SuspendingExports['call'],
      executePendingJob: raw.cwrap('QTS_ExecutePendingJob', n, [n, n, n], {
        async: true,
      }) as SuspendingExports['executePendingJob'],
      newFunction: raw.cwrap('QTS_NewFunction', n, [n, 'string', n, 'boolean', n]) as SuspendingExports['newFunction'],
    },
  }
}
