/** Points in time as Go prints them by default: `2026-11-22 07:44:52.123456 +0000 UTC`. */

/** The time `timeMs` (milliseconds since the epoch, with a fraction) in the zone of this machine. */
export function goTime(timeMs: number): string {
  const micros = Math.round(timeMs * 1000)
  const time = new Date(Math.floor(micros / 1000))
  const date = [pad(time.getFullYear(), 4), pad(time.getMonth() + 1), pad(time.getDate())].join('-')
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => pad(part)).join(':')
  const fraction = pad(((micros % 1e6) + 1e6) % 1e6, 6).replace(/0+$/, '')
  return `${date} ${clock}${fraction === '' ? '' : `.${fraction}`} ${zoneOf(time)}`
}

/** Go too has the offset in place of a name where it knows none. */
function zoneOf(time: Date): string {
  const minutes = -time.getTimezoneOffset()
  if (minutes === 0) return '+0000 UTC'
  const size = Math.abs(minutes)
  const offset = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}${pad(size % 60)}`
  return `${offset} ${offset}`
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}
