/**
 * .proto text into a RawFile: protobufjs parses it, and its reflection objects are read into our common form.
 * What those do not hold (places, which words were there) comes from the tokens. It must not look at other files.
 */

import protobuf from 'protobufjs'
import type { FeatureSet, NumberRange, RawEnum, RawField, RawFile, RawMessage, ScalarKind } from './file-descriptor.js'
import { camelCase, emptyFile, emptyMessage, maxFieldNumber, scalarNames } from './file-descriptor.js'
import { type Outline, outlineOf, tokenOfStandIn } from './proto-outline.js'
import { ProtoTokens } from './proto-tokens.js'
import { SchemaError } from './schema-error.js'
import type { SchemaLimits } from './schema-limits.js'

const maxInt32 = 2_147_483_647
const labels: readonly string[] = ['optional', 'required', 'repeated']
/** The features of editions: where each goes, if it matters here, and what it may be. */
const features = new Map<string, readonly [keyof FeatureSet | undefined, ...string[]]>([
  ['field_presence', ['fieldPresence', 'EXPLICIT', 'IMPLICIT', 'LEGACY_REQUIRED']],
  ['repeated_field_encoding', ['repeatedFieldEncoding', 'PACKED', 'EXPANDED']],
  ['utf8_validation', ['utf8Validation', 'VERIFY', 'NONE']],
  ['message_encoding', ['messageEncoding', 'LENGTH_PREFIXED', 'DELIMITED']],
  ['enum_type', [undefined, 'OPEN', 'CLOSED']],
  ['json_format', [undefined, 'ALLOW', 'LEGACY_BEST_EFFORT']],
])

/**
 * Parses one file. The bytes must be UTF-8 and are checked against the limits by size, nesting and fields a message.
 *
 * @throws {SchemaError} with `name:line:column: ` in front
 */
export function parseProto(name: string, bytes: Uint8Array, limits: SchemaLimits): RawFile {
  if (bytes.length > limits.fileBytes) {
    throw new SchemaError(`${name}: the file has ${bytes.length} bytes, more than the limit of ${limits.fileBytes}`)
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SchemaError(`${name}:1:1: the file is not valid UTF-8 text`)
  }
  const tokens = new ProtoTokens(name, text)
  const outline = outlineOf(tokens, limits)
  return new ReflectionReader(tokens, outline, limits).file(parse(tokens, outline))
}

/** The part of the outline before its fault parses without fail, or what fails in it comes first. */
function parse(tokens: ProtoTokens, outline: Outline): protobuf.Root {
  let root: protobuf.Root
  try {
    root = protobuf.parse(outline.text, new protobuf.Root(), { keepCase: true }).root
  } catch (e) {
    const { at, expected, isAtEnd = true } = failureOf(String((e as Error).message), tokens, outline)
    if (outline.fault !== undefined && isAtEnd) throw outline.fault
    if (at !== undefined) throw tokens.unexpected(at, expected)
    throw new SchemaError(`${tokens.fileName}: protobufjs cannot parse the file: ${(e as Error).message}`)
  }
  if (outline.fault !== undefined) throw outline.fault
  return root
}

interface Failure {
  /** The token it is about. */
  at?: number
  expected?: string
  /** True when all lines were fine and it misses more. */
  isAtEnd?: boolean
}

/** What an error of protobufjs is about; nothing when it is none about a token. */
function failureOf(message: string, tokens: ProtoTokens, outline: Outline): Failure {
  const found = /^illegal ([a-z ]+) '(.*?)'(?:, '(.*)' expected)? \(line ([0-9]+)\)$/s.exec(message)
  if (found === null) return {}
  const [, what, word, wanted, lineText] = found
  const lines = outline.text.split('\n')
  const isAtEnd = Number(lineText) >= outline.tokenOfLine.length
  const line = isAtEnd ? outline.tokenOfLine.length - 1 : Number(lineText) - 1
  // It may have looked at the next token before it complains of one.
  const isBefore = !isAtEnd && lines[line] !== word && lines[line - 1] === word
  const at = outline.tokenOfLine[isBefore ? line - 1 : line]!
  const expected = wanted === undefined ? expectedBy(what ?? '', tokens.list[at - 1]?.text) : `'${wanted}'`
  return expected === undefined || (isAtEnd && wanted === undefined) ? { at, isAtEnd } : { at, expected, isAtEnd }
}

/** What stands where protobufjs finds an illegal `what`; `before` is the token in front of it. */
function expectedBy(what: string, before: string | undefined): string | undefined {
  if (what === 'token') return undefined
  if (what === 'id') return 'int literal'
  if (what === 'value' || what === 'integer') return 'option value'
  return what === 'type' && before === '<' ? 'map key type' : 'identifier'
}

type ParsedOptions = readonly Readonly<Record<string, unknown>>[]

/** A message or a file, as far as it holds declarations. */
type Container = Pick<RawMessage, 'messages' | 'enums' | 'extensions'>

class ReflectionReader {
  private readonly out: RawFile

  constructor(
    private readonly tokens: ProtoTokens,
    private readonly outline: Outline,
    private readonly limits: SchemaLimits,
  ) {
    this.out = emptyFile(tokens.fileName)
    this.out.syntax = outline.syntax
    this.out.positionOf = (offset) => tokens.positionOf(offset)
  }

  file(root: protobuf.Root): RawFile {
    const { out, outline } = this
    if (outline.packageAt !== undefined) {
      out.package = this.text(outline.packageAt)
      out.packageAt = this.offset(outline.packageAt)
    }
    for (const { at, isPublic } of outline.imports) {
      out.imports.push({ path: this.text(at), isPublic, at: this.offset(at) })
    }
    out.features = this.features(0, root.parsedOptions)
    this.nested(root, out)
    for (const object of root.nestedArray) if (object instanceof protobuf.Service) this.service(object)
    return out
  }

  // --- tokens ---

  private text(at: number): string {
    return this.tokens.list[at]?.text ?? ''
  }

  private offset(at: number): number {
    return this.tokens.list[at]?.offset ?? 0
  }

  private problem(at: number, message: string): never {
    throw this.tokens.error(this.offset(at), message)
  }

  private integer(at: number, min: number, max: number, what: string): number {
    const text = this.text(at)
    const digits = text.replace(/^-/, '')
    const magnitude = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
    if (this.tokens.list[at]?.kind !== 'int' || text.startsWith('+')) throw this.tokens.unexpected(at, 'int literal')
    return this.inRange(at, text === digits ? magnitude : 0 - magnitude, min, max, what)
  }

  private inRange(at: number, value: number, min: number, max: number, what: string): number {
    if (value < min || value > max)
      this.problem(at, `${what} ${value} is out of range: should be between ${min} and ${max}`)
    return value
  }

  /** The token after `first` that holds the value of an option: the first of that name, and with that value if one is given. */
  private valueAt(first: number, option: string, value?: string): number {
    const { list } = this.tokens
    for (let i = first; i < list.length - 2; i++) {
      const isOption = list[i]!.text === option && list[i]!.kind === 'word'
      const isAssigned = isOption && (list[i + 1]!.text === '=' || list[i + 1]!.text === ':')
      if (isAssigned && (value === undefined || list[i + 2]!.text === value)) return i + 2
    }
    return first
  }

  // --- options ---

  private bool(first: number, option: string, value: unknown): boolean {
    if (typeof value === 'boolean') return value
    this.problem(this.valueAt(first, option), `expecting bool value for ${option} option`)
  }

  /** Checks the features among parsed options, and returns those that matter here. `first` is the token they come after. */
  private features(first: number, parsed: ParsedOptions | undefined): FeatureSet {
    const out: FeatureSet = {}
    for (const { features: found } of parsed ?? []) {
      if (found !== undefined)
        for (const [name, value] of Object.entries(Object(found))) this.feature(first, name, value, out)
    }
    return out
  }

  private feature(first: number, name: string, value: unknown, out: FeatureSet): void {
    const text = String(value)
    const place = () => {
      const wanted = Array.isArray(value) ? undefined : text
      const full = this.valueAt(first, `features.${name}`, wanted)
      return full === first ? this.valueAt(first, name, wanted) : full
    }
    const { syntax } = this.out
    if (syntax !== 'editions')
      this.problem(place(), `option 'features' may only be used with editions but file uses ${syntax} syntax`)
    if (Array.isArray(value)) this.problem(place(), `features.${name} is set more than once`)
    const [key, ...allowed] = features.get(name) ?? [undefined]
    if (allowed.length === 0) {
      if (!name.startsWith('(')) this.problem(place(), `features.${name}: unknown feature`)
    } else if (!allowed.includes(text)) {
      this.problem(place(), `features.${name}: unknown value ${text}`)
    } else if (key !== undefined) Object.assign(out, { [key]: text })
  }

  // --- messages ---

  private nested(from: protobuf.NamespaceBase, out: Container): void {
    const created: RawMessage[] = []
    let last = -1
    for (const object of from.nestedArray) {
      if (object instanceof protobuf.Enum) out.enums.push(this.enumeration(object))
      if (!(object instanceof protobuf.Type)) continue
      const at = tokenOfStandIn(object.name)
      if (this.text(at - 1) === 'extend') {
        this.extend(object, at, out)
        continue
      }
      if (at !== last) created.push({ ...emptyMessage(this.text(at)), at: this.offset(at) })
      last = at
      this.message(object, at, created.at(-1)!)
    }
    for (const message of created) addSyntheticOneofs(message)
    for (const message of created) out.messages.push(message)
    out.messages.sort((a, b) => a.at! - b.at!)
  }

  /** A message, or one piece of it. */
  private message(type: protobuf.Type, at: number, out: RawMessage): void {
    if (type.options?.message_set_wire_format !== undefined)
      out.isMessageSet = this.bool(at, 'message_set_wire_format', type.options.message_set_wire_format)
    if (type.options?.map_entry !== undefined)
      this.problem(this.valueAt(at, 'map_entry'), 'map_entry option should not be set explicitly; use map type instead')
    Object.assign(out.features, this.features(at, type.parsedOptions))
    const oneofs = this.oneofs(type, out)
    for (const field of type.fieldsArray) {
      const oneofIndex = field.partOf === null ? undefined : oneofs.get(field.partOf)
      out.fields.push(this.field(field, oneofIndex === undefined ? {} : { oneofIndex }, out))
    }
    this.nested(type, out)
    const extensionMax = out.isMessageSet ? maxInt32 - 1 : maxFieldNumber
    this.ranges(type.extensions, 'extensions', at, [1, extensionMax], out.extensionRanges)
    this.ranges(type.reserved, 'reserved', at, [1, maxFieldNumber], out.reservedRanges, out.reservedNames)
  }

  private oneofs(type: protobuf.Type, out: RawMessage): Map<protobuf.OneOf, number> {
    const indices = new Map<protobuf.OneOf, number>()
    for (const oneof of type.oneofsArray) {
      // Those of proto3 optional fields begin with an underscore.
      if (!oneof.name.startsWith('T')) continue
      const at = tokenOfStandIn(oneof.name)
      const offset = this.offset(at)
      if (out.oneofs.at(-1)?.at !== offset) out.oneofs.push({ name: this.text(at), features: {}, at: offset })
      indices.set(oneof, out.oneofs.length - 1)
      Object.assign(out.oneofs.at(-1)!.features, this.features(at, oneof.parsedOptions))
    }
    return indices
  }

  private extend(type: protobuf.Type, at: number, out: Container): void {
    const extendee = this.text(at)
    for (const field of type.fieldsArray) out.extensions.push(this.field(field, { extendee }, out))
    if (out.extensions.length > this.limits.fieldsPerMessage) {
      this.problem(at, `more than ${this.limits.fieldsPerMessage} extensions in one scope, the limit`)
    }
    this.nested(type, out)
  }

  // --- fields ---

  private field(from: protobuf.Field, within: Pick<RawField, 'oneofIndex' | 'extendee'>, out: Container): RawField {
    const at = tokenOfStandIn(from.name)
    const isMap = from instanceof protobuf.MapField
    // `map < K , V > name`, `group Name` and `type name`
    const typeAt = isMap ? at - 6 : at - 1
    const label = isMap ? '' : this.text(typeAt - 1)
    const isLabelled = within.oneofIndex === undefined && labels.includes(label)
    const name = this.text(at)
    const isGroup = this.text(typeAt) === 'group' && from.type.startsWith('G')
    const field: RawField = {
      name: isGroup ? name.toLowerCase() : name,
      number: 0,
      label: isMap ? 'repeated' : isLabelled ? (label as RawField['label']) : 'optional',
      isLabelled,
      kind: isMap ? 'message' : isGroup ? 'group' : undefined,
      isProto3Optional: this.out.syntax === 'proto3' && isLabelled && label === 'optional',
      features: this.features(at, from.parsedOptions),
      at: this.offset(at),
      typeAt: this.offset(typeAt),
      numberAt: this.offset(at + 2),
      ...within,
    }
    if (isMap) field.typeName = this.mapEntry(from, at, out)
    else if (isGroup) field.typeName = name
    else if (scalarNames.has(this.text(typeAt))) field.kind = this.text(typeAt) as ScalarKind
    else field.typeName = this.text(typeAt)
    this.fieldNumber(field, at + 2)
    this.fieldOptions(field, at + 2, from.options ?? {})
    this.checkLabel(field, isLabelled ? typeAt - 1 : typeAt)
    return field
  }

  private fieldNumber(field: RawField, at: number): void {
    // Extensions of message sets go further; the linker compares with the ranges of the message.
    field.number = this.integer(at, 1, field.extendee === undefined ? maxFieldNumber : maxInt32 - 1, 'tag number')
    if (field.number >= 19000 && field.number <= 19999) {
      this.problem(at, `tag number ${field.number} is in disallowed reserved range 19000-19999`)
    }
  }

  private fieldOptions(field: RawField, at: number, options: Readonly<Record<string, unknown>>): void {
    if (options.packed !== undefined) {
      if (this.out.syntax === 'editions') {
        this.problem(
          this.valueAt(at, 'packed'),
          'packed option is not allowed in editions; use option features.repeated_field_encoding instead',
        )
      }
      field.isPacked = this.bool(at, 'packed', options.packed)
    }
    if (options.json_name !== undefined) field.jsonName = this.jsonName(field, this.valueAt(at, 'json_name'))
    if (options.default === undefined) return
    const valueAt = this.valueAt(at, 'default')
    if (this.out.syntax === 'proto3') this.problem(valueAt, 'default values are not allowed in proto3')
    field.defaultText = this.text(valueAt)
  }

  private jsonName(field: RawField, at: number): string {
    const text = this.text(at)
    if (this.tokens.list[at]?.kind !== 'string') this.problem(at, 'expecting string value for json_name option')
    if (field.extendee !== undefined) this.problem(at, 'option json_name is not allowed on extensions')
    if (/^\[.*\]$/.test(text)) {
      this.problem(
        at,
        "option json_name value cannot start with '[' and end with ']'; that is reserved for representing extensions",
      )
    }
    if (text.includes('\0')) this.problem(at, 'option json_name value cannot contain a null character')
    return text
  }

  private checkLabel(field: RawField, first: number): void {
    const { syntax } = this.out
    if (field.label === 'required' && syntax !== 'proto2') {
      this.problem(first, "label 'required' is not allowed in proto3 or editions")
    }
    if (field.label === 'optional' && field.isLabelled && syntax === 'editions') {
      this.problem(first, "label 'optional' is not allowed in editions; use option features.field_presence instead")
    }
    if (field.label === 'required' && field.extendee !== undefined) {
      this.problem(first, "extension fields cannot be 'required'")
    }
    if (field.isPacked === true && (field.label !== 'repeated' || field.kind === 'string' || field.kind === 'bytes')) {
      this.problem(first, 'packed option is only allowed on repeated fields of numbers, bools and enums')
    }
  }

  /** Adds the message that each entry of a map is, and returns its name. */
  private mapEntry(map: protobuf.MapField, at: number, out: Container): string {
    const entry = emptyMessage(`${camelCase(`_${this.text(at)}`)}Entry`)
    entry.isMapEntry = true
    entry.at = this.offset(at)
    const part = (name: string, number: number, type: string): RawField => ({
      name,
      number,
      label: 'optional',
      isLabelled: true,
      ...(scalarNames.has(type) ? { kind: type as ScalarKind } : { kind: undefined, typeName: type }),
      isProto3Optional: false,
      features: {},
      at: this.offset(at),
      typeAt: this.offset(at - 2),
    })
    entry.fields.push(part('key', 1, map.keyType), part('value', 2, map.type))
    out.messages.push(entry)
    return entry.name
  }

  // --- ranges ---

  private ranges(
    from: readonly (string | number[])[] | undefined,
    keyword: string,
    at: number,
    [min, max]: readonly [number, number],
    into: NumberRange[],
    names: string[] = [],
  ): void {
    const before = into.length + names.length
    from?.forEach((item, i) => {
      if (typeof item === 'string') {
        names.push(this.text(Number(item.replace('T', ''))))
        return
      }
      const place = () => this.rangePlaces(at, keyword)[before + i] ?? at
      const [start = 0, parsedEnd = 0] = item
      // protobufjs knows one `max` only.
      const end = parsedEnd === maxFieldNumber ? max : parsedEnd
      if (start < min || start > max) this.inRange(place(), start, min, max, 'range start')
      if (end < min || end > max) this.inRange(place() + 2, end, min, max, 'range end')
      if (end < start) this.problem(place(), `range, ${start} to ${end}, is invalid: start must be <= end`)
      const other = into.find((range) => start <= range.end && range.start <= end)
      if (other !== undefined) {
        this.problem(place(), `ranges overlap: ${other.start} to ${other.end} and ${start} to ${end}`)
      }
      into.push({ start, end })
    })
  }

  /** The tokens of all that the statements of a keyword list in the block after `first`, in their order. */
  private rangePlaces(first: number, keyword: string): number[] {
    const { list } = this.tokens
    const places: number[] = []
    let depth = 0
    let isInside = false
    for (let i = first; i < list.length; i++) {
      const text = list[i]!.kind === 'string' ? '' : list[i]!.text
      if (text === '{') depth++
      if (text === '}' && --depth === 0) break
      if (depth === 1 && /^[;{}]$/.test(list[i - 1]!.text)) isInside = text === keyword
      else if (isInside && (text === ';' || text === '[')) isInside = false
      if (isInside && (text === keyword || text === ',')) places.push(i + 1)
    }
    return places
  }

  // --- enums and services ---

  private enumeration(from: protobuf.Enum): RawEnum {
    const at = tokenOfStandIn(from.name)
    const out: RawEnum = {
      name: this.text(at),
      values: [],
      allowAlias: false,
      reservedRanges: [],
      reservedNames: [],
      at: this.offset(at),
    }
    if (from.options?.allow_alias !== undefined) out.allowAlias = this.bool(at, 'allow_alias', from.options.allow_alias)
    this.features(at, from.parsedOptions)
    this.ranges(from.reserved, 'reserved', at, [-maxInt32 - 1, maxInt32], out.reservedRanges, out.reservedNames)
    for (const standIn of Object.keys(from.values)) {
      const valueAt = tokenOfStandIn(standIn)
      const options = from.valuesOptions?.[standIn]
      if (options !== undefined) this.features(valueAt, [options])
      const number = this.integer(valueAt + 2, -maxInt32 - 1, maxInt32, 'value')
      out.values.push({ name: this.text(valueAt), number, at: this.offset(valueAt) })
    }
    return out
  }

  private service(from: protobuf.Service): void {
    const at = tokenOfStandIn(from.name)
    this.features(at, from.parsedOptions)
    const methods = from.methodsArray.map((method) => {
      const nameAt = tokenOfStandIn(method.name)
      this.features(nameAt, method.parsedOptions)
      // `name ( stream Input ) returns ( stream Output )`, each `stream` as the case may be
      const inputAt = nameAt + (method.requestStream ? 3 : 2)
      const outputAt = inputAt + (method.responseStream ? 5 : 4)
      return {
        name: this.text(nameAt),
        input: this.text(inputAt),
        output: this.text(outputAt),
        isClientStream: method.requestStream === true,
        isServerStream: method.responseStream === true,
        at: this.offset(nameAt),
        inputAt: this.offset(inputAt),
        outputAt: this.offset(outputAt),
      }
    })
    this.out.services.push({ name: this.text(at), methods, at: this.offset(at) })
  }
}

/** Gives each proto3 `optional` field the oneof of its own that protoc gives it, after the declared ones. */
function addSyntheticOneofs(message: RawMessage): void {
  const taken = new Set([...message.fields.map((f) => f.name), ...message.oneofs.map((o) => o.name)])
  for (const field of message.fields) {
    if (!field.isProto3Optional) continue
    let name = field.name.startsWith('_') ? `X${field.name}` : `_${field.name}`
    while (taken.has(name)) name = `X${name}`
    taken.add(name)
    field.oneofIndex =
      message.oneofs.push({ name, features: {}, ...(field.at === undefined ? {} : { at: field.at }) }) - 1
  }
}
