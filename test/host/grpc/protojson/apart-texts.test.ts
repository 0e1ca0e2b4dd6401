import assert from 'node:assert/strict'
import type { SplitJson } from '../../../../host/grpc/protojson/apart-texts.js'
import { schemaOf } from '../schema/memory-files.js'

const schema = schemaOf(`syntax = "proto3"; package t;
  import "google/protobuf/wrappers.proto";
  import "google/protobuf/any.proto";
  message M {
    string s = 1; bytes b = 2; repeated string list = 3; map<string, bytes> map = 4; M inner = 5; repeated M all = 6;
    google.protobuf.StringValue wrapped = 7; google.protobuf.Any any = 8; int32 n = 9;
    oneof one { string x = 10; string y = 11; }
  }
  service S { rpc One(M) returns (M); }`)
const type = schema.method('t.S/One')!.output

/** What the guest half makes of it, and how many strings were apart. */
function put(split: string | SplitJson): { message: unknown; apart: number } {
  if (typeof split === 'string') return { message: JSON.parse(split), apart: 0 }
  const bytes = Buffer.alloc(split.byteLength)
  split.writeTo(bytes, 0)
  const text = bytes.toString('utf8')
  const message = JSON.parse(split.json)
  const places = JSON.parse(split.places) as [number, ...(string | number)[]][]
  let at = 0
  for (const [length, ...path] of places) {
    const last = path.pop()!
    const holder = path.reduce((inner, key) => inner[key], message)
    assert.equal(holder[last], 0)
    holder[last] = text.slice(at, at + length)
    at += length
  }
  assert.equal(at, text.length)
  return { message, apart: places.length }
}

/** Asserts that with so many strings apart the message is the same as with all of them in its JSON. */
function same(value: object, apart: number): void {
  const bytes = type.encode(JSON.stringify(value))
  const found = put(type.decodeApart(bytes))
  assert.deepEqual(found.message, JSON.parse(type.decode(bytes)))
  assert.equal(found.apart, apart)
}

const long = 'a "long" text\n'.repeat(100)
const base64 = Buffer.alloc(2000, 'bytes').toString('base64')

describe('long strings apart from JSON', () => {
  it('are those of 1024 bytes and more, wherever they are in a message', () => {
    same({ s: 'x'.repeat(1023), b: Buffer.alloc(1023).toString('base64') }, 0)
    same({ s: 'x'.repeat(1024), b: Buffer.alloc(1024).toString('base64'), n: 5 }, 2)
    same(
      {
        s: 'short',
        inner: { inner: { b: base64, s: 'a"b' } },
        all: [{}, { s: long }, { list: ['', long, 'x', long] }],
      },
      4,
    )
    same({ map: { 'a"\\': base64, __proto__x: base64, 1: '' } }, 2)
    same(JSON.parse(`{"map":{"__proto__":"${base64}","constructor":"${base64}"}}`), 2)
  })

  it('are counted in UTF-16 units', () => {
    same({ s: 'ä€😀'.repeat(300), b: base64, list: [long, '😀'.repeat(400)] }, 4)
  })

  it('stay in the JSON where they are a key, are of a type with a form of its own, or have a NUL', () => {
    same({ map: { [long]: '' }, wrapped: long, s: `${long}\0` }, 0)
  })

  it('are found in an Any too', () => {
    same({ any: { '@type': 'x/t.M', s: long } }, 1)
  })

  it('are left out when another value took their place', () => {
    const part = (value: object) => Buffer.from(type.encode(JSON.stringify(value)))
    const bytes = Buffer.concat([
      part({ s: long, x: long }),
      part({ s: long.toUpperCase(), y: base64 }),
      part({ s: 'x' }),
    ])
    const found = put(type.decodeApart(bytes))
    assert.deepEqual(found.message, JSON.parse(type.decode(bytes)))
    assert.equal(found.apart, 1)
  })

  it('stay in JSON that is nested deep or long, and when they are very many', () => {
    let deep: object = { s: long }
    for (let i = 0; i < 100; i++) deep = { inner: deep, n: i }
    same(deep, 0)
    same({ s: long, list: Array.from({ length: 7000 }, (_, i) => `number ${i}`) }, 0)
    same({ list: Array.from({ length: 300 }, () => long) }, 0)
  })

  it('stay in JSON that has a name twice, as files of a server may have it', () => {
    const bytes = Buffer.concat([type.encode(JSON.stringify({ s: long })), type.encode('{"b":""}')])
    assert.equal(typeof type.decodeApart(bytes), 'object')
    const twice = schemaOf(
      'syntax = "proto2"; package t; message M { optional string s = 1 [json_name = "s"]; } service S { rpc One(M) returns (M); }',
    )
    const { output } = twice.method('t.S/One')!
    const [field] = output.descriptor.fields
    ;(output.descriptor.fields as object[]).push({ ...field, index: 1, number: 2 })
    const both = Buffer.concat([bytes.subarray(0, bytes.length), Buffer.from([18, 1, 0x21])])
    assert.equal(typeof output.decodeApart(both), 'string')
  })

  it('are refused when they are no UTF-8, as short ones are', () => {
    const bytes = Buffer.from(type.encode(JSON.stringify({ s: 'x'.repeat(2000) })))
    bytes[1000] = 0xff
    assert.throws(() => type.decodeApart(bytes), {
      name: 'WireError',
      message: /t\.M\.s contains invalid UTF-8|invalid UTF-8/,
    })
  })

  it('count for the longest JSON of a message as if they were a part of it', () => {
    const limit = 8 * 1024 * 1024
    const json = JSON.parse(type.decode(type.encode('{}')))
    const around = JSON.stringify(json).length
    const fits = type.encode(JSON.stringify({ s: 'x'.repeat(limit - around) }))
    assert.equal(typeof type.decodeApart(fits), 'object')
    const tooLong = type.encode(JSON.stringify({ s: 'x'.repeat(limit - around + 1) }))
    assert.throws(() => type.decodeApart(tooLong), { code: 'LIMIT_SIZE' })
    assert.throws(() => type.decodeApart(type.encode(JSON.stringify({ s: '\u0001'.repeat(2 * 1024 * 1024) }))), {
      code: 'LIMIT_SIZE',
    })
  })
})
