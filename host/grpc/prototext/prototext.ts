/**
 * Protobuf bytes as text for people, in the form of Go's prototext with several lines and everything it knows: unknown
 * fields by number, an Any opened when its type is known. Bounded, since two bytes can become a long line.
 */
import { wireTypeOf } from '../protojson/field-kinds.js'
import { uint64Text } from '../protojson/int64.js'
import { malformedWire, WireReader } from '../protojson/wire-reader.js'
import type { FieldDescriptor, MessageDescriptor, TypeResolver } from '../schema/descriptors.js'
import { escapeBytes } from './escaped-text.js'
import { findFields, type Places, placeWidth } from './found-fields.js'
import { compareKeys, numberText, zeroText } from './scalar-text.js'

/** Deeper messages are not shown. Their indentation alone fills thousands of lines. */
const maxDepth = 500
/** The shortest line of a value: `n: 1` and its end. */
const leastLineBytes = 5

/**
 * The text of a message, each line ended; of a longer one the beginning, and how many bytes of the message are not shown.
 *
 * @param maxBytes of the text, in UTF-8, without the note at its end
 * @throws {MalformedWire} when the bytes are no message of that type
 */
export function prototext(
  descriptor: MessageDescriptor,
  bytes: Uint8Array,
  resolver: TypeResolver,
  maxBytes: number,
): string {
  const printer = new Printer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), resolver, maxBytes)
  try {
    printer.message(descriptor, [0, bytes.length], 0)
  } catch (e) {
    if (e !== full) throw e
    return `${printer.text}… (${bytes.length - printer.shownBytes} bytes more)\n`
  }
  return printer.text === '' ? '' : `${printer.text}\n`
}

/** Thrown when there is no more room. */
const full = new Error('the text is full')

class Printer {
  text = ''
  /** Bytes of the message that the text so far stands for. */
  shownBytes = 0
  readonly #reader: WireReader
  readonly #resolver: TypeResolver
  #leftBytes: number

  constructor(buffer: Buffer, resolver: TypeResolver, maxBytes: number) {
    this.#reader = new WireReader(buffer)
    this.#resolver = resolver
    this.#leftBytes = maxBytes
  }

  message(descriptor: MessageDescriptor, ranges: readonly number[], depth: number): void {
    if (depth > maxDepth) throw full
    const maxValues = Math.ceil(this.#leftBytes / leastLineBytes) + 1
    const { known, unknown, isCut } = findFields(this.#reader, descriptor, ranges, maxValues)
    if (descriptor.fullName === 'google.protobuf.Any' && this.#any(descriptor, known, depth)) return
    for (const field of descriptor.fields) {
      const places = known[field.index]
      if (places === undefined) continue
      if (field.message?.isMapEntry) this.#map(field, field.message, places, depth)
      else if (field.message === undefined) this.#scalars(field, places, depth)
      else if (field.isRepeated) {
        for (let i = 0; i < places.length; i += placeWidth) this.#nested(field, places.slice(i, i + placeWidth), depth)
      } else this.#nested(field, places, depth)
    }
    this.#unknown(unknown, depth)
    if (isCut) throw full
  }

  #put(text: string): void {
    const length = Buffer.byteLength(text)
    if (length > this.#leftBytes) throw full
    this.#leftBytes -= length
    this.text += text
  }

  /** Begins a line. */
  #name(name: string, depth: number): void {
    this.#put(`${this.text === '' ? '' : '\n'}${'  '.repeat(depth)}${name}: `)
  }

  /** Contents in braces, which stand on one line when there are none. */
  #braces(name: string, depth: number, contents: () => void): void {
    this.#name(name, depth)
    this.#put('{')
    const before = this.text.length
    contents()
    this.#put(this.text.length === before ? '}' : `\n${'  '.repeat(depth)}}`)
  }

  /** A message in one part, or in several that are to be merged. */
  #nested({ kind, textName, message }: FieldDescriptor, places: Places, depth: number): void {
    const ranges: number[] = []
    this.#braces(textName, depth, () => {
      for (let i = 0; i < places.length; i += placeWidth) {
        const [from, start, end] = places.slice(i, i + placeWidth) as [number, number, number]
        this.shownBytes += kind === 'group' ? groupTagBytes(from, start) : start - from
        ranges.push(start, end)
      }
      this.message(message as MessageDescriptor, ranges, depth + 1)
    })
  }

  #scalars(field: FieldDescriptor, places: Places, depth: number): void {
    const mayBeAbsent = !field.isRepeated && !field.hasPresence
    for (let i = 0; i < places.length; i += placeWidth) {
      const [from, start, end] = places.slice(i, i + placeWidth) as [number, number, number]
      if (mayBeAbsent && this.#isZero(field, start, end)) continue
      this.#name(field.name, depth)
      this.#value(field, from, start, end)
    }
  }

  #isZero(field: FieldDescriptor, start: number, end: number): boolean {
    if (wireTypeOf(field) === 2) return start === end
    const text = numberText(this.#reader, field, start, end)
    return text === '0' || text === 'false' || text === field.enum?.nameByNumber.get(0)
  }

  #value(field: FieldDescriptor, from: number, start: number, end: number): void {
    if (wireTypeOf(field) === 2) {
      this.#quoted(from, start, end)
      return
    }
    this.#put(numberText(this.#reader, field, start, end))
    this.shownBytes += end - from
  }

  #quoted(from: number, start: number, end: number): void {
    this.#put('"')
    this.shownBytes += start - from
    const { text, read } = escapeBytes(this.#reader.buffer.subarray(start, end), this.#leftBytes)
    this.#put(text)
    this.shownBytes += read
    if (start + read < end) throw full
    this.#put('"')
  }

  /** The entries of a map, by key; of several with the same key the last. */
  #map(field: FieldDescriptor, entry: MessageDescriptor, places: Places, depth: number): void {
    const [keyField, valueField] = entry.fields as [FieldDescriptor, FieldDescriptor]
    const entries = new Map<string, { key: Places | undefined; value: Places | undefined; place: Places }>()
    for (let i = 0; i < places.length; i += placeWidth) {
      const place = places.slice(i, i + placeWidth)
      const { known } = findFields(this.#reader, entry, place.slice(1), 1)
      const [key, value] = known
      entries.set(this.#keyText(keyField, key), { key, value, place })
    }
    for (const [, { key, value, place }] of [...entries].sort(([a], [b]) => compareKeys(keyField, a, b))) {
      const [from = 0, , end = 0] = place
      this.#braces(field.textName, depth, () => {
        const before = this.shownBytes
        this.#entryMember(keyField, key, depth + 1)
        this.#entryMember(valueField, value, depth + 1)
        this.shownBytes = before + end - from
      })
    }
  }

  #keyText(field: FieldDescriptor, key: Places | undefined): string {
    if (key === undefined) return zeroText(field)
    const [, start = 0, end = 0] = key
    return wireTypeOf(field) === 2
      ? this.#reader.buffer.toString('utf8', start, end)
      : numberText(this.#reader, field, start, end)
  }

  /** Key and value of a map's entry are shown even if they are absent on the wire. */
  #entryMember(field: FieldDescriptor, places: Places | undefined, depth: number): void {
    if (field.message !== undefined) {
      this.#nested(field, places ?? [], depth)
      return
    }
    this.#name(field.name, depth)
    if (places === undefined) this.#put(wireTypeOf(field) === 2 ? '""' : zeroText(field))
    else this.#value(field, ...(places as [number, number, number]))
  }

  /** The message in an Any, under its type in brackets; false when it cannot be shown so. */
  #any(descriptor: MessageDescriptor, known: readonly (Places | undefined)[], depth: number): boolean {
    const [url, value] = [1, 2].map((number) => known[descriptor.fields.findIndex((field) => field.number === number)])
    if (url === undefined) return false
    const name = this.#reader.buffer.toString('utf8', url[1], url[2])
    const type = this.#resolver.resolve(name.slice(name.lastIndexOf('/') + 1))
    // The brackets hold whatever the sender likes in front of the name.
    if (type === undefined || !/^[\w.~%/-]+$/.test(name)) return false
    const { text, shownBytes } = this
    const left = this.#leftBytes
    try {
      this.#braces(`[${name}]`, depth, () => {
        this.shownBytes += (url[2] as number) - (url[0] as number)
        if (value === undefined) return
        this.shownBytes += (value[1] as number) - (value[0] as number)
        this.message(type, value.slice(1), depth + 1)
      })
      return true
    } catch (e) {
      if (e !== malformedWire) throw e
      this.text = text
      this.shownBytes = shownBytes
      this.#leftBytes = left
      return false
    }
  }

  #unknown(places: Places, depth: number): void {
    const reader = this.#reader
    for (let i = 0; i < places.length; i += placeWidth) {
      const [from, start, end] = places.slice(i, i + placeWidth) as [number, number, number]
      reader.position = from
      const tag = reader.tag(end)
      const name = String(tag >>> 3)
      if ((tag & 7) === 3) {
        this.#braces(name, depth, () => {
          this.shownBytes += groupTagBytes(from, start)
          this.message(noFields, [start, end], depth + 1)
        })
        continue
      }
      this.#name(name, depth)
      if ((tag & 7) === 2) {
        this.#quoted(from, start, end)
        continue
      }
      this.#put(this.#unknownNumber(tag & 7, start, end))
      this.shownBytes += end - from
    }
  }

  #unknownNumber(wireType: number, start: number, end: number): string {
    const reader = this.#reader
    reader.position = start
    if (wireType === 5) return `0x${reader.buffer.readUInt32LE(start).toString(16)}`
    if (wireType === 1) return `0x${reader.buffer.readBigUInt64LE(start).toString(16)}`
    reader.varint(end)
    return uint64Text(reader.low, reader.high)
  }
}

/** The tag at the end of a group is as long as the one that begins it. */
function groupTagBytes(from: number, start: number): number {
  return 2 * (start - from)
}

/** The contents of a group that nobody declared. */
const noFields: MessageDescriptor = { fullName: '', fields: [], isMapEntry: false, isMessageSet: false }
