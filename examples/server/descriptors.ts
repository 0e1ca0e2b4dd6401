/**
 * Descriptors for reflection. Those of proto-loader name types relative to their package and do not tell which file needs
 * which, so that a client in another language cannot link them; here both are put right.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { type DescriptorProto, type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import type { PackageDefinition } from '@grpc/proto-loader'

const join = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`)

/** Every message with its full name, nested ones too. */
function* messagesOf(scope: string, messages: DescriptorProto[]): Iterable<[fullName: string, DescriptorProto]> {
  for (const message of messages) {
    const fullName = join(scope, message.name)
    yield [fullName, message]
    yield* messagesOf(fullName, message.nestedType)
  }
}

function typeNamesOf(file: FileDescriptorProto): string[] {
  const names = file.enumType.map(({ name }) => join(file.package, name))
  for (const [fullName, { enumType }] of messagesOf(file.package, file.messageType)) {
    names.push(fullName, ...enumType.map(({ name }) => join(fullName, name)))
  }
  return names
}

/** Completes the descriptors of all files behind a package definition; the result is for ReflectionService only. */
export function linkedDescriptors(definition: PackageDefinition): PackageDefinition {
  const files = new Map<string, FileDescriptorProto>()
  for (const { fileDescriptorProtos } of Object.values(definition)) {
    // A service has no descriptors of its own, its messages have.
    if (!Array.isArray(fileDescriptorProtos)) continue
    for (const bytes of fileDescriptorProtos as Buffer[]) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes)
      if (!files.has(file.name)) files.set(file.name, file)
    }
  }
  const fileOfType = new Map<string, FileDescriptorProto>()
  for (const file of files.values()) {
    for (const name of typeNamesOf(file)) fileOfType.set(name, file)
  }

  /** The absolute form of a name used in `scope`: the innermost scope that has such a type wins. */
  const resolve = (name: string, scope: string): string => {
    if (name.startsWith('.')) return name
    for (let outer = scope; ; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
      if (fileOfType.has(join(outer, name))) return `.${join(outer, name)}`
      if (outer === '') throw new Error(`the example protos have no type ${name} for ${scope}`)
    }
  }

  for (const file of files.values()) {
    const needed = new Set<string>()
    const need = (absoluteName: string): void => {
      const other = fileOfType.get(absoluteName.slice(1))
      if (other !== undefined && other !== file) needed.add(other.name)
    }
    for (const [fullName, message] of messagesOf(file.package, file.messageType)) {
      for (const field of message.field) {
        if (field.typeName === '') continue
        field.typeName = resolve(field.typeName, fullName)
        need(field.typeName)
      }
    }
    for (const { inputType, outputType } of file.service.flatMap(({ method }) => method)) {
      need(inputType)
      need(outputType)
    }
    file.dependency = [...needed]
  }
  const fileDescriptorProtos = [...files.values()].map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)))
  return { linked: { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos } }
}
