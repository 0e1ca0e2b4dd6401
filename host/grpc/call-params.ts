/**
 * The parameters of `client.invoke()` and of a stream, read from an untrusted value in k6's order and with k6's texts.
 * Pure: what a missing timeout means is the caller's matter.
 */

import { GoSyntaxError } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'
import { CompressionError, readCompression } from './compression-param.js'
import { entriesOf } from './connect-params.js'
import { durationMsOf } from './duration-param.js'
import { MetadataError, readMetadata } from './metadata-params.js'
import type { Compression, Metadata } from './transport.js'

export interface CallParams {
  metadata: Metadata
  /** Tags of the call's samples; a name comes once. */
  tags: ReadonlyMap<string, string>
  /** Absent when not given or 0, which invoke takes as `defaultInvokeTimeoutMs` and a stream as none. */
  timeoutMs?: number
  /** The script would wait longer than the policy lets it. */
  isTimeCapped?: boolean
  discardsResponse: boolean
  /** Absent: that of the connection. */
  compression?: Compression
}

/** Every parameter by the name that scripts give it; docs/grpc-reference.md has a row for each. */
export const callParamNames = ['metadata', 'tags', 'timeout', 'discardResponseMessage', 'compression'] as const

type CallParamName = (typeof callParamNames)[number]

/** How long `client.invoke()` waits when the script does not say. */
export const defaultInvokeTimeoutMs = 120_000

/** Why the parameters are refused; the caller puts its own words in front, which differ between invoke and streams. */
export class CallParamsError extends Error {}

/** @throws {CallParamsError} the first bad key wins */
export function readCallParams(value: unknown): CallParams {
  const params: CallParams = { metadata: [], tags: new Map(), discardsResponse: false }
  for (const [key, item] of entriesOf(value)) {
    // Whatever the key is: a case that is missing in the list of names does not compile.
    switch (key as CallParamName) {
      case 'metadata':
        params.metadata = within('invalid metadata param', () => readMetadata(item))
        break
      case 'tags':
        params.tags = readTags(item)
        break
      case 'timeout': {
        const timeoutMs = within('invalid timeout value', () => durationMsOf(item))
        if (timeoutMs !== 0) params.timeoutMs = timeoutMs
        break
      }
      case 'discardResponseMessage':
        params.discardsResponse = Boolean(item)
        break
      case 'compression':
        params.compression = within('invalid compression value', () => readCompression(item))
        break
      default:
        throw new CallParamsError(`unknown param: ${goQuote(key)}`)
    }
  }
  return params
}

function within<T>(prefix: string, read: () => T): T {
  try {
    return read()
  } catch (e) {
    const isRefusal = e instanceof MetadataError || e instanceof GoSyntaxError || e instanceof CompressionError
    throw isRefusal ? new CallParamsError(`${prefix}: ${e.message}`) : e
  }
}

function readTags(value: unknown): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const [key, item] of entriesOf(value)) {
    if (typeof item !== 'string' && typeof item !== 'boolean' && typeof item !== 'number') {
      const need = 'only String, Boolean and Number types are accepted as a metric tag values'
      throw new CallParamsError(`metric tags: invalid value for metric tag '${key}': ${need}`)
    }
    tags.set(key, String(item))
  }
  return tags
}
