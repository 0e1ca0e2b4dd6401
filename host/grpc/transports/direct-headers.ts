/**
 * Header blocks of the calls of one session, both ways. Calls of a method are mostly alike, so the bytes of a request are
 * sent again as they are while HPACK's table stays the same, and what a response means is read once.
 */
import type { DecodedBlock } from '../../http2/hpack-decoder.js'
import type { HpackEncoder } from '../../http2/hpack-encoder.js'
import { addFields, encodeTimeout, type HeaderBlock, readHeaderBlock } from '../metadata.js'
import type { Ending } from '../status.js'
import type { CallStart, Metadata } from '../transport.js'

/** Methods whose requests are remembered, and how large their headers may be, in bytes: HPACK's table takes no more. */
const mostRemembered = 64
const mostRememberedBytes = 4096
/** What HPACK counts for a field besides its name and value, in bytes. */
const fieldBytes = 32

/** What the headers of a request are made of, besides those that all calls have. */
export type RequestShape = Pick<CallStart, 'path' | 'metadata' | 'compression' | 'previousAttempts'>

export class RequestHeaders {
  readonly #scheme: string
  readonly #authority: string
  readonly #userAgent: string
  /** By the path. */
  readonly #kinds = new Map<string, RequestKind>()

  constructor(scheme: string, authority: string, userAgent: string) {
    this.#scheme = scheme
    this.#authority = authority
    this.#userAgent = bytesOf(userAgent)
  }

  /** What a call like this one is sent with, or why it cannot be sent. */
  kindOf(shape: RequestShape): RequestKind | Ending {
    const known = this.#kinds.get(shape.path)
    if (known?.fits(shape)) return known
    const own = [
      ':method',
      'POST',
      ':scheme',
      this.#scheme,
      ':path',
      bytesOf(shape.path),
      ':authority',
      this.#authority,
    ]
    own.push('content-type', 'application/grpc', 'user-agent', this.#userAgent, 'te', 'trailers')
    if (shape.previousAttempts) own.push('grpc-previous-rpc-attempts', String(shape.previousAttempts))
    if (shape.compression === 'gzip') own.push('grpc-encoding', 'gzip')
    own.push('grpc-accept-encoding', 'gzip')
    const metadata: string[] = []
    const bad = addFields(metadata, shape.metadata)
    if (bad) return bad
    const kind = new RequestKind(shape, own, metadata)
    if (kind.listBytes > mostRememberedBytes) return kind
    if (this.#kinds.size >= mostRemembered) this.#kinds.clear()
    this.#kinds.set(shape.path, kind)
    return kind
  }
}

/** A script, or a schema, may have any text, and headers are bytes: UTF-8, as Go sends it. */
const bytesOf = (text: string) => Buffer.from(text).toString('latin1')

/** Requests that differ in nothing but their timeout. */
export class RequestKind {
  /** Size of the header block as HPACK counts it, in bytes. */
  readonly listBytes: number
  readonly #shape: RequestShape
  readonly #own: readonly string[]
  readonly #metadata: readonly string[]
  /** The last timeout, in ms, and its text. */
  #timeoutMs: number | undefined
  #timeoutText = ''
  #uses = 0
  /** The block of the last request, if it may be sent again for as long as the encoder's table is that one. */
  #block: Buffer | undefined
  #generation = 0

  constructor(shape: RequestShape, own: readonly string[], metadata: readonly string[]) {
    this.#shape = { ...shape, metadata: [...shape.metadata] }
    this.#own = own
    this.#metadata = metadata
    let listBytes = 'grpc-timeout99999999H'.length + fieldBytes
    for (const fields of [own, metadata]) {
      for (const text of fields) listBytes += text.length
      listBytes += (fields.length / 2) * fieldBytes
    }
    this.listBytes = listBytes
  }

  fits({ metadata, compression, previousAttempts }: RequestShape): boolean {
    const known = this.#shape
    return (
      known.compression === compression &&
      known.previousAttempts === previousAttempts &&
      isSame(known.metadata, metadata)
    )
  }

  /** The header block of one more request. */
  encode(encoder: HpackEncoder, timeoutMs: number | undefined): Buffer {
    const isSameTimeout = timeoutMs === this.#timeoutMs
    if (isSameTimeout && this.#block !== undefined && this.#generation === encoder.generation) return this.#block
    if (!isSameTimeout) {
      this.#timeoutMs = timeoutMs
      this.#timeoutText = timeoutMs === undefined ? '' : encodeTimeout(timeoutMs)
    }
    const timeout = timeoutMs === undefined ? [] : ['grpc-timeout', this.#timeoutText]
    const before = encoder.generation
    // What differs from call to call would push everything else out of the table.
    const isRepeated = this.#uses++ > 0
    const block = encoder.encode([...this.#own, ...timeout, ...this.#metadata], (name) =>
      name === 'grpc-timeout' ? isSameTimeout : isRepeated || ownNames.has(name),
    )
    this.#block = encoder.generation === before ? block : undefined
    this.#generation = before
    return block
  }
}

const ownNames = new Set([
  ...[':method', ':scheme', ':path', ':authority', 'content-type', 'user-agent', 'te'],
  ...['grpc-encoding', 'grpc-accept-encoding'],
])

function isSame(a: Metadata, b: Metadata): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    const [key, value] = a[i] as Metadata[number]
    const [otherKey, other] = b[i] as Metadata[number]
    // Bytes may have changed since.
    if (key !== otherKey || value !== other || typeof value !== 'string') return false
  }
  return true
}

/** Reads the headers and trailers of responses. A block that is known to be the same as the last one is read once. */
export class ResponseHeaders {
  #decoded: DecodedBlock | undefined
  #read: HeaderBlock | undefined

  read(decoded: DecodedBlock): HeaderBlock {
    if (this.#decoded === decoded && this.#read !== undefined) return this.#read
    this.#read = readHeaderBlock(decoded.fields)
    this.#decoded = decoded
    return this.#read
  }
}
