import assert from 'node:assert/strict'
import { isAppError } from '../../../../errors.js'
import type { WireError } from '../../../../host/grpc/protojson/proto-json-error.js'
import { Schema } from '../../../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../../../host/grpc/schema/schema-cache.js'
import { memoryFiles } from '../schema/memory-files.js'
import { jsonOf, ourType } from './kinds.js'

const all = 'kinds.All'
const known = 'kinds.Known'

/** The WireError that decoding ends with, its text without the prefix. */
function fault(type: string, hex: string): { text: string; partial: () => unknown } {
  try {
    ourType(type).decode(Buffer.from(hex, 'hex'))
  } catch (e) {
    const error = e as WireError
    assert.equal(error.name, 'WireError')
    return {
      text: error.message.replace('proto:\u00a0', ''),
      partial: () => JSON.parse(error.partialJson()) as unknown,
    }
  }
  return assert.fail('did decode')
}

/** That the bytes are a message, but one without a JSON form. */
function hasNoJson(type: string, hex: string, text: string): void {
  assert.throws(() => ourType(type).decode(Buffer.from(hex, 'hex')), {
    name: 'ProtoJsonError',
    message: `proto:\u00a0${text}`,
  })
}

describe('wire to JSON', () => {
  it('writes unset fields: zeros, null where an unset one differs, and no oneof member or optional', () => {
    assert.equal(
      ourType(all).empty(),
      '{"aDouble":0,"aFloat":0,"anInt32":0,"anInt64":"0","aUint32":0,"aUint64":"0","aSint32":0,"aSint64":"0","aFixed32":0,' +
        '"aFixed64":"0","aSfixed32":0,"aSfixed64":"0","aBool":false,"aString":"","someBytes":"","color":"NONE","tree":null,' +
        '"ints":[],"looseInts":[],"strings":[],"trees":[],"doubles":[],"colors":[],"byString":{},"byInt64":{},"byBool":{},' +
        '"byUint32":{},"other-Name":"","Proto":"","constructor":"","farAway":"0"}',
    )
    assert.equal(ourType('kinds.Tree').empty(), '{"name":"","left":null,"children":[]}')
    assert.equal(
      ourType('old.Loose').empty(),
      '{"id":null,"amount":null,"level":null,"plain":[],"packed":[],"detail":null,"row":[]}',
    )
    assert.equal(
      ourType(known).empty(),
      '{"at":null,"span":null,"mask":null,"object":null,"value":null,"list":null,"nothing":null,"any":null,"empty":null,' +
        '"anInt64":null,"aString":null,"someBytes":null,"aDouble":null,"aBool":null,"aFloat":null,"aUint64":null,"anInt32":null,' +
        '"aUint32":null,"values":[],"times":[],"anys":[]}',
    )
  })

  it('reads each kind of field, at its bounds', () => {
    for (const [hex, key, value] of [
      ['18ffffffffffffffffff01', 'anInt32', -1],
      ['18ffffffff0f', 'anInt32', -1],
      ['20ffffffffffffffff7f', 'anInt64', '9223372036854775807'],
      ['2080808080808080808001', 'anInt64', '-9223372036854775808'],
      ['20ffffffffffffff0f', 'anInt64', '9007199254740991'],
      ['2081808080808080f0ff01', 'anInt64', '-9007199254740991'],
      ['28ffffffff0f', 'aUint32', 4294967295],
      ['30ffffffffffffffffff01', 'aUint64', '18446744073709551615'],
      ['38ffffffff0f', 'aSint32', -2147483648],
      ['40ffffffffffffffffff01', 'aSint64', '-9223372036854775808'],
      ['40feffffffffffffffff01', 'aSint64', '9223372036854775807'],
      ['4dffffffff', 'aFixed32', 4294967295],
      ['51ffffffffffffffff', 'aFixed64', '18446744073709551615'],
      ['5dffffffff', 'aSfixed32', -1],
      ['61feffffffffffffff', 'aSfixed64', '-2'],
      ['688080808010', 'aBool', true],
      ['7202c3a4', 'aString', '\u00e4'],
      ['7203efbfbd', 'aString', '\ufffd'],
      ['7a0101', 'someBytes', 'AQ=='],
      ['800101', 'color', 'RED'],
      ['800163', 'color', 99],
      ['8001feffffffffffffffff01', 'color', 'BELOW'],
      ['09000000000000f07f', 'aDouble', 'Infinity'],
      ['09000000000000f8ff', 'aDouble', 'NaN'],
      ['150000807f', 'aFloat', 'Infinity'],
      ['c0b80201', 'farAway', '-1'],
    ] as const) {
      assert.deepEqual(jsonOf(all, hex)[key], value, hex)
    }
    assert.match(ourType(all).decode(Buffer.from('090000000000000080', 'hex')), /"aDouble":-0,/)
  })

  it('takes lists packed and loose, mixed, whatever the schema says', () => {
    assert.deepEqual(jsonOf(all, '9001019201020203900104').ints, [1, 2, 3, 4])
    assert.deepEqual(jsonOf(all, '9a01020102980103').looseInts, [1, 2, 3])
    assert.deepEqual(jsonOf(all, 'b20110000000000000f03f0000000000000040').doubles, [1, 2])
  })

  it('takes the last value of a scalar, and merges messages', () => {
    assert.equal(jsonOf(all, '18011802').anInt32, 2)
    // tree { name: "a" left { name: "x" } } tree { left { children {} } }
    assert.deepEqual(jsonOf(all, '8a01080a01611203' + '0a0178' + '8a010412021a00').tree, {
      name: 'a',
      left: { name: 'x', left: null, children: [{ name: '', left: null, children: [] }] },
      children: [],
    })
  })

  it('keeps the oneof member that came last', () => {
    const choice = (hex: string) => {
      const { text, number, branch } = jsonOf(all, hex)
      return { text, number, branch }
    }
    assert.deepEqual(choice('e2010161e80105'), { text: undefined, number: 5, branch: undefined })
    // The branch starts anew after another member.
    assert.deepEqual(choice('f201030a0161e80105f20100').branch, { name: '', left: null, children: [] })
  })

  it('reads map entries with missing parts, in any order, the last of a key', () => {
    assert.deepEqual(jsonOf(all, 'c20100c2010510050a0161c201021007').byString, { '': 7, a: 5 })
    assert.deepEqual(jsonOf(all, 'ca010b08ffffffffffffffffff01').byInt64, {
      '-1': { name: '', left: null, children: [] },
    })
    assert.deepEqual(jsonOf(all, 'd20100d20102' + '0801').byBool, { false: '', true: '' })
  })

  it('passes over unknown fields, groups, and fields of the wrong wire type', () => {
    assert.equal(
      ourType(all).decode(Buffer.from('f84e01' + 'fb4e0801fc4e' + '1900000000000000001d00000000' + '1a0161', 'hex')),
      ourType(all).empty(),
    )
    assert.deepEqual(jsonOf('old.Loose', '330a017734' + '3b08013c3b3c'), {
      id: null,
      amount: null,
      level: null,
      plain: [],
      packed: [],
      detail: { word: 'w' },
      row: [{ cell: 1 }, { cell: null }],
    })
    // An extension is not resolved.
    assert.equal(ourType('old.Loose').decode(Buffer.from('a2060178', 'hex')), ourType('old.Loose').empty())
  })

  it('prints floats with the fewest digits', () => {
    for (const [value, text] of [
      [0.1, '0.1'],
      [16777216, '16777216'],
      [3.4028234663852886e38, '3.4028235e+38'],
      [1e-45, '1e-45'],
      [123456.789, '123456.79'],
      [1e20, '100000000000000000000'],
      [1e21, '1e+21'],
      [1e-6, '0.000001'],
      [1.1e-7, '1.1e-7'],
      [-2.5, '-2.5'],
      [2 ** -126, '1.1754944e-38'],
      // Halfway between two: the even one.
      [2238764.25, '2238764.2'],
      [-2238764.75, '-2238764.8'],
    ] as const) {
      const bytes = Buffer.alloc(5)
      bytes[0] = 0x15
      bytes.writeFloatLE(value, 1)
      assert.equal(/"aFloat":([^,]*)/.exec(ourType(all).decode(bytes))?.[1], text)
    }
  })

  it('escapes what JSON must have escaped', () => {
    const text = '"\\\b\f\n\r\t\u0000\u001f\u007f\u2028<>'
    const bytes = Buffer.concat([Buffer.from([0x72, Buffer.byteLength(text)]), Buffer.from(text)])
    const json = ourType(all).decode(bytes)
    assert.equal((JSON.parse(json) as { aString: string }).aString, text)
    assert.ok(json.includes('"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f'))
  })

  it('writes times, masks and dynamic values, and says which have no JSON', () => {
    assert.equal(jsonOf(known, '0a0410c0843d').at, '1970-01-01T00:00:00.001Z')
    assert.equal(jsonOf(known, '0a0d08ffffffffffffffffff011001').at, '1969-12-31T23:59:59.000000001Z')
    assert.equal(jsonOf(known, '1200').span, '0s')
    assert.equal(jsonOf(known, '1a0e0a07666f6f5f6261720a03612e62').mask, 'fooBar,a.b')
    hasNoJson(known, '0a0708808080808020', 'google.protobuf.Timestamp: seconds out of range 1099511627776')
    hasNoJson(known, '0a0b10ffffffffffffffffff01', 'google.protobuf.Timestamp: nanos out of range -1')
    hasNoJson(
      known,
      '120d080110ffffffffffffffffff01',
      'google.protobuf.Duration: signs of seconds and nanos do not match',
    )
    hasNoJson(known, '1a080a06666f6f426172', 'google.protobuf.FieldMask.paths contains irreversible value "fooBar"')
    hasNoJson(known, '1a030a0120', 'google.protobuf.FieldMask.paths contains invalid path: " "')
    hasNoJson(known, '2a00', 'google.protobuf.Value: none of the oneof fields is set')
    hasNoJson(known, '2a0911000000000000f87f', 'google.protobuf.Value.number_value: invalid NaN value')
    assert.equal(jsonOf(known, '2a051a01613800').value, 'a')
    assert.deepEqual(jsonOf(known, '2a022a00').value, {})
    assert.deepEqual(jsonOf(known, '2a0c' + '32040a021a00' + '32040a022001').value, ['', true])
  })

  it('expands an Any by the types of its client alone', () => {
    const url = (name: string) => Buffer.from(`t/${name}`).toString('hex')
    const any = (name: string, value: string) => {
      const body = `0a${(name.length + 2).toString(16).padStart(2, '0')}${url(name)}12${(value.length / 2).toString(16).padStart(2, '0')}${value}`
      return `42${(body.length / 2).toString(16).padStart(2, '0')}${body}`
    }
    assert.deepEqual(jsonOf(known, any('kinds.Tree', '0a0161')).any, {
      '@type': 't/kinds.Tree',
      name: 'a',
      left: null,
      children: [],
    })
    assert.deepEqual(jsonOf(known, any('google.protobuf.Duration', '0803')).any, {
      '@type': 't/google.protobuf.Duration',
      value: '3s',
    })
    assert.deepEqual(jsonOf(known, any('google.protobuf.Empty', '')).any, {
      '@type': 't/google.protobuf.Empty',
      value: {},
    })
    assert.deepEqual(jsonOf(known, any('old.Strict', '')).any, {
      '@type': 't/old.Strict',
      id: null,
      amount: null,
      inner: null,
      more: [],
    })
    assert.deepEqual(jsonOf(known, '4200').any, {})
    hasNoJson(known, any('not.Loaded', ''), 'google.protobuf.Any: unable to resolve "t/not.Loaded": not found')
    hasNoJson(
      known,
      any('kinds.Tree', '0aff'),
      'google.protobuf.Any: unable to unmarshal "t/kinds.Tree": cannot parse invalid wire-format data',
    )
    hasNoJson(known, '4203120161', 'google.protobuf.Any: type_url is not set')
    const other = new Schema(new SchemaCache())
    const text = 'syntax = "proto3"; import "google/protobuf/any.proto"; message M { google.protobuf.Any any = 8; }'
    other.load([], ['m.proto'], { directory: '/', read: memoryFiles({ '/m.proto': text }) })
    assert.throws(
      () => other.messageType('M')?.decode(Buffer.from(any('kinds.Tree', ''), 'hex')),
      /unable to resolve "t\/kinds.Tree"/,
    )
  })

  it('tells malformed bytes from messages without JSON, and keeps what was read before the fault', () => {
    const malformed = 'cannot parse invalid wire-format data'
    for (const hex of [
      '07',
      '0f',
      '18',
      '7210aa',
      '18ffffffffffffffffff02',
      '0a01',
      '14',
      '13',
      'f94e00',
      '00',
      '1d0000',
      '92010180',
      '8a01021a05',
    ]) {
      assert.equal(fault(all, hex).text, malformed, hex)
    }
    const tree = (name: string) => ({ name, left: null, children: [] })
    assert.equal((fault(all, '180507').partial() as { anInt32: number }).anInt32, 5)
    assert.deepEqual((fault(all, '8a01040a016107').partial() as { tree: unknown }).tree, tree('a'))
    assert.deepEqual(
      (fault(all, '8a01030a0161' + '8a010107' + '1805').partial() as { tree: unknown; anInt32: number }).tree,
      tree('a'),
    )
    assert.equal((fault(all, '8a010107' + '1805').partial() as { anInt32: number }).anInt32, 0)
    assert.deepEqual((fault(all, 'aa01030a0161' + 'aa01040a016107').partial() as { trees: unknown }).trees, [tree('a')])
    assert.deepEqual((fault(all, '920103010280').partial() as { ints: unknown }).ints, [1, 2])
    assert.deepEqual((fault(all, 'c201030a0161' + 'c20101' + '07').partial() as { byString: unknown }).byString, {
      a: 0,
    })
  })

  it('wants UTF-8 where the schema does, and has no JSON for other bytes elsewhere', () => {
    for (const bad of ['01ff', '01c3', '03eda080', '02c0af']) {
      const { text, partial } = fault(all, `180572${bad}`)
      assert.equal(text, 'field kinds.All.a_string contains invalid UTF-8')
      assert.deepEqual(
        (({ anInt32, aString }) => [anInt32, aString])(partial() as { anInt32: number; aString: string }),
        [5, ''],
      )
    }
    hasNoJson('old.Loose', '0a01ff', 'field old.Loose.id contains invalid UTF-8')
    const other = new Schema(new SchemaCache())
    const text = 'syntax = "proto2"; message M { map<string, int32> m = 1; }'
    other.load([], ['m.proto'], { directory: '/', read: memoryFiles({ '/m.proto': text }) })
    assert.throws(() => other.messageType('M')?.decode(Buffer.from('0a030a01ff', 'hex')), {
      name: 'ProtoJsonError',
      message: 'proto:\u00a0invalid UTF-8',
    })
  })

  it('misses required fields, and then has no JSON of what there was either', () => {
    const { text, partial } = fault('old.Strict', '0a0161')
    assert.equal(text, 'required field old.Strict.amount not set')
    assert.throws(partial, { name: 'ProtoJsonError', message: 'proto:\u00a0required field old.Strict.amount not set' })
    assert.equal(fault('old.Strict', '0a01611000' + '1a00').text, 'required field old.Strict.id not set')
    assert.deepEqual(jsonOf('old.Strict', '0a001000'), { id: '', amount: 0, inner: null, more: [] })
    hasNoJson('old.Set', '', 'no support for proto1 MessageSets')
  })

  it('reads all bytes before it finds that something has no JSON', () => {
    const malformed = 'cannot parse invalid wire-format data'
    // A time beyond the range, and then a fault.
    const outOfRange = '0a0708808080808020'
    const { text, partial } = fault(known, `${outOfRange}07`)
    assert.equal(text, malformed)
    assert.throws(partial, /Timestamp: seconds out of range/)
    // Text that is not UTF-8, then a later value in its place.
    assert.equal(jsonOf('old.Loose', '0a01ff0a0161').id, 'a')
    const missing = fault('old.Strict', '0a01ff')
    assert.equal(missing.text, 'required field old.Strict.amount not set')
    assert.throws(missing.partial, /field old.Strict.id contains invalid UTF-8/)
    // The first fault in the order of the JSON, not of the bytes.
    hasNoJson(known, `2a00${outOfRange}`, 'google.protobuf.Timestamp: seconds out of range 1099511627776')
  })

  it('wants members of a oneof to be well formed that others take the place of', () => {
    const malformed = 'cannot parse invalid wire-format data'
    assert.equal(fault(all, 'f2010107' + 'e80105').text, malformed)
    assert.equal(fault(all, 'f201030a01ff' + 'e80105').text, 'field kinds.Tree.name contains invalid UTF-8')
    assert.equal(fault(known, '2a05' + '320107' + '2001').text, malformed)
    assert.equal(fault(known, '2a05' + '2a0107' + '3200').text, malformed)
    // Whether it has a JSON form does not matter.
    assert.equal(jsonOf(known, '2a06' + '32020a00' + '2001').value, true)
    assert.equal(jsonOf(all, 'f201030a0161' + 'e80105').number, 5)
  })

  it('stops at the limit of JSON, whatever makes it long', () => {
    const bounded = (hex: string | Buffer, type: string, maxJsonLength: number) => {
      const schema = new Schema(new SchemaCache(), { maxJsonLength })
      const text = `syntax = "proto3"; import "google/protobuf/struct.proto"; enum E { A_VERY_LONG_NAME_OF_A_VALUE = 0; }
        message M { repeated M many = 1; repeated E names = 2; map<int32, E> map = 3; string some_text = 4; M one = 5; }
        message V { google.protobuf.Value value = 1; }`
      schema.load([], ['m.proto'], { directory: '/', read: memoryFiles({ '/m.proto': text }) })
      return schema.messageType(type)?.decode(typeof hex === 'string' ? Buffer.from(hex, 'hex') : hex)
    }
    const isLimit = (e: unknown) => isAppError(e, 'LIMIT_SIZE')
    const empty = bounded('', 'M', 1000)!
    assert.equal(
      bounded('0a00'.repeat(5), 'M', 5 * (empty.length + 1) + empty.length)?.length,
      5 * (empty.length + 1) + empty.length - 1,
    )
    assert.throws(() => bounded('0a00'.repeat(2_000), 'M', 100_000), isLimit)
    assert.throws(() => bounded(`12e807${'00'.repeat(1000)}`, 'M', 20_000), isLimit)
    assert.throws(
      () =>
        bounded(
          Array.from({ length: 100 }, (_, i) => `1a0408${i.toString(16).padStart(2, '0')}1000`).join(''),
          'M',
          3000,
        ),
      isLimit,
    )
    assert.throws(() => bounded(Buffer.concat([Buffer.from('22e807', 'hex'), Buffer.alloc(1000)]), 'M', 3000), isLimit)
    assert.throws(() => bounded(valueList(500), 'V', 1000), isLimit)
  })

  it("answers for nesting beyond the limit, or beyond its stack, with Go's text", () => {
    const nest = (levels: number) => {
      const parts: Buffer[] = []
      for (let i = 0, length = 0; i < levels; i++) {
        const varint: number[] = []
        let rest = length
        for (; rest > 0x7f; rest >>>= 7) varint.push((rest & 0x7f) | 0x80)
        parts.push(Buffer.from([0x12, ...varint, rest]))
        length += 2 + varint.length
      }
      return Buffer.concat(parts.reverse()).toString('hex')
    }
    assert.doesNotThrow(() => jsonOf('kinds.Tree', nest(300)))
    assert.equal(fault('kinds.Tree', nest(20_000)).text, 'exceeded max recursion depth')
    assert.doesNotThrow(fault('kinds.Tree', nest(20_000)).partial)
    assert.equal(
      fault('kinds.Tree', `${'23'.repeat(20_000)}${'24'.repeat(20_000)}`).text,
      'cannot parse invalid wire-format data',
    )
  })
})

/** A V whose value is a list of so many booleans, in hex. */
function valueList(count: number): string {
  const wrap = (tag: number, body: Buffer) =>
    Buffer.concat([Buffer.from([tag, (body.length & 0x7f) | 0x80, body.length >> 7]), body])
  return wrap(0x0a, wrap(0x32, Buffer.from('0a022001'.repeat(count), 'hex'))).toString('hex')
}
