/**
 * The encoding that k6 gives to what setup() returns: that of Go's encoding/json for exported values and not
 * JSON.stringify. Keys are sorted, undefined members become null, toJSON is not asked, NaN and functions are errors.
 */
import { GoError } from './go-error.js'
import {
  arrayJoin,
  arrayPush,
  arraySort,
  booleanOf,
  dateToIso,
  isArray,
  isArrayBuffer,
  isNaNNumber,
  keys,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  NativeMap,
  numberOf,
  objectToString,
  setForEach,
  stringifyJson,
  stringOf,
  stringSlice,
  toText,
  typedArrayName,
} from './primordials.js'

const maxDepth = 1000
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Standard base64, padded. */
export function base64(bytes: ArrayLike<number>): string {
  const parts: string[] = []
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const word = (bytes[i]! << 16) | ((left > 1 ? bytes[i + 1]! : 0) << 8) | (left > 2 ? bytes[i + 2]! : 0)
    arrayPush(
      parts,
      alphabet[word >> 18]! +
        alphabet[(word >> 12) & 63]! +
        (left > 1 ? alphabet[(word >> 6) & 63]! : '=') +
        (left > 2 ? alphabet[word & 63]! : '='),
    )
  }
  return arrayJoin(parts, '')
}

const unsupported = (what: string) => new GoError(`error marshaling setup() data to JSON: json: unsupported ${what}`)

/** JSON text of a value. @throws {GoError} with k6's text for what Go cannot encode */
export function encodeJsonAsGo(value: unknown): string {
  return encode(value, new NativeMap(), 0)
}

function encode(value: unknown, open: Map<object, true>, depth: number): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return stringifyJson(value)!
    case 'number':
      if (isNaNNumber(value) || value === Infinity || value === -Infinity)
        throw unsupported(`value: ${goNumber(value)}`)
      return stringifyJson(value)!
    case 'undefined':
      return 'null'
    case 'function':
      throw unsupported('type: func(sobek.FunctionCall) sobek.Value')
    case 'bigint':
      return toText(value)
    case 'symbol':
      throw unsupported('type: *sobek.Symbol')
  }
  if (value === null) return 'null'
  if (mapGet(open, value as object))
    throw unsupported(`value: encountered a cycle via ${cycleType(open, value as object)}`)
  if (depth > maxDepth) throw unsupported(`value: nested deeper than ${maxDepth}`)
  mapSet(open, value as object, true)
  const text = encodeObject(value as object, open, depth)
  mapDelete(open, value as object)
  return text
}

/** Go looks for cycles in what is nested deeper than a thousand times only, and names the type of what it finds there. */
const goCycleDepth = 1000

/** The Go type that the cycle is said to go through. `open` has what is around `value`, from the outside in. */
function cycleType(open: Map<object, true>, value: object): string {
  const around: object[] = []
  mapForEach(open, (_, object) => arrayPush(around, object))
  let first = 0
  while (around[first] !== value) first++
  const found = around[first + ((goCycleDepth - first) % (around.length - first))]
  return isArray(found) ? '[]interface {}' : 'map[string]interface {}'
}

const goNumber = (value: number): string => (value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : 'NaN')

/** What an object of Number, String or Boolean holds; undefined for one that only calls itself so. */
function wrapped(value: object): number | string | boolean | undefined {
  const readers = [numberOf, stringOf, booleanOf]
  for (let i = 0; i < readers.length; i++) {
    try {
      return readers[i]!(value)
    } catch {
      // Not of that class.
    }
  }
  return undefined
}

/** Go prints no fraction when it is zero, and no trailing zeros otherwise. */
function goTime(iso: string): string {
  let end = iso.length - 1
  while (iso[end - 1] === '0') end -= 1
  return `${stringSlice(iso, 0, iso[end - 1] === '.' ? end - 1 : end)}Z`
}

function encodeObject(value: object, open: Map<object, true>, depth: number): string {
  const parts: string[] = []
  if (isArrayBuffer(value)) return '{}'
  // Both are lists of bytes in Go.
  const typed = typedArrayName(value)
  if (typed === 'Uint8Array' || typed === 'Uint8ClampedArray') return `"${base64(value as Uint8Array)}"`
  if (isArray(value) || typed !== undefined) {
    const list = value as ArrayLike<unknown>
    for (let i = 0; i < list.length; i++) arrayPush(parts, encode(list[i], open, depth + 1))
    return `[${arrayJoin(parts, ',')}]`
  }
  switch (objectToString(value)) {
    case '[object Number]':
    case '[object String]':
    case '[object Boolean]': {
      const held = wrapped(value)
      if (held !== undefined) return encode(held, open, depth)
      break
    }
    case '[object Date]':
      return `"${goTime(dateToIso(value))}"`
    case '[object Map]':
      mapForEach(value as Map<unknown, unknown>, (item, key) => {
        arrayPush(parts, `[${encode(key, open, depth + 1)},${encode(item, open, depth + 1)}]`)
      })
      return `[${arrayJoin(parts, ',')}]`
    case '[object Set]':
      setForEach(value as Set<unknown>, (item) => arrayPush(parts, encode(item, open, depth + 1)))
      return `[${arrayJoin(parts, ',')}]`
  }
  const names = arraySort(keys(value))
  for (let i = 0; i < names.length; i++) {
    arrayPush(
      parts,
      `${stringifyJson(names[i])}:${encode((value as Record<string, unknown>)[names[i]!], open, depth + 1)}`,
    )
  }
  return `{${arrayJoin(parts, ',')}}`
}
