/**
 * The benchmark of the metric store, `npm run bench:metrics`: one hour of samples, 3.6 million over 1280 series, as threads
 * would hand them over, without the run. Prints memory over time and speed; judges the memory of trends and the error of
 * percentiles only.
 */
import { MetricStore } from '../metrics/store.js'
import { ExactValues, simulate, worstError } from './simulated-run.js'

const run = { seconds: 3600, samplesPerSecond: 1000, threads: 2 } as const
const mib = 1024 * 1024

const store = new MetricStore({ hasBreakdown: true })
console.log('minute   samples   series   trends MiB   heap MiB   RSS MiB')
const begin = process.hrtime.bigint()
let half = 0
simulate(run, store, (second) => {
  if (second === run.seconds / 2) half = store.retainedTrendBytes
  if (second % 300 !== 0) return
  const { heapUsed, rss } = process.memoryUsage()
  const cells = [second / 60, second * run.samplesPerSecond, store.seriesCount]
  const sizes = [store.retainedTrendBytes, heapUsed, rss].map((bytes) => (bytes / mib).toFixed(1))
  console.log(
    `${String(cells[0]).padStart(6)} ${String(cells[1]).padStart(9)} ${String(cells[2]).padStart(8)} ${sizes[0]!.padStart(12)} ${sizes[1]!.padStart(10)} ${sizes[2]!.padStart(9)}`,
  )
})
const seconds = Number(process.hrtime.bigint() - begin) / 1e9
console.log(`${Math.round((run.seconds * run.samplesPerSecond) / seconds)} samples/s`)

// The exact values need memory of their own, so they are kept in a second pass over the same samples.
const reference = new MetricStore()
const name = 'grpc_req_duration'
const exact = new ExactValues(reference, [name])
simulate(run, reference, () => {})
const sink = store.get(name)!.sink
if (sink.type !== 'trend') throw new Error(`${name} is no trend`)
const worst = worstError(exact.sorted(name), (percent) => sink.percentile(percent))
console.log(
  `${sink.count} values of ${name}: percentiles off by at most ${(worst * 100).toFixed(3)} %, stated at most ${sink.relativeError * 100} %`,
)

const failures = [
  ...(worst <= sink.relativeError * (1 + 1e-9) ? [] : ['percentiles are worse than stated']),
  ...(store.retainedTrendBytes <= 128 * mib ? [] : ['trends take more than 128 MiB']),
  ...(store.retainedTrendBytes <= half * 2 ? [] : ['trends grew with the run']),
]
for (const failure of failures) console.error(failure)
process.exitCode = failures.length === 0 ? 0 : 1
