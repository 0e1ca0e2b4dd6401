/** Reads header blocks (HPACK, RFC 7541). One decoder for each connection, as its table is what both ends have in common. */
import {
  DynamicTable,
  defaultTableBytes,
  entryOverheadBytes,
  staticEntries,
  staticNames,
  staticValues,
} from './hpack-table.js'
import { ErrorCode, Http2Error } from './http2-error.js'
import { decodeHuffman } from './huffman.js'

/** A header block that was read. It may be handed out again for the same block, so nobody may change it. */
export interface DecodedBlock {
  /** Name, value, name, value …, in Latin-1. Fields that the table has are the same strings each time. */
  readonly fields: readonly string[]
  /** What all fields count by RFC 9113, section 6.5.2, in bytes: also those that were cut. */
  readonly listBytes: number
  /** More than the list may have: `fields` has only those that come before. The table is right all the same. */
  readonly isTooLarge: boolean
}

const none = Buffer.alloc(0)
/** Bytes of an integer after its first one. Four have 28 bits, more than any length here can be. */
const maxIntegerBytes = 4
/** Blocks that are remembered: headers and trailers, of a few methods. */
const maxRemembered = 8
const maxRememberedBytes = 32

export class HpackDecoder {
  readonly #maxTableBytes: number
  readonly #maxListBytes: number
  readonly #table: DynamicTable
  /** Blocks of nothing but indexes, which mean the same until the table changes. */
  #remembered: { block: Uint8Array; decoded: DecodedBlock }[] = []
  #bytes: Buffer = none
  #at = 0
  #end = 0

  /**
   * @param maxTableBytes what the peer was told in SETTINGS_HEADER_TABLE_SIZE. The table begins with the 4,096 bytes that the
   *   protocol gives it, or less; the peer says so before it uses more
   * @param maxListBytes of names, values and 32 for each field, as in SETTINGS_MAX_HEADER_LIST_SIZE
   */
  constructor(maxTableBytes: number, maxListBytes: number) {
    this.#maxTableBytes = maxTableBytes
    this.#maxListBytes = maxListBytes
    this.#table = new DynamicTable(Math.min(maxTableBytes, defaultTableBytes))
  }

  /** Bytes in the dynamic table. */
  get tableBytes(): number {
    return this.#table.bytes
  }

  /**
   * Reads a whole header block, which stands in `bytes` from `start` to `end`. Blocks must come in the order in which they were received.
   *
   * @throws {Http2Error} COMPRESSION_ERROR, after which the decoder must not be used
   */
  decode(bytes: Uint8Array, start = 0, end: number = bytes.length): DecodedBlock {
    return this.#recall(bytes, start, end) ?? this.#read(bytes, start, end)
  }

  #recall(bytes: Uint8Array, start: number, end: number): DecodedBlock | undefined {
    const length = end - start
    if (length > maxRememberedBytes) return undefined
    for (let i = 0; i < this.#remembered.length; i++) {
      const known = this.#remembered[i]!
      const { block } = known
      if (block.length !== length) continue
      let at = 0
      while (at < length && block[at] === bytes[start + at]) at++
      if (at === length) return known.decoded
    }
    return undefined
  }

  #read(bytes: Uint8Array, start: number, end: number): DecodedBlock {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = start
    this.#end = end
    const fields: string[] = []
    const table = this.#table
    const most = this.#maxListBytes
    let listBytes = 0
    let isIndexed = true
    while (this.#at < end) {
      const byte = bytes[this.#at]!
      let name: string
      let value: string
      if (byte >= 0x80) {
        const index = this.#integer(0x7f)
        name = this.#nameOf(index)
        value = index <= staticEntries ? staticValues[index]! : table.valueAt(index - staticEntries - 1)
      } else if (byte >= 0x20 && byte < 0x40) {
        if (listBytes > 0) throw wrong('a table size update after a field')
        this.#resize(this.#integer(0x1f))
        isIndexed = false
        continue
      } else {
        isIndexed = false
        const isAdded = byte >= 0x40
        const index = this.#integer(isAdded ? 0x3f : 0x0f)
        name = index === 0 ? this.#string() : this.#nameOf(index)
        value = this.#string()
        if (isAdded) {
          table.add(name, value)
          this.#remembered.length = 0
        }
      }
      listBytes += name.length + value.length + entryOverheadBytes
      if (listBytes <= most) fields.push(name, value)
    }
    this.#bytes = none
    const decoded = { fields, listBytes, isTooLarge: listBytes > most }
    if (isIndexed && end - start <= maxRememberedBytes) this.#remember(bytes.subarray(start, end), decoded)
    return decoded
  }

  #remember(block: Uint8Array, decoded: DecodedBlock): void {
    if (this.#remembered.length >= maxRemembered) this.#remembered.length = 0
    this.#remembered.push({ block: Uint8Array.from(block), decoded })
  }

  #resize(bytes: number): void {
    if (bytes > this.#maxTableBytes)
      throw wrong(`a table of ${bytes} bytes, where ${this.#maxTableBytes} were announced`)
    this.#table.setMaxBytes(bytes)
    this.#remembered.length = 0
  }

  #nameOf(index: number): string {
    if (index > 0 && index <= staticEntries) return staticNames[index]!
    const i = index - staticEntries - 1
    if (i < 0 || i >= this.#table.count) throw wrong(`there is no entry ${index}`)
    return this.#table.nameAt(i)
  }

  /** An integer whose first byte has it in the bits of `mask` (section 5.1). */
  #integer(mask: number): number {
    const bytes = this.#bytes
    let value = bytes[this.#at++]! & mask
    if (value < mask) return value
    for (let i = 0; i < maxIntegerBytes; i++) {
      if (this.#at >= this.#end) throw wrong('the block ends within a number')
      const byte = bytes[this.#at++]!
      value += (byte & 0x7f) << (7 * i)
      if (byte < 0x80) return value
    }
    throw wrong('a number is too large')
  }

  #string(): string {
    const bytes = this.#bytes
    if (this.#at >= this.#end) throw wrong('the block ends before a string')
    const isHuffman = bytes[this.#at]! >= 0x80
    const length = this.#integer(0x7f)
    const start = this.#at
    const end = start + length
    if (end > this.#end) throw wrong('the block ends within a string')
    this.#at = end
    if (isHuffman) return decodeHuffman(bytes, start, end)
    return bytes.toString('latin1', start, end)
  }
}

function wrong(what: string): Http2Error {
  return new Http2Error(ErrorCode.compressionError, `HPACK: ${what}`)
}
