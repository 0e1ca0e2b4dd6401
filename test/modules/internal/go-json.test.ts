import assert from 'node:assert/strict'
import { encodeJsonAsGo } from '../../../modules/internal/go-json.js'

describe('JSON of what setup() returns', () => {
  it('goes not in circles, and names the Go type that stands in the thousandth level of one', () => {
    const own: Record<string, unknown> = {}
    own.a = own
    const list: unknown[] = []
    list.push(list)
    const both: Record<string, unknown> = {}
    both.list = [both]
    for (const [value, type] of [
      [own, 'map[string]interface {}'],
      [{ list }, '[]interface {}'],
      [both, 'map[string]interface {}'],
      [[both], '[]interface {}'],
    ] as const) {
      const message = `error marshaling setup() data to JSON: json: unsupported value: encountered a cycle via ${type}`
      assert.throws(() => encodeJsonAsGo(value), { name: 'GoError', message })
    }
  })

  it('writes lists of bytes as base64, and other typed arrays as lists', () => {
    const bytes = [7, 255]
    const value = [new Uint8Array(bytes), new Uint8ClampedArray(bytes), new Int8Array(bytes)]
    assert.equal(encodeJsonAsGo(value), '["B/8=","B/8=",[7,-1]]')
  })

  it('writes what objects of Number, String and Boolean hold', () => {
    const value = [new Number(5), new String('t'), new Boolean(false), { [Symbol.toStringTag]: 'Number', a: 1 }]
    assert.equal(encodeJsonAsGo(value), '[5,"t",false,{"a":1}]')
    assert.throws(() => encodeJsonAsGo([new Number(Number.NaN)]), { message: /unsupported value: NaN$/ })
  })

  it('writes what is there twice, which is no circle', () => {
    const shared = { b: 1 }
    assert.equal(encodeJsonAsGo([shared, { a: shared }]), '[{"b":1},{"a":{"b":1}}]')
  })
})
