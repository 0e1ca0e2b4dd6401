/**
 * Which algorithm there is for which operation, with the members of its parameters (W3C Web Cryptography API, section 18
 * and following), and the bounds on those that cost time or memory.
 */
import { WebCryptoError } from './webcrypto-error.js'

/** Parameters of an algorithm as the guest half sends them: primitives, bytes, and a key. */
export type AlgorithmParams = Readonly<Record<string, unknown>> & { readonly name: string }

const aes = ['AES-CBC', 'AES-CTR', 'AES-GCM', 'AES-KW'] as const
const ec = ['ECDH', 'ECDSA'] as const
const rsa = ['RSA-OAEP', 'RSA-PSS', 'RSASSA-PKCS1-v1_5'] as const
const derivations = { ECDH: 'public', HKDF: 'hash salt info', PBKDF2: 'hash salt iterations' }

/** The members of each algorithm, as words; a question mark makes one optional. */
type Members = Readonly<Record<string, string>>
const each = (names: readonly string[], members: string): Members =>
  Object.fromEntries(names.map((name) => [name, members]))

const ciphers: Members = {
  'AES-CBC': 'iv',
  'AES-CTR': 'counter length',
  'AES-GCM': 'iv additionalData? tagLength?',
  'RSA-OAEP': 'label?',
}
const signatures: Members = { ECDSA: 'hash', HMAC: '', 'RSA-PSS': 'saltLength', 'RSASSA-PKCS1-v1_5': '' }

const operations = {
  digest: each(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'], ''),
  encrypt: ciphers,
  decrypt: ciphers,
  wrapKey: { ...ciphers, 'AES-KW': '' },
  unwrapKey: { ...ciphers, 'AES-KW': '' },
  sign: signatures,
  verify: signatures,
  deriveBits: derivations,
  deriveKey: derivations,
  generateKey: {
    ...each(aes, 'length'),
    ...each(ec, 'namedCurve'),
    ...each(rsa, 'hash modulusLength publicExponent'),
    HMAC: 'hash length?',
  },
  importKey: {
    ...each(aes, ''),
    ...each(ec, 'namedCurve'),
    ...each(rsa, 'hash'),
    HMAC: 'hash length?',
    HKDF: '',
    PBKDF2: '',
  },
  /** What deriveKey makes of the bits; also how many it needs. */
  derivedKey: { ...each(aes, 'length'), HMAC: 'hash length?', HKDF: '', PBKDF2: '' },
} as const satisfies Record<string, Members>

export type AlgorithmOperation = keyof typeof operations

/** Names are told apart without regard to case. */
const canonicalNames = new Map(
  Object.values(operations)
    .flatMap((members) => Object.keys(members))
    .map((name) => [name.toLowerCase(), name]),
)

/**
 * The parameters for `operation`, with the algorithm's name spelt as W3C does and with the members that it has there and no
 * others.
 *
 * @throws {WebCryptoError} NotSupportedError for an algorithm that is not there, TypeError for a member that is missing,
 * OperationError for one that would cost too much
 */
export function algorithmFor(operation: AlgorithmOperation, given: AlgorithmParams): AlgorithmParams {
  const name = canonicalNames.get(given.name.toLowerCase()) ?? given.name
  const all: Members = operations[operation]
  const words = Object.hasOwn(all, name) ? all[name] : undefined
  if (words === undefined) {
    throw new WebCryptoError(
      'NotSupportedError',
      `${shownOperation(operation)} is not supported for the algorithm "${name}"`,
    )
  }
  const params: Record<string, unknown> & { name: string } = { name }
  for (const word of words.split(' ').filter(Boolean)) {
    const member = word.replace('?', '')
    if (given[member] !== undefined) params[member] = given[member]
    else if (word === member) throw new WebCryptoError('TypeError', `${name} needs a member "${member}"`)
  }
  if (params.hash !== undefined) params.hash = hashName(params.hash)
  assertAffordable(params)
  return params
}

const shownOperation = (operation: AlgorithmOperation) => (operation === 'derivedKey' ? 'deriveKey' : operation)

function hashName(given: unknown): string {
  return algorithmFor('digest', { name: String(given) }).name
}

/** Bits of an RSA key that a script may have made; a pair of 4096 bits takes about a second. */
const mostModulusBits = 4096
/** Bits of one that it may bring along. */
export const mostImportedModulusBits = 8192
const mostKeyBits = 16 * 1024 * 8

/** Only the two exponents that are in use: with others OpenSSL can be kept busy. */
const exponents: ReadonlySet<string> = new Set(['03', '010001'])

function assertAffordable({ name, length, modulusLength, publicExponent }: AlgorithmParams): void {
  if (Number(modulusLength) > mostModulusBits) {
    throw new WebCryptoError(
      'OperationError',
      `${name}: a modulus may have ${mostModulusBits} bits, not ${modulusLength}`,
    )
  }
  if (publicExponent instanceof Uint8Array) {
    const hex = Buffer.from(publicExponent)
      .toString('hex')
      .replace(/^(00)+/, '')
    if (!exponents.has(hex))
      throw new WebCryptoError('OperationError', `${name}: the public exponent must be 3 or 65537`)
  }
  if (name === 'HMAC' && (Number(length) > mostKeyBits || length === 0)) {
    throw new WebCryptoError('OperationError', `HMAC: a key may have 1 to ${mostKeyBits} bits, not ${length}`)
  }
}

const mostDerivedBits = 1024 * 1024 * 8
/** Rounds of PBKDF2 for one result: some seconds of one core. */
const mostRounds = 10_000_000
const hashBits: Record<string, number> = { 'SHA-1': 160, 'SHA-256': 256, 'SHA-384': 384, 'SHA-512': 512 }

/** @throws {WebCryptoError} OperationError for a derivation that would take too long */
export function assertDerivable({ name, hash, iterations }: AlgorithmParams, bits: number | null): void {
  if ((bits ?? 0) > mostDerivedBits) {
    throw new WebCryptoError('OperationError', `${name}: ${mostDerivedBits} bits may be derived, not ${bits}`)
  }
  if (name !== 'PBKDF2') return
  // Each block of a hash's size takes all the rounds (RFC 8018, section 5.2).
  const rounds = Number(iterations) * Math.max(1, Math.ceil((bits ?? 0) / (hashBits[String(hash)] ?? 1)))
  if (rounds > mostRounds) {
    throw new WebCryptoError(
      'OperationError',
      `PBKDF2: ${iterations} iterations for ${bits} bits are ${rounds} rounds of the hash; ${mostRounds} are the limit`,
    )
  }
}
