/**
 * What `client.invoke()` returns, as JSON text, in the order of k6's keys: message, error, headers, trailers, status. A
 * failed call has errorDetails after them, which the guest half hides from those who list the keys.
 */
import { hasNoJson, WireError } from './protojson/proto-json-error.js'
import type { MethodDescriptor, Schema } from './schema/schema.js'
import { Status } from './status.js'
import type { CallResult, ReceivedMetadata } from './transport.js'

export type ResponseJson =
  | { status: number; json: string }
  /** The message came in whole, but has no JSON form (an Any of an unknown type, say), or one that is too long. */
  | { status: number; conversionError: string }

/**
 * The response of a call. A message is there also when the call failed: the last one received, or an empty one. Bytes that
 * are no such message make the call fail with status 13.
 */
export function responseJson(
  schema: Schema,
  method: MethodDescriptor,
  result: CallResult,
  discardsMessage: boolean,
): ResponseJson {
  let { status, message: statusText } = result
  let details = result.details
  let message = 'null'
  try {
    // Also a message that the script does not want must be one.
    const decoded = result.response === undefined ? method.output.empty() : method.output.decode(result.response)
    if (!discardsMessage) message = decoded
  } catch (e) {
    if (e instanceof WireError) {
      if (status === Status.ok) {
        status = Status.internal
        statusText = `grpc: failed to unmarshal the received message: ${e.message}`
        details = undefined
      }
      try {
        const partial = e.partialJson()
        if (!discardsMessage) message = partial
      } catch (reason) {
        if (!hasNoJson(reason)) throw reason
        return { status, conversionError: `failed to marshal the message: ${reason.message}` }
      }
    } else if (hasNoJson(e)) {
      return { status, conversionError: `failed to marshal the message: ${e.message}` }
    } else {
      throw e
    }
  }
  const isOk = status === Status.ok
  const error = isOk ? 'null' : errorJson(schema, status, statusText, details)
  const more = isOk ? '' : `,"errorDetails":${details === undefined ? '[]' : schema.errorDetails(details)}`
  const json =
    `{"message":${message},"error":${error},"headers":${metadataJson(result.headers)},` +
    `"trailers":${metadataJson(result.trailers)},"status":${status}${more}}`
  return { status, json }
}

function errorJson(schema: Schema, status: number, message: string, details: Uint8Array | undefined): string {
  // With details of a type that this client has not loaded, k6 shows an empty error.
  if (details !== undefined) return schema.statusDetails(details) ?? '{}'
  // The code of a google.rpc.Status is an int32, while gRPC's own goes up to 2^32 - 1.
  return `{"code":${status | 0},"message":${JSON.stringify(message)},"details":[]}`
}

/** What a server sent, as scripts see it: lists of strings by name. */
export function metadataJson(metadata: ReceivedMetadata): string {
  let json = '{'
  for (const [name, values] of metadata) {
    json += `${json.length > 1 ? ',' : ''}${JSON.stringify(name)}:${JSON.stringify(values)}`
  }
  return `${json}}`
}
