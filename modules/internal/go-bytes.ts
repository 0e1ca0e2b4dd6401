/** Strings and buffers of a script as the bytes that k6's native functions take, and k6's words for anything else. */
import { GoError } from './go-error.js'
import {
  arrayBufferByteLength,
  isArray,
  isArrayBuffer,
  isInteger,
  NativeUint8Array,
  objectToString,
  stringSlice,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayName,
  typedArrayOffset,
} from './primordials.js'

/** What crosses to the host for `string | ArrayBuffer | Uint8Array`. The host takes a string as UTF-8. */
export type Bytes = string | ArrayBuffer

/** @throws {GoError} for any other value, naming its type as Go does */
export function bytesFrom(value: unknown): Bytes {
  if (typeof value === 'string') return value
  if (isArrayBuffer(value)) return value
  const name = typedArrayName(value)
  if (name === 'Uint8Array' || name === 'Uint8ClampedArray') return bytesOfView(value)
  throw new GoError(`invalid type ${goTypeOf(value)}, expected string, []byte or ArrayBuffer`)
}

/** The bytes that a typed array shows, as a buffer that ends where they end. */
export function bytesOfView(view: unknown): ArrayBuffer {
  const buffer = typedArrayBuffer(view)
  const offset = typedArrayOffset(view)
  const length = typedArrayByteLength(view)
  if (offset === 0 && length === arrayBufferByteLength(buffer)) return buffer
  return typedArrayBuffer(new NativeUint8Array(new NativeUint8Array(buffer, offset, length)))
}

/** The Go type that k6 sees a value as; it stands in messages only. */
function goTypeOf(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return isInteger(value) ? 'int64' : 'float64'
    case 'boolean':
      return 'bool'
    case 'bigint':
      return '*big.Int'
    case 'symbol':
      return '*sobek.Symbol'
    case 'function':
      return 'func(sobek.FunctionCall) sobek.Value'
    case 'object':
      if (value !== null) return goTypeOfObject(value)
  }
  return '<nil>'
}

const goElements: Readonly<Record<string, string>> = {
  __proto__: null as never,
  Int8Array: 'int8',
  Int16Array: 'int16',
  Uint16Array: 'uint16',
  Int32Array: 'int32',
  Uint32Array: 'uint32',
  Float32Array: 'float32',
  Float64Array: 'float64',
  BigInt64Array: 'int64',
  BigUint64Array: 'uint64',
}

function goTypeOfObject(value: object): string {
  const element = goElements[typedArrayName(value) ?? '']
  if (element !== undefined) return `[]${element}`
  if (isArray(value)) return '[]interface {}'
  const brand = objectToString(value)
  if (brand === '[object Date]') return 'time.Time'
  if (brand === '[object Promise]') return '*sobek.Promise'
  return brand === '[object Map]' || brand === '[object Set]'
    ? `[]${stringSlice(brand, 8, 9) === 'M' ? '[2]' : ''}interface {}`
    : 'map[string]interface {}'
}
