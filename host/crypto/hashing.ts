/** Hashes by k6's names, and HMAC over each of them. Both can tell their digest at any time and go on. */
import { createHash } from 'node:crypto'
import { Md4 } from './md4.js'

/** A running computation. */
export interface Hashing {
  update(data: Uint8Array): void
  /** The digest of what came so far. */
  digest(): Buffer
}

interface RunningHash {
  update(data: Uint8Array): unknown
  copy(): RunningHash
  digest(): Buffer
}

interface Algorithm {
  /** RFC 2104: bytes of a block of the hash. */
  blockBytes: number
  begin(): RunningHash
}

const ofNode = (name: string, blockBytes: number): Algorithm => ({ blockBytes, begin: () => createHash(name) })

const algorithms = new Map<string, Algorithm>([
  ['md4', { blockBytes: 64, begin: () => new Md4() }],
  ['md5', ofNode('md5', 64)],
  ['sha1', ofNode('sha1', 64)],
  ['sha256', ofNode('sha256', 64)],
  ['sha384', ofNode('sha384', 128)],
  ['sha512', ofNode('sha512', 128)],
  ['sha512_224', ofNode('sha512-224', 128)],
  ['sha512_256', ofNode('sha512-256', 128)],
  ['ripemd160', ofNode('ripemd160', 64)],
])

/** Undefined for a name that k6 does not have. */
export function startHash(name: string): Hashing | undefined {
  const hash = algorithms.get(name)?.begin()
  return hash && { update: (data) => void hash.update(data), digest: () => hash.copy().digest() }
}

/** HMAC (RFC 2104). Written out, as node:crypto's has no copy and so could tell its digest only once. */
export function startHmac(name: string, key: Uint8Array): Hashing | undefined {
  const algorithm = algorithms.get(name)
  if (algorithm === undefined) return undefined
  const padded = Buffer.alloc(algorithm.blockBytes)
  padded.set(key.length > padded.length ? hashOf(algorithm, key) : key)
  const inner = algorithm.begin()
  inner.update(padded.map((byte) => byte ^ 0x36))
  const outerKey = padded.map((byte) => byte ^ 0x5c)
  return {
    update: (data) => void inner.update(data),
    digest() {
      const outer = algorithm.begin()
      outer.update(outerKey)
      outer.update(inner.copy().digest())
      return outer.digest()
    },
  }
}

function hashOf(algorithm: Algorithm, data: Uint8Array): Buffer {
  const hash = algorithm.begin()
  hash.update(data)
  return hash.digest()
}
