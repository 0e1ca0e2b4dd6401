/**
 * How much a script may use: every limit by name, with its default and its meaning. Nothing here counts or enforces.
 */
import { AppError } from '../errors.js'

export interface Limits {
  /** CPU time of one entry into guest code (an iteration, setup, …), in ms. Waiting is free. */
  cpuMs: number
  /** CPU time of the init code of one VM, in ms. */
  initCpuMs: number
  /** Memory of one VM, in bytes. Its WebAssembly memory never grows beyond it. */
  memoryBytes: number
  /** Stack of guest code, in bytes. The thread's own stack must be 256 times as large (see runtime/thread-limits.ts). */
  stackBytes: number
  /** Promise jobs that may run before the guest has to wait for something. */
  jobsPerDrain: number
  /** Bytes of one console line; what is longer is cut. */
  logLineBytes: number
  /** One file that a script opens or imports, in bytes. */
  fileBytes: number
  /** What setup() may return, as JSON, in bytes. */
  setupDataBytes: number
  /** All SharedArrays and parsed CSV files of a run together, as JSON with their index, in bytes. */
  sharedArrayBytes: number
  /** The body of one HTTP response that a script keeps, encoded and decoded, in bytes. */
  httpBodyBytes: number
  /** VMs that one VU may lose to a limit before the run ends. */
  vmLosses: number
  /** How long `check` lets each part of a script go on (setup, an iteration, …), in ms. */
  checkMs: number
}

/** The limits of a run that is trusted: generous, but no script takes the machine down. */
export const trustedLimits: Readonly<Limits> = Object.freeze({
  cpuMs: 10_000,
  initCpuMs: 30_000,
  memoryBytes: 128 * 1024 * 1024,
  stackBytes: 512 * 1024,
  jobsPerDrain: 1_000_000,
  logLineBytes: 16 * 1024,
  fileBytes: 256 * 1024 * 1024,
  setupDataBytes: 16 * 1024 * 1024,
  sharedArrayBytes: 512 * 1024 * 1024,
  httpBodyBytes: 32 * 1024 * 1024,
  vmLosses: 3,
  checkMs: 5000,
})

const least: Partial<Limits> = { memoryBytes: 24 * 1024 * 1024, stackBytes: 64 * 1024 }
const most: Partial<Limits> = {
  memoryBytes: 2 * 1024 * 1024 * 1024,
  stackBytes: 1024 * 1024,
  sharedArrayBytes: 2 * 1024 * 1024 * 1024,
}
const units: Record<string, number> = { '': 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, ms: 1, s: 1000, m: 60_000 }

/**
 * Limits with the given `name=value` pairs put over `base`. Values take a unit: `64mb` for bytes, `2s` for times.
 *
 * @throws {AppError} OPTIONS_INVALID for an unknown name, a value that is no number, or one out of range
 */
export function limitsFrom(
  pairs: readonly (readonly [name: string, value: string])[],
  base: Limits = trustedLimits,
): Limits {
  const limits = { ...base }
  for (const [name, text] of pairs) {
    if (!Object.hasOwn(limits, name)) {
      throw new AppError('OPTIONS_INVALID', `unknown limit "${name}"`, {
        hint: `limits are ${Object.keys(limits).join(', ')}`,
      })
    }
    const key = name as keyof Limits
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.toLowerCase())
    const unit = match && fits(key, match[2]!) ? units[match[2]!] : undefined
    if (!match || unit === undefined) {
      throw new AppError('OPTIONS_INVALID', `limit ${name}: "${text}" is not a ${kindOf(key)}`, {
        hint: 'examples: cpuMs=2s, memoryBytes=64mb, vmLosses=1',
      })
    }
    const value = Math.floor(Number(match[1]) * unit)
    if (value < (least[key] ?? 1) || value > (most[key] ?? Number.MAX_SAFE_INTEGER)) {
      throw new AppError('OPTIONS_INVALID', `limit ${name}: ${text} is out of range`, {
        hint: `from ${least[key] ?? 1} to ${most[key] ?? 'any size'}`,
      })
    }
    limits[key] = value
  }
  return limits
}

function kindOf(key: keyof Limits): string {
  return key.endsWith('Ms') ? 'time' : key.endsWith('Bytes') ? 'size' : 'number'
}

function fits(key: keyof Limits, unit: string): boolean {
  if (unit === '') return true
  if (kindOf(key) === 'time') return unit === 'ms' || unit === 's' || unit === 'm'
  return kindOf(key) === 'size' && (unit === 'kb' || unit === 'mb' || unit === 'gb')
}
