import assert from 'node:assert/strict'
import { AppError, ExitCode } from '../../errors.js'
import type { Limits } from '../../policy/limits.js'
import { serve, stopServers } from '../host/grpc/scripted-server.js'
import { runScript } from '../support/run-script.js'

const perVu = (vus: number, iterations: number, more = '') =>
  `export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: ${vus}, iterations: ${iterations}, maxDuration: '60s' } } ${more} }\n`

const never = 'export default () => { throw new Error("never") }\n'

describe('TestRun', () => {
  it('runs init, setup, iterations and teardown, each in VMs of their own', async () => {
    const { said, exitCode, count } = await runScript(`
      let state = 'fresh'
      console.log('init', __VU, typeof __ITER)
      export const options = { iterations: 2 }
      export function setup() { console.log('setup', __VU, typeof __ITER, state); state = 'setup'; return { from: 'setup' } }
      export default function (data) { console.log('default', __VU, __ITER, state, data.from); state = 'iterated' }
      export function teardown(data) { console.log('teardown', __VU, typeof __ITER, state, data.from) }`)
    assert.deepEqual(
      said.filter((text) => !text.startsWith('init')),
      [
        'setup 0 undefined fresh',
        'default 1 0 fresh setup',
        'default 1 1 iterated setup',
        'teardown 0 undefined fresh setup',
      ],
    )
    assert.ok(said.filter((text) => text === 'init 0 undefined').length >= 1)
    assert.equal(said.filter((text) => text === 'init 1 undefined').length, 1)
    assert.equal(exitCode, ExitCode.ok)
    assert.equal(count('iterations'), 2)
  })

  it('gives every VU a copy of what setup returned, the same one in all its iterations', async () => {
    const { said } = await runScript(
      `${perVu(3, 3)}
      export const setup = async () => { await null; return { list: [] } }
      export default function (data) { data.list.push(__VU); if (__ITER === 2) console.log(__VU + ':' + data.list.join('')) }
      export function teardown(data) { console.log('teardown:' + data.list.length) }`,
      { threads: 2 },
    )
    assert.deepEqual(said.sort(), ['1:111', '2:222', '3:333', 'teardown:0'])
  })

  it('keeps the globals of VUs apart, in one thread and over two', async () => {
    for (const threads of [1, 2]) {
      const { said } = await runScript(
        `${perVu(4, 5)}
        globalThis.n = 0
        export default function () { n += __VU; Array.prototype.mark = __VU; if (__ITER === 4) console.log(__VU, n, [].mark) }`,
        { threads },
      )
      assert.deepEqual(said.sort(), ['1 5 1', '2 10 2', '3 15 3', '4 20 4'])
    }
  })

  it('passes the environment on, and that of a scenario over it', async () => {
    const { said } = await runScript(
      `export const options = { scenarios: { s: { executor: 'shared-iterations', env: { B: 'scenario' } } } }
      export default () => console.log(__ENV.A, __ENV.B, Object.keys(__ENV).join())`,
      { env: { A: 'run', B: 'run' } },
    )
    assert.deepEqual(said, ['run scenario A,B'])
  })

  it('ends before it begins when the init code throws', async () => {
    await assert.rejects(runScript(`throw new TypeError('boom'); ${never}`), (e: AppError) => {
      assert.equal(e.code, 'SCRIPT_EXCEPTION')
      assert.equal(e.exitCode, ExitCode.scriptException)
      assert.equal(e.message, 'TypeError: boom')
      return true
    })
  })

  it('refuses a script that exports no function, and stages that are none', async () => {
    await assert.rejects(runScript('export const options = {}'), {
      exitCode: ExitCode.generic,
      message: /no exported functions in script$/,
    })
    await assert.rejects(runScript(`${never} export const setup = 5`), {
      exitCode: ExitCode.scriptException,
      message: /could not initialize 'script\.js'.*exported 'setup' must be a function$/,
    })
  })

  it('refuses options that are wrong and functions that are not there', async () => {
    await assert.rejects(runScript(`${never} export const options = { vus: 'x' }`), {
      exitCode: ExitCode.invalidConfig,
    })
    await assert.rejects(
      runScript(
        `${never} export const options = { scenarios: { s: { executor: 'per-vu-iterations', exec: 'nope' } } }`,
      ),
      { exitCode: ExitCode.invalidConfig, message: /function 'nope' not found in exports/ },
    )
  })

  it('ends with the exception of setup, and without iterations or teardown', async () => {
    const { said, error, exitCode } = await runScript(`
      export function setup() { throw new Error('in setup') }
      export default function () { console.log('default') }
      export function teardown() { console.log('teardown') }`)
    assert.equal(exitCode, ExitCode.scriptException)
    assert.match(error!.message, /^Error: in setup\n\tat setup \(file:\/\/\/test\/script\.js:2:\d+/)
    assert.deepEqual(said, [])
  })

  it('goes on after exceptions of iterations, which end it with no error', async () => {
    const { errors, exitCode, count } = await runScript(`
      export const options = { iterations: 3 }
      export default function () { throw new Error('iteration ' + __ITER) }`)
    assert.deepEqual(
      errors.map((text) => text.split('\n')[0]),
      ['Error: iteration 0', 'Error: iteration 1', 'Error: iteration 2'],
    )
    assert.equal(exitCode, ExitCode.ok)
    assert.equal(count('iterations'), 3)
  })

  it('ends with the exception of teardown, after all iterations', async () => {
    const { exitCode, error, count } = await runScript(`
      export const options = { iterations: 2 }
      export default function () {}
      export function teardown() { throw 'in teardown' }`)
    assert.equal(exitCode, ExitCode.scriptException)
    assert.match(error!.message, /in teardown/)
    assert.equal(count('iterations'), 2)
  })

  it('ends setup and teardown that take too long', async () => {
    const slow = "import { sleep } from 'k6'; let n = 0\n"
    const setup =
      await runScript(`${slow} ${never} export function setup() { try { sleep(60) } finally { console.log('finally') } }
      export const options = { setupTimeout: '200ms' }`)
    assert.equal(setup.exitCode, ExitCode.setupTimeout)
    assert.match(setup.error!.message, /^setup\(\) execution timed out after 0 seconds$/)
    assert.deepEqual(setup.said, [])
    const teardown = await runScript(`${slow} export default () => {}
      export const teardown = () => new Promise(resolve => setTimeout(resolve, 60000))
      export const options = { iterations: 1, teardownTimeout: '1s' }`)
    assert.equal(teardown.exitCode, ExitCode.teardownTimeout)
    assert.match(teardown.error!.message, /^teardown\(\) execution timed out after 1 seconds$/)
  })

  it('ends a setup whose time is over before its init code is done', async () => {
    const { error, said } = await runScript(
      `import { sleep } from 'k6'
      await new Promise((resolve) => setTimeout(resolve, 500))
      export const options = { setupTimeout: '50ms' }
      export function setup() { console.log('setup'); sleep(1) }
      export default function () { console.log('iteration') }`,
    )
    assert.equal(error?.code, 'SETUP_TIMEOUT')
    assert.deepEqual(said, [])
  })

  it('leaves out setup and teardown when told to', async () => {
    const { said } = await runScript(
      `export function setup() { console.log('setup'); return 1 }
      export default function (data) { console.log('default', data) }
      export function teardown() { console.log('teardown') }`,
      { options: { noSetup: true, noTeardown: true } },
    )
    assert.equal(said.length, 1)
    assert.match(said[0]!, /^default/)
  })

  it('refuses data of setup that is larger than its limit', async () => {
    const { error } = await runScript(`${never} export function setup() { return 'x'.repeat(2000) }`, {
      limits: { setupDataBytes: 1000 },
    })
    assert.equal(error?.code, 'LIMIT_SIZE')
    assert.match(error.message, /^setup\(\) returned 2003 bytes of JSON; it may return 1000 .*setupDataBytes/)
  })

  it('holds what handleSummary returns to its own limit, and not to that of setup data', async () => {
    const source = `export default function () {} export function handleSummary() { return { f: 'x'.repeat(2000) } }`
    const summaryOf = async (limits: Partial<Limits>) => {
      let files: string | undefined
      const { lines } = await runScript(source, {
        limits,
        onEnd: async (run) => {
          files = await run.handleSummary('{}')
        },
      })
      return lines.at(-1)?.fields.error ?? files ?? ''
    }
    assert.match(await summaryOf({ setupDataBytes: 1000 }), /x{2000}/)
    assert.match(await summaryOf({ summaryBytes: 1000 }), /it may return 1000 .*summaryBytes/)
  })

  it('holds getters of what a stage returned to the time of stages', async () => {
    const { error } = await runScript(`${never} export function setup() { return { get a() { for (;;); } } }`, {
      limits: { cpuMs: 60_000, stageCpuMs: 100 },
    })
    assert.match(error?.message ?? '', /more than 100 ms .*limit stageCpuMs/)
  })

  it('is ended by exec.test.abort: other VUs stop at once, teardown runs, the reason is the error', async () => {
    const { said, error, exitCode } = await runScript(
      `import { sleep } from 'k6'
      import exec from 'k6/execution'
      ${perVu(3, 1)}
      export default function () {
        if (__VU === 2) { sleep(0.1); exec.test.abort('enough') }
        try { sleep(60) } catch (e) { console.log('caught') } finally { console.log('finally') }
      }
      export function teardown() { console.log('teardown') }`,
      { threads: 2 },
    )
    assert.equal(exitCode, ExitCode.scriptAborted)
    assert.equal(error!.message, 'test aborted: enough')
    assert.deepEqual(said, ['teardown'])
  })

  it('is marked as failed by exec.test.fail and goes on', async () => {
    const { exitCode, count } = await runScript(`import exec from 'k6/execution'
      export const options = { iterations: 3 }
      export default function () { exec.test.fail('m') }`)
    assert.equal(exitCode, ExitCode.markedFailed)
    assert.equal(count('iterations'), 3)
  })

  it('is ended from outside at any time: while iterations wait, or never wait', async () => {
    for (const work of ['sleep(60)', '', 'for (;;);']) {
      const { said, error, exitCode, count } = await runScript(
        `import { sleep } from 'k6'
        export const options = { scenarios: { s: { executor: 'constant-vus', vus: 3, duration: '60s', gracefulStop: '30s' } } }
        export default function () { if (__ITER === 0 && __VU === 3) console.log('running'); ${work} }
        export function teardown() { console.log('teardown') }`,
        {
          limits: { cpuMs: 500, vmLosses: 100 },
          onLine: (line, run) => {
            if (line.msg === 'running') setTimeout(() => run.abort(new AppError('INTERRUPTED', 'stop')), 50)
          },
        },
      )
      assert.equal(exitCode, ExitCode.externalAbort, work)
      assert.equal(error!.message, 'stop')
      assert.deepEqual(said, ['running', 'teardown'])
      assert.equal(count('dropped_iterations'), undefined)
    }
  })

  it('is ended from outside while setup waits, and then runs no teardown', async () => {
    const { said, exitCode } = await runScript(
      `import { sleep } from 'k6'
      export function setup() { console.log('in setup'); sleep(60) }
      ${never}
      export function teardown() { console.log('teardown') }`,
      {
        onLine: (line, run) =>
          line.msg === 'in setup' && setTimeout(() => run.abort(new AppError('INTERRUPTED', 'stop')), 50),
      },
    )
    assert.equal(exitCode, ExitCode.externalAbort)
    assert.deepEqual(said, ['in setup'])
  })

  it('has not begun when the init code of a VU throws or aborts: no stage runs, and there is nothing to sum up', async () => {
    for (const [source, code, exitCode] of [
      ['throw new Error("in a VU")', 'SCRIPT_EXCEPTION', ExitCode.scriptException],
      ['exec.test.abort("in a VU")', 'SCRIPT_ABORTED', ExitCode.scriptAborted],
    ] as const) {
      const { result, said, error } = await runScript(
        `import exec from 'k6/execution'
        if (__VU === 2) ${source}
        export const options = { vus: 2, iterations: 2, thresholds: { iterations: ['count>5'] } }
        export const setup = () => console.log('setup')
        export const teardown = () => console.log('teardown')
        ${never}`,
      )
      assert.equal(result.hasBegun, false)
      assert.deepEqual(said, [])
      assert.equal(error?.code, code)
      assert.equal(error?.exitCode, exitCode)
      assert.match(error!.message, /in a VU/)
    }
  })

  it('is ended from outside while the init code of a VU goes on, without waiting for it', async () => {
    const { result, said, exitCode } = await runScript(
      `if (__VU > 0) for (;;);
      export const setup = () => console.log('setup')
      export const teardown = () => console.log('teardown')
      ${never}`,
      { onBegin: (run) => setTimeout(() => run.abort(new AppError('INTERRUPTED', 'stop')), 50) },
    )
    assert.equal(exitCode, ExitCode.externalAbort)
    assert.equal(result.hasBegun, false)
    assert.deepEqual(said, [])
  })

  it('goes on without a VU whose init code throws in the middle of the test, and says so', async () => {
    const { lines, exitCode, count, said } = await runScript(
      `import { sleep } from 'k6'
      if (__VU > 1) throw new Error('no more')
      export const options = { scenarios: { busy: {
        executor: 'constant-arrival-rate', rate: 5, duration: '1s', preAllocatedVUs: 1, maxVUs: 3,
      } } }
      export default () => { sleep(2) }
      export const teardown = () => console.log('teardown')`,
    )
    const faults = lines.filter(({ level }) => level === 'error')
    assert.ok(faults.length > 0)
    for (const { msg, fields } of faults) {
      assert.equal(msg, 'Error while allocating unplanned VU')
      assert.deepEqual(fields, { executor: 'constant-arrival-rate', scenario: 'busy', error: 'Error: no more' })
    }
    assert.equal(count('iterations'), 1)
    assert.ok(count('dropped_iterations')! >= 1)
    assert.deepEqual(said, ['teardown'])
    assert.equal(exitCode, 0)
  })

  it('crosses thresholds at the end, and with abortOnFail before it', async () => {
    const end = await runScript(`import { Counter } from 'k6/metrics'
      const c = new Counter('cc'); export const options = { iterations: 2, thresholds: { cc: ['count>5'] } }
      export default () => { c.add(1) }`)
    assert.equal(end.exitCode, ExitCode.thresholdsFailed)
    const early = await runScript(`import { Counter } from 'k6/metrics'; import { sleep } from 'k6'
      const c = new Counter('cc')
      export const options = { duration: '60s', thresholds: { cc: [{ threshold: 'count<1', abortOnFail: true }] } }
      export default () => { c.add(1); sleep(0.05) }`)
    assert.equal(early.exitCode, ExitCode.thresholdsFailed)
  })

  it('has so many thresholds as metrics, since each sample may count for each of them', async () => {
    const name = 'http_req_duration'
    for (const thresholds of [
      { [name]: ['p(9)>0', 'min>0', 'max>0'] },
      { [name]: [], [`${name}{a:1}`]: ['min>0', 'max>0'] },
    ]) {
      const source = `export const options = { iterations: 1, thresholds: ${JSON.stringify(thresholds)} }; export default () => {}`
      await assert.rejects(runScript(source, { limits: { metrics: 2 } }), {
        code: 'LIMIT_COUNT',
        message: 'the options have 3 thresholds; a run may have 2 (limit metrics)',
      })
    }
  })

  it('has the metrics of gRPC, on demand or not, only for a script that imports the module, in whatever way', async () => {
    for (const name of ['grpc_streams', 'grpc_reqs', 'grpc_req_failed{method:A}']) {
      const options = `export const options = { iterations: 1, thresholds: { '${name}': [] } }; export default () => {}`
      await assert.rejects(runScript(options), {
        exitCode: ExitCode.invalidConfig,
        message: `invalid threshold defined on ${name}; reason: no metric name "${name}" found`,
      })
      for (const source of [
        `import 'k6/net/grpc'; ${options}`,
        `const grpc = require('k6/net/grpc'); exports.options = { thresholds: { '${name}': [] } }; exports.default = () => {}`,
      ]) {
        const { run, exitCode } = await runScript(source)
        assert.equal(exitCode, ExitCode.ok)
        assert.ok(run.store.get(name)?.sink.isEmpty)
      }
    }
  })

  it('has a metric on demand also where thresholds come from the options of the run, or are not judged', async () => {
    const { address } = await serve((call) => call.finish({ 'grpc-status': '5' }))
    const script = `import grpc from 'k6/net/grpc'
      const client = new grpc.Client()
      export default () => {
        client.connect('${address}', { plaintext: true })
        try { client.healthCheck() } catch (e) { console.log(e.message.slice(0, 10)) }
      }`
    const options = { iterations: 3, vus: 3, thresholds: { grpc_reqs: ['count<1'] } }
    const judged = await runScript(script, { options, threads: 2 })
    assert.deepEqual([judged.count('grpc_reqs'), judged.exitCode], [3, ExitCode.thresholdsFailed])
    const unjudged = await runScript(script, { options, settings: { hasThresholds: false } })
    assert.deepEqual([unjudged.count('grpc_reqs'), unjudged.exitCode], [3, ExitCode.ok])
    await stopServers()
  })

  it('hands what handleSummary returned to whoever writes it', async () => {
    let summary: string | undefined
    await runScript(
      `export default () => {}
      export function handleSummary(data) { return { stdout: 'text ' + Object.keys(data).length, 'a.bin': new Uint8Array([1, 2]).buffer } }`,
      {
        onEnd: async (run) => {
          summary = await run.handleSummary('{"a":1}')
        },
      },
    )
    assert.deepEqual(JSON.parse(summary!), [
      ['stdout', 'text', 'text 2'],
      ['a.bin', 'base64', 'AQI='],
    ])
  })

  const summaryOf = async (handleSummary: string, handleSummaryTimeout = '2m') => {
    let summary: string | undefined
    const { lines } = await runScript(`export default () => {}\n${handleSummary}`, {
      options: { handleSummaryTimeout },
      onEnd: async (run) => {
        summary = await run.handleSummary('{}')
      },
    })
    return { summary, errors: lines.map(({ msg, fields }) => [msg.split('\n')[0], fields.error]) }
  }

  it('has no usual summary in place of a handleSummary that cannot be used', async () => {
    const title = 'failed to handle the end-of-test summary'
    for (const [source, error, timeout] of [
      ['export const handleSummary = 5', 'exported identifier handleSummary must be a function'],
      ['export const handleSummary = () => 5', 'handleSummary() should return a map with string keys'],
      [
        'export const handleSummary = () => ({ stdout: 5, stderr: "" })',
        'error handling summary object stdout: invalid type int64, it needs to be a string or ArrayBuffer',
      ],
      [
        'import { sleep } from "k6"; export const handleSummary = () => sleep(1000)',
        'handleSummary() execution timed out after 1 seconds',
        '1s',
      ],
      [
        'import exec from "k6/execution"; export const handleSummary = () => exec.test.abort("enough")',
        'test aborted: enough',
      ],
    ] as const) {
      assert.deepEqual(await summaryOf(source, timeout), { summary: '[]', errors: [[title, error]] })
    }
  })

  it('has the usual summary in place of a handleSummary that throws or returns nothing', async () => {
    assert.deepEqual(await summaryOf('export function handleSummary() { throw new Error("no") }'), {
      summary: undefined,
      errors: [['Error: no', undefined]],
    })
    assert.deepEqual(await summaryOf('export function handleSummary() {}'), { summary: undefined, errors: [] })
  })
})
