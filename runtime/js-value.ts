/**
 * Primitives across the boundary, read straight from the VM's memory: no guest code runs, nothing is converted, and what
 * is not a primitive is refused. Objects cross as JSON text that the guest made (see modules/internal/bridge.ts).
 *
 * A JSValue takes 8 bytes on a 32-bit machine: the upper word is a tag, or, when it is none of the tags, the value is a
 * double shifted by a constant (QuickJS, JS_NAN_BOXING). A string is a header of 16 bytes and its Latin-1 or UTF-16
 * units; a rope is a header and two JSValues.
 */
import { GuestError } from './guest-error.js'
import type { Pointer, RawModule, WasmInstance } from './wasm-instance.js'

const tag = { string: -7, rope: -6, object: -1, int: 0, bool: 1, null: 2, undefined: 3, exception: 6 } as const
const firstTag = -9
const doubleOffset = 0x7ff80000 - firstTag + 1
const isLittleEndian = true

/** Node's Buffer with the methods that its types leave out: they read and write without a detour over an encoding name. */
type FastBuffer = Buffer & {
  latin1Slice(from: number, to: number): string
  ucs2Slice(from: number, to: number): string
  utf8Write(text: string, at: number, most: number): number
}

/** What may cross the boundary. Bytes are copied in either direction. */
export type Crossing = string | number | boolean | null | undefined | Uint8Array | SharedBytes | Utf8Text

/** A result that becomes a string: its UTF-8, valid and free of NUL, goes into the VM without a detour over a string here. */
export class Utf8Text {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
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

/** Reads and writes the values of one VM. */
export class ValueReader {
  readonly #raw: RawModule
  readonly #memory: WebAssembly.Memory
  #words: DataView
  #bytes: FastBuffer
  readonly #maxTextLength: number

  /** Texts of more than `maxTextLength` characters are refused: a rope may use the same leaf any number of times. */
  constructor(instance: WasmInstance, maxTextLength: number) {
    this.#raw = instance.raw
    this.#maxTextLength = maxTextLength
    this.#memory = instance.memory
    this.#words = new DataView(this.#memory.buffer)
    this.#bytes = Buffer.from(this.#memory.buffer) as FastBuffer
  }

  /** The VM's memory as it is now. Growing detaches the old views. */
  get bytes(): FastBuffer {
    if (this.#bytes.buffer !== this.#memory.buffer) this.#refresh()
    return this.#bytes
  }

  get #view(): DataView {
    if (this.#words.buffer !== this.#memory.buffer) this.#refresh()
    return this.#words
  }

  #refresh(): void {
    this.#words = new DataView(this.#memory.buffer)
    this.#bytes = Buffer.from(this.#memory.buffer) as FastBuffer
  }

  /**
   * The primitive at `at`. An object is taken for an ArrayBuffer: our guest half passes no other.
   *
   * @throws {GuestError} for a symbol, a BigInt or any other value that cannot cross
   */
  read(ctx: number, at: Pointer): Crossing {
    const view = this.#view
    const kind = view.getInt32(at + 4, isLittleEndian)
    switch (kind) {
      case tag.int:
        return view.getInt32(at, isLittleEndian)
      case tag.string:
        return this.#flat(view.getUint32(at, isLittleEndian))
      case tag.rope:
        return this.#rope(view.getUint32(at, isLittleEndian))
      case tag.undefined:
        return undefined
      case tag.bool:
        return view.getInt32(at, isLittleEndian) !== 0
      case tag.null:
        return null
      case tag.object: {
        // The C side does not look whether its copy could be allocated.
        this.#raw._free(this.allocate(this.#raw._QTS_GetArrayBufferLength(ctx, at)))
        const start = this.#raw._QTS_GetArrayBuffer(ctx, at)
        if (start === 0) throw new GuestError('TypeError', 'only primitives and buffers cross the boundary')
        // The C side hands out a copy, which is ours to free.
        const end = start + this.#raw._QTS_GetArrayBufferLength(ctx, at)
        const copy = Uint8Array.prototype.slice.call(this.bytes, start, end)
        this.#raw._free(start)
        return copy
      }
    }
    if (kind >= firstTag && kind <= 8)
      throw new GuestError('TypeError', 'only primitives and buffers cross the boundary')
    const bits = new DataView(new ArrayBuffer(8))
    bits.setInt32(4, kind + doubleOffset, isLittleEndian)
    bits.setUint32(0, view.getUint32(at, isLittleEndian), isLittleEndian)
    return bits.getFloat64(0, isLittleEndian)
  }

  /** A pointer to one more reference to a value, given as the engine has it in 64 bits. The caller frees it. */
  pointerTo(ctx: number, value: bigint): Pointer {
    const at = this.allocate(8)
    new BigUint64Array(this.bytes.buffer, at, 1)[0] = BigInt.asUintN(64, value)
    try {
      return this.#raw._QTS_DupValuePointer(ctx, at)
    } finally {
      this.#raw._free(at)
    }
  }

  #flat(at: Pointer): string {
    const header = this.#view.getUint32(at + 4, isLittleEndian)
    const length = header & 0x7fffffff
    const start = at + 16
    return header >>> 31
      ? this.bytes.ucs2Slice(start, start + length * 2)
      : this.bytes.latin1Slice(start, start + length)
  }

  /** Concatenates the leaves of a rope from left to right, without recursion: the guest chose its depth. */
  #rope(at: Pointer): string {
    const view = this.#view
    const parts: string[] = []
    let length = 0
    const open: { at: Pointer; isRope: boolean }[] = [{ at, isRope: true }]
    const child = (side: Pointer) => ({
      at: view.getUint32(side, isLittleEndian),
      isRope: view.getInt32(side + 4, isLittleEndian) === tag.rope,
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

  /**
   * A new value in the VM, owned by the caller. Text must be free of NUL (send such text as JSON).
   *
   * @throws {GuestError} when the VM has no room for it
   */
  write(ctx: number, value: Crossing): Pointer {
    const raw = this.#raw
    switch (typeof value) {
      case 'number':
        return raw._QTS_NewFloat64(ctx, value)
      case 'string':
        return this.#writeText(ctx, value)
      case 'boolean':
        return value ? raw._QTS_GetTrue() : raw._QTS_GetFalse()
      case 'undefined':
        return 0
    }
    if (value === null) return raw._QTS_GetNull()
    if (value instanceof Utf8Text) return this.#writeUtf8(ctx, value.bytes)
    // The VM takes the block over and frees it with the ArrayBuffer.
    const at = this.allocate(value.byteLength + 1)
    if (value instanceof SharedBytes) {
      this.bytes.fill(0, at, at + value.byteLength)
      value.placed(at)
    } else {
      this.bytes.set(value, at)
    }
    return raw._QTS_NewArrayBuffer(ctx, at, value.byteLength)
  }

  #writeUtf8(ctx: number, utf8: Uint8Array): Pointer {
    const at = this.allocate(utf8.byteLength + 1)
    const { bytes } = this
    bytes.set(utf8, at)
    bytes[at + utf8.byteLength] = 0
    const value = this.#raw._QTS_NewString(ctx, at)
    this.#raw._free(at)
    return value
  }

  #writeText(ctx: number, text: string): Pointer {
    const at = this.writeCString(text)
    const value = this.#raw._QTS_NewString(ctx, at)
    this.#raw._free(at)
    return value
  }

  /** UTF-8 with a closing NUL in freshly allocated memory, which the caller frees or hands to C code that does. */
  writeCString(text: string): Pointer {
    const most = text.length * 3
    const size = most < 65_536 ? most : Buffer.byteLength(text)
    const at = this.allocate(size + 1)
    const bytes = this.bytes
    const written = bytes.utf8Write(text, at, size)
    bytes[at + written] = 0
    return at
  }

  /** @throws {GuestError} when the VM has no room */
  allocate(size: number): Pointer {
    const at = this.#raw._malloc(size)
    if (at === 0) throw new GuestError('InternalError', 'out of memory')
    return at
  }
}
