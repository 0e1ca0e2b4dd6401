/**
 * How one log entry looks in each of k6's formats. Pure. Whatever a script or a server put into an entry, no control
 * sequence comes out.
 */
import { goQuote } from '../go/quote.js'
import { cleanText, jsonText } from './clean-text.js'
import { rfc3339Seconds } from './rfc3339.js'

/** From the least to the most important. */
export const logLevels = ['debug', 'info', 'warning', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** What goes with a message, by name. */
export type LogFields = Readonly<Record<string, string | number | boolean>>

/** One thing that was logged. */
export interface LogEntry {
  readonly level: LogLevel
  readonly msg: string
  readonly fields: LogFields
  readonly time: Date
}

/** Turns an entry into a line (or, for text on a terminal, some lines) with its line end. */
export type LogFormatter = (entry: LogEntry) => string

const colours: Record<LogLevel, number> = { debug: 37, info: 36, warning: 33, error: 31 }
const messageWidth = 44

/** `time="…" level=info msg="…" source=console`. */
export function formatLogfmt({ level, msg, fields, time }: LogEntry): string {
  const pairs = [`time=${quotedIfNeeded(rfc3339Seconds(time))}`, `level=${level}`]
  if (msg !== '') pairs.push(`msg=${quotedIfNeeded(msg)}`)
  for (const [name, value] of sorted(fields)) pairs.push(`${cleanText(name)}=${quotedIfNeeded(String(value))}`)
  return `${pairs.join(' ')}\n`
}

/**
 * `INFO[0000] message      source=console` with colours, for a terminal.
 *
 * @param startTime what the seconds count from
 */
export function terminalFormatter(startTime: Date): LogFormatter {
  return ({ level, msg, fields, time }) => {
    const paint = (text: string) => `\u001b[${colours[level]}m${text}\u001b[0m`
    const seconds = Math.max(0, Math.trunc((time.getTime() - startTime.getTime()) / 1000))
    const message = cleanText(msg.replace(/\n$/, ''), true)
    const padding = ' '.repeat(Math.max(0, messageWidth - [...message].length))
    let line = `${paint(level.slice(0, 4).toUpperCase())}[${String(seconds).padStart(4, '0')}] ${message}${padding} `
    for (const [name, value] of sorted(fields)) line += ` ${paint(cleanText(name))}=${quotedIfNeeded(String(value))}`
    return `${line}\n`
  }
}

/** `{"level":"info","msg":"…","source":"console","time":"…"}`, names sorted. */
export function formatJson({ level, msg, fields, time }: LogEntry): string {
  const all = new Map<string, string | number | boolean>()
  for (const [name, value] of Object.entries(fields)) {
    // The names of an entry's own parts are taken.
    all.set(['level', 'msg', 'time'].includes(name) ? `fields.${name}` : name, value)
  }
  all.set('level', level).set('msg', msg).set('time', rfc3339Seconds(time))
  const members = [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${htmlSafe(jsonText(name))}:${jsonValue(value)}`)
  return `{${members.join(',')}}\n`
}

/** The message and nothing else. */
export function formatRaw({ msg }: LogEntry): string {
  return `${cleanText(msg, true)}\n`
}

function jsonValue(value: string | number | boolean): string {
  return typeof value === 'string' ? htmlSafe(jsonText(value)) : JSON.stringify(value)
}

/** Go's JSON writer escapes what HTML would take for markup. */
function htmlSafe(json: string): string {
  return json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}

function quotedIfNeeded(text: string): string {
  return /^[A-Za-z0-9\-._/@^+]*$/.test(text) ? text : goQuote(text)
}

function sorted(fields: LogFields): [string, string | number | boolean][] {
  return Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))
}
