import assert from 'node:assert/strict'
import { beyond, leftovers } from '../leaks/leftovers.js'
import { Platform } from '../leaks/platform.js'
import { healthy, hostile } from '../leaks/scripts.js'

/** A few of what test/leaks/main.ts runs many of. */
const few = [
  'native code that never returns',
  'a file of the machine',
  'too much from setup',
  'an abort',
  'sleep without end',
]

describe('runScript: hostile and healthy runs in turn', () => {
  it('end as they should, and leave no process, descriptor, handle or folder', async function () {
    this.timeout(240_000)
    const platform = await Platform.start()
    try {
      assert.equal(await platform.run(healthy), undefined)
      const before = leftovers()
      for (const script of hostile.filter(({ name }) => few.includes(name))) {
        assert.equal(await platform.run(script), undefined, script.name)
        assert.equal(await platform.run(healthy), undefined, `healthy, after ${script.name}`)
      }
      await new Promise((done) => setTimeout(done, 200))
      assert.equal(beyond(before, leftovers()), '')
    } finally {
      platform.close()
    }
  })
})
