/**
 * A serialized FileDescriptorSet into RawFiles, read field by field straight from the bytes.
 * It must not resolve names; sizes and nesting are bounded while reading.
 */

import { readFields, type WireField } from '../protojson/wire-fields.js'
import type {
  FeatureSet,
  NumberRange,
  RawEnum,
  RawField,
  RawFile,
  RawMessage,
  RawMethod,
  RawService,
} from './file-descriptor.js'
import { emptyFile, emptyMessage, maxFieldNumber, scalarByTypeNumber } from './file-descriptor.js'
import { SchemaError } from './schema-error.js'
import type { SchemaLimits } from './schema-limits.js'

const fieldPresence = [undefined, 'EXPLICIT', 'IMPLICIT', 'LEGACY_REQUIRED'] as const
const repeatedFieldEncoding = [undefined, 'PACKED', 'EXPANDED'] as const
const utf8Validation = [undefined, undefined, 'VERIFY', 'NONE'] as const
const enumType = [undefined, 'OPEN', 'CLOSED'] as const
const jsonFormat = [undefined, 'ALLOW', 'LEGACY_BEST_EFFORT'] as const
const messageEncoding = [undefined, 'LENGTH_PREFIXED', 'DELIMITED'] as const

/**
 * The files of a FileDescriptorSet, in its order.
 *
 * @throws {MalformedWire} for bytes that are no protobuf message
 * @throws {SchemaError} beyond the limits
 */
export function readDescriptorSet(bytes: Uint8Array, limits: SchemaLimits): RawFile[] {
  const reader = new DescriptorReader(limits)
  const files: RawFile[] = []
  for (const field of readFields(bytes)) {
    if (field.number !== 1 || field.bytes === undefined) continue
    if (files.length >= limits.files)
      throw new SchemaError(`the protoset has more than ${limits.files} files, the limit`)
    files.push(reader.file(field.bytes))
  }
  return files
}

/** One serialized FileDescriptorProto, as server reflection sends them. Throws like {@link readDescriptorSet}. */
export function readFileDescriptor(bytes: Uint8Array, limits: SchemaLimits): RawFile {
  return new DescriptorReader(limits).file(bytes)
}

class DescriptorReader {
  private messages = 0

  constructor(private readonly limits: SchemaLimits) {}

  file(bytes: Uint8Array): RawFile {
    const out = emptyFile('')
    const publicImports = new Set<number>()
    let hasEdition = false
    for (const field of readFields(bytes)) {
      switch (field.number) {
        case 1:
          out.name = text(field)
          break
        case 2:
          out.package = text(field)
          break
        case 3:
          out.imports.push({ path: text(field), isPublic: false })
          break
        case 10:
          for (const index of int32s(field)) publicImports.add(index)
          break
        case 4:
          out.messages.push(this.message(body(field), 1))
          break
        case 5:
          out.enums.push(this.enumeration(body(field)))
          break
        case 6:
          out.services.push(this.service(body(field)))
          break
        case 7:
          out.extensions.push(this.field(body(field)))
          break
        case 8:
          for (const option of readFields(body(field))) if (option.number === 50) features(out.features, body(option))
          break
        case 12:
          this.syntax(out, text(field))
          break
        case 14:
          hasEdition = true
          break
      }
    }
    if (out.imports.length > this.limits.files) {
      throw new SchemaError(`${out.name}: more than ${this.limits.files} imports, the limit`)
    }
    if (out.package.length >= 512 || out.package.split('.').length > 101) {
      throw new SchemaError(`${out.name}: the package name is longer than 512 characters or has more than 100 periods`)
    }
    this.checkCount(out.extensions.length, `the extensions of ${out.name}`)
    if (hasEdition && out.syntax === 'proto2') out.syntax = 'editions'
    for (const index of publicImports) {
      const target = out.imports[index]
      if (target !== undefined) target.isPublic = true
    }
    return out
  }

  private syntax(out: RawFile, syntax: string): void {
    if (syntax !== '' && syntax !== 'proto2' && syntax !== 'proto3' && syntax !== 'editions') {
      throw new SchemaError(`proto:\u00a0invalid syntax: ${JSON.stringify(syntax)}`)
    }
    if (syntax !== '') out.syntax = syntax
  }

  private checkCount(count: number, what: string): void {
    const limit = this.limits.fieldsPerMessage
    if (count > limit) throw new SchemaError(`${what} are more than ${limit}, the limit`)
  }

  private count(): void {
    if (++this.messages > this.limits.messages) {
      throw new SchemaError(`the protoset has more than ${this.limits.messages} messages and enums, the limit`)
    }
  }

  private message(bytes: Uint8Array, depth: number): RawMessage {
    this.count()
    // A map entry may stand one level deeper than the messages of a text.
    if (depth > this.limits.nesting)
      throw new SchemaError(`messages nest deeper than the limit of ${this.limits.nesting}`)
    const out = emptyMessage('')
    for (const field of readFields(bytes)) {
      switch (field.number) {
        case 1:
          out.name = text(field)
          break
        case 2:
          out.fields.push(this.field(body(field)))
          break
        case 3:
          out.messages.push(this.message(body(field), depth + 1))
          break
        case 4:
          out.enums.push(this.enumeration(body(field)))
          break
        case 5:
          out.extensionRanges.push(range(body(field), 1))
          break
        case 6:
          out.extensions.push(this.field(body(field)))
          break
        case 7:
          this.messageOptions(out, body(field))
          break
        case 8:
          out.oneofs.push(oneof(body(field)))
          break
        case 9:
          out.reservedRanges.push(range(body(field), 1))
          break
        case 10:
          out.reservedNames.push(text(field))
          break
      }
    }
    this.checkCount(out.fields.length, `the fields of message ${out.name}`)
    this.checkCount(out.extensions.length, `the extensions in message ${out.name}`)
    this.checkCount(out.extensionRanges.length, `the extension ranges of message ${out.name}`)
    this.checkCount(out.reservedRanges.length, `the reserved ranges of message ${out.name}`)
    return out
  }

  private messageOptions(out: RawMessage, bytes: Uint8Array): void {
    for (const option of readFields(bytes)) {
      if (option.number === 1) out.isMessageSet = option.varint !== undefined && int32(option) !== 0
      else if (option.number === 7) out.isMapEntry = option.varint !== undefined && int32(option) !== 0
      else if (option.number === 12) features(out.features, body(option))
    }
  }

  private field(bytes: Uint8Array): RawField {
    const out: RawField = {
      name: '',
      number: 0,
      label: 'optional',
      isLabelled: false,
      kind: undefined,
      isProto3Optional: false,
      features: {},
    }
    for (const field of readFields(bytes)) {
      switch (field.number) {
        case 1:
          out.name = text(field)
          break
        case 2:
          out.extendee = text(field)
          break
        case 3:
          out.number = int32(field)
          break
        case 4:
          out.label = int32(field) === 3 ? 'repeated' : int32(field) === 2 ? 'required' : 'optional'
          break
        case 5:
          out.kind = kindOf(int32(field))
          break
        case 6:
          out.typeName = text(field)
          break
        case 8:
          for (const option of readFields(body(field))) {
            if (option.number === 2) out.isPacked = int32(option) !== 0
            else if (option.number === 21) features(out.features, body(option))
          }
          break
        case 9:
          out.oneofIndex = int32(field)
          break
        case 10:
          out.jsonName = text(field)
          break
        case 17:
          out.isProto3Optional = int32(field) !== 0
          break
      }
    }
    if (out.number < 1 || (out.extendee === undefined && out.number > maxFieldNumber))
      throw new SchemaError(`proto:\u00a0field ${out.name} has an invalid number: ${out.number}`)
    return out
  }

  private enumeration(bytes: Uint8Array): RawEnum {
    this.count()
    const out: RawEnum = {
      name: '',
      values: [],
      allowAlias: false,
      reservedRanges: [],
      reservedNames: [],
      features: {},
    }
    for (const field of readFields(bytes)) {
      switch (field.number) {
        case 1:
          out.name = text(field)
          break
        case 2: {
          const value = { name: '', number: 0 }
          for (const part of readFields(body(field))) {
            if (part.number === 1) value.name = text(part)
            else if (part.number === 2) value.number = int32(part)
          }
          out.values.push(value)
          break
        }
        case 3:
          for (const option of readFields(body(field))) {
            if (option.number === 2) out.allowAlias = int32(option) !== 0
            else if (option.number === 7) features(out.features, body(option))
          }
          break
        case 4:
          out.reservedRanges.push(range(body(field), 0))
          break
        case 5:
          out.reservedNames.push(text(field))
          break
      }
    }
    if (out.values.length > this.limits.fieldsPerMessage * 10) {
      throw new SchemaError(`enum ${out.name} has more than ${this.limits.fieldsPerMessage * 10} values, the limit`)
    }
    this.checkCount(out.reservedRanges.length, `the reserved ranges of enum ${out.name}`)
    return out
  }

  private service(bytes: Uint8Array): RawService {
    const out: RawService = { name: '', methods: [] }
    for (const field of readFields(bytes)) {
      if (field.number === 1) out.name = text(field)
      else if (field.number === 2) out.methods.push(method(body(field)))
    }
    this.checkCount(out.methods.length, `the methods of service ${out.name}`)
    return out
  }
}

function method(bytes: Uint8Array): RawMethod {
  const out: RawMethod = { name: '', input: '', output: '', isClientStream: false, isServerStream: false }
  for (const field of readFields(bytes)) {
    if (field.number === 1) out.name = text(field)
    else if (field.number === 2) out.input = text(field)
    else if (field.number === 3) out.output = text(field)
    else if (field.number === 5) out.isClientStream = int32(field) !== 0
    else if (field.number === 6) out.isServerStream = int32(field) !== 0
  }
  return out
}

function oneof(bytes: Uint8Array): { name: string; features: FeatureSet } {
  const out = { name: '', features: {} }
  for (const field of readFields(bytes)) if (field.number === 1) out.name = text(field)
  return out
}

/** A range; `excess` is what its end lies beyond the last number. */
function range(bytes: Uint8Array, excess: number): NumberRange {
  const out = { start: 0, end: 0 }
  for (const field of readFields(bytes)) {
    if (field.number === 1) out.start = int32(field)
    else if (field.number === 2) out.end = int32(field) - excess
  }
  return out
}

function features(into: FeatureSet, bytes: Uint8Array): void {
  for (const field of readFields(bytes)) {
    if (field.varint === undefined) continue
    const value = int32(field)
    if (field.number === 1) into.fieldPresence = fieldPresence[value] ?? into.fieldPresence!
    else if (field.number === 2) into.enumType = enumType[value] ?? into.enumType!
    else if (field.number === 3)
      into.repeatedFieldEncoding = repeatedFieldEncoding[value] ?? into.repeatedFieldEncoding!
    else if (field.number === 4) into.utf8Validation = utf8Validation[value] ?? into.utf8Validation!
    else if (field.number === 5) into.messageEncoding = messageEncoding[value] ?? into.messageEncoding!
    else if (field.number === 6) into.jsonFormat = jsonFormat[value] ?? into.jsonFormat!
  }
}

function kindOf(type: number): RawField['kind'] {
  if (type === 10) return 'group'
  if (type === 11) return 'message'
  if (type === 14) return 'enum'
  const scalar = scalarByTypeNumber.get(type)
  if (scalar === undefined) throw new SchemaError(`proto:\u00a0unknown kind: ${type}`)
  return scalar
}

function body(field: WireField): Uint8Array {
  return field.bytes ?? new Uint8Array()
}

function text(field: WireField): string {
  return new TextDecoder('utf-8').decode(body(field))
}

function int32(field: WireField): number {
  return field.varint === undefined ? 0 : Number(BigInt.asIntN(32, field.varint))
}

function int32s(field: WireField): number[] {
  if (field.varint !== undefined) return [int32(field)]
  // Packed: read as fields would be cumbersome, the values are small indexes.
  const out: number[] = []
  let value = 0
  let shift = 0
  for (const byte of body(field)) {
    value += (byte & 0x7f) * 2 ** shift
    shift += 7
    if (byte < 0x80) {
      out.push(value)
      value = shift = 0
    }
  }
  return out
}
