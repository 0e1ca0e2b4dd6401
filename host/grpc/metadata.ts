/**
 * Metadata on the wire: which pairs may go out and how, and what a server's header block means.
 * Knows header names and values only; nothing of streams.
 */
import { goQuote } from '../../go/quote.js'
import { type Ending, isGrpcContentType, Status } from './status.js'
import type { Metadata, ReceivedMetadata } from './transport.js'

/** Headers that gRPC or HTTP/2 set themselves: what a script gives for them is left out. */
const reserved = new Set(['content-type', 'user-agent', 'te', 'host', 'grpc-message-type'])

/** Headers that no HTTP/2 peer accepts: a server answers them by resetting the stream, so nothing needs to be sent. */
const forbidden = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings'],
  'content-length',
])

/** Adds name, value, name, value … of the pairs to `fields`, or tells why the call fails before anything is sent. */
export function addFields(fields: string[], metadata: Metadata): Ending | undefined {
  for (const [key, value] of metadata) {
    if (key === '') return { status: Status.internal, message: 'there is an empty key in the header' }
    if (key.startsWith(':')) continue
    if (!/^[0-9a-z_.-]+$/.test(key)) {
      const message = `header key ${goQuote(key)} contains illegal characters not in [0-9a-z-_.]`
      return { status: Status.internal, message }
    }
    if (typeof value === 'string' && !key.endsWith('-bin') && /[^ -~]/.test(value)) {
      const message = `header key ${goQuote(key)} contains value with non-printable ASCII characters`
      return { status: Status.internal, message }
    }
  }
  for (const [key, value] of metadata) {
    if (key.startsWith(':') || key.startsWith('grpc-') || reserved.has(key)) continue
    if (forbidden.has(key)) {
      return { status: Status.internal, message: 'stream terminated by RST_STREAM with error code: PROTOCOL_ERROR' }
    }
    fields.push(key, key.endsWith('-bin') ? base64Of(value) : String(value))
  }
  return undefined
}

/** The same for an object of headers. */
export function addMetadata(headers: Record<string, string | string[]>, metadata: Metadata): Ending | undefined {
  const fields: string[] = []
  const bad = addFields(fields, metadata)
  for (let i = 0; i < fields.length; i += 2) {
    const key = fields[i] as string
    const text = fields[i + 1] as string
    const before = headers[key]
    if (before === undefined) headers[key] = text
    else if (typeof before === 'string') headers[key] = [before, text]
    else before.push(text)
  }
  return bad
}

/** gRPC leaves the padding out. */
function base64Of(value: string | Uint8Array): string {
  const bytes =
    typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.length)
  return bytes.toString('base64').replace(/=+$/, '')
}

/** The value of grpc-timeout: at most eight digits and a unit, rounded up. */
export function encodeTimeout(timeoutMs: number): string {
  for (const [unit, perMs] of timeoutUnits) {
    const count = Math.ceil(timeoutMs * perMs)
    if (count < 100_000_000) return `${Math.max(count, 1)}${unit}`
  }
  return '99999999H'
}
const timeoutUnits = [
  ['n', 1e6],
  ['u', 1000],
  ['m', 1],
  ['S', 1 / 1000],
  ['M', 1 / 60_000],
  ['H', 1 / 3_600_000],
] as const

/** Size of a header block as HPACK counts it, in bytes. */
export function headerListBytes(headers: Record<string, string | string[]>): number {
  let bytes = 0
  for (const name of Object.keys(headers)) {
    const value = headers[name] as string | string[]
    for (const one of typeof value === 'string' ? [value] : value) bytes += name.length + one.length + 32
  }
  return bytes
}

/** Size of the names and values of a header block, in bytes. */
export function blockBytes(raw: readonly string[]): number {
  return raw.reduce((sum, part) => sum + part.length, 0)
}

/** What grpc-go's observers see of what is sent: the metadata as it was given, with our user agent. */
export function observedMetadata(given: Metadata, userAgent: string): Metadata {
  return [...given.filter(([key]) => key !== 'user-agent'), ['user-agent', userAgent]]
}

/** A header block of a server, sorted into what it means. */
export interface HeaderBlock {
  httpStatus?: number
  /** The content type when it is not gRPC's. */
  wrongContentType?: string
  isGrpc: boolean
  encoding: string
  statusText?: string
  messageText: string
  details: Uint8Array[]
  metadata: ReceivedMetadata
  /** Why the block cannot be used. */
  error?: string
  /** The end that it means as trailers, once somebody has asked: calls mostly end with the same block. */
  ending?: Readonly<Ending & { details?: Uint8Array }>
}

/** Headers of gRPC's own that are not shown to scripts. */
const hidden = new Set(['grpc-encoding', 'grpc-message', 'grpc-status', 'grpc-timeout', 'grpc-message-type', 'te'])

/** Reads name, value, name, value … as Node gives them. */
export function readHeaderBlock(raw: readonly string[]): HeaderBlock {
  const metadata = new Map<string, string[]>()
  const block: HeaderBlock = { isGrpc: false, encoding: '', messageText: '', details: [], metadata }
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    if (name === 'content-type') {
      block.isGrpc = isGrpcContentType(value)
      block.wrongContentType = block.isGrpc ? undefined : value
      if (block.isGrpc) add(metadata, name, value)
    } else if (name === ':status') block.httpStatus = Number(value)
    else if (name === 'grpc-status') block.statusText = value
    else if (name === 'grpc-message') block.messageText = value
    else if (name === 'grpc-encoding') block.encoding = value
    else if (name.startsWith(':') || hidden.has(name)) continue
    else if (name.endsWith('-bin')) {
      const bytes = decodeBinary(value)
      if (!bytes) block.error = `transport: malformed ${name}: illegal base64 data`
      else {
        if (name === 'grpc-status-details-bin') block.details.push(bytes)
        add(metadata, name, bytes.toString('utf8'))
      }
    } else add(metadata, name, Buffer.from(value, 'latin1').toString('utf8'))
  }
  return block
}

function add(metadata: Map<string, string[]>, name: string, value: string): void {
  const values = metadata.get(name)
  if (values) values.push(value)
  else metadata.set(name, [value])
}

/** Padded or unpadded base64, strictly. */
function decodeBinary(text: string): Buffer | undefined {
  const body = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text
  if (body.length % 4 === 1 || !/^[A-Za-z0-9+/]*$/.test(body)) return undefined
  return Buffer.from(body, 'base64')
}
