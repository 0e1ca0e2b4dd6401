/**
 * Durations as k6 and Go write them: `1h2m3.5s`, with days in front (`1d12h`) where k6 allows them, or plain milliseconds.
 * Everything outside this file counts milliseconds; nanoseconds survive as fractions. Knows nothing of options.
 */
import { GoSyntaxError, parseFloat64, parseInt64 } from './number.js'

const unitNs = new Map<string, bigint>([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])
const maxNs = 2n ** 63n - 1n
/** What a float beyond the range of a Go duration becomes on the machines k6 runs on. */
const overflowNs = -(2n ** 63n)
const dayMs = 86_400_000

/** A duration in ms as whole nanoseconds. */
export function nanosecondsOf(durationMs: number): bigint {
  return BigInt(Math.round(durationMs * 1e6))
}

/** Whole nanoseconds as ms. */
export function millisecondsOf(durationNs: bigint): number {
  return Number(durationNs) / 1e6
}

/** Adds durations in ms without the noise of binary fractions: exact to the nanosecond. */
export function sumMs(...durationsMs: readonly number[]): number {
  return millisecondsOf(durationsMs.reduce((sum, durationMs) => sum + nanosecondsOf(durationMs), 0n))
}

/**
 * Reads a Go duration, as the command line takes it: every number needs a unit, days do not exist.
 *
 * @returns the duration in ms
 * @throws {GoSyntaxError} with the text of Go
 */
export function parseGoDuration(text: string): number {
  const isNegative = text.startsWith('-')
  let rest = /^[+-]/.test(text) ? text.slice(1) : text
  if (rest === '0') return 0
  const invalid = () => new GoSyntaxError(`time: invalid duration ${quoteDuration(text)}`)
  if (rest === '' || text.length > 200) throw invalid()
  let totalNs = 0n
  while (rest !== '') {
    const number = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest)
    const whole = number?.[1] ?? ''
    const fraction = number?.[2] ?? ''
    if (whole === '' && fraction === '') throw invalid()
    rest = rest.slice(number?.[0].length ?? 0)
    const unitName = /^[^.0-9]*/.exec(rest)?.[0] ?? ''
    if (unitName === '') throw new GoSyntaxError(`time: missing unit in duration ${quoteDuration(text)}`)
    const unit = unitNs.get(unitName)
    if (unit === undefined) {
      throw new GoSyntaxError(`time: unknown unit ${quoteDuration(unitName)} in duration ${quoteDuration(text)}`)
    }
    rest = rest.slice(unitName.length)
    totalNs += BigInt(whole || '0') * unit
    if (fraction !== '') totalNs += fractionNs(fraction, unit)
    if (totalNs > maxNs + (isNegative ? 1n : 0n)) throw invalid()
  }
  return millisecondsOf(isNegative ? -totalNs : totalNs)
}

/** Go keeps as many digits of a fraction as fit 63 bits and multiplies in floating point. */
function fractionNs(fraction: string, unit: bigint): bigint {
  const digits = fraction.slice(0, 18)
  return BigInt(Math.trunc(Number(digits) * (Number(unit) / 10 ** digits.length)))
}

/** Quotes as Go's time package does: byte by byte, everything outside ASCII as `\xNN`. */
function quoteDuration(text: string): string {
  let quoted = ''
  for (const byte of Buffer.from(text.slice(0, 200), 'utf8')) {
    const char = String.fromCharCode(byte)
    if (char === '"' || char === '\\') quoted += `\\${char}`
    else if (byte < 0x20 || byte >= 0x80) quoted += `\\x${byte.toString(16).padStart(2, '0')}`
    else quoted += char
  }
  return `"${quoted}"`
}

/**
 * Reads a duration as scripts, configuration files and K6_ variables have it: a Go duration, `Nd` in front of one, or a
 * number without a unit, which counts milliseconds.
 *
 * @returns the duration in ms
 * @throws {GoSyntaxError} with the text of k6
 */
export function parseDuration(text: string): number {
  const plain = parseFloat64(text)
  if (plain !== undefined) return truncatedMs(plain)
  const dayMark = text.indexOf('d')
  if (dayMark < 0) return parseGoDuration(text)
  const restText = text.slice(dayMark + 1)
  const restMs = restText === '' ? 0 : parseGoDuration(restText)
  if (restMs < 0) throw new GoSyntaxError(`invalid time format '${restText}'`)
  const days = parseInt64(text.slice(0, dayMark))
  return days * dayMs + (days < 0 ? -restMs : restMs)
}

/** A number of milliseconds cut to whole nanoseconds; what does not fit a Go duration wraps as it does there. */
function truncatedMs(valueMs: number): number {
  const ns = Math.trunc(valueMs * 1e6)
  if (!(Math.abs(ns) < 2 ** 63)) return millisecondsOf(overflowNs)
  return ns / 1e6
}

/**
 * Reads a duration out of decoded JSON.
 *
 * @returns the duration in ms
 * @throws {GoSyntaxError} with the text of k6
 */
export function parseDurationValue(value: unknown): number {
  if (typeof value === 'string') return parseDuration(value)
  if (typeof value === 'number') return truncatedMs(value)
  throw new GoSyntaxError(`'${JSON.stringify(value) ?? 'undefined'}' is not a valid duration value`)
}

/** Prints a duration as Go does: `10m0s`, `1m30s`, `500ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  const totalNs = nanosecondsOf(durationMs)
  if (totalNs === 0n) return '0s'
  const ns = totalNs < 0n ? -totalNs : totalNs
  const sign = totalNs < 0n ? '-' : ''
  if (ns < 1_000n) return `${sign}${ns}ns`
  if (ns < 1_000_000n) return `${sign}${decimal(ns, 1_000n)}µs`
  if (ns < 1_000_000_000n) return `${sign}${decimal(ns, 1_000_000n)}ms`
  const minutes = ns / 60_000_000_000n
  const seconds = `${decimal(ns % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return `${sign}${seconds}`
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '')
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`
}
