import assert from 'node:assert/strict'
import { type DescMessage, fromBinary, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { arbitraryMessage } from './arbitrary-message.js'
import { canonicalJson } from './canonical-json.js'
import { everyType, everyTypes, registry } from './every.js'

/** The bytes as the other implementation would write them. */
const rewritten = (type: DescMessage, bytes: Uint8Array) =>
  Buffer.from(toBinary(type, fromBinary(type, bytes))).toString('hex')

describe('messages with every feature of protobuf', function () {
  this.timeout(60_000)
  const messages = fc
    .constantFrom(...everyTypes)
    .chain((name) => arbitraryMessage(everyType(name).theirs, 2).map((json) => ({ name, json })))

  it('go from JSON to bytes and back to the one JSON that they have, and the bytes are what others write', () => {
    let count = 0
    const seen = new Set<string>()
    fc.assert(
      fc.property(messages, ({ name, json }) => {
        count++
        for (const key of Object.keys(json as object)) seen.add(`${name} ${key}`)
        const { ours, theirs } = everyType(name)
        const text = JSON.stringify(json)
        const bytes = ours.encode(text)
        const back = ours.decode(bytes)
        // The JSON is a fixed point, and what an independent implementation makes of the bytes.
        assert.equal(ours.decode(ours.encode(back)), back)
        const value = JSON.parse(back) as JsonValue
        assert.deepEqual(value, canonicalJson(theirs, fromBinary(theirs, bytes), value))
        // The bytes mean what that makes of the same JSON, and we read what it writes.
        const written = toBinary(theirs, fromJson(theirs, JSON.parse(text), { registry }))
        assert.equal(rewritten(theirs, bytes), rewritten(theirs, written))
        assert.deepEqual(JSON.parse(ours.decode(written)), value)
      }),
      { numRuns: 10_000 },
    )
    assert.equal(count, 10_000)
    for (const name of everyTypes) {
      for (const { jsonName } of everyType(name).theirs.fields) assert.ok(seen.has(`${name} ${jsonName}`), jsonName)
    }
  })
})
