/** Messages of any type for property tests, as JSON values that ProtoJSON gives the same meaning in all implementations. */

import { type DescEnum, type DescField, type DescMessage, type JsonValue, ScalarType } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import fc, { type Arbitrary } from 'fast-check'
import { everyType } from './every.js'

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 4 }))
/** As a number, or as a string of it. */
const inBothForms = (number: Arbitrary<number>) => fc.oneof(number, number.map(String))
const int32 = inBothForms(fc.oneof(fc.integer(), fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31))))
const uint32 = inBothForms(fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1)))
const small = fc.integer({ min: -(2 ** 53), max: 2 ** 53 })
const int64 = fc.oneof(inBothForms(small), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String))
const uint64 = fc.oneof(inBothForms(small.map(Math.abs)), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String))
const named = (number: number): number | string =>
  Number.isFinite(number) ? (Object.is(number, -0) ? '-0' : number) : String(number)
const bytes = fc.uint8Array({ maxLength: 8 }).map((b) => Buffer.from(b).toString('base64'))

const scalars: Readonly<Record<ScalarType, Arbitrary<JsonValue>>> = {
  [ScalarType.DOUBLE]: fc.double().map(named),
  [ScalarType.FLOAT]: fc.float().map(named),
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: bytes,
}

const mapKeys: Partial<Readonly<Record<ScalarType, Arbitrary<string>>>> = {
  [ScalarType.BOOL]: fc.boolean().map(String),
  // The other implementation loses this one.
  [ScalarType.STRING]: text.filter((key) => key !== '__proto__'),
}

// The other implementation loses these keys as well.
const plainJson = fc
  .jsonValue({ maxDepth: 2, stringUnit: 'grapheme' })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
const seconds = (most: number, least = -most) => fc.integer({ min: least, max: most })
const fraction = fc.constantFrom('', '.5', '.000001', '.123456789')

const wellKnown: Readonly<Record<string, Arbitrary<JsonValue>>> = {
  Timestamp: fc
    .tuple(seconds(253_402_300_799, -62_135_596_800), fraction, fc.constantFrom('Z', '+00:00'))
    .map(([s, part, zone]) => `${new Date(s * 1000).toISOString().slice(0, 19)}${part}${zone}`),
  Duration: fc.tuple(seconds(315_575_999_999), fraction).map(([s, part]) => `${s}${part}s`),
  FieldMask: fc.array(fc.constantFrom('a', 'fooBar', 'foo.barBaz', 'x1')).map((paths) => paths.join(',')),
  Struct: fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    plainJson,
    { maxKeys: 3 },
  ) as Arbitrary<JsonValue>,
  Value: plainJson as Arbitrary<JsonValue>,
  ListValue: fc.array(plainJson, { maxLength: 3 }) as Arbitrary<JsonValue>,
  Empty: fc.constant({}),
  DoubleValue: scalars[ScalarType.DOUBLE],
  FloatValue: scalars[ScalarType.FLOAT],
  Int64Value: int64,
  UInt64Value: uint64,
  Int32Value: int32,
  UInt32Value: uint32,
  BoolValue: fc.boolean(),
  StringValue: text,
  BytesValue: bytes,
}

const known = new Map<string, Arbitrary<JsonValue>>()

/** JSON of a message, with so many levels of messages below it. */
export function arbitraryMessage(type: DescMessage, depth: number): Arbitrary<JsonValue> {
  const key = `${type.typeName} ${depth}`
  let found = known.get(key)
  if (found === undefined) {
    found = make(type, depth)
    known.set(key, found)
  }
  return found
}

function make(type: DescMessage, depth: number): Arbitrary<JsonValue> {
  if (type.typeName === 'google.protobuf.Any') return arbitraryAny(depth)
  const ownForm = type.typeName.startsWith('google.protobuf.') ? wellKnown[type.name] : undefined
  if (ownForm !== undefined) return ownForm
  const { LEGACY_REQUIRED } = FeatureSet_FieldPresence
  const required = type.fields.filter((f) => f.presence === LEGACY_REQUIRED)
  const others = type.fields.filter((f) => f.presence !== LEGACY_REQUIRED && (depth > 0 || messageOf(f) === undefined))
  return fc.subarray(others, { maxLength: Math.min(6, others.length) }).chain((chosen) => {
    const fields = [
      ...required,
      ...chosen.filter((f, i) => !chosen.slice(0, i).some((g) => g.oneof && g.oneof === f.oneof)),
    ]
    const members = fields.map((f) => [f.jsonName, arbitraryField(f, depth)] as const)
    return fc.record(Object.fromEntries(members), {
      requiredKeys: members.map(([name]) => name),
    }) as Arbitrary<JsonValue>
  })
}

function messageOf(field: DescField): DescMessage | undefined {
  return field.fieldKind === 'message' || field.fieldKind === 'list' || field.fieldKind === 'map'
    ? field.message
    : undefined
}

function arbitraryField(field: DescField, depth: number): Arbitrary<JsonValue> {
  const one = arbitraryValue(field, depth)
  if (field.fieldKind === 'list') return fc.array(one, { maxLength: 3 }) as Arbitrary<JsonValue>
  if (field.fieldKind !== 'map') return one
  const keys = mapKeys[field.mapKey] ?? (scalars[field.mapKey].map(String) as Arbitrary<string>)
  return fc.dictionary(keys, one, { maxKeys: 3, noNullPrototype: true }) as Arbitrary<JsonValue>
}

function arbitraryValue(field: DescField, depth: number): Arbitrary<JsonValue> {
  const message = messageOf(field)
  if (message !== undefined) return arbitraryMessage(message, depth - 1)
  return field.enum === undefined ? scalars[field.scalar as ScalarType] : arbitraryEnum(field.enum)
}

function arbitraryEnum(type: DescEnum): Arbitrary<JsonValue> {
  if (type.typeName === 'google.protobuf.NullValue') return fc.constant(null)
  const values = type.values.flatMap(({ name, number }) => [name, number])
  // The other implementation takes an unknown number of a closed enum for an unknown field, Go does not.
  return fc.constantFrom<JsonValue[]>(...values, ...(type.open ? [77, -77] : []))
}

function arbitraryAny(depth: number): Arbitrary<JsonValue> {
  const plain = fc.constantFrom('Scalars', 'Names', 'Choices', 'old.Optionals', 'next.Fields').chain((name) =>
    arbitraryMessage(everyType(name).theirs, depth - 1).map((json) => ({
      '@type': `type.googleapis.com/every.${name}`,
      ...(json as object),
    })),
  )
  const special = fc
    .constantFrom('Timestamp', 'Value', 'Struct', 'Int64Value')
    .chain((name) =>
      wellKnown[name]!.map((value) => ({ '@type': `type.googleapis.com/google.protobuf.${name}`, value })),
    )
  // The other implementation knows no `value` of this one.
  const empty = fc.constant({ '@type': 'type.googleapis.com/google.protobuf.Empty' })
  const leaf = fc.oneof(plain, special, empty, fc.constant({}))
  if (depth <= 0) return leaf
  const nested = arbitraryAny(depth - 1).map((value) => ({ value, '@type': 'type.googleapis.com/google.protobuf.Any' }))
  return fc.oneof({ weight: 4, arbitrary: leaf }, { weight: 1, arbitrary: nested }) as Arbitrary<JsonValue>
}
