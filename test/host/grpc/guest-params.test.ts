import assert from 'node:assert/strict'
import { readGuestParams } from '../../../host/grpc/guest-params.js'
import { isGuestError } from './guest-errors.js'

describe('readGuestParams', () => {
  const read = (value: unknown) => readGuestParams(JSON.stringify(value))

  it('reads what JSON has a form for, and what it has none for', () => {
    assert.equal(readGuestParams(undefined), undefined)
    for (const plain of [1.5, 'x', true, null]) assert.equal(read(plain), plain)
    assert.equal(read(['u']), undefined)
    assert.deepEqual([read(['n', 'NaN']), read(['n', '-Infinity'])], [Number.NaN, -Infinity])
    assert.deepEqual(read(['b', [1, 255]]), Uint8Array.from([1, 255]))
    assert.deepEqual(read(['a', [1, ['u']]]), [1, undefined])
    for (const other of [['f'], ['x', 'ArrayBuffer']]) assert.equal(typeof read(other), 'symbol')
  })

  it('keeps the members of an object in their order, whatever their names', () => {
    const members = [
      ['b', 1],
      ['__proto__', 2],
      ['a', ['o', []]],
    ]
    const object = read(['o', members]) as Record<string, unknown>
    assert.equal(Object.getPrototypeOf(object), null)
    assert.deepEqual(Object.entries(object).slice(0, 2), members.slice(0, 2))
    assert.deepEqual(Object.keys(object), ['b', '__proto__', 'a'])
  })

  const nested = (depth: number): unknown => (depth === 0 ? 1 : ['a', [nested(depth - 1)]])

  for (const [claim, value] of [
    ['a kind that it does not know', ['z', []]],
    ['a plain object', { a: 1 }],
    ['an object inside a list', ['a', [{}]]],
    ['a list that is none', ['a', 5]],
    ['bytes that are none', ['b', 'x']],
    ['members that are no pairs', ['o', ['a']]],
    ['a name that is no text', ['o', [[1, 1]]]],
    ['nothing at all', []],
    ['more nesting than the guest half writes', nested(100)],
  ] as const) {
    it(`refuses ${claim}`, () =>
      assert.throws(() => read(value), isGuestError('TypeError', 'malformed call parameters')))
  }

  it('says how long parameters may be', () => {
    const text = 'call parameters of 5242882 characters, more than the limit of 4194304'
    assert.throws(() => read('x'.repeat(5 * 1024 * 1024)), isGuestError('GoError', text))
  })

  it('refuses what is no text', () => {
    for (const value of [5, true, new Uint8Array(1)]) {
      assert.throws(() => readGuestParams(value as number), isGuestError('TypeError', 'malformed call parameters'))
    }
  })
})
