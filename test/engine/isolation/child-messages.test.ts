import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readLoaded, readMessage, readResult, readSummary } from '../../../engine/isolation/child-messages.js'
import { ShapeError } from '../../../engine/isolation/read-shape.js'
import { untrustedLimits as limits } from '../../../policy/limits.js'

const kinds = ['alive', 'answer', 'refusal', 'state', 'setup', 'samples', 'log', 'audit', 'finding', 'secretWanted']
const names = ['kind', 'id', 'value', 'error', 'state', 'isSet', 'thread', 'series', 'lines', 'records', '__proto__']
const hostile = fc.oneof(
  fc.jsonValue(),
  fc.dictionary(fc.constantFrom(...names), fc.jsonValue()),
  fc.record({ kind: fc.constantFrom(...kinds) }, { requiredKeys: ['kind'] }),
)

describe('messages of the process of a run', () => {
  it('are read, or refused as what they are not', () => {
    fc.assert(
      fc.property(hostile, fc.dictionary(fc.constantFrom(...names), hostile), fc.uint8Array(), (one, more, bytes) => {
        const binary = Buffer.from(bytes)
        const whole = typeof one === 'object' && one !== null ? { ...more, ...one } : one
        for (const read of [
          () => readMessage({ json: whole, binary }, limits),
          () => readLoaded(whole, limits),
          () => readResult(whole),
          () => readSummary(binary, 100),
        ]) {
          try {
            read()
          } catch (e) {
            assert.ok(e instanceof ShapeError, String(e))
          }
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('hold what was agreed on, and nothing beside it', () => {
    const line = { level: 'info', msg: 'x', fields: { source: 'console' }, timeMs: 1, more: 2 }
    assert.deepEqual(readMessage({ json: { kind: 'log', lines: [line], more: 1 }, binary: Buffer.alloc(0) }, limits), {
      kind: 'log',
      lines: [{ level: 'info', msg: 'x', fields: { source: 'console' }, timeMs: 1 }],
    })
  })

  it('have bounds', () => {
    const samples = (series: unknown) => () =>
      readMessage(
        { json: { kind: 'samples', thread: 0, series, dropped: 0, droppedBy: {} }, binary: Buffer.alloc(0) },
        limits,
      )
    const metric = { name: 'm', type: 'counter', contains: 'default' }
    const one = { id: 1, metric, tags: [['a', 'b']] }
    samples([one])()
    samples([{ ...one, id: -1, metadata: [['a', 'b']] }])()
    samples([{ ...one, tags: [['check', 'x'.repeat(limits.nameBytes)]] }])()
    for (const wrong of [
      [{ ...one, id: 0 }],
      [{ ...one, id: 1.5 }],
      [{ ...one, tags: [['a', 'b', 'c']] }],
      [{ ...one, id: limits.series + 1 }],
      [{ ...one, tags: [['a', 'x'.repeat(limits.tagBytes + 1)]] }],
      [{ ...one, tags: [['check', 'x'.repeat(limits.nameBytes + 1)]] }],
      [{ ...one, tags: Array(limits.tags + 1).fill(['a', 'b']) }],
      [{ ...one, metadata: [['a', 'b']] }],
      [{ ...one, metric: { ...metric, name: 'x'.repeat(200) } }],
      [{ ...one, metric: { ...metric, type: 'toString' } }],
      { length: 1 },
    ]) {
      assert.throws(samples(wrong), ShapeError)
    }
    assert.equal(readSummary(Buffer.from('[["stdout","text","x"]]'), 100), '[["stdout","text","x"]]')
    for (const wrong of ['{}', '[[1,"text","x"]]', '[["a","utf8","x"]]', '[["a","text"]]', `"${'x'.repeat(100)}"`]) {
      assert.throws(() => readSummary(Buffer.from(wrong), 100), ShapeError)
    }
  })
})
