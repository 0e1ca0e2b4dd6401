/**
 * Settings of an output that come from the environment, all with one prefix. Says in its errors which variable of which
 * output is wrong.
 */
import { AppError } from '../../errors.js'
import { parseGoDuration } from '../../go/duration.js'
import { parseBool } from '../../go/number.js'

/** Reads the variables of one output. An empty variable is none. */
export class Settings {
  readonly #output: string
  readonly #prefix: string
  readonly #environment: Readonly<Record<string, string | undefined>>

  /** @param prefix what all variables begin with: `K6_OTEL_` */
  constructor(output: string, prefix: string, environment: Readonly<Record<string, string | undefined>>) {
    this.#output = output
    this.#prefix = prefix
    this.#environment = environment
  }

  text(name: string): string | undefined {
    return this.#environment[this.#prefix + name] || undefined
  }

  /** @throws {AppError} `USAGE` */
  flag(name: string): boolean {
    const text = this.text(name)
    return text === undefined ? false : this.check(name, () => parseBool(text))
  }

  /** A time like `5s`, more than zero. @throws {AppError} `USAGE` */
  durationMs(name: string, defaultText: string): number {
    const ms = this.check(name, () => parseGoDuration(this.text(name) ?? defaultText))
    // Timers of Node.js cannot wait for longer.
    if (ms >= 1 && ms <= 2 ** 31 - 1) return ms
    throw this.wrong(`${this.#prefix}${name} is ${this.text(name)}, it must lie between 1ms and 596h`)
  }

  /** `a=1,b=2` with that sign between name and value; blanks around them do not count. @throws {AppError} `USAGE` */
  pairs(name: string, sign: ':' | '='): [string, string][] {
    const text = this.text(name)
    if (text === undefined) return []
    return text.split(',').map((pair) => {
      const at = pair.indexOf(sign)
      if (at < 0) throw this.wrong(`${this.#prefix}${name} has "${pair}", which is no name${sign}value`)
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
    })
  }

  /** Puts a header among others, whatever its case. @throws {AppError} `USAGE` for one that HTTP does not allow */
  setHeader(headers: Record<string, string>, name: string, value: string): void {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw this.wrong(`"${name}" is no header, or its value has characters that headers may not have`)
    }
    headers[name.toLowerCase()] = value
  }

  /** The text of a file. @throws {AppError} `OUTPUT_FAILED` */
  read(path: string, readFile: (path: string, encoding: 'utf8') => string): string {
    try {
      return readFile(path, 'utf8')
    } catch (e) {
      const reason = e instanceof Error ? e.message : String(e)
      throw new AppError('OUTPUT_FAILED', `could not create the '${this.#output}' output: ${reason}`, { cause: e })
    }
  }

  /** What `read` answers; an error of it becomes one that names the variable. @throws {AppError} `USAGE` */
  check<Value>(name: string, read: () => Value): Value {
    try {
      return read()
    } catch (e) {
      throw this.wrong(`${this.#prefix}${name}: ${e instanceof Error ? e.message : String(e)}`)
    }
  }

  wrong(problem: string, hint?: string): AppError {
    return new AppError('USAGE', `could not create the '${this.#output}' output: ${problem}`, {
      ...(hint === undefined ? {} : { hint }),
    })
  }

  /** @param what the subject and its verb: `native histograms are` */
  notSupported(name: string, what: string, hint: string): AppError {
    return new AppError(
      'NOT_SUPPORTED',
      `could not create the '${this.#output}' output: ${what} not supported (${this.#prefix}${name})`,
      { hint },
    )
  }
}
