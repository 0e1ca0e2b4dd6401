/** Files of k6/experimental/fs through the whole engine: which threads have them is the engine's business. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runScript } from '../support/run-script.js'

describe('files of k6/experimental/fs in several threads', () => {
  it('are those of the first init, for all VUs, each with a position of its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'belljar-fs-'))
    try {
      writeFileSync(join(folder, 'letters.txt'), 'abcdef')
      const source = `import { open } from 'k6/experimental/fs'
        export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 4, iterations: 2 } } }
        const file = await open('letters.txt')
        const folder = await open('.').catch((e) => e.name)
        if (__VU === 0) console.log(folder)
        const buffer = new Uint8Array(3)
        export default async function () {
          await file.read(buffer)
          console.log(__ITER, String.fromCharCode(...buffer))
        }`
      const mainUrl = pathToFileURL(join(folder, 'script.js')).href
      const { said, errors } = await runScript(source, { threads: 2, settings: { script: { mainUrl, source } } })
      assert.deepEqual(errors, [])
      assert.deepEqual(said.sort(), [...Array(4).fill('0 abc'), ...Array(4).fill('1 def'), 'InvalidResourceError'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
