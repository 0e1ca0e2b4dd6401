/**
 * What the parts of the JSON writer share: one decoding under way, its bound on the JSON, and the shapes of its closures.
 */

import { AppError } from '../../../errors.js'
import type { TypeResolver } from '../schema/descriptors.js'
import type { ApartTexts } from './apart-texts.js'
import { ProtoJsonError } from './proto-json-error.js'
import { nestedTooDeep, WireReader } from './wire-reader.js'

/** Go's limit of messages within messages. */
const maxDepth = 10_000

/** One decoding under way. */
export interface Job {
  reader: WireReader
  resolver: TypeResolver
  depth: number
  maxLength: number
  /** Length of all text made so far; parts of it may have been overwritten since. */
  made: number
  /** Length of the texts made inside the message that is being read, which are counted already. */
  counted: number
  /** The required field that Go would name, with its depth: the outermost, and of equals the first. */
  missing: string | undefined
  missingDepth: number
  /** Bytes of groups that were passed over to find their ends. */
  groupBytes: number
  /** Texts of what has no JSON form, when the decoding goes on after the first; see `noJson`. */
  faults: string[] | undefined
  /** Takes the long strings, where the caller wants them apart from the JSON. */
  apart: ApartTexts | undefined
}

/** Reads a scalar and gives its JSON. */
export type ScalarReader = (job: Job, end: number) => string

/** The JSON of a message whose bytes are the given pairs of start and end. */
export type BodyReader = (job: Job, ranges: readonly number[]) => string

/** A decoding of a buffer from its beginning. */
export function newJob(buffer: Buffer, resolver: TypeResolver, maxLength: number): Job {
  return {
    reader: new WireReader(buffer),
    resolver,
    depth: 0,
    maxLength,
    made: 0,
    counted: 0,
    missing: undefined,
    missingDepth: 0,
    groupBytes: 0,
    faults: undefined,
    apart: undefined,
  }
}

// JSON has no bare control characters, so this one marks the place of a value that has no JSON.
const faultMark = '\u0000'

/**
 * What stands for a value without a JSON form: the decoding ends here, or has `faults` and goes on. Go reads all bytes before
 * it writes any JSON, so that bytes further on may be malformed, or take this value's place.
 */
export function noJson(job: Job, text: string): string {
  if (job.faults === undefined) throw new ProtoJsonError(text)
  job.faults.push(text)
  return `${faultMark}${job.faults.length - 1}${faultMark}`
}

/** The JSON, when nothing in it is without one. @throws {ProtoJsonError} for the first place where something is */
export function withoutFaults(job: Job, json: string): string {
  if (job.faults === undefined) return json
  const at = json.indexOf(faultMark)
  if (at < 0) return json
  const index = Number(json.slice(at + 1, json.indexOf(faultMark, at + 1)))
  throw new ProtoJsonError(job.faults[index]!)
}

/** Adds to the text made so far, and ends the decoding when that is too much. */
export function count(job: Job, length: number): void {
  job.made += length
  if (job.made > job.maxLength) throw tooLong(job.maxLength)
}

/** The error for a message whose JSON has more than `limit` characters. */
export function tooLong(limit: number): AppError {
  return new AppError('LIMIT_SIZE', `the JSON of a message is longer than the limit of ${limit} characters`, {
    hint: 'ask the server for less, or call with discardResponseMessage: true',
    details: { limit },
  })
}

/** Counts text that is made outside of a message's own reading, so that this does not count it again. */
export function countApart(job: Job, length: number): void {
  count(job, length)
  job.counted += length
}

/** Enters a message. The caller takes the depth back when it is done. */
export function descend(job: Job): void {
  if (++job.depth > maxDepth) throw nestedTooDeep
}

const needsEscape = /["\\\u0000-\u001f]/

/** A string as JSON. */
export function jsonString(text: string): string {
  return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`
}

/** The inside of a JSON object, of keys and values that are JSON already. */
export function mapText(entries: ReadonlyMap<string, string>): string {
  let out = ''
  for (const [key, value] of entries) out += out === '' ? `${key}:${value}` : `,${key}:${value}`
  return out
}
