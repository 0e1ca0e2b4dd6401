/**
 * What each field is once features are handed down and names are resolved: ours, and what @bufbuild/protobuf makes of a
 * descriptor. For editions this is the comparison there is, since protoc knows them only from version 27 on.
 */

import { create, createFileRegistry, type DescField, ScalarType } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence, type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import type { FieldDescriptor, LinkedFile } from '../../host/grpc/schema/descriptors.js'

/** The facts of all fields of the messages of one file, by full name. */
export function ourFacts(file: LinkedFile): Record<string, unknown> {
  return Object.fromEntries(
    file.messages
      .filter((message) => !message.isMapEntry)
      .flatMap((message) => message.fields.map((f) => [f.fullName, ofOurs(f)])),
  )
}

/** The same from descriptors, in the order of their imports, for one file of them. */
export function bufbuildFacts(files: readonly FileDescriptorProto[], name: string): Record<string, unknown> {
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }))
  const facts: Record<string, unknown> = {}
  for (const message of registry) {
    if (message.kind !== 'message' || message.file.proto.name !== name) continue
    for (const field of message.fields) facts[`${message.typeName}.${field.name}`] = ofTheirs(field)
  }
  return facts
}

function ofOurs(field: FieldDescriptor) {
  const isMap = field.message?.isMapEntry === true
  return {
    name: field.jsonName,
    number: field.number,
    isRepeated: field.isRepeated,
    isRequired: field.isRequired,
    hasPresence: field.hasPresence,
    isPacked: field.isPacked,
    isDelimited: field.kind === 'group',
    // Of a map, @bufbuild/protobuf does not say what its entries check.
    mustBeUtf8: !isMap && field.mustBeUtf8,
    type: isMap ? 'map' : (field.message?.fullName ?? field.enum?.fullName ?? field.kind),
    oneof: field.oneof?.fullName.split('.').at(-1),
  }
}

function ofTheirs(field: DescField) {
  const isString = (field.fieldKind === 'scalar' || field.fieldKind === 'list') && field.scalar === ScalarType.STRING
  const oneof = field.proto.oneofIndex
  const hasOneof = Object.hasOwn(field.proto, 'oneofIndex')
  const named = field.fieldKind === 'map' ? undefined : (field.message?.typeName ?? field.enum?.typeName)
  const scalar = field.fieldKind === 'map' ? undefined : field.scalar
  return {
    name: field.jsonName,
    number: field.number,
    isRepeated: field.fieldKind === 'list' || field.fieldKind === 'map',
    isRequired: field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED,
    hasPresence:
      field.fieldKind !== 'list' && field.fieldKind !== 'map' && field.presence !== FeatureSet_FieldPresence.IMPLICIT,
    isPacked: field.fieldKind === 'list' && field.packed,
    isDelimited: 'delimitedEncoding' in field && field.delimitedEncoding === true,
    mustBeUtf8: isString && field.utf8Validation,
    type: field.fieldKind === 'map' ? 'map' : (named ?? ScalarType[scalar!].toLowerCase()),
    oneof: hasOneof ? field.parent.proto.oneofDecl[oneof]!.name : undefined,
  }
}
