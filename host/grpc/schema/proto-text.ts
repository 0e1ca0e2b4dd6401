/**
 * .proto text into a RawFile: protobufjs parses it, and its reflection objects are read into our common form.
 * What those do not hold (places, which words were there) comes from the tokens. It must not look at other files.
 */

import protobuf from 'protobufjs'
import { ElementOptions } from './element-options.js'
import type { FeatureSet, NumberRange, RawEnum, RawField, RawFile, RawMessage, ScalarKind } from './file-descriptor.js'
import { camelCase, emptyFile, emptyMessage, maxFieldNumber, scalarNames } from './file-descriptor.js'
import { type Outline, outlineOf, tokenOfStandIn } from './proto-outline.js'
import { ProtoTokens, type Token } from './proto-tokens.js'
import { SchemaError } from './schema-error.js'
import type { SchemaLimits } from './schema-limits.js'

const maxInt32 = 2_147_483_647
const labels: readonly string[] = ['optional', 'required', 'repeated']
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

/** A message or a file, as far as it holds declarations. */
type Container = Pick<RawMessage, 'messages' | 'enums' | 'extensions'>

class ReflectionReader {
  private readonly out: RawFile
  private readonly list: readonly Token[]
  private readonly options: ElementOptions

  constructor(
    private readonly tokens: ProtoTokens,
    private readonly outline: Outline,
    private readonly limits: SchemaLimits,
  ) {
    this.list = tokens.list
    this.options = new ElementOptions(tokens, outline)
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
    out.features = this.options.features(0)
    const optimizeFor = this.options.get(0, 'optimize_for')
    out.isLite = optimizeFor?.value.text === 'LITE_RUNTIME'
    Object.assign(out, this.options.of(0))
    this.nested(root, out)
    for (const object of root.nestedArray) if (object instanceof protobuf.Service) this.service(object)
    return out
  }

  // --- tokens ---

  private text(at: number): string {
    return this.list[at]?.text ?? ''
  }

  private offset(at: number): number {
    return this.list[at]?.offset ?? 0
  }

  private problem(at: number, message: string): never {
    throw this.tokens.error(this.offset(at), message)
  }

  private integer(at: number, min: number, max: number, what: string): number {
    const text = this.text(at)
    const digits = text.replace(/^-/, '')
    const magnitude = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
    if (this.list[at]?.kind !== 'int' || text.startsWith('+')) throw this.tokens.unexpected(at, 'int literal')
    return this.inRange(at, text === digits ? magnitude : 0 - magnitude, min, max, what)
  }

  private inRange(at: number, value: number, min: number, max: number, what: string): number {
    if (value < min || value > max)
      this.problem(at, `${what} ${value} is out of range: should be between ${min} and ${max}`)
    return value
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
    const owner = this.text(at - 1) === 'group' ? at + 1 : at
    out.isMessageSet = this.options.bool(owner, 'message_set_wire_format') === true
    const mapEntry = this.options.get(owner, 'map_entry')
    if (mapEntry !== undefined) {
      const text = 'map_entry option should not be set explicitly; use map type instead'
      throw this.tokens.error(mapEntry.at, text)
    }
    out.features = this.options.features(owner)
    Object.assign(out, this.options.of(owner))
    const rangeOptions = this.outline.rangeOptions.get(at)
    if (rangeOptions !== undefined) out.rangeOptions = rangeOptions
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
      out.oneofs.at(-1)!.features = this.options.features(at)
      Object.assign(out.oneofs.at(-1)!, this.options.of(at))
    }
    return indices
  }

  private extend(type: protobuf.Type, at: number, out: Container): void {
    const extendee = this.text(at)
    const within = { extendee, extendeeAt: this.offset(at) }
    for (const field of type.fieldsArray) out.extensions.push(this.field(field, within, out))
    if (out.extensions.length > this.limits.fieldsPerMessage) {
      this.problem(at, `more than ${this.limits.fieldsPerMessage} extensions in one scope, the limit`)
    }
    this.nested(type, out)
  }

  // --- fields ---

  private field(
    from: protobuf.Field,
    within: Pick<RawField, 'oneofIndex' | 'extendee' | 'extendeeAt'>,
    out: Container,
  ): RawField {
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
      features: this.options.features(at),
      ...this.options.of(at),
      at: this.offset(at),
      startAt: this.offset(isLabelled ? typeAt - 1 : typeAt),
      typeAt: this.offset(typeAt),
      numberAt: this.offset(at + 2),
      ...within,
    }
    if (isMap) field.typeName = this.mapEntry(from, at, field.features, out)
    else if (isGroup) field.typeName = name
    else if (scalarNames.has(this.text(typeAt))) field.kind = this.text(typeAt) as ScalarKind
    else field.typeName = this.text(typeAt)
    this.fieldNumber(field, at + 2)
    this.fieldOptions(field, at)
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

  private fieldOptions(field: RawField, owner: number): void {
    const isPacked = this.options.bool(owner, 'packed')
    if (isPacked !== undefined) {
      if (this.out.syntax === 'editions') {
        const text = 'packed option is not allowed in editions; use option features.repeated_field_encoding instead'
        throw this.tokens.error(this.options.get(owner, 'packed')!.at, text)
      }
      field.isPacked = isPacked
    }
    const jsonName = this.options.jsonName(owner, field.extendee !== undefined)
    if (jsonName !== undefined) field.jsonName = jsonName
    const value = this.options.get(owner, 'default')
    if (value === undefined) return
    if (this.out.syntax === 'proto3') throw this.tokens.error(value.at, 'default values are not allowed in proto3')
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
  }

  /** Adds the message that each entry of a map is, and returns its name. */
  private mapEntry(map: protobuf.MapField, at: number, features: FeatureSet, out: Container): string {
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
      features,
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
    if (from === undefined) return
    const places = this.rangePlaces(at, keyword)
    const before = into.length + names.length
    from.forEach((item, i) => {
      const place = places[before + i] ?? at
      if (typeof item === 'string') {
        this.reservedName(place, names)
        return
      }
      const [start = 0, parsedEnd = 0] = item
      // protobufjs knows one `max` only.
      const end = parsedEnd === maxFieldNumber ? max : parsedEnd
      if (start < min || start > max) this.inRange(place, start, min, max, 'range start')
      if (end < min || end > max) this.inRange(place + 2, end, min, max, 'range end')
      if (end < start) this.problem(place, `range, ${start} to ${end}, is invalid: start must be <= end`)
      into.push({ start, end, at: this.offset(place) })
    })
  }

  private reservedName(at: number, names: string[]): void {
    const name = this.text(at)
    if (!/^[A-Za-z_]\w*$/.test(name))
      this.problem(at, `reserved name ${JSON.stringify(name)} is not a valid identifier`)
    if (names.includes(name)) this.problem(at, `name ${JSON.stringify(name)} is already reserved`)
    names.push(name)
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
      features: this.options.features(at),
      ...this.options.of(at),
      at: this.offset(at),
    }
    out.allowAlias = this.options.bool(at, 'allow_alias') === true
    this.ranges(from.reserved, 'reserved', at, [-maxInt32 - 1, maxInt32], out.reservedRanges, out.reservedNames)
    for (const standIn of Object.keys(from.values)) {
      const valueAt = tokenOfStandIn(standIn)
      this.options.features(valueAt)
      const number = this.integer(valueAt + 2, -maxInt32 - 1, maxInt32, 'value')
      out.values.push({
        name: this.text(valueAt),
        number,
        at: this.offset(valueAt),
        numberAt: this.offset(valueAt + 2),
        ...this.options.of(valueAt),
      })
    }
    return out
  }

  private service(from: protobuf.Service): void {
    const at = tokenOfStandIn(from.name)
    this.options.features(at)
    const methods = from.methodsArray.map((method) => {
      const nameAt = tokenOfStandIn(method.name)
      this.options.features(nameAt)
      // `name ( stream Input ) returns ( stream Output )`, each `stream` as the case may be
      const inputAt = nameAt + (method.requestStream ? 3 : 2)
      const outputAt = inputAt + (method.responseStream ? 5 : 4)
      return {
        name: this.text(nameAt),
        input: this.text(inputAt),
        output: this.text(outputAt),
        isClientStream: method.requestStream === true,
        isServerStream: method.responseStream === true,
        ...this.options.of(nameAt),
        at: this.offset(nameAt),
        inputAt: this.offset(inputAt),
        outputAt: this.offset(outputAt),
      }
    })
    this.out.services.push({ name: this.text(at), methods, ...this.options.of(at), at: this.offset(at) })
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
