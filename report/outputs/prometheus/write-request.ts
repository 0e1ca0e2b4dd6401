/**
 * Writes the message `WriteRequest` of Prometheus remote write 1.0 (prompb/remote.proto, types.proto), compressed with Snappy.
 */
import protobuf from 'protobufjs/minimal.js'
import snappy from 'snappyjs'
import type { Labels } from './time-series.js'

/** One sample of one series. */
export interface RemoteSample {
  readonly name: string
  /** Without the name, sorted. */
  readonly labels: Labels
  readonly value: number | typeof staleMarker
}

/** Says that a series has ended: a NaN with bits of its own. */
export const staleMarker = Symbol('stale')
const staleBits = { low: 2, high: 0x7ff00000, unsigned: true }

// Numbers of fields and types on the wire, from the .proto files.
const lengthDelimited = 2
const tag = (field: number, type: number) => (field << 3) | type

/** A request with samples of one moment, in milliseconds since the epoch. */
export function writeRequest(samples: readonly RemoteSample[], timeMs: number): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const { name, labels, value } of samples) {
    writer.uint32(tag(1, lengthDelimited)).fork()
    for (const [labelName, labelValue] of withName(name, labels)) {
      writer.uint32(tag(1, lengthDelimited)).fork()
      writer.uint32(tag(1, lengthDelimited)).string(labelName)
      writer.uint32(tag(2, lengthDelimited)).string(labelValue)
      writer.ldelim()
    }
    writer.uint32(tag(2, lengthDelimited)).fork()
    if (value === staleMarker) writer.uint32(tag(1, 1)).fixed64(staleBits as never)
    else writer.uint32(tag(1, 1)).double(value as number)
    writer.uint32(tag(2, 0)).int64(timeMs)
    writer.ldelim()
    writer.ldelim()
  }
  return snappy.compress(writer.finish())
}

/** Labels are sorted by their bytes: capital letters come before `__name__`. */
function* withName(name: string, labels: Labels): Generator<readonly [string, string]> {
  let isNamed = false
  for (const label of labels) {
    if (!isNamed && label[0] > '__name__') {
      yield ['__name__', name]
      isNamed = true
    }
    yield label
  }
  if (!isNamed) yield ['__name__', name]
}
