/**
 * The state of `Math.random()`: 64 bits in the engine's context, by which QuickJS makes its numbers (xorshift64*). It seeds them
 * with the time, so that VMs made in the same millisecond would draw the same numbers. As the time is what the host tells, the
 * place of the state is found by telling a time that occurs nowhere else; then every VM gets a state of its own.
 */
import { randomFillSync } from 'node:crypto'
import type { Pointer, WasmInstance } from './wasm-instance.js'

/** In ms since 1970, as the engine asks; it keeps µs. */
const toldMs = 1_234_567_890_123
const seed = [...new Uint32Array(BigUint64Array.of(BigInt(toldMs) * 1000n).buffer)]

/** Bytes of the context that are looked through, from its start. */
const contextBytes = 1024

/**
 * The context that `make` makes, and where the state lies.
 *
 * @throws {Error} for an engine whose context looks different
 */
export function findRandomState(instance: WasmInstance, make: () => Pointer): { ctx: Pointer; at: Pointer } {
  instance.toldMs = toldMs
  const ctx = make()
  instance.toldMs = undefined
  const { words } = instance
  const found: Pointer[] = []
  for (let at = ctx; at < ctx + contextBytes; at += 8) {
    if (words[at >> 2]! >>> 0 === seed[0] && words[(at >> 2) + 1]! >>> 0 === seed[1]) found.push(at)
  }
  if (found.length !== 1) {
    throw new Error('the context of this engine is laid out otherwise: see runtime/random-state.ts')
  }
  return { ctx, at: found[0]! }
}

/** Gives the VM numbers of its own. Returns the state, which is another one as soon as a number was drawn. */
export function seedRandom(instance: WasmInstance, at: Pointer): bigint {
  randomFillSync(instance.bytes, at, 8)
  // The generator never leaves a state of zeros.
  instance.bytes[at]! |= 1
  return randomState(instance, at)
}

export const randomState = (instance: WasmInstance, at: Pointer): bigint => instance.bytes.readBigUInt64LE(at)
