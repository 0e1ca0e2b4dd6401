import assert from 'node:assert/strict'
import type { FieldDescriptor } from '../../../../host/grpc/schema/descriptors.js'
import { schemaOf } from './memory-files.js'

const p3 = 'syntax = "proto3"; '
const p2 = 'syntax = "proto2"; '
const e23 = 'edition = "2023"; '

function field(text: string, name: string, others = {}): FieldDescriptor {
  const at = name.lastIndexOf('.')
  const message = schemaOf(text, others).resolve(name.slice(0, at))
  const found = message?.fields.find((f) => f.name === name.slice(at + 1))
  assert.ok(found, name)
  return found
}

const facts = (f: FieldDescriptor) => ({
  presence: f.hasPresence,
  packed: f.isPacked,
  utf8: f.mustBeUtf8,
  required: f.isRequired,
})

describe('linker', () => {
  it('resolves a name from the innermost scope outwards', () => {
    const text = `${p3} package a.b; message T { int32 outer = 1; } message M { message T { int32 inner = 1; } T t = 1; .a.b.T u = 2; b.T v = 3; }`
    assert.equal(field(text, 'a.b.M.t').message?.fullName, 'a.b.M.T')
    assert.equal(field(text, 'a.b.M.u').message?.fullName, 'a.b.T')
    assert.equal(field(text, 'a.b.M.v').message?.fullName, 'a.b.T')
  })

  it('decides a dotted name by its first part', () => {
    const text = `${p3} package a; message X { message Y {} } message M { message X {} X.Y y = 1; }`
    assert.throws(() => schemaOf(text), {
      message:
        'main.proto:1:84: field a.M.y: unknown type X.Y; resolved to a.M.X.Y which is not defined; consider using a leading dot',
    })
  })

  it('passes over names that are no types', () => {
    const text = `${p3} message T {} message M { int32 T = 1; T t = 2; }`
    assert.equal(field(text, 'M.t').message?.fullName, 'T')
  })

  it('sees what an import imports publicly, and no more', () => {
    const others = {
      'facade.proto': `${p3} import public "seen.proto"; import "hidden.proto";`,
      'seen.proto': `${p3} message Seen {}`,
      'hidden.proto': `${p3} message Hidden {}`,
    }
    const main = (type: string) => `${p3} import "facade.proto"; message M { ${type} f = 1; }`
    assert.equal(field(main('Seen'), 'M.f', others).message?.fullName, 'Seen')
    assert.throws(() => schemaOf(main('Hidden'), others), /field M\.f: unknown type Hidden/)
  })

  it('knows presence, packing and UTF-8 of each syntax', () => {
    const f = (text: string, name: string) => facts(field(text, `M.${name}`))
    const p3text = `${p3} message M { string s = 1; optional int32 o = 2; repeated int32 r = 3; repeated int32 u = 4 [packed = false]; M m = 5; oneof k { int32 x = 6; } }`
    assert.deepEqual(f(p3text, 's'), { presence: false, packed: false, utf8: true, required: false })
    assert.deepEqual(f(p3text, 'o'), { presence: true, packed: false, utf8: false, required: false })
    assert.deepEqual(f(p3text, 'r'), { presence: false, packed: true, utf8: false, required: false })
    assert.deepEqual(f(p3text, 'u'), { presence: false, packed: false, utf8: false, required: false })
    assert.deepEqual(f(p3text, 'm'), { presence: true, packed: false, utf8: false, required: false })
    assert.deepEqual(f(p3text, 'x'), { presence: true, packed: false, utf8: false, required: false })
    const p2text = `${p2} message M { optional string s = 1; required int32 q = 2; repeated int32 r = 3; repeated int32 p = 4 [packed = true]; }`
    assert.deepEqual(f(p2text, 's'), { presence: true, packed: false, utf8: false, required: false })
    assert.deepEqual(f(p2text, 'q'), { presence: true, packed: false, utf8: false, required: true })
    assert.deepEqual(f(p2text, 'r'), { presence: false, packed: false, utf8: false, required: false })
    assert.deepEqual(f(p2text, 'p'), { presence: false, packed: true, utf8: false, required: false })
  })

  it('hands features of an edition down from file to message, oneof and field', () => {
    const text = `${e23} option features.field_presence = IMPLICIT; option features.utf8_validation = NONE;
      message M {
        string a = 1;
        string b = 2 [features.field_presence = EXPLICIT, features.utf8_validation = VERIFY];
        int32 c = 3 [features.field_presence = LEGACY_REQUIRED];
        repeated int32 d = 4 [features.repeated_field_encoding = EXPANDED];
        N e = 5 [features.message_encoding = DELIMITED];
        map<string, N> f = 6;
        message N { option features = { field_presence: EXPLICIT }; int32 g = 1; }
      }`
    assert.deepEqual(facts(field(text, 'M.a')), { presence: false, packed: false, utf8: false, required: false })
    assert.deepEqual(facts(field(text, 'M.b')), { presence: true, packed: false, utf8: true, required: false })
    assert.deepEqual(facts(field(text, 'M.c')), { presence: true, packed: false, utf8: false, required: true })
    assert.equal(field(text, 'M.d').isPacked, false)
    assert.equal(field(text, 'M.e').kind, 'group')
    assert.equal(field(text, 'M.e').isGroupLike, false)
    assert.equal(field(text, 'M.N.g').hasPresence, true)
    const delimited = `${e23} option features.message_encoding = DELIMITED; message M { map<string, M> f = 1; M g = 2; }`
    assert.equal(field(delimited, 'M.f').kind, 'message')
    assert.equal(field(delimited, 'M.FEntry.value').kind, 'message')
    assert.equal(field(delimited, 'M.g').kind, 'group')
  })

  it('names fields in JSON as protoc does', () => {
    const text = `${p3} message M { string foo_bar = 1; string _x = 2; string y_ = 3; string a__b = 4; string v_2_d = 5; string UP_CASE = 6; string z = 7 [json_name = "q-Q"]; }`
    const names = schemaOf(text)
      .resolve('M')
      ?.fields.map((f) => f.jsonName)
    assert.deepEqual(names, ['fooBar', 'X', 'y', 'aB', 'v2D', 'UPCASE', 'q-Q'])
  })

  it('keeps fields with the names of object properties', () => {
    const text = `${p3} message M { string __proto__ = 1; string constructor = 2; string toString = 3; string message = 4; }`
    assert.equal(schemaOf(text).messageType('M')?.empty(), '{"Proto":"","constructor":"","toString":"","message":""}')
  })

  for (const [what, text, message] of [
    ['an unknown type', `${p3} message M { Nope n = 1; }`, 'main.proto:1:33: field M.n: unknown type Nope'],
    [
      'an enum as a request',
      `${p3} enum E { Z = 0; } service S { rpc R(E) returns (E); }`,
      'main.proto:1:57: method S.R: invalid request type: E is an enum, not a message',
    ],
    [
      'an unknown response',
      `${p3} message M {} service S { rpc R(M) returns (N); }`,
      'main.proto:1:64: method S.R: unknown response type N',
    ],
    [
      'a number used twice',
      `${p3} message M { int32 a = 1; int32 b = 1; }`,
      'main.proto:1:56: message M: fields a and b both have the same tag 1',
    ],
    [
      'a name used twice',
      `${p3} message M { int32 a = 1; int32 a = 2; }`,
      'main.proto:1:52: symbol "M.a" already defined at main.proto:1:39',
    ],
    [
      'a reserved number',
      `${p3} message M { reserved 2 to 4; int32 a = 3; }`,
      'main.proto:1:60: message M: field a is using tag 3 which is in reserved range 2 to 4',
    ],
    [
      'a reserved name',
      `${p3} message M { reserved "a"; int32 a = 3; }`,
      'main.proto:1:53: message M: field a is using a reserved name',
    ],
    [
      'JSON names that clash',
      `${p3} message M { int32 a_b = 1; int32 aB = 2; }`,
      'main.proto:1:54: field M.aB: JSON name "aB" conflicts with that of field a_b',
    ],
    [
      'an enum without zero in proto3',
      `${p3} enum E { A = 1; }`,
      'main.proto:1:30: enum E: proto3 requires that first value of enum have numeric value zero',
    ],
    [
      'enum numbers shared without leave',
      `${p3} enum E { A = 0; B = 0; }`,
      'main.proto:1:37: enum E: values A and B both have the same numeric value 0; use allow_alias option if intentional',
    ],
    [
      'enum values of one scope with one name',
      `${p3} enum E { A = 0; } enum F { A = 0; }`,
      'main.proto:1:48: symbol "A" already defined at main.proto:1:30; protobuf uses C++ scoping rules for enum values, so they exist in the scope enclosing the enum',
    ],
    [
      'an extension out of range',
      `${p2} message M { extensions 5; } extend M { optional int32 x = 6; }`,
      'main.proto:1:79: extension x: tag 6 is not in valid range for extended type M',
    ],
    [
      'a map entry by name',
      `${p3} message M { map<string, string> m = 1; MEntry e = 2; }`,
      'main.proto:1:60: field M.e: M.MEntry is a synthetic map entry and may not be referenced explicitly',
    ],
  ] as const) {
    it(`refuses ${what}, with its place`, () => {
      assert.throws(() => schemaOf(text), { name: 'SchemaError', message })
    })
  }
})
