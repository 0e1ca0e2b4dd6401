/**
 * An array whose elements are not here: it looks like a frozen one to scripts, and each read parses the JSON text that the
 * host keeps for all VMs. As in k6, two reads of an element give two objects, each frozen through and through.
 */
import { ops } from './bridge.js'
import {
  arrayPush,
  bareDescriptor,
  freeze,
  hasOwn,
  isArray,
  NativeSyntaxError,
  NativeTypeError,
  newProxy,
  parseJson,
  reflectGet,
  stringIndexOf,
  values,
} from './primordials.js'

const host = ops<{ length(array: number): number; element(array: number, index: number): string | undefined }>('data', [
  'length',
  'element',
])

function freezeAll(value: object): void {
  freeze(value)
  const members = isArray(value) ? value : values(value)
  for (let i = 0; i < members.length; i++) {
    const member: unknown = members[i]
    if (typeof member === 'object' && member !== null) freezeAll(member)
  }
}

/** False when the JSON of an object or array surely has no further one in it. */
const hasNested = (json: string): boolean => stringIndexOf(json, '{', 1) > 0 || stringIndexOf(json, '[', 1) > 0

function read(array: number, index: number): unknown {
  const json = host.element(array, index)
  // What JSON.stringify makes of undefined, of a function and of a symbol is no JSON. The text is that of k6.
  if (json === undefined || json === 'undefined') {
    throw new NativeSyntaxError("invalid character 'u' looking for beginning of value")
  }
  const value = parseJson(json)
  if (typeof value !== 'object' || value === null) return value
  // Most elements are flat, and looking for what is in them takes as long as parsing them.
  if (hasNested(json)) freezeAll(value)
  else freeze(value)
  return value
}

/** The index that a property name stands for; -1 for a name that is none, such as `01`, `-1` or `1.5`. */
function indexOf(name: string): number {
  const number = +name
  return number >>> 0 === number && `${number}` === name ? number : -1
}

function refuse(): never {
  throw new NativeTypeError('SharedArray is immutable')
}

/** The array that the host knows under this number. */
export function sharedArray(array: number): readonly unknown[] {
  const length = host.length(array)
  // The target has no elements: what it says of `length` must hold for the proxy too, and nothing else is asked of it.
  return newProxy([] as unknown[], {
    get(target, name, receiver) {
      if (typeof name === 'string') {
        const index = indexOf(name)
        if (index >= 0) return index < length ? read(array, index) : undefined
        if (name === 'length') return length
      }
      return reflectGet(target, name, receiver)
    },
    has(target, name) {
      if (typeof name === 'string') {
        const index = indexOf(name)
        if (index >= 0) return index < length
      }
      return name in target
    },
    ownKeys() {
      const names: string[] = []
      for (let i = 0; i < length; i++) arrayPush(names, `${i}`)
      arrayPush(names, 'length')
      return names
    },
    getOwnPropertyDescriptor(_target, name) {
      if (name === 'length')
        return bareDescriptor({ value: length, writable: true, enumerable: false, configurable: false })
      const index = typeof name === 'string' ? indexOf(name) : -1
      if (index < 0 || index >= length) return undefined
      return bareDescriptor({ value: read(array, index), writable: true, enumerable: true, configurable: true })
    },
    set: refuse,
    defineProperty: refuse,
    setPrototypeOf: refuse,
    preventExtensions: refuse,
    deleteProperty(target, name) {
      const index = typeof name === 'string' ? indexOf(name) : -1
      return index < length && index >= 0 ? refuse() : !hasOwn(target, name)
    },
  })
}
