/**
 * Points in time as RFC 3339 text in the zone of this machine, as Go prints them.
 */

/** `2026-11-22T07:44:52Z`, or with the offset of the local zone. */
export function rfc3339Seconds(time: Date): string {
  return `${localDateTime(time)}${zoneOf(time)}`
}

/** Prints times with a fraction, up to nanoseconds; fast for times that follow each other closely. */
export class Rfc3339Nano {
  #second = Number.NaN
  #dateTime = ''
  #zone = ''

  /** The time `timeMs` (milliseconds since the epoch, with a fraction); trailing zeros of the fraction are left out. */
  format(timeMs: number): string {
    let second = Math.floor(timeMs / 1000)
    let nanos = Math.round((timeMs - second * 1000) * 1e6)
    if (nanos >= 1e9) {
      second++
      nanos -= 1e9
    }
    if (second !== this.#second) {
      const time = new Date(second * 1000)
      this.#second = second
      this.#dateTime = localDateTime(time)
      this.#zone = zoneOf(time)
    }
    if (nanos === 0) return `${this.#dateTime}${this.#zone}`
    return `${this.#dateTime}.${String(nanos).padStart(9, '0').replace(/0+$/, '')}${this.#zone}`
  }
}

function localDateTime(time: Date): string {
  const date = `${pad(time.getFullYear(), 4)}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`
  return `${date}T${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`
}

function zoneOf(time: Date): string {
  const minutes = -time.getTimezoneOffset()
  if (minutes === 0) return 'Z'
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}
