/**
 * What `client.invoke()` returns, as text for the guest half, which makes an object with k6's keys of it. Of a call that
 * succeeded: the head, which is a line end, a number, and headers and trailers as JSON, each after a line end, and one more;
 * then the message (message-text.ts). The head is often the same: it is left out where the guest half has said that it knows
 * the one with that number. Of one that failed: a carriage return and JSON with the keys in k6's order, and errorDetails after
 * them, which the guest half hides from those who list the keys.
 */
import type { Utf8Text } from '../../runtime/js-value.js'
import { messageText } from './message-text.js'
import type { SplitJson } from './protojson/apart-texts.js'
import { hasNoJson, WireError } from './protojson/proto-json-error.js'
import type { MethodDescriptor, Schema } from './schema/schema.js'
import { Status } from './status.js'
import type { CallResult, ReceivedMetadata } from './transport.js'

export type ResponseText =
  | { status: number; text: string | Utf8Text }
  /** The message came in whole, but has no JSON form (an Any of an unknown type, say), or one that is too long. */
  | { status: number; conversionError: string }

/**
 * The response of a call. A message is there also when the call failed: the last one received, or an empty one. Bytes that
 * are no such message make the call fail with status 13.
 */
export function responseText(
  schema: Schema,
  method: MethodDescriptor,
  result: CallResult,
  discardsMessage: boolean,
  knownHead?: unknown,
): ResponseText {
  let { status, message: statusText } = result
  let details = result.details
  let message: string | SplitJson = 'null'
  try {
    // Also a message that the script does not want must be one.
    const decoded = decode(method, result, discardsMessage)
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
  if (status === Status.ok) return { status, text: messageText(headOf(result, knownHead), message) }
  const text =
    `\r{"message":${message},"error":${errorJson(schema, status, statusText, details)},` +
    `"headers":${metadataJson(result.headers)},"trailers":${metadataJson(result.trailers)},"status":${status},` +
    `"errorDetails":${details === undefined ? '[]' : schema.errorDetails(details)}}`
  return { status, text }
}

/** Long strings are apart only where they can go over so: not in what failed. */
function decode({ output }: MethodDescriptor, { status, response }: CallResult, isDiscarded: boolean) {
  if (response === undefined) return output.empty()
  return status === Status.ok && !isDiscarded ? output.decodeApart(response) : output.decode(response)
}

/** What was sent around the message the last time: mostly it is the same again, for all VUs of a thread. */
let lastAround: { headers: ReceivedMetadata; trailers: ReceivedMetadata; id: number; head: string } | undefined

/** The numbers of heads, by what follows the number, so that the same one keeps it when others come in between. */
const headIds = new Map<string, number>()
const mostHeads = 64
/** Of longer ones the number is not kept, as the guest half does not keep them either. */
const mostHeadLength = 4096
let lastId = 0

function headId(text: string): number {
  const known = headIds.get(text)
  if (known !== undefined) return known
  const id = ++lastId
  if (text.length > mostHeadLength) return id
  if (headIds.size >= mostHeads) headIds.clear()
  headIds.set(text, id)
  return id
}

function headOf({ headers, trailers }: CallResult, knownHead: unknown): string {
  if (lastAround === undefined || !isSame(headers, lastAround.headers) || !isSame(trailers, lastAround.trailers)) {
    const text = `\n${metadataJson(headers)}\n${metadataJson(trailers)}\n`
    const id = headId(text)
    lastAround = { headers, trailers, id, head: `\n${id}${text}` }
  }
  return lastAround.id === knownHead ? '' : lastAround.head
}

/** True for the same names with the same values in the same order. */
function isSame(a: ReceivedMetadata, b: ReceivedMetadata): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  const others = b.entries()
  for (const [name, values] of a) {
    const [otherName, otherValues] = others.next().value as [string, readonly string[]]
    if (name !== otherName || values.length !== otherValues.length) return false
    for (let i = 0; i < values.length; i++) if (values[i] !== otherValues[i]) return false
  }
  return true
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
