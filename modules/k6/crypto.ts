/** Guest half of `k6/crypto`: hashes, HMAC, random bytes. */
import { ops } from '../internal/bridge.js'
import { type Bytes, bytesFrom } from '../internal/go-bytes.js'
import { handleOwner } from '../internal/handles.js'
import { toNumber, toText } from '../internal/primordials.js'

type Encoded = string | ArrayBuffer

const host = ops<{
  hash(algorithm: string, input: Bytes, encoding: string): Encoded
  checkHmac(algorithm: string): undefined
  hmac(algorithm: string, key: Bytes, input: Bytes, encoding: string): Encoded
  start(algorithm: string, key?: Bytes): number
  update(id: number, input: Bytes): undefined
  digest(id: number, encoding: string): Encoded
  free(id: number): undefined
  randomBytes(size: number): ArrayBuffer
  hexEncode(input: Bytes): string
}>('crypto', ['hash', 'checkHmac', 'hmac', 'start', 'update', 'digest', 'free', 'randomBytes', 'hexEncode'])

/** An argument that is left out is the empty text, as in k6. */
const textAt = (args: readonly unknown[], index: number): string => (args.length > index ? toText(args[index]) : '')

/** A function that hashes at once. */
const hashOf =
  (algorithm: string) =>
  (...args: [input?: unknown, encoding?: unknown]): never =>
    host.hash(algorithm, bytesFrom(args[0]), textAt(args, 1)) as never

export const md4 = hashOf('md4')
export const md5 = hashOf('md5')
export const sha1 = hashOf('sha1')
export const sha256 = hashOf('sha256')
export const sha384 = hashOf('sha384')
export const sha512 = hashOf('sha512')
export const sha512_224 = hashOf('sha512_224')
export const sha512_256 = hashOf('sha512_256')
export const ripemd160 = hashOf('ripemd160')

export function hmac(...args: [algorithm?: unknown, key?: unknown, input?: unknown, encoding?: unknown]): never {
  const algorithm = textAt(args, 0)
  host.checkHmac(algorithm)
  return host.hmac(algorithm, bytesFrom(args[1]), bytesFrom(args[2]), textAt(args, 3)) as never
}

/** A hash that takes its input in parts. */
export interface Hasher {
  update(input?: unknown): void
  /** Of what came so far; more may follow. */
  digest(...args: [encoding?: unknown]): never
}

const own = handleOwner((id) => host.free(id))

function hasherOf(id: number): Hasher {
  // The methods may outlive the object that they came with, so it is what both of them hold that owns the number.
  const handle = { id }
  own(handle, id)
  return {
    digest: (...args) => host.digest(handle.id, textAt(args, 0)) as never,
    update(input) {
      host.update(handle.id, bytesFrom(input))
    },
  }
}

export function createHash(...args: [algorithm?: unknown]): Hasher {
  return hasherOf(host.start(textAt(args, 0)))
}

export function createHMAC(...args: [algorithm?: unknown, key?: unknown]): Hasher {
  const algorithm = textAt(args, 0)
  host.checkHmac(algorithm)
  return hasherOf(host.start(algorithm, bytesFrom(args[1])))
}

export function randomBytes(size?: unknown): ArrayBuffer {
  const count = toNumber(size)
  return host.randomBytes(count - count === 0 ? count : 0)
}

/** The bytes in hexadecimal digits. */
export function hexEncode(input?: unknown): string {
  return host.hexEncode(bytesFrom(input))
}

export default {
  createHMAC,
  createHash,
  hexEncode,
  hmac,
  md4,
  md5,
  randomBytes,
  ripemd160,
  sha1,
  sha256,
  sha384,
  sha512,
  sha512_224,
  sha512_256,
}
