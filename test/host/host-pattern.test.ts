import assert from 'node:assert/strict'
import { HostPatternMap } from '../../host/host-pattern.js'

describe('HostPatternMap', () => {
  it('prefers a whole name to a wildcard, and a longer wildcard to a shorter one', () => {
    const map = new HostPatternMap([
      ['*', 0],
      ['*.test', 1],
      ['*.a.test', 2],
      ['b.a.test', 3],
    ])
    const found = (name: string) => [map.find(name)?.pattern, map.find(name)?.value]
    assert.deepEqual(found('b.a.test'), ['b.a.test', 3])
    assert.deepEqual(found('c.a.test'), ['*.a.test', 2])
    assert.deepEqual(found('a.test'), ['*.test', 1])
    assert.deepEqual(found('other'), ['*', 0])
  })

  it('compares without regard to case, and knows what it does not know', () => {
    const map = new HostPatternMap([['A.Test', 1]])
    assert.equal(map.find('a.tEST')?.value, 1)
    assert.equal(map.find('b.test'), undefined)
    assert.equal(map.find('__proto__'), undefined)
  })
})
