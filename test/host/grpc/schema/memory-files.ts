/**
 * Files for schema tests that need no disk: a map of texts behind the interface that load() reads through.
 */

import { Schema } from '../../../../host/grpc/schema/schema.js'
import { type ReadFile, SchemaCache } from '../../../../host/grpc/schema/schema-cache.js'
import type { SchemaLimits } from '../../../../host/grpc/schema/schema-limits.js'

/** A reader of texts by absolute path. */
export function memoryFiles(texts: Readonly<Record<string, string>>): ReadFile {
  return (path) => (Object.hasOwn(texts, path) ? Buffer.from(texts[path]!) : undefined)
}

/** A schema of one text, which is `/main.proto`; `others` are files that it may import by their names. */
export function schemaOf(
  text: string,
  others: Readonly<Record<string, string>> = {},
  limits: Partial<SchemaLimits> = {},
): Schema {
  const files = Object.fromEntries(Object.entries({ 'main.proto': text, ...others }).map(([k, v]) => [`/${k}`, v]))
  const schema = new Schema(new SchemaCache(limits))
  schema.load([], ['main.proto'], { directory: '/', read: memoryFiles(files) })
  return schema
}
