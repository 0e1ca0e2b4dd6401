import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunEvent, type RunScriptOptions, runScript } from '../../index.js'

/** Trusted unless said otherwise: a process for each run takes longer than most of them. */
const run = (text: string, options: Partial<RunScriptOptions> = {}) =>
  runScript({ script: { text }, threads: 1, policy: { profile: 'trusted' }, ...options })

const untrusted = { policy: {} }

describe('runScript', function () {
  this.timeout(60_000)

  it('tells of a run that passed what handleSummary is told, and writes nothing', async () => {
    const outcome = await run(`
      import { check, group } from 'k6'
      import { Trend, Counter } from 'k6/metrics'
      const latency = new Trend('latency', true)
      const errors = new Counter('errors')
      export const options = { iterations: 4, vus: 2, thresholds: { latency: ['max<100', 'avg<50'], 'errors{kind:no}': ['count<1'] } }
      export const setup = () => ({ users: ['a', 'b'] })
      export default function (data) {
        latency.add(10)
        errors.add(1, { kind: 'yes' })
        group('outer', () => group('inner', () => check(data, { 'has users': (d) => d.users.length === 2 })))
      }
      export const handleSummary = (data) => ({
        stdout: 'the end',
        '../../data.json': JSON.stringify(data.metrics.latency.values),
        bytes: new Uint8Array([1, 2, 255]).buffer,
      })`)
    assert.equal(outcome.status, 'passed')
    assert.equal(outcome.exitCode, 0)
    assert.equal(outcome.error, undefined)
    assert.deepEqual(outcome.iterations, { completed: 4, interrupted: 0 })
    assert.deepEqual(outcome.setupData, { users: ['a', 'b'] })
    const { latency, errors } = outcome.metrics
    assert.deepEqual(
      { ...latency, values: { ...latency!.values } },
      {
        type: 'trend',
        contains: 'time',
        values: { avg: 10, min: 10, med: 10, max: 10, 'p(90)': 10, 'p(95)': 10 },
      },
    )
    assert.equal(errors!.values.count, 4)
    assert.equal(outcome.metrics['errors{kind:no}']!.values.count, 0)
    assert.deepEqual(outcome.checks, [{ name: 'has users', group: '::outer::inner', passes: 4, fails: 0 }])
    assert.deepEqual(outcome.groups, ['::outer', '::outer::inner'])
    assert.deepEqual(outcome.thresholds, [
      { metric: 'errors{kind:no}', threshold: 'count<1', ok: true },
      { metric: 'latency', threshold: 'max<100', ok: true },
      { metric: 'latency', threshold: 'avg<50', ok: true },
    ])
    assert.deepEqual([...outcome.files.keys()], ['stdout', '../../data.json', 'bytes'])
    assert.equal(outcome.files.get('stdout'), 'the end')
    assert.equal(JSON.parse(outcome.files.get('../../data.json') as string).avg, 10)
    assert.deepEqual([...(outcome.files.get('bytes') as Uint8Array)], [1, 2, 255])
  })

  it('gives the usual summary where the script has no handleSummary', async () => {
    const outcome = await run('export default function () {}')
    assert.match(outcome.files.get('stdout') as string, /iterations\.+: 1 /)
    assert.deepEqual([...outcome.files.keys()], ['stdout'])
  })

  it('tells what made a run fail, whatever it was', async () => {
    for (const [text, code, exitCode] of [
      [
        'export const options = { thresholds: { iterations: ["count>5"] } }; export default () => {}',
        'THRESHOLDS_FAILED',
        99,
      ],
      ['throw new Error("no init")', 'SCRIPT_EXCEPTION', 107],
      ['export default function () {', 'SCRIPT_EXCEPTION', 107],
      ['export const options = { vus: "many" }; export default () => {}', 'OPTIONS_INVALID', 104],
      ['import exec from "k6/execution"; export default () => exec.test.abort("enough")', 'SCRIPT_ABORTED', 108],
      ['export const x = 1', 'SCRIPT_NO_EXPORTS', 255],
      ['export const setup = () => { throw new Error("no setup") }; export default () => {}', 'SCRIPT_EXCEPTION', 107],
    ] as const) {
      const { status, error, exitCode: ended } = await run(text)
      assert.deepEqual([status, error?.code, ended], ['failed', code, exitCode], text)
    }
  })

  it('puts options of the caller over those of the script', async () => {
    const text = 'export const options = { iterations: 50 }; export default () => {}'
    const { iterations } = await run(text, { options: { iterations: 3, vus: 1 } })
    assert.equal(iterations.completed, 3)
  })

  it('lets a script see the variables that it is given and, by the policy, those of the process', async () => {
    process.env.BELLJAR_TEST_SEEN = 'seen'
    try {
      const text =
        'export default () => {}; export const setup = () => [__ENV.OWN, __ENV.BELLJAR_TEST_SEEN, __ENV.PATH]'
      assert.deepEqual((await run(text, { ...untrusted, env: { OWN: 'own' } })).setupData, ['own', null, null])
      const opened = await run(text, { policy: { env: ['BELLJAR_*'] } })
      assert.deepEqual(opened.setupData, [null, 'seen', null])
    } finally {
      delete process.env.BELLJAR_TEST_SEEN
    }
  })

  it('runs a file, with what lies beside it when the policy lets it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'belljar-api-'))
    try {
      writeFileSync(join(folder, 'script.ts'), "export { default } from './lib.ts'")
      writeFileSync(join(folder, 'lib.ts'), 'const one: number = 1; export default function () { return one }')
      const script = { path: join(folder, 'script.ts') }
      const { status } = await runScript({ script, policy: { files: { read: [folder] } }, threads: 1 })
      assert.equal(status, 'passed')
      const text = "export { default } from './lib.ts'"
      const beside = { text, name: join(folder, 'other.ts') }
      const found = await runScript({ script: beside, policy: { files: { read: [folder] } }, threads: 1 })
      assert.equal(found.status, 'passed')
      const closed = await runScript({ script: beside, threads: 1 })
      assert.equal(closed.status, 'failed')
      const missing = await runScript({ script: { path: join(folder, 'missing.js') }, threads: 1 })
      assert.equal(missing.error?.code, 'FILE_NOT_FOUND')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('gives a script of a stranger a process of its own, and any other where it is asked for', async () => {
    const text = 'export default () => {}'
    const used = async (options: Partial<RunScriptOptions>) => (await run(text, options)).resources
    assert.equal(await used({ policy: { profile: 'trusted' } }), undefined)
    for (const options of [untrusted, { policy: { profile: 'trusted' }, isolation: 'process' }] as const) {
      const { peakMemoryBytes, cpuMs } = (await used(options))!
      assert.ok(peakMemoryBytes > 1024 * 1024 && cpuMs > 0)
    }
  })

  it('tells lines, progress and metrics while it goes on, and how they ended', async () => {
    const events: RunEvent[] = []
    await run(
      `import { sleep } from 'k6'
      export const options = { scenarios: { mine: { executor: 'per-vu-iterations', iterations: 3 } } }
      export default () => { console.warn('line\\n\\u001b[31m', __ITER); sleep(0.2) }`,
      { onEvent: (event) => events.push(event), progressMs: 50, metricsMs: 50 },
    )
    const lines = events.flatMap((event) => (event.type === 'log' ? [event.line] : []))
    assert.deepEqual(
      lines.map(({ level, msg, fields }) => [level, msg, fields.source]),
      [0, 1, 2].map((i) => ['warning', `line\n\\u001b[31m ${i}`, 'console']),
    )
    const progress = events.flatMap((event) => (event.type === 'progress' ? [event.progress] : []))
    assert.ok(progress.some(({ phase, activeVus }) => phase === 'run' && activeVus === 1))
    const last = progress.at(-1)!
    assert.deepEqual([last.phase, last.completed, last.scenarios[0]?.name], ['ended', 3, 'mine'])
    const counts = events.flatMap((event) => (event.type === 'metrics' ? [event.metrics.iterations?.values.count] : []))
    assert.equal(counts.at(-1), 3)
    assert.ok(counts.length > 2)
  })

  it('goes on when the function that it tells throws', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    let calls = 0
    const outcome = await run('export default () => console.log(1)', {
      options: { iterations: 3 },
      onEvent: () => {
        calls++
        if (calls % 2 === 0) throw new Error('handler')
        return Promise.reject(new Error('handler')) as unknown as undefined
      },
    })
    await new Promise((done) => setImmediate(done))
    process.off('warning', onWarning)
    assert.equal(outcome.status, 'passed')
    assert.ok(calls > 3)
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ['the onEvent function of a run threw: handler'],
    )
  })

  it('tells what the policy refused, by events and in the end', async () => {
    const events: RunEvent[] = []
    const text = "open('/belljar/closed.txt'); export default () => {}"
    const policy = { profile: 'trusted', files: { read: ['/belljar/open'] } } as const
    const { status, audit } = await run(text, { policy, onEvent: (event) => events.push(event) })
    assert.equal(status, 'failed')
    assert.deepEqual(
      audit.records.map(({ section, subject, vu, count }) => ({ section, subject, vu, count })),
      [{ section: 'files.read', subject: '/belljar/closed.txt', vu: 0, count: 1 }],
    )
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'audit' ? [event.record] : [])),
      audit.records,
    )
  })

  it('keeps nothing of a handleSummary that returned too much', async () => {
    const text = "export default () => {}; export const handleSummary = () => ({ a: '1', b: '2', stdout: '3' })"
    const lines: string[] = []
    const { status, files, audit } = await run(text, {
      policy: { profile: 'trusted', limits: { summaryFiles: 1 } },
      onEvent: (event) => event.type === 'log' && lines.push(event.line.msg),
    })
    assert.deepEqual([status, files.size], ['passed', 0])
    assert.deepEqual(lines, ['failed to handle the end-of-test summary'])
    assert.equal(audit.records[0]?.section, 'limits.summaryFiles')
  })

  it('tells which VUs a limit stopped, in a run that went on', async () => {
    for (const options of [
      { policy: { profile: 'trusted', limits: { cpuMs: 300, graceMs: 200 } } },
      { policy: { limits: { cpuMs: 300 } } },
    ] as const) {
      const text = 'export default () => [].indexOf.call({ length: 2 ** 53 - 1 }, 1)'
      const { iterations, stopped } = await run(text, options)
      assert.deepEqual(iterations, { completed: 0, interrupted: 1 })
      assert.deepEqual(
        stopped.map(({ vu, code }) => [vu, code]),
        [[1, 'LIMIT_CPU']],
      )
      assert.match(stopped[0]!.reason, /limit cpuMs/)
    }
  })

  it('lets many go on at once, each with its own policy, options and events', async () => {
    const text = `
      import { Counter } from 'k6/metrics'
      const mine = new Counter('mine_' + __ENV.NAME)
      export default () => { mine.add(1); console.log(__ENV.NAME) }`
    const runs = await Promise.all(
      ['a', 'b', 'c'].map(async (name, i) => {
        const said = new Set<string>()
        const outcome = await run(text, {
          env: { NAME: name },
          options: { iterations: i + 1 },
          policy: { profile: i === 0 ? 'trusted' : 'untrusted' },
          // Lines of level debug tell of the process.
          onEvent: (event) => event.type === 'log' && event.line.level === 'info' && said.add(event.line.msg),
        })
        return [
          Object.keys(outcome.metrics).filter((key) => key.startsWith('mine')),
          outcome.iterations.completed,
          said,
        ]
      }),
    )
    assert.deepEqual(runs, [
      [['mine_a'], 1, new Set('a')],
      [['mine_b'], 2, new Set('b')],
      [['mine_c'], 3, new Set('c')],
    ])
  })
})
