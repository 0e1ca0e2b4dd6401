/**
 * What the host is told of a value that a script threw: text only, of bounded size, made without trusting the value.
 * A thrown value may be anything: a Proxy, an object whose getters throw, a megabyte of text.
 */
import {
  isInPrototypeChain,
  NativeError,
  regexpExec,
  stringifyJson,
  stringSlice,
  stringSplit,
  stringStartsWith,
  stringTrimStart,
  toText,
} from './primordials.js'

const maxMessage = 4096
const maxFrames = 50

const cut = (text: string, most: number): string => (text.length > most ? `${stringSlice(text, 0, most)}…` : text)

/** `String(value)` that cannot throw. */
export function safeText(value: unknown): string {
  try {
    return cut(toText(value), maxMessage)
  } catch {
    return '[object Object]'
  }
}

/** True for an Error of this VM, also one with a strange prototype further down. */
export function isError(value: unknown): value is Error {
  try {
    return typeof value === 'object' && value !== null && isInPrototypeChain(NativeError.prototype, value)
  } catch {
    return false
  }
}

/** The frames of the script's own files, as `\tat name (file:line:column)` lines. */
export function framesOf(error: Error): string {
  let stack: unknown
  try {
    stack = error.stack
  } catch {
    return ''
  }
  if (typeof stack !== 'string') return ''
  const lines = stringSplit(cut(stack, 64 * 1024), '\n')
  let frames = ''
  let last = ''
  let repeats = 0
  for (let i = 0, count = 0; i < lines.length && count < maxFrames; i++) {
    const line = stringTrimStart(lines[i]!)
    // Functions of ours, and native ones, have no place.
    if (!stringStartsWith(line, 'at ') || regexpExec(/:\d+\)?$/, line) === null) continue
    if (line === last) {
      repeats += 1
      continue
    }
    if (repeats > 0) frames += `\t… the same ${repeats} more times\n`
    repeats = 0
    last = line
    frames += `\t${withoutNoName(line)}\n`
    count++
  }
  return repeats > 0 ? `${frames}\t… the same ${repeats} more times\n` : frames
}

/** k6 shows a function without a name, and the text of a module itself, as the place alone. */
function withoutNoName(line: string): string {
  const anonymous = 'at <anonymous> ('
  if (!stringStartsWith(line, anonymous)) return line
  return `at ${stringSlice(line, anonymous.length, line.length - 1)}`
}

/** JSON of {text, frames}: `Error: message` (or the value itself) and where it came from. */
export function describeError(value: unknown): string {
  const isOfErrorClass = isError(value)
  // Text by text: in an object, a toJSON that the script gave to Object.prototype would have the last word.
  return `{"text":${stringifyJson(safeText(value))},"frames":${stringifyJson(isOfErrorClass ? framesOf(value) : '')}}`
}

/** The file of a user in a line of a stack. */
function fileOf(line: string): string | undefined {
  // `file:///folder/name.js:12:34)`: the numbers are behind the last colons.
  return regexpExec(/((?:file|https):\/\/.*?):\d+(?::\d+)?\)?$/, line)?.[1]
}

/** The first file of a user in a stack: the one that called. */
export function firstFile(stack: string): string | undefined {
  const lines = stringSplit(stack, '\n')
  for (let i = 0; i < lines.length; i++) {
    const file = fileOf(lines[i]!)
    if (file !== undefined) return file
  }
  return undefined
}

/** The last file of a user in a stack: the one that everything began in. */
export function lastFile(stack: string): string | undefined {
  const lines = stringSplit(stack, '\n')
  for (let i = lines.length - 1; i >= 0; i--) {
    const file = fileOf(lines[i]!)
    if (file !== undefined) return file
  }
  return undefined
}
