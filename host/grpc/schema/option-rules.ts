/**
 * Whether the options of a text are there and may have the values that it gives them. Their values play no part here, but a
 * mistake in them must be told, as k6 does. It must not know how names are looked up.
 */

import type { EnumDescriptor, ExtensionDescriptor, FieldDescriptor, MessageDescriptor } from './descriptors.js'
import type {
  OptionNamePart,
  OptionValue,
  RawEnum,
  RawFile,
  RawMessage,
  ScalarKind,
  WrittenOption,
} from './file-descriptor.js'
import { problem } from './file-problem.js'
import { NotOfType, scalarText } from './option-scalar.js'

/** What option names are looked up in. */
export interface OptionNames {
  /** The message of google.protobuf that holds the options of an element: `FieldOptions`. */
  message(name: string): MessageDescriptor
  /** A message by its full name, as google.protobuf.Any names it. */
  type(fullName: string): MessageDescriptor | undefined
  /** An extension seen from a scope; the string is what is wrong. */
  extension(name: string, scope: string): ExtensionDescriptor | string
}

/** Those that a compiler takes for itself. */
const pseudoOptions = new Set(['default', 'json_name'])

/**
 * Checks all options of a file.
 *
 * @throws {SchemaError} for the first that is wrong
 */
export function checkOptions(file: RawFile, names: OptionNames): void {
  new OptionChecker(file, names).check()
}

class OptionChecker {
  /** What is being checked: `field p.M.a`, empty for the file. */
  private element = ''
  private scope = ''
  /** The options of the element that are set, by path; true for those that are set as a whole. */
  private set = new Map<string, boolean>()
  /** The numbers of the fields that their oneofs have, by path. */
  private oneofs = new Map<string, number>()

  constructor(
    private readonly file: RawFile,
    private readonly names: OptionNames,
  ) {}

  check(): void {
    const { file } = this
    this.options('File', '', file.package, file.options)
    for (const message of file.messages) this.message(message, file.package)
    for (const anEnum of file.enums) this.enum(anEnum, file.package)
    for (const field of file.extensions)
      this.options('Field', 'extension', join(file.package, field.name), field.options)
    for (const service of file.services) {
      const fullName = join(file.package, service.name)
      this.options('Service', 'service', fullName, service.options)
      for (const method of service.methods)
        this.options('Method', 'method', join(fullName, method.name), method.options)
    }
  }

  private message(raw: RawMessage, scope: string): void {
    const fullName = join(scope, raw.name)
    this.options('Message', 'message', fullName, raw.options)
    for (const field of raw.fields) this.options('Field', 'field', join(fullName, field.name), field.options)
    for (const oneof of raw.oneofs) this.options('Oneof', 'oneof', join(fullName, oneof.name), oneof.options)
    for (const options of raw.rangeOptions ?? []) this.options('ExtensionRange', 'extension range', fullName, options)
    for (const field of raw.extensions) this.options('Field', 'extension', join(fullName, field.name), field.options)
    for (const anEnum of raw.enums) this.enum(anEnum, fullName)
    for (const nested of raw.messages) this.message(nested, fullName)
  }

  private enum(raw: RawEnum, scope: string): void {
    this.options('Enum', 'enum', join(scope, raw.name), raw.options)
    for (const value of raw.values) this.options('EnumValue', 'enum value', join(scope, value.name), value.options)
  }

  private options(
    element: string,
    kind: string,
    fullName: string,
    options: readonly WrittenOption[] | undefined,
  ): void {
    if (options === undefined) return
    this.element = kind === '' ? '' : `${kind} ${fullName}: `
    this.scope = fullName
    this.set = new Map()
    this.oneofs = new Map()
    const message = this.names.message(`${element}Options`)
    for (const option of options)
      if (element !== 'Field' || !pseudoOptions.has(option.name)) this.option(option, message)
  }

  private refuse(offset: number, option: WrittenOption, text: string): never {
    throw problem(this.file, offset, `${this.element}option ${option.name}: ${text}`)
  }

  private option(option: WrittenOption, optionsMessage: MessageDescriptor): void {
    let message = optionsMessage
    let path = ''
    option.parts.forEach((part, i) => {
      const isLast = i === option.parts.length - 1
      const field = this.namedField(option, part, message)
      path += `/${field.number}`
      const isOneMessage = field.message !== undefined && !field.isRepeated
      if (!isLast && !isOneMessage) {
        const next = option.parts[i + 1]!
        const why = field.isRepeated ? 'is repeated (must use an aggregate)' : 'is not a message'
        this.refuse(next.offset, option, `cannot set field ${next.name} because ${part.name} ${why}`)
      }
      if (!field.isRepeated && (isLast ? this.set.has(path) : this.set.get(path) === true))
        this.refuse(part.offset, option, `non-repeated option field ${part.name} already set`)
      this.checkOneof(option, field, path, part.offset)
      this.set.set(path, isLast)
      if (isLast) this.value(option, field, option.value, false)
      else message = field.message!
    })
  }

  /** `path` is that of the field, with the fields around it. */
  private checkOneof(option: WrittenOption, field: FieldDescriptor, path: string, offset: number): void {
    if (field.oneof === undefined) return
    const key = `${path.slice(0, path.lastIndexOf('/'))}/${field.oneof.fullName}`
    const earlier = this.oneofs.get(key) ?? field.number
    if (earlier !== field.number)
      this.refuse(offset, option, `oneof ${JSON.stringify(field.oneof.fullName)} already has another field set`)
    this.oneofs.set(key, field.number)
  }

  private namedField(option: WrittenOption, part: OptionNamePart, message: MessageDescriptor): FieldDescriptor {
    if (part.isExtension) return this.extension(option, part.name, this.scope, part.offset, message)
    if (part.name === 'uninterpreted_option' && option.parts.length === 1)
      this.refuse(part.offset, option, "invalid option 'uninterpreted_option'")
    const field = fieldsOf(message).get(part.name)
    if (field !== undefined) return field
    this.refuse(part.offset, option, `field ${part.name} of ${message.fullName} does not exist`)
  }

  private extension(
    option: WrittenOption,
    name: string,
    scope: string,
    offset: number,
    message: MessageDescriptor,
  ): ExtensionDescriptor {
    const found = this.names.extension(name, scope)
    if (typeof found === 'string') this.refuse(offset, option, found)
    if (found.extendee.fullName === message.fullName) return found
    const text = `extension ${found.fullName} should extend ${message.fullName} but instead extends ${found.extendee.fullName}`
    this.refuse(offset, option, text)
  }

  private value(option: WrittenOption, field: FieldDescriptor, value: OptionValue, isInLiteral: boolean): void {
    if (value.items !== undefined) {
      if (!field.isRepeated) this.refuse(value.offset, option, 'value is an array but field is not repeated')
      for (const item of value.items) this.value(option, field, item, true)
    } else if (field.message !== undefined) {
      if (value.fields === undefined) this.refuse(value.offset, option, 'expecting message, got a scalar')
      this.literal(option, field.message, value.fields)
    } else this.scalar(option, field.enum ?? (field.kind as ScalarKind), value, isInLiteral)
  }

  private scalar(
    option: WrittenOption,
    kind: ScalarKind | EnumDescriptor,
    value: OptionValue,
    isInLiteral: boolean,
  ): void {
    try {
      scalarText(
        isInLiteral ? plain(value, kind) : value,
        typeof kind === 'object' && isInLiteral && value.kind === 'int' ? 'int32' : kind,
      )
    } catch (e) {
      if (e instanceof NotOfType) this.refuse(value.offset, option, e.message)
      throw e
    }
  }

  private literal(option: WrittenOption, message: MessageDescriptor, fields: NonNullable<OptionValue['fields']>): void {
    const seen = new Set<number>()
    const oneofs = new Map<string, number>()
    for (const { name, isExtension, offset, value } of fields) {
      if (name.includes('/')) {
        this.any(option, message, fields)
        continue
      }
      const field = isExtension
        ? this.extension(option, name, this.file.package, offset, message)
        : fieldsOf(message).get(name)
      if (field === undefined) this.refuse(offset, option, `field ${name} not found`)
      if (seen.has(field.number) && !field.isRepeated)
        this.refuse(offset, option, `non-repeated option field ${name} already set`)
      seen.add(field.number)
      if (field.oneof !== undefined) {
        const other = oneofs.get(field.oneof.fullName)
        if (other !== undefined && other !== field.number)
          this.refuse(offset, option, `oneof ${JSON.stringify(field.oneof.fullName)} already has another field set`)
        oneofs.set(field.oneof.fullName, field.number)
      }
      this.value(option, field, value, true)
    }
  }

  /** `[type.googleapis.com/p.M] { … }` */
  private any(option: WrittenOption, message: MessageDescriptor, fields: NonNullable<OptionValue['fields']>): void {
    const { name, offset, value } = fields[0]!
    if (message.fullName !== 'google.protobuf.Any')
      this.refuse(
        offset,
        option,
        `type references are only allowed for google.protobuf.Any, but this type is ${message.fullName}`,
      )
    if (fields.length > 1)
      this.refuse(offset, option, 'any type references cannot be repeated or mixed with other fields')
    const [, domain, typeName] = /^(.*)\/(.*)$/.exec(name)!
    const isKnown = domain === 'type.googleapis.com' || domain === 'type.googleprod.com'
    const type = isKnown ? this.names.type(typeName!) : undefined
    if (type === undefined) this.refuse(offset, option, `could not resolve type reference ${name}`)
    if (value.fields === undefined)
      this.refuse(value.offset, option, 'type references for google.protobuf.Any must have message literal value')
    this.literal(option, type, value.fields)
  }
}

/** Text format has more ways to write bools and infinite numbers. */
function plain(value: OptionValue, kind: ScalarKind | EnumDescriptor): OptionValue {
  if (value.kind !== 'word') return value
  const { text } = value
  if (kind === 'bool')
    return { ...value, text: /^(t|True)$/.test(text) ? 'true' : /^(f|False)$/.test(text) ? 'false' : text }
  if (kind !== 'float' && kind !== 'double') return value
  return { ...value, text: text.toLowerCase().replace('infinity', 'inf') }
}

const fieldsByName = new WeakMap<MessageDescriptor, ReadonlyMap<string, FieldDescriptor>>()

/** The fields of a message by name; groups also by that of their message. */
function fieldsOf(message: MessageDescriptor): ReadonlyMap<string, FieldDescriptor> {
  const known = fieldsByName.get(message)
  if (known !== undefined) return known
  const made = new Map<string, FieldDescriptor>()
  for (const field of message.fields) for (const name of [field.textName, field.name]) made.set(name, field)
  fieldsByName.set(message, made)
  return made
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}
