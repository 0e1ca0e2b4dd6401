import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ThresholdDefinition } from '../../../metrics/thresholds.js'
import type { RunSample } from '../../metrics/run-of.js'
import { runWith, useUtc } from './run-with.js'

useUtc()
const folder = mkdtempSync(join(tmpdir(), 'outputs-'))
after(() => rmSync(folder, { recursive: true }))

describe('the output json', () => {
  it('writes a metric before its first sample, and samples with sorted tags and metadata', async () => {
    const thresholds = new Map<string, ThresholdDefinition[]>([
      ['tre', [{ threshold: 'p(95)<500' }, { threshold: 'avg<1', abortOnFail: true, delayAbortEvalMs: 90_000 }]],
      ['tre{method:Get}', [{ threshold: 'avg<1' }]],
    ])
    const samples: RunSample[] = [
      ['tre', 1.5, { method: 'Get', group: '::"g"' }, 2.25],
      ['tre', 1e21, { method: 'Get', group: '::"g"' }, 54.330078125],
      ['cnt', 0, { group: '' }],
    ]
    const { stdout } = await runWith('json', samples, { thresholds })
    assert.equal(
      stdout,
      `{"type":"Metric","data":{"name":"tre","type":"trend","contains":"default","thresholds":["p(95)<500",{"threshold":"avg<1","abortOnFail":true,"delayAbortEval":"1m30s"}],"submetrics":[{"name":"tre{method:Get}","suffix":"method:Get","tags":{"method":"Get"}}]},"metric":"tre"}
{"metric":"tre","type":"Point","data":{"time":"2026-11-22T07:44:52.00225Z","value":1.5,"tags":{"group":"::\\"g\\"","method":"Get"}}}
{"metric":"tre","type":"Point","data":{"time":"2026-11-22T07:44:52.054330078Z","value":1e+21,"tags":{"group":"::\\"g\\"","method":"Get"}}}
{"type":"Metric","data":{"name":"cnt","type":"counter","contains":"default","thresholds":[],"submetrics":null},"metric":"cnt"}
{"metric":"cnt","type":"Point","data":{"time":"2026-11-22T07:44:52Z","value":0,"tags":{"group":""}}}
{"metric":"cnt","type":"Point","data":{"time":"2026-11-22T07:44:52.0005Z","value":2,"tags":{"a":"x"},"metadata":{"vu":"1"}}}
`,
    )
  })

  it('writes to a file, compressed if its name says so', async () => {
    const [plain, compressed] = [join(folder, 'a.json'), join(folder, 'a.json.gz')]
    const { description, stdout } = await runWith(`json=${plain}`, [['cnt', 1]])
    await runWith(`json=${compressed}`, [['cnt', 1]])
    assert.equal(description, `json (${plain})`)
    assert.equal(stdout, '')
    assert.equal(readFileSync(plain, 'utf8').split('\n').length, 4)
    assert.equal(gunzipSync(readFileSync(compressed)).toString(), readFileSync(plain, 'utf8'))
  })

  it('compresses a file of many blocks so that it can be read as one', async () => {
    const path = join(folder, 'many.json.gz')
    const samples = Array.from({ length: 20_000 }, (_, i): RunSample => ['cnt', i])
    await runWith(`json=${path}`, samples)
    assert.equal(gunzipSync(readFileSync(path)).toString().split('\n').length, 20_003)
  })

  it('leaves out values that JSON cannot write, and says so', async () => {
    const { stdout, errors } = await runWith('json=-', [['tre', Number.POSITIVE_INFINITY]])
    assert.equal(stdout.includes('Infinity'), false)
    assert.deepEqual(errors, ['1 samples with an infinite value could not be written as JSON'])
  })

  it('says what is wrong with a file, when it is opened or later', async () => {
    await assert.rejects(() => runWith(`json=${folder}/no/a.json`, []), {
      code: 'OUTPUT_FAILED',
      message: /no\/a\.json' for writing: ENOENT/,
    })
    const { errors } = await runWith('json=/dev/full', [['cnt', 1]])
    assert.match(errors[0] ?? '', /^output \/dev\/full: could not write: ENOSPC.* \(3 lines lost so far\)$/)
    assert.equal(errors.length, 1)
  })

  it('lets no control sequence of a script through', async () => {
    const { stdout } = await runWith('json', [['cnt', 1, { '\u009b': '\u001b\u009b\u202e' }]])
    assert.ok(stdout.includes('{"\\u009b":"\\u001b\\u009b\\u202e"}'))
  })
})
