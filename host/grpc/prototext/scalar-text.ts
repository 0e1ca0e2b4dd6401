/**
 * Scalars of the wire as Go's prototext writes them, but for texts and bytes, and the order of a map's keys.
 */
import { goFloat } from '../../../go/float.js'
import { int64Text, uint64Text } from '../protojson/int64.js'
import { floatText } from '../protojson/number-text.js'
import type { WireReader } from '../protojson/wire-reader.js'
import type { FieldDescriptor } from '../schema/descriptors.js'

/** A value of a kind that is no text and no bytes, at its place: numbers, `true`, names of enums. */
export function numberText(
  reader: WireReader,
  { kind, enum: type }: FieldDescriptor,
  start: number,
  end: number,
): string {
  const { buffer } = reader
  reader.position = start
  if (kind === 'float') return goFloat(plain(floatText(buffer.readFloatLE(start))))
  if (kind === 'double') return goFloat(plainDouble(buffer.readDoubleLE(start)))
  if (kind === 'fixed32') return String(buffer.readUInt32LE(start))
  if (kind === 'sfixed32') return String(buffer.readInt32LE(start))
  if (kind === 'fixed64' || kind === 'sfixed64') reader.fixed64(end)
  else reader.varint(end)
  const { low, high } = reader
  switch (kind) {
    case 'bool':
      return (low | high) === 0 ? 'false' : 'true'
    case 'enum':
      return type?.nameByNumber.get(low) ?? String(low)
    case 'uint32':
      return String(low >>> 0)
    case 'sint32':
      return String((low >>> 1) ^ -(low & 1))
    case 'sint64':
      return int64Text(((low >>> 1) | (high << 31)) ^ -(low & 1), (high >>> 1) ^ -(low & 1))
    case 'int64':
    case 'sfixed64':
      return int64Text(low, high)
    case 'uint64':
    case 'fixed64':
      return uint64Text(low, high)
    default:
      return String(low)
  }
}

/** What stands for a value that is not on the wire. */
export function zeroText({ kind, enum: type }: FieldDescriptor): string {
  if (kind === 'bool') return 'false'
  if (kind === 'string' || kind === 'bytes') return ''
  return type?.nameByNumber.get(0) ?? '0'
}

/** Go sorts keys by value: numbers as such, texts by their bytes. */
export function compareKeys({ kind }: FieldDescriptor, a: string, b: string): number {
  if (kind === 'string' || kind === 'bool') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  const [x, y] = [BigInt(a), BigInt(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** JSON has NaN and the infinities as strings. */
function plain(json: string): string {
  return json.replaceAll('"', '')
}

function plainDouble(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
