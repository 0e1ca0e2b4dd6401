/**
 * The log of a run: takes entries, leaves out what is not important enough, cuts what is too long, and writes the
 * rest in the chosen format. What a script logs can go to a file of its own. Knows nothing of threads or VUs.
 */
import {
  formatJson,
  formatLogfmt,
  formatRaw,
  type LogEntry,
  type LogFields,
  type LogFormatter,
  type LogLevel,
  logLevels,
  terminalFormatter,
} from './log-format.js'
import type { LogTarget } from './log-output.js'
import type { Redactor } from './redaction.js'

/** The value of --log-format. Anything that is not json or raw is text, as in k6. */
export type LogFormat = 'text' | 'json' | 'raw'

/** How long a line may be. */
export interface LogLimits {
  /** UTF-8 bytes of a message or of one field. */
  lineBytes: number
}

/** The limits of a logger that was told none. */
export const defaultLogLimits: LogLimits = { lineBytes: 16 * 1024 }

/** How a logger is set up. */
export interface LoggerOptions {
  readonly target: LogTarget
  readonly format?: LogFormat
  /** True for a terminal that may have colours; text looks different then. */
  readonly isColored?: boolean
  /** The least important level that is shown; --verbose means `debug`. */
  readonly level?: LogLevel
  /** The least important level that is written to the target (`level=` of --log-output). */
  readonly targetLevel?: LogLevel
  readonly limits?: Partial<LogLimits>
  /** Knows the secrets that no line may show. */
  readonly redactor?: Redactor
  /** The clock; the default is the machine's. */
  readonly now?: () => Date
}

/** Writes log entries. */
export class Logger {
  readonly #options: LoggerOptions
  readonly #limits: LogLimits
  readonly #format: LogFormatter
  readonly #now: () => Date
  #consoleTarget: LogTarget | undefined

  constructor(options: LoggerOptions) {
    this.#options = options
    this.#limits = { ...defaultLogLimits, ...options.limits }
    this.#now = options.now ?? (() => new Date())
    this.#format = formatterOf(options, this.#now())
  }

  debug(msg: string, fields?: LogFields): void {
    this.log({ level: 'debug', msg, ...(fields && { fields }) })
  }

  info(msg: string, fields?: LogFields): void {
    this.log({ level: 'info', msg, ...(fields && { fields }) })
  }

  warning(msg: string, fields?: LogFields): void {
    this.log({ level: 'warning', msg, ...(fields && { fields }) })
  }

  error(msg: string, fields?: LogFields): void {
    this.log({ level: 'error', msg, ...(fields && { fields }) })
  }

  /** Logs an entry; without a time it is of now. */
  log(entry: { level: LogLevel; msg: string; fields?: LogFields; time?: Date }): void {
    if (!this.isShown(entry.level)) return
    const { source, ...others } = entry.fields ?? {}
    const isConsole = source === 'console'
    const consoleTarget = isConsole ? this.#consoleTarget : undefined
    const fields = consoleTarget === undefined ? (entry.fields ?? {}) : others
    // Secrets first: half of one is left behind where a text was cut.
    const line = this.#format(this.#cut(this.#redact({ ...entry, fields, time: entry.time ?? this.#now() })))
    if (consoleTarget !== undefined) consoleTarget.write(line)
    else if (isAtLeast(entry.level, this.#options.targetLevel ?? 'debug')) this.#options.target.write(line)
  }

  /** Has entries with `source: 'console'` go to `target` from now on, without that field. */
  sendConsoleTo(target: LogTarget): void {
    this.#consoleTarget?.close?.()
    this.#consoleTarget = target
  }

  /** True if entries of that level are not left out; saves the making of messages that nobody sees. */
  isShown(level: LogLevel): boolean {
    return isAtLeast(level, this.#options.level ?? 'info')
  }

  /** Closes files. */
  close(): void {
    this.#consoleTarget?.close?.()
    this.#options.target.close?.()
  }

  #redact(entry: LogEntry): LogEntry {
    const { redactor } = this.#options
    if (redactor === undefined) return entry
    const fields: Record<string, string | number | boolean> = {}
    for (const [name, value] of Object.entries(entry.fields)) {
      fields[redactor.redact(name)] = typeof value === 'string' ? redactor.redact(value) : value
    }
    return { ...entry, msg: redactor.redact(entry.msg), fields }
  }

  #cut(entry: LogEntry): LogEntry {
    const { lineBytes } = this.#limits
    const fields: Record<string, string | number | boolean> = {}
    for (const [name, value] of Object.entries(entry.fields)) {
      fields[name] = typeof value === 'string' ? cutText(value, lineBytes) : value
    }
    return { ...entry, msg: cutText(entry.msg, lineBytes), fields }
  }
}

function formatterOf(options: LoggerOptions, startTime: Date): LogFormatter {
  if (options.format === 'json') return formatJson
  if (options.format === 'raw') return formatRaw
  return options.isColored ? terminalFormatter(startTime) : formatLogfmt
}

function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(least)
}

function cutText(text: string, maxBytes: number): string {
  // A UTF-16 unit is at most three bytes of UTF-8, so most texts need no counting.
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxBytes) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes))
  return `${text.slice(0, read)}… (${bytes - maxBytes} more bytes)`
}
