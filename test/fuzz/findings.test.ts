/** What fuzzing has found stays fixed: all inputs in fuzz/findings once more, without chance. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadTarget, targetNames } from '../../fuzz/targets/index.js'
import { packageRoot } from '../../package-root.js'

const folder = join(packageRoot, 'fuzz/findings')

describe('what fuzzing found', () => {
  for (const name of readdirSync(folder)) {
    it(`is fixed: ${name}`, async () => {
      assert.ok(targetNames.includes(name), `there is no target ${name}`)
      const target = await loadTarget(name)
      for (const file of readdirSync(join(folder, name))) {
        assert.equal(typeof (await target.run(readFileSync(join(folder, name, file)))), 'string')
      }
    })
  }
})
