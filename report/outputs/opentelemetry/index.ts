/**
 * The output `opentelemetry`: sums of the run, exported by OTLP over gRPC or HTTP.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metric } from '../../../metrics/metric.js'
import { CounterSink, GaugeSink, RateSink } from '../../../metrics/sink.js'
import type { StoredSamples } from '../../../metrics/store.js'
import { packageRoot } from '../../../package-root.js'
import { GrpcCaller } from '../net/grpc-unary.js'
import { HttpPoster } from '../net/http-post.js'
import type { OutputContext } from '../output.js'
import { OutputTrouble } from '../output-trouble.js'
import { type PushFormat, PushOutput } from '../push/push-output.js'
import { type PushRequest, SendError } from '../push/send-queue.js'
import { SeriesTable } from '../push/series-table.js'
import { type OpenTelemetryConfig, openTelemetryConfig } from './config.js'
import { exportRequest, type OtlpSeries, type OtlpSink, pointsOf, rejectedBy } from './export-request.js'
import { HistogramSink } from './histogram-sink.js'

const exportMethod = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'

/** Keeps a request well below the 4 MiB that gRPC servers take. */
const seriesPerRequest = 2000

/** @throws {AppError} as `openTelemetryConfig` does, and `USAGE` for an argument, as there is none */
export function createOpenTelemetryOutput(type: string, argument: string, context: OutputContext): PushOutput {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  const config = openTelemetryConfig(type, argument, context.environment, version)
  const trouble = new OutputTrouble({
    output: type,
    unit: 'data points',
    log: context.onError,
    intervalMs: config.exportIntervalMs,
  })
  return new PushOutput({
    description: `opentelemetry (${config.protocol}, ${config.endpoint})`,
    format: new OtlpFormat(config, trouble),
    intervalMs: config.exportIntervalMs,
    trouble,
    stopTimeoutMs: context.stopTimeoutMs,
    ...(config.protocol === 'grpc' ? grpcSender(config) : httpSender(config)),
  })
}

type Sender = Pick<ConstructorParameters<typeof PushOutput>[0], 'send' | 'close'>

function grpcSender({ endpoint, headers, tls }: OpenTelemetryConfig): Sender {
  const caller = new GrpcCaller({ address: endpoint, path: exportMethod, headers, tls })
  return {
    send: async ({ body }, signal) => rejectedBy(await caller.call(body, signal)),
    close: () => caller.close(),
  }
}

/** As OTLP has it: 200 is taken, these four may be tried again, all else is refused. */
const retryableStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

function httpSender({ endpoint, urlPath, headers, tls }: OpenTelemetryConfig): Sender {
  const poster = new HttpPoster({
    url: new URL(`${tls === undefined ? 'http' : 'https'}://${endpoint}${urlPath}`),
    headers: { 'user-agent': 'belljar', ...headers, 'content-type': 'application/x-protobuf' },
    ...(tls === undefined ? {} : { tls }),
  })
  return {
    send: async ({ body }, signal) => {
      const answer = await poster.post(body, signal)
      if (answer.status === 200) return rejectedBy(answer.body)
      throw new SendError(
        `${endpoint} answered with HTTP status ${answer.status}`,
        retryableStatuses.has(answer.status),
        answer.retryAfterMs,
      )
    },
    close: () => poster.close(),
  }
}

/** All series there are, with the sums since their first sample. */
class OtlpFormat implements PushFormat {
  readonly #config: OpenTelemetryConfig
  readonly #table: SeriesTable<OtlpSink>

  constructor(config: OpenTelemetryConfig, trouble: OutputTrouble) {
    this.#config = config
    this.#table = new SeriesTable(newOtlpSink, trouble)
  }

  add(samples: StoredSamples): void {
    this.#table.add(samples)
  }

  *requests(timeMs: number): Generator<PushRequest> {
    // By name, so that a metric is split into as few requests as can be.
    const all: OtlpSeries[] = this.#table.all().sort((a, b) => (a.metric.name < b.metric.name ? -1 : 1))
    for (let at = 0; at < all.length; at += seriesPerRequest) {
      const some = all.slice(at, at + seriesPerRequest)
      yield {
        body: exportRequest(this.#config, some, timeMs),
        points: some.reduce((points, series) => points + pointsOf(series), 0),
      }
    }
  }
}

function newOtlpSink({ type }: Metric): OtlpSink {
  switch (type) {
    case 'counter':
      return new CounterSink()
    case 'gauge':
      return new GaugeSink()
    case 'rate':
      return new RateSink()
    case 'trend':
      return new HistogramSink()
  }
}
