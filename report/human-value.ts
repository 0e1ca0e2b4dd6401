/**
 * Numbers as the end-of-test summary shows them: `1.23s`, `3.9 kB`, `83.33%`. Pure; cuts and rounds exactly as k6.
 */
import type { MetricType, ValueType } from '../metrics/metric.js'

/** The unit of times; empty for one that fits each value. */
export type TimeUnit = '' | 's' | 'ms' | 'us'

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
const fixedUnits = { s: ['s', 0.001], ms: ['ms', 1], us: ['µs', 1000] } as const

/** A value of a metric, as text. */
export function humanValue(value: number, type: MetricType, contains: ValueType, timeUnit: TimeUnit): string {
  if (type === 'rate') return `${(Math.trunc(value * 100 * 100) / 100).toFixed(2)}%`
  if (contains === 'data') return humanBytes(value)
  if (contains === 'time') return humanDuration(value, timeUnit)
  return trimmed(value, 6)
}

function humanBytes(bytes: number): string {
  if (bytes < 10) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log(bytes) / Math.log(1000)), byteUnits.length - 1)
  const amount = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10
  return `${amount.toFixed(amount < 10 ? 1 : 0)} ${byteUnits[power]}`
}

function humanDuration(durationMs: number, timeUnit: TimeUnit): string {
  if (timeUnit !== '') {
    const [unit, factor] = fixedUnits[timeUnit]
    return `${(durationMs * factor).toFixed(2)}${unit}`
  }
  if (durationMs === 0) return '0s'
  if (durationMs < 0.001) return `${Math.trunc(durationMs * 1e6)}ns`
  if (durationMs < 1) return `${truncated(durationMs * 1000, 2)}µs`
  if (durationMs < 1000) return `${truncated(durationMs, 2)}ms`
  const seconds = `${truncated((durationMs % 60_000) / 1000, durationMs > 60_000 ? 0 : 2)}s`
  const minutes = Math.trunc(durationMs / 60_000)
  if (minutes < 1) return seconds
  const hours = Math.trunc(minutes / 60)
  return `${hours < 1 ? '' : `${hours}h`}${minutes % 60}m${seconds}`
}

/** Rounded to so many decimals, without zeros at the end. */
function trimmed(value: number, decimals: number): string {
  return String(Number.parseFloat(value.toFixed(decimals)))
}

function truncated(value: number, decimals: number): string {
  const scale = 10 ** decimals
  return trimmed(Math.trunc(scale * value) / scale, decimals)
}
