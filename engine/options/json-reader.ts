/**
 * Takes decoded JSON into typed values the way Go's decoder does for k6: what converts, what is refused, and with which
 * text. The JSON comes from scripts and files and is hostile. Knows nothing of single options.
 */

import { parseDurationValue } from '../../go/duration.js'
import { GoSyntaxError, parseInt64 } from '../../go/number.js'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** A value of a type that the field does not take; words itself as Go does, with the path of the field. */
export class GoTypeError extends Error {
  override get message(): string {
    const target = this.path.length === 0 ? 'Go value' : `Go struct field ${this.struct}.${this.path.join('.')}`
    return `json: cannot unmarshal ${this.found} into ${target} of type ${this.goType}`
  }

  private struct = ''
  private path: string[] = []

  constructor(
    private readonly found: string,
    private readonly goType: string,
    /** Where in the JSON of the innermost value the decoder stood. */
    readonly offset: number,
  ) {
    super()
  }

  /** Adds the field that the value was on its way to. */
  within(struct: string, field: string): this {
    this.struct = struct
    this.path.unshift(field)
    return this
  }
}

/** What a JSON value is called in Go's messages. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function literalLength(value: unknown): number {
  return typeof value === 'object' ? 1 : (JSON.stringify(value) ?? '').length
}

/** The refusal of `value` for a Go type. */
export function typeError(value: unknown, goType: string): GoTypeError {
  return new GoTypeError(kindOf(value), goType, literalLength(value))
}

/** Runs a reader for one field, so that an error in it names the field. */
export function readField<T>(struct: string, field: string, read: () => T): T {
  try {
    return read()
  } catch (e) {
    if (e instanceof GoTypeError) throw e.within(struct, field)
    throw e
  }
}

/** True for a JSON object, whatever its prototype. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nullTypeError(value: unknown, goType: string): GoSyntaxError {
  // Go names the unnamed type of an array with nothing
  const named = typeof value === 'number' ? 'float64' : typeof value === 'object' ? '' : kindOf(value)
  return new GoSyntaxError(`json: cannot unmarshal ${named} into Go value of type ${goType}`)
}

function memberOf(value: Record<string, unknown>, name: string): unknown {
  const key = Object.keys(value).find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : value[key]
}

/** An integer: a whole number, or a string of digits; undefined for null and for an empty string. */
export function readInt(value: unknown): number | undefined {
  if (value === null || value === '') return undefined
  if (typeof value === 'string') return parseInt64(value)
  if (isJsonObject(value)) return readInt(memberOf(value, 'Int64') ?? 0)
  if (typeof value !== 'number') throw nullTypeError(value, 'null.Int')
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) {
    const text = String(value)
    throw new GoTypeError(`number ${text}`, 'int64', text.length)
  }
  return value === 0 ? 0 : value
}

/** A boolean; undefined for null. */
export function readBool(value: unknown): boolean | undefined {
  if (value === null) return undefined
  if (typeof value === 'boolean') return value
  if (isJsonObject(value)) return readBool(memberOf(value, 'Bool') ?? false)
  throw nullTypeError(value, 'null.Bool')
}

/** A text; undefined for null. */
export function readString(value: unknown): string | undefined {
  if (value === null) return undefined
  if (typeof value === 'string') return value
  if (isJsonObject(value)) return readString(memberOf(value, 'String') ?? '')
  throw nullTypeError(value, 'null.String')
}

/** A duration in ms; undefined for null. */
export function readDurationMs(value: unknown): number | undefined {
  return value === null ? undefined : parseDurationValue(value)
}

/** A text where Go has a plain string: null leaves it empty. */
export function readPlainString(value: unknown): string {
  if (value === null) return ''
  if (typeof value !== 'string') throw typeError(value, 'string')
  return value
}

/** A list of texts; undefined for null. */
export function readStrings(value: unknown): string[] | undefined {
  return readList(value, '[]string', readPlainString)
}

/** A list whose elements `read` takes; undefined for null. */
export function readList<T>(value: unknown, goType: string, read: (element: unknown) => T): T[] | undefined {
  if (value === null) return undefined
  if (!Array.isArray(value)) throw typeError(value, goType)
  return value.map((element: unknown) => read(element))
}

/** A map of texts to what `read` takes, sorted by key; undefined for null. */
export function readMap<T>(value: unknown, goType: string, read: (element: unknown) => T): Map<string, T> | undefined {
  if (value === null) return undefined
  if (!isJsonObject(value)) throw typeError(value, goType)
  return new Map(sortedKeys(value).map((key) => [key, read(value[key])]))
}

/** A map of texts to texts; undefined for null. */
export function readStringMap(value: unknown): Map<string, string> | undefined {
  return readMap(value, 'map[string]string', readPlainString)
}

/** The keys in the order in which Go writes a map. */
export function sortedKeys(value: Record<string, unknown>): string[] {
  return Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

/**
 * Finds the field that a key means: the exact name, else one that differs in case only, as Go's decoder does.
 *
 * @returns undefined for a key that means no field
 */
export function fieldFor(names: readonly string[], key: string): string | undefined {
  if (names.includes(key)) return key
  const folded = key.toLowerCase()
  return names.find((name) => name.toLowerCase() === folded)
}

/** An object for `JSON.stringify` whose keys may be anything, `__proto__` too. */
export function jsonObject(entries: Iterable<readonly [string, JsonValue]>): { [key: string]: JsonValue } {
  const result: { [key: string]: JsonValue } = Object.create(null)
  for (const [key, value] of entries) result[key] = value
  return result
}
