/**
 * Primitives across the boundary, read straight from the VM's memory: no guest code runs, nothing is converted, and what
 * is not a primitive is refused. Objects cross as JSON text that the guest made (see modules/internal/bridge.ts).
 *
 * A JSValue takes 8 bytes on a 32-bit machine: the upper word is a tag, or, when it is none of the tags, the value is a
 * double shifted by a constant (QuickJS, JS_NAN_BOXING). A string is a header of 16 bytes and its Latin-1 or UTF-16
 * units; a rope is a header and two JSValues.
 */
import { scratch, stackBottom } from './engine-program.js'
import { GuestError } from './guest-error.js'
import type { EngineExports, Pointer, WasmInstance } from './wasm-instance.js'

const tag = { string: -7, rope: -6, object: -1, int: 0, bool: 1, null: 2, undefined: 3, exception: 6 } as const
const firstTag = -9
const lastTag = 8
const doubleOffset = 0x7ff80000 - firstTag + 1
const nanWord = 0x7ff80000

// A double, seen as two words.
const double = new Float64Array(1)
const doubleWords = new Int32Array(double.buffer)

/** What may cross the boundary. Bytes are copied in either direction. */
export type Crossing = string | number | boolean | null | undefined | Uint8Array | SharedBytes | Utf8Text

/** UTF-8 that is not there before it is written into the VM. */
export interface WrittenText {
  readonly byteLength: number
  /** Writes so many bytes. */
  writeTo(target: Buffer, at: number): void
}

/** A result that becomes a string: its UTF-8, valid and free of NUL, goes into the VM without a detour over a string here. */
export class Utf8Text implements WrittenText {
  readonly #content: Uint8Array | WrittenText

  constructor(content: Uint8Array | WrittenText) {
    this.#content = content
  }

  get byteLength(): number {
    return this.#content.byteLength
  }

  writeTo(target: Buffer, at: number): void {
    if (this.#content instanceof Uint8Array) target.set(this.#content, at)
    else this.#content.writeTo(target, at)
  }
}

/**
 * A result that becomes an ArrayBuffer of zeros which the host can go on reading: `placed` is told where in the VM's memory
 * it lies. It stays there as long as the guest keeps it.
 */
export class SharedBytes {
  readonly byteLength: number
  readonly placed: (at: Pointer) => void

  constructor(byteLength: number, placed: (at: Pointer) => void) {
    this.byteLength = byteLength
    this.placed = placed
  }
}

/** C stack that stays free above a text in its unused part: as much as the largest limit for that of a script. */
const freeStack = 1024 * 1024
/** Before such a text: 0, by which `free` knows that it is no block. */
const noBlockBytes = 16

/** The longest text that is read letter by letter: beyond that, the call of a native function is soon cheaper. */
const shortText = 8

/** Reads and writes the values of one VM. */
export class ValueReader {
  readonly #instance: WasmInstance
  readonly #exports: EngineExports
  readonly #maxTextLength: number

  /** Texts of more than `maxTextLength` characters are refused: a rope may use the same leaf any number of times. */
  constructor(instance: WasmInstance, maxTextLength: number) {
    this.#instance = instance
    this.#exports = instance.exports
    this.#maxTextLength = maxTextLength
  }

  /**
   * The primitive at `at`. An object is taken for an ArrayBuffer: our guest half passes no other.
   *
   * @throws {GuestError} for a symbol, a BigInt or any other value that cannot cross
   */
  read(ctx: number, at: Pointer): Crossing {
    const { words } = this.#instance
    const word = at >> 2
    const kind = words[word + 1]!
    switch (kind) {
      case tag.int:
        return words[word]!
      case tag.undefined:
        return undefined
      case tag.string:
        return this.#flat(words[word]!)
      case tag.rope:
        return this.#rope(words[word]!)
      case tag.bool:
        return words[word] !== 0
      case tag.null:
        return null
      case tag.object:
        return this.#buffer(ctx, at)
    }
    if (kind >= firstTag && kind <= lastTag)
      throw new GuestError('TypeError', 'only primitives and buffers cross the boundary')
    doubleWords[1] = kind + doubleOffset
    doubleWords[0] = words[word]!
    return double[0]
  }

  /** True when the engine's value at `at` says that there was an exception. */
  isException(at: Pointer): boolean {
    return this.#instance.words[(at >> 2) + 1] === tag.exception
  }

  /** Frees a pointer that an export has returned, and the value behind it. */
  free(ctx: number, at: Pointer): void {
    const kind = this.#instance.words[(at >> 2) + 1]!
    // Only what is behind a tag below 0 has a count of references.
    if (kind < 0 && kind >= firstTag) this.#exports.freeValue(ctx, at)
    else this.#exports.free(at)
  }

  #buffer(ctx: number, at: Pointer): Uint8Array {
    const exports = this.#exports
    // The C side does not look whether its copy could be allocated.
    exports.free(this.allocate(exports.arrayBufferLength(ctx, at)))
    const start = exports.arrayBuffer(ctx, at)
    if (start === 0) throw new GuestError('TypeError', 'only primitives and buffers cross the boundary')
    // The C side hands out a copy, which is ours to free.
    const end = start + exports.arrayBufferLength(ctx, at)
    const copy = Uint8Array.prototype.slice.call(this.#instance.bytes, start, end)
    exports.free(start)
    return copy
  }

  /** A pointer to one more reference to a value, given as the engine has it in 64 bits. The caller frees it. */
  pointerTo(ctx: number, value: bigint): Pointer {
    const at = this.allocate(8)
    const { words } = this.#instance
    words[at >> 2] = Number(BigInt.asIntN(32, value))
    words[(at >> 2) + 1] = Number(BigInt.asIntN(32, value >> 32n))
    try {
      return this.#exports.dupValue(ctx, at)
    } finally {
      this.#exports.free(at)
    }
  }

  #flat(at: Pointer): string {
    const { bytes, words } = this.#instance
    const header = words[(at >> 2) + 1]!
    const length = header & 0x7fffffff
    const start = at + 16
    if (header < 0) return bytes.ucs2Slice(start, start + length * 2)
    if (length > shortText) return bytes.latin1Slice(start, start + length)
    let text = ''
    for (let i = start; i < start + length; i++) text += String.fromCharCode(bytes[i]!)
    return text
  }

  /** Concatenates the leaves of a rope from left to right, without recursion: the guest chose its depth. */
  #rope(at: Pointer): string {
    const { words } = this.#instance
    const parts: string[] = []
    let length = 0
    const open: { at: Pointer; isRope: boolean }[] = [{ at, isRope: true }]
    const child = (side: Pointer) => ({
      at: words[side >> 2]!,
      isRope: words[(side >> 2) + 1] === tag.rope,
    })
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next.isRope) {
        open.push(child(next.at + 24), child(next.at + 16))
        continue
      }
      const part = this.#flat(next.at)
      length += part.length
      if (length > this.#maxTextLength) {
        throw new GuestError(
          'RangeError',
          `a text of more than ${this.#maxTextLength} characters cannot cross the boundary`,
        )
      }
      parts.push(part)
    }
    return parts.join('')
  }

  /** Writes a value into the 8 bytes at `cell`. False for those that take memory of their own: see `make`. */
  writeImmediate(cell: Pointer, value: Crossing): boolean {
    const { words } = this.#instance
    const word = cell >> 2
    switch (typeof value) {
      case 'number':
        if ((value | 0) === value && (value !== 0 || Object.is(value, 0))) {
          words[word] = value
          words[word + 1] = tag.int
        } else {
          double[0] = value
          // The engine knows one NaN: others would be taken for tags.
          if (Number.isNaN(value)) {
            doubleWords[0] = 0
            doubleWords[1] = nanWord
          }
          words[word] = doubleWords[0]!
          words[word + 1] = doubleWords[1]! - doubleOffset
        }
        return true
      case 'boolean':
        words[word] = value ? 1 : 0
        words[word + 1] = tag.bool
        return true
      case 'undefined':
        words[word] = 0
        words[word + 1] = tag.undefined
        return true
    }
    if (value !== null) return false
    words[word] = 0
    words[word + 1] = tag.null
    return true
  }

  /**
   * A pointer to a new value in the VM; the caller frees both. Text must be free of NUL (send such text as JSON).
   *
   * @throws {GuestError} when the VM has no room for it
   */
  make(ctx: number, value: Crossing): Pointer {
    const at = this.#make(ctx, value)
    if (at === 0 || this.isException(at)) throw new GuestError('InternalError', 'out of memory')
    return at
  }

  #make(ctx: number, value: Crossing): Pointer {
    if (typeof value === 'string') return this.text(ctx, value)
    if (value instanceof Utf8Text) return this.#utf8(ctx, value)
    if (typeof value !== 'object' || value === null) throw new TypeError('this value has no memory of its own')
    // The VM takes the block over and frees it with the ArrayBuffer.
    const at = this.allocate(value.byteLength + 1)
    if (value instanceof SharedBytes) {
      this.#instance.bytes.fill(0, at, at + value.byteLength)
      value.placed(at)
    } else {
      this.#instance.bytes.set(value, at)
    }
    return this.#exports.newArrayBuffer(ctx, at, value.byteLength)
  }

  #utf8(ctx: number, utf8: Utf8Text): Pointer {
    const isShort = utf8.byteLength < scratch.textBytes
    const at = isShort ? scratch.text : this.allocate(utf8.byteLength + 1)
    const { bytes } = this.#instance
    utf8.writeTo(bytes, at)
    bytes[at + utf8.byteLength] = 0
    const value = this.#exports.newString(ctx, at)
    if (!isShort) this.#exports.free(at)
    return value
  }

  /** A pointer to a new string. The caller frees both. */
  text(ctx: number, text: string): Pointer {
    if (text.length * 3 >= scratch.textBytes) {
      const at = this.writeCString(text)
      const value = this.#exports.newString(ctx, at)
      this.#exports.free(at)
      return value
    }
    const { bytes } = this.#instance
    bytes[scratch.text + bytes.utf8Write(text, scratch.text, scratch.textBytes - 1)] = 0
    return this.#exports.newString(ctx, scratch.text)
  }

  /** UTF-8 with a closing NUL in freshly allocated memory, which the caller frees or hands to C code that does. */
  writeCString(text: string): Pointer {
    const most = text.length * 3
    const size = most < 65_536 ? most : Buffer.byteLength(text)
    const at = this.allocate(size + 1)
    const { bytes } = this.#instance
    const written = bytes.utf8Write(text, at, size)
    bytes[at + written] = 0
    return at
  }

  /**
   * The same for a text that the engine compiles at once, to be freed likewise. It lies in the part of the C stack that is not in
   * use, where there is room: from the heap it would take what is left as holes between all that was compiled after it. Not with
   * zeros in it, since what is left of it there is looked for up to zeros (parked-memory.ts).
   */
  writeSource(text: string): Pointer {
    const at = stackBottom + noBlockBytes
    const end = at + text.length * 3 + 1
    if (end > this.#exports.stackPointer() - freeStack || text.includes('\0')) return this.writeCString(text)
    const { bytes, words } = this.#instance
    words[(at >> 2) - 1] = 0
    bytes[at + bytes.utf8Write(text, at, end - at)] = 0
    return at
  }

  /** @throws {GuestError} when the VM has no room */
  allocate(size: number): Pointer {
    const at = this.#exports.malloc(size)
    if (at === 0) throw new GuestError('InternalError', 'out of memory')
    return at
  }
}
