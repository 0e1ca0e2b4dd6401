/**
 * What Go has read of a malformed message when it meets the fault: the message so far, and the words for the fault.
 * Slow and used only after the fast reader failed; it reads in Go's order and copies what was good into new bytes.
 */

import type { FieldDescriptor, MessageDescriptor } from '../schema/descriptors.js'
import { MalformedWire, malformedWire, nestedTooDeep, WireReader } from './wire-reader.js'

/** A string that the schema wants in UTF-8 and is not. */
export class InvalidUtf8 extends MalformedWire {
  constructor(fieldName: string) {
    super(`field ${fieldName} contains invalid UTF-8`)
  }
}

const maxDepth = 10_000

/** The fault of a message, without prefix, and the bytes of the part that counts as read. */
export function readUpToFault(descriptor: MessageDescriptor, bytes: Uint8Array): { fault: string; read: Uint8Array } {
  const walk = new Walk(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const parts = walk.message(descriptor, 0, bytes.length, 1)
  const flat: Uint8Array[] = []
  flatten(parts, flat)
  return { fault: (walk.fault ?? malformedWire).message, read: Buffer.concat(flat) }
}

/**
 * Looks through bytes that nobody will read, since a later member of a oneof has taken their place: Go has read them by then.
 * They are pairs of start and end in the buffer, of a message at the given depth.
 *
 * @throws {MalformedWire}
 */
export function checkReadable(
  descriptor: MessageDescriptor,
  buffer: Buffer,
  ranges: readonly number[],
  depth: number,
): void {
  const walk = new Walk(buffer)
  for (let i = 0; i < ranges.length; i += 2) {
    walk.message(descriptor, ranges[i]!, ranges[i + 1]!, depth)
    if (walk.fault !== undefined) throw walk.fault
  }
}

const fieldsByNumber = new WeakMap<MessageDescriptor, ReadonlyMap<number, FieldDescriptor>>()

function fieldsOf(descriptor: MessageDescriptor): ReadonlyMap<number, FieldDescriptor> {
  const known = fieldsByNumber.get(descriptor)
  if (known !== undefined) return known
  const byNumber = new Map(descriptor.fields.map((f) => [f.number, f]))
  fieldsByNumber.set(descriptor, byNumber)
  return byNumber
}

/** Good bytes as a tree, so that those deep inside are copied once and not at each level. */
interface Parts {
  length: number
  items: (Uint8Array | Parts)[]
}

function flatten(parts: Parts, into: Uint8Array[]): void {
  for (const item of parts.items) {
    if ('items' in item) flatten(item, into)
    else into.push(item)
  }
}

function add(parts: Parts, ...items: (Uint8Array | Parts)[]): Parts {
  for (const item of items) {
    parts.items.push(item)
    parts.length += item.length
  }
  return parts
}

class Walk {
  /** Set when the fault was met; everything returns at once then. */
  fault: MalformedWire | undefined
  private readonly reader: WireReader
  private groupBytes = 0

  constructor(private readonly buffer: Buffer) {
    this.reader = new WireReader(buffer)
  }

  /** The good fields between two places. */
  message(descriptor: MessageDescriptor, start: number, end: number, depth: number): Parts {
    const good: Parts = { length: 0, items: [] }
    if (depth > maxDepth) {
      this.fault = nestedTooDeep
      return good
    }
    const { reader } = this
    reader.position = start
    while (reader.position < end && this.fault === undefined) {
      const fieldStart = reader.position
      try {
        const tag = reader.tag(end)
        const valueStart = reader.position
        reader.skip(tag, end)
        const after = reader.position
        const part = this.field(fieldsOf(descriptor).get(tag >>> 3), tag, fieldStart, valueStart, after, depth)
        if (part !== undefined) add(good, part)
        reader.position = after
      } catch (e) {
        if (!(e instanceof MalformedWire)) throw e
        this.fault ??= e
      }
    }
    return good
  }

  /** A field that is whole, or as much of it as Go keeps when there is a fault inside. */
  private field(
    field: FieldDescriptor | undefined,
    tag: number,
    start: number,
    valueStart: number,
    end: number,
    depth: number,
  ): Uint8Array | Parts | undefined {
    const whole = this.buffer.subarray(start, end)
    const wireType = tag & 7
    if (field === undefined) return whole
    const { message } = field
    if (message !== undefined) {
      if (wireType !== (field.kind === 'group' ? 3 : 2)) return whole
      const [from, to] =
        wireType === 3 ? [valueStart, this.groupEnd(tag, valueStart, end)] : this.contents(valueStart, end)
      const inner = this.message(message, from, to, depth + 1)
      if (this.fault === undefined) return whole
      // Elements of lists and maps are added when they are complete; a single message is there from its beginning.
      return field.isRepeated ? undefined : frame(tag, inner)
    }
    if (wireType !== 2) return whole
    const [from, to] = this.contents(valueStart, end)
    if (field.kind === 'string') {
      if (!field.mustBeUtf8 || isUtf8Text(this.buffer, from, to)) return whole
      this.fault = new InvalidUtf8(field.fullName)
      return undefined
    }
    return field.isRepeated && field.kind !== 'bytes' ? this.packed(field, tag, from, to) : whole
  }

  /** The elements of a packed list before the fault. */
  private packed(field: FieldDescriptor, tag: number, from: number, to: number): Parts {
    const { reader } = this
    const width =
      /64$|double/.test(field.kind) && /fixed|double/.test(field.kind) ? 8 : /fixed32|float/.test(field.kind) ? 4 : 0
    reader.position = from
    let good = from
    while (reader.position < to) {
      try {
        reader.skip(width === 8 ? 9 : width === 4 ? 13 : 8, to)
        good = reader.position
      } catch {
        this.fault = malformedWire
        break
      }
    }
    return frame(tag, add({ length: 0, items: [] }, this.buffer.subarray(from, good)))
  }

  private contents(valueStart: number, end: number): [number, number] {
    this.reader.position = valueStart
    const length = this.reader.length(end)
    return [this.reader.position, this.reader.position + length]
  }

  private groupEnd(tag: number, valueStart: number, end: number): number {
    this.reader.position = valueStart
    const groupEnd = this.reader.endOfGroup(tag >>> 3, end)
    // See the same bound in wire-to-json.ts.
    this.groupBytes += groupEnd - valueStart
    if (this.groupBytes > 100 * this.buffer.length + 1_000_000) throw malformedWire
    return groupEnd
  }
}

/** A field around new contents. */
function frame(tag: number, contents: Parts): Parts {
  const field: Parts = { length: 0, items: [] }
  if ((tag & 7) === 3) return add(field, varint(tag), contents, varint(tag + 1))
  return add(field, varint(tag), varint(contents.length), contents)
}

function varint(value: number): Uint8Array {
  const out: number[] = []
  let rest = value >>> 0
  for (; rest > 0x7f; rest >>>= 7) out.push((rest & 0x7f) | 0x80)
  return Uint8Array.from([...out, rest])
}

function isUtf8Text(buffer: Buffer, start: number, end: number): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(start, end))
    return true
  } catch {
    return false
  }
}
