/**
 * google.rpc.Status, which a server sends in grpc-status-details-bin: read without a schema, since k6 knows it by itself.
 * It must not know calls; whether code and message agree with the trailers is the caller's question.
 */

import { isUtf8 } from 'node:buffer'
import { isAppError } from '../../../errors.js'
import { readFields } from '../protojson/wire-fields.js'
import { malformedWire } from '../protojson/wire-reader.js'
import { defaultMaxJsonLength, type JsonOptions, MessageDecoder } from '../protojson/wire-to-json.js'
import { anyDescriptor } from './any-descriptor.js'
import type { TypeResolver } from './descriptors.js'

export interface RpcStatus {
  code: number
  message: string
  /** Serialized google.protobuf.Any messages. */
  details: readonly Uint8Array[]
  /** `{"code":…,"message":…,"details":[…]}`, or undefined when a detail cannot be shown as JSON. */
  toJson(resolver: TypeResolver, options: Partial<JsonOptions>): string | undefined
}

/** Reads the bytes; undefined when they are no such message. */
export function readRpcStatus(bytes: Uint8Array): RpcStatus | undefined {
  let code = 0
  let message = ''
  const details: Uint8Array[] = []
  try {
    for (const field of readFields(bytes)) {
      if (field.number === 1 && field.varint !== undefined) code = Number(BigInt.asIntN(32, field.varint))
      else if (field.number === 2 && field.bytes !== undefined) {
        if (!isUtf8(field.bytes)) return undefined
        message = new TextDecoder().decode(field.bytes)
      } else if (field.number === 3 && field.bytes !== undefined) details.push(field.bytes)
    }
  } catch (e) {
    if (e === malformedWire) return undefined
    throw e
  }
  return { code, message, details, toJson: (resolver, options) => toJson(code, message, details, resolver, options) }
}

function toJson(
  code: number,
  message: string,
  details: readonly Uint8Array[],
  resolver: TypeResolver,
  options: Partial<JsonOptions>,
): string | undefined {
  const any = MessageDecoder.of(anyDescriptor)
  // Small details can become long objects: all together may be as long as one message.
  let leftLength = options.maxJsonLength ?? defaultMaxJsonLength
  const texts: string[] = []
  try {
    for (const detail of details) {
      const text = any.decode(detail, resolver, { maxJsonLength: leftLength })
      leftLength -= text.length
      texts.push(text)
    }
  } catch (e) {
    if (isAppError(e)) return undefined
    throw e
  }
  return `{"code":${code},"message":${JSON.stringify(message)},"details":[${texts.join(',')}]}`
}
