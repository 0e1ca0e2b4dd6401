/** A gRPC message as it travels: a flag, its length, and its bytes, which may be gzip. Knows nothing of streams. */
import { Buffer } from 'node:buffer'
import { promisify } from 'node:util'
import { gunzipSync, gzip, gzipSync } from 'node:zlib'
import { goQuote } from '../../go/quote.js'
import { type Ending, Status } from './status.js'

/** What stands before a message: a flag, and its size in four bytes. */
export const prefixBytes = 5
/** Node's zlib takes no larger bound. */
const unpackedLimit = 2 ** 31 - 1

/** So few bytes are there sooner one by one than by a call of Node.js. */
const copiedBytes = 64

const packInBackground = promisify(gzip)

/** One message with its length prefix, not compressed. */
export function frameMessage(message: Uint8Array): Buffer {
  return framed(message, 0)
}

/** One message as gzip, with its length prefix. An empty one stays as it is: there is nothing to gain. */
export function packMessage(message: Uint8Array): Buffer {
  return message.length === 0 ? frameMessage(message) : framed(gzipSync(message), 1)
}

/** The same in another thread, for which `message` must not change meanwhile. */
export async function packMessageInBackground(message: Uint8Array): Promise<Buffer> {
  return message.length === 0 ? frameMessage(message) : framed(await packInBackground(message), 1)
}

function framed(body: Uint8Array, flag: number): Buffer {
  const { length } = body
  const frame = Buffer.allocUnsafe(prefixBytes + length)
  frame[0] = flag
  frame[1] = length >>> 24
  frame[2] = length >>> 16
  frame[3] = length >>> 8
  frame[4] = length
  if (length > copiedBytes) frame.set(body, prefixBytes)
  else for (let i = 0; i < length; i++) frame[prefixBytes + i] = body[i] as number
  return frame
}

/** The message in a frame that was made here. */
export function messageOf(frame: Buffer): Buffer {
  const body = frame.subarray(prefixBytes)
  return frame[0] === 0 ? body : gunzipSync(body)
}

/** The message in a whole frame, or why the call must end. `encoding` is the server's grpc-encoding. */
export function unpackMessage(frame: Buffer, encoding: string, maxBytes: number): Uint8Array | Ending {
  return unpackBody(frame[0] as number, frame.subarray(prefixBytes), encoding, maxBytes)
}

/** The same for what follows the length prefix, which began with `flag`. */
export function unpackBody(flag: number, body: Buffer, encoding: string, maxBytes: number): Uint8Array | Ending {
  if (flag === 0) return body
  const refuse = (message: string) => ({ status: Status.internal, message })
  if (flag !== 1) return refuse(`grpc: received unexpected payload format ${flag}`)
  if (encoding === '' || encoding === 'identity') {
    return refuse('grpc: compressed flag set with identity or empty encoding')
  }
  if (encoding !== 'gzip') {
    return refuse(`grpc: Decompressor is not installed for grpc-encoding ${goQuote(encoding)}`)
  }
  try {
    return gunzipSync(body, { maxOutputLength: Math.min(maxBytes, unpackedLimit) })
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ERR_BUFFER_TOO_LARGE') {
      const message = `grpc: received message after decompression larger than max ${maxBytes}`
      return { status: Status.resourceExhausted, message, isTooLarge: true }
    }
    const hasMagic = body[0] === 0x1f && body[1] === 0x8b
    if (!hasMagic) return refuse('grpc: failed to decompress the message: gzip: invalid header')
    return refuse('grpc: failed to read decompressed data: unexpected EOF')
  }
}
