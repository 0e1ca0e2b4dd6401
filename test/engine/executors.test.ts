import assert from 'node:assert/strict'
import { runScript } from '../support/run-script.js'

describe('executors', () => {
  const scenario = (text: string, body = '') =>
    `import { sleep } from 'k6'; export const options = { scenarios: { s: { ${text} } } }
    export default function () { ${body} }`

  it('shared-iterations makes its number in all, whatever the VUs and threads', async () => {
    for (const [vus, iterations, threads] of [
      [1, 7, 1],
      [4, 37, 2],
      [5, 5, 2],
    ] as const) {
      const { count } = await runScript(
        scenario(`executor: 'shared-iterations', vus: ${vus}, iterations: ${iterations}`),
        { threads },
      )
      assert.equal(count('iterations'), iterations)
      assert.equal(count('dropped_iterations'), undefined)
    }
  })

  it('shared-iterations drops what is left at maxDuration', async () => {
    const { count } = await runScript(
      scenario(
        `executor: 'shared-iterations', vus: 2, iterations: 1000, maxDuration: '1s', gracefulStop: '10s'`,
        'sleep(0.3)',
      ),
    )
    assert.equal(count('iterations')! + count('dropped_iterations')!, 1000)
  })

  it('per-vu-iterations makes its number in every VU', async () => {
    const { said, count } = await runScript(
      scenario(`executor: 'per-vu-iterations', vus: 5, iterations: 4`, 'console.log(__VU, __ITER)'),
      { threads: 2 },
    )
    assert.equal(count('iterations'), 20)
    const all = [1, 2, 3, 4, 5].flatMap((vu) => [0, 1, 2, 3].map((iteration) => `${vu} ${iteration}`))
    assert.deepEqual(said.sort(), all)
  })

  it('constant-vus lets every VU iterate until its duration, and interrupts what outlasts gracefulStop', async () => {
    const { said, count, run } = await runScript(
      scenario(
        `executor: 'constant-vus', vus: 3, duration: '1s', gracefulStop: '200ms'`,
        `if (__VU === 1) { try { sleep(30) } finally { console.log('finally') } } sleep(0.1); console.log(__VU)`,
      ),
    )
    assert.deepEqual([...new Set(said)].sort(), ['2', '3'])
    assert.equal(run.counters.get('interrupted'), 1)
    assert.equal(count('iterations'), run.counters.get('completed'))
    assert.equal(count('dropped_iterations'), undefined)
  })

  it('lets iterations finish within gracefulStop', async () => {
    const { count, run } = await runScript(
      scenario(`executor: 'constant-vus', vus: 2, duration: '1s', gracefulStop: '30s'`, 'sleep(0.7)'),
    )
    assert.equal(count('iterations'), 4)
    assert.equal(run.counters.get('interrupted'), 0)
  })

  it('ramping-vus starts and stops VUs, the first ones first', async () => {
    const { said, run } = await runScript(
      scenario(
        `executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '0s', target: 3 }, { duration: '500ms', target: 3 }, { duration: '0s', target: 1 }, { duration: '500ms', target: 1 }]`,
        'sleep(0.05); console.log(__VU)',
      ),
    )
    const made = (vu: string) => said.filter((text) => text === vu).length
    assert.deepEqual([...new Set(said)].sort(), ['1', '2', '3'])
    assert.ok(made('1') > made('2') && made('1') > made('3'))
    assert.equal(run.counters.get('interrupted'), 0)
  })

  it('ramping-vus interrupts what outlasts gracefulRampDown, and the VU is usable when it comes back', async () => {
    const { said } = await runScript(
      scenario(
        `executor: 'ramping-vus', startVUs: 1, gracefulRampDown: '50ms', stages: [
          { duration: '200ms', target: 1 }, { duration: '0s', target: 0 }, { duration: '300ms', target: 0 },
          { duration: '0s', target: 1 }, { duration: '300ms', target: 1 }]`,
        `if (__ITER === 0) { try { sleep(30) } finally { console.log('finally') } } sleep(0.05); console.log('later')`,
      ),
    )
    assert.deepEqual([...new Set(said)], ['later'])
  })

  it('constant-arrival-rate begins iterations at its rate, whatever they take', async () => {
    const { count, run } = await runScript(
      scenario(`executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 20`, 'sleep(0.4)'),
    )
    const began = count('iterations')! + (count('dropped_iterations') ?? 0)
    assert.ok(began >= 19 && began <= 21, `${began} iterations`)
    assert.equal(run.counters.get('interrupted'), 0)
  })

  it('constant-arrival-rate drops what no VU is free for, and says so', async () => {
    const { count, lines } = await runScript(
      scenario(
        `executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 1, maxVUs: 1`,
        'sleep(0.6)',
      ),
    )
    assert.ok(count('dropped_iterations')! >= 15)
    assert.ok(lines.some((line) => line.msg === 'Insufficient VUs, reached 1 active VUs and cannot initialize more'))
  })

  it('ramping-arrival-rate follows its stages', async () => {
    const { count } = await runScript(
      scenario(`executor: 'ramping-arrival-rate', startRate: 0, preAllocatedVUs: 10, stages: [
        { duration: '500ms', target: 40 }, { duration: '500ms', target: 0 }]`),
    )
    const began = count('iterations')! + (count('dropped_iterations') ?? 0)
    assert.ok(began >= 17 && began <= 21, `${began} iterations`)
  })

  it('runs scenarios beside and after each other, each with its function', async () => {
    const { said } = await runScript(`
      export const options = { scenarios: {
        a: { executor: 'per-vu-iterations', exec: 'one', vus: 2, iterations: 2 },
        b: { executor: 'shared-iterations', exec: 'two', iterations: 3, startTime: '300ms' } } }
      export function one() { console.log('one') }
      export function two() { console.log('two') }`)
    assert.deepEqual(said, ['one', 'one', 'one', 'one', 'two', 'two', 'two'])
  })

  it('begins or drops every iteration that was due before the end of a constant rate', async () => {
    for (const body of ['', 'sleep(0.2)']) {
      const { count } = await runScript(
        scenario(`executor: 'constant-arrival-rate', rate: 200, duration: '1s', preAllocatedVUs: 4, maxVUs: 8`, body),
        { threads: 4 },
      )
      // 0, 5, 10 … 995 ms
      assert.equal(count('iterations')! + (count('dropped_iterations') ?? 0), 200)
    }
  })

  it('begins or drops every iteration that the area under a ramping rate has', async () => {
    const { count } = await runScript(
      scenario(`executor: 'ramping-arrival-rate', startRate: 50, preAllocatedVUs: 4, maxVUs: 4, stages: [
        { duration: '500ms', target: 150 }, { duration: '0s', target: 100 }, { duration: '500ms', target: 100 }]`),
      { threads: 4 },
    )
    // 50 in the ramp and 50 after it; the last one is due at the very end, which is too late
    assert.equal(count('iterations')! + (count('dropped_iterations') ?? 0), 99)
  })

  it('takes back the VUs of a ramp that goes down for the next scenario', async () => {
    const { said } = await runScript(
      `import { sleep } from 'k6'
      export const options = { scenarios: {
        down: { executor: 'ramping-vus', startVUs: 3, gracefulRampDown: '0s', gracefulStop: '0s', stages: [
          { duration: '200ms', target: 3 }, { duration: '0s', target: 1 }, { duration: '1500ms', target: 1 }] },
        later: { executor: 'per-vu-iterations', exec: 'later', vus: 2, iterations: 1, startTime: '500ms' } } }
      export default function () { sleep(0.02) }
      export function later() { console.log(__VU) }`,
    )
    assert.deepEqual(said.sort(), ['2', '3'])
  })

  it('waits for a VU that a scenario before it is still giving back', async () => {
    const { said, run } = await runScript(
      `import { sleep } from 'k6'
      export const options = { scenarios: {
        first: { executor: 'constant-vus', duration: '1s', gracefulStop: '0s' },
        then: { executor: 'per-vu-iterations', exec: 'then', startTime: '1s' } } }
      export default function () { sleep(30) }
      export function then() { console.log(__VU) }`,
    )
    assert.deepEqual(said, ['1'])
    assert.equal(run.progress.initializedVus, 1)
  })

  it('lets a VU that is stopped before its loop has begun make no iteration', async () => {
    const { said } = await runScript(
      scenario(
        `executor: 'ramping-vus', startVUs: 1, gracefulRampDown: '10s', stages: [
          { duration: '0s', target: 0 }, { duration: '100ms', target: 0 }, { duration: '0s', target: 1 },
          { duration: '0s', target: 0 }, { duration: '900ms', target: 0 }]`,
        'sleep(0.3); console.log(__ITER)',
      ),
    )
    assert.ok(said.length <= 2, said.join())
  })

  it('numbers VUs and iterations over the whole test when it runs a segment of it', async () => {
    const options = { executionSegment: '1/2:1', executionSegmentSequence: '0,1/2,1' }
    const { said } = await runScript(
      `import exec from 'k6/execution'
      export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 4, iterations: 2 } } }
      export default function () {
        const { idInInstance, idInTest } = exec.vu
        console.log(__VU, idInInstance, idInTest)
        if (exec.scenario.iterationInTest % 2 !== 1) throw new Error('an iteration of the other segment')
        console.log(exec.scenario.iterationInTest, exec.scenario.iterationInInstance)
      }`,
      { options },
    )
    const expected = ['1 1 2', '1 1 2', '2 2 4', '2 2 4', '1 0', '3 1', '5 2', '7 3']
    assert.deepEqual(said.sort(), expected.sort())
  })
})
