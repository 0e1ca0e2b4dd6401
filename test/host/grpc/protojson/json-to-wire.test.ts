import assert from 'node:assert/strict'
import { echo, hexOf, ourType } from './kinds.js'

const all = 'kinds.All'
const known = 'kinds.Known'

/** That encoding fails with Go's text, the prefix not counted. */
function refuses(type: string, json: unknown, text: string): void {
  const encode = () => ourType(type).encode(typeof json === 'string' ? json : JSON.stringify(json))
  assert.throws(encode, { name: 'ProtoJsonError', code: 'MESSAGE_INVALID', message: `proto:\u00a0${text}` })
}

describe('JSON to wire', () => {
  it('writes each kind of field as protobuf has it', () => {
    for (const [json, hex] of [
      [{ a_double: 1.5 }, '09000000000000f83f'],
      [{ a_float: 1.5 }, '150000c03f'],
      [{ an_int32: -1 }, '18ffffffffffffffffff01'],
      [{ an_int64: '-9223372036854775808' }, '2080808080808080808001'],
      [{ a_uint32: 4294967295 }, '28ffffffff0f'],
      [{ a_uint64: '18446744073709551615' }, '30ffffffffffffffffff01'],
      [{ a_sint32: -2147483648 }, '38ffffffff0f'],
      [{ a_sint64: '-9223372036854775808' }, '40ffffffffffffffffff01'],
      [{ a_fixed32: 1 }, '4d01000000'],
      [{ a_fixed64: 4294967297 }, '510100000001000000'],
      [{ a_sfixed32: -1 }, '5dffffffff'],
      [{ a_sfixed64: -2 }, '61feffffffffffffff'],
      [{ a_bool: true }, '6801'],
      [{ a_string: '\u00e4' }, '7202c3a4'],
      [{ some_bytes: '-_8' }, '7a02fbff'],
      [{ color: 'BELOW' }, '8001feffffffffffffffff01'],
      [{ tree: {} }, '8a0100'],
      [{ ints: [1, 300] }, '92010301ac02'],
      [{ loose_ints: [1, 2] }, '980101980102'],
      [{ strings: ['', 'a'] }, 'a20100a2010161'],
      [{ by_string: { k: 0 } }, 'c201050a016b1000'],
      [{ far_away: -1 }, 'c0b80201'],
    ] as const) {
      assert.equal(hexOf(all, json), hex, JSON.stringify(json))
    }
  })

  it('leaves out zeros of fields without presence, and keeps those of the others', () => {
    const zeros = {
      a_double: 0,
      an_int32: 0,
      an_int64: '0',
      a_bool: false,
      a_string: '',
      some_bytes: '',
      color: 0,
      ints: [],
    }
    assert.equal(hexOf(all, zeros), '')
    assert.equal(hexOf(all, { a_double: '-0' }), '090000000000000080')
    assert.equal(hexOf(all, { maybe_int32: 0 }), '800200')
    assert.equal(hexOf(all, { number: 0 }), 'e80100')
    assert.equal(hexOf('old.Loose', { id: '' }), '0a00')
  })

  it('takes a field by its JSON name and by its declared name, but not by both', () => {
    assert.equal(hexOf(all, { aString: 'a' }), hexOf(all, { a_string: 'a' }))
    assert.equal(hexOf(all, { 'other-Name': 'a' }), hexOf(all, { renamed: 'a' }))
    refuses(all, { a_string: 'a', aString: 'b' }, '(line 1:17): duplicate field "aString"')
    refuses(all, { astring: 1 }, '(line 1:2): unknown field "astring"')
    refuses(all, { tree: { '': null } }, '(line 1:10): unknown field ""')
    refuses('old.Loose', { '[old.extra]': 'x' }, '(line 1:2): unknown field "[old.extra]"')
    refuses(
      'old.Loose',
      { '[old.Strict]': null },
      '(line 1:2): unable to resolve "[old.Strict]": found wrong type: got message, want extension',
    )
  })

  it('takes fields in any order, and again in the order it remembers', () => {
    for (const json of [
      { an_int32: 1, a_string: 'a' },
      { a_string: 'a', an_int32: 1 },
      { an_int32: 1, a_string: 'a' },
      { an_int32: 1 },
    ]) {
      assert.deepEqual(
        { ...echo(all, json), rest: 0 },
        {
          ...JSON.parse(ourType(all).empty()),
          anInt32: 1,
          aString: 'aString' in json || 'a_string' in json ? 'a' : '',
          rest: 0,
        },
      )
    }
  })

  it('keeps fields named like object properties', () => {
    assert.equal(hexOf(all, JSON.parse('{"__proto__":"a","constructor":"b"}')), '9a020161a2020162')
  })

  it('reads integers in every notation that is whole, and nothing else', () => {
    for (const good of [12, '12', '1.2e1', '12.0', '120e-1', '1200e-2', 12.0])
      assert.equal(hexOf(all, { an_int32: good }), '180c', String(good))
    for (const bad of [
      '',
      ' 1',
      '1 ',
      '0x10',
      '007',
      'abc',
      '1.5',
      '12e-1',
      '1e',
      '+1',
      '2147483648',
      '1e400',
      1.5,
      true,
      [],
      {},
    ]) {
      const raw = JSON.stringify(bad)
      refuses(
        all,
        { an_int32: bad },
        `(line 1:13): invalid value for int32 field anInt32: ${typeof bad === 'object' ? raw[0] : raw}`,
      )
    }
    refuses(all, { a_uint32: -1 }, '(line 1:13): invalid value for uint32 field aUint32: -1')
    refuses(
      all,
      { an_int64: '9223372036854775808' },
      '(line 1:13): invalid value for int64 field anInt64: "9223372036854775808"',
    )
    refuses(
      all,
      '{"a_sfixed64":10000000000000000000}',
      '(line 1:15): invalid value for sfixed64 field aSfixed64: 10000000000000000000',
    )
  })

  it('reads the number that a string begins with, whatever follows it but blanks', () => {
    for (const good of ['12,000', '12 34', '12/x', '12}', '1.2e1,']) {
      assert.equal(hexOf(all, { an_int32: good }), '180c', good)
      assert.equal(hexOf(all, { a_double: good }), '090000000000002840', good)
    }
    for (const bad of ['12a', '12.', '12_000', ',12', '12\u00a0', '\u008512', '12,\u2028', 'NaN,', '{12']) {
      const raw = JSON.stringify(bad)
      refuses(all, { an_int32: bad }, `(line 1:13): invalid value for int32 field anInt32: ${raw}`)
      refuses(all, { a_double: bad }, `(line 1:13): invalid value for double field aDouble: ${raw}`)
    }
    assert.equal(hexOf(all, { an_int32: `12.${'0'.repeat(1000)}` }), '180c')
    assert.equal(hexOf(all, { by_uint32: { [`${'0'.repeat(1000)}7`]: 1 } }), hexOf(all, { by_uint32: { 7: 1 } }))
    assert.deepEqual([...ourType(all).encode('{"an_int32":1e}')], [0x18, 1])
    refuses(all, '{"a_double":1e}', '(line 1:13): invalid value for double field aDouble: 1e')
  })

  it('reads floats as numbers, as strings and by their three names', () => {
    assert.equal(hexOf(all, { a_float: '1e2' }), '150000c842')
    for (const name of ['NaN', 'Infinity', '-Infinity']) assert.deepEqual(echo(all, { a_float: name }).aFloat, name)
    for (const bad of ['nan', 'inf', '', ' 1', '1x', true]) {
      refuses(all, { a_double: bad }, `(line 1:13): invalid value for double field aDouble: ${JSON.stringify(bad)}`)
    }
    refuses(all, '{"a_float":3.5e38}', '(line 1:12): invalid value for float field aFloat: 3.5e38')
    refuses(all, '{"a_double":1e999}', '(line 1:13): invalid value for double field aDouble: 1e999')
    assert.equal(hexOf(all, { a_float: 1e-50 }), '')
  })

  it('rounds to a float once, from the decimal', () => {
    // Exactly between 1 and the next float is the double; the decimal is a little more.
    assert.equal(hexOf(all, { a_float: '1.00000005960464477540' }), '150100803f')
    assert.equal(hexOf(all, { a_float: '1.00000005960464477539' }), '150000803f')
    assert.equal(hexOf(all, { a_float: '1.000000059604644775390625' }), '150000803f')
    // The double is halfway between the largest float and infinity, the decimal just below.
    assert.equal(hexOf(all, { a_float: '-3.4028235677973366e38' }), '15ffff7fff')
    refuses(
      all,
      '{"a_float":3.4028235677973367e38}',
      '(line 1:12): invalid value for float field aFloat: 3.4028235677973367e38',
    )
  })

  it('reads base64 of both alphabets, padded or not', () => {
    for (const good of ['+/+/', '-_-_']) assert.equal(hexOf(all, { some_bytes: good }), '7a03fbffbf')
    for (const good of ['AQ==', 'AQ', 'AQ=\n=\r\r\n']) assert.equal(hexOf(all, { some_bytes: good }), '7a0101', good)
    for (const bad of ['+/-_', 'A', '====', 'a b', 'AQ=', 'A===', 'aGVs\nbG8=', 5]) {
      refuses(all, { some_bytes: bad }, `(line 1:15): invalid value for bytes field someBytes: ${JSON.stringify(bad)}`)
    }
  })

  it('reads enums by name and by number, known or not', () => {
    for (const good of ['RED', 'ROUGE', 1]) assert.equal(hexOf(all, { color: good }), '800101')
    assert.equal(hexOf(all, { color: 99 }), '800163')
    for (const bad of ['1', 'red', '', 1.5, true]) {
      refuses(all, { color: bad }, `(line 1:10): invalid value for enum field color: ${JSON.stringify(bad)}`)
    }
  })

  it('leaves a field unset for null, but not an element', () => {
    assert.equal(
      hexOf(all, { an_int32: null, tree: null, ints: null, by_string: null, text: null, number: 1 }),
      'e80101',
    )
    refuses(all, { ints: [1, null] }, '(line 1:12): invalid value for int32 field ints: null')
    refuses(all, { trees: [null] }, 'syntax error (line 1:11): unexpected token null')
    refuses(all, { by_string: { a: null } }, '(line 1:19): invalid value for int32 field value: null')
    refuses(all, { nope: null }, '(line 1:2): unknown field "nope"')
  })

  it('takes one member of a oneof', () => {
    refuses(all, { text: 'a', number: 1 }, '(line 1:13): error parsing "number", oneof kinds.All.choice is already set')
    assert.equal(hexOf(all, { nothing: null }), 'f80100')
  })

  it('reads map keys by their type, each once', () => {
    assert.equal(hexOf(all, { by_int64: { '-5': {} } }), 'ca010d08fbffffffffffffffff011200')
    assert.equal(hexOf(all, { by_bool: { true: 'a' } }), 'd201050801120161')
    refuses(all, '{"by_uint32":{"1":0,"01":0}}', '(line 1:21): duplicate map key "01"')
    refuses(all, '{"by_string":{"a":1,"a":1}}', '(line 1:21): duplicate map key "a"')
    refuses(all, { by_uint32: { '-1': 0 } }, '(line 1:15): invalid value for uint32 key: "-1"')
    refuses(all, { by_bool: { True: '' } }, '(line 1:13): invalid value for bool key: "True"')
    refuses(
      all,
      { by_int64: { '9223372036854775808': {} } },
      '(line 1:14): invalid value for int64 key: "9223372036854775808"',
    )
  })

  it('says where a value of the wrong shape stands', () => {
    refuses(all, '"abc"', 'syntax error (line 1:1): unexpected token "abc"')
    refuses(all, '[]', 'syntax error (line 1:1): unexpected token [')
    refuses(all, { ints: 5 }, 'syntax error (line 1:9): unexpected token 5')
    refuses(all, { tree: 'x' }, 'syntax error (line 1:9): unexpected token "x"')
    refuses(all, { by_string: [] }, 'syntax error (line 1:14): unexpected token [')
    refuses(all, { a_string: 5 }, '(line 1:13): invalid value for string field aString: 5')
    refuses(all, { a_bool: 'true' }, '(line 1:11): invalid value for bool field aBool: "true"')
    // Columns count characters, not UTF-16 units.
    refuses(all, { a_string: '\u{1f600}', nope: 1 }, '(line 1:17): unknown field "nope"')
    refuses(all, '{\n "nope": 1}', '(line 2:2): unknown field "nope"')
  })

  it('says what is wrong with text that is no JSON', () => {
    for (const [json, text] of [
      ['', 'syntax error (line 1:1): unexpected token '],
      [' \n', 'syntax error (line 2:1): unexpected token '],
      ['{', 'unexpected EOF'],
      ['{"a_string":"x', 'unexpected EOF'],
      ['{}}', 'syntax error (line 1:3): unexpected token }'],
      ['{"ints":[1,]}', 'syntax error (line 1:12): unexpected token ]'],
      ['{"ints":[1 2]}', 'syntax error (line 1:12): unexpected token 2'],
      ['{"a_bool":true,}', 'syntax error (line 1:16): unexpected token }'],
      ['{"a_bool" true}', 'syntax error (line 1:11): unexpected character t, missing ":" after field name'],
      ['{"a_bool"\u20ac}', 'syntax error (line 1:10): unexpected character \u00e2, missing ":" after field name'],
      ['{"an_int32":01}', 'syntax error (line 1:13): invalid value 01'],
      ['{"a_bool":tru}', 'syntax error (line 1:11): invalid value tru'],
      ["{'a':1}", "syntax error (line 1:2): invalid value '"],
      ['{"a_string":"\\x"}', 'syntax error (line 1:13): invalid escape code "\\\\x" in string'],
      ['{"a_string":"\\ud83dxxxxxx"}', 'syntax error (line 1:13): invalid escape code "xxxxxx" in string'],
      ['{"a_string":"a\u0001"}', "syntax error (line 1:13): invalid character '\\x01' in string"],
      ['{"a_string":"\ud83d"}', 'syntax error (line 1:13): invalid UTF-8 in string'],
    ] as const) {
      refuses(all, json, text)
    }
  })

  it('reads escapes, and blanks between tokens', () => {
    const json = ' {\t"a_string" : "\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00" ,\r\n "ints" : [ 1 , 2 ] } '
    const value = JSON.parse(ourType(all).decode(ourType(all).encode(json))) as Record<string, unknown>
    assert.equal(value.aString, '"\\/\b\f\n\r\t\u00e4\u{1f600}')
    assert.deepEqual(value.ints, [1, 2])
  })

  it('asks for required fields, the outermost first, once all is read', () => {
    refuses('old.Strict', {}, 'required field old.Strict.id not set')
    refuses('old.Strict', { id: 'a', amount: null }, 'required field old.Strict.amount not set')
    refuses(
      'old.Strict',
      { id: 'a', amount: 0, more: [{ id: 'b', amount: 1 }, { amount: 1 }] },
      'required field old.Strict.id not set',
    )
    refuses('old.Strict', { inner: {}, id: 'a' }, 'required field old.Strict.amount not set')
    refuses('old.Strict', { nope: 1 }, '(line 1:2): unknown field "nope"')
    assert.equal(hexOf('old.Strict', { id: '', amount: 0 }), '0a001000')
  })

  it('takes groups by field name and by message name', () => {
    assert.equal(hexOf('old.Loose', { detail: { word: 'w' } }), '330a017734')
    assert.equal(hexOf('old.Loose', { Detail: {} }), '3334')
    assert.equal(hexOf('old.Loose', { Row: [{ cell: 1 }, {}] }), '3b08013c3b3c')
    refuses('old.Set', {}, 'no support for proto1 MessageSets')
  })

  it('reads timestamps as Go does', () => {
    for (const [text, same] of [
      ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z'],
      ['2020-02-29T12:34:56.7Z', '2020-02-29T12:34:56.700Z'],
      ['2020-01-01T00:00:00.123456789Z', '2020-01-01T00:00:00.123456789Z'],
      ['2020-01-01T02:00:00+02:00', '2020-01-01T00:00:00Z'],
      ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
      ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59.500Z'],
      ['2020-01-01T1:00:00,5Z', '2020-01-01T01:00:00.500Z'],
    ]) {
      assert.equal(echo(known, { at: text }).at, same, text)
    }
    for (const bad of [
      '2020-01-01',
      '2020-01-01 00:00:00Z',
      '2020-13-01T00:00:00Z',
      '2021-02-29T00:00:00Z',
      '2020-01-01T24:00:00Z',
      '2020-01-01T00:00:00.1234567891Z',
      '2020-01-01t00:00:00z',
      '',
    ]) {
      refuses(known, { at: bad }, `(line 1:7): invalid google.protobuf.Timestamp value ${JSON.stringify(bad)}`)
    }
    refuses(
      known,
      { at: '0000-01-01T00:00:00Z' },
      '(line 1:7): google.protobuf.Timestamp value out of range: "0000-01-01T00:00:00Z"',
    )
    refuses(known, { at: 5 }, 'syntax error (line 1:7): unexpected token 5')
  })

  it('reads durations as Go does', () => {
    for (const [text, same] of [
      ['0s', '0s'],
      ['-0.5s', '-0.500s'],
      ['+1s', '1s'],
      ['1.s', '1s'],
      ['.5s', '0.500s'],
      ['.s', '0s'],
      ['1.000000001s', '1.000000001s'],
      ['-315576000000s', '-315576000000s'],
    ]) {
      assert.equal(echo(known, { span: text }).span, same, text)
    }
    for (const bad of ['1', 's', '1m', '01s', '-s', '1.0000000001s', ' 1s', '1e3s', '']) {
      refuses(known, { span: bad }, `(line 1:9): invalid google.protobuf.Duration value ${JSON.stringify(bad)}`)
    }
    refuses(
      known,
      { span: '315576000001s' },
      '(line 1:9): google.protobuf.Duration value out of range: "315576000001s"',
    )
  })

  it('reads field masks in camel case', () => {
    assert.equal(hexOf(known, { mask: 'fooBar.baz,x' }), '1a100a0b666f6f5f6261722e62617a0a0178')
    for (const blank of [' ', '\u0085', '\u3000\n']) assert.equal(hexOf(known, { mask: blank }), '1a00')
    for (const [bad, path] of [
      ['foo_bar', '"foo_bar"'],
      ['a,', '""'],
      ['a b', '"a b"'],
      ['1a', '"1a"'],
      ['a\u0001', '"a\\x01"'],
      ['\ufeffa', '"\\ufeffa"'],
    ]) {
      refuses(known, { mask: bad }, `(line 1:9): google.protobuf.FieldMask.paths contains invalid path: ${path}`)
    }
  })

  it('reads dynamic values, null among them', () => {
    const value = { a: 1, b: 'x', c: true, d: null, e: [1, 'y', null, { f: 2 }], g: {} }
    assert.deepEqual(echo(known, { object: value, value, list: [value, [], null] }), {
      ...(JSON.parse(ourType(known).empty()) as object),
      object: value,
      value,
      list: [value, [], null],
    })
    assert.equal(hexOf(known, { value: null }), '2a020800')
    assert.equal(hexOf(known, { values: [null] }), '9a01020800')
    refuses(known, { object: [] }, 'syntax error (line 1:11): unexpected token [')
    refuses(known, '{"value":1e999}', '(line 1:10): invalid google.protobuf.Value: 1e999')
    refuses(known, '{"object":{"a":1,"a":2}}', '(line 1:18): duplicate map key "a"')
  })

  it('reads wrappers as the bare value, and Empty as an empty object', () => {
    const values = {
      an_int64: '-9',
      a_string: '',
      some_bytes: 'AQ',
      a_double: 0,
      a_bool: false,
      a_float: 'NaN',
      a_uint64: 1,
      an_int32: 2,
      a_uint32: 3,
      empty: {},
    }
    assert.deepEqual(echo(known, values), {
      ...(JSON.parse(ourType(known).empty()) as object),
      anInt64: '-9',
      aString: '',
      someBytes: 'AQ==',
      aDouble: 0,
      aBool: false,
      aFloat: 'NaN',
      aUint64: '1',
      anInt32: 2,
      aUint32: 3,
      empty: {},
    })
    assert.equal(hexOf(known, { an_int64: null }), '')
    refuses(known, { an_int64: { value: 5 } }, '(line 1:13): invalid value for int64 field value: {')
    refuses(known, { empty: { a: 1 } }, '(line 1:11): unknown field "a"')
  })

  it('resolves an Any by its @type, wherever that stands', () => {
    const T = 'type.googleapis.com/'
    const plain = { '@type': `${T}kinds.Tree`, name: 'x' }
    assert.deepEqual(echo(known, { any: plain }).any, {
      '@type': `${T}kinds.Tree`,
      name: 'x',
      left: null,
      children: [],
    })
    assert.equal(hexOf(known, { any: plain }), hexOf(known, { any: { name: 'x', '@type': `${T}kinds.Tree` } }))
    assert.deepEqual(echo(known, { any: { '@type': `${T}google.protobuf.Duration`, value: '1s' } }).any, {
      '@type': `${T}google.protobuf.Duration`,
      value: '1s',
    })
    assert.deepEqual(echo(known, { any: { '@type': 'google.protobuf.Empty' } }).any, {
      '@type': 'google.protobuf.Empty',
      value: {},
    })
    assert.deepEqual(echo(known, { any: {} }).any, {})
    const nested = { '@type': `${T}google.protobuf.Any`, value: { '@type': `${T}kinds.Known`, any: plain } }
    assert.deepEqual(echo(known, { any: nested }).any, {
      '@type': `${T}google.protobuf.Any`,
      value: {
        ...(JSON.parse(ourType(known).empty()) as object),
        '@type': `${T}kinds.Known`,
        any: echo(known, { any: plain }).any,
      },
    })
    // Required fields are not asked for inside an Any.
    assert.doesNotThrow(() => echo(known, { any: { '@type': `${T}old.Strict` } }))
  })

  it('says what is wrong with an Any', () => {
    for (const [any, text] of [
      ['{"@type":"x/not.Loaded"}', '(line 1:17): unable to resolve "x/not.Loaded": "not found"'],
      ['{"@type":5}', '(line 1:17): @type field value is not a string: 5'],
      ['{"@type":""}', '(line 1:17): @type field contains empty value'],
      ['{"name":"x"}', '(line 1:8): missing "@type" field'],
      ['{"@type":"kinds.Tree","@type":"kinds.Tree"}', '(line 1:30): duplicate "@type" field'],
      ['{"@type":"kinds.Tree","nope":1}', '(line 1:30): unknown field "nope"'],
      ['{"@type":"google.protobuf.Duration"}', '(line 1:43): missing "value" field'],
      ['{"@type":"google.protobuf.Duration","value":"x"}', '(line 1:52): invalid google.protobuf.Duration value "x"'],
      ['{"@type":"google.protobuf.Duration","value":"1s","more":1}', '(line 1:57): unknown field "more"'],
      ['"x"', 'syntax error (line 1:8): unexpected token "x"'],
      // All of it is looked through before any of it is read.
      ['{"@type":"google.protobuf.Duration","value":"x","@type":"kinds.Tree"}', '(line 1:56): duplicate "@type" field'],
      ['{"@type":"x/not.Loaded","x":tru}', 'syntax error (line 1:36): invalid value tru'],
    ] as const) {
      refuses(known, `{"any":${any}}`, text)
    }
  })

  it('reads an Any within an Any within an Any', () => {
    const levels = 2_000
    const deep = `${'{"@type":"google.protobuf.Any","value":'.repeat(levels)}{}${'}'.repeat(levels)}`
    assert.equal(ourType('google.protobuf.Any').encode(deep).length > 20 * levels, true)
  })

  it("answers for nesting beyond the limit, or beyond its stack, with Go's text", () => {
    const deep = (levels: number) => `${'{"left":'.repeat(levels)}{}${'}'.repeat(levels)}`
    assert.equal(ourType('kinds.Tree').encode(deep(300)).length > 600, true)
    refuses('kinds.Tree', deep(20_000), 'exceeded max recursion depth')
    refuses('google.protobuf.Value', '['.repeat(20_000) + ']'.repeat(20_000), 'exceeded max recursion depth')
    refuses(known, `{"any":{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`, 'exceeded max recursion depth')
  })

  it('does not let an encoding that failed spoil the next one', () => {
    refuses(all, { tree: { children: [{ name: 'a' }, { nope: 1 }] } }, '(line 1:36): unknown field "nope"')
    assert.equal(hexOf(all, { tree: { name: 'a' } }), '8a01030a0161')
  })

  it('writes lengths of nested messages of every size', () => {
    for (const size of [0, 1, 47, 48, 127, 128, 16383, 16384, 300_000]) {
      const tree = {
        name: 'n'.repeat(size),
        left: { name: 'l'.repeat(size), children: [{}, { name: 'c'.repeat(size) }] },
      }
      const { name, left } = echo('kinds.Tree', tree) as unknown as {
        name: string
        left: { children: { name: string }[] }
      }
      assert.deepEqual([name.length, left.children[1]?.name.length], [size, size])
    }
  })
})
