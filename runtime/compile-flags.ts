/**
 * Flags of V8 without which it compiles the engine badly. They hold for the process from the moment they are set, and are set
 * late, beside the engine: what Node.js keeps compiled of itself is no good under other flags, and would be compiled anew.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * For the optimizing compiler of V8 11, that of Node.js 20. Later ones have no such allocator of registers, and their
 * budget is the one given here.
 */
const flagsOfV8At11 = [
  // The loop of QuickJS's interpreter is a function so large that a poor allocator is taken for it: calls of a script took
  // 800 to 1000 ns with that one, and 310 to 340 with the usual one.
  '--no-turbo-use-mid-tier-regalloc-for-huge-functions',
  // Optimizing that loop takes most of a second of a processor, which a run of a second or two does not get back.
  '--wasm-tiering-budget=13000000',
]

/** Sets what this version of V8 needs; one that does not know a flag would say so on stderr. */
export function setCompileFlags(): void {
  if (Number.parseInt(process.versions.v8, 10) === 11) for (const flag of flagsOfV8At11) setFlagsFromString(flag)
}
