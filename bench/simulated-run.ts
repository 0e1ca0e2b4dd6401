/**
 * The samples of a long run without the run: what VU threads would hand to the main thread, second by second, of calls over
 * many series. The same numbers every time.
 */
import { SampleBuffer } from '../metrics/sample-buffer.js'
import { sampleWidth } from '../metrics/series.js'
import type { MetricStore } from '../metrics/store.js'
import { TagSet } from '../metrics/tag-set.js'

export interface SimulatedRun {
  readonly seconds: number
  /** Samples of each second, of all threads together. */
  readonly samplesPerSecond: number
  readonly threads: number
}

const methods = 20
const scenarios = 4
const metricNames = ['grpc_req_duration', 'iteration_duration', 'data_sent', 'checks'] as const

/** The sub-metrics that the store is to keep, as thresholds would have it. */
export const trackedNames = [
  'grpc_req_duration{scenario:s1}',
  'grpc_req_duration{method:m3,status:0}',
  'checks{scenario:s2}',
] as const

/**
 * Puts the samples into a store.
 *
 * @param onSecond called after each second with its number, from 1
 */
export function simulate(run: SimulatedRun, store: MetricStore, onSecond: (second: number) => void): void {
  for (const name of trackedNames) store.track(name, true)
  const random = generator(20_261_122)
  const buffers = Array.from({ length: run.threads }, () => new SampleBuffer())
  const tagSets = Array.from({ length: methods * scenarios * 2 }, (_, i) =>
    TagSet.from([
      ['group', ''],
      ['method', `m${i % methods}`],
      ['scenario', `s${Math.floor(i / methods) % scenarios}`],
      ['status', i < methods * scenarios ? '0' : '14'],
    ]),
  )
  const metrics = metricNames.map((name) => store.registry.get(name)!)
  const perBuffer = Math.ceil(run.samplesPerSecond / run.threads)
  for (let second = 1; second <= run.seconds; second++) {
    for (const [thread, buffer] of buffers.entries()) {
      for (let i = 0; i < perBuffer; i++) {
        // Most samples are of the first metric, as those of the calls are in a test of gRPC.
        const metric = metrics[Math.floor(random() ** 2 * metrics.length)]!
        const tags = tagSets[Math.floor(random() * tagSets.length)]!
        buffer.add(buffer.series(metric, tags), (second + i / perBuffer) * 1000, valueFor(metric.type, random))
      }
      const batch = buffer.take()
      if (batch !== undefined) store.ingest(thread, batch)
    }
    onSecond(second)
  }
}

/** All values of some metrics and sub-metrics, kept beside the store, for their exact percentiles. */
export class ExactValues {
  readonly #parts = new Map<string, Float64Array[]>()

  /** @param names metrics, or sub-metrics that the store already tracks */
  constructor(store: MetricStore, names: readonly string[]) {
    const wanted = names.map((name) => store.track(name, true))
    for (const { name } of wanted) this.#parts.set(name, [])
    store.onSamples(({ samples, seriesOf }) => {
      for (const { name, metric, selector } of wanted) {
        const values: number[] = []
        for (let i = 0; i < samples.length; i += sampleWidth) {
          const series = seriesOf(samples[i]!)
          const isWanted = series?.metric === metric && series.tags.includes(selector?.tags ?? TagSet.empty)
          if (isWanted) values.push(samples[i + 2]!)
        }
        this.#parts.get(name)!.push(Float64Array.from(values))
      }
    })
  }

  /** The values of a metric in ascending order. */
  sorted(name: string): Float64Array {
    const parts = this.#parts.get(name) ?? []
    const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0))
    let at = 0
    for (const part of parts) {
      all.set(part, at)
      at += part.length
    }
    return all.sort()
  }
}

/** The largest relative error of the percentiles of a trend, beside all of its values in ascending order. */
export function worstError(sorted: Float64Array, percentile: (percent: number) => number): number {
  let worst = 0
  for (const percent of [0.1, 1, 10, 50, 75, 90, 95, 99, 99.9, 99.99]) {
    const rank = (percent / 100) * (sorted.length - 1)
    const [below, above] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!]
    const exact = below + (above - below) * (rank - Math.floor(rank))
    worst = Math.max(worst, Math.abs(percentile(percent) - exact) / exact)
  }
  return worst
}

/** Latencies in milliseconds for trends, about log-normal; 0 or 1 for the others. */
function valueFor(type: string, random: () => number): number {
  if (type !== 'trend') return random() < 0.98 ? 1 : 0
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return 20 * Math.exp(0.8 * normal)
}

/** Numbers from 0 to below 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
