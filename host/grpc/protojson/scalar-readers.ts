/**
 * Scalars of the wire as JSON, one closure for each kind.
 */

import { isUtf8 } from 'node:buffer'
import type { FieldDescriptor } from '../schema/descriptors.js'
import { type Job, jsonString, noJson, type ScalarReader } from './decode-job.js'
import { int64Text, uint64Text } from './int64.js'
import { doubleText, floatText } from './number-text.js'
import { InvalidUtf8 } from './read-up-to-fault.js'
import { malformedWire } from './wire-reader.js'

/** The JSON of a scalar's zero value. */
export function zeroText(field: FieldDescriptor): string {
  switch (field.kind) {
    case 'bool':
      return 'false'
    case 'string':
    case 'bytes':
      return '""'
    case 'enum':
      return enumTexts(field).get(0) ?? '0'
    default:
      return field.kind.endsWith('64') ? '"0"' : '0'
  }
}

function enumTexts(field: FieldDescriptor): ReadonlyMap<number, string> {
  const { fullName, nameByNumber } = field.enum!
  const isNull = fullName === 'google.protobuf.NullValue'
  return new Map([...nameByNumber].map(([number, name]) => [number, isNull ? 'null' : jsonString(name)]))
}

/** A map key as JSON: keys are strings there, whatever their type. */
export function keyText(field: FieldDescriptor, scalar: string): string {
  return field.kind === 'string' || scalar.startsWith('"') ? scalar : `"${scalar}"`
}

/** Text between two places of the buffer; undefined when it is not UTF-8. */
function utf8(buffer: Buffer, start: number, end: number): string | undefined {
  const text = buffer.toString('utf8', start, end)
  // Bytes that are no UTF-8 become replacement characters, which are rare enough in real text to look twice.
  return text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end)) ? undefined : text
}

function fixed32(job: Job, end: number): number {
  const { reader } = job
  if (end - reader.position < 4) throw malformedWire
  const at = reader.position
  reader.position = at + 4
  return at
}

/** Passes eight bytes and returns where they are. */
export function fixed64(job: Job, end: number): number {
  const { reader } = job
  if (end - reader.position < 8) throw malformedWire
  const at = reader.position
  reader.position = at + 8
  return at
}

const readSint64: ScalarReader = ({ reader }, end) => {
  reader.varint(end)
  const sign = -(reader.low & 1)
  const low = ((reader.low >>> 1) | (reader.high << 31)) ^ sign
  return `"${int64Text(low, (reader.high >>> 1) ^ sign)}"`
}

/** The reader of the values of a scalar field. */
export function scalarReader(field: FieldDescriptor): ScalarReader {
  switch (field.kind) {
    case 'int32':
      return ({ reader }, end) => {
        reader.varint(end)
        return String(reader.low)
      }
    case 'uint32':
      return ({ reader }, end) => {
        reader.varint(end)
        return String(reader.low >>> 0)
      }
    case 'sint32':
      return ({ reader }, end) => {
        reader.varint(end)
        return String((reader.low >>> 1) ^ -(reader.low & 1))
      }
    case 'int64':
      return ({ reader }, end) => {
        reader.varint(end)
        return `"${int64Text(reader.low, reader.high)}"`
      }
    case 'uint64':
      return ({ reader }, end) => {
        reader.varint(end)
        return `"${uint64Text(reader.low, reader.high)}"`
      }
    case 'sint64':
      return readSint64
    case 'fixed32':
      return (job, end) => String(job.reader.buffer.readUInt32LE(fixed32(job, end)))
    case 'sfixed32':
      return (job, end) => String(job.reader.buffer.readInt32LE(fixed32(job, end)))
    case 'fixed64':
      return ({ reader }, end) => {
        reader.fixed64(end)
        return `"${uint64Text(reader.low, reader.high)}"`
      }
    case 'sfixed64':
      return ({ reader }, end) => {
        reader.fixed64(end)
        return `"${int64Text(reader.low, reader.high)}"`
      }
    case 'float':
      return (job, end) => floatText(job.reader.buffer.readFloatLE(fixed32(job, end)))
    case 'double':
      return (job, end) => doubleText(job.reader.buffer.readDoubleLE(fixed64(job, end)))
    case 'bool':
      return ({ reader }, end) => {
        reader.varint(end)
        return (reader.low | reader.high) === 0 ? 'false' : 'true'
      }
    case 'enum': {
      const texts = enumTexts(field)
      const isNull = field.enum!.fullName === 'google.protobuf.NullValue'
      return ({ reader }, end) => {
        reader.varint(end)
        return texts.get(reader.low) ?? (isNull ? 'null' : String(reader.low))
      }
    }
    case 'bytes':
      return ({ reader }, end) => {
        const length = reader.length(end)
        const start = reader.position
        reader.position = start + length
        return `"${reader.buffer.toString('base64', start, start + length)}"`
      }
    default:
      return stringReader(field, `field ${field.fullName} contains invalid UTF-8`)
  }
}

/** The reader of the values of a scalar field of a message, where a long one may stand apart from the JSON. */
export function valueReader(field: FieldDescriptor): ScalarReader {
  const read = scalarReader(field)
  if (field.kind !== 'bytes' && field.kind !== 'string') return read
  const isBytes = field.kind === 'bytes'
  return (job, end) => {
    const { reader, apart } = job
    if (apart === undefined) return read(job, end)
    const before = reader.position
    const length = reader.length(end)
    const start = reader.position
    const mark = apart.add(start, start + length, isBytes)
    if (mark === undefined) {
      reader.position = before
      return read(job, end)
    }
    reader.position = start + length
    return mark
  }
}

/** The reader of the keys of a map. */
export function mapKeyReader(field: FieldDescriptor): ScalarReader {
  return field.kind === 'string' ? stringReader(field, 'invalid UTF-8') : scalarReader(field)
}

function stringReader({ fullName, mustBeUtf8 }: FieldDescriptor, fault: string): ScalarReader {
  return (job, end) => {
    const { reader } = job
    const length = reader.length(end)
    if (length === 0) return '""'
    const start = reader.position
    reader.position = start + length
    const text = utf8(reader.buffer, start, start + length)
    if (text !== undefined) return jsonString(text)
    // Where the schema does not insist on UTF-8 the message is well formed, but has no JSON.
    if (mustBeUtf8) throw new InvalidUtf8(fullName)
    return noJson(job, fault)
  }
}
