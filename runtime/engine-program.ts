/**
 * The engine's program, QuickJS for WebAssembly, as it is compiled here: that of the pinned package, with five changes that the
 * build makes to its bytes. It exports only what is called, its table of functions, and the pointer of its stack. It has a C stack
 * of 3 MB instead of 5, and some memory of ours beside that. All recursion takes some of that stack, also that of `new` of a function
 * that was bound again and again. And it asks for the memory that a VM needs and not for 16 MB, and for a shared one:
 * of others the garbage collector takes all for used (memory-pool.ts).
 */
import { readFileSync } from 'node:fs'
import { requirePackage } from '../package-root.js'

const section = { import: 2, global: 6, export: 7, code: 10, data: 11 } as const
const kind = { function: 0, table: 1, memory: 2, global: 3 } as const
const i32const = 0x41
/** What the limits of a memory say of it. */
const hasMaximum = 1
const isShared = 2
const end = 0x0b

/** Where the names of the exports that are used here are in the program of the pinned package. */
export const exportNames = {
  ctors: 'v',
  malloc: 'w',
  free: 'N',
  stackPointer: 'Pa',
  startUnwind: 'tb',
  stopUnwind: 'ub',
  startRewind: 'vb',
  stopRewind: 'wb',
  newRuntime: 'L',
  newContext: 'O',
  setMaxStackSize: 'E',
  enableInterruptHandler: 'Ga',
  enableModuleLoader: 'Ia',
  globalObject: 'va',
  undefinedPointer: 'F',
  nullPointer: 'G',
  newFunction: 'Ea',
  newString: '$',
  newArrayBuffer: 'Y',
  newError: 'y',
  throwValue: 'x',
  setProp: 'ka',
  dupValue: 'U',
  freeValue: 'Q',
  arrayBuffer: 'ba',
  arrayBufferLength: 'ca',
  resolveException: 'oa',
  isJobPending: 'ga',
  executePendingJob: 'ha',
  call: 'na',
  eval: 'qa',
} as const

/** The exported table of functions. */
export const tableName = 'table'
/** The exported global that is the C stack's pointer. */
export const stackGlobalName = 'stack'

/** The names of the imported functions; `a` is also that of the memory. All are of the module `a`. */
const importedFunctions = 'bcdefghijklmnopqrstu'

/** Static data ends before it, and the C stack begins there; it grows down to it. Multiple of 16. */
export const stackBottom = 90_384
const linkedStackTop = stackBottom + 5 * 1024 * 1024
/**
 * Three times the largest limit for the stack of a script, as the engine does not look at that in all that it does. Costs no
 * memory while it is not used.
 */
export const heapBottom = stackBottom + 3 * 1024 * 1024
/** Between stack and heap: for what is handed to the engine and from it. */
const scratchBytes = 8192
export const stackTop = heapBottom - scratchBytes

/** Arguments of a call into the VM, at most. */
export const maxArguments = 8
/** Bytes of a JSValue. */
export const cellBytes = 8

/** What lies between stack and heap. */
export const scratch = {
  /**
   * The JSValue that a callback answers with. The C side frees the pointer to it: the word before it is 0, and what such a
   * word stands before is no block to `free`, which does nothing.
   */
  answer: stackTop + cellBytes,
  /** The JSValues that an entry is called with. */
  cells: stackTop + 2 * cellBytes,
  /** The list of pointers to them, as QTS_Call takes it. */
  argv: stackTop + (2 + maxArguments) * cellBytes,
  /** Where short texts lie on their way in. */
  text: stackTop + 256,
  textBytes: scratchBytes - 256,
} as const

export const pageBytes = 65_536
const linkedPages = 256
/** Static data and the C stack. */
const leastPages = Math.ceil(heapBottom / pageBytes)
/** As much heap as an engine with the modules of k6 in it has, beside that. */
export const freshPages = leastPages + 14

/** The engine's program. @throws {Error} when the package has another one */
export const engineProgram = (): Uint8Array<ArrayBuffer> =>
  patched(readFileSync(requirePackage.resolve('@jitl/quickjs-wasmfile-release-asyncify/wasm')))

/**
 * The program with the changes that the head of this file names.
 *
 * @throws {Error} when it is not laid out as that of the pinned package
 */
export function patched(program: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [program.subarray(0, 8)]
  const found = new Set<number>()
  for (let at = 8; at < program.length; ) {
    const id = program[at]!
    const [length, start] = readLength(program, at + 1)
    const body = program.subarray(start, start + length)
    const change = changes.get(id)
    if (change === undefined) {
      parts.push(program.subarray(at, start + length))
    } else {
      found.add(id)
      const changed = change(body)
      parts.push(Uint8Array.of(id, ...writeLength(changed.length)), changed)
    }
    at = start + length
  }
  if (found.size !== changes.size) throw unexpected('a section is missing')
  return Buffer.concat(parts) as Uint8Array<ArrayBuffer>
}

const changes = new Map<number, (body: Uint8Array) => Uint8Array>([
  [section.import, withSharedMemory],
  [section.global, withSmallerStack],
  [section.export, withOwnExports],
  [section.code, withStackForBoundFunctions],
  [section.data, withLowerHeap],
])

const unexpected = (what: string) =>
  new Error(`the engine is not the one that belljar was written for (${what}): see runtime/engine-program.ts`)

/** The memory comes last, after the functions, as `a.a` with limits of 256 and 32768 pages. */
function withSharedMemory(body: Uint8Array): Uint8Array {
  const names: string[] = []
  let [count, at] = readLength(body, 0)
  for (; count > 0; count--) {
    const [, module] = readText(body, at)
    const [name, after] = readText(body, module)
    at = after
    if (body[at] === kind.function) {
      names.push(name)
      at = readLength(body, at + 1)[1]
      continue
    }
    const [least, most] = readLength(body, at + 2)
    if (body[at] !== kind.memory || body[at + 1] !== hasMaximum || count !== 1 || least !== linkedPages) break
    if (names.join('') !== importedFunctions) break
    const limits = [hasMaximum | isShared, ...writeLength(leastPages)]
    return Buffer.concat([body.subarray(0, at + 1), Buffer.from(limits), body.subarray(most)])
  }
  throw unexpected('its imports')
}

/** The first global is the stack pointer, and begins where the stack does. */
function withSmallerStack(body: Uint8Array): Uint8Array {
  const expected = [3, 0x7f, 1, i32const, ...writeSigned(linkedStackTop), end]
  if (expected.some((byte, i) => body[i] !== byte)) throw unexpected('its globals')
  const first = [3, 0x7f, 1, i32const, ...writeSigned(stackTop), end]
  return Buffer.concat([Buffer.from(first), body.subarray(expected.length)])
}

/** Those of `exportNames`, the table, and the stack's pointer. */
function withOwnExports(body: Uint8Array): Uint8Array {
  const wanted = new Set<string>(Object.values(exportNames))
  const kept: Uint8Array[] = []
  let [count, at] = readLength(body, 0)
  for (; count > 0; count--) {
    const [name, after] = readText(body, at)
    const [, next] = readLength(body, after + 1)
    if (body[after] === kind.function && wanted.has(name)) kept.push(body.subarray(at, next))
    at = next
  }
  if (kept.length !== wanted.size) throw unexpected('its exports')
  const first = (name: string, what: number) => Buffer.from([name.length, ...Buffer.from(name), what, 0])
  const own = [first(tableName, kind.table), first(stackGlobalName, kind.global)]
  return Buffer.concat([Buffer.from(writeLength(kept.length + own.length)), ...kept, ...own])
}

/**
 * A bound function has its arguments on the stack, rounded up to 16 bytes: none for none, so that the depth of `new` of such
 * functions was limited by nothing, and a stack that takes no room was unwound into any amount of it. Rounded up from 16 more,
 * each takes some.
 */
function withStackForBoundFunctions(body: Uint8Array): Uint8Array {
  // i32.const 15, i32.add, i32.const -16, i32.and, local.tee 9, i32.sub
  const expected = Buffer.from([i32const, 15, 0x6a, i32const, 0x70, 0x71, 0x22, 9, 0x6b])
  const changed = Buffer.from(body)
  const at = changed.indexOf(expected)
  if (at < 0 || changed.indexOf(expected, at + 1) >= 0) throw unexpected('its code')
  changed[at + 1] = 31
  return changed
}

/** The heap begins where the stack ends: its first address is the one word of static data that says so. */
function withLowerHeap(body: Uint8Array): Uint8Array {
  // Without the zero that is its highest byte.
  const segment = (word: number) => [3, word & 0xff, (word >>> 8) & 0xff, word >>> 16]
  const expected = Buffer.from([end, ...segment(linkedStackTop), 0])
  const changed = Buffer.from(body)
  const at = changed.indexOf(expected)
  if (at < 0 || changed.indexOf(expected, at + 1) >= 0) throw unexpected('its data')
  changed.set([end, ...segment(heapBottom), 0], at)
  return changed
}

function readText(bytes: Uint8Array, from: number): [text: string, end: number] {
  const [length, start] = readLength(bytes, from)
  return [Buffer.from(bytes.subarray(start, start + length)).toString(), start + length]
}

/** LEB128, unsigned: the number and where it ends. */
function readLength(bytes: Uint8Array, from: number): [value: number, end: number] {
  let value = 0
  for (let at = from, shift = 0; ; at++, shift += 7) {
    value |= (bytes[at]! & 0x7f) << shift
    if (!(bytes[at]! >= 0x80)) return [value, at + 1]
  }
}

function writeLength(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeLength(value >>> 7)]
}

/** LEB128, signed, of a number that is not negative. */
function writeSigned(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...writeSigned(value >>> 7)]
}
