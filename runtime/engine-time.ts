/** Local time for the engine's C library, in the layout of its `struct tm` and its time zone variables. */

/** Days before each month in a year that is none of 366 days. */
const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

/** Fills a `struct tm` for seconds since 1970. */
export function writeLocalTime(words: Int32Array, seconds: bigint, at: number): void {
  const date = new Date(Number(seconds) * 1000)
  const year = date.getFullYear()
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const month = date.getMonth()
  const [winter, summer] = offsets(year)
  const offset = date.getTimezoneOffset()
  const fields = [
    date.getSeconds(),
    date.getMinutes(),
    date.getHours(),
    date.getDate(),
    month,
    year - 1900,
    date.getDay(),
    daysBefore[month]! + date.getDate() - 1 + (isLeap && month > 1 ? 1 : 0),
    winter !== summer && offset === Math.min(winter, summer) ? 1 : 0,
    -offset * 60,
  ]
  words.set(fields, at >> 2)
}

/** Minutes west of Greenwich in January and in July. */
const offsets = (year: number): [winter: number, summer: number] => [
  new Date(year, 0, 1).getTimezoneOffset(),
  new Date(year, 6, 1).getTimezoneOffset(),
]

/** The seconds west of Greenwich, whether there is a summer time, and the names of both times as `UTC+0100`. */
export function timeZone(): { secondsWest: number; hasSummerTime: boolean; standard: string; summer: string } {
  const [january, july] = offsets(new Date().getFullYear())
  const [first, second] = [nameOf(january), nameOf(july)]
  return {
    secondsWest: Math.max(january, july) * 60,
    hasSummerTime: january !== july,
    standard: july < january ? first : second,
    summer: july < january ? second : first,
  }
}

function nameOf(offset: number): string {
  const minutes = Math.abs(offset)
  const digits = (n: number) => String(n).padStart(2, '0')
  return `UTC${offset >= 0 ? '-' : '+'}${digits(Math.floor(minutes / 60))}${digits(minutes % 60)}`
}
