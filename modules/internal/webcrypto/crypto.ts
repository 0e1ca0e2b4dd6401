/** The global `crypto`, as in k6 and on the web (W3C Web Cryptography API, section 10). */
import { ops } from '../bridge.js'
import { errorOfName } from '../named-error.js'
import {
  NativeUint8Array,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayName,
  typedArrayOffset,
  typedArraySet,
} from '../primordials.js'
import { subtle } from './subtle.js'

const host = ops<{ random(size: number): ArrayBuffer; uuid(): string }>('webcrypto', ['random', 'uuid'])

const mostRandomBytes = 65_536

/** Fills a typed array of integers and returns it. @throws TypeMismatchError, QuotaExceededError by name */
function getRandomValues<T>(array?: T): T {
  const name = typedArrayName(array)
  if (name === undefined || name === 'Float32Array' || name === 'Float64Array' || name === 'Float16Array') {
    throw errorOfName('TypeMismatchError', 'getRandomValues takes a typed array of integers')
  }
  const length = typedArrayByteLength(array)
  if (length > mostRandomBytes) {
    throw errorOfName('QuotaExceededError', `getRandomValues fills ${mostRandomBytes} bytes at most, not ${length}`)
  }
  const bytes = new NativeUint8Array(typedArrayBuffer(array), typedArrayOffset(array), length)
  typedArraySet(bytes, new NativeUint8Array(host.random(length)), 0)
  return array as T
}

export const crypto = { getRandomValues, randomUUID: () => host.uuid(), subtle }
