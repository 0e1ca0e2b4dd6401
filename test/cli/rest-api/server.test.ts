import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAddress, serveRestApi } from '../../../cli/rest-api/server.js'
import type { TestRun } from '../../../engine/test-run.js'
import { trustedLimits } from '../../../policy/limits.js'
import { Logger } from '../../../report/logger.js'
import { Redactor } from '../../../report/redaction.js'
import { type EndedCommand, runCommand } from '../../support/run-command.js'
import { runScript } from '../../support/run-script.js'

interface Reply {
  status: number
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: documents of many shapes
  json: any
}

function ask(
  port: number,
  method: string,
  path: string,
  body = '',
  headers: Record<string, string> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      const isJson = response.headers['content-type']?.startsWith('application/json')
      resolve({ status: response.statusCode!, text, json: isJson ? JSON.parse(text) : undefined })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const status = (attributes: object) => JSON.stringify({ data: { type: 'status', id: 'default', attributes } })

describe('the REST API', () => {
  /** Runs a script and calls `look` with the API's port when the script says 'ready'; then lets it go on or stops it. */
  async function whileRunning(
    source: string,
    look: (port: number, run: TestRun) => Promise<void>,
    limits = trustedLimits,
  ) {
    let looking: Promise<void> | undefined
    let port = 0
    const redactor = new Redactor()
    redactor.add('sesame')
    const texts: string[] = []
    const logger = new Logger({ target: { write: (text) => texts.push(text) }, format: 'raw', level: 'debug' })
    const outcome = await runScript(source, {
      limits,
      onLine(line, run) {
        if (line.msg !== 'ready' || looking !== undefined) return
        looking = (async () => {
          const api = await serveRestApi('127.0.0.1:0', run, limits, logger, redactor)
          port = Number(/:(\d+)\s*$/.exec(texts.join(''))![1])
          try {
            await look(port, run)
          } finally {
            api.close()
          }
        })().finally(() => run.abort(Object.assign(new Error('over'), { code: 'STOPPED', exitCode: 103 }) as never))
        looking.catch(() => {})
      },
    })
    assert.ok(looking, `the script never said ready: ${outcome.errors.join()}`)
    await looking
    return outcome
  }

  const busy = `
    import { check, group, sleep } from 'k6'
    import { Counter, Rate } from 'k6/metrics'
    const rate = new Rate('my_rate')
    export const options = { vus: 2, duration: '60s', thresholds: { my_rate: ['rate>0.9'], iterations: ['count>=0'] } }
    export function setup() { return { token: 'abc' } }
    export default function () {
      group('outer', () => { group('inner', () => check(1, { 'is one': (n) => n === 1 })) })
      rate.add(__VU === 1)
      sleep(0.2)
      if (__ITER === 1) console.log('ready')
    }`

  it('shows status, metrics, groups and setup data in the shapes of k6', async () => {
    await whileRunning(busy, async (port) => {
      assert.deepEqual((await ask(port, 'GET', '/ping')).text, 'ok')
      assert.deepEqual((await ask(port, 'GET', '/v1/status')).json, {
        data: {
          type: 'status',
          id: 'default',
          attributes: { status: 7, paused: false, vus: 2, 'vus-max': 2, stopped: false, running: true, tainted: false },
        },
      })
      const { data } = (await ask(port, 'GET', '/v1/metrics')).json
      const iterations = data.find(({ id }: { id: string }) => id === 'iterations')
      assert.equal(iterations.type, 'metrics')
      assert.deepEqual(
        { ...iterations.attributes, sample: Object.keys(iterations.attributes.sample) },
        { type: 'counter', contains: 'default', tainted: false, sample: ['count', 'rate'] },
      )
      const duration = (await ask(port, 'GET', '/v1/metrics/iteration_duration')).json.data
      assert.equal(duration.id, 'iteration_duration')
      assert.equal(duration.attributes.tainted, null)
      assert.deepEqual(Object.keys(duration.attributes.sample), ['avg', 'max', 'med', 'min', 'p(90)', 'p(95)'])
      const groups = (await ask(port, 'GET', '/v1/groups')).json.data
      assert.deepEqual(
        groups.map(({ attributes }: { attributes: { path: string } }) => attributes.path),
        ['', '::outer', '::outer::inner'],
      )
      assert.equal(groups[0].id, 'd41d8cd98f00b204e9800998ecf8427e')
      assert.deepEqual(groups[2].relationships, {
        groups: { data: [] },
        parent: { data: { type: 'groups', id: groups[1].id } },
      })
      assert.equal(groups[2].attributes.checks[0].name, 'is one')
      assert.equal((await ask(port, 'GET', `/v1/groups/${groups[1].id}`)).json.data.attributes.name, 'outer')
      assert.deepEqual((await ask(port, 'GET', '/v1/setup')).json, {
        data: { type: 'setupData', id: 'default', attributes: { data: { token: 'abc' } } },
      })
    })
  })

  it('refuses what it does not know, in k6’s form of an error', async () => {
    await whileRunning(busy, async (port) => {
      const codeOf = async (method: string, path: string, body = '') => (await ask(port, method, path, body)).status
      assert.deepEqual((await ask(port, 'GET', '/v1/metrics/nope')).json, {
        errors: [{ status: '404', title: 'Not Found', detail: 'No metric with that ID was found' }],
      })
      assert.equal(await codeOf('GET', '/v1/groups/nope'), 404)
      assert.equal(await codeOf('GET', '/v1/nope'), 404)
      assert.equal(await codeOf('GET', '/__proto__'), 404)
      assert.equal(await codeOf('DELETE', '/v1/status'), 405)
      assert.equal(await codeOf('PATCH', '/v1/status', '{'), 400)
      assert.equal(await codeOf('PATCH', '/v1/status', '{}'), 400)
      assert.equal(await codeOf('PATCH', '/v1/status', status({ stopped: 'yes' })), 400)
      // As in k6: no executor can be paused once it runs.
      assert.equal(await codeOf('PATCH', '/v1/status', status({ paused: true })), 400)
    })
  })

  it('answers no other host and no web page, and reads no long body', async () => {
    const look = async (port: number, run: TestRun) => {
      const stop = status({ stopped: true })
      const from = async (headers: Record<string, string>) =>
        (await ask(port, 'PATCH', '/v1/status', stop, headers)).status
      assert.equal(await from({ host: 'rebound.example.com' }), 403)
      assert.equal(await from({ host: '127.0.0.1.example.com:6565' }), 403)
      assert.equal(await from({ origin: 'http://example.com' }), 403)
      assert.equal(run.isStopping, false)
      assert.equal((await ask(port, 'PUT', '/v1/setup', 'x'.repeat(2000))).status, 413)
      assert.equal((await ask(port, 'GET', '/ping', '', { host: `localhost:${port}` })).status, 200)
    }
    await whileRunning(busy, look, { ...trustedLimits, setupDataBytes: 1000 })
  })

  it('runs setup and teardown, and takes setup data', async () => {
    const source = `
      import { sleep } from 'k6'
      export const options = { vus: 1, duration: '60s' }
      let runs = 0
      export function setup() { return { at: 'setup' } }
      export function teardown(data) { console.log('teardown of', data.at) }
      export default function () { if (__ITER === 0) console.log('ready'); sleep(0.1) }`
    const { said } = await whileRunning(source, async (port) => {
      assert.deepEqual((await ask(port, 'PUT', '/v1/setup', '{"at":"put"}')).json.data.attributes.data, { at: 'put' })
      assert.deepEqual(await ask(port, 'POST', '/v1/teardown'), { status: 200, text: '', json: undefined })
      assert.deepEqual((await ask(port, 'POST', '/v1/setup')).json.data.attributes.data, { at: 'setup' })
    })
    assert.deepEqual(said.slice(1), ['teardown of put', 'teardown of setup'])
  })

  it('shows no secret in what a script threw', async () => {
    const source = `
      import { sleep } from 'k6'
      export const options = { vus: 1, duration: '60s' }
      export default function () { if (__ITER === 0) console.log('ready'); sleep(0.1) }
      export function teardown() { throw new Error('wrong password sesame') }`
    await whileRunning(source, async (port) => {
      const { status, text } = await ask(port, 'POST', '/v1/teardown')
      assert.equal(status, 500)
      assert.match(text, /wrong password \*{3}SECRET_REDACTED/)
    })
  })

  it('runs one setup or teardown after the other', async () => {
    const source = `
      import { sleep } from 'k6'
      export const options = { vus: 1, duration: '60s' }
      export function setup() { console.log('in'); sleep(0.2); console.log('out') }
      export function teardown() { console.log('in'); console.log('out') }
      export default function () { if (__ITER === 0) console.log('ready'); sleep(0.1) }`
    const { said } = await whileRunning(source, async (port) => {
      const answers = await Promise.all(['setup', 'setup', 'teardown'].map((name) => ask(port, 'POST', `/v1/${name}`)))
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200],
      )
    })
    const turns = said.filter((text) => text !== 'ready')
    assert.deepEqual(turns, ['in', 'out', 'in', 'out', 'in', 'out', 'in', 'out', 'in', 'out'])
  })

  describe('of the command', () => {
    let folder: string
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'belljar-'))
      writeFileSync(
        join(folder, 'script.js'),
        `import { sleep } from 'k6'
        import exec from 'k6/execution'
        export const options = { iterations: 1, paused: true }
        export function setup() { console.log('setup') }
        export default function () { console.log('ran', exec.instance.currentTestRunDuration); sleep(__ENV.SLEEP || 0) }
        export function teardown() { console.log('teardown') }`,
      )
    })
    after(() => rmSync(folder, { recursive: true }))

    /** Runs the script and calls `then` with the port of the API when the test waits. */
    async function paused(args: readonly string[], then: (port: number) => Promise<void>): Promise<EndedCommand> {
      let err = ''
      let talk: Promise<void> | undefined
      const ended = await runCommand(folder, ['run', '-v', '--address', '127.0.0.1:0', ...args, 'script.js'], {
        onStart: (child) =>
          child.stderr!.on('data', (chunk) => {
            err += chunk
            const [, port] = /REST API server on 127\.0\.0\.1:(\d+)/.exec(err) ?? []
            if (port === undefined || talk !== undefined) return
            talk = untilPaused(Number(port)).then(() => then(Number(port)))
            talk.catch(() => child.kill())
          }),
      })
      await talk
      return ended
    }

    async function untilPaused(port: number): Promise<void> {
      while ((await ask(port, 'GET', '/v1/status')).json.data.attributes.status !== 4) await new Promise(setImmediate)
    }

    it('starts paused and waits to be resumed; that time does not count', async () => {
      let resumedAtMs = 0
      const { code, out, err } = await paused([], async (port) => {
        await new Promise((resolve) => setTimeout(resolve, 1200))
        resumedAtMs = performance.now()
        const { attributes } = (await ask(port, 'GET', '/v1/status')).json.data
        assert.deepEqual([attributes.paused, attributes.running, attributes['vus-max']], [true, false, 1])
        const resumed = await ask(port, 'PATCH', '/v1/status', status({ paused: false }))
        assert.equal(resumed.json.data.attributes.paused, false)
      })
      assert.equal(code, 0, err)
      assert.match(out, /paused, 0\/1 VUs, 0 complete/)
      assert.match(err, /msg=setup .*\n.*msg="ran .*\n.*msg=teardown/)
      assert.ok(Number(/ran ([0-9.]+)/.exec(err)![1]) < performance.now() - resumedAtMs)
    })

    it('stops the test with exit code 103', async () => {
      const { code, err } = await paused(['-e', 'SLEEP=60'], async (port) => {
        await ask(port, 'PATCH', '/v1/status', status({ paused: false }))
        while ((await ask(port, 'GET', '/v1/status')).json.data.attributes.vus !== 1) await new Promise(setImmediate)
        const { attributes } = (await ask(port, 'PATCH', '/v1/status', status({ stopped: true }))).json.data
        assert.equal(attributes.stopped, true)
      })
      assert.equal(code, 103)
      assert.match(err, /msg=teardown/)
      assert.match(err, /level=error msg="test run stopped from REST API"/)
    })

    it('stops a paused test before anything of it has begun', async () => {
      const { code, err } = await paused([], async (port) => {
        await ask(port, 'PATCH', '/v1/status', status({ stopped: true }))
      })
      assert.equal(code, 103)
      assert.doesNotMatch(err, /setup|teardown|fully finished/)
    })

    it('ends with 106 when its address is in use, and with 255 for one that is none', async () => {
      const other = createServer()
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
      const { port } = other.address() as { port: number }
      const { code, err } = await runCommand(folder, ['run', '-q', `--address=localhost:${port}`, 'script.js'])
      other.close()
      assert.equal(code, 106)
      assert.match(err, /listen tcp 127\.0\.0\.1:\d+: bind: address already in use/)
      assert.equal((await runCommand(folder, ['run', '-q', '--address=nowhere', 'script.js'])).code, 255)
    })

    it('is off without an address, and then a test cannot start paused', async () => {
      const { code, err } = await runCommand(folder, ['run', '-q', 'script.js'])
      assert.equal(code, 255)
      assert.match(err, /cannot start paused without the REST API/)
    })
  })

  it('listens on this machine only unless an address says otherwise', () => {
    assert.deepEqual(parseAddress('localhost:6565'), { host: '127.0.0.1', port: 6565 })
    assert.deepEqual(parseAddress(':6565'), { host: '127.0.0.1', port: 6565 })
    assert.deepEqual(parseAddress('[::1]:1'), { host: '::1', port: 1 })
    assert.deepEqual(parseAddress('0.0.0.0:1'), { host: '0.0.0.0', port: 1 })
    for (const text of ['', 'x', 'x:', '1.2.3.4:70000', 'http://x:1', 'a:b:1'])
      assert.throws(() => parseAddress(text), text)
  })
})
