/**
 * What one .proto file says, before names are resolved: the common form that text and descriptor sets are read into.
 * Plain data with the meaning of descriptor.proto; it must not know other files, nor what a field means in JSON.
 */

/** The scalar types of protobuf, by the words of .proto text. */
export type ScalarKind =
  | 'double'
  | 'float'
  | 'int64'
  | 'uint64'
  | 'int32'
  | 'fixed64'
  | 'fixed32'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'uint32'
  | 'sfixed32'
  | 'sfixed64'
  | 'sint32'
  | 'sint64'

/** Scalar kinds by their number in descriptor.proto (`FieldDescriptorProto.Type`). */
export const scalarByTypeNumber: ReadonlyMap<number, ScalarKind> = new Map<number, ScalarKind>([
  [1, 'double'],
  [2, 'float'],
  [3, 'int64'],
  [4, 'uint64'],
  [5, 'int32'],
  [6, 'fixed64'],
  [7, 'fixed32'],
  [8, 'bool'],
  [9, 'string'],
  [12, 'bytes'],
  [13, 'uint32'],
  [15, 'sfixed32'],
  [16, 'sfixed64'],
  [17, 'sint32'],
  [18, 'sint64'],
])

/** The words that are scalar types in .proto text. */
export const scalarNames: ReadonlySet<string> = new Set(scalarByTypeNumber.values())

/** Largest field number there is. */
export const maxFieldNumber = 536_870_911

/** A place in a .proto text, counted from 1; columns as bytes with tab stops every 8. Raw descriptors hold offsets (`at`). */
export interface Position {
  line: number
  column: number
}

/** Features of editions, each undefined where the element leaves it to its parent. */
export interface FeatureSet {
  fieldPresence?: 'EXPLICIT' | 'IMPLICIT' | 'LEGACY_REQUIRED'
  repeatedFieldEncoding?: 'PACKED' | 'EXPANDED'
  utf8Validation?: 'VERIFY' | 'NONE'
  messageEncoding?: 'LENGTH_PREFIXED' | 'DELIMITED'
  enumType?: 'OPEN' | 'CLOSED'
  jsonFormat?: 'ALLOW' | 'LEGACY_BEST_EFFORT'
}

/** A value in a text: its first token, which is a `{` for a literal. */
export interface WrittenValue {
  kind: 'word' | 'int' | 'float' | 'string' | 'symbol' | 'end'
  /** Numbers and words with their sign in front; strings as what they mean. */
  text: string
  /** For strings that have bytes written as escapes. */
  bytes?: Uint8Array
  offset: number
}

/** The value of an option: a scalar, a literal with its fields, or inside a literal a list. */
export interface OptionValue extends WrittenValue {
  fields?: { name: string; isExtension: boolean; offset: number; value: OptionValue }[]
  items?: OptionValue[]
}

/** A field, or the name in parentheses of an extension. */
export interface OptionNamePart {
  name: string
  isExtension: boolean
  offset: number
}

/** An option of a text. */
export interface WrittenOption {
  /** Without blanks: `packed`, `features.enum_type`, `(my.option).part`. */
  name: string
  parts: readonly OptionNamePart[]
  at: number
  value: OptionValue
}

/** A range of numbers, both ends included. */
export interface NumberRange {
  start: number
  end: number
  at?: number
}

export interface RawField {
  name: string
  number: number
  label: 'optional' | 'required' | 'repeated'
  /** True when the text has a label word; always false for descriptor sets. */
  isLabelled: boolean
  /** undefined where only the name is known and it may be a message or an enum. */
  kind: ScalarKind | 'message' | 'group' | 'enum' | undefined
  /** Name of the message or enum as written; it begins with a dot when it is absolute. */
  typeName?: string
  /** For extensions: the message they extend. */
  extendee?: string
  jsonName?: string
  /** Index into `oneofs` of the message. */
  oneofIndex?: number
  isProto3Optional: boolean
  isPacked?: boolean
  /** The options of a text, here and below; descriptors have none. */
  options?: readonly WrittenOption[]
  features: FeatureSet
  at?: number
  /** Where its label is, or its type. */
  startAt?: number
  typeAt?: number
  numberAt?: number
  extendeeAt?: number
}

export interface RawOneof {
  name: string
  options?: readonly WrittenOption[]
  features: FeatureSet
  at?: number
}

export interface RawEnum {
  name: string
  values: { name: string; number: number; at?: number; numberAt?: number; options?: readonly WrittenOption[] }[]
  options?: readonly WrittenOption[]
  allowAlias: boolean
  reservedRanges: NumberRange[]
  reservedNames: string[]
  features: FeatureSet
  at?: number
}

export interface RawMessage {
  name: string
  fields: RawField[]
  oneofs: RawOneof[]
  messages: RawMessage[]
  enums: RawEnum[]
  extensions: RawField[]
  extensionRanges: NumberRange[]
  /** Those of each `extensions` statement that has some. */
  rangeOptions?: (readonly WrittenOption[])[]
  options?: readonly WrittenOption[]
  reservedRanges: NumberRange[]
  reservedNames: string[]
  isMapEntry: boolean
  isMessageSet: boolean
  features: FeatureSet
  at?: number
}

export interface RawMethod {
  name: string
  input: string
  output: string
  isClientStream: boolean
  isServerStream: boolean
  options?: readonly WrittenOption[]
  at?: number
  inputAt?: number
  outputAt?: number
}

export interface RawService {
  name: string
  methods: RawMethod[]
  options?: readonly WrittenOption[]
  at?: number
}

export interface RawImport {
  path: string
  isPublic: boolean
  at?: number
}

export interface RawFile {
  /** The name it is imported by. */
  name: string
  package: string
  packageAt?: number
  syntax: 'proto2' | 'proto3' | 'editions'
  imports: RawImport[]
  messages: RawMessage[]
  enums: RawEnum[]
  services: RawService[]
  extensions: RawField[]
  features: FeatureSet
  options?: readonly WrittenOption[]
  /** True for files that are optimized for LITE_RUNTIME. */
  isLite: boolean
  /** For files read from text: the place of an offset. Costs time in proportion to the text, so for errors only. */
  positionOf?: (offset: number) => Position
}

/** A message without contents, for readers to fill. */
export function emptyMessage(name: string): RawMessage {
  return {
    name,
    fields: [],
    oneofs: [],
    messages: [],
    enums: [],
    extensions: [],
    extensionRanges: [],
    reservedRanges: [],
    reservedNames: [],
    isMapEntry: false,
    isMessageSet: false,
    features: {},
  }
}

/** A file without contents, for readers to fill. */
export function emptyFile(name: string): RawFile {
  return {
    name,
    package: '',
    syntax: 'proto2',
    imports: [],
    messages: [],
    enums: [],
    services: [],
    extensions: [],
    features: {},
    isLite: false,
  }
}

/** The name that a field has in JSON unless it says another: `foo_bar` becomes `fooBar`. */
export function camelCase(name: string): string {
  let out = ''
  let wasUnderscore = false
  for (const c of name) {
    if (c !== '_') out += wasUnderscore && c >= 'a' && c <= 'z' ? c.toUpperCase() : c
    wasUnderscore = c === '_'
  }
  return out
}
