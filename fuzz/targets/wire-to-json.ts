/** Bytes of replies to ProtoJSON: an error of ours, or JSON that is bounded and becomes the same message again. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ProtoJsonError, WireError } from '../../host/grpc/protojson/proto-json-error.js'
import { defaultMaxJsonLength } from '../../host/grpc/protojson/wire-to-json.js'
import { Schema } from '../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../host/grpc/schema/schema-cache.js'
import { everyTypes } from '../../test/host/grpc/protojson/every.js'
import { forType, typeAndRest, typedWire } from '../every-type.js'
import { type FuzzTarget, refusal } from '../target.js'

const noTypes = new Schema(new SchemaCache())

const groups = fc
  .tuple(
    fc.nat(everyTypes.length - 1),
    fc.constantFrom('0b', '0a', '1a00', '0a020a00', '12ff', '08'),
    fc.constantFrom(40, 3000, 20_000),
  )
  .map(([index, hex, times]) => forType(index, Buffer.from(hex.repeat(times), 'hex')))

export const target: FuzzTarget = {
  seeds: () => everyTypes.map((_, index) => forType(index, Buffer.from('0801', 'hex'))),
  structured: fc.oneof(
    { weight: 12, arbitrary: typedWire.map(({ index, wire }) => forType(index, wire)) },
    { weight: 1, arbitrary: groups },
  ),
  run(bytes) {
    const { type, rest } = typeAndRest(bytes)
    // Error details are bytes that any server may send, whatever is loaded.
    JSON.parse(noTypes.errorDetails(rest))
    const details = noTypes.statusDetails(rest)
    if (details !== undefined) JSON.parse(details)
    let json: string
    try {
      json = type.decode(rest)
    } catch (e) {
      if (e instanceof WireError) readable(() => e.partialJson(), rest)
      // Errors of the wire are of a few words, whatever came.
      return refusal(e, rest)
    }
    assert.ok(json.length <= defaultMaxJsonLength)
    const value = JSON.parse(json) as object
    assert.equal(type.decode(type.encode(json)), json)
    return `${Object.keys(value).length} ${Math.log2(json.length) | 0}`
  },
}

function readable(read: () => string, input: Uint8Array): void {
  try {
    JSON.parse(read())
  } catch (e) {
    if (!(e instanceof ProtoJsonError)) refusal(e, input)
  }
}
