/**
 * JSON text into protobuf bytes, with a closure for each field of each message type, built when first needed.
 * Follows Go's protojson to the letter, errors included. It must not know schemas beyond the descriptors it is given.
 */

import type { FieldDescriptor, MessageDescriptor, TypeResolver } from '../schema/descriptors.js'
import { type BodyWriter, descend, type FieldWriter, type Job, maxDepth, nestedTooDeep, rawKey } from './encode-job.js'
import { tagOf } from './field-kinds.js'
import { JsonReader } from './json-reader.js'
import { ProtoJsonError } from './proto-json-error.js'
import { mapKeyWriter, scalarWriter, singularScalar } from './scalar-writers.js'
import { wellKnownWriters } from './well-known-writers.js'
import { WireWriter } from './wire-writer.js'

const letterN = 0x6e

interface FieldEntry {
  descriptor: FieldDescriptor
  write: FieldWriter
  /** True for types whose JSON null is a value. */
  takesNull: boolean
  /** What came after this field the last time. */
  next: Guess | undefined
}

/** Messages of one type mostly have their keys in one order, and comparing with a guess is cheaper than looking a key up. */
interface Guess {
  /** The key with quotes and colon. */
  quoted: string
  entry: FieldEntry
}

const encoders = new WeakMap<MessageDescriptor, MessageEncoder>()
// One buffer for all: encoding never waits, so it is never used twice at a time.
const sharedWriter = new WireWriter()

/** The JSON reader of one message type, shared by all who use its descriptor. */
export class MessageEncoder {
  private readonly special: BodyWriter | undefined
  private fields: Map<string, FieldEntry> | undefined
  /** The key that came first the last time. */
  private first: Guess | undefined
  private readonly required: readonly FieldDescriptor[]

  private constructor(private readonly descriptor: MessageDescriptor) {
    this.special = descriptor.fullName === 'google.protobuf.Any' ? writeAny : wellKnownWriters.get(descriptor.fullName)
    this.required = descriptor.fields.filter((f) => f.isRequired)
  }

  /** The encoder of a descriptor; always the same one. */
  static of(descriptor: MessageDescriptor): MessageEncoder {
    let encoder = encoders.get(descriptor)
    if (encoder === undefined) {
      encoder = new MessageEncoder(descriptor)
      encoders.set(descriptor, encoder)
    }
    return encoder
  }

  /** @throws {ProtoJsonError} */
  encode(json: string, resolver: TypeResolver): Uint8Array {
    const reader = new JsonReader(json)
    const job: Job = {
      reader,
      writer: sharedWriter,
      resolver,
      depth: 0,
      missing: undefined,
      missingDepth: 0,
      scannedTo: 0,
      reread: 0,
    }
    sharedWriter.reset()
    try {
      // The end of a text without any value is a token to Go, and an empty one.
      if (Number.isNaN(reader.peek())) throw reader.syntaxError(reader.position, 'unexpected token ')
      this.write(job)
      reader.end()
    } catch (e) {
      // The stack of a thread may be smaller than Go's limit asks for.
      throw e instanceof RangeError ? nestedTooDeep() : e
    }
    if (job.missing !== undefined) throw new ProtoJsonError(`required field ${job.missing} not set`)
    return sharedWriter.finish()
  }

  /** True for the types with a JSON form of their own; in an Any that stands under `value`. */
  get hasOwnForm(): boolean {
    return this.special !== undefined
  }

  /** Writes the fields of the message at the reader's position. */
  write(job: Job): void {
    descend(job)
    this.writeHere(job)
    job.depth--
  }

  /** The same at the depth of the message around it. */
  writeHere(job: Job): void {
    if (this.special !== undefined) this.special(job)
    else this.writeFields(job, false)
  }

  /** The same for a plain message; `isWithinAny` when the `@type` of an Any stands among its fields. */
  writeFields(job: Job, isWithinAny: boolean): void {
    const { reader } = job
    reader.openObject()
    if (this.descriptor.isMessageSet) throw new ProtoJsonError('no support for proto1 MessageSets')
    this.fields ??= buildFields(this.descriptor)
    const { fields } = this
    // Most messages have few fields, and a number tells which of them were seen.
    let seen = 0
    let seenAbove30: Set<number> | undefined
    let oneofs: Set<unknown> | undefined
    const present = this.required.length > 0 ? new Set<FieldDescriptor>() : undefined
    let hasType = false
    let guess = this.first
    let previous: FieldEntry | undefined
    for (let isFirst = true; ; isFirst = false) {
      let entry: FieldEntry | undefined
      if (guess !== undefined && reader.passKey(isFirst, guess.quoted)) {
        entry = guess.entry
      } else {
        const key = reader.key(isFirst)
        if (key === undefined) break
        if (isWithinAny && key === '@type') {
          if (hasType) throw reader.error(reader.start, 'duplicate "@type" field')
          hasType = true
          reader.peek()
          reader.string()
          continue
        }
        entry = fields.get(key)
        if (entry === undefined) throw unknownField(job, key)
        // Made anew, since a part of the text would keep all of it in memory.
        guess = { quoted: `${JSON.stringify(key)}:`, entry }
        if (previous === undefined) this.first = guess
        else previous.next = guess
      }
      previous = entry
      guess = entry.next
      const keyAt = reader.start
      const { descriptor } = entry
      const { index } = descriptor
      if (index < 31) {
        if ((seen & (1 << index)) !== 0) throw reader.error(keyAt, `duplicate field ${rawKey(reader, keyAt)}`)
        seen |= 1 << index
      } else {
        seenAbove30 ??= new Set()
        if (seenAbove30.has(index)) throw reader.error(keyAt, `duplicate field ${rawKey(reader, keyAt)}`)
        seenAbove30.add(index)
      }
      if (reader.peek() === letterN && !entry.takesNull && reader.token().kind === 'null') {
        reader.position += 4
        continue
      }
      if (descriptor.oneof !== undefined) {
        oneofs ??= new Set()
        if (oneofs.has(descriptor.oneof)) {
          const text = `error parsing ${rawKey(reader, keyAt)}, oneof ${descriptor.oneof.fullName} is already set`
          throw reader.error(keyAt, text)
        }
        oneofs.add(descriptor.oneof)
      }
      present?.add(descriptor)
      entry.write(job)
    }
    if (present !== undefined) this.checkRequired(job, present)
  }

  private checkRequired(job: Job, present: ReadonlySet<FieldDescriptor>): void {
    if (job.missing !== undefined && job.missingDepth <= job.depth) return
    const missing = this.required.find((f) => !present.has(f))
    if (missing === undefined) return
    job.missing = missing.fullName
    job.missingDepth = job.depth
  }
}

/** Go's error for a key that names no field. `[…]` names an extension, of which none is known. */
function unknownField({ reader, resolver }: Job, key: string): ProtoJsonError {
  const { start } = reader
  const raw = rawKey(reader, start)
  if (key.startsWith('[') && key.endsWith(']') && resolver.resolve(key.slice(1, -1)) !== undefined) {
    return reader.error(start, `unable to resolve ${raw}: found wrong type: got message, want extension`)
  }
  return reader.error(start, `unknown field ${raw}`)
}

function buildFields(descriptor: MessageDescriptor): Map<string, FieldEntry> {
  const entries = descriptor.fields.map(
    (field): FieldEntry => ({
      descriptor: field,
      write: fieldWriter(field),
      takesNull:
        field.message?.fullName === 'google.protobuf.Value' || field.enum?.fullName === 'google.protobuf.NullValue',
      next: undefined,
    }),
  )
  const byKey = new Map<string, FieldEntry>()
  const add = (key: string, entry: FieldEntry) => {
    if (!byKey.has(key)) byKey.set(key, entry)
  }
  // JSON names go before declared names, and the first of equal ones wins. `[…]` would be an extension, of which none is known.
  for (const entry of entries) add(entry.descriptor.jsonName, entry)
  for (const entry of entries) if (entry.descriptor.isGroupLike) add(entry.descriptor.jsonName.toLowerCase(), entry)
  for (const entry of entries) add(entry.descriptor.textName, entry)
  for (const entry of entries) if (entry.descriptor.isGroupLike) add(entry.descriptor.textName.toLowerCase(), entry)
  for (const key of byKey.keys()) if (key.startsWith('[') && key.endsWith(']')) byKey.delete(key)
  return byKey
}

// --- fields ---

function fieldWriter(field: FieldDescriptor): FieldWriter {
  if (field.message?.isMapEntry === true) return mapWriter(field, field.message)
  const isMessage = field.message !== undefined
  if (field.isRepeated) return isMessage ? repeated(messageWriter(field)) : repeatedScalar(field)
  return isMessage ? messageWriter(field) : singularScalar(field)
}

function messageWriter(field: FieldDescriptor): FieldWriter {
  const tag = tagOf(field)
  // Found at the first use, since types may contain themselves.
  let encoder: MessageEncoder | undefined
  const { message, kind, number } = field
  if (kind === 'group') {
    const endTag = number * 8 + 4
    return (job) => {
      encoder ??= MessageEncoder.of(message!)
      job.writer.uint32(tag)
      encoder.write(job)
      job.writer.uint32(endTag)
    }
  }
  return (job) => {
    encoder ??= MessageEncoder.of(message!)
    const { writer } = job
    writer.uint32(tag)
    const part = writer.open()
    encoder.write(job)
    writer.close(part)
  }
}

function repeated(writeElement: FieldWriter): FieldWriter {
  return (job) => {
    const { reader } = job
    reader.openArray()
    for (let isFirst = true; reader.element(isFirst); isFirst = false) writeElement(job)
  }
}

function repeatedScalar(field: FieldDescriptor): FieldWriter {
  const write = scalarWriter(field)
  const tag = tagOf(field)
  if (!field.isPacked) {
    return repeated((job) => {
      job.writer.uint32(tag)
      write(job, field)
    })
  }
  const packedTag = field.number * 8 + 2
  return (job) => {
    const { reader, writer } = job
    const before = writer.position
    reader.openArray()
    writer.uint32(packedTag)
    const part = writer.open()
    for (let isFirst = true; reader.element(isFirst); isFirst = false) write(job, field)
    if (writer.isEmpty(part)) writer.cancel(part, before)
    else writer.close(part)
  }
}

function mapWriter(field: FieldDescriptor, entry: MessageDescriptor): FieldWriter {
  const [keyField, valueField] = entry.fields as [FieldDescriptor, FieldDescriptor]
  const tag = tagOf(field)
  const writeKey = mapKeyWriter(keyField)
  const keyTag = tagOf(keyField)
  const valueTag = tagOf(valueField)
  const writeScalar = valueField.message === undefined ? scalarWriter(valueField) : undefined
  const writeMessage = valueField.message === undefined ? undefined : messageWriter(valueField)
  return (job) => {
    const { reader, writer } = job
    reader.openObject()
    let keys: Set<string> | undefined
    for (let key = reader.key(true); key !== undefined; key = reader.key(false)) {
      const keyAt = reader.start
      writer.uint32(tag)
      const part = writer.open()
      writer.uint32(keyTag)
      const canonical = writeKey(job, key)
      if (canonical === undefined) {
        throw reader.error(keyAt, `invalid value for ${keyField.kind} key: ${rawKey(reader, keyAt)}`)
      }
      keys ??= new Set()
      if (keys.has(canonical)) throw reader.error(keyAt, `duplicate map key ${rawKey(reader, keyAt)}`)
      keys.add(canonical)
      if (writeMessage !== undefined) {
        writeMessage(job)
      } else {
        writer.uint32(valueTag)
        writeScalar!(job, valueField)
      }
      writer.close(part)
    }
  }
}

// --- Any ---

function writeAny(job: Job): void {
  const { reader, writer } = job
  if (reader.peek() !== 0x7b) throw reader.unexpected()
  const objectAt = reader.position
  const type = findType(job, objectAt)
  if (type === undefined) return
  const name = type.url.slice(type.url.lastIndexOf('/') + 1)
  const descriptor = job.resolver.resolve(name)
  if (descriptor === undefined) throw reader.error(type.at, `unable to resolve ${type.raw}: "not found"`)
  reader.rewind(objectAt)
  writer.uint32(10)
  writer.string(type.url)
  const before = writer.position
  writer.uint32(18)
  const part = writer.open()
  const encoder = MessageEncoder.of(descriptor)
  // Required fields are not looked at inside an Any.
  const { missing, missingDepth } = job
  if (encoder.hasOwnForm) {
    writeAnyValue(job, encoder, name)
  } else {
    descend(job)
    encoder.writeFields(job, true)
    job.depth--
  }
  job.missing = missing
  job.missingDepth = missingDepth
  if (writer.isEmpty(part)) writer.cancel(part, before)
  else writer.close(part)
}

/** The `@type` of the object at `objectAt`; undefined for an empty object, which is passed. The position is not kept. */
function findType(job: Job, objectAt: number): { url: string; raw: string; at: number } | undefined {
  const { reader } = job
  // Go looks through the whole object before it reads any of it. Within one that was looked through, the type is enough.
  const isScanned = objectAt < job.scannedTo
  let type: { url: string; raw: string; at: number } | undefined
  let isEmpty = true
  reader.openObject()
  for (let key = reader.key(true); key !== undefined; key = reader.key(false)) {
    isEmpty = false
    if (key !== '@type') {
      reader.skipValue(maxDepth - job.depth)
      continue
    }
    if (type !== undefined) throw reader.error(reader.start, 'duplicate "@type" field')
    reader.peek()
    const at = reader.position
    const { kind, raw } = reader.token()
    if (kind !== 'string') throw reader.error(at, `@type field value is not a string: ${raw}`)
    const url = reader.string()
    if (url === '') throw reader.error(at, '@type field contains empty value')
    type = { url, raw, at }
    if (isScanned) break
  }
  if (!isScanned) job.scannedTo = reader.position
  else job.reread += reader.position - objectAt
  // Types at the end of nested objects would make reading quadratic.
  if (job.reread > 100 * reader.text.length + 1_000_000) throw nestedTooDeep()
  if (type === undefined && !isEmpty) throw reader.error(objectAt, 'missing "@type" field')
  return type
}

/** The `value` of an Any whose type has a JSON form of its own. */
function writeAnyValue(job: Job, encoder: MessageEncoder, name: string): void {
  const { reader } = job
  reader.openObject()
  let hasType = false
  let hasValue = false
  for (let key = reader.key(true); key !== undefined; key = reader.key(false)) {
    const keyAt = reader.start
    if (key === '@type') {
      if (hasType) throw reader.error(keyAt, 'duplicate "@type" field')
      hasType = true
      reader.peek()
      reader.string()
    } else if (key === 'value') {
      if (hasValue) throw reader.error(keyAt, 'duplicate "value" field')
      hasValue = true
      encoder.writeHere(job)
    } else {
      throw reader.error(keyAt, `unknown field ${rawKey(reader, keyAt)}`)
    }
  }
  if (!hasValue && name !== 'google.protobuf.Empty') throw reader.error(reader.position - 1, 'missing "value" field')
}
