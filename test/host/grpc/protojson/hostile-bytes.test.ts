import assert from 'node:assert/strict'
import { fromBinary, type JsonValue } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { ProtoJsonError, WireError } from '../../../../host/grpc/protojson/proto-json-error.js'
import type { MessageType } from '../../../../host/grpc/schema/schema.js'
import { arbitraryMessage } from './arbitrary-message.js'
import { canonicalJson } from './canonical-json.js'
import { everyType, everyTypes } from './every.js'

const typeNames = fc.constantFrom(...everyTypes)

/** The bytes of so many messages of one type. */
function encoded(count: number): fc.Arbitrary<{ name: string; parts: Uint8Array[] }> {
  return typeNames.chain((name) => {
    const { ours, theirs } = everyType(name)
    const bytes = arbitraryMessage(theirs, 2).map((json) => ours.encode(JSON.stringify(json)))
    return fc.array(bytes, { minLength: count, maxLength: count }).map((parts) => ({ name, parts }))
  })
}

/** Whether the bytes are a message, with a JSON form or without; fails for any error that is none of ours. */
function isMessage(type: MessageType, bytes: Uint8Array): boolean {
  let json: string
  try {
    json = type.decode(bytes)
  } catch (e) {
    if (e instanceof ProtoJsonError) return true
    assert.ok(e instanceof WireError, String(e))
    try {
      JSON.parse(e.partialJson())
    } catch (partial) {
      assert.ok(partial instanceof ProtoJsonError, String(partial))
    }
    return /required field/.test(e.message)
  }
  assert.equal(type.decode(type.encode(json)), json)
  return true
}

const edit = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('replace', 'insert', 'remove') })

describe('hostile bytes', function () {
  this.timeout(60_000)

  it('are a message whose JSON is a fixed point, or an error of ours: messages with a few bytes changed', () => {
    fc.assert(
      fc.property(encoded(1), fc.array(edit, { minLength: 1, maxLength: 3 }), ({ name, parts }, edits) => {
        const bytes = [...parts[0]!]
        for (const { at, byte, kind } of edits) {
          const place = bytes.length === 0 ? 0 : at % bytes.length
          if (kind === 'insert') bytes.splice(place, 0, byte)
          else if (kind === 'remove') bytes.splice(place, 1)
          else bytes.splice(place, 1, byte)
        }
        isMessage(everyType(name).ours, Uint8Array.from(bytes))
      }),
      { numRuns: 5_000 },
    )
  })

  it('are a message whose JSON is a fixed point, or an error of ours: bytes without any sense', () => {
    fc.assert(
      fc.property(typeNames, fc.uint8Array({ maxLength: 40 }), (name, bytes) => {
        isMessage(everyType(name).ours, bytes)
      }),
      { numRuns: 5_000 },
    )
  })

  it('are refused where another implementation refuses them: messages that were cut short', () => {
    let cuts = 0
    fc.assert(
      fc.property(encoded(1), fc.nat(), ({ name, parts }, length) => {
        const { ours, theirs } = everyType(name)
        const bytes = parts[0]!.subarray(0, length % (parts[0]!.length + 1))
        let isTheirs = true
        try {
          fromBinary(theirs, bytes)
        } catch {
          isTheirs = false
          cuts++
        }
        assert.equal(isMessage(ours, bytes), isTheirs)
      }),
      { numRuns: 3_000 },
    )
    assert.ok(cuts > 500, `${cuts} were refused`)
  })

  it('are merged as another implementation merges them: several messages in a row, with extensions and unknown fields', () => {
    const others = [
      { number: 0, hex: '' },
      // Text and packed numbers, which are extensions of two of the types; a group; a wire type that no field 7 has.
      { number: 100, hex: 'a2060178' },
      { number: 101, hex: 'aa06020102' },
      { number: 150, hex: 'b3090801b409' },
      { number: 7, hex: '3d00000000' },
    ]
    fc.assert(
      fc.property(encoded(2), fc.constantFrom(...others), ({ name, parts }, other) => {
        const { ours, theirs } = everyType(name)
        // The other implementation reads a known field whatever its wire type says.
        if (theirs.fields.some((f) => f.number === other.number)) return
        const bytes = Buffer.concat([parts[0]!, Buffer.from(other.hex, 'hex'), parts[1]!])
        const value = JSON.parse(ours.decode(bytes)) as JsonValue
        assert.deepEqual(value, canonicalJson(theirs, fromBinary(theirs, bytes), value))
      }),
      { numRuns: 3_000 },
    )
  })
})
