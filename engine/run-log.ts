/** Lines of the log that the main thread has to say of a run. */
import type { LogLevel, LogLine } from '../host/vu-context.js'
import type { Clock } from './executors/executor.js'

export class RunLog {
  readonly #write: (line: LogLine) => void
  readonly #clock: Clock

  constructor(write: (line: LogLine) => void, clock: Clock) {
    this.#write = write
    this.#clock = clock
  }

  info(msg: string, fields?: Record<string, string>): void {
    this.#line('info', msg, fields)
  }

  warning(msg: string, fields?: Record<string, string>): void {
    this.#line('warning', msg, fields)
  }

  error(msg: string, fields?: Record<string, string>): void {
    this.#line('error', msg, fields)
  }

  #line(level: LogLevel, msg: string, fields: Record<string, string> = {}): void {
    this.#write({ level, msg, fields, timeMs: this.#clock.now() })
  }
}
