/**
 * RawFiles into linked descriptors: names are resolved as protoc resolves them, features become facts, duplicates are refused.
 * It must not know where files came from. Work is linear in the size of the files.
 */

import type {
  ExtensionDescriptor,
  FieldDescriptor,
  LinkedFile,
  LinkedMethod,
  MessageDescriptor,
  OneofDescriptor,
  ServiceDescriptor,
} from './descriptors.js'
import type { FeatureSet, NumberRange, RawField, RawFile, RawMessage, RawService } from './file-descriptor.js'
import { camelCase } from './file-descriptor.js'
import { place, problem } from './file-problem.js'
import { checkOptions } from './option-rules.js'
import { SchemaError } from './schema-error.js'
import { type DeclaredSymbol, featuresOf, join, prefixes, SymbolTable } from './symbol-table.js'
import * as textRules from './text-rules.js'

/**
 * Links files that form a closed set: each import of each file is among them, and imports stand before their importers.
 * For files from text, `descriptorMessages` are the messages of google/protobuf/descriptor.proto, which their options are
 * checked with unless the set has its own.
 *
 * @throws {SchemaError} for unknown types, duplicate names and numbers, and what else protoc refuses
 */
export function linkFiles(
  files: readonly RawFile[],
  descriptorMessages?: () => readonly MessageDescriptor[],
): LinkedFile[] {
  const symbols = new SymbolTable(files)
  const linkers = files.map((file) => new FileLinker(file, symbols))
  const linked = linkers.map((linker) => linker.link())
  if (descriptorMessages !== undefined) for (const linker of linkers) linker.checkOptions(descriptorMessages)
  return linked
}

/** Resolves one file against the symbols of all. */
class FileLinker {
  private readonly messages: MessageDescriptor[] = []
  private readonly extensions: ExtensionDescriptor[] = []
  private readonly visible: ReadonlySet<RawFile>
  private readonly visiblePackages = new Set<string>()
  private readonly isText: boolean

  constructor(
    private readonly file: RawFile,
    private readonly symbols: SymbolTable,
  ) {
    this.isText = file.positionOf !== undefined
    this.visible = symbols.visibleFiles(file)
    for (const { package: name } of this.visible) for (const prefix of prefixes(name)) this.visiblePackages.add(prefix)
  }

  link(): LinkedFile {
    const { file } = this
    const features = featuresOf(file)
    for (const message of file.messages) this.message(join(file.package, message.name), message, features)
    for (const extension of file.extensions) this.extension(extension, file.package, features)
    const services = file.services.map((service) => this.service(service))
    return { name: file.name, services, messages: this.messages, extensions: this.extensions }
  }

  private message(fullName: string, raw: RawMessage, parentFeatures: Required<FeatureSet>): void {
    const descriptor = this.symbols.get(fullName)!.message!
    this.messages.push(descriptor)
    const features = { ...parentFeatures, ...raw.features }
    this.checkMessage(fullName, raw)
    if (this.isText) textRules.checkMessage(this.file, fullName, raw, features)
    const oneofs = this.oneofs(fullName, raw)
    raw.fields.forEach((field, index) => {
      const oneofFeatures = field.oneofIndex === undefined ? undefined : raw.oneofs[field.oneofIndex]?.features
      const own = { ...features, ...oneofFeatures, ...field.features }
      descriptor.fields.push(this.field(field, index, fullName, own, oneofs))
    })
    for (const nested of raw.messages) this.message(join(fullName, nested.name), nested, features)
    for (const extension of raw.extensions) this.extension(extension, fullName, features)
  }

  private oneofs(fullName: string, raw: RawMessage): OneofDescriptor[] {
    const members = raw.oneofs.map((): number[] => [])
    raw.fields.forEach((field, index) => {
      if (field.oneofIndex === undefined) return
      const list = members[field.oneofIndex]
      if (list === undefined)
        throw problem(
          this.file,
          field.at,
          `message field "${fullName}.${field.name}" has an invalid oneof index: ${field.oneofIndex}`,
        )
      list.push(index)
    })
    return raw.oneofs.map((oneof, i) => ({ fullName: join(fullName, oneof.name), members: members[i]! }))
  }

  private checkMessage(fullName: string, raw: RawMessage): void {
    const byNumber = new Map<number, string>()
    const reservedNames = new Set(raw.reservedNames)
    for (const field of raw.fields) {
      const earlier = byNumber.get(field.number)
      if (earlier !== undefined) {
        const text = `message ${fullName}: fields ${earlier} and ${field.name} both have the same tag ${field.number}`
        throw problem(this.file, field.numberAt, text)
      }
      byNumber.set(field.number, field.name)
      if (reservedNames.has(field.name)) {
        throw problem(this.file, field.at, `message ${fullName}: field ${field.name} is using a reserved name`)
      }
      this.checkNumber(fullName, field, raw.reservedRanges, 'reserved range')
      this.checkNumber(fullName, field, raw.extensionRanges, 'extension range')
    }
  }

  private checkNumber(fullName: string, field: RawField, ranges: readonly NumberRange[], what: string): void {
    const range = ranges.find((r) => field.number >= r.start && field.number <= r.end)
    if (range === undefined) return
    const text = `message ${fullName}: field ${field.name} is using tag ${field.number} which is in ${what} ${range.start} to ${range.end}`
    throw problem(this.file, field.numberAt, text)
  }

  private field(
    raw: RawField,
    index: number,
    scope: string,
    features: Required<FeatureSet>,
    oneofs: readonly OneofDescriptor[],
  ): FieldDescriptor {
    const fullName = join(scope, raw.name)
    const what = raw.extendee === undefined ? 'field' : 'extension'
    const type = this.fieldType(raw, `${what} ${fullName}`, scope)
    const isRepeated = raw.label === 'repeated'
    const isRequired = raw.label === 'required' || (features.fieldPresence === 'LEGACY_REQUIRED' && !isRepeated)
    const oneof = raw.oneofIndex === undefined ? undefined : oneofs[raw.oneofIndex]
    let kind = raw.kind ?? (type?.message === undefined ? 'enum' : 'message')
    const isMap = type?.message?.isMapEntry === true
    if (kind === 'message' && features.messageEncoding === 'DELIMITED' && !isMap && !this.isMapEntryScope(scope))
      kind = 'group'
    const isMessage = kind === 'message' || kind === 'group'
    const isPackable = isRepeated && !isMessage && kind !== 'string' && kind !== 'bytes'
    const isGroupLike = kind === 'group' && this.isGroupLike(raw, type, scope)
    const typeName = type?.message?.fullName ?? ''
    const field: FieldDescriptor = {
      name: raw.name,
      fullName,
      jsonName: raw.jsonName ?? camelCase(raw.name),
      textName: isGroupLike ? typeName.slice(typeName.lastIndexOf('.') + 1) : raw.name,
      number: raw.number,
      index,
      kind,
      isRepeated,
      isRequired,
      hasPresence:
        !isRepeated &&
        (isMessage || oneof !== undefined || features.fieldPresence !== 'IMPLICIT' || raw.extendee !== undefined),
      isPacked: isPackable && (raw.isPacked ?? features.repeatedFieldEncoding === 'PACKED'),
      mustBeUtf8: kind === 'string' && features.utf8Validation === 'VERIFY',
      isGroupLike,
      oneof,
      message: type?.message,
      enum: type?.enum,
    }
    // Those of a map entry have the features of the map, and not all mean something for them.
    if (this.isText && !this.isMapEntryScope(scope)) textRules.checkField(this.file, raw, field, type ?? {})
    return field
  }

  private isMapEntryScope(scope: string): boolean {
    return this.symbols.get(scope)?.message?.isMapEntry === true
  }

  private isGroupLike(raw: RawField, type: DeclaredSymbol | undefined, scope: string): boolean {
    const name = type?.rawMessage?.name
    if (name === undefined || type?.message === undefined) return false
    return name.toLowerCase() === raw.name && type.file === this.file && type.message.fullName === join(scope, name)
  }

  private fieldType(raw: RawField, what: string, scope: string): DeclaredSymbol | undefined {
    if (raw.typeName === undefined) {
      if (raw.kind === undefined || raw.kind === 'message' || raw.kind === 'group' || raw.kind === 'enum') {
        throw problem(this.file, raw.at, `${what} has no type`)
      }
      return undefined
    }
    const type = this.resolveType(raw.typeName, scope, what, raw.typeAt)
    const isEnum = type.enum !== undefined
    if ((raw.kind === 'enum' && !isEnum) || ((raw.kind === 'message' || raw.kind === 'group') && isEnum)) {
      throw problem(
        this.file,
        raw.typeAt,
        `${what}: ${raw.typeName} is not ${raw.kind === 'enum' ? 'an enum' : 'a message'}`,
      )
    }
    const isOwnEntry =
      raw.label === 'repeated' && raw.kind === 'message' && type.message?.fullName.startsWith(`${scope}.`)
    if (type.message?.isMapEntry === true && !isOwnEntry) {
      throw problem(
        this.file,
        raw.typeAt,
        `${what}: ${type.message.fullName} is a synthetic map entry and may not be referenced explicitly`,
      )
    }
    return type
  }

  private extension(raw: RawField, scope: string, parentFeatures: Required<FeatureSet>): void {
    const { file } = this
    const what = `extension ${join(scope, raw.name)}`
    const extendee = this.resolveType(raw.extendee ?? '', scope, what, raw.extendeeAt, 'extendee')
    const { message, rawMessage } = extendee
    if (message === undefined || rawMessage === undefined)
      throw problem(
        file,
        raw.extendeeAt,
        `${what}: extendee is invalid: ${kindOf(extendee, raw.extendee!)}, not a message`,
      )
    const field = this.field(raw, 0, scope, { ...parentFeatures, ...raw.features }, [])
    if (!rawMessage.extensionRanges.some((r) => raw.number >= r.start && raw.number <= r.end)) {
      const text = `${what}: tag ${raw.number} is not in valid range for extended type ${message.fullName}`
      throw problem(file, raw.numberAt, text)
    }
    if (this.isText) {
      textRules.checkExtension(file, raw, field, { message, file: extendee.file })
      const key = `${raw.number} for message ${message.fullName}`
      const earlier = this.symbols.extensionPlaces.get(key)
      if (earlier !== undefined)
        throw problem(
          file,
          raw.numberAt,
          `extension with tag ${key} already defined at ${place(earlier.file, earlier.at)}`,
        )
      this.symbols.extensionPlaces.set(key, { file, at: raw.numberAt })
    }
    const extension = { ...field, extendee: message }
    this.extensions.push(extension)
    this.symbols.get(field.fullName)!.extension = extension
  }

  private service(raw: RawService): ServiceDescriptor {
    const { file } = this
    const fullName = join(file.package, raw.name)
    const methods = raw.methods.map((method): LinkedMethod => {
      const what = `method ${fullName}.${method.name}`
      const message = (name: string, at: number | undefined, part: 'request' | 'response'): MessageDescriptor => {
        const type = this.resolveType(name, fullName, what, at, part)
        if (type.message === undefined) {
          throw problem(file, at, `${what}: invalid ${part} type: ${kindOf(type, name)}, not a message`)
        }
        return type.message
      }
      return {
        name: method.name,
        isClientStream: method.isClientStream,
        isServerStream: method.isServerStream,
        input: message(method.input, method.inputAt, 'request'),
        output: message(method.output, method.outputAt, 'response'),
      }
    })
    return { package: file.package, name: raw.name, fullName, methods }
  }

  /**
   * Finds a message or enum from inside `scope`: innermost scope first, decided by the first part of a dotted name. A field's
   * type passes over other things of that name; other `parts` of a declaration do not.
   */
  private resolveType(
    name: string,
    scope: string,
    what: string,
    at: number | undefined,
    part: Part = '',
  ): DeclaredSymbol {
    const unknown = (more = '') =>
      this.isText
        ? problem(this.file, at, `${what}: unknown ${part === '' ? '' : `${part} `}type ${name}${more}`)
        : new SchemaError(
            `proto:\u00a0${what.replace(/^field (.*)$/, 'message field "$1"').replace(/^method (.*)$/, 'service method "$1"')} cannot resolve ${descriptorParts[part]}: "${name.replace(/^\./, '')}" not found`,
          )
    const isWanted = ({ message, enum: anEnum }: DeclaredSymbol) =>
      message !== undefined || anEnum !== undefined || part !== ''
    const found = this.lookup(name, scope, isWanted)
    if (found === undefined) throw unknown()
    if (typeof found === 'string')
      throw unknown(`; resolved to ${found} which is not defined; consider using a leading dot`)
    return found
  }

  /** What a name means inside a scope; a string is the full name that the first part of a dotted name decided on in vain. */
  private lookup(
    name: string,
    scope: string,
    isWanted: (symbol: DeclaredSymbol) => boolean,
  ): DeclaredSymbol | string | undefined {
    const find = (fullName: string) => {
      const symbol = this.symbols.get(fullName)
      return symbol !== undefined && this.visible.has(symbol.file) && isWanted(symbol) ? symbol : undefined
    }
    if (name.startsWith('.')) return find(name.slice(1))
    const firstDot = name.indexOf('.')
    const first = firstDot < 0 ? name : name.slice(0, firstDot)
    for (let outer = scope; ; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
      const candidate = join(outer, first)
      if (firstDot < 0) {
        const symbol = find(candidate)
        if (symbol !== undefined) return symbol
      } else if (this.isScope(candidate)) {
        const full = join(outer, name)
        return find(full) ?? full
      }
      if (outer === '') return undefined
    }
  }

  checkOptions(descriptorMessages: () => readonly MessageDescriptor[]): void {
    if (!this.isText) return
    checkOptions(this.file, {
      message: (name) => {
        const fullName = `google.protobuf.${name}`
        const own = this.symbols.get(fullName)?.message
        return own ?? descriptorMessages().find((message) => message.fullName === fullName)!
      },
      type: (fullName) => this.symbols.get(fullName)?.message,
      extension: (name, scope) => {
        const found = this.lookup(name, scope, () => true)
        if (found === undefined) return `unknown extension ${name}`
        if (typeof found === 'string')
          return `unknown extension ${name}; resolved to ${found} which is not defined; consider using a leading dot`
        return found.extension ?? `invalid extension: ${kindOf(found, name)}, not an extension`
      },
    })
  }

  private isScope(fullName: string): boolean {
    if (this.visiblePackages.has(fullName)) return true
    const symbol = this.symbols.get(fullName)
    if (symbol === undefined || !this.visible.has(symbol.file)) return false
    return symbol.kind === 'message' || symbol.kind === 'enum' || symbol.kind === 'service'
  }
}

/** What of a declaration a name is: empty for the type of a field. */
type Part = '' | 'request' | 'response' | 'extendee'

/** The same in the words of Go's protodesc. */
const descriptorParts: Readonly<Record<Part, string>> = {
  '': 'type',
  request: 'input',
  response: 'output',
  extendee: 'extendee',
}

/** `E is an enum` */
function kindOf({ kind, message, enum: anEnum }: DeclaredSymbol, name: string): string {
  const fullName = message?.fullName ?? anEnum?.fullName ?? name
  return `${fullName} is ${/^e/.test(kind) ? 'an' : 'a'} ${kind}`
}
