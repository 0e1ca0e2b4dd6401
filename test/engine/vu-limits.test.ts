import assert from 'node:assert/strict'
import { runScript } from '../support/run-script.js'

const iterations = 3
/** Short, and still long enough for what a healthy VU does on a machine that is busy with other things. */
const cpuMs = 600

/** Ten VUs in two threads; VU 1 does `attack` in its first iteration. */
const beside = (attack: string) => `
  import { sleep } from 'k6'
  export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 10, iterations: ${iterations}, maxDuration: '60s' } } }
  const dive = n => dive(n + 1) + 1
  export default function () {
    if (__VU === 1 && globalThis.isDone === undefined) { globalThis.isDone = true; ${attack} }
    sleep(0.01)
    console.log(__VU)
  }`

/** How many iterations each healthy VU ran to its end. */
function healthy(said: readonly string[]): number[] {
  return [2, 3, 4, 5, 6, 7, 8, 9, 10].map((vu) => said.filter((text) => text === String(vu)).length)
}

describe('a VU that goes wrong beside nine healthy ones', () => {
  const allDone = Array.from({ length: 9 }, () => iterations)
  const failures: Record<string, [attack: string, error: RegExp]> = {
    'recurses without end': ['dive(0)', /^InternalError: stack overflow\n\tat dive/],
    'recurses deep and waits there': [
      'const deep = n => n === 0 ? sleep(0.01) : [n].map(() => deep(n - 1)); deep(100000)',
      /^InternalError: stack overflow/,
    ],
    'allocates 200 MB': [
      'new ArrayBuffer(200e6)',
      /^InternalError: out of memory|^RangeError: .*|^TypeError: out of memory/,
    ],
  }
  for (const [name, [attack, error]] of Object.entries(failures)) {
    it(`${name}: an exception of this iteration, and all the others go on`, async () => {
      const { said, errors, exitCode, count } = await runScript(beside(attack), {
        threads: 2,
        limits: { memoryBytes: 64 * 1024 * 1024 },
      })
      assert.equal(errors.length, 1, errors.join('\n'))
      assert.match(errors[0]!, error)
      assert.deepEqual(healthy(said), allDone)
      assert.equal(count('iterations'), 10 * iterations)
      assert.equal(exitCode, 0)
    })
  }

  const losses: Record<string, string> = {
    'never yields': 'while (true) {}',
    'never yields in promise jobs': 'const spin = () => { Promise.resolve().then(spin) }; spin()',
    'never yields after it waited': 'sleep(0.05); while (true) {}',
  }
  for (const [name, attack] of Object.entries(losses)) {
    it(`${name}: it loses its VM with a clear error and goes on with a new one, and all the others go on`, async () => {
      // A VM of the same VU begins anew, so the attack is remembered outside of it: by the VU's first iteration.
      const source = beside(attack).replace('globalThis.isDone === undefined', '__ITER === 0')
      const { said, errors, exitCode, run } = await runScript(source, { threads: 2, limits: { cpuMs } })
      assert.deepEqual(errors, [
        `VU 1 was stopped: the script used more than ${cpuMs} ms of CPU without waiting (limit cpuMs)`,
      ])
      assert.deepEqual(healthy(said), allDone)
      assert.equal(run.counters.get('interrupted'), 1)
      assert.equal(exitCode, 0)
    })
  }

  it('ends the run when it loses one VM after the other', async () => {
    const source = beside('').replace(/if \(__VU === 1.*\n/, 'if (__VU === 1) while (true) {}\n')
    const { errors, error, exitCode } = await runScript(source, { threads: 2, limits: { cpuMs, vmLosses: 3 } })
    assert.equal(errors.filter((text) => text.startsWith('VU 1 was stopped')).length, 3)
    assert.match(error!.message, /VU 1 lost too many VMs/)
    assert.equal(exitCode, 107)
  })

  it('spins in setup, or in the init code: the run ends with a clear error', async () => {
    const spin = 'export default () => {}\n'
    const setup = await runScript(`${spin} export function setup() { while (true) {} }`, {
      limits: { stageCpuMs: cpuMs },
    })
    assert.equal(setup.error?.code, 'LIMIT_CPU')
    await assert.rejects(runScript(`${spin} while (true) {}`, { limits: { initCpuMs: cpuMs } }), {
      code: 'LIMIT_CPU',
      message: /used more than 600 ms of CPU/,
    })
  })

  it('writes lines of any length and number: they are cut, and none is lost', async () => {
    const { said } = await runScript(
      `export const options = { iterations: 1 }
      export default function () { console.log('x'.repeat(1e6)); for (let i = 0; i < 3000; i++) console.log(i) }`,
      { limits: { logLineBytes: 100 } },
    )
    assert.match(said[0]!, /^x{100}… \(999900 characters cut\)$/)
    assert.equal(said.length, 3001)
  })
})
