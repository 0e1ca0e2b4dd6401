/**
 * How much a script may use: every limit by name, with its defaults and its meaning. Nothing here counts or enforces.
 */
import { AppError } from '../errors.js'

/** Sizes in bytes, times in ms. `Infinity` is no limit, written `none`. */
export interface Limits {
  /** CPU time of one entry into guest code (an iteration, a callback), in ms. Waiting is free. */
  cpuMs: number
  /** CPU time of the init code of one VM, in ms. */
  initCpuMs: number
  /** CPU time of setup, teardown and handleSummary, each, in ms. */
  stageCpuMs: number
  /** CPU time of all guest code of a run together, in ms. */
  runCpuMs: number
  /** An iteration from its beginning to its end, waiting included, in ms. */
  iterationMs: number
  /** A run from its first init to its last summary, in ms. */
  runMs: number
  /** How long after the end of its CPU time a thread may still not answer before it is ended from outside, in ms. */
  graceMs: number
  /** VUs of a run: of all its scenarios together, at the same time. */
  vus: number
  /** Memory of one VM, in bytes. Its WebAssembly memory never grows beyond it. */
  memoryBytes: number
  /** Memory of the process of a run beside that of its VMs, in bytes. Holds for a process of its own. */
  hostMemoryBytes: number
  /** Stack of guest code, in bytes. The thread's own stack must be 256 times as large (see runtime/thread-limits.ts). */
  stackBytes: number
  /** Promise jobs that may run before the guest has to wait for something. */
  jobsPerDrain: number
  /** Bytes of one console line; what is longer is cut. */
  logLineBytes: number
  /** Bytes of all console lines of a run. */
  consoleBytes: number
  /** Console lines of a run within a second. */
  consoleLinesPerSecond: number
  /** Metrics that a script declares; and its thresholds. */
  metrics: number
  /** Sets of tags, over all metrics. */
  series: number
  /** Tags of one sample. */
  tags: number
  /** The name or value of a tag, in bytes. */
  tagBytes: number
  /** Names of checks and of groups of a run, each. */
  checks: number
  /** The name of a check or of a group, in bytes. */
  nameBytes: number
  /** One module of a script, in bytes. */
  moduleBytes: number
  /** Modules of a script, files and remote ones together. */
  moduleCount: number
  /** One file that a script opens or imports, in bytes. */
  fileBytes: number
  /** All files that a script opens, in bytes. */
  allFilesBytes: number
  /** What setup() may return, as JSON, in bytes. */
  setupDataBytes: number
  /** All SharedArrays and parsed CSV files of a run together, as JSON with their index, in bytes. */
  sharedArrayBytes: number
  /** Files that handleSummary may have written. */
  summaryFiles: number
  /** All that handleSummary returns, in bytes. */
  summaryBytes: number
  /** Connections of one VU that are open at once, of all protocols. */
  connections: number
  /** gRPC calls and streams of one VU that are open at once. */
  streams: number
  /** Requests and gRPC calls of a run within a second; those beyond wait for their turn. */
  requestsPerSecond: number
  /** One message or body that a script sends, in bytes. */
  requestBytes: number
  /** Keys and values of what a script sends as metadata or headers of one call, in bytes. */
  metadataBytes: number
  /** Pairs among them. */
  metadataPairs: number
  /** One gRPC message that is received, in bytes, whatever the script asks for. */
  responseBytes: number
  /** The body of one HTTP response that a script keeps, encoded and decoded, in bytes. */
  httpBodyBytes: number
  /** The longest that a script may let one call take, in ms. */
  callMs: number
  /** VMs that one VU may lose to a limit before the run ends. */
  vmLosses: number
  /** How long `check` lets each part of a script go on (setup, an iteration, …), in ms. */
  checkMs: number
}

const kb = 1024
const mb = 1024 * kb
const gb = 1024 * mb
const none = Number.POSITIVE_INFINITY

/** The limits of a run that is trusted: generous, but no script takes the machine down. */
export const trustedLimits: Readonly<Limits> = Object.freeze({
  cpuMs: 10_000,
  initCpuMs: 30_000,
  stageCpuMs: 30_000,
  runCpuMs: none,
  iterationMs: none,
  runMs: none,
  graceMs: 1000,
  vus: none,
  memoryBytes: 128 * mb,
  hostMemoryBytes: none,
  stackBytes: 512 * kb,
  jobsPerDrain: 1_000_000,
  logLineBytes: 16 * kb,
  consoleBytes: gb,
  consoleLinesPerSecond: none,
  metrics: 10_000,
  series: 1_000_000,
  tags: 100,
  tagBytes: 4 * kb,
  checks: 100_000,
  nameBytes: 4 * kb,
  moduleBytes: 16 * mb,
  moduleCount: 2000,
  fileBytes: 256 * mb,
  allFilesBytes: 2 * gb,
  setupDataBytes: 16 * mb,
  sharedArrayBytes: 512 * mb,
  summaryFiles: 1000,
  summaryBytes: 256 * mb,
  connections: 1000,
  streams: 10_000,
  requestsPerSecond: none,
  requestBytes: 128 * mb,
  metadataBytes: mb,
  metadataPairs: 1000,
  responseBytes: none,
  httpBodyBytes: 32 * mb,
  callMs: none,
  vmLosses: 3,
  checkMs: 5000,
})

/** The limits of a run whose author nobody knows. */
export const untrustedLimits: Readonly<Limits> = Object.freeze({
  cpuMs: 1000,
  initCpuMs: 5000,
  stageCpuMs: 5000,
  runCpuMs: 3_600_000,
  iterationMs: 300_000,
  runMs: 3_600_000,
  graceMs: 250,
  vus: 200,
  memoryBytes: 64 * mb,
  hostMemoryBytes: 512 * mb,
  stackBytes: 512 * kb,
  jobsPerDrain: 100_000,
  logLineBytes: 16 * kb,
  consoleBytes: 10 * mb,
  consoleLinesPerSecond: 1000,
  metrics: 200,
  series: 10_000,
  tags: 50,
  tagBytes: 256,
  checks: 1000,
  nameBytes: 512,
  moduleBytes: 5 * mb,
  moduleCount: 500,
  fileBytes: 64 * mb,
  allFilesBytes: 256 * mb,
  setupDataBytes: mb,
  sharedArrayBytes: 64 * mb,
  summaryFiles: 20,
  summaryBytes: 16 * mb,
  connections: 64,
  streams: 64,
  requestsPerSecond: 10_000,
  requestBytes: 4 * mb,
  metadataBytes: 64 * kb,
  metadataPairs: 100,
  responseBytes: 4 * mb,
  httpBodyBytes: 8 * mb,
  callMs: 600_000,
  vmLosses: 3,
  checkMs: 5000,
})

export type LimitName = keyof Limits

/** Every limit by name. */
export const limitNames = Object.keys(trustedLimits) as LimitName[]

const least: Partial<Limits> = { memoryBytes: 24 * mb, stackBytes: 64 * kb, hostMemoryBytes: 128 * mb }
const most: Partial<Limits> = {
  memoryBytes: 2 * gb,
  stackBytes: mb,
  sharedArrayBytes: 2 * gb,
}
const units: Record<string, number> = { '': 1, kb, mb, gb, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/**
 * The value of one limit as it is written: `64mb`, `2s`, `3`, or `none` for those that may be left open.
 *
 * @throws {AppError} OPTIONS_INVALID for an unknown name, a value that is no number, or one out of range
 */
export function parseLimit(name: string, text: string): number {
  if (!Object.hasOwn(trustedLimits, name)) {
    throw new AppError('OPTIONS_INVALID', `unknown limit "${name}"`, {
      hint: `limits are ${limitNames.join(', ')}`,
    })
  }
  const key = name as LimitName
  if (text === 'none' && trustedLimits[key] === none) return none
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
  return value
}

/**
 * Limits with the given `name=value` pairs put over `base`.
 *
 * @throws {AppError} OPTIONS_INVALID, see `parseLimit`
 */
export function limitsFrom(
  pairs: readonly (readonly [name: string, value: string])[],
  base: Limits = trustedLimits,
): Limits {
  const limits = { ...base }
  for (const [name, text] of pairs) limits[name as LimitName] = parseLimit(name, text)
  return limits
}

function kindOf(key: string): string {
  return key.endsWith('Ms') ? 'time' : key.endsWith('Bytes') ? 'size' : 'number'
}

function fits(key: string, unit: string): boolean {
  if (unit === '') return true
  if (kindOf(key) === 'time') return unit === 'ms' || unit === 's' || unit === 'm' || unit === 'h'
  return kindOf(key) === 'size' && (unit === 'kb' || unit === 'mb' || unit === 'gb')
}
