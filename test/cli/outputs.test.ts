import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { packageRoot } from '../../package-root.js'
import { httpReceiver, readRemoteWrite, seriesTexts } from '../report/outputs/receivers.js'

describe('belljar run --out', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-'))
    writeFileSync(
      join(folder, 'long.js'),
      `import { sleep } from 'k6'
      import { Counter } from 'k6/metrics'
      const turns = new Counter('turns')
      export const options = { vus: 2, duration: '1h' }
      export default function () { turns.add(1); if (__ITER === 3) console.log('running'); sleep(0.05) }`,
    )
    writeFileSync(
      join(folder, 'short.js'),
      `import { Counter } from 'k6/metrics'
      const turns = new Counter('turns')
      export const options = { iterations: 50, thresholds: { turns: ['count==50'] } }
      export default function () { turns.add(1) }`,
    )
  })
  after(() => rmSync(folder, { recursive: true }))

  const start = (args: readonly string[], env: Record<string, string> = {}): ChildProcess =>
    spawn(
      process.execPath,
      [join(packageRoot, 'bin', 'belljar.js'), 'run', '-q', '--summary-mode', 'disabled', ...args],
      {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
  const ended = async (child: ChildProcess) => {
    let err = ''
    child.stderr?.on('data', (chunk) => {
      err += chunk
    })
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    return { code, err }
  }

  it('has everything after Ctrl-C, in a file and at a receiver', async () => {
    const receiver = await httpReceiver()
    const child = start(['--out', 'json=a.json.gz', '--out', 'prometheus-rw', 'long.js'], {
      K6_PROMETHEUS_RW_SERVER_URL: `http://${receiver.address}/`,
      K6_PROMETHEUS_RW_PUSH_INTERVAL: '1h',
    })
    let hasSignal = false
    child.stderr?.on('data', (chunk) => {
      if (hasSignal || !String(chunk).includes('running')) return
      hasSignal = true
      child.kill('SIGINT')
    })
    const { code, err } = await ended(child)
    await receiver.close()
    assert.equal(code, 105)
    assert.doesNotMatch(err, /lost so far/)
    const lines = gunzipSync(readFileSync(join(folder, 'a.json.gz')))
      .toString()
      .trimEnd()
      .split('\n')
    const points = lines.map((line) => JSON.parse(line) as { type: string; metric: string })
    const turns = points.filter(({ type, metric }) => type === 'Point' && metric === 'turns').length
    assert.ok(turns >= 4)
    const pushed = seriesTexts(receiver.received.flatMap(({ body }) => readRemoteWrite(body)))
    assert.equal(new Map(pushed).get('k6_turns_total{scenario="default"}'), turns)
  })

  it('does not change the exit code when outputs fail, and says how much was lost', async () => {
    const receiver = await httpReceiver((response) => response.writeHead(403).end('go away'))
    const child = start(['--out', 'json=/dev/full', '--out', 'prometheus-rw', '--out', 'csv=ok.csv', 'short.js'], {
      K6_PROMETHEUS_RW_SERVER_URL: `http://${receiver.address}/`,
    })
    const { code, err } = await ended(child)
    await receiver.close()
    assert.equal(code, 0)
    assert.match(err, /output \/dev\/full: could not write: ENOSPC.*\(\d+ lines lost so far\)/)
    assert.match(err, /output prometheus-rw: .* answered with HTTP status 403: go away \(\d+ data points lost so far\)/)
    const rows = readFileSync(join(folder, 'ok.csv'), 'utf8').split('\n')
    assert.equal(rows.filter((row) => row.startsWith('turns,')).length, 50)
  })

  it('goes on when nobody reads standard output any more', async () => {
    const child = start(['--out', 'json', '--out', 'csv=all.csv', 'short.js'])
    child.stdout?.destroy()
    const { code, err } = await ended(child)
    assert.equal(code, 0, err)
    assert.match(err, /output stdout: could not write: EPIPE.*lines lost so far/)
    assert.match(readFileSync(join(folder, 'all.csv'), 'utf8'), /^turns,/m)
  })

  it('ends the run before it begins when an output cannot be made', async () => {
    for (const [out, message] of [
      ['json=no/such/folder.json', /could not open 'no\/such\/folder\.json' for writing/],
      ['opentelemetry', /K6_OTEL_EXPORT_INTERVAL: /],
    ] as const) {
      const { code, err } = await ended(start(['--out', out, 'long.js'], { K6_OTEL_EXPORT_INTERVAL: 'never' }))
      assert.equal(code, 255)
      assert.match(err, message)
      assert.doesNotMatch(err, /running/)
    }
  })
})
