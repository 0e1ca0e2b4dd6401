/** Serialized descriptors: what `client.loadProtoset()` reads, and what servers describe themselves with. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import { withAllImports } from '../../host/grpc/descriptor-imports.js'
import { malformedWire } from '../../host/grpc/protojson/wire-reader.js'
import { readFileDescriptor } from '../../host/grpc/schema/descriptor-set.js'
import { Schema } from '../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../host/grpc/schema/schema-cache.js'
import { defaultSchemaLimits } from '../../host/grpc/schema/schema-limits.js'
import { packageRoot } from '../../package-root.js'
import { type FuzzTarget, refusal } from '../target.js'
import { tryType } from './proto-text.js'

const names = fc.constantFrom(
  '',
  'a',
  'b',
  'M',
  'E',
  'a.b',
  '.a.M',
  'M.M',
  '__proto__',
  'constructor',
  'é',
  'x'.repeat(300),
)
const references = fc.oneof(
  names,
  names.map((name) => `.a.${name}`),
  names.map((name) => `.${name}`),
)
const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -1, max: 30 }),
  fc.constantFrom(19_000, 536_870_911, 536_870_912),
)
const field = fc.record(
  {
    name: names,
    number,
    label: fc.integer({ min: 0, max: 4 }),
    type: fc.integer({ min: 0, max: 20 }),
    typeName: references,
    extendee: references,
    defaultValue: fc.oneof(names, fc.constantFrom('1', '-1', 'nan', 'true', '\\377', '\\x', '1e999')),
    oneofIndex: fc.integer({ min: -2, max: 3 }),
    jsonName: names,
    proto3Optional: fc.boolean(),
  },
  { requiredKeys: [] },
)
const enumType = fc.record({ name: names, value: fc.array(fc.record({ name: names, number }), { maxLength: 4 }) })
const message = fc.letrec((tie) => ({
  message: fc.record({
    name: names,
    field: fc.array(field, { maxLength: 4 }),
    nestedType: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('message'), { maxLength: 2 })),
    enumType: fc.array(enumType, { maxLength: 2 }),
    oneofDecl: fc.array(fc.record({ name: names }), { maxLength: 2 }),
    extension: fc.array(field, { maxLength: 1 }),
    extensionRange: fc.array(fc.record({ start: number, end: number }), { maxLength: 2 }),
    options: fc.option(fc.record({ mapEntry: fc.boolean(), messageSetWireFormat: fc.boolean() }), { nil: undefined }),
  }),
})).message
const method = fc.record({ name: names, inputType: references, outputType: references, clientStreaming: fc.boolean() })
const file = fc.record({
  name: fc.constantFrom('a.proto', 'b.proto', '', 'google/protobuf/any.proto'),
  package: names,
  syntax: fc.constantFrom('', 'proto2', 'proto3', 'editions', 'proto4'),
  edition: fc.constantFrom(0, 998, 1000, 99_999),
  dependency: fc.array(fc.constantFrom('a.proto', 'b.proto', 'c.proto', 'google/protobuf/any.proto'), { maxLength: 3 }),
  publicDependency: fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 2 }),
  messageType: fc.array(message, { maxLength: 3 }),
  enumType: fc.array(enumType, { maxLength: 2 }),
  service: fc.array(fc.record({ name: names, method: fc.array(method, { maxLength: 3 }) }), { maxLength: 2 }),
  extension: fc.array(field, { maxLength: 2 }),
})
const sets = fc
  .array(file, { minLength: 1, maxLength: 3 })
  .map((files) =>
    toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: files } as FileDescriptorSet)),
  )
const files = file.map((one) =>
  toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, one as FileDescriptorProto)),
)

/** A file whose messages stand inside each other so many times. */
const nested = fc.constantFrom(10, 40, 5000).map((depth) => {
  let inner: Uint8Array = Buffer.from('0a014d', 'hex')
  for (let i = 0; i < depth && inner.length < 30_000; i++) inner = lengthDelimited(3, inner)
  return lengthDelimited(1, lengthDelimited(4, inner))
})

function lengthDelimited(number: number, contents: Uint8Array): Uint8Array {
  const head = [(number << 3) | 2]
  let length = contents.length
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128)
  return Buffer.concat([Buffer.from([...head, length]), contents])
}

/** The first byte says which of the two it is. */
const marked = (kind: number, bytes: Uint8Array) => Buffer.concat([Buffer.of(kind), bytes])

export const target: FuzzTarget = {
  seeds: () =>
    ['test/protos/kinds.protoset', 'test/protos/every/every.protoset'].map((path) =>
      marked(0, readFileSync(join(packageRoot, path))),
    ),
  structured: fc.oneof(
    { weight: 5, arbitrary: sets.map((bytes) => marked(0, bytes)) },
    { weight: 3, arbitrary: files.map((bytes) => marked(1, bytes)) },
    { weight: 1, arbitrary: nested.map((bytes) => marked(0, bytes)) },
  ),
  words: ['proto3', 'editions', '.a.M', 'a.proto', 'google/protobuf/any.proto'],
  run(bytes) {
    const schema = new Schema(new SchemaCache())
    const contents = bytes.subarray(1)
    try {
      const methods =
        bytes[0] === 1 ? schema.loadDescriptors(completed(contents)) : schema.loadProtoset(contents, 'a.protoset')
      let fields = 0
      for (const { full_method } of methods) {
        const { input, output } = schema.method(full_method)!
        for (const type of [input, output]) fields += tryType(type, bytes)
      }
      return `${methods.length} methods, ${fields} fields`
    } catch (e) {
      return refusal(e, bytes)
    }
  },
}

/** As reflection completes a file of a server. */
function completed(bytes: Uint8Array): Uint8Array[] {
  try {
    return withAllImports([{ raw: readFileDescriptor(bytes, defaultSchemaLimits), bytes }])
  } catch (e) {
    if (e !== malformedWire) throw e
    return [bytes]
  }
}
