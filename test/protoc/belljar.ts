/**
 * Reads a tree of texts as `client.load()` does, and keeps both what each file says and what was made of all of them.
 */

import { isAppError } from '../../errors.js'
import type { LinkedFile } from '../../host/grpc/schema/descriptors.js'
import type { RawFile } from '../../host/grpc/schema/file-descriptor.js'
import { parseProto } from '../../host/grpc/schema/proto-text.js'
import { SchemaCache } from '../../host/grpc/schema/schema-cache.js'
import { defaultSchemaLimits } from '../../host/grpc/schema/schema-limits.js'
import { wellKnownFile } from '../../host/grpc/schema/well-known-files.js'
import type { ProtoTree } from './protoc.js'

/** A file as it is read, and as it is linked. */
export interface ReadFile {
  raw: RawFile
  linked: LinkedFile
}

export type Reading = { files: ReadonlyMap<string, ReadFile> } | { error: string }

/**
 * Loads files of a tree by their names. A refusal is a SchemaError; all else is a fault of ours and thrown.
 */
export function readWithBelljar(tree: ProtoTree, names: readonly string[]): Reading {
  const bytesOf = (name: string) => (Object.hasOwn(tree, name) ? Buffer.from(tree[name]!) : undefined)
  try {
    const set = new SchemaCache().load([], names, '/', (path) => bytesOf(path.slice(1)))
    const files = set.files.map((linked): [string, ReadFile] => {
      const bytes = bytesOf(linked.name) ?? wellKnownFile(linked.name)!
      return [linked.name, { linked, raw: parseProto(linked.name, bytes, defaultSchemaLimits) }]
    })
    return { files: new Map(files) }
  } catch (e) {
    if (isAppError(e, 'SCHEMA_INVALID')) return { error: (e as Error).message }
    throw e
  }
}

/** Links a descriptor set that protoc wrote, by the names of its files. */
export function linkDescriptors(bytes: Uint8Array): ReadonlyMap<string, LinkedFile> {
  return new Map(new SchemaCache().loadProtoset(bytes, 'protoset').files.map((file) => [file.name, file]))
}
