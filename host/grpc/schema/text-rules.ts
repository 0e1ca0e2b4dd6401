/**
 * What is refused in a text although every name in it is found: the rules of k6's compiler, which are those of protoc for the
 * most part. Descriptors are not checked by them, since a compiler did that. It must not resolve names.
 */

import type { FieldDescriptor, MessageDescriptor } from './descriptors.js'
import type {
  FeatureSet,
  NumberRange,
  RawEnum,
  RawField,
  RawFile,
  RawMessage,
  WrittenOption,
} from './file-descriptor.js'
import { camelCase } from './file-descriptor.js'
import { place, problem } from './file-problem.js'
import { NotOfType, scalarText } from './option-scalar.js'

/** Elements of descriptor.proto that extensions of a proto3 file may add to. */
const optionMessages = new Set(
  ['File', 'Message', 'Field', 'Oneof', 'ExtensionRange', 'Enum', 'EnumValue', 'Service', 'Method'].map(
    (element) => `google.protobuf.${element}Options`,
  ),
)

/** A file among those it imports. */
export function checkFile(file: RawFile, importedFile: (path: string) => RawFile | undefined): void {
  for (const { path, at } of file.imports) {
    if (file.isLite || importedFile(path)?.isLite !== true) continue
    const text = `a file that does not use optimize_for=LITE_RUNTIME may not import file ${JSON.stringify(path)} that does`
    throw problem(file, at, text)
  }
  if (file.features.fieldPresence === 'LEGACY_REQUIRED')
    throw problem(file, 0, 'LEGACY_REQUIRED field presence cannot be set as the default for a file')
}

/** The ranges and JSON names of a message, and what only message sets must keep to. */
export function checkMessage(file: RawFile, fullName: string, raw: RawMessage, features: Required<FeatureSet>): void {
  const what = `message ${fullName}`
  const reserved = checkOverlap(file, `${what}: reserved`, raw.reservedRanges)
  const extensions = checkOverlap(file, `${what}: extension`, raw.extensionRanges)
  checkBetween(file, what, reserved, extensions)
  if (raw.isMessageSet) checkMessageSet(file, raw)
  checkJsonNames(file, raw, features, false)
  checkJsonNames(file, raw, features, true)
}

/** The ranges of an enum, sorted. */
function checkOverlap(file: RawFile, what: string, ranges: readonly NumberRange[]): NumberRange[] {
  const sorted = [...ranges].sort((a, b) => a.start - b.start || a.end - b.end)
  sorted.forEach((range, i) => {
    const before = sorted[i - 1]
    if (before === undefined || range.start > before.end) return
    const text = `${what} ranges overlap: ${before.start} to ${before.end} and ${range.start} to ${range.end}`
    throw problem(file, range.at, text)
  })
  return sorted
}

/** Goes through two sorted lists side by side. */
function checkBetween(file: RawFile, what: string, reserved: NumberRange[], extensions: NumberRange[]): void {
  for (let i = 0, j = 0; i < reserved.length && j < extensions.length; ) {
    const [r, e] = [reserved[i]!, extensions[j]!]
    if (r.start <= e.end && e.start <= r.end) {
      const text = `${what}: extension range ${e.start} to ${e.end} overlaps reserved range ${r.start} to ${r.end}`
      throw problem(file, r.start >= e.start ? r.at : e.at, text)
    }
    if (r.start < e.start) i++
    else j++
  }
}

function checkMessageSet(file: RawFile, raw: RawMessage): void {
  const refuse = (at: number | undefined, text: string) => {
    throw problem(file, at, `messages with message-set wire format ${text}`)
  }
  if (file.syntax === 'proto3') refuse(raw.at, 'are not allowed with proto3 syntax')
  if (raw.fields.length > 0) refuse(raw.fields[0]!.startAt, 'cannot contain non-extension fields')
  if (raw.extensionRanges.length === 0) refuse(raw.at, 'must contain at least one extension range')
}

/**
 * Two fields may not share a JSON name. Default names are compared even where a field says another; among those, proto2 and
 * messages with `json_format = LEGACY_BEST_EFFORT` may have clashes.
 */
function checkJsonNames(file: RawFile, raw: RawMessage, features: Required<FeatureSet>, withCustom: boolean): void {
  const seen = new Map<string, RawField>()
  for (const field of raw.fields) {
    const custom = withCustom ? field.jsonName : undefined
    const name = custom ?? camelCase(field.name)
    const earlier = seen.get(name)
    if (earlier === undefined) {
      seen.set(name, field)
      continue
    }
    const earlierCustom = withCustom ? earlier.jsonName : undefined
    const isAboutCustom = custom !== undefined || earlierCustom !== undefined
    if (withCustom ? !isAboutCustom : features.jsonFormat !== 'ALLOW') continue
    const kind = (own: string | undefined) => (own === undefined ? 'default' : 'custom')
    const text = `field ${raw.name}.${field.name}: ${kind(custom)} JSON name ${JSON.stringify(name)} conflicts with ${kind(earlierCustom)} JSON name of field ${earlier.name}, defined at ${place(file, earlier.startAt)}`
    throw problem(file, field.startAt, text)
  }
}

/** The values of an enum, beside their numbers and names being different. */
export function checkEnum(file: RawFile, fullName: string, raw: RawEnum, features: Required<FeatureSet>): void {
  checkOverlap(file, `enum ${fullName}: reserved`, raw.reservedRanges)
  const numbers = new Set(raw.values.map((value) => value.number))
  if (raw.allowAlias && numbers.size === raw.values.length)
    throw problem(file, raw.at, `enum ${fullName}: allow_alias is true but no values are aliases`)
  const [first] = raw.values
  if (features.enumType === 'OPEN' && first!.number !== 0)
    throw problem(file, first!.numberAt, `first value of open enum ${fullName} must have numeric value zero`)
  if (features.jsonFormat === 'ALLOW') checkShortNames(file, raw)
}

/** Values may be called without their enum's name in front, which must tell them apart. */
function checkShortNames(file: RawFile, raw: RawEnum): void {
  const seen = new Map<string, RawEnum['values'][number]>()
  for (const value of raw.values) {
    const name = withoutPrefix(value.name, raw.name)
      .split('_')
      .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
      .join('')
    const earlier = seen.get(name)
    if (earlier === undefined || earlier.number === value.number) {
      seen.set(name, value)
      continue
    }
    const text = `enum value ${raw.name}.${value.name}: camel-case name (with optional enum name prefix removed) ${JSON.stringify(name)} conflicts with camel-case name of enum value ${earlier.name}, defined at ${place(file, earlier.at)}`
    throw problem(file, value.at, text)
  }
}

/** `MY_ENUM_A` without `MyEnum` is `A`: underscores and case do not count. What would be empty stays as it is. */
function withoutPrefix(name: string, prefix: string): string {
  const wanted = prefix.replace(/_/g, '').toLowerCase()
  let matched = 0
  for (let i = 0; i < name.length; i++) {
    if (name[i] === '_') continue
    if (matched === wanted.length) return name.slice(i)
    if (name[i]!.toLowerCase() !== wanted[matched]) return name
    matched++
  }
  return name
}

/** What of a field's type matters here. */
interface FieldType {
  isClosedEnum?: boolean
  rawMessage?: RawMessage
}

/** What a field says beside its type. */
export function checkField(file: RawFile, raw: RawField, field: FieldDescriptor, type: FieldType): void {
  const what = `${raw.extendee === undefined ? 'field' : 'extension'} ${field.fullName}`
  if (raw.isPacked === true) {
    if (!field.isRepeated) throw problem(file, raw.startAt, 'packed option is only allowed on repeated fields')
    const isScalar = field.message === undefined && field.kind !== 'string' && field.kind !== 'bytes'
    if (!isScalar) throw problem(file, raw.typeAt, 'packed option is only allowed on numeric, boolean, and enum fields')
  }
  if (type.isClosedEnum === true && !field.isRepeated && !field.hasPresence) {
    const text = `cannot use closed enum ${field.enum!.fullName} in a field with implicit presence`
    throw problem(file, raw.typeAt, text)
  }
  for (const option of raw.options ?? []) {
    if (option.name === 'default') checkDefault(file, option, what, field)
    else checkMeaning(file, option, field)
  }
  if (file.syntax === 'editions') checkFeatures(file, raw, field, type.rawMessage)
}

function checkDefault(file: RawFile, { value, at }: WrittenOption, what: string, field: FieldDescriptor): void {
  if (field.isRepeated) throw problem(file, at, `${what}: default value cannot be set because field is repeated`)
  if (field.message !== undefined)
    throw problem(file, at, `${what}: default value cannot be set because field is a message`)
  if (value.kind === 'symbol')
    throw problem(file, value.offset, `${what}: option default: default value cannot be a message`)
  try {
    scalarText(value, field.enum ?? (field.kind as Exclude<FieldDescriptor['kind'], 'enum' | 'message' | 'group'>))
  } catch (e) {
    if (e instanceof NotOfType) throw problem(file, value.offset, `${what}: option default: ${e.message}`)
    throw e
  }
  if (!field.hasPresence) throw problem(file, at, 'default value is not allowed on fields with implicit presence')
}

/** Options that say nothing about other types. */
function checkMeaning(file: RawFile, { name, at, value }: WrittenOption, field: FieldDescriptor): void {
  const isLazy = (name === 'lazy' || name === 'unverified_lazy') && value.text === 'true'
  if (isLazy && field.kind !== 'message') throw problem(file, at, `${name} option can only be used with message fields`)
  if (name === 'jstype' && value.text !== 'JS_NORMAL' && !field.kind.endsWith('64')) {
    const types = '64-bit integer fields (int64, uint64, sint64, fixed64, and sfixed64)'
    throw problem(file, at, `only ${types} can specify a jstype other than JS_NORMAL`)
  }
}

/** Features that a field itself sets must have a meaning for it. */
function checkFeatures(file: RawFile, raw: RawField, field: FieldDescriptor, message: RawMessage | undefined): void {
  const { fieldPresence, repeatedFieldEncoding, utf8Validation, messageEncoding } = raw.features
  const refuse = (text: string) => {
    throw problem(file, raw.startAt, text)
  }
  const isMap = field.message?.isMapEntry === true
  const isMessage = field.message !== undefined
  if (fieldPresence !== undefined) {
    if (field.oneof !== undefined) refuse('oneof fields may not specify field presence')
    if (field.isRepeated) refuse('repeated fields may not specify field presence')
    if (raw.extendee !== undefined) refuse('extension fields may not specify field presence')
    if (isMessage && fieldPresence === 'IMPLICIT') refuse('message fields may not specify implicit presence')
  }
  if (repeatedFieldEncoding !== undefined) {
    if (!field.isRepeated) refuse('only repeated fields may specify repeated field encoding')
    const canPack = !isMessage && field.kind !== 'string' && field.kind !== 'bytes'
    if (!canPack && repeatedFieldEncoding === 'PACKED')
      refuse('only repeated primitive fields may specify packed encoding')
  }
  if (
    utf8Validation !== undefined &&
    !(isMap ? message!.fields.some((part) => part.kind === 'string') : field.kind === 'string')
  )
    refuse('only string fields may specify UTF8 validation')
  if (messageEncoding !== undefined && (!isMessage || isMap)) refuse('only message fields may specify message encoding')
}

/** An extension beside its number being in a range of the message. */
export function checkExtension(
  file: RawFile,
  raw: RawField,
  field: FieldDescriptor,
  extendee: { message: MessageDescriptor; file: RawFile },
): void {
  if (file.syntax === 'proto3' && !optionMessages.has(extendee.message.fullName))
    throw problem(file, raw.extendeeAt, 'extend blocks in proto3 can only be used to define custom options')
  if (extendee.message.isMessageSet) {
    const text = 'messages with message-set wire format cannot contain'
    if (field.kind !== 'message') throw problem(file, raw.typeAt, `${text} scalar extensions, only messages`)
    if (field.isRepeated) throw problem(file, raw.startAt, `${text} repeated extensions, only optional`)
  }
  if (file.isLite && !extendee.file.isLite) {
    const text = `extensions in a file that uses optimize_for=LITE_RUNTIME may not extend messages in file ${JSON.stringify(extendee.file.name)} which does not`
    throw problem(file, raw.startAt, text)
  }
}
