import assert from 'node:assert/strict'
import fc from 'fast-check'
import { malformedWire } from '../../../../host/grpc/protojson/wire-reader.js'
import { Schema } from '../../../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../../../host/grpc/schema/schema-cache.js'
import { ourType } from '../protojson/kinds.js'

const proto = `syntax = "proto2"; package t;
message Old {
  optional int32 zero = 9;
  optional group Inner = 1 { optional string s = 1; repeated group Deep = 2 { optional int32 n = 1; } }
  optional bytes raw = 3;
  repeated fixed64 wide = 4 [packed = true];
  repeated sfixed32 narrow = 5;
  optional Old again = 6;
  extensions 100 to 200;
}
extend Old { optional int32 more = 100; }`
const schema = new Schema(new SchemaCache())
schema.load([], ['t.proto'], { directory: '/', read: () => Buffer.from(proto) })

const plenty = 1_000_000
const textOfHex = (name: string, hex: string, most = plenty) => {
  const type = name.startsWith('t.') ? schema.messageType(name)! : ourType(name)
  return type.toText(Buffer.from(hex.replaceAll(' ', ''), 'hex'), most)
}
const textOf = (name: string, json: unknown, most = plenty) => {
  const type = ourType(name)
  return type.toText(type.encode(JSON.stringify(json)), most)
}
const lines = (...all: string[]) => all.map((line) => `${line}\n`).join('')

describe('prototext', () => {
  it('is empty for an empty message', () => {
    assert.equal(textOf('kinds.All', {}), '')
  })

  it('has the scalars in the order of the declaration, whatever the order of the bytes', () => {
    const json = {
      ...{ farAway: '-7', aString: 'a "b"\n', someBytes: '/wBB', color: 'RED', aBool: true, anInt32: -1 },
      ...{ aDouble: 1e6, aFloat: 0.1, anInt64: '-9223372036854775808', aUint32: 4294967295 },
      ...{ aUint64: '18446744073709551615', aSint32: -5, aSint64: '-9007199254740993', aFixed32: 3000000000 },
      ...{ aFixed64: '18446744073709551615', aSfixed32: -3, aSfixed64: '-4' },
    }
    assert.equal(
      textOf('kinds.All', json),
      lines(
        ...[
          'a_double: 1e+06',
          'a_float: 0.1',
          'an_int32: -1',
          'an_int64: -9223372036854775808',
          'a_uint32: 4294967295',
        ],
        ...['a_uint64: 18446744073709551615', 'a_sint32: -5', 'a_sint64: -9007199254740993', 'a_fixed32: 3000000000'],
        ...['a_fixed64: 18446744073709551615', 'a_sfixed32: -3', 'a_sfixed64: -4', 'a_bool: true'],
        ...['a_string: "a \\"b\\"\\n"', 'some_bytes: "\\xff\\x00A"', 'color: RED', 'far_away: -7'],
      ),
    )
  })

  it('leaves out zeros but where they differ from nothing: a negative zero, `optional`, members of a oneof, proto2', () => {
    // Zeros of int32, string, bool and enum on the wire.
    assert.equal(textOfHex('kinds.All', '1800 7200 6800 800100'), '')
    assert.equal(textOf('kinds.All', { aDouble: -0, aFloat: 0 }), '')
    assert.equal(textOfHex('kinds.All', '090000000000000080'), lines('a_double: -0'))
    assert.equal(textOf('kinds.All', { maybeInt32: 0, maybeString: '' }), lines('maybe_int32: 0', 'maybe_string: ""'))
    assert.equal(textOf('kinds.All', { number: 0 }), lines('number: 0'))
    assert.equal(textOfHex('t.Old', '4800'), lines('zero: 0'))
  })

  it('writes floats as Go does, and enums by number where they have no name', () => {
    assert.equal(
      textOf('kinds.All', { doubles: ['NaN', 'Infinity', '-Infinity', 0, 123456789, 1e-7] }),
      lines(...['nan', 'inf', '-inf', '0', '1.23456789e+08', '1e-07'].map((text) => `doubles: ${text}`)),
    )
    assert.equal(
      textOf('kinds.All', { colors: ['NONE', 'ROUGE', 'BELOW', 7] }),
      lines('colors: NONE', 'colors: RED', 'colors: BELOW', 'colors: 7'),
    )
    assert.equal(textOfHex('kinds.All', 'f80100'), lines('nothing: NULL_VALUE'))
  })

  it('has a line for each value of a list, packed or not', () => {
    assert.equal(textOfHex('kinds.All', '9201 03 010203'), lines('ints: 1', 'ints: 2', 'ints: 3'))
    assert.equal(textOfHex('kinds.All', '900101 9201 02 0203'), lines('ints: 1', 'ints: 2', 'ints: 3'))
    assert.equal(
      textOfHex('t.Old', '22 10 0100000000000000 ffffffffffffffff 2d ffffffff 2a 04 02000000'),
      lines('wide: 1', 'wide: 18446744073709551615', 'narrow: -1', 'narrow: 2'),
    )
  })

  it('indents messages by two blanks and keeps empty ones on one line', () => {
    assert.equal(
      textOf('kinds.All', { tree: { name: 'a', left: {} }, trees: [{}, { children: [{ name: 'b' }] }] }),
      lines(
        ...['tree: {', '  name: "a"', '  left: {}', '}', 'trees: {}'],
        ...['trees: {', '  children: {', '    name: "b"', '  }', '}'],
      ),
    )
  })

  it('merges a message that came in parts, and takes the last of a scalar and of a oneof', () => {
    // tree {name "a"}, tree {name "b" left {}}
    assert.equal(
      textOfHex('kinds.All', '8a01 03 0a0161 8a01 05 0a0162 1200'),
      lines('tree: {', '  name: "b"', '  left: {}', '}'),
    )
    // text "x", number 5, then branch {}
    assert.equal(textOfHex('kinds.All', 'e201 01 78 e801 05 f201 00'), lines('branch: {}'))
  })

  it('sorts the entries of a map by key, with key and value even where they are zero', () => {
    assert.equal(
      textOf('kinds.All', {
        byString: { b: 0, '': 5 },
        byInt64: { 10: { name: 'x' }, '-2': {} },
        byBool: { true: '', false: 'f' },
      }),
      lines(
        ...['by_string: {', '  key: ""', '  value: 5', '}', 'by_string: {', '  key: "b"', '  value: 0', '}'],
        ...['by_int64: {', '  key: -2', '  value: {}', '}'],
        ...['by_int64: {', '  key: 10', '  value: {', '    name: "x"', '  }', '}'],
        ...['by_bool: {', '  key: false', '  value: "f"', '}', 'by_bool: {', '  key: true', '  value: ""', '}'],
      ),
    )
    // The same key twice, and an entry of nothing.
    assert.equal(
      textOfHex('kinds.All', 'c201 05 0a0161 1001 c201 05 0a0161 1002 da01 00'),
      lines('by_string: {', '  key: "a"', '  value: 2', '}', 'by_uint32: {', '  key: 0', '  value: NONE', '}'),
    )
  })

  it('names a group by its message', () => {
    assert.equal(
      textOfHex('t.Old', '0b 0a0161 13 0805 14 13 14 0c'),
      lines('Inner: {', '  s: "a"', '  Deep: {', '    n: 5', '  }', '  Deep: {}', '}'),
    )
  })

  it('shows unknown fields, extensions too, by their number at the end', () => {
    assert.equal(
      textOfHex('t.Old', 'f80105 a00607 f5010a000000 f1010b00000000000080 fa0102ff41 f301 0801 f401 4805'),
      lines(
        ...['zero: 5', '31: 5', '100: 7', '30: 0xa', '30: 0x800000000000000b', '31: "\\xffA"'],
        ...['30: {', '  1: 1', '}'],
      ),
    )
    // A known number with another wire type is unknown.
    assert.equal(textOfHex('t.Old', '4a0141'), lines('9: "A"'))
  })

  it('opens an Any whose type is known, at any place', () => {
    assert.equal(
      textOf('kinds.Known', { any: { '@type': 'type.googleapis.com/kinds.Tree', name: 'a' } }),
      lines('any: {', '  [type.googleapis.com/kinds.Tree]: {', '    name: "a"', '  }', '}'),
    )
  })

  it('leaves an Any closed when its type is not known, its address is odd, or its value is none of the type', () => {
    const any = (url: string, value: string) => {
      const hex = Buffer.from(url).toString('hex')
      const inner = `0a${(hex.length / 2).toString(16).padStart(2, '0')}${hex}${value}`
      return textOfHex('google.protobuf.Any', inner)
    }
    assert.equal(any('x/t.Nope', '120141'), lines('type_url: "x/t.Nope"', 'value: "A"'))
    assert.equal(any('\n]/kinds.Tree', '1200'), lines('type_url: "\\n]/kinds.Tree"'))
    assert.equal(any('x/kinds.Tree', '12020aff'), lines('type_url: "x/kinds.Tree"', 'value: "\\n\\xff"'))
    assert.equal(any('x/kinds.Tree', ''), lines('[x/kinds.Tree]: {}'))
  })

  it('shows well-known types as plain messages', () => {
    assert.equal(
      textOf('kinds.Known', { at: '1970-01-01T00:00:01.5Z' }),
      lines('at: {', '  seconds: 1', '  nanos: 500000000', '}'),
    )
  })

  it('throws for bytes that are no message', () => {
    for (const hex of ['0a', '0a05', '08', '07', '0b', '0c', '8a01 02 0a05', '9201 01 80']) {
      assert.throws(
        () => textOfHex('kinds.All', hex),
        (e) => e === malformedWire,
        hex,
      )
    }
  })

  it('is cut where there is no more room, and says how many bytes of the message are missing', () => {
    const note = (count: number) => `… (${count} bytes more)\n`
    assert.equal(textOfHex('kinds.Tree', '0a056162636465', 9), `name: "ab${note(3)}`)
    // All of it fits but the quote, and the last line fits but for one byte.
    assert.equal(textOfHex('kinds.Tree', '0a056162636465', 12), `name: "abcde${note(0)}`)
    assert.equal(textOfHex('kinds.Tree', '0a056162636465', 13), lines('name: "abcde"'))
    assert.equal(textOfHex('kinds.All', '9201 04 01020304', 15), `ints: 1\nints: 2${note(2)}`)
    // The tag and the length of the message in it count as shown once its brace is.
    assert.equal(textOfHex('kinds.Tree', '1203 0a0161', 9), `left: {${note(3)}`)
    assert.equal(textOfHex('t.Old', '0b 0a0161 0c 1a0141', 20), `Inner: {\n  s: "a"\n}${note(3)}`)
  })

  it('does not go down into endless nesting, nor keeps more than it can show', () => {
    let nested = Buffer.alloc(0)
    for (let i = 0; i < 3000; i++) {
      const length =
        nested.length < 128
          ? [nested.length]
          : nested.length < 16384
            ? [(nested.length & 127) | 128, nested.length >> 7]
            : [(nested.length & 127) | 128, ((nested.length >> 7) & 127) | 128, nested.length >> 14]
      nested = Buffer.concat([Buffer.from([18, ...length]), nested])
    }
    assert.match(ourType('kinds.Tree').toText(nested, 100_000_000), /left: \{… \(\d+ bytes more\)\n$/)
    const empty = Buffer.alloc(2_000_000)
    for (let i = 0; i < empty.length; i += 2) empty[i] = 26
    const text = ourType('kinds.Tree').toText(empty, 40)
    assert.equal(text, 'children: {}\nchildren: {}\nchildren: {}… (1999994 bytes more)\n')
  })

  it('never leaves its bounds and never throws anything else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 0, max: 80 }), (bytes, most) => {
        for (const name of ['kinds.All', 'kinds.Known', 'google.protobuf.Any']) {
          let text: string
          try {
            text = ourType(name).toText(bytes, most)
          } catch (e) {
            assert.equal(e, malformedWire)
            continue
          }
          const [, shown = '', missing] = /^(.*?)(?:… \((-?\d+) bytes more\))?\n?$/s.exec(text)!
          assert.ok(Buffer.byteLength(shown) <= most)
          assert.ok(missing === undefined || (Number(missing) >= 0 && Number(missing) <= bytes.length), text)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
