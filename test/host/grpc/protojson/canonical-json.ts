/**
 * The JSON that Go writes of a message with unpopulated fields, made from what @bufbuild/protobuf read of it: an independent
 * second opinion. Times, masks, dynamic values and the like are the same in both and left to the other implementation.
 */

import { type DescField, type DescMessage, type JsonValue, type Message, ScalarType, toJson } from '@bufbuild/protobuf'
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect'
import { type Any, anyUnpack, FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import { registry } from './every.js'

/** The JSON of a message as a value. `actual` is looked at only for the digits of floats, of which any that read back will do. */
export function canonicalJson(type: DescMessage, message: Message, actual: unknown): JsonValue {
  const at = (key: string | number) => (actual as Record<string | number, unknown> | null | undefined)?.[key]
  if (type.typeName === 'google.protobuf.Any') return anyJson(message as Any, actual)
  if (type.typeName === 'google.protobuf.FloatValue')
    return floatJson((message as unknown as { value: number }).value, actual)
  if (type.typeName.startsWith('google.protobuf.')) return toJson(type, message, { registry })
  const view = reflect(type, message, false)
  const out: Record<string, JsonValue> = {}
  for (const field of type.fields) {
    const name = field.jsonName
    let value: JsonValue | undefined
    if (field.fieldKind === 'list') {
      value = [...view.get(field)].map((item, i) => valueJson(field, item, (at(name) as unknown[] | undefined)?.[i]))
    } else if (field.fieldKind === 'map') {
      const entries = at(name) as Record<string, unknown> | undefined
      value = Object.fromEntries(
        [...view.get(field)].map(([key, item]) => [String(key), valueJson(field, item, entries?.[String(key)])]),
      )
    } else if (view.isSet(field)) {
      value = valueJson(field, view.get(field), at(name))
    } else {
      value = unsetJson(field)
    }
    if (value !== undefined) out[name] = value
  }
  return out
}

/** Nothing for members of a oneof and proto3's optional, null where unset is no value, else the zero. */
function unsetJson(field: DescField): JsonValue | undefined {
  if (field.oneof !== undefined || field.proto.proto3Optional) return undefined
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) return null
  if (field.enum !== undefined) return valueJson(field, 0, undefined)
  if (field.scalar === ScalarType.BOOL) return false
  if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES) return ''
  return longTypes.includes(field.scalar as ScalarType) ? '0' : 0
}

const longTypes = [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64]

function valueJson(field: DescField, value: unknown, actual: unknown): JsonValue {
  if (field.fieldKind !== 'scalar' && field.fieldKind !== 'enum' && field.message !== undefined) {
    return canonicalJson(field.message, (value as ReflectMessage).message, actual)
  }
  if (field.enum?.typeName === 'google.protobuf.NullValue') return null
  if (field.enum !== undefined) return field.enum.values.find((v) => v.number === value)?.name ?? (value as number)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'number') return field.scalar === ScalarType.FLOAT ? floatJson(value, actual) : numberJson(value)
  return typeof value === 'bigint' ? String(value) : (value as JsonValue)
}

const numberJson = (value: number): JsonValue => (Number.isFinite(value) ? value : String(value))

function floatJson(value: number, actual: unknown): JsonValue {
  return typeof actual === 'number' && Object.is(Math.fround(actual), value) ? actual : numberJson(value)
}

function anyJson(any: Any, actual: unknown): JsonValue {
  if (any.typeUrl === '') return {}
  const message = anyUnpack(any, registry)!
  const type = registry.getMessage(message.$typeName)!
  if (!type.typeName.startsWith('google.protobuf.')) {
    return { '@type': any.typeUrl, ...(canonicalJson(type, message, actual) as object) }
  }
  return {
    '@type': any.typeUrl,
    value: canonicalJson(type, message, (actual as { value?: unknown } | undefined)?.value),
  }
}
