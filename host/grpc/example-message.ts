/**
 * A message of a given type with something in every field, for checks that call no server: JSON with plausible values.
 * Bounded whatever the schema: recursion is followed once, and nothing goes deeper or gets longer than people would read.
 */
import type { FieldDescriptor, MessageDescriptor } from './schema/descriptors.js'

const mostDepth = 12
const mostFields = 5000
/** Required fields go deeper than others, for a message without them cannot be written. */
const mostRequiredDepth = 100
/** How often a type may stand inside itself. */
const mostRecursion = 2

/** JSON of the well-known types that have a form of their own. */
const wellKnown = new Map<string, string>([
  ['google.protobuf.Any', '{}'],
  ['google.protobuf.Timestamp', '"2026-01-02T03:04:05Z"'],
  ['google.protobuf.Duration', '"1s"'],
  ['google.protobuf.FieldMask', '"name"'],
  ['google.protobuf.Struct', '{"name":"value"}'],
  ['google.protobuf.Value', '"value"'],
  ['google.protobuf.ListValue', '["value"]'],
  ['google.protobuf.StringValue', '"value"'],
  ['google.protobuf.BytesValue', '"dmFsdWU="'],
  ['google.protobuf.BoolValue', 'true'],
  ...['Double', 'Float', 'Int32', 'UInt32', 'Int64', 'UInt64'].map(
    (kind) => [`google.protobuf.${kind}Value`, '1'] as const,
  ),
])

/** True for a type whose JSON is not an object of its fields, or has keys of its own. */
export const hasFreeForm = (descriptor: MessageDescriptor): boolean => wellKnown.has(descriptor.fullName)

/** JSON of an example, with the first member of each oneof; undefined for a type whose required fields never end, or go on and on. */
export function exampleJson(descriptor: MessageDescriptor): string | undefined {
  try {
    return new Example().message(descriptor)
  } catch (e) {
    if (e !== endless) throw e
    return undefined
  }
}

/** Thrown where required fields leave no end in sight. Each of them may ask for several more. */
const endless = new Error('the required fields of a message do not end')

class Example {
  #fields = 0
  readonly #open: MessageDescriptor[] = []

  message(descriptor: MessageDescriptor): string {
    const special = wellKnown.get(descriptor.fullName)
    if (special !== undefined) return special
    this.#open.push(descriptor)
    const members: string[] = []
    const oneofs = new Set<object>()
    for (const field of descriptor.fields) {
      if (!field.isRequired && !this.#hasRoomFor(field)) continue
      if (field.oneof !== undefined) {
        if (oneofs.has(field.oneof)) continue
        oneofs.add(field.oneof)
      }
      if (this.#fields >= mostFields || this.#open.length > mostRequiredDepth) throw endless
      this.#fields++
      members.push(`${JSON.stringify(field.jsonName)}:${this.#field(field)}`)
    }
    this.#open.pop()
    return `{${members.join(',')}}`
  }

  #hasRoomFor({ message }: FieldDescriptor): boolean {
    if (this.#fields >= mostFields) return false
    if (message === undefined) return true
    const inside = message.isMapEntry ? message.fields[1]?.message : message
    return this.#open.length < mostDepth && this.#open.filter((open) => open === inside).length < mostRecursion
  }

  #field(field: FieldDescriptor): string {
    if (field.message?.isMapEntry) {
      const [key, value] = field.message.fields as [FieldDescriptor, FieldDescriptor]
      const name = key.kind === 'string' ? 'key' : key.kind === 'bool' ? 'true' : '1'
      return `{"${name}":${this.#value(value, field.jsonName)}}`
    }
    const value = this.#value(field, field.jsonName)
    return field.isRepeated ? `[${value}]` : value
  }

  /** A text is the name of its field: whoever finds it in a log knows where it came from. */
  #value(field: FieldDescriptor, name: string): string {
    switch (field.kind) {
      case 'message':
      case 'group':
        return this.message(field.message!)
      case 'enum':
        return enumValue(field)
      case 'string':
        return JSON.stringify(name)
      case 'bytes':
        return JSON.stringify(Buffer.from(name).toString('base64'))
      case 'bool':
        return 'true'
      case 'double':
      case 'float':
        return '1.5'
    }
    return '1'
  }
}

/** The first value that is not zero, as zero mostly says that there is none. */
function enumValue({ enum: type }: FieldDescriptor): string {
  if (type === undefined || type.fullName === 'google.protobuf.NullValue') return 'null'
  for (const number of type.numberByName.values()) if (number !== 0) return String(number)
  return '0'
}
