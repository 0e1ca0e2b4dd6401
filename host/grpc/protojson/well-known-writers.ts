/**
 * JSON onto the wire for the well-known types that have a form of their own, all but Any, which needs other types.
 */

import { goQuote } from '../../../go/quote.js'
import { goTrimSpace } from '../../../go/space.js'
import { type BodyWriter, descend, type Job, rawKey } from './encode-job.js'
import { plainField } from './field-kinds.js'
import { maskPathFromJson } from './field-mask-text.js'
import { type Int64, numberToInt64 } from './int64.js'
import { singularScalar } from './scalar-writers.js'
import { parseDuration, parseTimestamp, type SecondsNanos, type TimeFault } from './time-text.js'
import { wrappedKinds, wrapperName } from './well-known-names.js'

const quote = 0x22

/** The writers of types with a JSON form of their own, by full name; Any is not among them. */
export const wellKnownWriters: ReadonlyMap<string, BodyWriter> = new Map<string, BodyWriter>([
  ['google.protobuf.Timestamp', timeWriter('Timestamp', parseTimestamp)],
  ['google.protobuf.Duration', timeWriter('Duration', parseDuration)],
  ['google.protobuf.FieldMask', writeFieldMask],
  ['google.protobuf.Struct', writeStruct],
  ['google.protobuf.ListValue', writeList],
  ['google.protobuf.Value', writeValue],
  ['google.protobuf.Empty', writeEmpty],
  ...wrappedKinds.map((kind): [string, BodyWriter] => [wrapperName(kind), wrapperWriter(kind)]),
])

function wrapperWriter(kind: (typeof wrappedKinds)[number]): BodyWriter {
  return singularScalar(plainField(kind, `${wrapperName(kind)}.value`))
}

function timeWriter(name: string, parse: (text: string) => SecondsNanos | TimeFault): BodyWriter {
  return ({ reader, writer }) => {
    if (reader.peek() !== quote) throw reader.unexpected()
    const at = reader.position
    const time = parse(reader.string())
    if (typeof time === 'string') {
      reader.rewind(at)
      const { raw } = reader.token()
      throw reader.error(
        at,
        `${time === 'invalid' ? `invalid google.protobuf.${name} value` : `google.protobuf.${name} value out of range:`} ${raw}`,
      )
    }
    if (time.seconds !== 0) {
      const integer: Int64 = { low: 0, high: 0 }
      numberToInt64(time.seconds, integer)
      writer.uint32(8)
      writer.varint64(integer.low, integer.high)
    }
    if (time.nanos !== 0) {
      writer.uint32(16)
      writer.int32(time.nanos)
    }
  }
}

function writeFieldMask({ reader, writer }: Job): void {
  if (reader.peek() !== quote) throw reader.unexpected()
  const at = reader.position
  const text = goTrimSpace(reader.string())
  if (text === '') return
  for (const path of text.split(',')) {
    const snake = maskPathFromJson(path)
    if (snake === undefined)
      throw reader.error(at, `google.protobuf.FieldMask.paths contains invalid path: ${goQuote(path)}`)
    writer.uint32(10)
    writer.string(snake)
  }
}

function writeEmpty({ reader }: Job): void {
  reader.openObject()
  if (reader.key(true) !== undefined) throw reader.error(reader.start, `unknown field ${rawKey(reader, reader.start)}`)
}

function writeStruct(job: Job): void {
  const { reader, writer } = job
  reader.openObject()
  let keys: Set<string> | undefined
  for (let key = reader.key(true); key !== undefined; key = reader.key(false)) {
    keys ??= new Set()
    if (keys.has(key)) throw reader.error(reader.start, `duplicate map key ${rawKey(reader, reader.start)}`)
    keys.add(key)
    writer.uint32(10)
    const entry = writer.open()
    writer.uint32(10)
    writer.string(key)
    writer.uint32(18)
    const value = writer.open()
    writeNestedValue(job)
    writer.close(value)
    writer.close(entry)
  }
}

function writeList(job: Job): void {
  const { reader, writer } = job
  reader.openArray()
  for (let isFirst = true; reader.element(isFirst); isFirst = false) {
    writer.uint32(10)
    const value = writer.open()
    writeNestedValue(job)
    writer.close(value)
  }
}

function writeNestedValue(job: Job): void {
  descend(job)
  writeValue(job)
  job.depth--
}

function writeValue(job: Job): void {
  const { reader, writer } = job
  const code = reader.peek()
  if (code === quote) {
    writer.uint32(26)
    writer.string(reader.string())
  } else if (code === 0x7b || code === 0x5b) {
    writer.uint32(code === 0x7b ? 42 : 50)
    const part = writer.open()
    if (code === 0x7b) writeStruct(job)
    else writeList(job)
    writer.close(part)
  } else {
    const word = reader.literal()
    if (word === 'null') {
      writer.uint32(8)
      writer.uint32(0)
    } else if (word !== undefined) {
      writer.uint32(32)
      writer.uint32(word === 'true' ? 1 : 0)
    } else {
      writeNumberValue(job)
    }
  }
}

function writeNumberValue({ reader, writer }: Job): void {
  const at = reader.position
  const text = reader.number()
  if (text === undefined) throw reader.unexpected()
  const value = Number(text)
  if (!Number.isFinite(value)) throw reader.error(at, `invalid google.protobuf.Value: ${text}`)
  writer.uint32(17)
  writer.double(value)
}
