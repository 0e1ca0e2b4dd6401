/**
 * Metadata as a script gives it, read from an untrusted value.
 * Which pairs may go on the wire is decided later, since k6 answers those with a status.
 */
import { goQuote } from '../../go/quote.js'
import type { Metadata } from './transport.js'

/** Largest metadata of a call: pairs, and bytes in all. */
const pairLimit = 1000
const byteLimit = 1024 * 1024

/** Why a value is no metadata, in k6's words. */
export class MetadataError extends Error {}

/** The pairs of an object, keys in lower case; none for null and undefined. @throws {MetadataError} */
export function readMetadata(value: unknown): Metadata {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw new MetadataError('must be an object with key-value pairs')
  }
  const pairs: [string, string | Uint8Array][] = []
  let bytes = 0
  for (const [key, item] of Object.entries(value)) {
    const isBinary = key.endsWith('-bin')
    if (isBinary && !(item instanceof Uint8Array)) throw new MetadataError(`${goQuote(key)} value must be binary`)
    if (!isBinary && typeof item !== 'string') throw new MetadataError(`${goQuote(key)} value must be a string`)
    const pairValue = item as string | Uint8Array
    bytes += key.length + pairValue.length
    pairs.push([key.toLowerCase(), pairValue])
    if (pairs.length > pairLimit) throw new MetadataError(`more than ${pairLimit} pairs`)
    if (bytes > byteLimit) throw new MetadataError(`larger than ${byteLimit} bytes`)
  }
  return pairs
}
