import assert from 'node:assert/strict'
import { runScript } from '../support/run-script.js'

/** Short: only what ends by itself has to be fast. */
const limits = { cpuMs: 400, initCpuMs: 3000, stageCpuMs: 400, graceMs: 100 }

/** Native code that runs for ever, or for as long as no test can wait, without asking the interrupt handler. */
const attacks: Record<string, string> = {
  'looks for something in an array-like without end': '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)',
  'makes a string of a sparse array': 'String(new Array(2 ** 32 - 1))',
  'writes a graph that shares its nodes forty levels deep as JSON':
    'let g = {}; for (let i = 0; i < 40; i++) g = [g, g]; JSON.stringify(g)',
}

/** VU 1 attacks in its first iteration, beside others in the same thread. */
const beside = (attack: string, scenario: string) => `
  import { sleep } from 'k6'
  export const options = { scenarios: { s: ${scenario} } }
  export default function () {
    if (__VU === 1 && __ITER === 0) { sleep(0.05); ${attack} }
    sleep(0.02)
    console.log(__VU + ':' + __ITER)
  }`

const stopped = `VU 1 was stopped: the script used more than ${limits.cpuMs} ms of CPU without waiting (limit cpuMs)`

describe('a VU in native code that does not end', () => {
  for (const [name, attack] of Object.entries(attacks)) {
    it(`${name}: its thread is ended, and its neighbours make their iterations in another one`, async () => {
      const scenario = "{ executor: 'per-vu-iterations', vus: 3, iterations: 40 }"
      const { said, errors, lines, exitCode, run, result, count } = await runScript(beside(attack, scenario), {
        limits,
      })
      assert.deepEqual(errors, [stopped])
      const warnings = lines.filter((line) => line.level === 'warning').map((line) => line.msg)
      assert.equal(warnings.length, 1)
      assert.match(warnings[0]!, /^2 other VUs of its thread were restarted/)
      assert.equal(exitCode, 0)
      assert.deepEqual(result.stopped, [
        { vu: 1, code: 'LIMIT_CPU', reason: stopped.replace('VU 1 was stopped: ', '') },
      ])
      // The three that were cut are not made again, and none of the others is lost or made twice.
      const { counters } = run
      assert.equal(counters.get('completed') + counters.get('interrupted'), 120)
      assert.ok(counters.get('interrupted') >= 1 && counters.get('interrupted') <= 3)
      assert.equal(counters.get('activeVus'), 0)
      assert.equal(counters.getFor(0, 'active'), 0)
      assert.equal(new Set(said).size, said.length)
      assert.ok(count('iterations')! <= counters.get('completed'))
    })
  }

  it('leaves a run in which what setup returned, SharedArrays, files and tags are as they were', async () => {
    const source = `
      import { SharedArray } from 'k6/data'
      import exec from 'k6/execution'
      import { sleep } from 'k6'
      import { Counter } from 'k6/metrics'
      const early = new SharedArray('early', () => [1, 2])
      const late = __VU === 0 ? [] : new SharedArray('late', () => [{ made: 'by ' + (__VU > 0) }])
      const marks = new Counter('marks')
      export const options = {
        scenarios: { s: { executor: 'per-vu-iterations', vus: 2, iterations: 2, env: { MINE: 'here' }, tags: { a: 'b' } } },
      }
      export const setup = () => ({ from: 'setup' })
      export default function (data) {
        if (__VU === 1 && __ITER === 0) [].indexOf.call({ length: 2 ** 53 - 1 }, 1)
        sleep(0.01)
        marks.add(1)
        if (__VU !== 1) return
        const { iterationInInstance, iterationInScenario } = exec.vu
        console.log(JSON.stringify([data.from, early, late, __ENV.MINE, exec.vu.tags.a, __ITER,
          iterationInInstance, iterationInScenario, exec.instance.currentTestRunDuration > 400]))
      }`
    const { said, errors, count } = await runScript(source, { limits })
    assert.deepEqual(errors, [stopped])
    assert.deepEqual(
      said.map((text) => JSON.parse(text)),
      [['setup', [1, 2], [{ made: 'by true' }], 'here', 'b', 1, 1, 1, true]],
    )
    assert.ok(count('marks')! >= 2)
  })
})
