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

  it('takes no closed enum for a field without presence', () => {
    const others = { 'old.proto': `${p2} package old; enum E { A = 0; }` }
    const main = (field: string) => `${p3} import "old.proto"; message M { ${field} e = 1; }`
    assert.throws(() => schemaOf(main('old.E'), others), {
      message: 'main.proto:1:53: cannot use closed enum old.E in a field with implicit presence',
    })
    for (const taken of ['optional old.E', 'repeated old.E', 'map<string, old.E>'])
      assert.doesNotThrow(() => schemaOf(main(taken), others))
  })

  it('takes no lite file into one that is not', () => {
    const others = { 'lite.proto': `${p3} option optimize_for = LITE_RUNTIME; message L {}` }
    assert.throws(() => schemaOf(`${p3} import "lite.proto";`, others), {
      message:
        'main.proto:1:28: a file that does not use optimize_for=LITE_RUNTIME may not import file "lite.proto" that does',
    })
    assert.doesNotThrow(() => schemaOf(`${p3} option optimize_for = LITE_RUNTIME; import "lite.proto";`, others))
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
      'main.proto:1:48: field M.aB: default JSON name "aB" conflicts with default JSON name of field a_b, defined at main.proto:1:33',
    ],
    [
      'an enum without zero in proto3',
      `${p3} enum E { A = 1; }`,
      'main.proto:1:34: enum E: proto3 requires that first value of enum have numeric value zero',
    ],
    [
      'enum numbers shared without leave',
      `${p3} enum E { A = 0; B = 0; }`,
      'main.proto:1:41: enum E: values A and B both have the same numeric value 0; use allow_alias option if intentional',
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
      'a method where a request type is wanted',
      `${p3} message R {} service S { rpc R(R) returns (.R); }`,
      'main.proto:1:52: method S.R: invalid request type: R is a method, not a message',
    ],
    [
      'extensions in proto3 that are no options',
      `${p3} import "google/protobuf/descriptor.proto"; extend google.protobuf.SourceCodeInfo { int32 x = 536000000; }`,
      'main.proto:1:71: extend blocks in proto3 can only be used to define custom options',
    ],
    [
      'an extension number used twice',
      `${p2} message M { extensions 5; } extend M { optional int32 x = 5; } extend M { optional int32 y = 5; }`,
      'main.proto:1:114: extension with tag 5 for message M already defined at main.proto:1:79',
    ],
    [
      'an extension range over reserved numbers',
      `${p2} message M { extensions 3 to 8; reserved 8 to 9; }`,
      'main.proto:1:61: message M: extension range 3 to 8 overlaps reserved range 8 to 9',
    ],
    [
      'fields in a message set',
      `${p2} message M { option message_set_wire_format = true; optional int32 a = 1; extensions 4 to max; }`,
      'main.proto:1:72: messages with message-set wire format cannot contain non-extension fields',
    ],
    [
      'a scalar extension of a message set',
      `${p2} message M { option message_set_wire_format = true; extensions 4 to max; } extend M { optional int32 x = 5; }`,
      'main.proto:1:115: messages with message-set wire format cannot contain scalar extensions, only messages',
    ],
    [
      'allow_alias where nothing is an alias',
      `${p2} enum E { option allow_alias = true; A = 1; B = 2; }`,
      'main.proto:1:26: enum E: allow_alias is true but no values are aliases',
    ],
    [
      'enum values that are the same without the name of the enum',
      `${p3} enum MyEnum { MY_ENUM_A = 0; A = 1; }`,
      'main.proto:1:50: enum value MyEnum.A: camel-case name (with optional enum name prefix removed) "A" conflicts with camel-case name of enum value MY_ENUM_A, defined at main.proto:1:35',
    ],
    [
      'JSON names that clash with the default name of a field that says another',
      `${p3} message M { int32 a_b = 1 [json_name = "x"]; int32 aB = 2 [json_name = "y"]; }`,
      'main.proto:1:66: field M.aB: default JSON name "aB" conflicts with default JSON name of field a_b, defined at main.proto:1:33',
    ],
    [
      'a custom JSON name used twice in proto2',
      `${p2} message M { optional int32 a = 1 [json_name = "b"]; optional int32 b = 2; }`,
      'main.proto:1:73: field M.b: default JSON name "b" conflicts with custom JSON name of field a, defined at main.proto:1:33',
    ],
    [
      'packed messages',
      `${p2} message M { repeated M a = 1 [packed = true]; }`,
      'main.proto:1:42: packed option is only allowed on numeric, boolean, and enum fields',
    ],
    [
      'packed fields that are not repeated',
      `${p3} message M { int32 a = 1 [packed = true]; }`,
      'main.proto:1:33: packed option is only allowed on repeated fields',
    ],
    [
      'a default out of range',
      `${p2} message M { optional uint32 a = 1 [default = -1]; }`,
      'main.proto:1:66: field M.a: option default: value -1 is out of range for uint32',
    ],
    [
      'a default of another type',
      `${p2} message M { optional string a = 1 [default = 5]; }`,
      'main.proto:1:66: field M.a: option default: expecting string, got integer',
    ],
    [
      'a default that is no value of the enum',
      `${p2} message M { optional E a = 1 [default = B]; } enum E { A = 1; }`,
      'main.proto:1:61: field M.a: option default: enum E has no value named B',
    ],
    [
      'a default of a repeated field',
      `${p2} message M { repeated int32 a = 1 [default = 5]; }`,
      'main.proto:1:55: field M.a: default value cannot be set because field is repeated',
    ],
    [
      'a default of a message',
      `${p2} message M { optional M a = 1 [default = { }]; }`,
      'main.proto:1:51: field M.a: default value cannot be set because field is a message',
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
