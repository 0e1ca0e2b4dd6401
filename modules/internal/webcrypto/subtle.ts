/** SubtleCrypto (W3C Web Cryptography API, section 14). Few scripts call it: what its operations do is compiled when one does. */
import { part } from '../part.js'

type Operations = typeof import('./operations.js').operations

const found = part<typeof import('./operations.js')>('webcrypto/operations')

const operation =
  <K extends keyof Operations>(name: K) =>
  (...args: readonly unknown[]): ReturnType<Operations[K]> =>
    found().operations[name](args) as ReturnType<Operations[K]>

export const subtle = {
  encrypt: operation('encrypt'),
  decrypt: operation('decrypt'),
  sign: operation('sign'),
  verify: operation('verify'),
  digest: operation('digest'),
  generateKey: operation('generateKey'),
  deriveKey: operation('deriveKey'),
  deriveBits: operation('deriveBits'),
  importKey: operation('importKey'),
  exportKey: operation('exportKey'),
  wrapKey: operation('wrapKey'),
  unwrapKey: operation('unwrapKey'),
}
