/**
 * The operations of SubtleCrypto (W3C Web Cryptography API, section 14.3). What W3C has checked of keys and parameters before
 * the work is checked here, in plain words; Node.js's WebCrypto does the work. Keys stay on this side, under numbers.
 */
import { webcrypto } from 'node:crypto'
import type { Handles } from '../handles.js'
import {
  type AlgorithmOperation,
  type AlgorithmParams,
  algorithmFor,
  assertDerivable,
  mostImportedModulusBits,
} from './algorithms.js'
import { bytesAt, textAt, textsAt, type WebCryptoRequest } from './request.js'
import { WebCryptoError } from './webcrypto-error.js'

type Key = webcrypto.CryptoKey
type Keys = Handles<Key>
type Usage = webcrypto.KeyUsage
type KeyFormat = webcrypto.KeyFormat

/** Bytes, or JSON text. */
export type OperationResult = Uint8Array | string
type Operation = (keys: Keys, request: WebCryptoRequest) => Promise<OperationResult>

const { subtle } = webcrypto

const mostKeyBytes = 16 * 1024

/** Node.js's types want another one for each algorithm; what is there was checked against the table of members. */
type Params = never

function given(request: WebCryptoRequest, name = 'algorithm'): AlgorithmParams {
  return request[name] as AlgorithmParams
}

/** The algorithm and the key of a request, which fit each other and the use. */
function keyed(keys: Keys, request: WebCryptoRequest, operation: AlgorithmOperation & Usage) {
  const algorithm = algorithmFor(operation, given(request))
  const key = keys.get(request.key)
  assertUsable(key, algorithm.name, operation)
  return { algorithm: algorithm as Params, key, name: algorithm.name }
}

function assertUsable(key: Key, name: string, usage: Usage): void {
  if (key.algorithm.name !== name) {
    throw new WebCryptoError('InvalidAccessError', `the key is one of ${key.algorithm.name} and not of ${name}`)
  }
  if (!key.usages.includes(usage)) {
    throw new WebCryptoError('InvalidAccessError', `the key's usages do not have "${usage}"`)
  }
}

function assertExtractable(key: Key): void {
  if (!key.extractable) throw new WebCryptoError('InvalidAccessError', 'the key is not extractable')
}

function assertKeySize(size: number): void {
  if (size <= mostKeyBytes) return
  throw new WebCryptoError('DataError', `the data of a key may take ${mostKeyBytes} bytes, not ${size}`)
}

/** Keeps a key and describes it for the guest, with the members that CryptoKey has. */
function describe(keys: Keys, key: Key) {
  const algorithm = { ...(key.algorithm as webcrypto.RsaHashedKeyAlgorithm) }
  if (algorithm.modulusLength > mostImportedModulusBits) {
    throw new WebCryptoError(
      'DataError',
      `${algorithm.name}: a modulus may have ${mostImportedModulusBits} bits, not ${algorithm.modulusLength}`,
    )
  }
  // JSON has no bytes; the guest half makes them a Uint8Array again.
  const publicExponent = algorithm.publicExponent && [...algorithm.publicExponent]
  return {
    id: keys.add(key),
    type: key.type,
    extractable: key.extractable,
    algorithm: { ...algorithm, ...(publicExponent && { publicExponent }) },
    usages: key.usages,
  }
}

async function cipher(keys: Keys, request: WebCryptoRequest, operation: 'encrypt' | 'decrypt') {
  const { algorithm, key } = keyed(keys, request, operation)
  return new Uint8Array(await subtle[operation](algorithm, key, bytesAt(request, 'data')))
}

/** A derivation, with the public key that ECDH takes. */
function derivation(keys: Keys, request: WebCryptoRequest, operation: 'deriveBits' | 'deriveKey') {
  const { algorithm, key, name } = keyed(keys, request, operation)
  const params: AlgorithmParams = algorithm
  if (name !== 'ECDH') return { params, key }
  const other = keys.get(params.public)
  if (other.type !== 'public' || other.algorithm.name !== 'ECDH') {
    throw new WebCryptoError('InvalidAccessError', 'ECDH: the member "public" must be a public key of ECDH')
  }
  return { params: { ...params, public: other }, key }
}

/** How many bits the derived key takes; null for as many as there are. */
function derivedBits({ name, hash, length }: AlgorithmParams): number | null {
  if (length !== undefined) return Number(length)
  if (name !== 'HMAC') return null
  // W3C: the size of a block of the hash.
  return hash === 'SHA-384' || hash === 'SHA-512' ? 1024 : 512
}

const usagesOf = (request: WebCryptoRequest) => textsAt(request, 'usages') as Usage[]
const formatOf = (request: WebCryptoRequest) => textAt(request, 'format') as KeyFormat

export const operations: Readonly<Record<string, Operation>> = {
  async digest(_keys, request) {
    return new Uint8Array(await subtle.digest(algorithmFor('digest', given(request)), bytesAt(request, 'data')))
  },

  encrypt: (keys, request) => cipher(keys, request, 'encrypt'),
  decrypt: (keys, request) => cipher(keys, request, 'decrypt'),

  async sign(keys, request) {
    const { algorithm, key } = keyed(keys, request, 'sign')
    return new Uint8Array(await subtle.sign(algorithm, key, bytesAt(request, 'data')))
  },

  async verify(keys, request) {
    const { algorithm, key } = keyed(keys, request, 'verify')
    return String(await subtle.verify(algorithm, key, bytesAt(request, 'signature'), bytesAt(request, 'data')))
  },

  async deriveBits(keys, request) {
    const { params, key } = derivation(keys, request, 'deriveBits')
    const length = request.length === null ? null : Number(request.length)
    assertDerivable(params, length)
    return new Uint8Array(await subtle.deriveBits(params as Params, key, length as number))
  },

  async deriveKey(keys, request) {
    const { params, key } = derivation(keys, request, 'deriveKey')
    const derived = algorithmFor('derivedKey', given(request, 'derivedKey'))
    assertDerivable(params, derivedBits(derived))
    keys.assertRoom()
    const made = await subtle.deriveKey(
      params as Params,
      key,
      derived as Params,
      request.extractable === true,
      usagesOf(request),
    )
    return JSON.stringify(describe(keys, made))
  },

  async generateKey(keys, request) {
    const algorithm = algorithmFor('generateKey', given(request)) as Params
    keys.assertRoom()
    const made = (await subtle.generateKey(algorithm, request.extractable === true, usagesOf(request))) as
      | Key
      | webcrypto.CryptoKeyPair
    if (!('publicKey' in made)) return JSON.stringify(describe(keys, made))
    return JSON.stringify({
      privateKey: describe(keys, made.privateKey),
      publicKey: describe(keys, made.publicKey),
    })
  },

  async importKey(keys, request) {
    const algorithm = algorithmFor('importKey', given(request)) as Params
    const format = formatOf(request)
    keys.assertRoom()
    const keyData = format === 'jwk' ? jwkOf(request) : bytesAt(request, 'keyData')
    if (keyData instanceof Uint8Array) assertKeySize(keyData.length)
    const key = await subtle.importKey(
      format as 'raw',
      keyData as Uint8Array,
      algorithm,
      request.extractable === true,
      usagesOf(request),
    )
    return JSON.stringify(describe(keys, key))
  },

  async exportKey(keys, request) {
    const key = keys.get(request.key)
    assertExtractable(key)
    const format = formatOf(request)
    const exported: unknown = await subtle.exportKey(format as 'raw', key)
    return format === 'jwk' ? JSON.stringify(exported) : new Uint8Array(exported as ArrayBuffer)
  },

  async wrapKey(keys, request) {
    const { algorithm, key: wrappingKey } = keyed(keys, request, 'wrapKey')
    const key = keys.get(request.wrapped)
    assertExtractable(key)
    return new Uint8Array(await subtle.wrapKey(formatOf(request), key, wrappingKey, algorithm))
  },

  async unwrapKey(keys, request) {
    const { algorithm, key } = keyed(keys, request, 'unwrapKey')
    const unwrapped = algorithmFor('importKey', given(request, 'unwrapped')) as Params
    keys.assertRoom()
    const data = bytesAt(request, 'data')
    assertKeySize(data.length)
    const made = await subtle.unwrapKey(
      formatOf(request),
      data,
      key,
      algorithm,
      unwrapped,
      request.extractable === true,
      usagesOf(request),
    )
    return JSON.stringify(describe(keys, made))
  },
}

function jwkOf(request: WebCryptoRequest): webcrypto.JsonWebKey {
  const jwk = request.keyData
  if (typeof jwk !== 'object' || jwk === null || jwk instanceof Uint8Array) {
    throw new WebCryptoError('TypeError', 'a key in the format "jwk" must be a JsonWebKey object')
  }
  assertKeySize(JSON.stringify(jwk).length)
  return jwk
}
