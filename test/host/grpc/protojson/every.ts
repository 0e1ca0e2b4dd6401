/**
 * The types of test/protos/every, which has every feature of protobuf: ours, compiled from the text, and those that
 * @bufbuild/protobuf makes of protoc's descriptors, to compare with.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFileRegistry, type DescMessage, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { type MessageType, Schema } from '../../../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../../../host/grpc/schema/schema-cache.js'
import { packageRoot } from '../../../../package-root.js'

const directory = join(packageRoot, 'test/protos/every')
const schema = new Schema(new SchemaCache())
schema.load([directory], ['every.proto', 'old.proto', 'new.proto'], {
  directory,
  read: (path) => (path.startsWith(`${directory}/`) && !path.includes('google/') ? readFileSync(path) : undefined),
})

/** The types of the other implementation, for its Any. */
export const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(join(directory, 'every.protoset'))),
)

/** A type by its name behind `every.`, ours and theirs. */
export function everyType(name: string): { ours: MessageType; theirs: DescMessage } {
  const ours = schema.messageType(`every.${name}`)
  const theirs = registry.getMessage(`every.${name}`)
  assert.ok(ours && theirs, name)
  return { ours, theirs }
}

/** The types that tests make messages of. */
export const everyTypes = [
  'Scalars',
  'Optionals',
  'Lists',
  'Maps',
  'Choices',
  'WellKnown',
  'Names',
  'Everything',
  'old.Optionals',
  'old.Lists',
  'old.Strict',
  'next.Fields',
  'next.Required',
] as const
