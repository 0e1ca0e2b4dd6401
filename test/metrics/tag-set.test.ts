import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Tag, TagSet } from '../../metrics/tag-set.js'

const tags = fc.array(fc.tuple(fc.string({ maxLength: 4 }), fc.string({ maxLength: 4 })))

describe('TagSet', () => {
  it('is sorted by name, with the last value of each', () => {
    const set = TagSet.from([
      ['b', '1'],
      ['a', '2'],
      ['b', '3'],
    ] as Tag[])
    assert.deepEqual(set.entries, [
      ['a', '2'],
      ['b', '3'],
    ])
    assert.deepEqual(set.with('a', '9').without('b').entries, [['a', '9']])
    assert.equal(set.get('nope'), undefined)
  })

  it('has the same key for equal sets only', () => {
    fc.assert(
      fc.property(tags, tags, (one, other) => {
        const [a, b] = [TagSet.from(one), TagSet.from(other)]
        const areEqual = JSON.stringify(a.entries) === JSON.stringify(b.entries)
        assert.equal(a.key === b.key, areEqual)
      }),
    )
  })

  it('includes a set if it has all of its tags', () => {
    const set = TagSet.from(Object.entries({ a: '1', b: '' }))
    assert.equal(set.includes(TagSet.from([['b', '']])), true)
    assert.equal(set.includes(TagSet.from([['c', '']])), false)
    assert.equal(set.includes(TagSet.empty), true)
  })
})
