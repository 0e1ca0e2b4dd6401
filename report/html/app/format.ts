/** Numbers as the page shows them. Pure. */
import type { ValueType } from './report-data.js'

const nothing = '—'

/** A value of a metric with its unit. */
export function formatValue(value: number | null | undefined, contains: ValueType): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing
  if (contains === 'time') return formatMs(value)
  return contains === 'data' ? formatBytes(value) : formatNumber(value)
}

/** Milliseconds in the unit that fits: `850 µs`, `12.3 ms`, `1.25 s`, `2m 5s`. */
export function formatMs(ms: number): string {
  const size = Math.abs(ms)
  if (size === 0) return '0 ms'
  if (size < 1) return `${digits(ms * 1000)} µs`
  if (size < 1000) return `${digits(ms)} ms`
  return size < 60_000 ? `${digits(ms / 1000)} s` : formatDuration(ms)
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function formatBytes(bytes: number): string {
  let power = 0
  let amount = bytes
  while (Math.abs(amount) >= 1000 && power < byteUnits.length - 1) {
    amount /= 1000
    power++
  }
  return `${digits(amount)} ${byteUnits[power]}`
}

/** A plain number: thousands are set apart, and there are as many decimals as say something. */
export function formatNumber(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(2)
  if (Number.isInteger(value)) return value.toLocaleString('en-US')
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 100 ? 1 : size >= 1 ? 2 : 4 })
}

/** Whole numbers in few characters: `1.2M`. */
export function formatShort(value: number): string {
  if (Math.abs(value) < 10_000) return formatNumber(value)
  return value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: 1 })
}

/** A share as a percentage. What is not all never rounds up to 100 %, nor what is something down to 0 %. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return nothing
  const percent = (part / whole) * 100
  if (percent === 0 || percent === 100) return `${percent}%`
  const shown = Math.min(99.99, Math.max(0.01, percent))
  return `${shown.toFixed(shown > 99.9 || shown < 1 ? 2 : 1)}%`
}

/** A length of time for people: `45 s`, `12m 30s`, `1h 5m`. */
export function formatDuration(ms: number): string {
  const total = Math.round(ms / 1000)
  if (total < 60) return ms < 10_000 ? `${digits(ms / 1000)} s` : `${total} s`
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  if (hours > 0) return minutes === 0 ? `${hours}h` : `${hours}h ${minutes}m`
  return seconds === 0 ? `${minutes}m` : `${minutes}m ${seconds}s`
}

/** A moment of the run on an axis: `0:00`, `12:30`, `1:05:00`; with decimals where the axis has them. */
export function formatElapsed(seconds: number, decimals = 0): string {
  const total = Math.abs(seconds)
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60]
  const rest = (total % 60).toFixed(decimals).padStart(decimals === 0 ? 2 : 3 + decimals, '0')
  const sign = seconds < 0 ? '−' : ''
  return hours > 0 ? `${sign}${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${sign}${minutes}:${rest}`
}

/** A date with its zone, as the reader's browser has it. */
export function formatDate(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' })
}

/** Three digits that count. */
function digits(value: number): string {
  const size = Math.abs(value)
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 })
}
