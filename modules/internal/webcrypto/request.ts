/**
 * Arguments of SubtleCrypto as the host takes them: converted as Web IDL says, in the order of the arguments, before the call
 * returns. So what a script changes afterwards has no effect.
 */
import { bytesOfView } from '../go-bytes.js'
import {
  arrayBufferByteLength,
  arrayPush,
  createObject,
  dataViewBuffer,
  dataViewByteLength,
  dataViewOffset,
  isArray,
  isArrayBuffer,
  isDataView,
  NativeTypeError,
  NativeUint8Array,
  stringifyJson,
  toNumber,
  toText,
  typedArrayBuffer,
  typedArrayName,
  typedArraySet,
} from '../primordials.js'
import { keyId } from './crypto-key.js'

/** The bytes of a BufferSource. @throws {TypeError} for anything else */
export function bytesOfSource(value: unknown, what: string): ArrayBuffer {
  if (isArrayBuffer(value)) return value
  if (typedArrayName(value) !== undefined) return bytesOfView(value)
  if (isDataView(value)) {
    return bytesOfView(new NativeUint8Array(dataViewBuffer(value), dataViewOffset(value), dataViewByteLength(value)))
  }
  throw new NativeTypeError(`${what} must be an ArrayBuffer, a typed array or a DataView`)
}

/** Web IDL, [EnforceRange]: a whole number of that many bits. */
function wholeNumber(value: unknown, what: string, most: number): number {
  const number = toNumber(value)
  const whole = number - (number % 1)
  if (!(whole >= 0 && whole <= most)) throw new NativeTypeError(`${what} must be a number from 0 to ${most}`)
  return whole
}

/** The members that parameters of algorithms have (W3C), and what each is; a number is the most that a number may be. */
const members: readonly { name: string; kind: 'bytes' | 'text' | 'hash' | 'key' | number }[] = [
  { name: 'hash', kind: 'hash' },
  { name: 'namedCurve', kind: 'text' },
  { name: 'length', kind: 0xffff_ffff },
  { name: 'modulusLength', kind: 0xffff_ffff },
  { name: 'publicExponent', kind: 'bytes' },
  { name: 'iv', kind: 'bytes' },
  { name: 'counter', kind: 'bytes' },
  { name: 'additionalData', kind: 'bytes' },
  { name: 'tagLength', kind: 0xff },
  { name: 'label', kind: 'bytes' },
  { name: 'saltLength', kind: 0xffff_ffff },
  { name: 'salt', kind: 'bytes' },
  { name: 'info', kind: 'bytes' },
  { name: 'iterations', kind: 0xffff_ffff },
  { name: 'public', kind: 'key' },
]

/** RFC 7517 and 7518: the members of a JSON Web Key that are strings. */
const jwkTexts = ['kty', 'use', 'alg', 'crv', 'x', 'y', 'd', 'n', 'e', 'p', 'q', 'dp', 'dq', 'qi', 'k']

type Dictionary = Record<string, unknown>

/** One request in the making: JSON text, and bytes beside it. */
export class Request {
  #json = ''
  readonly #pieces: ArrayBuffer[] = []
  #size = 0

  #member(name: string, json: string): void {
    this.#json += `${this.#json === '' ? '' : ','}${stringifyJson(name)}:${json}`
  }

  #bytesJson(bytes: ArrayBuffer): string {
    const from = this.#size
    this.#size += arrayBufferByteLength(bytes)
    arrayPush(this.#pieces, bytes)
    return `{"bytes":[${from},${this.#size}]}`
  }

  bytes(name: string, value: unknown): this {
    this.#member(name, this.#bytesJson(bytesOfSource(value, name)))
    return this
  }

  text(name: string, value: unknown): this {
    this.#member(name, stringifyJson(toText(value))!)
    return this
  }

  flag(name: string, value: unknown): this {
    this.#member(name, value ? 'true' : 'false')
    return this
  }

  key(name: string, value: unknown): this {
    this.#member(name, `${keyId(value, name)}`)
    return this
  }

  /** A length in bits; null and undefined ask for as many as there are. */
  bits(name: string, value: unknown): this {
    this.#member(name, value === null || value === undefined ? 'null' : `${wholeNumber(value, name, 0xffff_ffff)}`)
    return this
  }

  format(value: unknown): this {
    const format = toText(value)
    if (format !== 'raw' && format !== 'pkcs8' && format !== 'spki' && format !== 'jwk') {
      throw new NativeTypeError(`"${format}" is not a format of keys: raw, pkcs8, spki or jwk`)
    }
    return this.text('format', format)
  }

  usages(value: unknown): this {
    if (!isArray(value)) throw new NativeTypeError('the usages of a key must be an array')
    let json = ''
    for (let i = 0; i < value.length; i++) {
      const usage = toText(value[i])
      if (!isUsage(usage)) throw new NativeTypeError(`"${usage}" is not a usage of keys`)
      json += `${json === '' ? '' : ','}"${usage}"`
    }
    this.#member('usages', `[${json}]`)
    return this
  }

  /** A name, or an object with a name and the parameters. */
  algorithm(name: string, value: unknown): this {
    this.#member(name, this.#algorithmJson(value))
    return this
  }

  #algorithmJson(value: unknown): string {
    if (typeof value !== 'object' || value === null) {
      if (typeof value !== 'string') throw new NativeTypeError('an algorithm must be a string or an object')
      return `{"name":${stringifyJson(value)}}`
    }
    const given = value as Dictionary
    if (given.name === undefined) throw new NativeTypeError('an algorithm needs a name')
    let json = `"name":${stringifyJson(toText(given.name))}`
    for (let i = 0; i < members.length; i++) {
      const { name: member, kind } = members[i]!
      const found = given[member]
      if (found === undefined) continue
      let text: string
      if (kind === 'bytes') text = this.#bytesJson(bytesOfSource(found, member))
      else if (kind === 'text') text = stringifyJson(toText(found))!
      else if (kind === 'key') text = `${keyId(found, member)}`
      else if (kind === 'hash') text = stringifyJson(hashName(found))!
      else text = `${wholeNumber(found, member, kind)}`
      json += `,${stringifyJson(member)}:${text}`
    }
    return `{${json}}`
  }

  /** The data of a key: bytes, or for `jwk` an object. */
  keyData(format: unknown, value: unknown): this {
    if (toText(format) !== 'jwk') return this.bytes('keyData', value)
    if (typeof value !== 'object' || value === null || isArrayBuffer(value) || typedArrayName(value) !== undefined) {
      throw new NativeTypeError('a key in the format "jwk" must be a JsonWebKey object')
    }
    this.#member('keyData', jwkJson(value as Dictionary))
    return this
  }

  get json(): string {
    return `{${this.#json}}`
  }

  /** All bytes in one buffer, copied. */
  get blob(): ArrayBuffer {
    const whole = new NativeUint8Array(this.#size)
    let at = 0
    for (let i = 0; i < this.#pieces.length; i++) {
      const piece = this.#pieces[i]!
      typedArraySet(whole, new NativeUint8Array(piece), at)
      at += arrayBufferByteLength(piece)
    }
    return typedArrayBuffer(whole)
  }
}

function hashName(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) throw new NativeTypeError('a hash must be a string or an object')
  const { name } = value as Dictionary
  if (name === undefined) throw new NativeTypeError('a hash needs a name')
  return toText(name)
}

const usageNames: Record<string, true> = createObject(null)
const usages = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey']
for (let i = 0; i < usages.length; i++) usageNames[usages[i]!] = true
const isUsage = (name: string): boolean => usageNames[name] === true

function jwkJson(jwk: Dictionary): string {
  let json = ''
  const add = (name: string, text: string) => {
    json += `${json === '' ? '' : ','}"${name}":${text}`
  }
  for (let i = 0; i < jwkTexts.length; i++) {
    const name = jwkTexts[i]!
    const value = jwk[name]
    if (value !== undefined) add(name, stringifyJson(toText(value))!)
  }
  const { ext, key_ops: operations } = jwk
  if (ext !== undefined) add('ext', ext ? 'true' : 'false')
  if (operations !== undefined) {
    if (!isArray(operations)) throw new NativeTypeError('the key_ops of a JsonWebKey must be an array')
    let list = ''
    for (let i = 0; i < operations.length; i++)
      list += `${list === '' ? '' : ','}${stringifyJson(toText(operations[i]))}`
    add('key_ops', `[${list}]`)
  }
  return `{${json}}`
}
