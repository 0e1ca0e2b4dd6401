/**
 * Facts of the field kinds that both directions of the mapping need.
 */

import type { FieldDescriptor } from '../schema/descriptors.js'

const wireTypes: Readonly<Record<FieldDescriptor['kind'], number>> = {
  double: 1,
  float: 5,
  int64: 0,
  uint64: 0,
  int32: 0,
  fixed64: 1,
  fixed32: 5,
  bool: 0,
  string: 2,
  bytes: 2,
  uint32: 0,
  sfixed32: 5,
  sfixed64: 1,
  sint32: 0,
  sint64: 0,
  enum: 0,
  message: 2,
  group: 3,
}

/** The wire type of a field's values; of packed lists that of their elements. */
export function wireTypeOf(field: FieldDescriptor): number {
  return wireTypes[field.kind]
}

/** The tag before each value: number and wire type. */
export function tagOf(field: FieldDescriptor): number {
  return field.number * 8 + wireTypes[field.kind]
}

/** A scalar field 1 without presence, for the fields of well-known types, which are read without their descriptors. */
export function plainField(kind: FieldDescriptor['kind'], fullName: string): FieldDescriptor {
  const name = fullName.slice(fullName.lastIndexOf('.') + 1)
  return {
    name,
    fullName,
    jsonName: name,
    textName: name,
    number: 1,
    index: 0,
    kind,
    isRepeated: false,
    isRequired: false,
    hasPresence: false,
    isPacked: false,
    mustBeUtf8: true,
    isGroupLike: false,
    oneof: undefined,
    message: undefined,
    enum: undefined,
  }
}
