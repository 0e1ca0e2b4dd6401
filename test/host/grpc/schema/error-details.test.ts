import assert from 'node:assert/strict'
import { Schema } from '../../../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../../../host/grpc/schema/schema-cache.js'
import { lengthDelimited } from '../../../../host/grpc/wire-field.js'
import { memoryFiles, schemaOf } from './memory-files.js'

const text = (number: number, value: string) => lengthDelimited(number, Buffer.from(value))
const join = (...parts: Uint8Array[]) => Buffer.concat(parts)
const any = (type: string, value: Uint8Array = Buffer.alloc(0)) =>
  join(text(1, `type.googleapis.com/${type}`), lengthDelimited(2, value))
/** A google.rpc.Status with these details. */
const status = (...details: Uint8Array[]) => join(Buffer.from([8, 5]), ...details.map((d) => lengthDelimited(3, d)))

const unloaded = new Schema(new SchemaCache())
const shown = (details: Uint8Array[], schema = unloaded) => JSON.parse(schema.errorDetails(status(...details)))
const rpc = (name: string) => `type.googleapis.com/google.rpc.${name}`

describe('details of an error', () => {
  for (const [name, bytes, json] of [
    [
      'ErrorInfo',
      join(text(1, 'STOCKOUT'), text(2, 'shop.test'), lengthDelimited(3, join(text(1, 'zone'), text(2, 'a')))),
      { reason: 'STOCKOUT', domain: 'shop.test', metadata: { zone: 'a' } },
    ],
    ['RetryInfo', lengthDelimited(1, Buffer.from('08011080cab5ee01', 'hex')), { retryDelay: '1.500s' }],
    ['DebugInfo', join(text(1, 'a'), text(1, 'b'), text(2, 'c')), { stackEntries: ['a', 'b'], detail: 'c' }],
    [
      'QuotaFailure',
      lengthDelimited(1, join(text(1, 'project:1'), text(2, 'too much'), Buffer.from([7 * 8, 10, 8 * 8, 0]))),
      {
        violations: [
          {
            subject: 'project:1',
            description: 'too much',
            apiService: '',
            quotaMetric: '',
            quotaId: '',
            quotaDimensions: {},
            quotaValue: '10',
            futureQuotaValue: '0',
          },
        ],
      },
    ],
    [
      'PreconditionFailure',
      lengthDelimited(1, join(text(1, 'TOS'), text(2, 'shop.test'), text(3, 'not accepted'))),
      { violations: [{ type: 'TOS', subject: 'shop.test', description: 'not accepted' }] },
    ],
    [
      'BadRequest',
      lengthDelimited(
        1,
        join(text(1, 'a.b'), text(2, 'is wrong'), text(3, 'WRONG'), lengthDelimited(4, text(1, 'de'))),
      ),
      {
        fieldViolations: [
          { field: 'a.b', description: 'is wrong', reason: 'WRONG', localizedMessage: { locale: 'de', message: '' } },
        ],
      },
    ],
    ['RequestInfo', join(text(1, 'id'), text(2, 'data')), { requestId: 'id', servingData: 'data' }],
    [
      'ResourceInfo',
      join(text(1, 'table'), text(2, 't'), text(3, 'me'), text(4, 'gone')),
      { resourceType: 'table', resourceName: 't', owner: 'me', description: 'gone' },
    ],
    [
      'Help',
      lengthDelimited(1, join(text(1, 'manual'), text(2, 'https://shop.test'))),
      { links: [{ description: 'manual', url: 'https://shop.test' }] },
    ],
    ['LocalizedMessage', join(text(1, 'de'), text(2, 'nein')), { locale: 'de', message: 'nein' }],
  ] as const) {
    it(`shows google.rpc.${name}, which nobody has loaded`, () => {
      assert.deepEqual(shown([any(`google.rpc.${name}`, bytes)]), [{ '@type': rpc(name), ...json }])
    })
  }

  it('shows the types that the client has loaded, and takes its own one before a standard one', () => {
    const schema = schemaOf('syntax = "proto3"; package google.rpc; message Help { int32 n = 1; } message Mine {}')
    assert.deepEqual(shown([any('google.rpc.Mine'), any('google.rpc.Help', Buffer.from([8, 7]))], schema), [
      { '@type': rpc('Mine') },
      { '@type': rpc('Help'), n: 7 },
    ])
    assert.equal(unloaded.resolve('google.rpc.Help'), undefined)
  })

  it('shows all others as their bytes, in their places', () => {
    const other = { '@type': 'type.googleapis.com/not.Loaded', value: 'AP8=' }
    const details = [any('not.Loaded', Buffer.from([0, 255])), any('google.rpc.Help'), any('google.rpc.HelpMe')]
    assert.deepEqual(shown(details), [
      other,
      { '@type': rpc('Help'), links: [] },
      { '@type': rpc('HelpMe'), value: '' },
    ])
  })

  it('shows what is malformed as its bytes, and goes on with the next', () => {
    const good = any('google.rpc.RequestInfo')
    for (const [detail, shownAs] of [
      // A value that is no message of its type: cut off, and with text that is not UTF-8.
      [any('google.rpc.Help', Buffer.from([10, 9])), { '@type': rpc('Help'), value: 'Cgk=' }],
      [any('google.rpc.RequestInfo', Buffer.from([10, 1, 255])), { '@type': rpc('RequestInfo'), value: 'CgH/' }],
      // A duration that has no JSON form.
      [any('google.rpc.RetryInfo', Buffer.from([10, 2, 16, 255])), { '@type': rpc('RetryInfo'), value: 'CgIQ/w==' }],
      // No Any, and one without a type.
      [Buffer.from([10, 9]), { '@type': '', value: 'Cgk=' }],
      [Buffer.alloc(0), { '@type': '', value: '' }],
      [lengthDelimited(2, Buffer.from('x')), { '@type': '', value: 'eA==' }],
    ] as const) {
      assert.deepEqual(shown([detail, good]), [
        shownAs,
        { '@type': rpc('RequestInfo'), requestId: '', servingData: '' },
      ])
    }
    assert.equal(unloaded.errorDetails(Buffer.from([26, 9])), '[]')
    assert.equal(unloaded.errorDetails(Buffer.alloc(0)), '[]')
  })

  it('never make more JSON than one message may have, however small they are', () => {
    const fields = Array.from({ length: 900 }, (_, i) => `string a_rather_long_name_of_a_field_${i} = ${i + 1};`)
    const schema = new Schema(new SchemaCache(), { maxJsonLength: 100_000 })
    const proto = `syntax = "proto3"; package t; message Wide { ${fields.join(' ')} }`
    schema.load([], ['wide.proto'], { directory: '/', read: memoryFiles({ '/wide.proto': proto }) })
    const wide = any('t.Wide')
    const [one, ...more] = shown([wide], schema)
    assert.equal(Object.keys(one).length, 901)
    assert.deepEqual(more, [])
    const many = Array.from({ length: 1500 }, () => wide)
    const json = schema.errorDetails(status(...many))
    assert.ok(json.length < 100_000, `${json.length}`)
    assert.deepEqual(JSON.parse(json)[1499], { '@type': 'type.googleapis.com/t.Wide', value: '' })
    // k6's own `error` has no room for them either.
    assert.notEqual(schema.statusDetails(status(wide)), undefined)
    assert.equal(schema.statusDetails(status(...many)), undefined)
  })

  it('bear nesting as deep as bytes can say', () => {
    let value = Buffer.alloc(0)
    for (let i = 0; i < 5000; i++) value = join(any('google.protobuf.Any', value))
    const schema = schemaOf('syntax = "proto3"; import "google/protobuf/any.proto"; message M {}')
    const [detail] = shown([value], schema)
    assert.equal(detail['@type'], 'type.googleapis.com/google.protobuf.Any')
  })
})
