/**
 * The engine's own report of promises that are rejected while nobody handles them: `HostPromiseRejectionTracker` of
 * ECMA-262, 27.2.1.9. QuickJS has it as a function pointer of its runtime, but quickjs-emscripten has no function to set
 * it. So the pointer is set here: an entry is added to the engine's table of functions, which the compiled program is made
 * to export, and its index is written where the runtime keeps the pointer. That place is found next to the pointer of the
 * interrupt handler, and is refused unless all around it is as expected.
 */
/** Told of each promise that is rejected without a handler, and again when it gets one. Values as the engine has them. */
export type OnRejection = (promise: bigint, reason: bigint, isHandled: boolean) => void

const exportSection = 7
const tableKind = 1
const tableName = 'table'

/** The program with its table of functions among its exports, as `table`. */
export function withTableExport(program: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let at = 8; at < program.length; ) {
    const [length, start] = readLength(program, at + 1)
    if (program[at] === exportSection) {
      const [count, first] = readLength(program, start)
      const end = start + length
      const entry = [tableName.length, ...Buffer.from(tableName), tableKind, 0]
      const newCount = writeLength(count + 1)
      const newLength = writeLength(newCount.length + (end - first) + entry.length)
      // A megabyte is copied as blocks: as an array of numbers it took 100 ms and 8 MB for each copy.
      return joined([
        program.subarray(0, at + 1),
        newLength,
        newCount,
        program.subarray(first, end),
        entry,
        program.subarray(end),
      ])
    }
    at = start + length
  }
  throw new Error('the engine exports nothing')
}

function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** LEB128, unsigned: the number and where it ends. */
function readLength(bytes: Uint8Array, from: number): [value: number, end: number] {
  let value = 0
  for (let at = from, shift = 0; ; at++, shift += 7) {
    value |= (bytes[at]! & 0x7f) << shift
    if (bytes[at]! < 0x80) return [value, at + 1]
  }
}

function writeLength(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeLength(value >>> 7)]
}

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
 * Makes the runtime at the address `rt` tell of rejections. `enableInterruptHandler` sets the pointer next to which the place is: it must
 * not have been called before.
 *
 * @throws {Error} for an engine whose runtime looks different
 */
export function trackRejections(
  memory: WebAssembly.Memory,
  table: WebAssembly.Table,
  rt: number,
  enableInterruptHandler: () => void,
  onRejection: OnRejection,
): void {
  const words = () => new Int32Array(memory.buffer, rt, runtimeBytes / 4)
  const before = words().slice()
  enableInterruptHandler()
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
  const f = (_context: number, promise: bigint, reason: bigint, isHandled: number) =>
    onRejection(promise, reason, isHandled !== 0)
  const { exports } = new WebAssembly.Instance(shim, { e: { f } })
  const index = table.grow(1)
  table.set(index, exports.f)
  words()[tracker] = index
}
