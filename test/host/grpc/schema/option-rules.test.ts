import assert from 'node:assert/strict'
import { schemaOf } from './memory-files.js'

const options = {
  'o.proto': `syntax = "proto2"; package o; import "google/protobuf/descriptor.proto"; import "google/protobuf/any.proto";
    enum Color { RED = 0; GREEN = 1; }
    message Rule {
      optional int32 i = 1; optional double d = 2; optional bool b = 3; optional string s = 4; optional Color c = 5;
      optional Rule m = 6; repeated Rule ms = 7; repeated int32 is = 8; map<string, Rule> by = 9; optional google.protobuf.Any any = 10;
      optional group Grp = 11 { optional int32 x = 1; } oneof one { string left = 12; string right = 13; }
      extensions 100 to 200;
    }
    extend Rule { optional int32 more = 100; }
    extend google.protobuf.FileOptions { optional Rule rule = 50001; repeated int32 numbers = 50002; optional Color color = 50003; }
    extend google.protobuf.FieldOptions { optional Rule field_rule = 50001; }
    extend google.protobuf.ExtensionRangeOptions { optional Rule range_rule = 50001; }`,
}
const read = (text: string) => schemaOf(`syntax = "proto2"; package p; import "o.proto"; ${text}`, options)

describe('options', () => {
  for (const text of [
    'option (o.rule) = { i: -0x7f d: -inf b: t s: "a" \'b\' c: 1 };',
    'option (o.rule) = { m { m < i: 1 > }, ms: [{ i: 1 }, < >]; ms { } is: [1, 2] is: 3 is: [] };',
    'option (o.rule) = { by { key: "k" value { s: "}" } } by: [{ key: "l" }] Grp { x: 1 } left: "only" };',
    'option (o.rule) = { [o.more]: 7 any { [type.googleapis.com/o.Rule] { d: nan } } };',
    'option (o.rule).m.i = 1; option (.o.rule).m.s = "x"; option (o.rule).(o.more) = 5; option (o.rule).grp.x = 1;',
    'option (o.numbers) = 1; option (o.numbers) = 2; option (o.color) = GREEN; option java_package = "a" "b";',
    'message M { extensions 5 [(o.range_rule).i = 1]; optional int32 a = 1 [(o.field_rule).b = true, deprecated = true]; }',
    'option optimize_for = SPEED; service S { option deprecated = true; }',
  ]) {
    it(`takes ${text}`, () => assert.doesNotThrow(() => read(text)))
  }

  for (const [text, message] of [
    ['option nope = 1;', '1:56: option nope: field nope of google.protobuf.FileOptions does not exist'],
    ['option (nope) = 1;', '1:56: option (nope): unknown extension nope'],
    [
      'option (o.nope) = 1;',
      '1:56: option (o.nope): unknown extension o.nope; resolved to o.nope which is not defined; consider using a leading dot',
    ],
    ['option (o.Rule) = { };', '1:56: option (o.Rule): invalid extension: o.Rule is a message, not an extension'],
    [
      'message M { option (o.rule) = { }; }',
      '1:68: message p.M: option (o.rule): extension o.rule should extend google.protobuf.MessageOptions but instead extends google.protobuf.FileOptions',
    ],
    ['option java_package = 5;', '1:71: option java_package: expecting string, got integer'],
    [
      'option java_package = "a"; option java_package = "b";',
      '1:83: option java_package: non-repeated option field java_package already set',
    ],
    [
      'option java_package.x = 1;',
      '1:56: option java_package.x: cannot set field x because java_package is not a message',
    ],
    [
      'option optimize_for = FAST;',
      '1:71: option optimize_for: enum google.protobuf.FileOptions.OptimizeMode has no value named FAST',
    ],
    ['option (o.rule) = { j: 1 };', '1:69: option (o.rule): field j not found'],
    ['option (o.rule) = { i: "1" };', '1:72: option (o.rule): expecting int32, got string'],
    ['option (o.rule) = { i: [1] };', '1:72: option (o.rule): value is an array but field is not repeated'],
    ['option (o.rule) = { i: 1 i: 2 };', '1:74: option (o.rule): non-repeated option field i already set'],
    [
      'option (o.rule) = { left: "" right: "" };',
      '1:78: option (o.rule): oneof "o.Rule.one" already has another field set',
    ],
    [
      'option (o.rule) = { any { [type.googleapis.com/o.Gone] { } } };',
      '1:75: option (o.rule): could not resolve type reference type.googleapis.com/o.Gone',
    ],
    [
      'option (o.rule) = { i: 1 }; option (o.rule).s = "x";',
      '1:84: option (o.rule).s: non-repeated option field o.rule already set',
    ],
    [
      'option (o.rule).ms.i = 1;',
      '1:64: option (o.rule).ms.i: cannot set field i because ms is repeated (must use an aggregate)',
    ],
    [
      'enum E { A = 0 [nope = 1]; }',
      '1:65: enum value p.A: option nope: field nope of google.protobuf.EnumValueOptions does not exist',
    ],
    [
      'message M { optional int32 a = 1 [jstype = JS_STRING]; }',
      '1:83: only 64-bit integer fields (int64, uint64, sint64, fixed64, and sfixed64) can specify a jstype other than JS_NORMAL',
    ],
  ] as const) {
    it(`refuses ${text}`, () => {
      assert.throws(() => read(text), { name: 'SchemaError', message: `main.proto:${message}` })
    })
  }
})
