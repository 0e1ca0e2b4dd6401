/** Compression of bodies by the names of the header Content-Encoding (RFC 9110, section 8.4), with a bound on what comes out. */
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { HttpFailure } from './http-failure.js'

type Codec = (bytes: Uint8Array, options: { maxOutputLength?: number }) => Promise<Buffer>
type Codecs = { encode: Codec; decode: Codec }

/** zstd came with Node.js 22.15; the types here are those of Node.js 20. */
type ZstdFunction = (bytes: Uint8Array, options: object, done: (e: Error | null, result: Buffer) => void) => void
const { zstdCompress, zstdDecompress } = zlib as unknown as Partial<
  Record<'zstdCompress' | 'zstdDecompress', ZstdFunction>
>

const absent: Codec = () => {
  throw new HttpFailure(1701, 'zstd is not supported', 'zstd needs Node.js 22.15 or newer')
}

const codecs = {
  gzip: { encode: promisify(zlib.gzip), decode: promisify(zlib.gunzip) },
  // As HTTP has it: in the frame of zlib.
  deflate: { encode: promisify(zlib.deflate), decode: promisify(zlib.inflate) },
  br: { encode: promisify(zlib.brotliCompress), decode: promisify(zlib.brotliDecompress) },
  zstd: {
    encode: zstdCompress === undefined ? absent : promisify(zstdCompress),
    decode: zstdDecompress === undefined ? absent : promisify(zstdDecompress),
  },
} as unknown as Record<'gzip' | 'deflate' | 'br' | 'zstd', Codecs>

export type RequestEncoding = keyof typeof codecs

export function isEncoding(name: string): name is RequestEncoding {
  return Object.hasOwn(codecs, name)
}

/** @throws {HttpFailure} for zstd where Node.js has none */
export async function encodeBody(body: Uint8Array, encodings: readonly RequestEncoding[]): Promise<Uint8Array> {
  let bytes = body
  for (const name of encodings) bytes = await codecs[name].encode(bytes, {})
  return bytes
}

const maxLayers = 4

/**
 * The body without the encodings that the header names. One that is unknown is left on, as k6 does.
 *
 * @throws {HttpFailure} 1701 for bytes that are not so encoded, or come to more than `maxBytes`
 */
export async function decodeBody(body: Uint8Array, header: string, maxBytes: number): Promise<Uint8Array> {
  const names = header.split(',').map((name) => name.trim().toLowerCase())
  if (body.byteLength === 0 || !names.every(isEncoding)) return body
  if (names.length > maxLayers)
    throw new HttpFailure(1701, `a body that is encoded ${names.length} times is not decoded`)
  let bytes = body
  for (const name of names.reverse() as RequestEncoding[]) {
    try {
      bytes = await codecs[name].decode(bytes, { maxOutputLength: maxBytes })
    } catch (e) {
      if (e instanceof HttpFailure) throw e
      const isTooLarge = e instanceof Error && 'code' in e && e.code === 'ERR_BUFFER_TOO_LARGE'
      const why = isTooLarge
        ? `the decoded body has more than ${maxBytes} bytes (limit httpBodyBytes)`
        : `error decompressing response body (${name}): invalid data`
      throw new HttpFailure(1701, why, why, { cause: e }, isTooLarge ? 'httpBodyBytes' : undefined)
    }
  }
  return bytes
}
