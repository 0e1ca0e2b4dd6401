/**
 * Numbers and durations that keep their width while they grow, so that a progress line does not jump. Pure; formats as
 * k6 does.
 */

/** `value` with as many digits as `largest` has. */
export function fixedInteger(value: number, largest: number): string {
  return String(value).padStart(String(Math.trunc(largest)).length, '0')
}

/** `value` with so many decimals, and as many digits before them as `largest` has. */
export function fixedDecimal(value: number, largest: number, decimals: number): string {
  const whole = String(Math.trunc(largest)).length
  return value.toFixed(decimals).padStart(whole + 1 + decimals, '0')
}

/** A duration down to tenths of a second, with all the parts that `longestMs` needs: `0m09.5s`. */
export function fixedDuration(durationMs: number, longestMs: number): string {
  const tenths = Math.round(Math.abs(durationMs) / 100)
  const longest = Math.max(Math.round(Math.abs(longestMs) / 100), tenths) / 10
  const totalSeconds = Math.floor(tenths / 10)
  const minutes = Math.floor(totalSeconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  const fraction = `.${tenths % 10}s`
  const seconds = totalSeconds % 60
  if (longest < 10) return `${seconds}${fraction}`
  const withSeconds = pad(seconds) + fraction
  if (longest < 60) return withSeconds
  if (longest < 600) return `${minutes % 60}m${withSeconds}`
  const withMinutes = `${pad(minutes % 60)}m${withSeconds}`
  if (longest < 3600) return withMinutes
  if (longest < 36_000) return `${hours % 24}h${withMinutes}`
  const withHours = `${pad(hours % 24)}h${withMinutes}`
  if (longest < 86_400) return withHours
  return `${fixedInteger(days, longest / 86_400)}d${withHours}`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
