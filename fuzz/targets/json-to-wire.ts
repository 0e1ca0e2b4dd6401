/** ProtoJSON of requests to bytes: refused with a text, or written so that it reads back as the same message. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { everyTypes } from '../../test/host/grpc/protojson/every.js'
import { forType, typeAndRest, typedJson } from '../every-type.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'

const nested = fc
  .tuple(
    fc.nat(everyTypes.length - 1),
    fc.constantFrom(...['{"child":', '[', '{"a":', '{"value":{']),
    fc.constantFrom(50, 2000, 12_000),
  )
  .map(([index, part, times]) => forType(index, bytesOf(part.repeat(times))))

export const target: FuzzTarget = {
  seeds: () => everyTypes.map((_, index) => forType(index, bytesOf('{}'))),
  structured: fc.oneof(
    { weight: 12, arbitrary: typedJson.map(({ index, json }) => forType(index, bytesOf(json))) },
    { weight: 1, arbitrary: nested },
  ),
  words: [
    ...['"@type":"type.googleapis.com/', '"9223372036854775808"', '1e400', '"NaN"', '"-Infinity"', '"1.5s"', '"AA=="'],
    ...[
      '"2026-01-02T03:04:05.123456789Z"',
      '"a.b,cD"',
      '{"__proto__":1}',
      '"\\ud800"',
      '"\\u0000"',
      'null',
      '[]',
      '{}',
      ':',
      ',',
    ],
  ],
  run(bytes) {
    const { type, rest } = typeAndRest(bytes)
    let wire: Uint8Array
    try {
      wire = type.encode(textOf(rest))
    } catch (e) {
      return refusal(e, rest)
    }
    let json: string
    try {
      json = type.decode(wire)
    } catch (e) {
      // What was written may have no JSON, as a message whose required field was left out.
      return `unreadable: ${refusal(e, rest)}`
    }
    JSON.parse(json)
    assert.equal(type.decode(type.encode(json)), json)
    return `${wire.length > 0} ${Object.keys(JSON.parse(json) as object).length}`
  },
}
