/** How a script's values become the JSON texts that the host half of `k6/net/grpc` takes. */
import { safeText } from './describe-error.js'
import { GoError } from './go-error.js'
import {
  arrayJoin,
  arrayPush,
  createObject,
  defineProperty,
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
  stringSlice,
  typedArrayByteLength,
  typedArrayName,
  values,
} from './primordials.js'
import { maySymbolsExist } from './symbol-use.js'

/**
 * JSON text of a request. NaN and the infinities become the strings that ProtoJSON has for them, as k6 does; it is done before
 * any toJSON is asked, so what that returns is JSON as usual.
 *
 * @throws what a getter of the script threw; {GoError} for a cycle, and for what a toJSON threw or made that has no JSON
 */
export function requestJson(request: unknown): string {
  let json: string | undefined
  try {
    json = stringifyJson(request)
  } catch {
    return normalised(request, new NativeMap(), '') ?? 'null'
  }
  // JSON.stringify writes NaN and the infinities as null, and leaves out symbols. Texts without either are right as they are.
  if (json === undefined || stringIncludes(json, 'null') || (maySymbolsExist && hasSymbol(request)))
    return normalised(request, new NativeMap(), '') ?? 'null'
  return json
}

/** True when a member is a symbol; those in arrays and behind toJSON do not count. JSON.stringify has met no cycle. */
function hasSymbol(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'symbol'
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false
  const isList = isArray(value)
  const members: unknown[] = isList ? value : values(value)
  for (let i = 0; i < members.length; i++) {
    const member = members[i]
    const kind = typeof member
    if ((kind === 'object' && hasSymbol(member)) || (kind === 'symbol' && !isList)) return true
  }
  return false
}

/** The JSON of a value, or undefined when it has none and is left out. */
function normalised(value: unknown, open: Map<object, true>, key: string): string | undefined {
  switch (typeof value) {
    case 'number':
      if (isNaNNumber(value)) return '"NaN"'
      if (value === Infinity) return '"Infinity"'
      if (value === -Infinity) return '"-Infinity"'
      return stringifyJson(value)
    // Neither has a JSON form; an object is what the message's field then refuses by name.
    case 'symbol':
    case 'bigint':
      return '{}'
    case 'object':
    case 'function':
      if (value === null) return 'null'
      if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return textOfToJson(value, key)
      return typeof value === 'object' ? normalisedObject(value, open) : undefined
  }
  return stringifyJson(value)
}

/** What JSON.stringify makes of an object with toJSON that is the member `key` of another. */
function textOfToJson(item: object, key: string): string | undefined {
  const holder = createObject(null) as object
  defineProperty(holder, key, { value: item, enumerable: true })
  let json: string
  try {
    json = stringifyJson(holder)!
  } catch (e) {
    throw new GoError(`unable to serialise request object: ${safeText(e)}`)
  }
  return json === '{}' ? undefined : stringSlice(json, stringifyJson(key)!.length + 2, json.length - 1)
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
    for (let i = 0; i < item.length; i++) arrayPush(parts, normalised(item[i], open, `${i}`) ?? 'null')
    text = `[${arrayJoin(parts, ',')}]`
  } else {
    const names = keys(item)
    for (let i = 0; i < names.length; i++) {
      const json = normalised((item as Record<string, unknown>)[names[i]!], open, names[i]!)
      if (json !== undefined) arrayPush(parts, `${stringifyJson(names[i])}:${json}`)
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
      if (value === 0 && 1 / value < 0) return '["n","-0"]'
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
    const count = typedArrayByteLength(bytes)
    for (let i = 0; i < count; i++) arrayPush(parts, `${bytes[i]}`)
    return `["b",[${arrayJoin(parts, ',')}]]`
  }
  // The parameters themselves are looked through by their keys, whatever they are; what they hold is taken as a value.
  const brand = depth > 0 ? objectToString(value) : ''
  if (brand !== '' && brand !== '[object Object]') {
    const held = branded(value, brand, depth)
    if (held !== undefined) return held
  }
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) arrayPush(parts, paramsJson(value[i], depth + 1))
    return `["a",[${arrayJoin(parts, ',')}]]`
  }
  const names = keys(value)
  // To find that it is none takes as long as all else, and one that hides its brand has no members of its own.
  if (names.length === 0) return isArrayBuffer(value) ? arrayBufferJson : '["o",[]]'
  let json = '["o",['
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const item = paramsJson((value as Record<string, unknown>)[name], depth + 1)
    json += `${i > 0 ? ',' : ''}[${stringifyJson(name)},${item}]`
  }
  return `${json}]]`
}

const arrayBufferJson = '["x","ArrayBuffer"]'

/** What an object is taken for that calls itself so; undefined when it is one like others. */
function branded(value: object, brand: string, depth: number): string | undefined {
  switch (brand) {
    case '[object String]':
    case '[object Number]':
    case '[object Boolean]': {
      const primitive = (value as { valueOf(): unknown }).valueOf()
      return typeof primitive === 'object' ? undefined : paramsJson(primitive, depth)
    }
    case '[object Date]':
    case '[object Map]':
    case '[object Set]':
    case '[object Promise]':
      return `["x",${stringifyJson(brand)}]`
    case '[object ArrayBuffer]':
      return isArrayBuffer(value) ? arrayBufferJson : undefined
  }
  return undefined
}
