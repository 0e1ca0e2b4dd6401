import assert from 'node:assert/strict'
import { requestJson } from '../../../modules/internal/grpc-request.js'

/** A value that contains itself by way of another. */
function cyclic(): object {
  const a: Record<string, unknown> = { list: [1] }
  a.list = [{ a }]
  return a
}

describe('JSON of a gRPC request', () => {
  it('is that of JSON.stringify for all that has one', () => {
    const shared = { text: 'shared' }
    for (const value of [
      {},
      { text: 'a "b" \u2028', number: -0, big: 1e21, list: [1, 'x', true, {}], inner: { inner: { flag: false } } },
      { nothing: null, left: undefined, call: () => 1, list: [null, undefined, () => 1] },
      { boxed: [Object('s'), Object(5), Object(true)], when: new Date(0), never: new Date(Number.NaN) },
      { map: new Map([[1, 2]]), set: new Set([1]), bytes: new Uint8Array([1, 2]), buffer: new ArrayBuffer(2), x: null },
      {
        get got() {
          return shared
        },
        shared,
        list: [shared, shared],
        x: null,
      },
      Object.create({ inherited: 1 }, { own: { value: null, enumerable: true }, hidden: { value: 2 } }) as object,
      JSON.parse('{"__proto__":{"x":null},"constructor":null}'),
      new Proxy({ a: null, b: [1] }, {}),
      Object.assign(new Array(3), { 1: null, more: 1 }),
      'text',
      5,
      true,
      [null],
    ]) {
      assert.equal(requestJson(value), JSON.stringify(value))
    }
    assert.equal(
      requestJson(() => 1),
      'null',
    )
  })

  it('has the names of the numbers that JSON lacks, at any depth', () => {
    assert.equal(
      requestJson({ a: Number.NaN, list: [Infinity, { b: -Infinity }], c: null }),
      '{"a":"NaN","list":["Infinity",{"b":"-Infinity"}],"c":null}',
    )
    assert.equal(requestJson(Number.NaN), '"NaN"')
  })

  it('has an object for a symbol or a bigint, so that the field refuses it', () => {
    for (const value of [Symbol('s'), 5n]) {
      assert.equal(requestJson({ a: 1, b: value }), '{"a":1,"b":{}}')
      assert.equal(requestJson({ a: [{ b: { c: value } }] }), '{"a":[{"b":{"c":{}}}]}')
      assert.equal(requestJson({ a: [1, value] }), '{"a":[1,{}]}')
    }
    assert.equal(requestJson({ a: 'x', [Symbol('s')]: 1 }), '{"a":"x"}')
  })

  it('asks toJSON once the numbers have their names', () => {
    const keys: string[] = []
    const toJSON = (key: string) => {
      keys.push(key)
      return { n: Number.NaN, f: undefined, s: Symbol('s') }
    }
    assert.equal(requestJson({ a: { toJSON }, b: [Number.NaN, { toJSON }] }), '{"a":{"n":null},"b":["NaN",{"n":null}]}')
    assert.deepEqual(keys.slice(-2), ['a', '1'])
    assert.equal(requestJson({ toJSON, a: 1 }), '{"n":null}')
    assert.equal(requestJson({ a: { toJSON: () => undefined }, b: [{ toJSON: () => undefined }] }), '{"b":[null]}')
    assert.equal(requestJson({ a: { toJSON: () => 'x', self: cyclic() }, b: Number.NaN }), '{"a":"x","b":"NaN"}')
    assert.equal(requestJson({ a: Object.assign(() => 1, { toJSON: () => 2 }), b: null }), '{"a":2,"b":null}')
  })

  it("says in k6's words what it cannot write, and passes on what a getter throws", () => {
    const cycle = 'unable to normalize number strings: cyclic reference to an object found'
    assert.throws(() => requestJson(cyclic()), { name: 'GoError', message: cycle })
    const thrown = {
      toJSON: () => {
        throw new Error('no')
      },
    }
    assert.throws(() => requestJson({ thrown }), {
      name: 'GoError',
      message: 'unable to serialise request object: Error: no',
    })
    assert.throws(
      () => requestJson({ a: { toJSON: () => 5n } }),
      /^GoError: unable to serialise request object: TypeError: /,
    )
    assert.throws(
      () =>
        requestJson({
          get a() {
            throw new RangeError('mine')
          },
        }),
      { name: 'RangeError', message: 'mine' },
    )
  })
})
