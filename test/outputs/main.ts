/**
 * The output experimental-prometheus-rw against Prometheus itself, of the Debian package: node build/test/outputs/main.js
 * Runs a test that pushes to it, and asks it over its HTTP API for what it has. Ends with `N passed, N failed`.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { packageRoot } from '../../package-root.js'

const folder = mkdtempSync(join(tmpdir(), 'belljar-prometheus-'))
const counts = { passed: 0, failed: 0 }

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startPrometheus(address: string): Promise<ChildProcess> {
  writeFileSync(join(folder, 'prometheus.yml'), 'global: {}\n')
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--web.enable-remote-write-receiver',
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  child.on('error', (e) => console.error(e.message))
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
    const isReady = await fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return child
    await delay(100)
  }
  throw new Error('prometheus did not start')
}

/** The labels and the value of each series that the query finds, at the moment. */
async function query(address: string, text: string): Promise<{ metric: Record<string, string>; value: number }[]> {
  const response = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(text)}`)
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] }
  }
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
}

function runBelljar(address: string, environment: Record<string, string>): { status: number | null; stderr: string } {
  const args = ['run', '--quiet', '--summary-mode', 'disabled', '--out', 'experimental-prometheus-rw']
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot, 'bin/belljar.js'), ...args, join(packageRoot, 'test/outputs/script.js')],
    {
      env: { ...process.env, K6_PROMETHEUS_RW_SERVER_URL: `http://${address}/api/v1/write`, ...environment },
      encoding: 'utf8',
      timeout: 120_000,
    },
  )
  return { status, stderr }
}

async function check(claim: string, body: () => Promise<void> | void): Promise<void> {
  try {
    await body()
    counts.passed++
    console.log(`  ok   ${claim}`)
  } catch (e) {
    counts.failed++
    console.log(`  FAIL ${claim}\n${e instanceof Error ? e.message : e}`)
  }
}

let prometheus: ChildProcess | undefined
try {
  const address = `127.0.0.1:${await freePort()}`
  prometheus = await startPrometheus(address)
  const stats = { K6_PROMETHEUS_RW_TREND_STATS: 'count,sum,min,avg,med,p(95),p(99.9),max' }
  const { status, stderr } = runBelljar(address, stats)
  const labels = { kind: 'a "quoted"\\name', my_tag: 'ü', scenario: 'default', testid: 'it' }
  await check('the run ends well and complains of nothing', () => {
    assert.deepEqual([status, stderr], [0, ''])
  })
  await check('a counter is the sum, with its tags as labels', async () => {
    assert.deepEqual(await query(address, 'k6_orders_total'), [
      { metric: { __name__: 'k6_orders_total', ...labels }, value: 200 },
    ])
  })
  await check('a gauge is the last value', async () => {
    assert.deepEqual(
      (await query(address, 'k6_stock')).map(({ value }) => value),
      [7],
    )
  })
  await check('a rate is a share', async () => {
    const rates = await query(address, 'k6_checks_rate{check="always"}')
    assert.deepEqual(
      rates.map(({ value }) => value),
      [1],
    )
    const [other] = await query(address, 'k6_checks_rate{check="never at first"}')
    assert.ok(other !== undefined && other.value > 0.8 && other.value < 1)
  })
  await check('a trend is its statistics, in seconds', async () => {
    for (const [stat, value] of Object.entries({
      count: 1000,
      sum: 5.5,
      min: 0.001,
      avg: 0.0055,
      med: 0.0055,
      p95: 0.01,
      p99_9: 0.01,
      max: 0.01,
    })) {
      const [series] = await query(address, `k6_waiting_${stat}`)
      assert.ok(Math.abs((series?.value ?? Number.NaN) - value) < 1e-9, `${stat}: ${series?.value}`)
    }
  })
  await check('built-in metrics are there', async () => {
    const [iterations] = await query(address, 'k6_iterations_total')
    assert.equal(iterations?.value, 100)
    assert.equal((await query(address, 'k6_iteration_duration_max')).length, 1)
  })
  await check('stale markers end the series', async () => {
    const labelled = { K6_PROMETHEUS_RW_STALE_MARKERS: 'true', K6_PROMETHEUS_RW_LABELS: 'run=second' }
    assert.deepEqual(runBelljar(address, labelled), { status: 0, stderr: '' })
    assert.deepEqual(await query(address, 'k6_orders_total{run="second"}'), [])
    const [before] = await query(address, 'max_over_time(k6_orders_total{run="second"}[5m])')
    assert.equal(before?.value, 200)
  })
} catch (e) {
  counts.failed++
  console.error(e instanceof Error ? e.message : e)
} finally {
  prometheus?.kill()
  if (prometheus?.exitCode === null) await new Promise((resolve) => prometheus?.once('close', resolve))
  rmSync(folder, { recursive: true, force: true })
}
console.log(`Prometheus\n${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1
