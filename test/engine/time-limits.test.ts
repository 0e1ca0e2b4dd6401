import assert from 'node:assert/strict'
import { runScript } from '../support/run-script.js'

const limits = { cpuMs: 400, initCpuMs: 3000, stageCpuMs: 400, graceMs: 100 }
const spin = '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)'
const once = 'export const options = { iterations: 1 }\n export default () => { console.log("iteration") }\n'

describe('native code that does not end, outside of iterations', () => {
  const overStage = 'the script used more than 400 ms of CPU without waiting (limit stageCpuMs)'

  it('in setup: the run fails and says why', async () => {
    const { error, said, exitCode } = await runScript(`${once} export function setup() { ${spin} }`, { limits })
    assert.equal(error?.message, overStage)
    assert.deepEqual(said, [])
    assert.equal(exitCode, 107)
  })

  it('in teardown: the run fails, and handleSummary has a thread', async () => {
    const source = `${once} export function teardown() { ${spin} }
      export function handleSummary() { return { stdout: 'summed up' } }`
    let summary: string | undefined
    const { error, said } = await runScript(source, {
      limits,
      onEnd: async (run) => {
        summary = await run.handleSummary('{}')
      },
    })
    assert.equal(error?.message, overStage)
    assert.deepEqual(said, ['iteration'])
    assert.equal(summary, '[["stdout","text","summed up"]]')
  })

  it('in handleSummary: there is none, and an error that says why', async () => {
    const source = `${once} export function handleSummary() { ${spin} }`
    let summary: string | undefined
    const { exitCode, lines } = await runScript(source, {
      limits,
      onEnd: async (run) => {
        summary = await run.handleSummary('{}')
      },
    })
    assert.equal(summary, '[]')
    const last = lines.at(-1)!
    assert.deepEqual([last.msg, last.fields.error], ['failed to handle the end-of-test summary', overStage])
    assert.equal(exitCode, 0)
  })

  it('in the first init: the script cannot be loaded', async () => {
    await assert.rejects(runScript(`${once} ${spin}`, { limits: { ...limits, initCpuMs: 400 } }), {
      code: 'LIMIT_CPU',
      message: /: the script used more than 400 ms of CPU without waiting \(limit initCpuMs\)$/,
    })
    await assert.rejects(runScript(`${once} eval('1+'.repeat(3e6) + '1')`, { limits: { ...limits, initCpuMs: 400 } }), {
      code: /LIMIT_CPU|SCRIPT_EXCEPTION/,
    })
  })

  it('in a getter of the options: the script cannot be loaded', async () => {
    const source = `export const options = { get vus() { ${spin} } }\n export default () => {}`
    await assert.rejects(runScript(source, { limits }), { code: 'LIMIT_CPU', message: /\(limit initCpuMs\)$/ })
  })

  it('in the init code of a VU: the run does not begin', async () => {
    const { error, result, said } = await runScript(`${once} if (__VU === 2) { ${spin} }`, {
      limits: { ...limits, initCpuMs: 1500 },
      options: { vus: 3, iterations: 3 },
    })
    assert.equal(error?.message, 'the script used more than 1500 ms of CPU without waiting (limit initCpuMs)')
    assert.equal(result.hasBegun, false)
    assert.deepEqual(said, [])
  })
})

describe('limits of time', () => {
  it('iterationMs interrupts an iteration that waits again and again, or computes', async () => {
    const source = `
      import { sleep } from 'k6'
      export const options = { iterations: 3 }
      export default async function () {
        if (__ITER === 0) for (;;) sleep(0.001)
        if (__ITER === 1) for (;;) await new Promise((resolve) => setTimeout(resolve, 1))
        console.log('went on')
      }`
    const { said, errors, run, count, exitCode } = await runScript(source, { limits: { iterationMs: 600 } })
    const text = 'VU 1 was interrupted: its iteration took more than 600 ms (limit iterationMs)'
    assert.deepEqual(errors, [text, text])
    assert.deepEqual(said, ['went on'])
    assert.equal(run.counters.get('interrupted'), 2)
    assert.equal(count('iterations'), 1)
    assert.equal(exitCode, 0)
  })

  it('iterationMs is also looked at while a script computes', async () => {
    const source = 'export const options = { iterations: 1 }\n export default () => { for (;;); }'
    const { errors, run } = await runScript(source, { limits: { iterationMs: 300 } })
    assert.deepEqual(errors, ['VU 1 was interrupted: its iteration took more than 300 ms (limit iterationMs)'])
    assert.equal(run.counters.get('interrupted'), 1)
  })

  it('cpuMs counts what a loop that only waits uses between its waits', async () => {
    const source = `import { sleep } from 'k6'
      export const options = { iterations: 1 }
      export default () => { for (;;) { for (let i = 0; i < 5000; i++); sleep(0.0001) } }`
    const { errors } = await runScript(source, { limits: { cpuMs: 300, vmLosses: 1 } })
    assert.match(errors[0]!, /^VU 1 was stopped: the script used more than 300 ms of CPU .*\(limit cpuMs\)$/)
  })

  it('runCpuMs ends a run whose VUs together use too much, and teardown runs', async () => {
    const source = `
      import { sleep } from 'k6'
      export const options = { vus: 2, duration: '60s' }
      export default function () { const end = Date.now() + 20; while (Date.now() < end); sleep(0.001) }
      export function teardown() { console.log('torn down') }`
    const { error, said, exitCode, result } = await runScript(source, { limits: { runCpuMs: 6000 }, threads: 2 })
    assert.equal(error?.message, 'the run used more than 6000 ms of CPU (limit runCpuMs)')
    assert.equal(error?.code, 'LIMIT_CPU')
    assert.deepEqual(said, ['torn down'])
    assert.ok(result.cpuMs > 6000)
    assert.equal(exitCode, 107)
  })

  it('runMs ends a run in order: teardown runs', async () => {
    const source = `
      import { sleep } from 'k6'
      export const options = { vus: 2, duration: '60s' }
      export default function () { sleep(0.01) }
      export function teardown() { console.log('torn down') }`
    const { error, said, exitCode } = await runScript(source, { limits: { runMs: 8000 } })
    assert.equal(error?.message, 'the run took more than 8000 ms (limit runMs)')
    assert.equal(error?.code, 'LIMIT_TIME')
    assert.deepEqual(said, ['torn down'])
    assert.equal(exitCode, 107)
  })

  it('runMs ends a first init that waits for ever', async () => {
    const source = 'await new Promise(() => setTimeout(() => {}, 1e8)); export default () => {}'
    await assert.rejects(runScript(source, { limits: { runMs: 2500 } }), {
      code: 'LIMIT_TIME',
      message: /the run took more than 2500 ms \(limit runMs\)$/,
    })
  })

  it('vus is the most that the scenarios may need together', async () => {
    const source = `export const options = { scenarios: {
        a: { executor: 'constant-vus', vus: 2, duration: '1s' },
        b: { executor: 'constant-arrival-rate', rate: 1, duration: '1s', preAllocatedVUs: 1, maxVUs: 4 },
      } }
      export default () => {}`
    await assert.rejects(runScript(source, { limits: { vus: 5 } }), {
      code: 'LIMIT_COUNT',
      message: 'the scenarios need up to 6 VUs at the same time; a run may have 5 (limit vus)',
    })
  })
})
