/**
 * FileDescriptorProtos in a form in which two readings of one text are equal: ours is written as one, and from protoc's goes
 * what has no meaning to us (places, comments, custom options, options for code generators, weak imports).
 */

import { clone, create, isFieldSet, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import {
  type DescriptorProto,
  type DescriptorProtoSchema,
  Edition,
  type EnumDescriptorProto,
  type EnumDescriptorProtoSchema,
  EnumOptionsSchema,
  FeatureSet_EnumType,
  FeatureSet_FieldPresence,
  FeatureSet_JsonFormat,
  FeatureSet_MessageEncoding,
  FeatureSet_RepeatedFieldEncoding,
  FeatureSet_Utf8Validation,
  type FeatureSetSchema,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  MessageOptionsSchema,
} from '@bufbuild/protobuf/wkt'
import type { ExtensionDescriptor, FieldDescriptor, MessageDescriptor } from '../../host/grpc/schema/descriptors.js'
import {
  camelCase,
  type FeatureSet,
  type RawEnum,
  type RawField,
  type RawMessage,
  type ScalarKind,
  scalarByTypeNumber,
} from '../../host/grpc/schema/file-descriptor.js'
import { scalarText } from '../../host/grpc/schema/option-scalar.js'
import type { ReadFile } from './belljar.js'

type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>
type MessageInit = MessageInitShape<typeof DescriptorProtoSchema>
type EnumInit = MessageInitShape<typeof EnumDescriptorProtoSchema>

const typeNumbers = new Map<string, FieldDescriptorProto_Type>([
  ...[...scalarByTypeNumber].map(([number, kind]) => [kind, number] as const),
  ['group', FieldDescriptorProto_Type.GROUP],
  ['message', FieldDescriptorProto_Type.MESSAGE],
  ['enum', FieldDescriptorProto_Type.ENUM],
])
const labels = {
  optional: FieldDescriptorProto_Label.OPTIONAL,
  required: FieldDescriptorProto_Label.REQUIRED,
  repeated: FieldDescriptorProto_Label.REPEATED,
}

/** Our reading of all files, imports in front of their importers. */
export function descriptorsOf(files: ReadonlyMap<string, ReadFile>): FileDescriptorProto[] {
  const done = new Set<string>()
  const ordered: FileDescriptorProto[] = []
  const visit = (name: string) => {
    if (done.has(name)) return
    done.add(name)
    const descriptor = descriptorOf(files.get(name)!)
    for (const imported of descriptor.dependency) visit(imported)
    ordered.push(descriptor)
  }
  for (const name of files.keys()) visit(name)
  return ordered
}

/** Our reading of a file as a FileDescriptorProto, with the resolved names that protoc writes. */
export function descriptorOf({ raw, linked }: ReadFile): FileDescriptorProto {
  const messages = new Map(linked.messages.map((message) => [message.fullName, message]))
  const extensions = linked.extensions[Symbol.iterator]()
  const scoped = (scope: string, name: string) => (scope === '' ? name : `${scope}.${name}`)

  const message = (from: RawMessage, scope: string): MessageInit => {
    const fullName = scoped(scope, from.name)
    const descriptor = messages.get(fullName) as MessageDescriptor
    // Extensions of nested messages come first, as in LinkedFile.
    const nestedType = from.messages.map((nested) => message(nested, fullName))
    return {
      name: from.name,
      field: from.fields.map((f, i) => field(f, descriptor.fields[i]!)),
      extension: from.extensions.map((f) => field(f, extensions.next().value as ExtensionDescriptor)),
      nestedType,
      enumType: from.enums.map(enumeration),
      extensionRange: from.extensionRanges.map(({ start, end }) => ({ start, end: end + 1 })),
      reservedRange: from.reservedRanges.map(({ start, end }) => ({ start, end: end + 1 })),
      reservedName: from.reservedNames,
      oneofDecl: from.oneofs.map((o) => ({ name: o.name, options: featuresOf(o.features) })),
      options: {
        ...(from.isMapEntry ? { mapEntry: true } : {}),
        ...(from.isMessageSet ? { messageSetWireFormat: true } : {}),
        ...featuresOf(from.features),
      },
    }
  }
  const messageType = raw.messages.map((m) => message(m, raw.package))
  return create(FileDescriptorProtoSchema, {
    name: raw.name,
    ...(raw.package === '' ? {} : { package: raw.package }),
    dependency: raw.imports.map((i) => i.path),
    publicDependency: raw.imports.flatMap((i, index) => (i.isPublic ? [index] : [])),
    messageType,
    enumType: raw.enums.map(enumeration),
    extension: raw.extensions.map((f) => field(f, extensions.next().value as ExtensionDescriptor)),
    service: raw.services.map((service, i) => ({
      name: service.name,
      method: service.methods.map((m, j) => ({
        name: m.name,
        inputType: `.${linked.services[i]!.methods[j]!.input.fullName}`,
        outputType: `.${linked.services[i]!.methods[j]!.output.fullName}`,
        clientStreaming: m.isClientStream,
        serverStreaming: m.isServerStream,
      })),
    })),
    ...(raw.syntax === 'proto2' ? {} : { syntax: raw.syntax }),
    ...(raw.syntax === 'editions' ? { edition: Edition.EDITION_2023 } : {}),
    options: featuresOf(raw.features),
  })
}

function field(from: RawField, linked: FieldDescriptor | ExtensionDescriptor): FieldInit {
  const typeName = linked.message?.fullName ?? linked.enum?.fullName
  // In an edition it is the features that make a group of a message.
  const value = from.options?.find((option) => option.name === 'default')?.value
  const kind = from.kind === undefined && linked.kind === 'group' ? 'message' : linked.kind
  return {
    name: from.name,
    number: from.number,
    label: labels[from.label],
    type: typeNumbers.get(kind)!,
    jsonName: from.jsonName ?? camelCase(from.name),
    ...('extendee' in linked ? { extendee: `.${linked.extendee.fullName}` } : {}),
    ...(typeName === undefined ? {} : { typeName: `.${typeName}` }),
    ...(from.oneofIndex === undefined ? {} : { oneofIndex: from.oneofIndex }),
    ...(from.isProto3Optional ? { proto3Optional: true } : {}),
    ...(value === undefined ? {} : { defaultValue: scalarText(value, linked.enum ?? (linked.kind as ScalarKind)) }),
    options: { ...(from.isPacked === undefined ? {} : { packed: from.isPacked }), ...featuresOf(from.features) },
  }
}

function enumeration(from: RawEnum): EnumInit {
  return {
    name: from.name,
    value: from.values.map(({ name, number }) => ({ name, number })),
    reservedRange: from.reservedRanges,
    reservedName: from.reservedNames,
    options: { ...(from.allowAlias ? { allowAlias: true } : {}), ...featuresOf(from.features) },
  }
}

function featuresOf(from: FeatureSet): { features?: MessageInitShape<typeof FeatureSetSchema> } {
  const features: MessageInitShape<typeof FeatureSetSchema> = {}
  if (from.fieldPresence !== undefined) features.fieldPresence = FeatureSet_FieldPresence[from.fieldPresence]
  if (from.enumType !== undefined) features.enumType = FeatureSet_EnumType[from.enumType]
  if (from.repeatedFieldEncoding !== undefined)
    features.repeatedFieldEncoding = FeatureSet_RepeatedFieldEncoding[from.repeatedFieldEncoding]
  if (from.utf8Validation !== undefined) features.utf8Validation = FeatureSet_Utf8Validation[from.utf8Validation]
  if (from.messageEncoding !== undefined) features.messageEncoding = FeatureSet_MessageEncoding[from.messageEncoding]
  if (from.jsonFormat !== undefined) features.jsonFormat = FeatureSet_JsonFormat[from.jsonFormat]
  return Object.keys(features).length === 0 ? {} : { features }
}

/** The parts of a descriptor that we must agree on, as plain data to compare. */
export function normalForm(from: FileDescriptorProto): unknown {
  const file = clone(FileDescriptorProtoSchema, from)
  delete file.sourceCodeInfo
  delete file.options
  file.weakDependency = []
  for (const message of file.messageType) normalMessage(message)
  for (const anEnum of file.enumType) normalEnum(anEnum)
  for (const extension of file.extension) normalField(extension)
  for (const service of file.service) {
    delete service.options
    for (const method of service.method) {
      delete method.options
      // A method without the flag and one with it unset are the same.
      method.clientStreaming ||= false
      method.serverStreaming ||= false
    }
  }
  return toJson(FileDescriptorProtoSchema, file, { alwaysEmitImplicit: true })
}

function normalMessage(message: DescriptorProto): void {
  const { options } = message
  message.options = create(MessageOptionsSchema, {
    mapEntry: options?.mapEntry ?? false,
    messageSetWireFormat: options?.messageSetWireFormat ?? false,
  })
  for (const range of message.extensionRange) delete range.options
  for (const oneof of message.oneofDecl) delete oneof.options
  for (const item of [...message.field, ...message.extension]) normalField(item)
  for (const nested of message.nestedType) normalMessage(nested)
  for (const anEnum of message.enumType) normalEnum(anEnum)
}

function normalEnum(anEnum: EnumDescriptorProto): void {
  anEnum.options = create(EnumOptionsSchema, { allowAlias: anEnum.options?.allowAlias ?? false })
  for (const value of anEnum.value) delete value.options
}

function normalField(field: FieldDescriptorProto): void {
  const { options } = field
  const hasPacked = options !== undefined && isFieldSet(options, FieldOptionsSchema.field.packed)
  field.options = create(FieldOptionsSchema, hasPacked ? { packed: options.packed } : {})
  const isFloat = field.type === FieldDescriptorProto_Type.FLOAT
  if (field.defaultValue !== '' && (isFloat || field.type === FieldDescriptorProto_Type.DOUBLE)) {
    // Each compiler has its own way to print them.
    const number = Number(field.defaultValue.replace('inf', 'Infinity'))
    field.defaultValue = String(isFloat ? Math.fround(number) : number)
  }
}
