import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isAppError } from '../../../../errors.js'
import { parseProto } from '../../../../host/grpc/schema/proto-text.js'
import { defaultSchemaLimits, type SchemaLimits } from '../../../../host/grpc/schema/schema-limits.js'

const parse = (text: string | Uint8Array, limits: Partial<SchemaLimits> = {}) =>
  parseProto('f.proto', typeof text === 'string' ? Buffer.from(text) : text, { ...defaultSchemaLimits, ...limits })

describe('proto text', () => {
  it('takes a text without syntax for proto2', () => {
    assert.equal(parse('message M { optional int32 a = 1; }').syntax, 'proto2')
  })

  it('passes over comments, empty statements and options it need not know', () => {
    const text = `/* a */ syntax = "proto3"; // b
      option java_package = "x" 'y'; option (my.opt).sub = { a: 1 b { c: [1, 2] } d: <e: "}"> };;
      message M { option deprecated = true; int32 a = 0x10 [deprecated = true, (x) = -inf, (y) = { }]; ; }
      service S { option (o) = -1.5e3; rpc R(M) returns (M) { option (google.api.http) = { get: "/v1" }; } }`
    const file = parse(text)
    assert.equal(file.messages[0]?.fields[0]?.number, 16)
    assert.equal(file.services[0]?.methods.length, 1)
  })

  it('reads words of the language as names', () => {
    const text = `syntax = "proto3"; message message { string message = 1; int32 optional = 2; string rpc = 3; stream stream = 4; }
      message stream {} service service { rpc rpc(.stream) returns (stream stream); }`
    const file = parse(text)
    assert.deepEqual(
      file.messages[0]?.fields.map((f) => f.name),
      ['message', 'optional', 'rpc', 'stream'],
    )
    const method = file.services[0]?.methods[0]
    assert.deepEqual(
      [method?.input, method?.isClientStream, method?.output, method?.isServerStream],
      ['.stream', false, 'stream', true],
    )
  })

  it('reads groups, maps, extensions and reserved ranges', () => {
    const text = `message M { optional group Big = 1 { optional int32 x = 1; } map<int32, M> some_map = 2;
      extensions 100 to max; reserved 5, 7 to 9; reserved "a", "b"; extend M { optional string e = 100; } }`
    const [message] = parse(text).messages
    assert.deepEqual(
      message?.fields.map((f) => [f.name, f.kind, f.typeName]),
      [
        ['big', 'group', 'Big'],
        ['some_map', 'message', 'SomeMapEntry'],
      ],
    )
    assert.deepEqual(message?.extensionRanges, [{ start: 100, end: 536870911, at: 106 }])
    assert.deepEqual(message?.reservedRanges, [
      { start: 5, end: 5, at: 127 },
      { start: 7, end: 9, at: 130 },
    ])
    assert.deepEqual(message?.reservedNames, ['a', 'b'])
    assert.equal(message?.extensions[0]?.extendee, 'M')
  })

  it('gives a proto3 optional field a oneof of its own after the declared ones', () => {
    const [message] = parse('syntax = "proto3"; message M { optional int32 a = 1; oneof k { int32 b = 2; } }').messages
    assert.deepEqual(
      message?.oneofs.map((o) => o.name),
      ['k', '_a'],
    )
    assert.equal(message?.fields[0]?.oneofIndex, 1)
  })

  it('joins string literals and knows their escapes', () => {
    const [message] = parse(
      'message M { optional string a = 1 [json_name = "\\x41\\102" \'\\u0043\\"\\n\']; }',
    ).messages
    assert.equal(message?.fields[0]?.jsonName, 'ABC"\n')
  })

  it('makes characters of bytes that are escaped one by one', () => {
    const [message] = parse(
      'message M { optional string a = 1 [json_name = "\\xc3\\xa9" "\\303" \'\\251\\u00e9é\']; }',
    ).messages
    assert.equal(message?.fields[0]?.jsonName, 'éééé')
  })

  for (const [text, message] of [
    [
      'syntax = "proto3";\n\npackage p;\n\nmessage B {\n  string name = ;\n}\n',
      "f.proto:6:17: syntax error: unexpected ';', expecting int literal",
    ],
    [
      'message M {\n\tint32 a = 1;',
      "f.proto:2:15: field a: field has no label; proto2 requires explicit 'optional' label",
    ],
    ['message M {', 'f.proto:1:12: syntax error: unexpected EOF'],
    ['syntax = "proto4";', 'f.proto:1:10: syntax value must be "proto2" or "proto3"'],
    ['edition = "2024";', 'f.proto:1:11: edition "2024" not yet fully supported; latest supported edition "2023"'],
    ['import "a"; import "a";', 'f.proto:1:13: "a" was already imported at f.proto:1:1'],
    [
      'message M { optional int32 a = 0; }',
      'f.proto:1:32: tag number 0 is out of range: should be between 1 and 536870911',
    ],
    [
      'message M { optional int32 a = 19001; }',
      'f.proto:1:32: tag number 19001 is in disallowed reserved range 19000-19999',
    ],
    [
      'syntax = "proto3"; message M { required int32 a = 1; }',
      "f.proto:1:32: label 'required' is not allowed in proto3 or editions",
    ],
    [
      'syntax = "proto3"; message M { int32 a = 1 [default = 1]; }',
      'f.proto:1:45: default values are not allowed in proto3',
    ],
    ['message M { oneof o {} }', 'f.proto:1:13: oneof must contain at least one field'],
    [
      'message M { map<double, int32> m = 1; }',
      'f.proto:1:17: syntax error: unexpected "double", expecting map key type',
    ],
    ['enum E {}', 'f.proto:1:1: enum E: enums must define at least one value'],
    ['message M { reserved 5 to 3; }', 'f.proto:1:22: range, 5 to 3, is invalid: start must be <= end'],
    ['option x = "a\n";', 'f.proto:1:14: syntax error: encountered end-of-line before end of string literal'],
    ['/* a', 'f.proto:1:1: syntax error: block comment never terminates, unexpected EOF'],
    ['message M;', "f.proto:1:10: syntax error: unexpected ';', expecting '{'"],
    ['message M { service S {} }', 'f.proto:1:13: syntax error: unexpected "service"'],
    ['service S { message M {} }', 'f.proto:1:13: syntax error: unexpected "message", expecting \'rpc\''],
    [
      'message M { optional int32 a = 1 { option x = 1; } }',
      "f.proto:1:34: syntax error: unexpected '{', expecting ';'",
    ],
    ['option a = 1 message M {}', 'f.proto:1:14: syntax error: unexpected "message", expecting \';\''],
    ['option a b = 1;', 'f.proto:1:10: syntax error: unexpected "b", expecting \'=\''],
    ['message M { reserved 1, "a"; }', 'f.proto:1:25: syntax error: unexpected string literal, expecting int literal'],
    ['message M { reserved "a", "a"; }', 'f.proto:1:27: name "a" is already reserved'],
    ['message M { oneof o { int32 a = 1; ; } }', "f.proto:1:36: syntax error: unexpected ';', expecting identifier"],
    ['message M { extensions max; }', 'f.proto:1:24: syntax error: unexpected "max", expecting int literal'],
    ['enum E { reserved = 1; }', "f.proto:1:19: syntax error: unexpected '=', expecting int literal"],
    ['syntax = "proto3"; message M { message.N a = 1; }', 'f.proto:1:32: syntax error: unexpected "message"'],
    ['message M { optional int32.N a = 1; }', 'f.proto:1:22: syntax error: unexpected "int32", expecting identifier'],
    ['service S { rpc R(stream) returns (M); }', "f.proto:1:25: syntax error: unexpected ')'"],
    ['option x = 1.5f;', 'f.proto:1:12: syntax error: invalid syntax in number: 1.5f'],
    ['option x = +1;', "f.proto:1:12: syntax error: unexpected '+', expecting option value"],
    ['option x = { a 5 };', "f.proto:1:16: syntax error: unexpected int literal, expecting ':'"],
    ['option x = { a: 5;', 'f.proto:1:19: syntax error: unexpected EOF'],
    ['option x = { a: [1, [2]] };', "f.proto:1:21: syntax error: unexpected '['"],
    [
      'message M { optional int32 a = 1 [packed = true, packed = true]; }',
      'f.proto:1:50: non-repeated option field packed already set',
    ],
    ['message M { extensions 4 [x = 1], 5; }', "f.proto:1:33: syntax error: unexpected ',', expecting ';'"],
    [
      'message M { optional int32 a = 18446744073709551615; }',
      'f.proto:1:32: tag number 18446744073709552000 is out of range: should be between 1 and 536870911',
    ],
    [
      'message M { optional int32 a = 18446744073709551616; }',
      'f.proto:1:32: syntax error: unexpected float literal, expecting int literal',
    ],
    ['message M { optional int32 a = -1; }', "f.proto:1:32: syntax error: unexpected '-', expecting int literal"],
    ['message M { optional int32 a = max; }', 'f.proto:1:32: syntax error: unexpected "max", expecting int literal'],
    ['package a.;', "f.proto:1:11: syntax error: unexpected ';', expecting identifier"],
    ['}', "f.proto:1:1: syntax error: unexpected '}'"],
    [
      'edition = "2023"; message M { option features = { enum_type: NEVER }; }',
      'f.proto:1:62: features.enum_type: unknown value NEVER',
    ],
    ['message M { \u00e4 }', 'f.proto:1:13: syntax error: invalid character U+00E4'],
  ] as const) {
    it(`says ${message.replace(/^f\.proto:/, '')}`, () => {
      assert.throws(() => parse(text), { message })
    })
  }

  it('reads a message of many fields and its oneofs in their order', () => {
    const fields = (from: number) =>
      Array.from({ length: 120 }, (_, i) => `int32 f${from + i} = ${from + i};`).join(' ')
    const [message, ...others] = parse(
      `syntax = "proto3"; message M { ${fields(1)} oneof o { ${fields(121)} } message N {} ${fields(241)} }`,
    ).messages
    assert.deepEqual(
      message?.fields.map((f) => [f.name, f.number, f.oneofIndex]),
      Array.from({ length: 360 }, (_, i) => [`f${i + 1}`, i + 1, i >= 120 && i < 240 ? 0 : undefined]),
    )
    assert.deepEqual([message?.oneofs.length, message?.messages.length, others.length], [1, 1, 0])
  })

  it('reads groups inside oneofs, groups and extend blocks', () => {
    const file =
      parse(`message M { oneof o { string a = 1; group G = 2 [deprecated = true] { extensions 5; oneof i { int32 x = 1; }
      optional group H = 3 {} } string b = 4; } extensions 10; } extend M { repeated group E = 10 {} }`)
    const [message, extension] = file.messages
    assert.deepEqual(
      message?.fields.map((f) => [f.name, f.kind, f.oneofIndex]),
      [
        ['a', 'string', 0],
        ['g', 'group', 0],
        ['b', 'string', 0],
      ],
    )
    const [group] = message?.messages ?? []
    assert.deepEqual([group?.name, group?.fields[0]?.oneofIndex, group?.messages[0]?.name], ['G', 0, 'H'])
    assert.deepEqual([extension?.name, file.extensions[0]?.typeName, file.extensions[0]?.extendee], ['E', 'E', 'M'])
  })

  it('keeps the options of a group and of its field apart, however long it is', () => {
    const fields = Array.from({ length: 60 }, (_, i) => `optional int32 f${i} = ${i + 1};`).join(' ')
    const [group] = parse(`message M { optional group G = 1 [deprecated = true] { option no_such = 1; ${fields} } }`)
      .messages[0]!.messages
    assert.deepEqual([group?.fields.length, group?.options?.map((option) => option.name)], [60, ['no_such']])
  })

  it('keeps declarations with the names of object properties', () => {
    const file =
      parse(`syntax = "proto3"; package __proto__.constructor; option __proto__ = 1; option constructor.prototype.x = 1;
      message __proto__ { oneof __proto__ { string constructor = 1 [__proto__ = 2]; } } enum toString { __proto__ = 0; }
      service hasOwnProperty { rpc __proto__(__proto__) returns (.__proto__); }`)
    const [message] = file.messages
    assert.deepEqual(
      [message?.name, message?.oneofs[0]?.name, message?.fields[0]?.name],
      ['__proto__', '__proto__', 'constructor'],
    )
    assert.deepEqual([file.enums[0]?.name, file.enums[0]?.values[0]?.name], ['toString', '__proto__'])
    const [service] = file.services
    assert.deepEqual(
      [service?.name, service?.methods[0]?.name, service?.methods[0]?.output],
      ['hasOwnProperty', '__proto__', '.__proto__'],
    )
    assert.equal(Reflect.get({}, 'x'), undefined)
  })

  it('takes a package after messages, types called as statements are, and names around dots', () => {
    const file =
      parse(`syntax = "proto3"; message service {} message map {} package a . b; import "x"; import public "y";
      message M { service s = 1; map m = 2; repeated . a . b/**/.map r = 3; }`)
    assert.deepEqual(
      file.messages[2]?.fields.map((f) => f.typeName),
      ['service', 'map', '.a.b.map'],
    )
    assert.equal(file.package, 'a.b')
    assert.deepEqual(
      file.imports.map((i) => [i.path, i.isPublic]),
      [
        ['x', false],
        ['y', true],
      ],
    )
  })

  it('reads reserved names of each syntax', () => {
    const [message] = parse('edition = "2023"; message M { reserved a, to, T31; reserved 1, 2 to max; }').messages
    assert.deepEqual(message?.reservedNames, ['a', 'to', 'T31'])
    assert.deepEqual(message?.reservedRanges[1], { start: 2, end: 536870911, at: 63 })
    assert.throws(() => parse('message M { reserved a; }'), /1:22: must use string literals, not identifiers/)
  })

  it('keeps to its limits', () => {
    assert.throws(() => parse('message M {}', { fileBytes: 5 }), /12 bytes, more than the limit of 5/)
    const nested = 'message M {'.repeat(40) + '}'.repeat(40)
    assert.throws(() => parse(nested), /message nesting depth must be less than 32/)
    assert.throws(() => parse(`option x = ${'{a '.repeat(40)}${'}'.repeat(40)};`), /nest deeper than the limit of 32/)
    assert.throws(() => parse(`option x${'.x'.repeat(40)} = 1;`), /1:8: an option name has more than 32 parts/)
    assert.throws(
      () => parse('syntax="proto3";message M {int32 a=1;int32 b=2;}', { fieldsPerMessage: 1 }),
      /more than 1 fields/,
    )
    assert.throws(() => parse('message A {} enum B { Z = 0; }', { messages: 1 }), /more than 1 messages and enums/)
    assert.throws(() => parse(Uint8Array.of(0xff)), /not valid UTF-8/)
    assert.throws(
      () => parse(`message M { reserved "${'-'.repeat(5000)}"; }`),
      (e) => (e as Error).message.length === 2001,
    )
  })

  it('ends on any text with a file or a SchemaError', () => {
    const words =
      'message enum oneof map < > { } ( ) [ ] = ; , . 1 -2 0x 1.5 "s" \'t syntax import package option M a extend group reserved extensions to max default rpc service returns : / -inf // /* */ \\ \u0000'
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words.split(' '))), (parts) => {
        try {
          parse(parts.join(' '))
        } catch (e) {
          assert.ok(isAppError(e, 'SCHEMA_INVALID'), String(e))
        }
      }),
    )
  })
})
