/** Trusted half of `k6/crypto`: hashes, HMAC and random bytes, with k6's texts. */
import { randomBytes } from 'node:crypto'
import { encodeBase64 } from '../../go/base64.js'
import { GuestError } from '../../runtime/guest-error.js'
import { defineHostModule, number, text } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'
import { bytesOf } from '../guest-bytes.js'
import type { VuContext } from '../vu-context.js'
import { type Hashing, startHash, startHmac } from './hashing.js'

function started(hashing: Hashing | undefined, algorithm: Crossing): Hashing {
  // For createHash k6 has no text: it crashes.
  if (hashing === undefined) throw new GuestError('GoError', `invalid algorithm: ${String(algorithm)}`)
  return hashing
}

const hash = (algorithm: Crossing) => started(startHash(text(algorithm, 'algorithm')), algorithm)
const hmac = (algorithm: Crossing, key: Crossing) =>
  started(startHmac(text(algorithm, 'algorithm'), bytesOf(key)), algorithm)

/** @throws {GuestError} for an encoding that k6 does not have */
function encoded(digest: Buffer, encoding: Crossing): string | Uint8Array {
  switch (encoding) {
    case 'hex':
      return digest.toString('hex')
    case 'base64':
      return encodeBase64(digest, 'std')
    case 'base64url':
      return encodeBase64(digest, 'url')
    case 'base64rawurl':
      return encodeBase64(digest, 'rawurl')
    case 'binary':
      return digest
  }
  throw new GuestError('GoError', `invalid output encoding: ${text(encoding, 'encoding')}`)
}

export const crypto = defineHostModule<VuContext>('crypto', {
  hash(_vu, algorithm, input, encoding) {
    const hashing = hash(algorithm)
    hashing.update(bytesOf(input))
    return encoded(hashing.digest(), encoding)
  },

  /** Says that the algorithm is unknown before the guest looks at anything else, as k6 does. */
  checkHmac(_vu, algorithm) {
    hmac(algorithm, '')
    return undefined
  },

  hmac(_vu, algorithm, key, input, encoding) {
    const hashing = hmac(algorithm, key)
    hashing.update(bytesOf(input))
    return encoded(hashing.digest(), encoding)
  },

  /** The number of a new hash; with a key, of an HMAC. */
  start: (vu, algorithm, key) => vu.hashings.add(key === undefined ? hash(algorithm) : hmac(algorithm, key)),

  update(vu, id, input) {
    vu.hashings.get(id).update(bytesOf(input))
    return undefined
  },

  digest: (vu, id, encoding) => encoded(vu.hashings.get(id).digest(), encoding),

  /** The guest has lost sight of a hash. */
  free(vu, id) {
    vu.hashings.delete(id)
    return undefined
  },

  randomBytes(vu, size) {
    const count = Math.trunc(number(size, 'size'))
    if (count < 1) throw new GuestError('GoError', 'invalid size')
    const { memoryBytes } = vu.services.limits
    if (count > memoryBytes) {
      throw new GuestError(
        'GoError',
        `invalid size: ${count} bytes do not fit into a VM (limit memoryBytes: ${memoryBytes})`,
      )
    }
    return randomBytes(count)
  },

  hexEncode: (_vu, input) => Buffer.from(bytesOf(input)).toString('hex'),
})
