/**
 * Writes protobuf wire format front to back. Lengths of nested messages are noted on the side and put in at the end, so that
 * nesting costs no copies. It must not know fields or types.
 *
 * Not protobufjs's Writer, though that is as fast for plain messages (2 to 3 us for 190 bytes, both): it moves the contents at
 * the end of each nested part, so that 1 MB inside the 10 000 levels that Go allows takes 370 ms instead of 26 ms.
 */

const initialBytes = 4096
/** A buffer that grew beyond this is not kept for the next message. */
const keptBytes = 256 * 1024

export class WireWriter {
  /** Where the next byte goes. A caller may set it back to take away what it just wrote. */
  position = 0
  private buffer = Buffer.allocUnsafe(initialBytes)
  private limit = initialBytes
  /** For each nested part in the order of opening: where it begins, its length, and the length bytes inside it so far. */
  private starts: number[] = []
  private lengths: number[] = []
  private parts = 0
  private lengthBytes = 0

  /** Forgets what an earlier message left behind. */
  reset(): void {
    this.position = this.parts = this.lengthBytes = 0
    if (this.limit > keptBytes) {
      this.limit = initialBytes
      this.buffer = Buffer.allocUnsafe(initialBytes)
      this.starts = []
      this.lengths = []
    }
  }

  private grow(count: number): void {
    this.limit = Math.max(this.limit * 2, this.position + count)
    const bigger = Buffer.allocUnsafe(this.limit)
    this.buffer.copy(bigger, 0, 0, this.position)
    this.buffer = bigger
  }

  /** An unsigned value below 2^32. */
  uint32(value: number): void {
    if (this.position + 5 > this.limit) this.grow(5)
    const { buffer } = this
    let position = this.position
    let rest = value >>> 0
    while (rest > 0x7f) {
      buffer[position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    buffer[position++] = rest
    this.position = position
  }

  /** A 32-bit value with sign, of which a negative one takes ten bytes. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value)
    else this.varint64(value, -1)
  }

  varint64(low: number, high: number): void {
    if (high === 0) {
      this.uint32(low)
      return
    }
    if (this.position + 10 > this.limit) this.grow(10)
    const { buffer } = this
    let position = this.position
    let lowRest = low >>> 0
    let highRest = high >>> 0
    while (highRest !== 0 || lowRest > 0x7f) {
      buffer[position++] = (lowRest & 0x7f) | 0x80
      lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0
      highRest >>>= 7
    }
    buffer[position++] = lowRest
    this.position = position
  }

  fixed32(value: number): void {
    if (this.position + 4 > this.limit) this.grow(4)
    this.position = this.buffer.writeInt32LE(value | 0, this.position)
  }

  fixed64(low: number, high: number): void {
    this.fixed32(low)
    this.fixed32(high)
  }

  float(value: number): void {
    if (this.position + 4 > this.limit) this.grow(4)
    this.position = this.buffer.writeFloatLE(value, this.position)
  }

  double(value: number): void {
    if (this.position + 8 > this.limit) this.grow(8)
    this.position = this.buffer.writeDoubleLE(value, this.position)
  }

  /** Length and contents of a string, which must have no lone surrogates. */
  string(text: string): void {
    const { length } = text
    if (length < 48) {
      if (this.position + length + 1 > this.limit) this.grow(length + 1)
      const { buffer } = this
      const start = this.position
      let position = start + 1
      let i = 0
      for (; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 0x7f) break
        buffer[position++] = code
      }
      if (i === length) {
        buffer[start] = length
        this.position = position
        return
      }
    }
    const byteLength = Buffer.byteLength(text)
    this.uint32(byteLength)
    if (this.position + byteLength > this.limit) this.grow(byteLength)
    this.buffer.write(text, this.position, byteLength, 'utf8')
    this.position += byteLength
  }

  /** Length and contents. */
  bytes(bytes: Uint8Array): void {
    this.uint32(bytes.length)
    if (this.position + bytes.length > this.limit) this.grow(bytes.length)
    this.buffer.set(bytes, this.position)
    this.position += bytes.length
  }

  /** Begins a nested part whose length is not known yet. Hand the result to `close` or `cancel`. */
  open(): number {
    const part = this.parts++
    this.starts[part] = this.position
    this.lengths[part] = this.lengthBytes
    return part
  }

  /** Ends a nested part. */
  close(part: number): void {
    const length = this.position - this.starts[part]! + (this.lengthBytes - this.lengths[part]!)
    this.lengths[part] = length
    this.lengthBytes += varintBytes(length)
  }

  /** True when nothing was written since `open`. */
  isEmpty(part: number): boolean {
    return this.position === this.starts[part] && this.parts === part + 1
  }

  /** Takes back an empty part and what was written since `position`. */
  cancel(part: number, position: number): void {
    this.parts = part
    this.position = position
  }

  /** The message as bytes of its own. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.position + this.lengthBytes)
    let to = 0
    let from = 0
    for (let part = 0; part < this.parts; part++) {
      const start = this.starts[part]!
      to = this.copy(out, to, from, start)
      from = start
      let rest = this.lengths[part]!
      while (rest > 0x7f) {
        out[to++] = (rest & 0x7f) | 0x80
        rest >>>= 7
      }
      out[to++] = rest
    }
    this.copy(out, to, from, this.position)
    return out
  }

  private copy(out: Uint8Array, to: number, from: number, end: number): number {
    // A call into native code costs more than a few bytes.
    if (end - from > 24) {
      out.set(this.buffer.subarray(from, end), to)
      return to + end - from
    }
    let target = to
    for (let i = from; i < end; i++) out[target++] = this.buffer[i]!
    return target
  }
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}
