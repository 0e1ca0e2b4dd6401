/**
 * A protobuf message as a list of its raw fields, for messages whose type is fixed: descriptors and google.rpc.Status.
 * The hot path has a reader of its own (wire-reader.ts); this one trades speed for plainness.
 */

import { WireReader } from './wire-reader.js'

/** One field as it stands on the wire. */
export interface WireField {
  number: number
  /** The value of a varint field, from 0 to 2^64-1. */
  varint?: bigint
  /** The contents of a length-delimited field; a view, not a copy. */
  bytes?: Uint8Array
}

/**
 * Yields the fields in order; groups and fixed-width fields come without a value.
 *
 * @throws {MalformedWire}
 */
export function* readFields(bytes: Uint8Array): Generator<WireField, void> {
  const reader = new WireReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const end = bytes.length
  while (reader.position < end) {
    const tag = reader.tag(end)
    const number = tag >>> 3
    switch (tag & 7) {
      case 0: {
        reader.varint(end)
        yield { number, varint: BigInt.asUintN(64, (BigInt(reader.high) << 32n) | BigInt(reader.low >>> 0)) }
        break
      }
      case 2: {
        const length = reader.length(end)
        const start = reader.position
        reader.position = start + length
        yield { number, bytes: bytes.subarray(start, start + length) }
        break
      }
      default:
        reader.skip(tag, end)
        yield { number }
    }
  }
}
