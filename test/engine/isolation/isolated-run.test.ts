import assert from 'node:assert/strict'
import { IsolatedRun } from '../../../engine/isolation/isolated-run.js'
import { newRun } from '../../../engine/start-run.js'
import { TestRun } from '../../../engine/test-run.js'
import { AppError } from '../../../errors.js'
import { trustedPolicy } from '../../../policy/policy.js'
import { serve, stopServers } from '../../host/grpc/scripted-server.js'
import { checkIsolated, isolatedSettings, runIsolated } from '../../support/isolated.js'
import { watchTemporaryFiles } from './traces.js'

describe('a run in a process of its own', function () {
  // Each starts a process or more, which a busy machine takes its time for.
  this.timeout(60_000)
  const temporaryFiles = watchTemporaryFiles()
  afterEach(() => assert.deepEqual(temporaryFiles(), []))
  after(stopServers)

  const script = `
    import { check, group } from 'k6'
    import { Counter, Gauge, Rate, Trend } from 'k6/metrics'
    const [counter, gauge, rate] = [new Counter('counted'), new Gauge('gauged'), new Rate('rated')]
    const trend = new Trend('sampled', true)
    export const options = {
      scenarios: { s: { executor: 'per-vu-iterations', vus: 2, iterations: 3, tags: { kind: 'a' } } },
      thresholds: {
        counted: ['count==12'],
        'sampled{kind:a}': ['p(95)<2', 'avg<100'],
        'sampled{kind:b}': ['avg<1'],
        checks: [{ threshold: 'rate>0.5', abortOnFail: true }],
      },
      nonsense: 1,
    }
    export function setup() { console.warn('in setup'); return { list: [1, 2], text: '\\u2028é' } }
    export default function (data) {
      counter.add(2, { more: 'x' })
      gauge.add(data.list[1])
      rate.add(__ITER === 0)
      trend.add(__ITER * 2)
      group('g', () => check(data, { 'is there': (d) => d.text === '\\u2028é', 'is not': () => __ITER === 5 }))
      if (__ITER === 1 && __VU === 1) throw new Error('once')
    }
    export function teardown(data) { console.log('teardown', data.list.length) }
    export function handleSummary(data) {
      return { stdout: JSON.stringify(data.metrics.sampled), 'a/file': new Uint8Array([0, 255]).buffer }
    }`

  it('says, measures, judges and answers what it does in threads of this process', async () => {
    const outcome = async (isHere: boolean) => {
      let summary: string | undefined
      const { run, result, lines } = await runIsolated(
        script,
        {
          onEnd: async (ended) => {
            summary = await ended.handleSummary('{"metrics":{"sampled":{"values":{"avg":2}}}}')
          },
        },
        isHere,
      )
      const { error, setupData, hasHandleSummary, hasBegun } = result
      const values = run.store.observed().map(({ name, sink }) => {
        // What depends on the clock.
        if (/duration|vus|data_/.test(name)) return name
        const value = sink.type === 'trend' ? [sink.avg, sink.max, sink.percentile(90)] : { ...sink }
        return `${name} ${JSON.stringify(value)}`
      })
      return {
        lines: lines
          .filter(({ level }) => level !== 'debug')
          .map(({ level, msg, fields }) => `${level} ${msg} ${JSON.stringify(fields)}`)
          .sort(),
        error: [error?.code, error?.message, error?.exitCode],
        setupData,
        hasHandleSummary,
        hasBegun,
        values: values.sort(),
        checks: [...run.store.checks.values()].map(({ name, passes, fails }) => [name, passes, fails]),
        thresholds: run.thresholds.all().map((one) => [one.stored.name, one.thresholds.map((t) => t.hasFailed)]),
        progress: { ...run.progress, elapsedMs: 0, scenarios: run.progress.scenarios.map(({ status }) => status) },
        setupJson: run.setupJson,
        summary,
      }
    }
    const there = await outcome(false)
    const here = await outcome(true)
    assert.deepEqual(there, here)
    assert.equal(there.error[0], 'THRESHOLDS_FAILED')
    assert.equal(there.progress.completed, 6)
    assert.ok(there.lines.some((line) => line.includes('once')))
    assert.ok(there.summary?.includes('AP8='))
  })

  it('reaches a server that its policy opens', async () => {
    const { address } = await serve((call) => call.finish({ 'grpc-status': '5' }))
    const { result, run } = await runIsolated(
      `import grpc from 'k6/net/grpc'
       const client = new grpc.Client()
       export const options = { thresholds: { grpc_reqs: ['count==1'] } }
       export default () => {
         client.connect('${address}', { plaintext: true })
         try { client.healthCheck() } catch (e) { console.log(e.message) }
       }`,
      { policy: { network: { default: 'allow', privateRanges: 'open', allow: [], deny: [] } } },
    )
    assert.equal(result.error, undefined)
    assert.equal(run.store.get('grpc_reqs')?.sink.isEmpty, false)
  })

  it('tells exceptions of init code and wrong options as they are', async () => {
    await assert.rejects(
      runIsolated(`throw new TypeError('in init')`),
      (e: AppError & { failure: { frames: string } }) => {
        assert.equal(e.code, 'SCRIPT_EXCEPTION')
        assert.equal(e.message, 'TypeError: in init')
        assert.match(e.failure.frames, /script\.js:1:\d+/)
        return true
      },
    )
    await assert.rejects(runIsolated(`export const options = { vus: 'x' }; export default () => {}`), {
      code: 'OPTIONS_INVALID',
    })
    await assert.rejects(
      runIsolated(`export const options = { thresholds: { nope: ['avg<1'] } }; export default () => {}`),
      { code: 'OPTIONS_INVALID', message: /no metric name "nope" found/ },
    )
    await assert.rejects(runIsolated('export default () => {}', { options: { vus: -1 } }), { code: 'OPTIONS_INVALID' })
  })

  it('is ended in order from outside, and by the script', async () => {
    const endless = `import { sleep } from 'k6'
      export const options = { vus: 1, duration: '10m' }
      export default () => { console.log('on'); sleep(600) }
      export const teardown = () => console.log('teardown')`
    const reason = new AppError('INTERRUPTED', 'from outside', { exitCode: 105 })
    const aborted = await runIsolated(endless, { onLine: ({ msg }, run) => msg === 'on' && run.abort(reason) })
    assert.deepEqual([aborted.result.error?.code, aborted.result.error?.message], ['INTERRUPTED', 'from outside'])
    assert.deepEqual(aborted.said, ['on', 'teardown'])
    assert.equal(aborted.run.progress.interrupted, 1)
    const { result } = await runIsolated(
      `import exec from 'k6/execution'
       export default () => exec.test.abort('enough')`,
    )
    assert.deepEqual([result.error?.code, result.error?.message], ['SCRIPT_ABORTED', 'test aborted: enough'])
  })

  it('waits paused, and takes data in the place of what setup() returned', async () => {
    const { said, run } = await runIsolated(
      `import { sleep } from 'k6'
       export const options = { paused: true, vus: 1, duration: '10m' }
       export const setup = () => ({ from: 'setup' })
       export default (data) => { console.log(data.from); sleep(600) }
       export const teardown = (data) => console.log('end', data.from)`,
      {
        onBegin: (begun) => {
          assert.equal(begun.isPaused, true)
          begun.setPaused(false)
          assert.equal(begun.isPaused, false)
        },
        onLine: async ({ msg }, begun) => {
          if (msg !== 'setup') return
          await begun.setSetupJson('{"from":"outside"}')
          begun.abort(new AppError('STOPPED', 'enough'))
        },
      },
    )
    assert.deepEqual(said, ['setup', 'end outside'])
    assert.equal(run.setupJson, '{"from":"outside"}')
    assert.throws(() => run.setPaused(true), { code: 'USAGE' })
  })

  it('gets secrets, whose sources stay where they are', async () => {
    const told: string[] = []
    const { said } = await runIsolated(
      `import secrets from 'k6/secrets'
       export default async () => {
         console.log(await secrets.get('key'))
         await secrets.get('nope').catch((e) => console.log(String(e)))
       }`,
      {
        settings: {
          secrets: {
            answer: async ({ request, key }) => {
              told.push(key)
              return key === 'key' ? { request, secret: 'mine' } : { request, problem: 'no value' }
            },
            close() {},
          },
        },
      },
    )
    assert.deepEqual(said, ['mine', 'no value'])
    assert.deepEqual(told, ['key', 'nope'])
    await assert.rejects(
      runIsolated('export default () => {}', {
        settings: { secrets: { specs: ['nope=1'], environment: {}, readFile: () => assert.fail() } },
      }),
      { code: 'USAGE' },
    )
  })

  it('checks a script without a load', async () => {
    const { findings, summaries } = await checkIsolated(
      `export default () => { undefinedFunction() }
       export function handleSummary(data) { if (data.given !== 'by the parent') throw new Error('not given') ; return {} }`,
    )
    assert.deepEqual(
      findings.map(({ severity, text, place }) => [severity, text, place?.line]),
      [['error', "ReferenceError: 'undefinedFunction' is not defined", 1]],
    )
    assert.match(summaries.join(), /iterations/)
  })

  it('is none for a script that is not trusted', async () => {
    const settings = isolatedSettings('export default () => {}')
    assert.ok((await newRun(settings, { log() {} })) instanceof IsolatedRun)
    await assert.rejects(newRun(settings, { log() {} }, 'none'), { code: 'USAGE' })
    assert.ok((await newRun({ ...settings, policy: trustedPolicy }, { log() {} })) instanceof TestRun)
  })

  it('also runs a script that is trusted, and one that was told to end before it began', async () => {
    const trusted = await runIsolated('export default () => console.log("ran")', {
      policy: trustedPolicy,
      limits: trustedPolicy.limits,
    })
    assert.deepEqual(trusted.said, ['ran'])
    const reason = new AppError('STOPPED', 'early')
    const { result, said } = await runIsolated('export default () => console.log("ran")', {
      onBegin: (run) => run.abort(reason),
    })
    assert.deepEqual([result.error?.code, result.hasBegun, said], ['STOPPED', false, []])
  })

  it('is ended when its time is over', async () => {
    const { result } = await runIsolated(
      `import { sleep } from 'k6'
       export const options = { vus: 1, duration: '10m' }
       export default () => sleep(600)`,
      { limits: { runMs: 6000 } },
    )
    assert.equal(result.error?.code, 'LIMIT_TIME')
    assert.match(result.error?.message ?? '', /runMs/)
  })

  it('is not ended by times that no timer can be set to', async () => {
    const { result, said } = await runIsolated('export default () => console.log("ran")', {
      limits: { runMs: 2 ** 40, iterationMs: 2 ** 40 },
      options: { teardownTimeout: '1000000h' },
    })
    assert.deepEqual([result.error, said], [undefined, ['ran']])
  })

  it('leaves out its own samples where tags of the options are too long', async () => {
    const { result, lines } = await runIsolated('export default () => {}', {
      options: { tags: { a: 'x'.repeat(5000) } },
    })
    assert.equal(result.error, undefined)
    assert.match(lines.map(({ msg }) => msg).join(), /samples were dropped \(limit tagBytes: 256\)/)
  })

  it('measures groups whose path is long', async () => {
    const { result, run } = await runIsolated(`
      import { group } from 'k6'
      const within = (depth) => group('g'.repeat(400), () => depth > 0 && within(depth - 1))
      export default () => within(15)`)
    assert.equal(result.error, undefined)
    const groups = run.store.get('group_duration')
    assert.deepEqual([groups?.sink.type === 'trend' && groups.sink.count, run.store.droppedSamples], [16, 0])
  })
})
