/** How a script's values become the JSON texts that the host half of `k6/net/grpc` takes. */
import { safeText } from './describe-error.js'
import { GoError } from './go-error.js'
import {
  arrayJoin,
  arrayPush,
  call,
  isArray,
  isArrayBuffer,
  isNaNNumber,
  keys,
  mapDelete,
  mapGet,
  mapSet,
  NativeMap,
  objectToString,
  stringIncludes,
  stringifyJson,
  typedArrayName,
} from './primordials.js'

/**
 * JSON text of a request. NaN and the infinities become the strings that ProtoJSON has for them, as k6 does.
 *
 * @throws what a getter of the script threw; {GoError} for a cycle, and for what a toJSON threw
 */
export function requestJson(request: unknown): string {
  let json: string | undefined
  try {
    json = stringifyJson(request)
  } catch {
    return normalised(request, new NativeMap(), '')
  }
  // JSON.stringify writes NaN and the infinities as null. Texts with neither are right as they are.
  if (json === undefined || stringIncludes(json, 'null')) return normalised(request, new NativeMap(), '')
  return json
}

function normalised(value: unknown, open: Map<object, true>, key: string): string {
  let item = value
  if (typeof item === 'object' && item !== null) {
    const toJson = (item as { toJSON?: unknown }).toJSON
    if (typeof toJson === 'function') item = jsonFormOf(toJson as () => unknown, item, key)
  }
  switch (typeof item) {
    case 'number':
      if (isNaNNumber(item)) return '"NaN"'
      if (item === Infinity) return '"Infinity"'
      if (item === -Infinity) return '"-Infinity"'
      return stringifyJson(item)!
    // Neither has a JSON form; an object is what the message's field then refuses by name.
    case 'symbol':
    case 'bigint':
      return '{}'
    case 'object':
      return item === null ? 'null' : normalisedObject(item, open)
  }
  return stringifyJson(item) ?? 'null'
}

/** What toJSON gives. k6 calls it where it makes the JSON, and has words of its own for what it throws; getters have none. */
function jsonFormOf(toJson: () => unknown, item: object, key: string): unknown {
  try {
    return call(toJson, item, key)
  } catch (e) {
    throw new GoError(`unable to serialise request object: ${safeText(e)}`)
  }
}

function normalisedObject(item: object, open: Map<object, true>): string {
  const brand = objectToString(item)
  if (brand === '[object String]' || brand === '[object Number]' || brand === '[object Boolean]')
    return stringifyJson(item)!
  if (mapGet(open, item)) {
    throw new GoError('unable to normalize number strings: cyclic reference to an object found')
  }
  mapSet(open, item, true)
  const parts: string[] = []
  let text: string
  if (isArray(item)) {
    for (let i = 0; i < item.length; i++) arrayPush(parts, normalised(item[i], open, `${i}`))
    text = `[${arrayJoin(parts, ',')}]`
  } else {
    const names = keys(item)
    for (let i = 0; i < names.length; i++) {
      const member = (item as Record<string, unknown>)[names[i]!]
      if (member === undefined || typeof member === 'function') continue
      arrayPush(parts, `${stringifyJson(names[i])}:${normalised(member, open, names[i]!)}`)
    }
    text = `{${arrayJoin(parts, ',')}}`
  }
  mapDelete(open, item)
  return text
}

const maxDepth = 64

/**
 * JSON text of call parameters that keeps what JSON loses. A value is a plain JSON primitive, or a pair whose first
 * member tells its kind: ["u"] undefined, ["n", "NaN"] other numbers, ["f"] function, ["x", type] anything else,
 * ["b", [bytes]] a Uint8Array, ["a", [values]] an array, ["o", [[key, value], …]] an object in key order.
 */
export function paramsJson(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'undefined':
      return '["u"]'
    case 'string':
    case 'boolean':
      return stringifyJson(value)!
    case 'number':
      return value - value === 0 ? stringifyJson(value)! : `["n","${value}"]`
    case 'function':
      return '["f"]'
    case 'object':
      if (value === null) return 'null'
      break
    default:
      return `["x","${typeof value}"]`
  }
  if (depth > maxDepth) throw new GoError('call parameters are nested too deeply')
  const parts: string[] = []
  if (typedArrayName(value) === 'Uint8Array') {
    const bytes = value as Uint8Array
    for (let i = 0; i < bytes.length; i++) arrayPush(parts, `${bytes[i]}`)
    return `["b",[${arrayJoin(parts, ',')}]]`
  }
  if (isArrayBuffer(value)) return '["x","ArrayBuffer"]'
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) arrayPush(parts, paramsJson(value[i], depth + 1))
    return `["a",[${arrayJoin(parts, ',')}]]`
  }
  const names = keys(value)
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    arrayPush(parts, `[${stringifyJson(name)},${paramsJson((value as Record<string, unknown>)[name], depth + 1)}]`)
  }
  return `["o",[${arrayJoin(parts, ',')}]]`
}
