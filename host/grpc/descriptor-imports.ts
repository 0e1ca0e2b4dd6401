/**
 * Completes what file descriptors import. Some servers (grpc-js is one) describe packages and not files, and do not say
 * which needs which: their types are looked up here among all files. Knows neither servers nor how types are linked.
 */
import type { RawField, RawFile, RawMessage } from './schema/file-descriptor.js'
import { lengthDelimited } from './wire-field.js'

export interface DescribedFile {
  raw: RawFile
  /** The serialized FileDescriptorProto of it. */
  bytes: Uint8Array
}

/** Field number of `dependency` in FileDescriptorProto. */
const dependency = 3

/** The serialized files; one that uses types of a file that it does not import gets an import of it. */
export function withAllImports(files: readonly DescribedFile[]): Uint8Array[] {
  const fileOfType = new Map<string, string>()
  for (const { raw } of files) {
    for (const name of typesOf(raw)) if (!fileOfType.has(name)) fileOfType.set(name, raw.name)
  }
  return files.map(({ raw, bytes }) => {
    const known = new Set([raw.name, ...raw.imports.map(({ path }) => path)])
    // A file with imports may have got a type through a public one, which is for the linker to find.
    if (raw.imports.length > 0) return bytes
    const added: Uint8Array[] = []
    for (const [name, scope] of referencesOf(raw)) {
      const file = resolve(name, scope, fileOfType)
      if (file === undefined || known.has(file)) continue
      known.add(file)
      added.push(lengthDelimited(dependency, Buffer.from(file)))
    }
    // Repeated fields of one message may stand anywhere in it.
    return added.length === 0 ? bytes : Buffer.concat([bytes, ...added])
  })
}

const join = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`)

/** Full names of all messages and enums. */
function* typesOf(file: RawFile): Generator<string> {
  for (const { name } of file.enums) yield join(file.package, name)
  for (const [scope, { enums }] of messagesOf(file.package, file.messages)) {
    yield scope
    for (const { name } of enums) yield join(scope, name)
  }
}

/** All messages, nested ones too, with their full names. The reader of descriptors bounds how deep they nest. */
function* messagesOf(scope: string, messages: readonly RawMessage[]): Generator<[fullName: string, RawMessage]> {
  for (const message of messages) {
    const fullName = join(scope, message.name)
    yield [fullName, message]
    yield* messagesOf(fullName, message.messages)
  }
}

/** The names of types that a file uses, and the scope in which each stands. */
function* referencesOf(file: RawFile): Generator<[name: string, scope: string]> {
  const ofFields = function* (fields: readonly RawField[], scope: string): Generator<[string, string]> {
    for (const { typeName, extendee } of fields) {
      if (typeName !== undefined) yield [typeName, scope]
      if (extendee !== undefined) yield [extendee, scope]
    }
  }
  yield* ofFields(file.extensions, file.package)
  for (const [scope, message] of messagesOf(file.package, file.messages)) {
    yield* ofFields(message.fields, scope)
    yield* ofFields(message.extensions, scope)
  }
  for (const { name, methods } of file.services) {
    for (const { input, output } of methods) {
      yield [input, join(file.package, name)]
      yield [output, join(file.package, name)]
    }
  }
}

/** The file of a type: an absolute name as it is, another from the innermost scope outwards. */
function resolve(name: string, scope: string, fileOfType: ReadonlyMap<string, string>): string | undefined {
  if (name.startsWith('.')) return fileOfType.get(name.slice(1))
  for (let outer = scope; ; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
    const found = fileOfType.get(join(outer, name))
    if (found !== undefined || outer === '') return found
  }
}
