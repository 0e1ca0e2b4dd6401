/**
 * What the benchmark's server answers, as bytes that are made once: messages of bench/bench.proto in the length-prefixed form
 * of gRPC. Knows nothing of HTTP/2.
 */
import { Buffer } from 'node:buffer'

/** Bytes of content in the large response. */
export const downloadBytes = 100 * 1024
/** Bytes of a message of a stream, without the prefix of gRPC. */
export const feedMessageBytes = 50
/** With that prefix. */
export const framedFeedMessageBytes = 5 + feedMessageBytes
/** More messages than this nobody gets in one stream. */
export const mostFeedMessages = 100_000

/** The tag and length of a field of bytes, and the field. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

export const greeting = framed(field(1, Buffer.from('hello bench')))
export const download = framed(field(1, Buffer.alloc(downloadBytes, 'belljar ')))
export const feedMessage = framed(field(1, Buffer.alloc(feedMessageBytes - 2, 'tick ')))

const feeds = new Map<number, Buffer>()

/** So many messages of a stream in a row. */
export function feed(count: number): Buffer {
  const known = feeds.get(count)
  if (known !== undefined) return known
  const made = Buffer.alloc(count * feedMessage.length, feedMessage)
  // A benchmark asks for one or two different numbers.
  if (feeds.size < 8) feeds.set(count, made)
  return made
}

/** The `count` of a FeedRequest with its prefix, at most `mostFeedMessages`; 0 when it is not one. */
export function feedCount(request: Buffer): number {
  if (request[5] !== 8) return 0
  let value = 0
  for (let at = 6, scale = 1; at < request.length && at < 11; at++, scale *= 128) {
    value += (request[at]! & 127) * scale
    if (request[at]! < 128) break
  }
  return Math.min(value, mostFeedMessages)
}
