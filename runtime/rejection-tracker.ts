/**
 * The engine's own report of promises that are rejected while nobody handles them: `HostPromiseRejectionTracker` of
 * ECMA-262, 27.2.1.9. QuickJS has it as a function pointer of its runtime, but quickjs-emscripten has no function to set
 * it. So the pointer is set here: an entry is added to the engine's table of functions, which the program is made to export
 * (engine-program.ts), and its index is written where the runtime keeps the pointer. That place is found next to the pointer of the
 * interrupt handler, and is refused unless all around it is as expected.
 */
import type { WasmInstance } from './wasm-instance.js'

/** Told of each promise that is rejected without a handler, and again when it gets one. Values as the engine has them. */
export type OnRejection = (promise: bigint, reason: bigint, isHandled: boolean) => void

/** (context i32, promise i64, reason i64, isHandled i32, opaque i32) → nothing: imports such a function and exports it. */
const shim = new WebAssembly.Module(
  // biome-ignore format: one line for each section
  new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    0x01, 0x09, 0x01, 0x60, 0x05, 0x7f, 0x7e, 0x7e, 0x7f, 0x7f, 0x00,
    0x02, 0x07, 0x01, 0x01, 0x65, 0x01, 0x66, 0x00, 0x00,
    0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00,
  ]),
)

/** Bytes of the runtime that are looked through. */
const runtimeBytes = 1024

/**
 * Adds a function to the engine's table that tells of rejections. Returns its index: the same one in every instance of which
 * nothing else was asked before.
 */
export function addRejectionTracker({ table }: WasmInstance, onRejection: OnRejection): number {
  const f = (_context: number, promise: bigint, reason: bigint, isHandled: number) =>
    onRejection(promise, reason, isHandled !== 0)
  const { exports } = new WebAssembly.Instance(shim, { e: { f } })
  const index = table.grow(1)
  table.set(index, exports.f)
  return index
}

/**
 * Makes the runtime at the address `rt` call the function at that `index` of the table, and enables its interrupt handler:
 * that sets the pointer next to which the place is.
 *
 * @throws {Error} for an engine whose runtime looks different
 */
export function trackRejections(instance: WasmInstance, rt: number, index: number): void {
  const words = () => new Int32Array(instance.buffer, rt, runtimeBytes / 4)
  const before = words().slice()
  instance.exports.enableInterruptHandler(rt)
  const now = words()
  const changed = [...now.keys()].filter((i) => now[i] !== before[i])
  const [handler] = changed
  // The handler and its argument, the tracker and its argument, and the empty list of jobs, which points to itself.
  const [tracker, jobs] = [handler! + 2, handler! + 4]
  const isAsExpected =
    changed.length === 1 &&
    [handler! + 1, tracker, tracker + 1].every((i) => now[i] === 0) &&
    now[jobs] === rt + jobs * 4 &&
    now[jobs + 1] === now[jobs]
  if (!isAsExpected)
    throw new Error('the runtime of this engine is laid out otherwise: see runtime/rejection-tracker.ts')
  words()[tracker] = index
}
