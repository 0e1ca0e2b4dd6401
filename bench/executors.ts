/**
 * Runs every executor with the built command on four threads, and draws how many iterations it began over time beside how
 * many it should have: an SVG for each in docs/executors/. Prints `name  begun  ideal  worst lag`. Takes two minutes; a busy
 * machine shows in the curves.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../package-root.js'
import { linePlot } from './line-plot.js'

/** How long an iteration of the executors that loop takes, in s. */
const sleepSeconds = 0.05
const binSeconds = 0.1
const threads = 4

interface Case {
  readonly name: string
  readonly title: string
  readonly scenario: object
  readonly seconds: number
  readonly sleepSeconds: number
  /** Iterations a second at a time. */
  rate(second: number): number
  /** Iterations in all. */
  readonly ideal: number
}

const looping = (vus: number) => vus / sleepSeconds

const cases: readonly Case[] = [
  {
    name: 'constant-arrival-rate',
    title: 'constant-arrival-rate: 2,000 a second for 10 s, 100 VUs',
    scenario: { rate: 2000, duration: '10s', preAllocatedVUs: 100 },
    seconds: 10,
    sleepSeconds: 0,
    rate: () => 2000,
    ideal: 20_000,
  },
  {
    name: 'ramping-arrival-rate',
    title: 'ramping-arrival-rate: from 0 to 2,000 a second in 5 s, 3 s at that, down to 500 in 2 s; 100 VUs',
    scenario: {
      startRate: 0,
      preAllocatedVUs: 100,
      stages: [
        { duration: '5s', target: 2000 },
        { duration: '3s', target: 2000 },
        { duration: '2s', target: 500 },
      ],
    },
    seconds: 10,
    sleepSeconds: 0,
    rate: (second) => (second < 5 ? second * 400 : second < 8 ? 2000 : 2000 - (second - 8) * 750),
    // The last one is due at the very end.
    ideal: 5000 + 6000 + 2500 - 1,
  },
  {
    name: 'constant-vus',
    title: `constant-vus: 50 VUs for 10 s, ${sleepSeconds * 1000} ms each`,
    scenario: { vus: 50, duration: '10s' },
    seconds: 10,
    sleepSeconds,
    rate: () => looping(50),
    ideal: looping(50) * 10,
  },
  {
    name: 'ramping-vus',
    title: `ramping-vus: from 0 to 50 VUs in 4 s, 2 s at that, down to 0 in 4 s; ${sleepSeconds * 1000} ms each`,
    scenario: {
      startVUs: 0,
      stages: [
        { duration: '4s', target: 50 },
        { duration: '2s', target: 50 },
        { duration: '4s', target: 0 },
      ],
    },
    seconds: 10,
    sleepSeconds,
    // A VU more at each step, so a ramp that many VUs climb is half a VU below its line.
    rate: (second) => looping(second < 4 ? second * 12.5 : second < 6 ? 50 : (10 - second) * 12.5),
    ideal: looping(100 + 100 + 100),
  },
  {
    name: 'shared-iterations',
    title: `shared-iterations: 5,000 by 50 VUs, ${sleepSeconds * 1000} ms each`,
    scenario: { vus: 50, iterations: 5000 },
    seconds: 6,
    sleepSeconds,
    rate: (second) => (second < 5 ? looping(50) : 0),
    ideal: 5000,
  },
  {
    name: 'per-vu-iterations',
    title: `per-vu-iterations: 100 by each of 50 VUs, ${sleepSeconds * 1000} ms each`,
    scenario: { vus: 50, iterations: 100 },
    seconds: 6,
    sleepSeconds,
    rate: (second) => (second < 5 ? looping(50) : 0),
    ideal: 5000,
  },
]

/** When iterations began, in s after the scenario did, ascending; and how many were dropped. */
function measure(folder: string, { name, scenario, sleepSeconds }: Case): { begun: number[]; dropped: number } {
  const options = { scenarios: { measured: { executor: name, ...scenario } }, systemTags: [] }
  const script = join(folder, 'script.js')
  const samples = join(folder, 'samples.json')
  writeFileSync(
    script,
    `import exec from 'k6/execution'
    import { sleep } from 'k6'
    import { Gauge } from 'k6/metrics'
    export const options = ${JSON.stringify(options)}
    const start = new Gauge('start')
    export default function () {
      if (exec.scenario.iterationInTest === 0) start.add(exec.scenario.startTime)
      ${sleepSeconds === 0 ? '' : `sleep(${sleepSeconds})`}
    }`,
  )
  const flags = ['--quiet', '--no-color', '--summary-mode=disabled', `--threads=${threads}`, `--out=json=${samples}`]
  const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'bin/belljar.js'), 'run', ...flags, script])
  if (status !== 0) throw new Error(`${name} ended with ${status}\n${stderr}`)
  let startMs = 0
  let dropped = 0
  const times: number[] = []
  for (const line of readFileSync(samples, 'utf8').split('\n')) {
    if (!line.includes('"type":"Point"')) continue
    const { metric, data } = JSON.parse(line) as { metric: string; data: { time: string; value: number } }
    if (metric === 'start') startMs = data.value
    if (metric === 'dropped_iterations') dropped += data.value
    if (metric === 'iteration_duration') times.push(Date.parse(data.time) - data.value)
  }
  return { begun: times.map((time) => (time - startMs) / 1000).sort((a, b) => a - b), dropped }
}

function draw({ title, seconds, rate }: Case, begun: readonly number[]): string {
  const bins = new Array<number>(Math.round(seconds / binSeconds)).fill(0)
  for (const second of begun) {
    const bin = Math.max(0, Math.floor(second / binSeconds))
    if (bin < bins.length) bins[bin]!++
  }
  const middles = bins.map((_, bin) => (bin + 0.5) * binSeconds)
  return linePlot({
    title,
    yLabel: 'iterations begun a second',
    seconds,
    lines: [
      { label: 'ideal', color: '#999', isDashed: true, points: middles.map((second) => [second, rate(second)]) },
      { label: 'measured', color: '#06c', points: middles.map((second, bin) => [second, bins[bin]! / binSeconds]) },
    ],
  })
}

const wanted = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'belljar-executors-'))
const docs = join(packageRoot, 'docs/executors')
mkdirSync(docs, { recursive: true })
try {
  for (const measured of cases.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const { begun, dropped } = measure(folder, measured)
    writeFileSync(join(docs, `${measured.name}.svg`), draw(measured, begun))
    const share = ((begun.length / measured.ideal) * 100).toFixed(2)
    console.log(
      `${measured.name.padEnd(22)} ${begun.length} begun, ${dropped} dropped, ideal ${measured.ideal} (${share} %)`,
    )
  }
} finally {
  rmSync(folder, { recursive: true })
}
