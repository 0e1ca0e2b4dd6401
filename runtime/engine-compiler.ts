/**
 * Compiles the engine for the VMs of all threads. V8 compiles each function quickly when it is first called, and optimizes
 * it when it has run for a while; for the loop of QuickJS's interpreter that is within its first milliseconds, and takes most of a
 * second of a processor and 100 MB. Nothing of that comes back to a run of a few iterations, so these get a program that stays
 * as it was first compiled: its calls take a third longer than optimized ones.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { packageRoot } from '../package-root.js'
import { setCompileFlags } from './compile-flags.js'

/** What an engine is compiled for: `lasting` is optimized while it runs, `brief` is not. */
export type EngineUse = 'brief' | 'lasting'

const compiled = new Map<EngineUse, WebAssembly.Module>()

/**
 * The engine's program, which the build makes (engine-program.ts), compiled once for each use. Sets flags of V8, which hold for the whole process: in a process with
 * threads, the main thread compiles, and hands the result to the others. The form for brief use leaves none of them changed.
 */
export function compileEngine(use: EngineUse): WebAssembly.Module {
  let module = compiled.get(use)
  if (module === undefined) {
    const program = readFileSync(join(packageRoot, 'dist', 'engine.wasm'))
    module = use === 'brief' && isV8At11 ? unoptimized(program) : optimized(program)
    compiled.set(use, module)
  }
  return module
}

/** With later versions there is no such difference to be had. */
const isV8At11 = Number.parseInt(process.versions.v8, 10) === 11

function optimized(program: Uint8Array): WebAssembly.Module {
  setCompileFlags()
  return new WebAssembly.Module(program)
}

/** The name of a section that only programs for brief use have. */
const brief = 'brief'

/**
 * Whether functions of a module are optimized while they run is settled when it is made. All of them at once, as soon as they
 * are compiled, are those for which V8 then has the other flag of tiers: see `keepUnoptimized`. What is never called is not
 * even validated.
 */
const flagsOfBrief = [
  ['--no-wasm-tier-up', '--wasm-tier-up'],
  ['--no-wasm-dynamic-tiering', '--wasm-dynamic-tiering'],
  ['--wasm-lazy-validation', '--no-wasm-lazy-validation'],
] as const

/** Leaves all flags as they were: what Node.js keeps compiled of itself is no good under others, and takes long to compile. */
function unoptimized(program: Uint8Array): WebAssembly.Module {
  for (const [flag] of flagsOfBrief) setFlagsFromString(flag)
  try {
    // V8 has one compiled form of all programs that are the same, so this one has a section more.
    return new WebAssembly.Module(Buffer.concat([program, customSection(brief)]))
  } finally {
    for (const [, usual] of flagsOfBrief) setFlagsFromString(usual)
  }
}

let isKept = false

/**
 * To be called before the functions of a program are: keeps V8 from optimizing them all at once when the program is for brief
 * use. The flag for that holds for the process from then on.
 */
export function keepUnoptimized(program: WebAssembly.Module): void {
  if (isKept || !isV8At11 || WebAssembly.Module.customSections(program, brief).length === 0) return
  setFlagsFromString('--no-wasm-tier-up')
  isKept = true
}

/** A section that says nothing but its name. */
const customSection = (name: string) => Buffer.from([0, name.length + 1, name.length, ...Buffer.from(name)])
