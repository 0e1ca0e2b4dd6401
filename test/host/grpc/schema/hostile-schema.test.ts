/** Schemas that mean harm to whoever makes code or objects of their names, and those that cost more than they look. */
import assert from 'node:assert/strict'
import { isAppError } from '../../../../errors.js'
import { schemaOf } from './memory-files.js'

/** Where libraries once put such texts into code that they made (CVE-2022-25878, CVE-2023-36665 and the like). */
const code = 'x(){};globalThis.__injected=1;function y'
const places = [
  `message ${code} {}`,
  `message M { string ${code} = 1; }`,
  `message M { string a = 1 [default = "'+(globalThis.__injected=1)+'"]; }`,
  `message M { bytes a = 1 [default = "\\');globalThis.__injected=1;//"]; }`,
  'message M { int64 a = 1 [default = globalThis.__injected=1]; }',
  `message M { ${code} a = 1; }`,
  `message M { map<string, ${code}> a = 1; }`,
  `message M { oneof ${code} { string a = 1; } }`,
  `message M { string a = 1 [json_name = "\\"];globalThis.__injected=1;//"]; }`,
  `enum E { ${code} = 0; }`,
  `service S { rpc ${code}(M) returns (M); } message M {}`,
  `package ${code};`,
  'option (__proto__).polluted = "yes";',
  'option (constructor).prototype.polluted = "yes";',
  'option __proto__.polluted = "yes"; message M { option (a).__proto__.polluted = "yes"; }',
  'message M { string a = 1 [(__proto__) = { polluted: "yes" }]; }',
]

describe('hostile schemas', () => {
  for (const text of places) {
    it(`run nothing and change nothing: ${text}`, () => {
      for (const syntax of ['syntax = "proto2";', 'syntax = "proto3";']) {
        try {
          const type = schemaOf(`${syntax} ${text}`).messageType('M')
          if (type !== undefined) type.decode(type.encode('{}'))
        } catch (e) {
          assert.ok(isAppError(e), String(e))
        }
      }
      assert.equal('__injected' in globalThis, false)
      assert.equal('polluted' in {}, false)
    })
  }

  it('keep fields, types and enum values whose names are those of properties', () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']
    const fields = names.map((name, i) => `string ${name} = ${i + 1} [json_name = "${name}"];`)
    const schema = schemaOf(
      `syntax = "proto3"; message M { ${fields.join(' ')} } message N { message __proto__ { string a = 1; } }`,
    )
    const type = schema.messageType('M')!
    const json = `{${names.map((name) => `"${name}":"x"`).join(',')}}`
    assert.equal(type.decode(type.encode(json)), json)
    assert.equal(schema.messageType('N.__proto__')?.empty(), '{"a":""}')
    assert.equal(schema.messageType('__proto__'), undefined)
  })

  it('have a bounded number of fields in a message, since more than that is more than quadratic', () => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `int32 f${i} = ${i + 1};`).join(' ')
    assert.equal(
      schemaOf(`syntax = "proto3"; message M { ${fields(1000)} }`).messageType('M')?.descriptor.fields.length,
      1000,
    )
    assert.throws(() => schemaOf(`syntax = "proto3"; message M { ${fields(8000)} }`), /more than 1000 fields/)
    assert.throws(
      () => schemaOf(`syntax = "proto3"; message M { oneof o { ${fields(8000)} } }`),
      /more than 1000 fields/,
    )
  })
})

describe('replies of 4 MB', () => {
  const type = () => {
    const text =
      'syntax = "proto3"; message M { repeated M many = 1; repeated E empty = 2; string a_long_name = 3; } message E {}'
    return schemaOf(text).messageType('M')!
  }
  const repeated = (hex: string) => Buffer.alloc(4 * 1024 * 1024, Buffer.from(hex, 'hex'))

  it('of two million empty messages are JSON within the limit, or the error of the limit', () => {
    assert.equal(
      type().decode(repeated('1200')).length,
      2 * 1024 * 1024 * 3 + '{"many":[],"empty":[],"aLongName":""}'.length - 1,
    )
    assert.throws(
      () => type().decode(repeated('0a00')),
      (e) => isAppError(e, 'LIMIT_SIZE'),
    )
  })

  it('of unknown fields keep none of them', () => {
    assert.equal(type().decode(repeated('7801')), '{"many":[],"empty":[],"aLongName":""}')
  })
})
