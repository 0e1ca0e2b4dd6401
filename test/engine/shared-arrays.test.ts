/** SharedArrays of several VUs in several threads, through the whole engine. */
import assert from 'node:assert/strict'
import { runScript } from '../support/run-script.js'

const perVu = (vus: number) =>
  `export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: ${vus}, iterations: 1 } } }`

describe('SharedArrays of a run', () => {
  it('has one copy of 10 MB for 50 VUs in two threads, made by one call', async () => {
    const { said, errors, run } = await runScript(
      `import { SharedArray } from 'k6/data'
      ${perVu(50)}
      const kilobyte = 'x'.repeat(1000)
      const a = new SharedArray('a', () => { console.log('made'); return Array.from({ length: 10000 }, (_, i) => i + kilobyte) })
      export function setup() { return a.length }
      export default function (length) { console.log(a[__VU * 199].length, a.length === length, a[length - 1].slice(0, 4)) }`,
      { threads: 2, limits: { memoryBytes: 32 * 1024 * 1024 } },
    )
    assert.deepEqual(errors, [])
    assert.equal(said.filter((text) => text === 'made').length, 1)
    assert.equal(said.filter((text) => /^100[234] true 9999$/.test(text)).length, 50)
    const text = 10_000 * (1000 + 3) + (10 + 90 * 2 + 900 * 3 + 9000 * 4)
    assert.equal(run.sharedArrayBytes, text + 10_000 * 4)
  })

  it('takes an array that only later inits make from whichever VM is first, for all threads', async () => {
    const { said, errors, run } = await runScript(
      `import { SharedArray } from 'k6/data'
      ${perVu(6)}
      const a = __VU === 0 ? [] : new SharedArray('a', () => { console.log('made'); return [__VU] })
      const b = __VU === 3 ? new SharedArray('b', () => ['three']) : []
      export default function () { console.log('a', a[0]); if (b.length) console.log(__VU, b[0]) }`,
      { threads: 3 },
    )
    assert.deepEqual(errors, [])
    assert.equal(said.filter((text) => text === 'made').length, 1)
    const seen = said.filter((text) => text.startsWith('a '))
    assert.equal(seen.length, 6)
    assert.equal(new Set(seen).size, 1, seen.join())
    assert.ok(said.includes('3 three'))
    assert.equal(run.sharedArrayBytes, 2 + 4 + 8 + 4)
  })

  it('lets VMs of other threads go on when the one that makes an array fails', async () => {
    const { said, exitCode } = await runScript(
      `import { SharedArray } from 'k6/data'
      import { sleep } from 'k6'
      ${perVu(4)}
      let a = []
      if (__VU > 0) {
        try {
          a = new SharedArray('a', () => { sleep(0.2); throw new Error('no') })
        } catch {
          a = new SharedArray('a', () => [__VU])
        }
      }
      export default function () { console.log('a', a.length) }`,
      { threads: 2 },
    )
    assert.equal(exitCode, 0)
    assert.deepEqual(said, ['a 1', 'a 1', 'a 1', 'a 1'])
  })

  it('refuses an array that asks for itself in a later init too, instead of standing still', async () => {
    const { said, errors } = await runScript(
      `import { SharedArray } from 'k6/data'
      ${perVu(2)}
      let text = ''
      const ask = (name) => new SharedArray(name, () => ask(name))
      if (__VU > 0) try { ask('of VU ' + __VU) } catch (e) { text = e.message }
      export default function () { console.log(text) }`,
      { threads: 2 },
    )
    assert.deepEqual(errors, [])
    const text = 'the function that makes a SharedArray asks for that SharedArray itself'
    assert.deepEqual(said, [text, text])
  })
})
