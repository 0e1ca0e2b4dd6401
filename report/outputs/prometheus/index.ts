/**
 * The output `experimental-prometheus-rw`: sums of the run, pushed by Prometheus remote write 1.0.
 */
import type { Metric } from '../../../metrics/metric.js'
import { type MetricSink, newSink } from '../../../metrics/sink.js'
import type { StoredSamples } from '../../../metrics/store.js'
import type { TagSet } from '../../../metrics/tag-set.js'
import { TrendBudget } from '../../../metrics/trend-sink.js'
import { type HttpAnswer, HttpPoster } from '../net/http-post.js'
import type { OutputContext } from '../output.js'
import { OutputTrouble } from '../output-trouble.js'
import { type PushFormat, PushOutput } from '../push/push-output.js'
import { type PushRequest, SendError } from '../push/send-queue.js'
import { SeriesTable } from '../push/series-table.js'
import { type PrometheusConfig, prometheusConfig } from './config.js'
import { type Labels, labelsOf, valuesOf } from './time-series.js'
import { type RemoteSample, staleMarker, writeRequest } from './write-request.js'

/** Samples of one request; receivers and their operators expect some hundreds or thousands. */
const samplesPerRequest = 2000

/** Percentiles of each series are kept apart, so each may keep less than one of the whole run. */
const trendLimits = { maxValuesPerTrend: 8192, maxValues: 4 * 1024 * 1024, maxFullSketches: 256 }

/** @throws {AppError} as `prometheusConfig` does */
export function createPrometheusOutput(type: string, argument: string, context: OutputContext): PushOutput {
  const config = prometheusConfig(type, argument, context.environment)
  const poster = new HttpPoster({
    url: config.url,
    headers: {
      'user-agent': 'belljar',
      ...config.headers,
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    tls: config.tls,
  })
  const trouble = new OutputTrouble({
    output: type,
    unit: 'data points',
    log: context.onError,
    intervalMs: config.pushIntervalMs,
  })
  const shown = new URL(config.url)
  shown.username = shown.password = shown.search = ''
  return new PushOutput({
    description: `Prometheus remote write (${shown})`,
    format: new RemoteWriteFormat(config, trouble),
    intervalMs: config.pushIntervalMs,
    trouble,
    stopTimeoutMs: context.stopTimeoutMs,
    send: async ({ body }, signal) => {
      assertAccepted(config.url.host, await poster.post(body, signal))
      return undefined
    },
    close: () => poster.close(),
  })
}

/** Series that had samples since the last push, with the sums since the beginning of the run. */
class RemoteWriteFormat implements PushFormat {
  readonly #config: PrometheusConfig
  readonly #table: SeriesTable<MetricSink>
  readonly #labels = new WeakMap<TagSet, Labels>()
  #lastTimeMs = 0

  constructor(config: PrometheusConfig, trouble: OutputTrouble) {
    const budget = new TrendBudget(trendLimits)
    this.#config = config
    this.#table = new SeriesTable(({ type }: Metric) => newSink(type, budget), trouble)
  }

  add(samples: StoredSamples): void {
    this.#table.add(samples)
  }

  *requests(timeMs: number, isLast: boolean): Generator<PushRequest> {
    // A series may have one sample at a time, and the clock may stand still or be set back.
    const pushTimeMs = Math.max(timeMs, this.#lastTimeMs + 1)
    yield* requestsOf(this.#samples(), pushTimeMs)
    this.#lastTimeMs = pushTimeMs
    if (!isLast || !this.#config.hasStaleMarkers) return
    yield* requestsOf(this.#staleSamples(), pushTimeMs + 1)
  }

  *#samples(): Generator<RemoteSample> {
    for (const { metric, tags, sink } of this.#table.takeChanged()) {
      const labels = this.#labelsOf(tags)
      for (const { name, value } of valuesOf(metric, sink, this.#config.trendStats)) yield { name, labels, value }
    }
  }

  *#staleSamples(): Generator<RemoteSample> {
    for (const { metric, tags, sink } of this.#table.all()) {
      const labels = this.#labelsOf(tags)
      for (const { name } of valuesOf(metric, sink, this.#config.trendStats)) yield { name, labels, value: staleMarker }
    }
  }

  #labelsOf(tags: TagSet): Labels {
    let labels = this.#labels.get(tags)
    if (labels === undefined) {
      labels = labelsOf(tags, this.#config.labels)
      this.#labels.set(tags, labels)
    }
    return labels
  }
}

function* requestsOf(samples: Iterable<RemoteSample>, timeMs: number): Generator<PushRequest> {
  let some: RemoteSample[] = []
  for (const sample of samples) {
    some.push(sample)
    if (some.length < samplesPerRequest) continue
    yield { body: writeRequest(some, timeMs), points: some.length }
    some = []
  }
  if (some.length > 0) yield { body: writeRequest(some, timeMs), points: some.length }
}

/** As remote write 1.0 has it: 2xx is taken, 5xx and 429 may be tried again, all else is refused. */
function assertAccepted(host: string, { status, retryAfterMs, body }: HttpAnswer): void {
  if (status >= 200 && status < 300) return
  const text = body.toString('utf8').trim()
  throw new SendError(
    `${host} answered with HTTP status ${status}${text === '' ? '' : `: ${text}`}`,
    status >= 500 || status === 429,
    retryAfterMs,
  )
}
