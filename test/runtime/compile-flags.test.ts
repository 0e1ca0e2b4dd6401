import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

describe('setCompileFlags', () => {
  it('sets only what this version of V8 knows: it would tell the user of others', () => {
    const url = new URL('../../runtime/compile-flags.js', import.meta.url).href
    const program = `import { setCompileFlags } from ${JSON.stringify(url)}; setCompileFlags(); console.log('set')`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    assert.deepEqual([stdout, stderr], ['set\n', ''])
  })
})
