/**
 * What the parts of the JSON reader share: one encoding under way, and the shapes of the closures that do it.
 */

import type { FieldDescriptor, TypeResolver } from '../schema/descriptors.js'
import type { JsonReader } from './json-reader.js'
import { ProtoJsonError } from './proto-json-error.js'
import type { WireWriter } from './wire-writer.js'

/** Go's limit of messages within messages. */
export const maxDepth = 10_000
const tooDeep = 'exceeded max recursion depth'

/** One encoding under way. */
export interface Job {
  reader: JsonReader
  writer: WireWriter
  resolver: TypeResolver
  depth: number
  /** The required field that Go would name, with its depth: the outermost, and of equals the first. */
  missing: string | undefined
  missingDepth: number
  /** Up to where the text was looked through for the type of an Any, so that its syntax is known to be right. */
  scannedTo: number
  /** Characters that were read once more to find the type of an Any within another. */
  reread: number
}

/** Reads one value and writes it without its tag. True when it is the zero of its kind; throws when it is none. */
export type ScalarWriter = (job: Job, field: FieldDescriptor) => boolean

/** Reads the value after a key and writes the field with its tag. */
export type FieldWriter = (job: Job) => void

/** Reads a message from `{` or whatever its JSON form begins with, and writes its fields. */
export type BodyWriter = (job: Job) => void

/** Go's error for messages nested too deep. */
export function nestedTooDeep(): ProtoJsonError {
  return new ProtoJsonError(tooDeep)
}

/** Enters a message. The caller takes the depth back when it is done. */
export function descend(job: Job): void {
  if (++job.depth > maxDepth) throw nestedTooDeep()
}

/** The key at a place as it stands in the text, for errors. */
export function rawKey(reader: JsonReader, at: number): string {
  reader.rewind(at)
  return reader.token().raw
}
