/**
 * Metadata as a script gives it, read from an untrusted value.
 * Which pairs may go on the wire is decided later, since k6 answers those with a status.
 */
import { goQuote } from '../../go/quote.js'
import type { Metadata } from './transport.js'

/** Why a value is no metadata, in k6's words. */
export class MetadataError extends Error {}

/** The pairs of an object, keys in lower case; none for null and undefined. @throws {MetadataError} */
export function readMetadata(value: unknown): Metadata {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw new MetadataError('must be an object with key-value pairs')
  }
  const pairs: [string, string | Uint8Array][] = []
  for (const [key, item] of Object.entries(value)) {
    const isBinary = key.endsWith('-bin')
    if (isBinary && !(item instanceof Uint8Array)) throw new MetadataError(`${goQuote(key)} value must be binary`)
    if (!isBinary && typeof item !== 'string') throw new MetadataError(`${goQuote(key)} value must be a string`)
    pairs.push([key.toLowerCase(), item as string | Uint8Array])
  }
  return pairs
}
