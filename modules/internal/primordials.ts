/**
 * The built-ins as they were before the script ran. Guest code of ours uses these and no global, so that a script which
 * replaces `JSON`, `Map` or `Array.prototype` changes its own world and not what the host is told.
 */
const uncurry = Function.prototype.bind.bind(Function.prototype.call) as <A extends unknown[], R>(
  fn: (this: never, ...args: A) => R,
) => (self: unknown, ...args: A) => R

export const call = uncurry(Function.prototype.call as never) as unknown as (
  fn: unknown,
  self: unknown,
  ...args: unknown[]
) => unknown
export const parseJson: (text: string) => unknown = JSON.parse
export const stringifyJson: (value: unknown) => string | undefined = JSON.stringify as never
export const now: () => number = Date.now
export const {
  create: createObject,
  freeze,
  getOwnPropertyNames,
  getPrototypeOf,
  preventExtensions,
  hasOwn,
  keys,
  setPrototypeOf,
  values,
} = Object
const nativeDefineProperty = Object.defineProperty
const nativeGetOwnPropertyDescriptor = Object.getOwnPropertyDescriptor
/** The descriptor without a prototype: a `get` that a script put on Object.prototype would spoil one with a value. */
export const bareDescriptor = (descriptor: PropertyDescriptor): PropertyDescriptor =>
  setPrototypeOf(descriptor, null) as PropertyDescriptor
/** Looks at the descriptor's own members alone. */
export function defineProperty<T extends object>(target: T, name: PropertyKey, descriptor: PropertyDescriptor): T {
  return nativeDefineProperty(target, name, bareDescriptor(descriptor))
}
export const { isArray } = Array
export const { isNaN: isNaNNumber, isInteger } = Number
export const toNumber = Number
export const { floor, imul, max, min, random } = Math
export const toText = String
export const encodeUriPart = encodeURIComponent

export const NativeMap = Map
export const NativePromise = Promise
export const NativeError = Error
export const NativeTypeError = TypeError
export const NativeSyntaxError = SyntaxError
export const NativeRangeError = RangeError
const NativeProxy = Proxy
/** A proxy with these traps alone: a `get` that a script put on Object.prototype is none. */
export function newProxy<T extends object>(target: T, traps: ProxyHandler<T>): T {
  return new NativeProxy(target, setPrototypeOf(traps, null) as ProxyHandler<T>)
}
export const NativeSymbol = Symbol
export const NativeFloat64Array = Float64Array
export const NativeUint8Array = Uint8Array
// Hidden from scripts, who must not see when the engine frees what.
export const NativeWeakMap = WeakMap
export const weakMapGet = uncurry(WeakMap.prototype.get) as <V>(self: WeakMap<object, V>, key: unknown) => V | undefined
export const weakMapSet = uncurry(WeakMap.prototype.set) as <V>(self: WeakMap<object, V>, key: object, value: V) => void
export const NativeWeakRef = WeakRef
export const weakRefTarget = uncurry(WeakRef.prototype.deref) as (self: WeakRef<object>) => object | undefined

/** Appends one item, even where a script has put a setter on Array.prototype or Object.prototype for its index. */
export function arrayPush<T>(self: T[], value: T): void {
  defineProperty(self, self.length, { value, writable: true, enumerable: true, configurable: true })
}
export const arrayJoin = uncurry(Array.prototype.join) as (self: unknown, separator: string) => string
export const arraySort = uncurry(Array.prototype.sort) as <T>(self: T[], compare?: (a: T, b: T) => number) => T[]
export const mapGet = uncurry(Map.prototype.get) as <K, V>(self: Map<K, V>, key: K) => V | undefined
export const mapSet = uncurry(Map.prototype.set) as <K, V>(self: Map<K, V>, key: K, value: V) => Map<K, V>
export const mapForEach = uncurry(Map.prototype.forEach) as <K, V>(
  self: Map<K, V>,
  fn: (value: V, key: K) => void,
) => void
export const mapClear = uncurry(Map.prototype.clear) as (self: Map<unknown, unknown>) => void
export const mapDelete = uncurry(Map.prototype.delete) as <K>(self: Map<K, unknown>, key: K) => boolean
export const setForEach = uncurry(Set.prototype.forEach) as <V>(self: Set<V>, fn: (value: V) => void) => void
export const promiseThen = uncurry(Promise.prototype.then) as (
  self: unknown,
  onValue?: (value: unknown) => unknown,
  onReason?: (reason: unknown) => unknown,
) => Promise<unknown>
/**
 * Waits for the outcome of a promise. `then` asks its `constructor` and Symbol.species for another promise that nobody wants
 * here; where a script made these throw, the promise goes without for the moment.
 *
 * @throws {TypeError} for what is no promise
 */
export function whenSettled(
  promise: unknown,
  onValue: ((value: unknown) => unknown) | undefined,
  onReason: (reason: unknown) => unknown,
): void {
  try {
    promiseThen(promise, onValue, onReason)
  } catch (e) {
    if (!isInPrototypeChain(NativePromise.prototype, promise)) throw e
    const own = nativeGetOwnPropertyDescriptor(promise as object, 'constructor')
    defineProperty(promise as object, 'constructor', { value: undefined, configurable: true })
    try {
      promiseThen(promise, onValue, onReason)
    } finally {
      if (own === undefined) deleteProperty(promise as object, 'constructor')
      else defineProperty(promise as object, 'constructor', own)
    }
  }
}
export const stringIncludes = uncurry(String.prototype.includes) as (self: string, part: string) => boolean
export const stringIndexOf = uncurry(String.prototype.indexOf) as (self: string, part: string, from?: number) => number
export const stringLastIndexOf = uncurry(String.prototype.lastIndexOf) as (self: string, part: string) => number
export const stringSlice = uncurry(String.prototype.slice) as (self: string, from: number, to?: number) => string
export const stringSplit = uncurry(String.prototype.split as never) as unknown as (self: string, by: string) => string[]
export const stringStartsWith = uncurry(String.prototype.startsWith) as (self: string, part: string) => boolean
export const stringToLowerCase = uncurry(String.prototype.toLowerCase) as (self: string) => string
export const stringToUpperCase = uncurry(String.prototype.toUpperCase) as (self: string) => string
export const stringToWellFormed = uncurry(
  (String.prototype as unknown as { toWellFormed: () => string }).toWellFormed as never,
) as unknown as (self: string) => string
export const stringTrimStart = uncurry(String.prototype.trimStart) as (self: string) => string
export const objectToString = uncurry(Object.prototype.toString) as (self: unknown) => string
/** What a wrapper object holds. @throws {TypeError} for anything else */
export const booleanOf = uncurry(Boolean.prototype.valueOf) as (self: unknown) => boolean
export const numberOf = uncurry(Number.prototype.valueOf) as (self: unknown) => number
export const stringOf = uncurry(String.prototype.valueOf) as (self: unknown) => string
export const isInPrototypeChain = uncurry(Object.prototype.isPrototypeOf) as (self: unknown, value: unknown) => boolean
export const regexpExec = uncurry(RegExp.prototype.exec) as (self: RegExp, text: string) => RegExpExecArray | null
export const dateToIso = uncurry(Date.prototype.toISOString) as (self: unknown) => string
export const numberToString = uncurry(Number.prototype.toString) as (self: number, radix?: number) => string

const getter = (prototype: object, name: string | symbol) =>
  uncurry(Object.getOwnPropertyDescriptor(prototype, name)!.get as never) as (self: unknown) => unknown
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
/** The class name of a typed array, and undefined for anything else: a brand check that no script can fake. */
export const typedArrayName = getter(typedArray, Symbol.toStringTag) as (self: unknown) => string | undefined
export const typedArrayBuffer = getter(typedArray, 'buffer') as (self: unknown) => ArrayBuffer
export const typedArrayOffset = getter(typedArray, 'byteOffset') as (self: unknown) => number
export const typedArrayByteLength = getter(typedArray, 'byteLength') as (self: unknown) => number
export const typedArraySet = uncurry(Uint8Array.prototype.set) as (
  self: Uint8Array,
  from: ArrayLike<number>,
  at?: number,
) => void
export const dataViewBuffer = getter(DataView.prototype, 'buffer') as (self: unknown) => ArrayBuffer
export const dataViewOffset = getter(DataView.prototype, 'byteOffset') as (self: unknown) => number
export const dataViewByteLength = getter(DataView.prototype, 'byteLength') as (self: unknown) => number
/** True for a real DataView, whatever its prototype says. */
export function isDataView(value: unknown): value is DataView {
  if (typeof value !== 'object' || value === null) return false
  try {
    dataViewBuffer(value)
    return true
  } catch {
    return false
  }
}
const bufferByteLength = getter(ArrayBuffer.prototype, 'byteLength') as (self: unknown) => number
/** True for a real ArrayBuffer, whatever its prototype says. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  if (typeof value !== 'object' || value === null) return false
  try {
    bufferByteLength(value)
    return true
  } catch {
    return false
  }
}

export const arrayBufferByteLength = bufferByteLength

export const { apply, deleteProperty, get: reflectGet, ownKeys } = Reflect
