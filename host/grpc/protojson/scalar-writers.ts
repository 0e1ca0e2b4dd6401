/**
 * JSON scalars and map keys onto the wire: which spellings Go accepts for each kind, and how each is written.
 */

import type { FieldDescriptor } from '../schema/descriptors.js'
import { parseBase64 } from './base64.js'
import type { FieldWriter, Job, ScalarWriter } from './encode-job.js'
import { tagOf } from './field-kinds.js'
import { type Int64, numberToInt64, parseInt64 } from './int64.js'
import type { JsonReader } from './json-reader.js'
import { integerDigits, numberInString, parseFloat32 } from './number-text.js'
import type { ProtoJsonError } from './proto-json-error.js'
import type { WireWriter } from './wire-writer.js'

const letterN = 0x6e
const quote = 0x22

/** Writes a scalar field that is not repeated, tag included; a zero only where presence counts. */
export function singularScalar(field: FieldDescriptor): FieldWriter {
  const tag = tagOf(field)
  const write = scalarWriter(field)
  const keepsZero = field.hasPresence
  return (job) => {
    const { writer } = job
    const before = writer.position
    writer.uint32(tag)
    if (write(job, field) && !keepsZero) writer.position = before
  }
}

// --- map keys ---

/** Writes a key and returns it in the one spelling it has, or undefined when it is no such key. */
export type MapKeyWriter = (job: Job, key: string) => string | undefined

/** The writer of the keys of a map. */
export function mapKeyWriter(field: FieldDescriptor): MapKeyWriter {
  switch (field.kind) {
    case 'string':
      return ({ writer }, key) => {
        writer.string(key)
        return key
      }
    case 'bool':
      return ({ writer }, key) => {
        if (key !== 'true' && key !== 'false') return undefined
        writer.uint32(key === 'true' ? 1 : 0)
        return key
      }
    default: {
      const isSigned = !['uint32', 'uint64', 'fixed32', 'fixed64'].includes(field.kind)
      const pattern = isSigned ? /^[+-]?[0-9]+$/ : /^[0-9]+$/
      const is64 = field.kind.endsWith('64')
      const write = integerOutput(field.kind)
      return ({ writer }, key) => {
        if (!pattern.test(key)) return undefined
        const digits = key.replace(/^\+/, '').replace(/^(-?)0+(?=[0-9])/, '$1')
        // No integer has more; it is not worth to be read.
        if (digits.length > 20) return undefined
        if (!parseInt64(digits, isSigned, integer)) return undefined
        if (!is64 && !fits32(integer, isSigned)) return undefined
        write(writer, integer.low, integer.high)
        return digits === '-0' ? '0' : digits
      }
    }
  }
}

// --- values ---

// What integerToken() read last: shared, since nothing is called between reading and writing.
const integer: Int64 = { low: 0, high: 0 }

function fits32({ low, high }: Int64, isSigned: boolean): boolean {
  return isSigned ? high === low >> 31 : high === 0
}

type IntegerOutput = (writer: WireWriter, low: number, high: number) => void

function integerOutput(kind: FieldDescriptor['kind']): IntegerOutput {
  switch (kind) {
    case 'sint32':
      return (writer, low) => writer.uint32((low << 1) ^ (low >> 31))
    case 'sint64':
      return (writer, low, high) => {
        const sign = high >> 31
        writer.varint64((low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign)
      }
    case 'fixed32':
    case 'sfixed32':
      return (writer, low) => writer.fixed32(low)
    case 'fixed64':
    case 'sfixed64':
      return (writer, low, high) => writer.fixed64(low, high)
    default:
      return (writer, low, high) => writer.varint64(low, high)
  }
}

/** Reads an integer, as a number or as a string, into `integer`. False leaves the position and is no integer of this kind. */
function integerToken(reader: JsonReader, isSigned: boolean): boolean {
  let digits: string | undefined
  const start = reader.position
  if (reader.peek() === quote) {
    const at = reader.position
    const number = numberInString(reader.string())
    reader.start = at
    digits = number === undefined ? undefined : integerDigits(number)
  } else {
    const quick = quickInteger(reader)
    if (quick !== undefined) {
      if (quick < 0 && !isSigned) return false
      numberToInt64(quick, integer)
      return true
    }
    const text = reader.number()
    digits = text === undefined ? undefined : integerDigits(text)
  }
  if (digits !== undefined && parseInt64(digits, isSigned, integer)) return true
  reader.rewind(start)
  return false
}

/** An integer of at most 15 plain digits, passed; undefined for anything else, where the position stays. */
function quickInteger(reader: JsonReader): number | undefined {
  const { text } = reader
  let at = reader.position
  let code = text.charCodeAt(at)
  const isNegative = code === 0x2d
  if (isNegative) code = text.charCodeAt(++at)
  const from = at
  let value = 0
  while (code >= 0x30 && code <= 0x39) {
    value = value * 10 + (code - 0x30)
    code = text.charCodeAt(++at)
  }
  const length = at - from
  if (length === 0 || length > 15 || (length > 1 && text.charCodeAt(from) === 0x30)) return undefined
  // Only what ends a number for sure: `,`, `}`, `]`, a blank or the end. The rest goes the long way.
  if (code !== 0x2c && code !== 0x7d && code !== 0x5d && code !== 0x20 && !Number.isNaN(code)) return undefined
  reader.start = reader.position
  reader.position = at
  return isNegative ? 0 - value : value
}

function invalid(reader: JsonReader, field: FieldDescriptor, start: number): ProtoJsonError {
  reader.rewind(start)
  reader.peek()
  const at = reader.position
  return reader.error(at, `invalid value for ${field.kind} field ${field.jsonName}: ${reader.token().raw}`)
}

/** The writer of the values of a scalar field. */
export function scalarWriter(field: FieldDescriptor): ScalarWriter {
  switch (field.kind) {
    case 'bool':
      return writeBool
    case 'string':
      return writeString
    case 'bytes':
      return writeBytes
    case 'double':
      return writeDouble
    case 'float':
      return writeFloat
    case 'enum':
      return enumWriter(field)
    default:
      return integerWriter(field.kind)
  }
}

function integerWriter(kind: FieldDescriptor['kind']): ScalarWriter {
  const isSigned = !['uint32', 'uint64', 'fixed32', 'fixed64'].includes(kind)
  const is64 = kind.endsWith('64')
  const write = integerOutput(kind)
  return ({ reader, writer }, field) => {
    const start = reader.position
    if (!integerToken(reader, isSigned) || (!is64 && !fits32(integer, isSigned))) throw invalid(reader, field, start)
    write(writer, integer.low, integer.high)
    return integer.low === 0 && integer.high === 0
  }
}

const writeBool: ScalarWriter = ({ reader, writer }, field) => {
  const start = reader.position
  const word = reader.literal()
  if (word !== 'true' && word !== 'false') throw invalid(reader, field, start)
  writer.uint32(word === 'true' ? 1 : 0)
  return word === 'false'
}

const writeString: ScalarWriter = ({ reader, writer }, field) => {
  if (reader.peek() !== quote) throw invalid(reader, field, reader.position)
  const text = reader.string()
  writer.string(text)
  return text === ''
}

const writeBytes: ScalarWriter = ({ reader, writer }, field) => {
  const start = reader.position
  const bytes = reader.peek() === quote ? parseBase64(reader.string()) : undefined
  if (bytes === undefined) throw invalid(reader, field, start)
  writer.bytes(bytes)
  return bytes.length === 0
}

/** The text of a number or of a string that holds one; NaN and the infinities only as strings. */
function floatToken(reader: JsonReader): string | undefined {
  if (reader.peek() !== quote) return reader.number()
  const text = reader.string()
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return text
  return numberInString(text)
}

function isSpecialFloat(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last === 0x4e || last === 0x79
}

const writeDouble: ScalarWriter = ({ reader, writer }, field) => {
  const start = reader.position
  const text = floatToken(reader)
  const value = text === undefined ? Number.NaN : Number(text)
  if (text === undefined || (value - value !== 0 && !isSpecialFloat(text))) throw invalid(reader, field, start)
  writer.double(value)
  return value === 0 && !Object.is(value, -0)
}

const writeFloat: ScalarWriter = ({ reader, writer }, field) => {
  const start = reader.position
  const text = floatToken(reader)
  const value = text === undefined ? undefined : isSpecialFloat(text) ? Number(text) : parseFloat32(text)
  if (value === undefined) throw invalid(reader, field, start)
  writer.float(value)
  return value === 0 && !Object.is(value, -0)
}

function enumWriter(field: FieldDescriptor): ScalarWriter {
  const { numberByName, fullName } = field.enum!
  const takesNull = fullName === 'google.protobuf.NullValue'
  return ({ reader, writer }) => {
    const start = reader.position
    let value: number | undefined
    if (reader.peek() === quote) {
      value = numberByName.get(reader.string())
    } else if (reader.peek() === letterN) {
      if (takesNull && reader.literal() === 'null') value = 0
    } else if (integerToken(reader, true) && fits32(integer, true)) {
      value = integer.low
    }
    if (value === undefined) throw invalid(reader, field, start)
    writer.int32(value)
    return value === 0
  }
}
