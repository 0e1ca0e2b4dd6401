/** CryptoKey: what a script sees of a key. The key itself stays with the host, which knows it by a number. */
import { ops } from '../bridge.js'
import { handleOwner } from '../handles.js'
import { defineProperty, freeze, hasOwn, NativeTypeError, NativeUint8Array } from '../primordials.js'

const host = ops<{ free(id: number): undefined }>('webcrypto', ['free'])
const own = handleOwner((id) => host.free(id))

/** A key as the host describes it. */
export interface KeyDescription {
  id: number
  type: string
  extractable: boolean
  algorithm: { name: string; publicExponent?: number[] | Uint8Array }
  usages: string[]
}

function bytesFrom(list: readonly number[]): Uint8Array {
  const bytes = new NativeUint8Array(list.length)
  for (let i = 0; i < list.length; i++) bytes[i] = list[i]!
  return bytes
}

const made = {}

/** Only the host makes keys; a script that calls the constructor gets what browsers say. */
export class CryptoKey {
  declare readonly type: string
  declare readonly extractable: boolean
  declare readonly algorithm: KeyDescription['algorithm']
  declare readonly usages: string[]
  readonly #id: number

  constructor(token?: unknown, description?: KeyDescription) {
    if (token !== made || description === undefined) throw new NativeTypeError('Illegal constructor')
    const { id, type, extractable, algorithm, usages } = description
    if (hasOwn(algorithm, 'publicExponent')) algorithm.publicExponent = bytesFrom(algorithm.publicExponent as number[])
    this.#id = id
    // Own members, as in k6, so that a key can be logged.
    defineProperty(this, 'type', { value: type, enumerable: true })
    defineProperty(this, 'extractable', { value: extractable, enumerable: true })
    defineProperty(this, 'algorithm', { value: freeze(algorithm), enumerable: true })
    defineProperty(this, 'usages', { value: freeze(usages), enumerable: true })
    own(this, id)
  }

  /** The number of a real key; undefined for anything else. */
  static idOf(value: unknown): number | undefined {
    return typeof value === 'object' && value !== null && #id in value ? value.#id : undefined
  }
}

// A script reaches the class by a key's constructor: what it would find there is not for it.
const { idOf } = CryptoKey
delete (CryptoKey as { idOf?: unknown }).idOf
freeze(CryptoKey)

export const newKey = (description: KeyDescription): CryptoKey => new CryptoKey(made, description)

/** @throws {TypeError} for what is no CryptoKey */
export function keyId(value: unknown, what: string): number {
  const id = idOf(value)
  if (id === undefined) throw new NativeTypeError(`${what} is not a CryptoKey`)
  return id
}
