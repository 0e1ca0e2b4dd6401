/**
 * google.protobuf.Timestamp and Duration as text, read and written as Go does it; seconds and nanoseconds on the other side.
 */

/** A point or a span of time: whole seconds and the nanoseconds beyond them. */
export interface SecondsNanos {
  seconds: number
  nanos: number
}

const maxDurationSeconds = 315_576_000_000
const minTimestampSeconds = -62_135_596_800
const maxTimestampSeconds = 253_402_300_799
const nanosPerSecond = 1_000_000_000

/** What is wrong with a text that is no such time. */
export type TimeFault = 'invalid' | 'out of range'

/** Nine digits of nanoseconds as `.123`, `.123456`, `.123456789`, or nothing for zero. */
function fraction(nanos: number): string {
  if (nanos === 0) return ''
  const digits = String(nanos).padStart(9, '0')
  return `.${digits.replace(/(?:000){1,2}$/, '')}`
}

/** A duration such as `1.500s`. */
export function durationText({ seconds, nanos }: SecondsNanos): string {
  const sign = seconds < 0 || nanos < 0 ? '-' : ''
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`
}

/** Why a duration has no text; undefined when it has one. */
export function durationFault({ seconds, nanos }: SecondsNanos): string | undefined {
  if (Math.abs(seconds) > maxDurationSeconds) return 'seconds out of range'
  if (Math.abs(nanos) >= nanosPerSecond) return 'nanos out of range'
  return (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)
    ? 'signs of seconds and nanos do not match'
    : undefined
}

/** Reads a duration: a decimal number of seconds with at most nine digits after the point, and an `s`. */
export function parseDuration(text: string): SecondsNanos | TimeFault {
  const parts = /^([+-]?)(0|[1-9][0-9]*)?(?:\.([0-9]{0,9}))?s$/.exec(text)
  if (parts === null || (parts[2] === undefined && !text.includes('.'))) return 'invalid'
  const digits = parts[2] ?? '0'
  if (digits.length > 19 || BigInt(digits) > 0x7fffffffffffffffn) return 'invalid'
  const sign = parts[1] === '-' ? -1 : 1
  const seconds = Number(digits)
  if (seconds > maxDurationSeconds) return 'out of range'
  // The sum with zero turns -0 into 0.
  return { seconds: sign * seconds + 0, nanos: sign * Number((parts[3] ?? '').padEnd(9, '0')) + 0 }
}

/** A timestamp in UTC such as `2020-01-01T00:00:00.500Z`. */
export function timestampText({ seconds, nanos }: SecondsNanos): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction(nanos)}Z`
}

/** Why a timestamp has no text; undefined when it has one. */
export function timestampFault({ seconds, nanos }: SecondsNanos): string | undefined {
  if (seconds < minTimestampSeconds || seconds > maxTimestampSeconds) return 'seconds out of range'
  return nanos < 0 || nanos >= nanosPerSecond ? 'nanos out of range' : undefined
}

// As Go reads it: an hour may have one digit, a comma may stand for the point, an offset may be 24:60.
const rfc3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:([.,])([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/
const daysInMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Reads an RFC 3339 time with at most nine digits after the point. */
export function parseTimestamp(text: string): SecondsNanos | TimeFault {
  const parts = rfc3339.exec(text)
  if (parts === null) return 'invalid'
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const lastDay = month === 2 && isLeap ? 29 : (daysInMonth[month - 1] ?? 0)
  const offsetHours = Number(parts[10] ?? 0)
  const offsetMinutes = Number(parts[11] ?? 0)
  if (day < 1 || day > lastDay || hour > 23 || minute > 59 || second > 59 || offsetHours > 24 || offsetMinutes > 60)
    return 'invalid'
  const digits = parts[8] ?? ''
  const offsetSeconds = (parts[9] === '-' ? -1 : 1) * (offsetHours * 3600 + offsetMinutes * 60)
  const utc = new Date(0)
  // Not Date.UTC: that reads years below 100 as of the last century.
  utc.setUTCFullYear(year, month - 1, day)
  utc.setUTCHours(hour, minute, second)
  const seconds = utc.getTime() / 1000 - offsetSeconds
  if (seconds < minTimestampSeconds || seconds > maxTimestampSeconds) return 'out of range'
  if (digits.length > 9 && parts[7] === '.') return 'invalid'
  return { seconds, nanos: Number(digits.slice(0, 9).padEnd(9, '0')) }
}
