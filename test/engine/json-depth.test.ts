import assert from 'node:assert/strict'
import { jsonDepth } from '../../engine/json-depth.js'

describe('jsonDepth', () => {
  it('counts objects and lists that lie in each other, and nothing in texts', () => {
    for (const [json, depth] of [
      ['1', 0],
      ['"[[["', 0],
      ['"\\"[\\\\"', 0],
      ['{}', 1],
      ['[[],[[]],{"a[":["{"]}]', 3],
      ['['.repeat(5000) + ']'.repeat(5000), 5000],
    ] as const) {
      assert.equal(jsonDepth(json), depth, json.slice(0, 40))
    }
  })
})
