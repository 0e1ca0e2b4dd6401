/**
 * Whether the engine keeps the text of functions that it compiles, for their `toString()`, and where in it everything stood, for
 * stacks. Of belljar's own modules it need not: they are in every VM, and took 100 KB of text and 30 of places with those of gRPC.
 * QuickJS has a switch for it in its runtime (JS_SetStripInfo), and the package has no export that sets it; so the place is found,
 * before the hash table of shapes.
 */
import type { Pointer, WasmInstance } from './wasm-instance.js'

/** JS_STRIP_SOURCE and JS_STRIP_DEBUG */
const stripAll = 1 | 2
/** Bytes of the runtime that are looked through, from its start. */
const runtimeBytes = 512
const mostBits = 24

/** Where the flags lie. @throws {Error} for an engine whose runtime looks different */
export function findStripFlags({ words }: WasmInstance, rt: Pointer): Pointer {
  const found: Pointer[] = []
  for (let at = rt + 4; at < rt + runtimeBytes; at += 4) {
    // Of the hash table: its size as a power of two, its size, how many there are in it, and where it lies.
    const [flags, bits, size, count, table] = words.subarray((at >> 2) - 1, (at >> 2) + 4) as unknown as number[]
    const isTable = bits! > 0 && bits! <= mostBits && size === 1 << bits! && count! > 0 && table! > rt
    if (isTable && flags === 0) found.push(at - 4)
  }
  if (found.length !== 1) {
    throw new Error('the runtime of this engine is laid out otherwise: see runtime/function-sources.ts')
  }
  return found[0]!
}

/** From now on what is compiled keeps its text and its places, or does not. */
export function keepSources(instance: WasmInstance, flags: Pointer, isKept: boolean): void {
  instance.bytes[flags] = isKept ? 0 : stripAll
}
