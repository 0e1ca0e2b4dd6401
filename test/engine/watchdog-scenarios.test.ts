import assert from 'node:assert/strict'
import type { TestRun } from '../../engine/test-run.js'
import { AppError } from '../../errors.js'
import { runScript } from '../support/run-script.js'

const limits = { cpuMs: 400, initCpuMs: 3000, graceMs: 100 }

/** VU 1 spins in native code in its first iteration. */
const script = (scenario: string, attack = '__VU === 1 && __ITER === 0') => `
  import { sleep } from 'k6'
  import exec from 'k6/execution'
  export const options = { scenarios: { s: ${scenario} } }
  export function other() { console.log('other ' + exec.vu.iterationInScenario) }
  export default function () {
    if (${attack}) [].indexOf.call({ length: 2 ** 53 - 1 }, 1)
    sleep(0.02)
    console.log(exec.scenario.iterationInInstance + ' of ' + __VU)
  }`

/** The counters of scenario 0 after a run in which every iteration was either made or cut. */
function books({ counters }: TestRun) {
  const of = (name: 'started' | 'completed' | 'interrupted' | 'active' | 'idle') => counters.getFor(0, name)
  assert.equal(of('active'), 0)
  assert.equal(counters.get('activeVus'), 0)
  assert.equal(of('started'), of('completed') + of('interrupted'))
  assert.ok(of('interrupted') >= 1 && of('interrupted') <= 4, `${of('interrupted')} interrupted`)
  return { idle: of('idle'), started: of('started') }
}

/** Runs a script until each of these VUs has said something after the log had a line like `after`. */
function runUntil(source: string, after: RegExp, vus: readonly number[]) {
  let isAfter = false
  const missing = new Set(vus)
  return runScript(source, {
    limits,
    onLine: ({ msg }, run) => {
      isAfter ||= after.test(msg)
      if (isAfter) missing.delete(Number(/ of (\d+)$/.exec(msg)?.[1]))
      if (missing.size === 0) run.abort(new AppError('STOPPED', 'seen enough'))
    },
  })
}

describe('scenarios that lose a thread', () => {
  it('shared-iterations: each iteration is begun once', async () => {
    const { run, said, exitCode, result } = await runScript(
      script("{ executor: 'shared-iterations', vus: 4, iterations: 60 }"),
      { limits },
    )
    assert.equal(books(run).started, 60)
    const indices = said.map((text) => text.split(' ')[0])
    assert.equal(new Set(indices).size, indices.length)
    assert.equal(result.stopped.length, 1)
    assert.equal(exitCode, 0)
  })

  it('constant-vus, ramping-vus, constant-arrival-rate: all their VUs go on', async () => {
    for (const scenario of [
      "{ executor: 'constant-vus', vus: 3, duration: '5m' }",
      "{ executor: 'ramping-vus', startVUs: 3, stages: [{ target: 3, duration: '5m' }] }",
      "{ executor: 'constant-arrival-rate', rate: 20, duration: '5m', preAllocatedVUs: 3 }",
    ]) {
      const { run, error } = await runUntil(script(scenario), /^VU 1 was stopped/, [1, 2, 3])
      assert.equal(books(run).idle, 0)
      assert.equal(error?.code, 'STOPPED')
    }
  })

  it('numbers of iterations go on where they stood, in the next scenario, too', async () => {
    const source = script("{ executor: 'per-vu-iterations', vus: 2, iterations: 30 }").replace(
      '} }\n',
      ", t: { executor: 'per-vu-iterations', exec: 'other', vus: 2, iterations: 2, startTime: '4s' } } }\n",
    )
    const { run, said } = await runScript(source, { limits })
    assert.equal(books(run).started, 60)
    assert.deepEqual(said.filter((text) => text.startsWith('other')).sort(), [
      'other 0',
      'other 0',
      'other 1',
      'other 1',
    ])
  })

  it('does not begin another iteration of a VU that had its thread ended twice', async () => {
    const source = script("{ executor: 'per-vu-iterations', vus: 3, iterations: 30 }", '__VU === 1')
    const { run, said, errors, exitCode, count, result } = await runScript(source, { limits })
    assert.deepEqual(
      errors.map((text) => text.slice(0, 35)),
      [
        'VU 1 was stopped: the script used m',
        'VU 1 was stopped: the script used m',
        'VU 1 makes no further iteration: it',
      ],
    )
    assert.deepEqual(
      result.stopped.map(({ vu, code }) => [vu, code]),
      [
        [1, 'LIMIT_CPU'],
        [1, 'LIMIT_CPU'],
      ],
    )
    const { completed, interrupted } = {
      completed: run.counters.get('completed'),
      interrupted: run.counters.get('interrupted'),
    }
    assert.equal(completed + interrupted, 62)
    assert.equal(count('dropped_iterations'), 28)
    assert.ok(said.some((text) => text.endsWith(' of 2')))
    assert.equal(exitCode, 0)
  })

  it('ramping-vus and arrivals do without a VU that makes no further iteration', async () => {
    for (const scenario of [
      "{ executor: 'ramping-vus', startVUs: 2, stages: [{ target: 2, duration: '5m' }] }",
      "{ executor: 'constant-arrival-rate', rate: 20, duration: '5m', preAllocatedVUs: 2 }",
    ]) {
      const { run, error } = await runUntil(script(scenario, '__VU === 1'), /^VU 1 makes no further iteration/, [2])
      assert.equal(books(run).idle, 0)
      assert.equal(error?.code, 'STOPPED')
    }
  })

  it('ends the run when a VU has lost as many VMs as it may', async () => {
    const source = script("{ executor: 'constant-vus', vus: 2, duration: '60s' }", '__VU === 1')
    const { error, exitCode } = await runScript(source, { limits: { ...limits, vmLosses: 1 } })
    assert.equal(error?.message, 'VU 1 lost too many VMs, the run is over')
    assert.equal(exitCode, 107)
  })
})
