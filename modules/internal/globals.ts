/** The global objects of a k6 script. What QuickJS has and k6 has not is taken away. */
import { ops } from './bridge.js'
import { callingFiles } from './calling-files.js'
import { require } from './commonjs.js'
import { console } from './console.js'
import { GoError } from './go-error.js'
import {
  defineProperty,
  isArrayBuffer,
  NativeTypeError,
  NativeUint8Array,
  parseJson,
  toText,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayName,
  typedArrayOffset,
} from './primordials.js'
import { watchSymbol } from './symbol-use.js'
import { timers } from './timers.js'
import { vu } from './vu.js'
import { crypto } from './webcrypto/crypto.js'

const files = ops<{
  text(path: string, base: string, writtenIn: string): string
  bytes(path: string, base: string, writtenIn: string): ArrayBuffer
}>('files', ['text', 'bytes'])
const utf8 = ops<{ encode(text: string): ArrayBuffer; decode(bytes: ArrayBuffer, isFatal: boolean): string }>('utf8', [
  'encode',
  'decode',
])

/** Absent in k6: present in QuickJS, or a door that a sealed VM does not need. */
const absent = [
  'SharedArrayBuffer',
  'Atomics',
  'Iterator',
  'WeakRef',
  'FinalizationRegistry',
  'InternalError',
  'navigator',
]
const absentStatics: [object, string][] = [
  [Object, 'groupBy'],
  [Map, 'groupBy'],
  [Array, 'fromAsync'],
  [Promise, 'withResolvers'],
  [Promise, 'try'],
]
const absentSetMethods = [
  'union',
  'intersection',
  'difference',
  'symmetricDifference',
  'isSubsetOf',
  'isSupersetOf',
  'isDisjointFrom',
]

function open(path: unknown, mode?: unknown): string | ArrayBuffer {
  if (vu.phase !== 'init') {
    throw new GoError(
      'the "open" function is only available in the init stage (i.e. the global scope), see ' +
        'https://grafana.com/docs/k6/latest/using-k6/test-lifecycle/ for more information',
    )
  }
  const name = path === undefined ? '' : toText(path)
  if (name === '') throw new GoError("open() can't be used with an empty filename")
  const { base, writtenIn } = callingFiles()
  return mode === 'b' ? files.bytes(name, base, writtenIn) : (parseJson(files.text(name, base, writtenIn)) as string)
}

/** The bytes of a buffer or of a view on one, as a buffer of their own. */
function bytesOf(value: unknown): ArrayBuffer {
  if (isArrayBuffer(value)) return value
  if (typedArrayName(value) === undefined) throw new NativeTypeError('an ArrayBuffer or a typed array is needed')
  const whole = new NativeUint8Array(typedArrayBuffer(value), typedArrayOffset(value), typedArrayByteLength(value))
  return new NativeUint8Array(whole).buffer
}

class TextEncoder {
  get encoding(): string {
    return 'utf-8'
  }

  encode(text: unknown = ''): Uint8Array {
    return new NativeUint8Array(utf8.encode(toText(text)))
  }
}

class TextDecoder {
  readonly fatal: boolean
  readonly ignoreBOM = false

  constructor(label: unknown = 'utf-8', options: { fatal?: unknown } = {}) {
    const name = toText(label).toLowerCase()
    if (name !== 'utf-8' && name !== 'utf8') throw new RangeError(`unsupported encoding: ${name}`)
    this.fatal = !!options.fatal
  }

  get encoding(): string {
    return 'utf-8'
  }

  decode(bytes?: unknown): string {
    return bytes === undefined ? '' : (parseJson(utf8.decode(bytesOf(bytes), this.fatal)) as string)
  }
}

/** CommonJS files have these as parameters; to reach the global one is a mistake that k6 explains. */
function ofCommonJs(name: string): PropertyDescriptor {
  return {
    get() {
      throw new GoError(
        `you are trying to access identifier "${name}", this likely is due to mixing ECMAScript Modules (ESM) and ` +
          "CommonJS syntax. This isn't supported in the JavaScript standard, please use only one or the other",
      )
    },
    set: (value: unknown) => defineProperty(globalThis, name, { value, writable: true }),
  }
}

/** Global variables as k6 has them: writable, as a script may replace any of them for itself. */
export function installGlobals(): void {
  // QuickJS calls this method for every template literal, ours too: a script must not be able to replace it.
  defineProperty(String.prototype, 'concat', { writable: false, configurable: false })
  for (const name of absent) delete (globalThis as Record<string, unknown>)[name]
  for (const [holder, name] of absentStatics) delete (holder as Record<string, unknown>)[name]
  for (const name of absentSetMethods) delete (Set.prototype as unknown as Record<string, unknown>)[name]
  const globals: Record<string, unknown> = {
    global: globalThis,
    console,
    crypto,
    open,
    require,
    GoError,
    TextEncoder,
    TextDecoder,
    __ENV: vu.env,
    ...timers,
  }
  for (const [name, value] of Object.entries(globals)) {
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false })
  }
  for (const name of ['module', 'exports'])
    defineProperty(globalThis, name, { ...ofCommonJs(name), configurable: true })
  defineProperty(globalThis, '__VU', { get: () => vu.id, configurable: true })
  defineProperty(globalThis, '__ITER', { get: () => vu.iteration, configurable: true })
  watchSymbol()
}
