import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../support/run-command.js'

describe('belljar inspect', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const inspect = (script: string, args: readonly string[] = [], env: Record<string, string> = {}) => {
    writeFileSync(join(folder, 'script.js'), script)
    return runCommand(folder, ['inspect', ...args, 'script.js'], { env })
  }
  const body = 'export default function () {}'

  it('shows what the script exports, with null for the rest, in the order and the escapes of k6', async () => {
    const { code, out } = await inspect(
      `export const options = { vus: 2, duration: '3s', thresholds: { iterations: ['count<5'] } }; ${body}`,
    )
    assert.equal(code, 0)
    assert.ok(out.startsWith('{\n  "paused": null,\n  "vus": 2,\n  "duration": "3s",\n  "iterations": null,\n'))
    assert.match(out, /"count\\u003c5"/)
    const options = JSON.parse(out)
    assert.deepEqual(
      Object.keys(options),
      `paused vus duration iterations stages scenarios executionSegment executionSegmentSequence noSetup setupTimeout
      noTeardown teardownTimeout handleSummaryTimeout rps dns maxRedirects userAgent batch batchPerHost httpDebug
      insecureSkipTLSVerify tlsCipherSuites tlsVersion tlsAuth throw thresholds blacklistIPs blockHostnames hosts
      noConnectionReuse noVUConnectionReuse minIterationDuration ext summaryTrendStats summaryTimeUnit systemTags tags
      metricSamplesBufferSize noCookiesReset discardResponseBodies features`.split(/\s+/),
    )
    assert.equal(options.scenarios, null)
    assert.equal(options.systemTags, null)
    assert.deepEqual(options.dns, { ttl: null, select: null, policy: null })
  })

  it('writes nothing that a terminal acts on', async () => {
    const name = 'a\u001b[31m\u009b2J\u202e'
    const { out } = await inspect(`export const options = { tags: { ${JSON.stringify(name)}: '\u009b' } }; ${body}`)
    assert.doesNotMatch(out, /[\u001b\u009b\u202e]/)
    assert.deepEqual(JSON.parse(out).tags, { [name]: '\u009b' })
  })

  it('writes the lock file when that is asked for', async () => {
    const { code } = await inspect(body, ['--update-lock', '--lock', 'modules.json'])
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'modules.json'), 'utf8')), { version: 1, modules: {} })
  })

  it('overlooks the environment, unless it is asked for what a run needs', async () => {
    const script = `export const options = { vus: 2, iterations: 4 }; ${body}`
    const env = { K6_ITERATIONS: '6' }
    assert.equal(JSON.parse((await inspect(script, [], env)).out).iterations, 4)
    const options = JSON.parse((await inspect(script, ['--execution-requirements', '--vus', '3'], env)).out)
    assert.equal(options.iterations, 6)
    assert.deepEqual(options.scenarios.default, {
      executor: 'shared-iterations',
      startTime: null,
      gracefulStop: null,
      env: null,
      exec: null,
      tags: null,
      vus: 3,
      iterations: 6,
      maxDuration: null,
    })
    assert.equal(options.totalDuration, '10m30s')
    assert.equal(options.maxVUs, 3)
    assert.deepEqual(options.summaryTrendStats, ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'])
  })

  it('runs no VU and no setup, and keeps the log out of the JSON', async () => {
    const { out, err } = await inspect(
      `console.log('init', __VU); export function setup() { console.log('setup') }
      export default function () { console.log('iteration') }`,
    )
    JSON.parse(out)
    assert.deepEqual(err.match(/msg="[^"]*"/g), ['msg="init 0"'])
  })

  it('leaves the environment out of __ENV unless told otherwise', async () => {
    const script = `export const options = { tags: { a: String(__ENV.FROM_SYSTEM) } }; ${body}`
    const env = { FROM_SYSTEM: 'yes' }
    assert.equal(JSON.parse((await inspect(script, [], env)).out).tags.a, 'undefined')
    assert.equal(JSON.parse((await inspect(script, ['--include-system-env-vars'], env)).out).tags.a, 'yes')
  })

  it('ends as run does when the script or its options are wrong', async () => {
    assert.equal((await inspect('throw new Error("no")')).code, 107)
    assert.equal((await inspect('export const options = {}')).code, 255)
    const badScenario = `export const options = { scenarios: { a: { executor: 'constant-vus' } } }; ${body}`
    assert.equal((await inspect(badScenario)).code, 0)
    const { code, err } = await inspect(badScenario, ['--execution-requirements'])
    assert.equal(code, 104)
    assert.match(err, /scenario a has configuration errors: the duration is unspecified/)
  })

  it('reads the script from standard input', async () => {
    const { code, out } = await runCommand(folder, ['inspect', '-'], {
      input: `export const options = { vus: 7 }; ${body}`,
    })
    assert.equal(code, 0)
    assert.equal(JSON.parse(out).vus, 7)
  })
})
