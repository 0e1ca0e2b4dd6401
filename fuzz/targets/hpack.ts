/** Header blocks of HTTP/2: as a peer sends them to one decoder, and as fields through an encoder to a decoder. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type DecodedBlock, HpackDecoder } from '../../host/http2/hpack-decoder.js'
import { HpackEncoder } from '../../host/http2/hpack-encoder.js'
import { Http2Error } from '../../host/http2/http2-error.js'
import { type FuzzTarget, refusal } from '../target.js'

const tableBytes = 4096
const listBytes = 8192

/** Blocks, each after two bytes of its length. */
const blocks = (all: readonly Uint8Array[]) =>
  Buffer.concat([Buffer.of(0), ...all.flatMap((block) => [Buffer.of(block.length >> 8, block.length), block])])
/** Blocks of fields: the table's size as two bytes, the names that stay out of it, their number, and length and text of each. */
const lists = (all: readonly { size: number; kept: number; fields: readonly string[] }[]) =>
  Buffer.concat([
    Buffer.of(1),
    ...all.flatMap(({ size, kept, fields }) => [
      Buffer.of(size >> 8, size, kept, fields.length),
      ...fields.map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')])),
    ]),
  ])

const hex = (text: string) => Buffer.from(text, 'hex')
/** Those of RFC 7541, appendix C, and what means harm. */
const seeds = [
  blocks([
    hex('828684418cf1e3c2e5f23a6ba0ab90f4ff'),
    hex('828684be5886a8eb10649cbf'),
    hex('828785bf408825a849e95ba97d7f'),
  ]),
  blocks([hex('4803333032580770726976617465'), hex('3fe11f20be'), hex('3f9a0a82')]),
  blocks([Buffer.concat([hex('4001617fd11e'), Buffer.alloc(4048, 'x')]), Buffer.alloc(300, 0xbe)]),
  blocks([hex('7fffffffff7f'), hex('40016184ffffffff')]),
  lists([
    { size: 4096, kept: 0, fields: [':path', '/a.B/C', 'te', 'trailers'] },
    { size: 60, kept: 1, fields: [':path', '/a.B/C', 'x', '\xff\x00'] },
    { size: 4096, kept: 0, fields: [':path', '/a.B/C'] },
  ]),
]

const index = fc.integer({ min: 0x80, max: 0xff }).map((byte) => Buffer.of(byte))
const text = fc
  .oneof(fc.string({ maxLength: 12 }), fc.constantFrom('grpc-status', 'x'))
  .map((name) => Buffer.concat([Buffer.of(Math.min(126, Buffer.byteLength(name))), Buffer.from(name).subarray(0, 126)]))
const coded = fc
  .uint8Array({ maxLength: 20 })
  .map((bytes) => Buffer.concat([Buffer.of(0x80 | bytes.length), bytes, Buffer.of()]))
const string = fc.oneof(text, coded)
const literal = fc
  .tuple(fc.constantFrom(0x40, 0x00, 0x10), string, string)
  .map(([kind, name, value]) => Buffer.concat([Buffer.of(kind), name, value]))
const named = fc
  .tuple(fc.constantFrom(0x41, 0x48, 0x5f, 0x7e, 0x0f, 0x1f), string)
  .map(([kind, value]) => Buffer.concat([Buffer.of(kind), value]))
const size = fc.constantFrom('20', '3e', '3fe11f', '3f8101').map(hex)
const block = fc.tuple(fc.option(size), fc.array(fc.oneof(index, literal, named), { maxLength: 8 }))

const latin1Text = fc.oneof(
  fc.constantFrom('x', ':path', 'grpc-status', '', '0', 'application/grpc'),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)
const list = fc.record({
  size: fc.oneof(fc.constant(4096), fc.integer({ min: 0, max: 5000 })),
  kept: fc.integer({ min: 0, max: 3 }),
  fields: fc.array(fc.tuple(latin1Text, latin1Text), { maxLength: 6 }).map((pairs) => pairs.flat()),
})

export const target: FuzzTarget = {
  seeds: () => seeds,
  structured: fc.oneof(
    fc
      .array(block, { maxLength: 6 })
      .map((all) => blocks(all.map(([first, fields]) => Buffer.concat([first ?? Buffer.of(), ...fields])))),
    fc.array(list, { maxLength: 6 }).map(lists),
  ),
  run(bytes) {
    try {
      return bytes[0] === 1 ? encoded(bytes) : decoded(bytes)
    } catch (e) {
      return refusal(e, bytes, Http2Error)
    }
  },
}

/** What a peer sends: nothing grows beyond its bounds, and what was read can be written. */
function decoded(bytes: Uint8Array): string {
  const [hpack, writer, reader] = [new HpackDecoder(tableBytes, listBytes), new HpackEncoder(), decoder()]
  let shape = ''
  for (let at = 1; at + 2 <= bytes.length; ) {
    const length = (bytes[at]! << 8) | bytes[at + 1]!
    const block = bytes.subarray(at + 2, at + 2 + length)
    at += 2 + length
    const said = hpack.decode(block)
    checkBounds(said, hpack)
    // The same block may come again, from memory or not, unless it changed the table itself.
    if (block.every((byte) => byte >= 0x80)) assert.deepEqual(hpack.decode(Uint8Array.from(block)), said)
    assert.deepEqual(reader.decode(writer.encode(said.fields)).fields, said.fields)
    shape += `${said.fields.length} ${said.isTooLarge} ${hpack.tableBytes >> 5};`
  }
  return shape
}

function checkBounds({ fields, listBytes: all, isTooLarge }: DecodedBlock, hpack: HpackDecoder): void {
  const kept = fields.join('').length + 16 * fields.length
  assert.ok(kept <= listBytes && fields.length % 2 === 0)
  assert.ok(isTooLarge ? all > listBytes && all > kept : all === kept)
  assert.ok(hpack.tableBytes <= tableBytes)
}

const decoder = () => new HpackDecoder(tableBytes, 2 ** 30)

/** What we send: the other end reads it, and both tables stay the same. */
function encoded(bytes: Uint8Array): string {
  const [hpack, peer] = [new HpackEncoder(), decoder()]
  let shape = ''
  for (let at = 1; at + 4 <= bytes.length; ) {
    hpack.setMaxTableBytes((bytes[at]! << 8) | bytes[at + 1]!)
    const kept = bytes[at + 2]!
    const count = bytes[at + 3]! & ~1
    at += 4
    const fields: string[] = []
    while (fields.length < count) {
      const length = bytes[at++] ?? 0
      fields.push(Buffer.from(bytes.subarray(at, at + length)).toString('latin1'))
      at += length
    }
    const before = hpack.generation
    const block = hpack.encode(fields, (name) => name.length % 4 !== kept)
    const isStable = hpack.generation === before
    for (let times = isStable ? 2 : 1; times > 0; times--) assert.deepEqual(peer.decode(block).fields, fields)
    assert.equal(peer.tableBytes, hpack.tableBytes)
    assert.ok(hpack.tableBytes <= tableBytes)
    shape += `${fields.length} ${isStable} ${hpack.tableBytes >> 5};`
  }
  return shape
}
