/**
 * How much the scripts of a run may say: lines and bytes, counted by all threads in one memory, so that what is too much is
 * dropped where it was said and costs the run nothing more. Errors of iterations and warnings are lines as well.
 */
import type { LogLine } from '../host/vu-context.js'
import type { LimitName, Limits } from '../policy/limits.js'

/** Limits that drop lines. */
export const consoleLimits = ['consoleLinesPerSecond', 'consoleBytes'] as const satisfies readonly LimitName[]
export type ConsoleLimit = (typeof consoleLimits)[number]

/** The limit that a line went over; `isFirst` for the first line of the run that it drops. */
export interface DroppedLine {
  readonly limit: ConsoleLimit
  readonly isFirst: boolean
}

/** Indices of 64-bit cells. `second` has the second that is counted in its upper half and the lines in it in its lower. */
const cell = { bytes: 0, second: 1, consoleLinesPerSecond: 2, consoleBytes: 3 } as const
const lineBits = 32n

export class ConsoleBudget {
  readonly buffer: SharedArrayBuffer
  readonly #limits: Pick<Limits, ConsoleLimit>
  readonly #cells: BigInt64Array

  /** @param buffer that of another thread's budget of the same run */
  constructor(limits: Pick<Limits, ConsoleLimit>, buffer = new SharedArrayBuffer(Object.keys(cell).length * 8)) {
    this.#limits = limits
    this.buffer = buffer
    this.#cells = new BigInt64Array(buffer)
  }

  /** Counts a line; undefined when it may be said. */
  take(line: LogLine): DroppedLine | undefined {
    if (!this.#isInTime(line.timeMs)) return this.#drop('consoleLinesPerSecond')
    if (!this.#hasRoom(bytesOf(line))) return this.#drop('consoleBytes')
    return undefined
  }

  /** Lines that a limit has dropped so far. */
  dropped(limit: ConsoleLimit): number {
    return Number(Atomics.load(this.#cells, cell[limit]))
  }

  #isInTime(timeMs: number): boolean {
    const most = this.#limits.consoleLinesPerSecond
    if (most === Number.POSITIVE_INFINITY) return true
    const now = BigInt(Math.floor(timeMs / 1000))
    for (;;) {
      const known = Atomics.load(this.#cells, cell.second)
      // The clocks of threads are not quite the same: none turns the second back.
      const isOlder = known >> lineBits < now
      const lines = isOlder ? 0n : BigInt.asUintN(Number(lineBits), known)
      if (lines >= most) return false
      const next = ((isOlder ? now : known >> lineBits) << lineBits) | (lines + 1n)
      if (Atomics.compareExchange(this.#cells, cell.second, known, next) === known) return true
    }
  }

  #hasRoom(bytes: number): boolean {
    const before = Atomics.add(this.#cells, cell.bytes, BigInt(bytes))
    return Number(before) + bytes <= this.#limits.consoleBytes
  }

  #drop(limit: ConsoleLimit): DroppedLine {
    return { limit, isFirst: Atomics.add(this.#cells, cell[limit], 1n) === 0n }
  }
}

/** UTF-8 bytes of all texts of a line. */
function bytesOf({ msg, fields }: LogLine): number {
  let bytes = Buffer.byteLength(msg)
  for (const name in fields) bytes += Buffer.byteLength(name) + Buffer.byteLength(fields[name]!)
  return bytes
}
