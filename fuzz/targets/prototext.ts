/** Bytes of messages as text for the log: bounded, and nothing in it ends a line or moves a cursor. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MalformedWire } from '../../host/grpc/protojson/wire-reader.js'
import { everyTypes } from '../../test/host/grpc/protojson/every.js'
import { forType, typeAndRest, typedWire } from '../every-type.js'
import { type FuzzTarget, refusal } from '../target.js'

const maxBytes = 4000

const unknown = fc
  .tuple(fc.nat(everyTypes.length - 1), fc.uint8Array({ maxLength: 60 }), fc.constantFrom(1, 50, 1000))
  .map(([index, part, times]) => forType(index, Buffer.concat(Array.from({ length: times }, () => part))))

export const target: FuzzTarget = {
  seeds: () => everyTypes.map((_, index) => forType(index, Buffer.from('0801', 'hex'))),
  structured: fc.oneof(
    { weight: 5, arbitrary: typedWire.map(({ index, wire }) => forType(index, wire)) },
    { weight: 1, arbitrary: unknown },
  ),
  run(bytes) {
    const { type, rest } = typeAndRest(bytes)
    let text: string
    try {
      text = type.toText(rest, maxBytes)
    } catch (e) {
      return refusal(e, rest, MalformedWire)
    }
    // The note of what is left out is behind the text.
    assert.ok(Buffer.byteLength(text) <= maxBytes + 100, `${text.length} letters`)
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f]/)
    const left = /… \((-?\d+) bytes more\)\n$/.exec(text)
    if (left !== null) assert.ok(Number(left[1]) >= 0 && Number(left[1]) <= rest.byteLength, left[0])
    return `${text.split('\n').length}`
  },
}
