import assert from 'node:assert/strict'
import { parseThreshold } from '../../metrics/threshold-parser.js'

describe('parseThreshold', () => {
  it('refuses expressions without end, which take long to read', () => {
    assert.throws(() => parseThreshold(`count>${'9'.repeat(1e6)}x`), {
      code: 'OPTIONS_INVALID',
      message: `failed parsing threshold expression "count>${'9'.repeat(44)}…"; reason: 1000007 letters, and it may have 1000`,
    })
  })
})
