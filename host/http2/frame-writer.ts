/**
 * Writes frames of HTTP/2 (RFC 9113, section 6) into a buffer that is large enough. Each function takes the place where the
 * frame begins and returns that where it ends. Knows no connection: whether a frame may be sent is its caller's business.
 */
import { Flag, FrameType, frameHeaderBytes } from './frame-format.js'

/** What a client sends first, before its SETTINGS (section 3.4). */
export const clientPreface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Bytes of frames whose size is always the same. */
export const settingsAckBytes = frameHeaderBytes
export const pingBytes = frameHeaderBytes + 8
export const resetBytes = frameHeaderBytes + 4
export const windowUpdateBytes = frameHeaderBytes + 4

/** The nine bytes before a payload of `length` bytes. */
export function writeFrameHeader(
  out: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  out[at] = length >>> 16
  out[at + 1] = length >>> 8
  out[at + 2] = length
  out[at + 3] = type
  out[at + 4] = flags
  return writeUint32(out, at + 5, streamId)
}

function writeUint32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24
  out[at + 1] = value >>> 16
  out[at + 2] = value >>> 8
  out[at + 3] = value
  return at + 4
}

/** What stands before `length` bytes of DATA, which the caller writes. */
export function writeDataHeader(
  out: Uint8Array,
  at: number,
  length: number,
  streamId: number,
  isStreamEnd: boolean,
): number {
  return writeFrameHeader(out, at, length, FrameType.data, isStreamEnd ? Flag.endStream : 0, streamId)
}

/** Bytes of a header block on the wire, with the headers of its frames. */
export function headersBytes(blockBytes: number, maxFrameBytes: number): number {
  return blockBytes + frameHeaderBytes * Math.max(1, Math.ceil(blockBytes / maxFrameBytes))
}

/** A header block: HEADERS, and CONTINUATION for what does not fit. Takes `headersBytes`. */
export function writeHeaders(
  out: Uint8Array,
  start: number,
  streamId: number,
  block: Uint8Array,
  isStreamEnd: boolean,
  maxFrameBytes: number,
): number {
  const streamEnd = isStreamEnd ? Flag.endStream : 0
  if (block.length <= maxFrameBytes) {
    const at = writeFrameHeader(out, start, block.length, FrameType.headers, streamEnd | Flag.endHeaders, streamId)
    out.set(block, at)
    return at + block.length
  }
  let at = start
  for (let from = 0; from < block.length; from += maxFrameBytes) {
    const to = Math.min(from + maxFrameBytes, block.length)
    const type = from === 0 ? FrameType.headers : FrameType.continuation
    const flags = (from === 0 ? streamEnd : 0) | (to === block.length ? Flag.endHeaders : 0)
    at = writeFrameHeader(out, at, to - from, type, flags, streamId)
    out.set(block.subarray(from, to), at)
    at += to - from
  }
  return at
}

/** Takes nine bytes, and six for each entry. */
export function writeSettings(
  out: Uint8Array,
  start: number,
  entries: readonly (readonly [id: number, value: number])[],
): number {
  let at = writeFrameHeader(out, start, 6 * entries.length, FrameType.settings, 0, 0)
  for (const [id, value] of entries) {
    out[at] = id >>> 8
    out[at + 1] = id
    at = writeUint32(out, at + 2, value)
  }
  return at
}

export function writeSettingsAck(out: Uint8Array, at: number): number {
  return writeFrameHeader(out, at, 0, FrameType.settings, Flag.ack, 0)
}

/** `data` has eight bytes. */
export function writePing(out: Uint8Array, start: number, data: Uint8Array, isAck: boolean): number {
  const at = writeFrameHeader(out, start, 8, FrameType.ping, isAck ? Flag.ack : 0, 0)
  out.set(data, at)
  return at + 8
}

export function writeReset(out: Uint8Array, at: number, streamId: number, code: number): number {
  return writeUint32(out, writeFrameHeader(out, at, 4, FrameType.reset, 0, streamId), code)
}

/** For a stream, or for the connection when `streamId` is 0. */
export function writeWindowUpdate(out: Uint8Array, at: number, streamId: number, increment: number): number {
  return writeUint32(out, writeFrameHeader(out, at, 4, FrameType.windowUpdate, 0, streamId), increment)
}

/** Takes 17 bytes, and those of `debug`. */
export function writeGoaway(
  out: Uint8Array,
  start: number,
  lastStreamId: number,
  code: number,
  debug: Uint8Array = none,
): number {
  let at = writeFrameHeader(out, start, 8 + debug.length, FrameType.goaway, 0, 0)
  at = writeUint32(out, at, lastStreamId)
  at = writeUint32(out, at, code)
  out.set(debug, at)
  return at + debug.length
}

const none = new Uint8Array()
