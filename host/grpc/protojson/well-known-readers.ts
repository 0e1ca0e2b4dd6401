/**
 * Wire to JSON for the well-known types that have a form of their own, all but Any, which needs other types.
 * They are read by their fixed field numbers, without descriptors.
 */

import { goQuote } from '../../../go/quote.js'
import { type BodyReader, countApart, descend, type Job, mapText, noJson } from './decode-job.js'
import { plainField, wireTypeOf } from './field-kinds.js'
import { maskPathToJson } from './field-mask-text.js'
import { int64Number, int64Text } from './int64.js'
import { doubleText } from './number-text.js'
import { fixed64, scalarReader, zeroText } from './scalar-readers.js'
import { durationFault, durationText, type SecondsNanos, timestampFault, timestampText } from './time-text.js'
import { wrappedKinds, wrapperName } from './well-known-names.js'

/** The readers of types with a JSON form of their own, by full name; Any is not among them. */
export const wellKnownReaders: ReadonlyMap<string, BodyReader> = new Map<string, BodyReader>([
  ['google.protobuf.Timestamp', timeReader('Timestamp', timestampFault, timestampText)],
  ['google.protobuf.Duration', timeReader('Duration', durationFault, durationText)],
  ['google.protobuf.FieldMask', readFieldMask],
  ['google.protobuf.Empty', readEmpty],
  ['google.protobuf.Struct', readStruct],
  ['google.protobuf.ListValue', readList],
  ['google.protobuf.Value', readValue],
  ...wrappedKinds.map((kind): [string, BodyReader] => [wrapperName(kind), wrapperReader(kind)]),
])

/** Goes through the fields of a message; `take` reads the ones it knows and answers false for the others. */
export function eachField(job: Job, ranges: readonly number[], take: (tag: number, end: number) => boolean): void {
  const { reader } = job
  for (let i = 0; i < ranges.length; i += 2) {
    reader.position = ranges[i]!
    const end = ranges[i + 1]!
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (!take(tag, end)) reader.skip(tag, end)
    }
  }
}

/** Where the contents of a length-delimited field are; the position is then after them. */
export function contents({ reader }: Job, end: number): [number, number] {
  const length = reader.length(end)
  const start = reader.position
  reader.position = start + length
  return [start, start + length]
}

function wrapperReader(kind: (typeof wrappedKinds)[number]): BodyReader {
  const field = plainField(kind, `${wrapperName(kind)}.value`)
  const tag = 8 + wireTypeOf(field)
  const read = scalarReader(field)
  const zero = zeroText(field)
  return (job, ranges) => {
    let json = zero
    eachField(job, ranges, (found, end) => {
      if (found !== tag) return false
      json = read(job, end)
      return true
    })
    return json
  }
}

function timeReader(
  name: string,
  faultOf: (time: SecondsNanos) => string | undefined,
  textOf: (time: SecondsNanos) => string,
): BodyReader {
  return (job, ranges) => {
    const { reader } = job
    const time: SecondsNanos = { seconds: 0, nanos: 0 }
    let exact = '0'
    eachField(job, ranges, (tag, end) => {
      if (tag !== 8 && tag !== 16) return false
      reader.varint(end)
      if (tag === 16) {
        time.nanos = reader.low
        return true
      }
      time.seconds = int64Number(reader.low, reader.high)
      exact = int64Text(reader.low, reader.high)
      return true
    })
    const fault = faultOf(time)
    if (fault === undefined) return `"${textOf(time)}"`
    const value = fault.startsWith('seconds') ? ` ${exact}` : fault.startsWith('nanos') ? ` ${time.nanos}` : ''
    return noJson(job, `google.protobuf.${name}: ${fault}${value}`)
  }
}

const readMaskPath = scalarReader(plainField('string', 'google.protobuf.FieldMask.paths'))

function readFieldMask(job: Job, ranges: readonly number[]): string {
  const paths: string[] = []
  let fault: string | undefined
  eachField(job, ranges, (tag, end) => {
    if (tag !== 10) return false
    const path = JSON.parse(readMaskPath(job, end)) as string
    const result = maskPathToJson(path)
    if ('json' in result) {
      paths.push(result.json)
      countApart(job, result.json.length)
    } else {
      const what = result.fault === 'invalid' ? 'contains invalid path:' : 'contains irreversible value'
      fault ??= `google.protobuf.FieldMask.paths ${what} ${goQuote(path)}`
    }
    return true
  })
  if (fault !== undefined) return noJson(job, fault)
  return `"${paths.join(',')}"`
}

/** No different from a plain message, but that in an Any it stands under `value`. */
function readEmpty(job: Job, ranges: readonly number[]): string {
  eachField(job, ranges, () => false)
  return '{}'
}

const readStructKey = scalarReader(plainField('string', 'google.protobuf.Struct.FieldsEntry.key'))
const readStringValue = scalarReader(plainField('string', 'google.protobuf.Value.string_value'))

function nested(job: Job, ranges: readonly number[], read: BodyReader): string {
  descend(job)
  const json = read(job, ranges)
  job.depth--
  return json
}

function readStruct(job: Job, ranges: readonly number[]): string {
  const entries = new Map<string, string>()
  const { reader } = job
  eachField(job, ranges, (tag, outerEnd) => {
    if (tag !== 10) return false
    const [start, end] = contents(job, outerEnd)
    let key = '""'
    const value: number[] = []
    eachField(job, [start, end], (found, entryEnd) => {
      if (found === 10) key = readStructKey(job, entryEnd)
      else if (found === 18) value.push(...contents(job, entryEnd))
      else return false
      return true
    })
    entries.set(key, nested(job, value, readValue))
    countApart(job, key.length + 2)
    reader.position = end
    return true
  })
  return `{${mapText(entries)}}`
}

function readList(job: Job, ranges: readonly number[]): string {
  let json = ''
  const { reader } = job
  eachField(job, ranges, (tag, outerEnd) => {
    if (tag !== 10) return false
    const range = contents(job, outerEnd)
    const value = nested(job, range, readValue)
    json += json === '' ? value : `,${value}`
    countApart(job, 1)
    reader.position = range[1]
    return true
  })
  return `[${json}]`
}

function readValue(job: Job, ranges: readonly number[]): string {
  const { reader } = job
  let scalar: string | undefined
  let fault: string | undefined
  let message: { read: BodyReader; ranges: number[] } | undefined
  // What a later member of the oneof takes the place of must be well formed all the same.
  const dropMessage = () => {
    if (message === undefined) return
    const { position } = reader
    nested(job, message.ranges, message.read)
    reader.position = position
    message = undefined
  }
  const set = (json: string): true => {
    dropMessage()
    scalar = json
    fault = undefined
    return true
  }
  eachField(job, ranges, (tag, end) => {
    switch (tag) {
      case 8:
        reader.varint(end)
        return set('null')
      case 17: {
        const number = reader.buffer.readDoubleLE(fixed64(job, end))
        set(doubleText(number))
        if (!Number.isFinite(number)) fault = `google.protobuf.Value.number_value: invalid ${goFloat(number)} value`
        return true
      }
      case 26:
        return set(readStringValue(job, end))
      case 32:
        reader.varint(end)
        return set((reader.low | reader.high) === 0 ? 'false' : 'true')
      case 42:
      case 50: {
        const read = tag === 42 ? readStruct : readList
        const range = contents(job, end)
        if (message?.read === read) {
          message.ranges.push(...range)
        } else {
          dropMessage()
          message = { read, ranges: range }
        }
        scalar = fault = undefined
        return true
      }
      default:
        return false
    }
  })
  if (message !== undefined) {
    // TypeScript does not see that the closure sets it.
    const { read, ranges: parts } = message as { read: BodyReader; ranges: number[] }
    const json = nested(job, parts, read)
    countApart(job, 2)
    return json
  }
  if (fault !== undefined) return noJson(job, fault)
  if (scalar === undefined) return noJson(job, 'google.protobuf.Value: none of the oneof fields is set')
  countApart(job, (scalar as string).length)
  return scalar
}

function goFloat(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
