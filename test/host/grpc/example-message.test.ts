import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exampleOf } from '../../../host/grpc/rehearsed-answers.js'
import { Schema } from '../../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../../host/grpc/schema/schema-cache.js'
import { packageRoot } from '../../../package-root.js'

const schema = new Schema(new SchemaCache())
schema.loadProtoset(readFileSync(join(packageRoot, 'test/protos/kinds.protoset')), 'kinds.protoset')

// biome-ignore lint/suspicious/noExplicitAny: the JSON of a message
function example(name: string): any {
  const type = schema.messageType(name)!
  return JSON.parse(type.decode(exampleOf(type)))
}

/** The messages of a text, whole. */
function ownSchema(text: string): Schema {
  const own = new Schema(new SchemaCache())
  own.load([], ['own.proto'], { directory: '/', read: () => Buffer.from(`syntax = "proto3"; ${text}`) })
  return own
}

describe('exampleOf', () => {
  it('has something in every field', () => {
    const all = example('kinds.All')
    assert.equal(all.aString, 'aString')
    assert.equal(all.someBytes, Buffer.from('someBytes').toString('base64'))
    assert.deepEqual([all.aDouble, all.anInt32, all.anInt64, all.aBool], [1.5, 1, '1', true])
    assert.equal(all.color, 'RED')
    assert.deepEqual([all.ints, all.strings, all.colors], [[1], ['strings'], ['RED']])
    assert.deepEqual([all.byString, all.byBool, all.byUint32], [{ key: 1 }, { true: 'byBool' }, { 1: 'RED' }])
    assert.equal(all.byInt64['1'].name, 'name')
    assert.deepEqual([all.maybeInt32, all.maybeString, all['other-Name']], [1, 'maybeString', 'other-Name'])
  })

  it('has the first member of a oneof, and no other', () => {
    const all = example('kinds.All')
    assert.equal(all.text, 'text')
    for (const other of ['number', 'branch', 'nothing']) assert.ok(!(other in all), other)
  })

  it('follows recursion once', () => {
    const tree = example('kinds.Tree')
    assert.equal(tree.left.name, 'name')
    assert.equal(tree.left.left, null)
    assert.deepEqual(tree.left.children, [])
    assert.equal(tree.children.length, 1)
  })

  it('has values of all the well-known types', () => {
    const known = example('kinds.Known')
    assert.equal(known.at, '2026-01-02T03:04:05Z')
    assert.equal(known.span, '1s')
    for (const [name, value] of Object.entries(known)) assert.ok(value !== null || name === 'nothing', name)
  })

  it('has required fields, and is empty where they never end', () => {
    const { id, amount, inner } = example('old.Strict')
    assert.deepEqual([id, amount, inner.id], ['id', 1, 'id'])
  })

  it('stays small for a type that fans out', () => {
    const levels = Array.from({ length: 10 }, (_, i) => {
      const fields = Array.from({ length: 10 }, (_, j) => `M${i + 1} f${j} = ${j + 1};`)
      return `message M${i} { ${fields.join(' ')} }`
    })
    const type = ownSchema(`${levels.join(' ')} message M10 { string s = 1; }`).messageType('M0')!
    assert.ok(exampleOf(type).length < 100_000)
    assert.ok(exampleOf(type).length > 0)
  })

  it('is empty for a type whose required fields ask for more and more of them, at once', () => {
    const own = new Schema(new SchemaCache())
    const text =
      'message M { required M a = 1; required M b = 2; optional M c = 3; } message Deep { optional M m = 1; }'
    own.load([], ['own.proto'], { directory: '/', read: () => Buffer.from(`syntax = "proto2"; ${text}`) })
    for (const name of ['M', 'Deep']) assert.equal(exampleOf(own.messageType(name)!).length, 0)
  })
})
