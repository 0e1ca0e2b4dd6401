/**
 * Compiles the engine for the VMs of all threads. V8 compiles each function quickly when it is first called, and optimizes
 * it when it has run for a while; for the loop of QuickJS's interpreter that is within its first milliseconds, and takes most of a
 * second of a processor and 100 MB. Nothing of that comes back to a run of a few iterations, so these get a program that stays
 * as it was first compiled: its calls take a third longer than optimized ones.
 */
import { setFlagsFromString } from 'node:v8'
import { setCompileFlags } from './compile-flags.js'
import { engineProgram } from './engine-program.js'

/** What an engine is compiled for: `lasting` is optimized while it runs, `brief` is not. */
export type EngineUse = 'brief' | 'lasting'

const compiled = new Map<EngineUse, WebAssembly.Module>()

/**
 * The engine's program, compiled once for each use. Sets flags of V8 while it compiles, which hold for the whole process: in a
 * process with threads, the main thread compiles, and hands the result to the others.
 */
export function compileEngine(use: EngineUse): WebAssembly.Module {
  let module = compiled.get(use)
  if (module === undefined) {
    setCompileFlags()
    const program = engineProgram()
    module = use === 'brief' && isV8At11 ? unoptimized(program) : new WebAssembly.Module(program)
    compiled.set(use, module)
  }
  return module
}

/** With later versions there is no such difference to be had. */
const isV8At11 = Number.parseInt(process.versions.v8, 10) === 11

function unoptimized(program: Uint8Array): WebAssembly.Module {
  // Whether functions of a module are optimized later is settled when it is made. Without either flag, all are at once.
  setFlagsFromString('--no-wasm-tier-up')
  setFlagsFromString('--no-wasm-dynamic-tiering')
  try {
    // V8 has one compiled form of all programs that are the same, so this one has a section more.
    return new WebAssembly.Module(Buffer.concat([program, customSection('brief')]))
  } finally {
    setFlagsFromString('--wasm-dynamic-tiering')
  }
}

/** A section that says nothing but its name. */
const customSection = (name: string) => Buffer.from([0, name.length + 1, name.length, ...Buffer.from(name)])
