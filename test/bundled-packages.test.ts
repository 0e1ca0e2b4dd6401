import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../package-root.js'

describe('a package that is shipped as one file', () => {
  const require = createRequire(import.meta.url)

  it('exports what the package does', () => {
    const one = require(join(packageRoot, 'dist', 'packages', 'protobufjs.cjs'))
    const many = require('protobufjs')
    assert.deepEqual(Object.keys(one).sort(), Object.keys(many).sort())
    const text = 'syntax = "proto3"; message M { map<string, int64> counts = 1; oneof o { bytes b = 2; M m = 3; } }'
    const [first, second] = [one, many].map(({ parse }) => parse(text).root.lookupType('M').toJSON())
    assert.deepEqual(first, second)
    assert.notEqual(one.Root, many.Root)
  })
})
