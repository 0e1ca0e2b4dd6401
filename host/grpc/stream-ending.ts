/**
 * How a stream ended, in the texts that the guest half takes: what its `error` handlers get and what `stream.status` is.
 * Pure; which of the endings it is, the stream decides.
 */
import { metadataJson } from './response-json.js'
import { readRpcStatus } from './schema/rpc-status.js'
import type { Schema } from './schema/schema.js'
import { type Ending, rpcErrorText, Status } from './status.js'
import type { CallStatus, ReceivedMetadata } from './transport.js'

/** What an `error` handler gets, and the same as k6 writes it to the log. */
export interface StreamError {
  code: number
  message: string
  /** A JSON list, as k6 shows them. */
  details: string
  /** A JSON list of all details, as `errorDetails` shows them. */
  errorDetails: string
  logText: string
}

/** An error that is no status of the call: k6 gives it the code 2. */
export function localError(message: string): StreamError {
  return { code: Status.unknown, message, details: '[]', errorDetails: '[]', logText: message }
}

/** k6 has one text for every call that was cancelled, by whomever, and the code of an error that is no status. */
export const canceledByClient = localError('canceled by client (k6)')

/** The error of a call that did not end with OK. */
export function errorOf(result: CallStatus, schema: Schema): StreamError | undefined {
  if (result.status === Status.ok) return undefined
  const { details } = result
  if (details === undefined) return statusError(result)
  return statusError(result, detailsJson(details, schema), schema.errorDetails(details))
}

/** The details as ProtoJSON; an empty object for each when the type of one is not loaded. */
function detailsJson(rpcStatus: Uint8Array, schema: Schema): string {
  const json = schema.statusDetails(rpcStatus)
  if (json !== undefined) return JSON.stringify((JSON.parse(json) as { details: unknown[] }).details)
  return JSON.stringify((readRpcStatus(rpcStatus)?.details ?? []).map(() => ({})))
}

/** The error for a status that is not OK. */
export function statusError({ status, message }: Ending, details = '[]', errorDetails = '[]'): StreamError {
  if (status === Status.canceled) return canceledByClient
  return { code: status, message, details, errorDetails, logText: rpcErrorText({ status, message }) }
}

/** A list of the text for the log, the object for the handlers with k6's order of keys, and its errorDetails. */
export function errorJson({ code, message, details, errorDetails, logText }: StreamError): string {
  const error = `{"code":${code},"details":${details},"message":${JSON.stringify(message)}}`
  return `[${JSON.stringify(logText)},${error},${errorDetails}]`
}

/** What the server said at the end. */
export type StreamEnding = Pick<CallStatus, 'message' | 'trailers'>

/** What `stream.status` is, with the code and the text of the `error` event where there was one. */
export function statusJson(
  error: StreamError | undefined,
  { message, trailers }: StreamEnding,
  headers: ReceivedMetadata,
): string {
  return (
    `{"code":${error?.code ?? Status.ok},"message":${JSON.stringify(error?.message ?? message)},` +
    `"details":${error?.errorDetails ?? '[]'},"headers":${metadataJson(headers)},"trailers":${metadataJson(trailers)}}`
  )
}
