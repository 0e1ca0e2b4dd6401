/** The parameter `compression` of connections and calls, which k6 does not have. */
import { goSyntax } from '../../go/value-syntax.js'
import type { Compression } from './transport.js'

/** Why the value is refused; the caller puts its own words in front. */
export class CompressionError extends Error {}

/** @throws {CompressionError} */
export function readCompression(value: unknown): Compression {
  if (value === 'gzip' || value === 'identity') return value
  throw new CompressionError(`'${goSyntax(value)}', it needs to be "gzip" or "identity"`)
}
