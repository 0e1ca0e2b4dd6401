/**
 * The CPU time of one thread as the kernel counts it. A clock on the wall says more where many want the same processor, and a
 * script is not to blame for those who do. Linux only; elsewhere nothing is known, and the clock on the wall has to do.
 */
import { openSync, readSync } from 'node:fs'

/** Of the kernel's ticks: 100 a second on all machines that Node.js runs on (USER_HZ). */
const tickMs = 10
/** Each thread finds its own behind this name. */
export const threadClockFile = '/proc/thread-self/stat'

export class ThreadClock {
  /** An open file that any thread of the process may read. */
  readonly handle: number
  readonly #buffer = Buffer.alloc(1024)

  constructor(handle: number) {
    this.handle = handle
  }

  /** That of the thread that calls; undefined where there is none. It is closed with the thread. */
  static own(): ThreadClock | undefined {
    try {
      return new ThreadClock(openSync(threadClockFile, 'r'))
    } catch {
      return undefined
    }
  }

  /** In ms; undefined once the thread has ended. */
  cpuMs(): number | undefined {
    try {
      const length = readSync(this.handle, this.#buffer, 0, this.#buffer.length, 0)
      // The name in parentheses may hold anything. After it: state, ten more numbers, then time in user mode and in the kernel.
      const text = this.#buffer.toString('latin1', 0, length)
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      const ms = (Number(fields[11]) + Number(fields[12])) * tickMs
      return Number.isFinite(ms) ? ms : undefined
    } catch {
      return undefined
    }
  }
}
