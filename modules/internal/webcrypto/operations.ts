/** What the operations of SubtleCrypto do (W3C Web Cryptography API, section 14): each is work of the host that settles a promise. */
import { ops } from '../bridge.js'
import { errorOfName } from '../named-error.js'
import { hasOwn, isArrayBuffer, NativeTypeError, parseJson } from '../primordials.js'
import { promiseOf } from '../tasks.js'
import { type CryptoKey, type KeyDescription, newKey } from './crypto-key.js'
import { Request } from './request.js'

const host = ops<{ start(task: number, operation: string, json: string, blob: ArrayBuffer): undefined }>('webcrypto', [
  'start',
])

type KeyPair = { privateKey: CryptoKey; publicKey: CryptoKey }

/** Arguments by their index: taking a list apart would ask its iterator, which a script may have replaced. */
type Args = readonly unknown[]

/** An operation that takes at least so many arguments. What is wrong with them rejects: an operation never throws. */
function operation<T>(
  name: string,
  leastArguments: number,
  request: (args: Args) => Request,
  read: (payload: unknown) => T,
): (args: Args) => Promise<T> {
  return (args) =>
    promiseOf(
      (task) => {
        if (args.length < leastArguments) {
          throw new NativeTypeError(`${name} takes ${leastArguments} arguments, and ${args.length} were given`)
        }
        const { json, blob } = request(args)
        host.start(task, name, json, blob)
      },
      read,
      (payload) => {
        const told = parseJson(payload as string) as [string, string]
        return errorOfName(told[0], told[1])
      },
    )
}

const asBytes = (payload: unknown) => payload as ArrayBuffer
const asKey = (payload: unknown) => newKey(parseJson(payload as string) as KeyDescription)

function asKeyOrPair(payload: unknown): CryptoKey | KeyPair {
  const told = parseJson(payload as string) as KeyDescription | Record<keyof KeyPair, KeyDescription>
  if (!hasOwn(told, 'publicKey')) return newKey(told as KeyDescription)
  const { privateKey, publicKey } = told as Record<keyof KeyPair, KeyDescription>
  return { privateKey: newKey(privateKey), publicKey: newKey(publicKey) }
}

const withData = (args: Args) =>
  new Request().algorithm('algorithm', args[0]).key('key', args[1]).bytes('data', args[2])

export const operations = {
  encrypt: operation('encrypt', 3, withData, asBytes),
  decrypt: operation('decrypt', 3, withData, asBytes),
  sign: operation('sign', 3, withData, asBytes),

  verify: operation(
    'verify',
    4,
    (args) =>
      new Request()
        .algorithm('algorithm', args[0])
        .key('key', args[1])
        .bytes('signature', args[2])
        .bytes('data', args[3]),
    (payload) => payload === 'true',
  ),

  digest: operation(
    'digest',
    2,
    (args) => new Request().algorithm('algorithm', args[0]).bytes('data', args[1]),
    asBytes,
  ),

  generateKey: operation(
    'generateKey',
    3,
    (args) => new Request().algorithm('algorithm', args[0]).flag('extractable', args[1]).usages(args[2]),
    asKeyOrPair,
  ),

  deriveKey: operation(
    'deriveKey',
    5,
    (args) =>
      new Request()
        .algorithm('algorithm', args[0])
        .key('key', args[1])
        .algorithm('derivedKey', args[2])
        .flag('extractable', args[3])
        .usages(args[4]),
    asKey,
  ),

  deriveBits: operation(
    'deriveBits',
    2,
    (args) => new Request().algorithm('algorithm', args[0]).key('key', args[1]).bits('length', args[2]),
    asBytes,
  ),

  importKey: operation(
    'importKey',
    5,
    (args) =>
      new Request()
        .format(args[0])
        .keyData(args[0], args[1])
        .algorithm('algorithm', args[2])
        .flag('extractable', args[3])
        .usages(args[4]),
    asKey,
  ),

  exportKey: operation(
    'exportKey',
    2,
    (args) => new Request().format(args[0]).key('key', args[1]),
    (payload) => (isArrayBuffer(payload) ? payload : (parseJson(payload as string) as object)),
  ),

  wrapKey: operation(
    'wrapKey',
    4,
    (args) => new Request().format(args[0]).key('wrapped', args[1]).key('key', args[2]).algorithm('algorithm', args[3]),
    asBytes,
  ),

  unwrapKey: operation(
    'unwrapKey',
    7,
    (args) =>
      new Request()
        .format(args[0])
        .bytes('data', args[1])
        .key('key', args[2])
        .algorithm('algorithm', args[3])
        .algorithm('unwrapped', args[4])
        .flag('extractable', args[5])
        .usages(args[6]),
    asKey,
  ),
}
