/**
 * The syntax of command-line flags as k6's users know it: `--flag=v`, `--flag v`, `-u5`, `-qv`, booleans with `=` only, and
 * the refusals in the words of the library that k6 uses. Knows no single flag.
 *
 * Written by hand, because argument libraries of Node differ in all of this: `--no-setup` would mean "setup is false",
 * `--no-setup=false` would be an error, and the error texts could not be kept.
 */

import { AppError } from '../errors.js'
import { parseGoDuration } from '../go/duration.js'
import { parseBool, parseInt64 } from '../go/number.js'
import { goQuote } from '../go/quote.js'

/**
 * What a flag takes. `list` may be given often and splits at commas, with quotes as in CSV; `array` may be given often and
 * takes each value as it is; a duration is in ms.
 */
export type FlagKind = 'boolean' | 'integer' | 'duration' | 'string' | 'list' | 'array'

/** The TypeScript type of a flag's value. */
export type FlagValue<K extends FlagKind> = K extends 'boolean'
  ? boolean
  : K extends 'integer' | 'duration'
    ? number
    : K extends 'string'
      ? string
      : string[]

/** One flag. */
export interface FlagSpec {
  readonly kind: FlagKind
  readonly short?: string
  /** What it means without `=value`; other flags then need a value. */
  readonly bareValue?: string
  /** What stands for its value in the help text. */
  readonly placeholder?: string
  readonly help: string
}

export type FlagTable = Readonly<Record<string, FlagSpec>>

/** The flags that were given; undefined for those that were not. */
export type FlagValues<T extends FlagTable> = { -readonly [N in keyof T]?: FlagValue<T[N]['kind']> }

export interface ParsedFlags<T extends FlagTable> {
  readonly values: FlagValues<T>
  readonly positionals: readonly string[]
  readonly isHelp: boolean
}

function usageError(message: string): AppError {
  return new AppError('USAGE', message)
}

type AnyValue = boolean | number | string | string[]

/**
 * Takes an argument list apart.
 *
 * @throws {AppError} USAGE for the first flag that is unknown or has a wrong or missing value
 */
export function parseFlags<T extends FlagTable>(table: T, argv: readonly string[]): ParsedFlags<T> {
  const found = new Map<string, AnyValue>()
  const positionals: string[] = []
  const rest = [...argv]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      positionals.push(...rest)
      break
    }
    if (!arg.startsWith('-') || arg === '-') positionals.push(arg)
    else {
      const isHelp = arg.startsWith('--') ? takeLong(table, found, arg, rest) : takeShorts(table, found, arg, rest)
      if (isHelp) return { values: {}, positionals, isHelp }
    }
  }
  return { values: Object.fromEntries(found) as FlagValues<T>, positionals, isHelp: false }
}

function takeLong(table: FlagTable, found: Map<string, AnyValue>, arg: string, rest: string[]): boolean {
  const text = arg.slice(2)
  if (text.startsWith('-') || text.startsWith('=')) throw usageError(`bad flag syntax: ${arg}`)
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  const spec = Object.hasOwn(table, name) ? table[name] : undefined
  if (spec === undefined) {
    if (name === 'help') return true
    throw usageError(`unknown flag: --${name}`)
  }
  const value = equals < 0 ? (bareValueOf(spec) ?? rest.shift()) : text.slice(equals + 1)
  if (value === undefined) throw usageError(`flag needs an argument: ${arg}`)
  store(found, name, spec, value)
  return false
}

function takeShorts(table: FlagTable, found: Map<string, AnyValue>, arg: string, rest: string[]): boolean {
  let shorts = arg.slice(1)
  while (shorts !== '') {
    const short = shorts[0] ?? ''
    const [name, spec] = Object.entries(table).find(([, candidate]) => candidate.short === short) ?? []
    if (name === undefined || spec === undefined) {
      if (short === 'h') return true
      throw usageError(`unknown shorthand flag: '${short}' in -${shorts}`)
    }
    const bareValue = bareValueOf(spec)
    if (shorts[1] === '=' && shorts.length > 2) {
      store(found, name, spec, shorts.slice(2))
      return false
    }
    if (bareValue !== undefined) {
      store(found, name, spec, bareValue)
      shorts = shorts.slice(1)
      continue
    }
    const value = shorts.length > 1 ? shorts.slice(1) : rest.shift()
    if (value === undefined) throw usageError(`flag needs an argument: '${short}' in -${shorts}`)
    store(found, name, spec, value)
    return false
  }
  return false
}

function bareValueOf(spec: FlagSpec): string | undefined {
  return spec.bareValue ?? (spec.kind === 'boolean' ? 'true' : undefined)
}

function store(found: Map<string, AnyValue>, name: string, spec: FlagSpec, text: string): void {
  try {
    const value = readValue(spec.kind, text)
    const earlier = found.get(name)
    found.set(name, Array.isArray(value) && Array.isArray(earlier) ? [...earlier, ...value] : value)
  } catch (e) {
    const flag = spec.short === undefined ? `--${name}` : `-${spec.short}, --${name}`
    throw new AppError(
      'USAGE',
      `invalid argument ${goQuote(text)} for ${goQuote(flag)} flag: ${(e as Error).message}`,
      { cause: e },
    )
  }
}

function readValue(kind: FlagKind, text: string): AnyValue {
  switch (kind) {
    case 'boolean':
      return parseBool(text)
    case 'integer':
      return parseInt64(text, 0)
    case 'duration':
      return parseGoDuration(text)
    case 'string':
      return text
    case 'array':
      return [text]
    case 'list':
      return splitCsv(text)
  }
}

/** One line of CSV. */
function splitCsv(text: string): string[] {
  if (text === '') return []
  const fields: string[] = []
  let rest: string | undefined = text
  while (rest !== undefined) {
    const quoted: RegExpExecArray | null = /^"((?:[^"]|"")*)"(?:,|$)/.exec(rest)
    if (quoted) {
      fields.push((quoted[1] ?? '').replaceAll('""', '"'))
      rest = quoted[0].endsWith(',') ? rest.slice(quoted[0].length) : undefined
      continue
    }
    const comma: number = rest.indexOf(',')
    const field = comma < 0 ? rest : rest.slice(0, comma)
    if (field.includes('"')) throw new Error('parse error on line 1: bare " in non-quoted field')
    fields.push(field)
    rest = comma < 0 ? undefined : rest.slice(comma + 1)
  }
  return fields
}

/** The lines of a help text for `table`, in its order; flags in `hidden` are left out. */
export function describeFlags(table: FlagTable, hidden: ReadonlySet<string>): string {
  const lines = Object.entries(table)
    .filter(([name]) => !hidden.has(name))
    .map(([name, spec]) => {
      const short = spec.short === undefined ? '    ' : `-${spec.short}, `
      const value = spec.kind === 'boolean' ? '' : ` ${spec.placeholder ?? spec.kind}`
      const shown = spec.bareValue === undefined ? `--${name}${value}` : `--${name}[=${spec.placeholder ?? spec.kind}]`
      return [`  ${short}${shown}`, spec.help] as const
    })
  const width = Math.max(...lines.map(([flag]) => flag.length))
  return lines.map(([flag, help]) => `${flag.padEnd(width)}   ${help}`).join('\n')
}
