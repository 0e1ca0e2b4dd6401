/**
 * RawFiles into linked descriptors: names are resolved as protoc resolves them, features become facts, duplicates are refused.
 * It must not know where files came from. Work is linear in the size of the files.
 */

import type {
  EnumDescriptor,
  FieldDescriptor,
  LinkedFile,
  LinkedMethod,
  MessageDescriptor,
  OneofDescriptor,
  ServiceDescriptor,
} from './descriptors.js'
import type { FeatureSet, NumberRange, RawEnum, RawField, RawFile, RawMessage, RawService } from './file-descriptor.js'
import { camelCase } from './file-descriptor.js'
import { SchemaError } from './schema-error.js'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type MutableMessage = Omit<Mutable<MessageDescriptor>, 'fields'> & { fields: FieldDescriptor[] }

/** What a full name stands for. Packages are not symbols: several files may have the same one. */
interface Symbol {
  kind: 'message' | 'enum' | 'enum value' | 'service' | 'method' | 'field' | 'extension' | 'oneof'
  file: RawFile
  at: number | undefined
  message?: MutableMessage
  rawMessage?: RawMessage
  enum?: EnumDescriptor
}

const syntaxFeatures: Readonly<Record<RawFile['syntax'], Required<FeatureSet>>> = {
  proto2: {
    fieldPresence: 'EXPLICIT',
    repeatedFieldEncoding: 'EXPANDED',
    utf8Validation: 'NONE',
    messageEncoding: 'LENGTH_PREFIXED',
  },
  proto3: {
    fieldPresence: 'IMPLICIT',
    repeatedFieldEncoding: 'PACKED',
    utf8Validation: 'VERIFY',
    messageEncoding: 'LENGTH_PREFIXED',
  },
  editions: {
    fieldPresence: 'EXPLICIT',
    repeatedFieldEncoding: 'PACKED',
    utf8Validation: 'VERIFY',
    messageEncoding: 'LENGTH_PREFIXED',
  },
}

/**
 * Links files that form a closed set: each import of each file is among them, and imports stand before their importers.
 *
 * @throws {SchemaError} for unknown types, duplicate names and numbers, and what else protoc refuses
 */
export function linkFiles(files: readonly RawFile[]): LinkedFile[] {
  return new Linker(files).link()
}

class Linker {
  private readonly symbols = new Map<string, Symbol>()
  private readonly packages = new Map<string, RawFile>()
  private readonly byName = new Map<string, RawFile>()

  constructor(private readonly files: readonly RawFile[]) {
    for (const file of files) this.byName.set(file.name, file)
  }

  link(): LinkedFile[] {
    for (const file of this.files) this.declareFile(file)
    return this.files.map((file) => new FileLinker(file, this.symbols, this.visibleFiles(file)).link())
  }

  /** The file, its imports, and what they import publicly. */
  private visibleFiles(file: RawFile): Set<RawFile> {
    const visible = new Set([file])
    const pending = file.imports.map((i) => i.path)
    while (pending.length > 0) {
      const imported = this.byName.get(pending.pop()!)
      if (imported === undefined || visible.has(imported)) continue
      visible.add(imported)
      for (const { path, isPublic } of imported.imports) if (isPublic) pending.push(path)
    }
    return visible
  }

  private declareFile(file: RawFile): void {
    for (const name of prefixes(file.package)) {
      const clash = this.symbols.get(name)
      if (clash !== undefined) throw duplicate(name, file, file.packageAt, clash)
      if (!this.packages.has(name)) this.packages.set(name, file)
    }
    const scope = file.package
    for (const message of file.messages) this.declareMessage(file, scope, message)
    for (const rawEnum of file.enums) this.declareEnum(file, scope, rawEnum)
    for (const extension of file.extensions) this.declare(file, join(scope, extension.name), 'extension', extension.at)
    for (const service of file.services) {
      const fullName = this.declare(file, join(scope, service.name), 'service', service.at)
      for (const method of service.methods) this.declare(file, join(fullName, method.name), 'method', method.at)
    }
  }

  private declare(
    file: RawFile,
    fullName: string,
    kind: Symbol['kind'],
    at: number | undefined,
    more: Partial<Symbol> = {},
  ): string {
    const simpleName = fullName.slice(fullName.lastIndexOf('.') + 1)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(simpleName))
      throw problem(file, at, `${kind} ${JSON.stringify(simpleName)} has an invalid name`)
    const clash = this.symbols.get(fullName)
    if (clash !== undefined) throw duplicate(fullName, file, at, clash, kind === 'enum value')
    const packageFile = this.packages.get(fullName)
    if (packageFile !== undefined) {
      throw problem(
        file,
        at,
        `symbol "${fullName}" already defined as a package at ${place(packageFile, packageFile.packageAt)}`,
      )
    }
    this.symbols.set(fullName, { kind, file, at, ...more })
    return fullName
  }

  private declareMessage(file: RawFile, scope: string, raw: RawMessage): void {
    const fullName = join(scope, raw.name)
    const message: MutableMessage = { fullName, fields: [], isMapEntry: raw.isMapEntry, isMessageSet: raw.isMessageSet }
    this.declare(file, fullName, 'message', raw.at, { message, rawMessage: raw })
    for (const field of raw.fields) this.declare(file, join(fullName, field.name), 'field', field.at)
    for (const oneof of raw.oneofs) this.declare(file, join(fullName, oneof.name), 'oneof', oneof.at)
    for (const nested of raw.messages) this.declareMessage(file, fullName, nested)
    for (const rawEnum of raw.enums) this.declareEnum(file, fullName, rawEnum)
    for (const extension of raw.extensions)
      this.declare(file, join(fullName, extension.name), 'extension', extension.at)
  }

  private declareEnum(file: RawFile, scope: string, raw: RawEnum): void {
    const fullName = join(scope, raw.name)
    const reservedNames = new Set(raw.reservedNames)
    const numberByName = new Map<string, number>()
    const nameByNumber = new Map<number, string>()
    this.declare(file, fullName, 'enum', raw.at, { enum: { fullName, numberByName, nameByNumber } })
    for (const { name, number, at } of raw.values) {
      // Values are siblings of their enum, as in C++.
      this.declare(file, join(scope, name), 'enum value', at)
      const earlier = nameByNumber.get(number)
      if (earlier !== undefined && !raw.allowAlias) {
        throw problem(
          file,
          at,
          `enum ${fullName}: values ${earlier} and ${name} both have the same numeric value ${number}; use allow_alias option if intentional`,
        )
      }
      if (reservedNames.has(name)) throw problem(file, at, `enum ${fullName}: value ${name} is using a reserved name`)
      const range = raw.reservedRanges.find((r) => number >= r.start && number <= r.end)
      if (range !== undefined) {
        throw problem(
          file,
          at,
          `enum ${fullName}: value ${name} is using number ${number} which is in reserved range ${range.start} to ${range.end}`,
        )
      }
      numberByName.set(name, number)
      if (earlier === undefined) nameByNumber.set(number, name)
    }
    const first = raw.values[0]
    if (first === undefined) throw problem(file, raw.at, `enum ${fullName}: enums must define at least one value`)
    if (file.syntax === 'proto3' && first.number !== 0) {
      throw problem(
        file,
        first.at,
        `enum ${fullName}: proto3 requires that first value of enum have numeric value zero`,
      )
    }
  }
}

/** Resolves one file against the symbols of all. */
class FileLinker {
  private readonly messages: MessageDescriptor[] = []
  private readonly visiblePackages = new Set<string>()

  constructor(
    private readonly file: RawFile,
    private readonly symbols: ReadonlyMap<string, Symbol>,
    private readonly visible: ReadonlySet<RawFile>,
  ) {
    for (const { package: name } of visible) for (const prefix of prefixes(name)) this.visiblePackages.add(prefix)
  }

  link(): LinkedFile {
    const { file } = this
    const features = { ...syntaxFeatures[file.syntax], ...file.features }
    for (const message of file.messages) this.message(join(file.package, message.name), message, features)
    for (const extension of file.extensions) this.extension(extension, file.package)
    const services = file.services.map((service) => this.service(service))
    return { name: file.name, services, messages: this.messages }
  }

  private message(fullName: string, raw: RawMessage, parentFeatures: Required<FeatureSet>): void {
    const descriptor = this.symbols.get(fullName)!.message!
    this.messages.push(descriptor)
    const features = { ...parentFeatures, ...raw.features }
    this.checkMessage(fullName, raw)
    const oneofs = this.oneofs(fullName, raw)
    raw.fields.forEach((field, index) => {
      const oneofFeatures = field.oneofIndex === undefined ? undefined : raw.oneofs[field.oneofIndex]?.features
      const own = { ...features, ...oneofFeatures, ...field.features }
      descriptor.fields.push(this.field(field, index, fullName, own, oneofs))
    })
    this.checkJsonNames(descriptor, raw)
    for (const nested of raw.messages) this.message(join(fullName, nested.name), nested, features)
    for (const extension of raw.extensions) this.extension(extension, fullName)
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

  /** In proto3 and editions two fields of a text may not share a JSON name; elsewhere the first one wins. */
  private checkJsonNames(descriptor: MessageDescriptor, raw: RawMessage): void {
    if (this.file.positionOf === undefined || this.file.syntax === 'proto2') return
    const byJsonName = new Map<string, string>()
    descriptor.fields.forEach((field, i) => {
      const earlier = byJsonName.get(field.jsonName)
      if (earlier !== undefined) {
        const text = `field ${field.fullName}: JSON name "${field.jsonName}" conflicts with that of field ${earlier}`
        throw problem(this.file, raw.fields[i]!.at, text)
      }
      byJsonName.set(field.jsonName, field.name)
    })
  }

  private field(
    raw: RawField,
    index: number,
    scope: string,
    features: Required<FeatureSet>,
    oneofs: readonly OneofDescriptor[],
  ): FieldDescriptor {
    const fullName = join(scope, raw.name)
    const type = this.fieldType(raw, `field ${fullName}`, scope)
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
    return {
      name: raw.name,
      fullName,
      jsonName: raw.jsonName ?? camelCase(raw.name),
      textName: isGroupLike ? typeName.slice(typeName.lastIndexOf('.') + 1) : raw.name,
      number: raw.number,
      index,
      kind,
      isRepeated,
      isRequired,
      hasPresence: !isRepeated && (isMessage || oneof !== undefined || features.fieldPresence !== 'IMPLICIT'),
      isPacked: isPackable && (raw.isPacked ?? features.repeatedFieldEncoding === 'PACKED'),
      mustBeUtf8: kind === 'string' && features.utf8Validation === 'VERIFY',
      isGroupLike,
      oneof,
      message: type?.message,
      enum: type?.enum,
    }
  }

  private isMapEntryScope(scope: string): boolean {
    return this.symbols.get(scope)?.message?.isMapEntry === true
  }

  private isGroupLike(raw: RawField, type: Symbol | undefined, scope: string): boolean {
    const name = type?.rawMessage?.name
    if (name === undefined || type?.message === undefined) return false
    return name.toLowerCase() === raw.name && type.file === this.file && type.message.fullName === join(scope, name)
  }

  private fieldType(raw: RawField, what: string, scope: string): Symbol | undefined {
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

  private extension(raw: RawField, scope: string): void {
    const what = `extension ${join(scope, raw.name)}`
    const extendee = this.resolveType(raw.extendee ?? '', scope, what, raw.at)
    if (extendee.rawMessage === undefined) throw problem(this.file, raw.at, `${what}: ${raw.extendee} is not a message`)
    const ranges = extendee.rawMessage.extensionRanges
    if (!ranges.some((r) => raw.number >= r.start && raw.number <= r.end)) {
      const target = extendee.message!.fullName
      throw problem(
        this.file,
        raw.numberAt,
        `${what}: tag ${raw.number} is not in valid range for extended type ${target}`,
      )
    }
    this.fieldType(raw, what, scope)
  }

  private service(raw: RawService): ServiceDescriptor {
    const { file } = this
    const fullName = join(file.package, raw.name)
    const methods = raw.methods.map((method): LinkedMethod => {
      const what = `method ${fullName}.${method.name}`
      const message = (name: string, at: number | undefined, part: string): MessageDescriptor => {
        const type = this.resolveType(name, fullName, what, at, part)
        if (type.message === undefined) {
          throw problem(file, at, `${what}: invalid ${part} type: ${name} is an enum, not a message`)
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

  /** Finds a message or enum from inside `scope`: innermost scope first, decided by the first part of a dotted name. */
  private resolveType(name: string, scope: string, what: string, at: number | undefined, part = ''): Symbol {
    const unknown = (more = '') =>
      this.file.positionOf === undefined
        ? new SchemaError(
            `proto:\u00a0${what.replace(/^field (.*)$/, 'message field "$1"').replace(/^method (.*)$/, 'service method "$1"')} cannot resolve ${part === '' ? 'type' : part === 'request' ? 'input' : 'output'}: "${name.replace(/^\./, '')}" not found`,
          )
        : problem(this.file, at, `${what}: unknown ${part === '' ? '' : `${part} `}type ${name}${more}`)
    if (name.startsWith('.')) {
      const symbol = this.typeSymbol(name.slice(1))
      if (symbol === undefined) throw unknown()
      return symbol
    }
    const firstDot = name.indexOf('.')
    const first = firstDot < 0 ? name : name.slice(0, firstDot)
    for (let outer = scope; ; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
      const candidate = join(outer, first)
      if (firstDot < 0) {
        const symbol = this.typeSymbol(candidate)
        if (symbol !== undefined) return symbol
      } else if (this.isScope(candidate)) {
        const full = join(outer, name)
        const symbol = this.typeSymbol(full)
        if (symbol !== undefined) return symbol
        throw unknown(`; resolved to ${full} which is not defined; consider using a leading dot`)
      }
      if (outer === '') throw unknown()
    }
  }

  private typeSymbol(fullName: string): Symbol | undefined {
    const symbol = this.symbols.get(fullName)
    if (symbol === undefined || !this.visible.has(symbol.file)) return undefined
    return symbol.message === undefined && symbol.enum === undefined ? undefined : symbol
  }

  private isScope(fullName: string): boolean {
    if (this.visiblePackages.has(fullName)) return true
    const symbol = this.symbols.get(fullName)
    if (symbol === undefined || !this.visible.has(symbol.file)) return false
    return symbol.kind === 'message' || symbol.kind === 'enum' || symbol.kind === 'service'
  }
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

/** `a.b.c` gives `a`, `a.b` and `a.b.c`; the empty package nothing. */
function prefixes(name: string): string[] {
  if (name === '') return []
  const parts = name.split('.')
  return parts.map((_, i) => parts.slice(0, i + 1).join('.'))
}

function place(file: RawFile, at: number | undefined): string {
  if (file.positionOf === undefined || at === undefined) return file.name
  const { line, column } = file.positionOf(at)
  return `${file.name}:${line}:${column}`
}

/** A mistake in a file: with its place for text, in the manner of Go's protodesc for descriptors. */
function problem(file: RawFile, at: number | undefined, message: string): SchemaError {
  return new SchemaError(file.positionOf === undefined ? `proto:\u00a0${message}` : `${place(file, at)}: ${message}`)
}

function duplicate(
  name: string,
  file: RawFile,
  at: number | undefined,
  earlier: Symbol,
  isEnumValue = false,
): SchemaError {
  const suffix =
    isEnumValue || earlier.kind === 'enum value'
      ? '; protobuf uses C++ scoping rules for enum values, so they exist in the scope enclosing the enum'
      : ''
  return problem(file, at, `symbol "${name}" already defined at ${place(earlier.file, earlier.at)}${suffix}`)
}
