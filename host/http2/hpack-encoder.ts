/** Writes header blocks (HPACK, RFC 7541). One encoder for each connection, as its table is what both ends have in common. */
import { DynamicTable, defaultTableBytes, entryOverheadBytes, findStatic, staticEntries } from './hpack-table.js'
import { huffmanBytes, writeHuffman } from './huffman.js'

/** Bytes that the numbers of a field can have: its index, and the lengths of two strings. */
const numberBytes = 3 * 6

/** Where a block is written before its size is known. Larger ones get a buffer of their own. */
const scratch = Buffer.allocUnsafeSlow(16_384)

export class HpackEncoder {
  readonly #table = new DynamicTable(defaultTableBytes)
  /** The smallest size since the last block, and the present one, if the peer must be told. */
  #smallest = defaultTableBytes
  #isResized = false
  #generation = 0
  #out = scratch
  #at = 0

  /**
   * Changes with each change of the table. Bytes of a block before and after which it was the same may be sent again as they
   * are, for as long as it stays the same.
   */
  get generation(): number {
    return this.#generation
  }

  /** Bytes in the dynamic table. */
  get tableBytes(): number {
    return this.#table.bytes
  }

  /** Takes what the peer said in SETTINGS_HEADER_TABLE_SIZE. More than 4,096 bytes are not used. */
  setMaxTableBytes(bytes: number): void {
    const size = Math.min(bytes, defaultTableBytes)
    if (size === this.#table.maxBytes && !this.#isResized) return
    this.#smallest = this.#isResized ? Math.min(this.#smallest, size) : size
    this.#isResized = true
    this.#table.setMaxBytes(size)
    this.#generation++
  }

  /**
   * One header block with these fields. They must be sent in the order in which they were encoded.
   *
   * @param fields name, value, name, value …, in Latin-1
   * @param indexed whether fields of that name may go into the table; all of them when absent
   * @throws {RangeError} for a character that is not Latin-1. The encoder can be used further, without its table
   */
  encode(fields: readonly string[], indexed?: (name: string) => boolean): Buffer {
    let most = 2 * 6
    for (let i = 0; i < fields.length; i++) most += fields[i]!.length + numberBytes
    const out = most <= scratch.length ? scratch : Buffer.allocUnsafeSlow(most)
    this.#out = out
    this.#at = 0
    try {
      if (this.#isResized) this.#writeResize()
      for (let i = 0; i + 1 < fields.length; i += 2) this.#writeField(fields[i]!, fields[i + 1]!, indexed)
    } catch (e) {
      this.#forget()
      throw e
    } finally {
      this.#out = scratch
    }
    const block = Buffer.allocUnsafe(this.#at)
    out.copy(block, 0, 0, this.#at)
    return block
  }

  /** Empties the table at both ends: what went in with a block that failed is not known to the peer. */
  #forget(): void {
    const size = this.#table.maxBytes
    this.#table.setMaxBytes(0)
    this.#table.setMaxBytes(size)
    this.#smallest = 0
    this.#isResized = true
    this.#generation++
  }

  #writeResize(): void {
    const size = this.#table.maxBytes
    // Section 4.2: the smallest one in between, so that the peer drops what was dropped here.
    if (this.#smallest < size) this.#writeInteger(0x20, 0x1f, this.#smallest)
    this.#writeInteger(0x20, 0x1f, size)
    this.#isResized = false
    this.#generation++
  }

  #writeField(name: string, value: string, indexed?: (name: string) => boolean): void {
    const table = this.#table
    let index = findStatic(name, value)
    if (index <= 0) {
      const place = table.find(name, value)
      if (place < table.count) index = staticEntries + 1 + place
    }
    if (index > 0) {
      this.#writeInteger(0x80, 0x7f, index)
      return
    }
    index = -index
    if (index === 0) {
      const place = table.findName(name)
      if (place < table.count) index = staticEntries + 1 + place
    }
    const bytes = name.length + value.length + entryOverheadBytes
    const isAdded = bytes <= table.maxBytes && (indexed === undefined || indexed(name))
    if (isAdded) this.#writeInteger(0x40, 0x3f, index)
    else this.#writeInteger(0, 0x0f, index)
    if (index === 0) this.#writeString(name)
    this.#writeString(value)
    if (!isAdded) return
    table.add(name, value)
    this.#generation++
  }

  #writeString(text: string): void {
    const bytes = huffmanBytes(text)
    if (bytes < text.length) {
      this.#writeInteger(0x80, 0x7f, bytes)
      this.#at = writeHuffman(text, this.#out, this.#at)
    } else {
      this.#writeInteger(0, 0x7f, text.length)
      this.#at += this.#out.write(text, this.#at, 'latin1')
    }
  }

  /** An integer whose first byte has it in the bits of `mask`, beside `flags` (section 5.1). */
  #writeInteger(flags: number, mask: number, value: number): void {
    const out = this.#out
    if (value < mask) {
      out[this.#at++] = flags | value
      return
    }
    out[this.#at++] = flags | mask
    let rest = value - mask
    for (; rest >= 0x80; rest >>>= 7) out[this.#at++] = (rest & 0x7f) | 0x80
    out[this.#at++] = rest
  }
}
