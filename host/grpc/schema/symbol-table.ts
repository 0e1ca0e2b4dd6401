/**
 * What each full name of a set of files stands for. Duplicates are refused while it is made; it must not resolve types.
 */

import type { EnumDescriptor, ExtensionDescriptor, FieldDescriptor, MessageDescriptor } from './descriptors.js'
import type { FeatureSet, RawEnum, RawFile, RawMessage } from './file-descriptor.js'
import { place, problem } from './file-problem.js'
import type { SchemaError } from './schema-error.js'
import * as textRules from './text-rules.js'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type MutableMessage = Omit<Mutable<MessageDescriptor>, 'fields'> & { fields: FieldDescriptor[] }

/** What a full name stands for. Packages are not symbols: several files may have the same one. */
export interface DeclaredSymbol {
  kind: 'message' | 'enum' | 'enum value' | 'service' | 'method' | 'field' | 'extension' | 'oneof'
  file: RawFile
  at: number | undefined
  message?: MutableMessage
  rawMessage?: RawMessage
  enum?: EnumDescriptor
  isClosedEnum?: boolean
  /** Set when its file is linked. */
  extension?: ExtensionDescriptor
}

/** The features of files that say nothing of them. */
const syntaxFeatures: Readonly<Record<RawFile['syntax'], Required<FeatureSet>>> = {
  proto2: {
    fieldPresence: 'EXPLICIT',
    repeatedFieldEncoding: 'EXPANDED',
    utf8Validation: 'NONE',
    messageEncoding: 'LENGTH_PREFIXED',
    enumType: 'CLOSED',
    jsonFormat: 'LEGACY_BEST_EFFORT',
  },
  proto3: {
    fieldPresence: 'IMPLICIT',
    repeatedFieldEncoding: 'PACKED',
    utf8Validation: 'VERIFY',
    messageEncoding: 'LENGTH_PREFIXED',
    enumType: 'OPEN',
    jsonFormat: 'ALLOW',
  },
  editions: {
    fieldPresence: 'EXPLICIT',
    repeatedFieldEncoding: 'PACKED',
    utf8Validation: 'VERIFY',
    messageEncoding: 'LENGTH_PREFIXED',
    enumType: 'OPEN',
    jsonFormat: 'ALLOW',
  },
}

/** The features that a file hands down. */
export function featuresOf(file: RawFile): Required<FeatureSet> {
  return { ...syntaxFeatures[file.syntax], ...file.features }
}

export class SymbolTable {
  /** Where each extension is that a text declares, by message and number. */
  readonly extensionPlaces = new Map<string, { file: RawFile; at: number | undefined }>()
  private readonly symbols = new Map<string, DeclaredSymbol>()
  private readonly packages = new Map<string, RawFile>()
  private readonly byName = new Map<string, RawFile>()

  /** @throws {SchemaError} for names declared twice, and enums that are wrong */
  constructor(files: readonly RawFile[]) {
    for (const file of files) this.byName.set(file.name, file)
    for (const file of files) {
      this.declareFile(file)
      if (file.positionOf !== undefined) textRules.checkFile(file, (path) => this.byName.get(path))
    }
  }

  get(fullName: string): DeclaredSymbol | undefined {
    return this.symbols.get(fullName)
  }

  /** The file, its imports, and what they import publicly. */
  visibleFiles(file: RawFile): Set<RawFile> {
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
    const features = featuresOf(file)
    for (const message of file.messages) this.declareMessage(file, scope, message, features)
    for (const rawEnum of file.enums) this.declareEnum(file, scope, rawEnum, features)
    for (const extension of file.extensions) this.declare(file, join(scope, extension.name), 'extension', extension.at)
    for (const service of file.services) {
      const fullName = this.declare(file, join(scope, service.name), 'service', service.at)
      for (const method of service.methods) this.declare(file, join(fullName, method.name), 'method', method.at)
    }
  }

  private declare(
    file: RawFile,
    fullName: string,
    kind: DeclaredSymbol['kind'],
    at: number | undefined,
    more: Partial<DeclaredSymbol> = {},
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

  private declareMessage(file: RawFile, scope: string, raw: RawMessage, parentFeatures: Required<FeatureSet>): void {
    const fullName = join(scope, raw.name)
    const message: MutableMessage = { fullName, fields: [], isMapEntry: raw.isMapEntry, isMessageSet: raw.isMessageSet }
    this.declare(file, fullName, 'message', raw.at, { message, rawMessage: raw })
    for (const field of raw.fields) this.declare(file, join(fullName, field.name), 'field', field.at)
    for (const oneof of raw.oneofs) this.declare(file, join(fullName, oneof.name), 'oneof', oneof.at)
    const features = { ...parentFeatures, ...raw.features }
    for (const nested of raw.messages) this.declareMessage(file, fullName, nested, features)
    for (const rawEnum of raw.enums) this.declareEnum(file, fullName, rawEnum, features)
    for (const extension of raw.extensions)
      this.declare(file, join(fullName, extension.name), 'extension', extension.at)
  }

  private declareEnum(file: RawFile, scope: string, raw: RawEnum, parentFeatures: Required<FeatureSet>): void {
    const fullName = join(scope, raw.name)
    const features = { ...parentFeatures, ...raw.features }
    const reservedNames = new Set(raw.reservedNames)
    const numberByName = new Map<string, number>()
    const nameByNumber = new Map<number, string>()
    this.declare(file, fullName, 'enum', raw.at, {
      enum: { fullName, numberByName, nameByNumber },
      isClosedEnum: features.enumType === 'CLOSED',
    })
    for (const { name, number, at, numberAt } of raw.values) {
      // Values are siblings of their enum, as in C++.
      this.declare(file, join(scope, name), 'enum value', at)
      const earlier = nameByNumber.get(number)
      if (earlier !== undefined && !raw.allowAlias) {
        throw problem(
          file,
          numberAt,
          `enum ${fullName}: values ${earlier} and ${name} both have the same numeric value ${number}; use allow_alias option if intentional`,
        )
      }
      if (reservedNames.has(name)) throw problem(file, at, `enum ${fullName}: value ${name} is using a reserved name`)
      const range = raw.reservedRanges.find((r) => number >= r.start && number <= r.end)
      if (range !== undefined) {
        throw problem(
          file,
          numberAt,
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
        first.numberAt,
        `enum ${fullName}: proto3 requires that first value of enum have numeric value zero`,
      )
    }
    if (file.positionOf !== undefined) textRules.checkEnum(file, fullName, raw, features)
  }
}

/** A name inside a scope; the empty scope is that of files without a package. */
export function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

/** `a.b.c` gives `a`, `a.b` and `a.b.c`; the empty package nothing. */
export function prefixes(name: string): string[] {
  if (name === '') return []
  const parts = name.split('.')
  return parts.map((_, i) => parts.slice(0, i + 1).join('.'))
}

function duplicate(
  name: string,
  file: RawFile,
  at: number | undefined,
  earlier: DeclaredSymbol,
  isEnumValue = false,
): SchemaError {
  const suffix =
    isEnumValue || earlier.kind === 'enum value'
      ? '; protobuf uses C++ scoping rules for enum values, so they exist in the scope enclosing the enum'
      : ''
  return problem(file, at, `symbol "${name}" already defined at ${place(earlier.file, earlier.at)}${suffix}`)
}
