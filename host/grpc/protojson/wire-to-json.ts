/**
 * Protobuf bytes into JSON text, with a closure for each field of each message type, built when first needed.
 * Writes what Go's protojson writes with unpopulated fields. Output is bounded, since two bytes can become a long object.
 */

import { goQuote } from '../../../go/quote.js'
import type { FieldDescriptor, MessageDescriptor, TypeResolver } from '../schema/descriptors.js'
import { ApartTexts, type SplitJson } from './apart-texts.js'
import {
  type BodyReader,
  count,
  countApart,
  descend,
  type Job,
  jsonString,
  mapText,
  newJob,
  noJson,
  tooLong,
  withoutFaults,
} from './decode-job.js'
import { plainField, wireTypeOf } from './field-kinds.js'
import { ProtoJsonError, WireError } from './proto-json-error.js'
import { checkReadable, readUpToFault } from './read-up-to-fault.js'
import { keyText, mapKeyReader, scalarReader, valueReader, zeroText } from './scalar-readers.js'
import { contents, eachField, wellKnownReaders } from './well-known-readers.js'
import { MalformedWire, malformedWire, nestedTooDeep } from './wire-reader.js'

/** How a caller bounds the JSON. */
export interface JsonOptions {
  /** The longest JSON of one message, in UTF-16 units. */
  maxJsonLength: number
}

export const defaultMaxJsonLength = 8 * 1024 * 1024

/**
 * What was read of a field: its JSON (for lists without the brackets), entries of a map, or where the bytes of a message are.
 * Those are pairs of start and end, several when the message came in parts that are to be merged.
 */
type Slot = string | Map<string, string> | number[] | undefined

/** Reads one field's value into the slots. False when the wire type is not the field's, so that it counts as unknown. */
type FieldReader = (job: Job, wireType: number, slots: Slot[], end: number) => boolean

/** How one field is printed. */
interface FieldPrinter {
  field: FieldDescriptor
  /** `"name":`, with an opening bracket for lists. */
  before: string
  /** A closing bracket for lists. */
  after: string
  /** What stands for an unset field, name included; undefined when nothing does. */
  absent: string | undefined
  decoder: () => MessageDecoder
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const decoders = new WeakMap<MessageDescriptor, MessageDecoder>()

/** The JSON writer of one message type, shared by all who use its descriptor. */
export class MessageDecoder {
  private readonly special: BodyReader | undefined
  private readonly required: readonly FieldDescriptor[]
  /** Readers by field number: small ones in an array, the rest in a map. */
  private dense: (FieldReader | undefined)[] | undefined
  private readonly sparse = new Map<number, FieldReader>()
  private printers: readonly FieldPrinter[] = []
  private readonly fieldCount: number
  /** The JSON of the message without bytes, once it was needed. */
  private emptyJson: string | undefined

  private constructor(readonly descriptor: MessageDescriptor) {
    this.special = descriptor.fullName === 'google.protobuf.Any' ? readAny : wellKnownReaders.get(descriptor.fullName)
    this.required = descriptor.fields.filter((f) => f.isRequired)
    this.fieldCount = descriptor.fields.length
  }

  /** The decoder of a descriptor; always the same one. */
  static of(descriptor: MessageDescriptor): MessageDecoder {
    let decoder = decoders.get(descriptor)
    if (decoder === undefined) {
      decoder = new MessageDecoder(descriptor)
      decoders.set(descriptor, decoder)
    }
    return decoder
  }

  /**
   * @throws {WireError} when the bytes are no message of this type
   * @throws {ProtoJsonError} when the message has no JSON form
   * @throws {AppError} `LIMIT_SIZE` when the JSON would be too long
   */
  decode(bytes: Uint8Array, resolver: TypeResolver, options: Partial<JsonOptions>): string {
    const buffer = asBuffer(bytes)
    return this.decodeJob(newJob(buffer, resolver, options.maxJsonLength ?? defaultMaxJsonLength), bytes)
  }

  /** The same with long strings apart, if there are any that are worth it. Throws as `decode` does. */
  decodeApart(bytes: Uint8Array, resolver: TypeResolver, options: Partial<JsonOptions>): string | SplitJson {
    const buffer = asBuffer(bytes)
    const job = newJob(buffer, resolver, options.maxJsonLength ?? defaultMaxJsonLength)
    const apart = ApartTexts.of(buffer)
    if (apart === undefined) return this.decodeJob(job, bytes)
    job.apart = apart
    const json = this.decodeJob(job, bytes)
    if (apart.isEmpty) return json
    // They were not counted. Looking for what JSON escapes takes long, so that is done for those only that may be too many.
    const isLong = job.made + apart.mostLength > job.maxLength
    const whole = isLong ? apart.inline(json) : undefined
    if (whole !== undefined && job.made - json.length + whole.length > job.maxLength) throw tooLong(job.maxLength)
    return apart.split(json) ?? whole ?? apart.inline(json)
  }

  private decodeJob(job: Job, bytes: Uint8Array): string {
    const { resolver, maxLength } = job
    let json: string
    try {
      json = this.readAll(job)
    } catch (e) {
      if (!(e instanceof MalformedWire) && !(e instanceof RangeError)) throw e
      throw this.wireError(e, bytes, resolver, maxLength)
    }
    if (job.missing !== undefined)
      throw new WireError(`required field ${job.missing} not set`, () =>
        checkedJson(job, job.apart?.inline(json) ?? json),
      )
    return withoutFaults(job, json)
  }

  /** Reads the whole buffer, once more when something in it has no JSON, to know what becomes of that. */
  private readAll(job: Job): string {
    const { buffer } = job.reader
    try {
      return this.read(job, [0, buffer.length])
    } catch (e) {
      if (!(e instanceof ProtoJsonError)) throw e
      Object.assign(job, newJob(buffer, job.resolver, job.maxLength), { faults: [], apart: job.apart })
      return this.read(job, [0, buffer.length])
    }
  }

  private wireError(e: unknown, bytes: Uint8Array, resolver: TypeResolver, maxLength: number): WireError {
    try {
      if (e instanceof RangeError) throw e
      const { fault, read } = readUpToFault(this.descriptor, bytes)
      return new WireError(fault, () => this.printPartial(read, resolver, maxLength))
    } catch (again) {
      if (!(again instanceof RangeError)) throw again
      // The stack of a thread may be smaller than Go's limit asks for. What was read so far is unknown then.
      return new WireError(nestedTooDeep.message, () => this.printPartial(Buffer.alloc(0), resolver, maxLength))
    }
  }

  private printPartial(bytes: Uint8Array, resolver: TypeResolver, maxLength: number): string {
    const job = newJob(Buffer.from(bytes), resolver, maxLength)
    // The message at which the nesting was too deep is there, without contents.
    job.depth = -1
    job.faults = []
    let json: string
    try {
      json = this.read(job, [0, bytes.length])
    } catch (e) {
      if (bytes.length === 0 || !(e instanceof MalformedWire || e instanceof RangeError)) throw e
      return this.printPartial(Buffer.alloc(0), resolver, maxLength)
    }
    return checkedJson(job, json)
  }

  /** True for the types with a JSON form of their own; in an Any that stands under `value`. */
  get hasOwnForm(): boolean {
    return this.special !== undefined
  }

  /** The JSON of the message in the given ranges of the buffer. */
  read(job: Job, ranges: readonly number[]): string {
    descend(job)
    const outer = job.counted
    job.counted = 0
    const json = this.special === undefined ? this.readFields(job, ranges, undefined) : this.special(job, ranges)
    const own = json.length - job.counted
    if (own > 0) count(job, own)
    job.counted = outer + json.length
    job.depth--
    return json
  }

  /** The same for a plain message; `typeUrl` goes first when it stands in an Any. */
  readFields(job: Job, ranges: readonly number[], typeUrl: string | undefined): string {
    if (this.descriptor.isMessageSet) return noJson(job, 'no support for proto1 MessageSets')
    this.dense ??= this.build()
    if (ranges.length === 2 && ranges[0] === ranges[1] && this.required.length === 0 && typeUrl === undefined) {
      this.emptyJson ??= this.print(job, [], undefined)
      return this.emptyJson
    }
    const { dense, sparse } = this
    const { reader } = job
    const slots = new Array<Slot>(this.fieldCount)
    for (let i = 0; i < ranges.length; i += 2) {
      reader.position = ranges[i]!
      const end = ranges[i + 1]!
      while (reader.position < end) {
        const tag = reader.tag(end)
        const number = tag >>> 3
        const readField = number < dense.length ? dense[number] : sparse.get(number)
        if (readField === undefined || !readField(job, tag & 7, slots, end)) reader.skip(tag, end)
      }
    }
    if (this.required.length > 0) this.checkRequired(job, slots)
    return this.print(job, slots, typeUrl)
  }

  private checkRequired(job: Job, slots: readonly Slot[]): void {
    if (job.missing !== undefined && job.missingDepth <= job.depth) return
    const missing = this.required.find((f) => slots[f.index] === undefined)
    if (missing === undefined) return
    job.missing = missing.fullName
    job.missingDepth = job.depth
  }

  private print(job: Job, slots: readonly Slot[], typeUrl: string | undefined): string {
    let out = typeUrl === undefined ? '{' : `{"@type":${jsonString(typeUrl)}`
    let isFirst = typeUrl === undefined
    const { printers } = this
    for (let i = 0; i < printers.length; i++) {
      const printer = printers[i]!
      const slot = slots[i]
      if (slot === undefined && printer.absent === undefined) continue
      if (isFirst) isFirst = false
      else out += ','
      if (slot === undefined) out += printer.absent
      else if (typeof slot === 'string') out += printer.before + slot + printer.after
      else if (Array.isArray(slot)) out += printer.before + printer.decoder().read(job, slot)
      else out += `${printer.before}${mapText(slot)}}`
    }
    return `${out}}`
  }

  private build(): (FieldReader | undefined)[] {
    const dense: (FieldReader | undefined)[] = []
    this.printers = this.descriptor.fields.map(fieldPrinter)
    for (const field of this.descriptor.fields) {
      const read = withinOneof(field, this.descriptor.fields)
      if (field.number < 256) dense[field.number] = read
      else this.sparse.set(field.number, read)
    }
    // Filled, since an array with holes is slow to read.
    return Array.from(dense)
  }
}

/** The JSON of a message that Go would look through for required fields only now. */
function checkedJson(job: Job, json: string): string {
  const checked = withoutFaults(job, json)
  if (job.missing !== undefined) throw new ProtoJsonError(`required field ${job.missing} not set`)
  return checked
}

// --- printing ---

function fieldPrinter(field: FieldDescriptor): FieldPrinter {
  const name = `${jsonString(field.jsonName)}:`
  const isMap = field.message?.isMapEntry === true
  let decoder: MessageDecoder | undefined
  return {
    field,
    before: field.isRepeated ? `${name}${isMap ? '{' : '['}` : name,
    after: field.isRepeated ? ']' : '',
    absent: absentText(field, name, isMap),
    decoder: () => {
      decoder ??= MessageDecoder.of(field.message!)
      return decoder
    },
  }
}

function absentText(field: FieldDescriptor, name: string, isMap: boolean): string | undefined {
  if (field.isRepeated) return name + (isMap ? '{}' : '[]')
  if (field.oneof !== undefined) return undefined
  return name + (field.hasPresence ? 'null' : zeroText(field))
}

// --- fields ---

function withinOneof(field: FieldDescriptor, fields: readonly FieldDescriptor[]): FieldReader {
  const read = fieldReader(field)
  const others = field.oneof?.members.filter((index) => index !== field.index) ?? []
  if (others.length === 0) return read
  return (job, wireType, slots, end) => {
    if (!read(job, wireType, slots, end)) return false
    for (const index of others) {
      const slot = slots[index]
      if (Array.isArray(slot)) checkReadable(fields[index]!.message!, job.reader.buffer, slot, job.depth + 1)
      slots[index] = undefined
    }
    return true
  }
}

function fieldReader(field: FieldDescriptor): FieldReader {
  if (field.message?.isMapEntry === true) return mapReader(field, field.message)
  if (field.message !== undefined) return field.isRepeated ? repeatedMessage(field) : singularMessage(field)
  return field.isRepeated ? repeatedScalar(field) : singularScalar(field)
}

function singularScalar(field: FieldDescriptor): FieldReader {
  const expected = wireTypeOf(field)
  const read = valueReader(field)
  const { index } = field
  return (job, wireType, slots, end) => {
    if (wireType !== expected) return false
    slots[index] = read(job, end)
    return true
  }
}

function append(slots: Slot[], index: number, text: string): void {
  const before = slots[index]
  slots[index] = before === undefined ? text : `${before as string},${text}`
}

function repeatedScalar(field: FieldDescriptor): FieldReader {
  const expected = wireTypeOf(field)
  const read = valueReader(field)
  const isPackable = expected !== 2
  const { index } = field
  const add = (job: Job, slots: Slot[], end: number) => {
    const text = read(job, end)
    countApart(job, text.length + 1)
    append(slots, index, text)
  }
  return (job, wireType, slots, end) => {
    if (wireType === expected) {
      add(job, slots, end)
      return true
    }
    if (wireType !== 2 || !isPackable) return false
    const { reader } = job
    const length = reader.length(end)
    const packedEnd = reader.position + length
    while (reader.position < packedEnd) add(job, slots, packedEnd)
    return true
  }
}

/** Where the bytes of a message field are; undefined when the wire type is another. The position is then after the field. */
function messageRange(job: Job, field: FieldDescriptor, wireType: number, end: number): [number, number] | undefined {
  const { reader } = job
  if (field.kind === 'group') {
    if (wireType !== 3) return undefined
    const start = reader.position
    const groupEnd = reader.endOfGroup(field.number, end)
    // The end of a group is found by reading it, and so once more for each group around it.
    job.groupBytes += groupEnd - start
    if (job.groupBytes > 100 * reader.buffer.length + 1_000_000) throw malformedWire
    return [start, groupEnd]
  }
  if (wireType !== 2) return undefined
  const length = reader.length(end)
  const start = reader.position
  reader.position = start + length
  return [start, start + length]
}

function singularMessage(field: FieldDescriptor): FieldReader {
  const { index } = field
  return (job, wireType, slots, end) => {
    const range = messageRange(job, field, wireType, end)
    if (range === undefined) return false
    const earlier = slots[index]
    if (earlier === undefined) slots[index] = range
    else (earlier as number[]).push(range[0], range[1])
    return true
  }
}

function repeatedMessage(field: FieldDescriptor): FieldReader {
  const { index } = field
  let decoder: MessageDecoder | undefined
  return (job, wireType, slots, end) => {
    const range = messageRange(job, field, wireType, end)
    if (range === undefined) return false
    decoder ??= MessageDecoder.of(field.message!)
    const after = job.reader.position
    append(slots, index, decoder.read(job, range))
    job.reader.position = after
    return true
  }
}

function mapReader(field: FieldDescriptor, entry: MessageDescriptor): FieldReader {
  const [keyField, valueField] = entry.fields as [FieldDescriptor, FieldDescriptor]
  const readKey = mapKeyReader(keyField)
  const keyType = wireTypeOf(keyField)
  const { index } = field
  const zeroKey = keyText(keyField, zeroText(keyField))
  const readValue = valueField.message === undefined ? valueReader(valueField) : undefined
  const valueType = wireTypeOf(valueField)
  let decoder: MessageDecoder | undefined
  return (job, wireType, slots, outerEnd) => {
    if (wireType !== 2) return false
    const { reader } = job
    const length = reader.length(outerEnd)
    const end = reader.position + length
    let key = zeroKey
    let value: string | undefined
    const ranges: number[] = []
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 8 + keyType) {
        key = keyText(keyField, readKey(job, end))
      } else if (tag === 16 + valueType) {
        if (readValue === undefined) ranges.push(...messageRange(job, valueField, valueType, end)!)
        else value = readValue(job, end)
      } else {
        reader.skip(tag, end)
      }
    }
    if (readValue === undefined) {
      decoder ??= MessageDecoder.of(valueField.message!)
      value = decoder.read(job, ranges)
      reader.position = end
    } else {
      value ??= zeroText(valueField)
      countApart(job, value.length)
    }
    countApart(job, key.length + 2)
    let entries = slots[index] as Map<string, string> | undefined
    if (entries === undefined) {
      entries = new Map()
      slots[index] = entries
    }
    entries.set(key, value)
    return true
  }
}

// --- Any ---

const readUrl = scalarReader(plainField('string', 'google.protobuf.Any.type_url'))

function readAny(job: Job, ranges: readonly number[]): string {
  let url = ''
  const value: number[] = []
  let hasUrl = false
  eachField(job, ranges, (tag, end) => {
    if (tag === 10) {
      url = JSON.parse(readUrl(job, end)) as string
      hasUrl = url !== ''
    } else if (tag === 18) {
      // Bytes are replaced by later ones, not merged.
      value.splice(0, 2, ...contents(job, end))
    } else {
      return false
    }
    return true
  })
  if (!hasUrl) {
    if (value.length === 0 || value[0] === value[1]) return '{}'
    return noJson(job, 'google.protobuf.Any: type_url is not set')
  }
  const descriptor = job.resolver.resolve(url.slice(url.lastIndexOf('/') + 1))
  if (descriptor === undefined) return noJson(job, `google.protobuf.Any: unable to resolve ${goQuote(url)}: not found`)
  const decoder = MessageDecoder.of(descriptor)
  // Required fields are not looked at inside an Any, and nesting is counted anew.
  const { missing, missingDepth, depth } = job
  job.depth = 0
  let json: string
  try {
    if (decoder.hasOwnForm) {
      json = `{"@type":${jsonString(url)},"value":${decoder.read(job, value)}}`
    } else {
      descend(job)
      json = decoder.readFields(job, value, url)
      job.depth--
    }
  } catch (e) {
    // The outer message is well formed whatever stands in here, so this is a fault of the JSON.
    if (!(e instanceof MalformedWire)) throw e
    const { fault } = readUpToFault(descriptor, job.reader.buffer.subarray(value[0], value[1]))
    json = noJson(job, `google.protobuf.Any: unable to unmarshal ${goQuote(url)}: ${fault}`)
  }
  job.depth = depth
  job.missing = missing
  job.missingDepth = missingDepth
  return json
}
