import assert from 'node:assert/strict'
import { trustedLimits } from '../../policy/limits.js'
import { threadResourceLimits } from '../../runtime/thread-limits.js'

describe('threadResourceLimits', () => {
  it('gives a thread at least 256 times the stack of its VMs', () => {
    for (const stackBytes of [64 * 1024, 512 * 1024, 1024 * 1024]) {
      const { stackSizeMb } = threadResourceLimits({ ...trustedLimits, stackBytes })
      assert.ok(stackSizeMb * 1024 * 1024 >= stackBytes * 256)
    }
  })
})
