/** DER (ITU-T X.690): one value after the other, read where they lie. Nothing is copied, and nothing is followed by itself. */

/** Tags of the values that certificates have. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  bmpString: 0x1e,
  universalString: 0x1c,
  utcTime: 0x17,
} as const

/** The text is not DER, or is not what was looked for. */
export class DerError extends Error {}

export interface DerValue {
  readonly tag: number
  /** The value without its tag and length. */
  readonly content: Buffer
}

/** Values in a row: all of a buffer, or the inside of a constructed value. */
export class DerReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** @throws {DerError} at the end, or for a length that does not fit */
  next(): DerValue {
    const tag = this.#byte()
    // Certificates have no tags of several bytes.
    if ((tag & 0x1f) === 0x1f) throw new DerError('a tag is too long')
    let length = this.#byte()
    if (length >= 0x80) {
      const bytes = length & 0x7f
      if (bytes === 0 || bytes > 4) throw new DerError('a length is of the wrong form')
      length = 0
      for (let i = 0; i < bytes; i++) length = length * 256 + this.#byte()
    }
    if (length > this.#bytes.length - this.#at) throw new DerError('a value is longer than what holds it')
    const content = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return { tag, content }
  }

  /** The next value, which must have that tag. */
  take(tag: number): Buffer {
    const value = this.next()
    if (value.tag !== tag) throw new DerError(`a value has the tag ${value.tag} and not ${tag}`)
    return value.content
  }

  /** The inside of the next value. */
  enter(tag: number = derTag.sequence): DerReader {
    return new DerReader(this.take(tag))
  }

  /** The next value if it has that tag, else nothing is read. */
  optional(tag: number): Buffer | undefined {
    return !this.isAtEnd && this.#bytes[this.#at] === tag ? this.next().content : undefined
  }

  /** All values up to the end. */
  *rest(): Generator<DerValue> {
    while (!this.isAtEnd) yield this.next()
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new DerError('a value is cut off')
    this.#at += 1
    return byte
  }
}

/** An object identifier with dots, as 2.5.4.3. @throws {DerError} */
export function readOid(content: Buffer): string {
  if (content.length === 0 || content.length > 64) throw new DerError('an object identifier is of the wrong size')
  const numbers: bigint[] = []
  let number = 0n
  for (const byte of content) {
    number = number * 128n + BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    numbers.push(number)
    number = 0n
  }
  const first = numbers[0] ?? 0n
  const root = first < 40n ? 0n : first < 80n ? 1n : 2n
  return [root, first - root * 40n, ...numbers.slice(1)].join('.')
}

/** Text of any of the string types. */
export function readText({ tag, content }: DerValue): string {
  switch (tag) {
    case derTag.utf8String:
      return content.toString('utf8')
    case derTag.bmpString:
      return Buffer.from(content.subarray(0, content.length & ~1))
        .swap16()
        .toString('utf16le')
    case derTag.universalString:
      return [...chunksOfFour(content)].map((code) => String.fromCodePoint(code <= 0x10ffff ? code : 0xfffd)).join('')
  }
  return content.toString('latin1')
}

function* chunksOfFour(bytes: Buffer): Generator<number> {
  for (let at = 0; at + 4 <= bytes.length; at += 4) yield bytes.readUInt32BE(at)
}

/** UTCTime or GeneralizedTime as ISO 8601 in UTC (RFC 5280, section 4.1.2.5). @throws {DerError} */
export function readTime({ tag, content }: DerValue): string {
  const text = content.toString('latin1')
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  const isUtcTime = tag === derTag.utcTime
  if (match === null || (match[1]!.length === 2) !== isUtcTime) throw new DerError('a time is of the wrong form')
  const [, digits, month, day, hour, minute, second] = match
  const year = isUtcTime ? `${Number(digits) < 50 ? 20 : 19}${digits}` : digits
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
}
