import assert from 'node:assert/strict'
import { readCallParams } from '../../../host/grpc/call-params.js'

describe('readCallParams', () => {
  it('has defaults for everything', () => {
    const defaults = { metadata: [], tags: new Map(), discardsResponse: false }
    for (const value of [undefined, null, {}, [], 5]) assert.deepEqual(readCallParams(value), defaults)
    assert.deepEqual(readCallParams({ metadata: null, tags: null, timeout: 0, discardResponseMessage: 0 }), defaults)
  })

  it('reads every parameter', () => {
    const params = readCallParams({
      metadata: { A: 'x', 'b-bin': Uint8Array.from([1]) },
      tags: { n: 1.5, s: 'x', b: true },
      timeout: '1s',
      discardResponseMessage: 'yes',
      compression: 'identity',
    })
    assert.deepEqual(params.metadata, [
      ['a', 'x'],
      ['b-bin', Uint8Array.from([1])],
    ])
    assert.deepEqual(
      [...params.tags],
      [
        ['n', '1.5'],
        ['s', 'x'],
        ['b', 'true'],
      ],
    )
    assert.deepEqual([params.timeoutMs, params.discardsResponse, params.compression], [1000, true, 'identity'])
  })

  it('keeps a negative timeout, which fails the call at once', () => {
    assert.equal(readCallParams({ timeout: -1 }).timeoutMs, -1)
  })

  it('takes the letters of a text as tags, as k6 does', () => {
    assert.deepEqual(
      [...readCallParams({ tags: 'te' }).tags],
      [
        ['0', 't'],
        ['1', 'e'],
      ],
    )
  })

  const kinds = 'only String, Boolean and Number types are accepted as a metric tag values'
  for (const [value, message] of [
    ['params', 'unknown param: "0"'],
    [{ headers: {} }, 'unknown param: "headers"'],
    [{ metadata: 'one: x' }, 'invalid metadata param: must be an object with key-value pairs'],
    [{ metadata: [['a', 'b']] }, 'invalid metadata param: must be an object with key-value pairs'],
    [{ metadata: { one: 1 } }, 'invalid metadata param: "one" value must be a string'],
    [{ metadata: { one: Uint8Array.from([1]) } }, 'invalid metadata param: "one" value must be a string'],
    [{ metadata: { 'a-bin': 'x' } }, 'invalid metadata param: "a-bin" value must be binary'],
    [{ metadata: { 'a-bin': new ArrayBuffer(1) } }, 'invalid metadata param: "a-bin" value must be binary'],
    [{ tags: { a: {} } }, `metric tags: invalid value for metric tag 'a': ${kinds}`],
    [{ tags: { a: null } }, `metric tags: invalid value for metric tag 'a': ${kinds}`],
    [{ compression: 5 }, `invalid compression value: '5', it needs to be "gzip" or "identity"`],
    [{ timeout: 'x' }, 'invalid timeout value: time: invalid duration "x"'],
  ] as [unknown, string][]) {
    it(`refuses: ${message}`, () => assert.throws(() => readCallParams(value), { message }))
  }
})
