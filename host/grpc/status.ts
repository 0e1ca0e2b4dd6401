/**
 * What becomes of a call as a gRPC status: codes, and the readings of HTTP statuses, HTTP/2 errors and status headers.
 * Pure; the texts are those of grpc-go, because scripts see them.
 */
import { STATUS_CODES } from 'node:http'
import { goQuote } from '../../go/quote.js'
import { readRpcStatus } from './schema/rpc-status.js'

/** The status codes of gRPC. */
export const Status = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const

const statusNames = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...['PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented'],
  ...['Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
]

/** Go's name of a status: `NotFound`, or `Code(99)` for a number without one. */
export function statusName(status: number): string {
  return statusNames[status] ?? `Code(${status})`
}

/** A status and the text that goes with it. */
export interface Ending {
  readonly status: number
  readonly message: string
  /** A message came that is larger than the connection takes. */
  readonly isTooLarge?: boolean
}

/** How a call ends whose time is up. */
export const deadlineExceeded: Ending = { status: Status.deadlineExceeded, message: 'context deadline exceeded' }

/** How a call ends that its caller gave up. */
export const contextCanceled: Ending = { status: Status.canceled, message: 'context canceled' }

/** How a call ends that met an error of ours. */
export const internalError: Ending = {
  status: Status.internal,
  message: 'an internal error of belljar; the log has more',
}

/** How calls of a connection end that is closed, and calls made after that. */
export const connectionClosing: Ending = {
  status: Status.canceled,
  message: 'grpc: the client connection is closing',
}

/** How a call ends that the server ended without a status. */
export const noTrailers: Ending = {
  status: Status.internal,
  message: 'server closed the stream without sending trailers',
}

/** How a call ends whose last message is not whole. */
export const unexpectedEof: Ending = { status: Status.internal, message: 'unexpected EOF' }

/** How a call with one reply ends that got none, or one more. */
export const noReply: Ending = {
  status: Status.internal,
  message: 'cardinality violation: received no response message from non-server-streaming RPC',
}
export const secondReply: Ending = {
  status: Status.internal,
  message: 'cardinality violation: expected <EOF> for non server-streaming RPCs, but received another message',
}

/** How a call ends that a server did not look at, which goes away. */
export const streamRejected: Ending = {
  status: Status.unavailable,
  message: 'the stream is rejected because server is draining the connection',
}

/** A header block that is larger than the server takes, or than a connection of many does. */
export function headersTooLarge(maxBytes: number, isOfServer: boolean): Ending {
  const setBy = isOfServer ? 'set by server' : 'of a shared connection'
  const message = `header list size to send violates the maximum size (${maxBytes} bytes) ${setBy}`
  return { status: Status.internal, message }
}

/** How a call ends with a message from here that is larger than allowed. */
export function sendTooLarge(sizeBytes: number, maxBytes: number): Ending {
  const message = `trying to send message larger than max (${sizeBytes} vs. ${maxBytes})`
  return { status: Status.resourceExhausted, message }
}

/** How a call ends with a message of the server that is larger than allowed. */
export function receivedTooLarge(sizeBytes: number, maxBytes: number): Ending {
  const message = `grpc: received message larger than max (${sizeBytes} vs. ${maxBytes})`
  return { status: Status.resourceExhausted, message, isTooLarge: true }
}

/** The end of an answer that is not gRPC, with the beginning of its body. */
export function endingOfForeign({ status, message }: Ending, body: Buffer): Ending {
  return { status, message: `${message}\ndata: ${goQuote(body.toString('utf8'))}` }
}

/** A status in the words of Go's error: `rpc error: code = NotFound desc = no such thing`. */
export function rpcErrorText({ status, message }: Ending): string {
  return `rpc error: code = ${statusName(status)} desc = ${message}`
}

/** The longest status text that is kept, in characters; servers may send far more. */
const messageLimit = 64 * 1024

const httpStatuses = new Map<number, number>([
  [400, Status.internal],
  [401, Status.unauthenticated],
  [403, Status.permissionDenied],
  [404, Status.unimplemented],
  [429, Status.unavailable],
  [502, Status.unavailable],
  [503, Status.unavailable],
  [504, Status.unavailable],
])

/** Reading of an answer that is not gRPC: its HTTP status, and what is wrong with its content type. */
export function endingOfHttpStatus(httpStatus: number, contentType: string | undefined): Ending {
  const wrongType =
    contentType === undefined
      ? 'malformed header: missing HTTP content-type'
      : `transport: received unexpected content-type ${goQuote(contentType)}`
  const text = `unexpected HTTP status code received from server: ${httpStatus} (${STATUS_CODES[httpStatus] ?? ''})`
  return { status: httpStatuses.get(httpStatus) ?? Status.unknown, message: `${text}; ${wrongType}` }
}

/** True for application/grpc and its subtypes. */
export function isGrpcContentType(text: string): boolean {
  return /^application\/grpc(?:[+;]|$)/i.test(text)
}

const http2Errors: readonly (readonly [name: string, status: number])[] = [
  ['NO_ERROR', Status.internal],
  ['PROTOCOL_ERROR', Status.internal],
  ['INTERNAL_ERROR', Status.internal],
  ['FLOW_CONTROL_ERROR', Status.resourceExhausted],
  ['SETTINGS_TIMEOUT', Status.internal],
  ['STREAM_CLOSED', Status.internal],
  ['FRAME_SIZE_ERROR', Status.internal],
  ['REFUSED_STREAM', Status.unavailable],
  ['CANCEL', Status.canceled],
  ['COMPRESSION_ERROR', Status.internal],
  ['CONNECT_ERROR', Status.internal],
  ['ENHANCE_YOUR_CALM', Status.resourceExhausted],
  ['INADEQUATE_SECURITY', Status.permissionDenied],
  ['HTTP_1_1_REQUIRED', Status.internal],
]

/** Name of an HTTP/2 error code, as Go prints it. */
export function http2ErrorName(code: number): string {
  return http2Errors[code]?.[0] ?? `unknown error code 0x${code.toString(16)}`
}

/** Reading of a stream that the server reset. */
export function endingOfReset(code: number): Ending {
  const message = `stream terminated by RST_STREAM with error code: ${http2ErrorName(code)}`
  return { status: http2Errors[code]?.[1] ?? Status.unknown, message }
}

/** Reading of the headers grpc-status and grpc-message, with the details when they fit the status. */
export function endingOfTrailers(
  statusText: string | undefined,
  messageText: string,
  detailsValues: readonly Uint8Array[],
): Ending & { details?: Uint8Array } {
  const status = readStatus(statusText)
  if (typeof status !== 'number') return status
  const message = decodeMessage(messageText)
  const [bytes, ...more] = detailsValues
  const details = bytes && more.length === 0 ? readRpcStatus(bytes) : undefined
  if (!bytes || !details) return { status, message }
  if (details.code === status) return { status, message: details.message.slice(0, messageLimit), details: bytes }
  const sent = `${details.code === 0 ? '' : `code:${details.code}`}${details.message === '' ? '' : `  message:${goQuote(details.message)}`}`
  const names = `grpc-status=${statusName(status)}, grpc-message=${goQuote(message)}`
  const text = `grpc-status-details-bin mismatch: ${names}, grpc-status-details-bin=${sent.trimStart()}`
  return { status: Status.internal, message: text.slice(0, messageLimit) }
}

function readStatus(text: string | undefined): number | Ending {
  if (text === undefined) return Status.unknown
  const refuse = (why: string) => ({
    status: Status.unknown,
    message: `transport: malformed grpc-status: strconv.ParseInt: parsing ${goQuote(text.slice(0, 100))}: ${why}`,
  })
  if (!/^[+-]?\d+$/.test(text)) return refuse('invalid syntax')
  const status = Number(text)
  if (status > 0x7fffffff || status < -0x80000000) return refuse('value out of range')
  return status >>> 0
}

/** Undoes the percent-encoding of grpc-message; what is no escape stays as it is. */
function decodeMessage(text: string): string {
  const cut = text.slice(0, messageLimit)
  // Node hands header bytes over as Latin-1.
  if (!cut.includes('%')) return isAscii(cut) ? cut : Buffer.from(cut, 'latin1').toString('utf8')
  const bytes = cut.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text)
}
