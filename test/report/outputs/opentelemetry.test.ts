import assert from 'node:assert/strict'
import { join } from 'node:path'
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { packageRoot } from '../../../package-root.js'
import { fixture } from '../../host/grpc/scripted-server.js'
import { type RunSample, someTimeMs } from '../../metrics/run-of.js'
import { httpReceiver, type OtlpMetric, type OtlpPoint, type OtlpRequest, readOtlp } from './receivers.js'
import { runWith } from './run-with.js'

const samples: RunSample[] = [
  ['cnt', 3, { a: '1', b: '' }, 1.5],
  ['cnt', 4, { a: '1', b: '' }],
  ['cnt', 10, { a: '2' }],
  ['gau', 7],
  ['gau', 5],
  ['rat', 1],
  ['rat', 0],
  ['rat', 1],
  ['iteration_duration', 5],
  ['iteration_duration', 6],
  ['iteration_duration', 20_000],
  ['data_sent', 10],
]

interface Exported {
  readonly request: OtlpRequest
  readonly metadata: Metadata
}

/** A gRPC server of the collector's service, without its generated code. */
async function collector(
  credentials = ServerCredentials.createInsecure(),
  answer: (callback: sendUnaryData<Buffer>, index: number) => void = (callback) => callback(null, Buffer.alloc(0)),
) {
  const received: Exported[] = []
  const server = new Server()
  server.addService(
    {
      export: {
        path: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
        requestStream: false,
        responseStream: false,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    {
      export: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        received.push({ request: readOtlp(call.request), metadata: call.metadata })
        answer(callback, received.length - 1)
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (e, bound) => (e === null ? resolve(bound) : reject(e))),
  )
  servers.push(server)
  return { address: `127.0.0.1:${port}`, received }
}

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown()
})

function metricsOf(request: OtlpRequest): Map<string, OtlpMetric> {
  const all = request.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
  return new Map(all.map((metric) => [metric.name, metric]))
}

function attributesOf(point: { attributes?: OtlpPoint['attributes'] }): Record<string, string> {
  return Object.fromEntries((point.attributes ?? []).map(({ key, value }) => [key, value.stringValue]))
}

describe('the output opentelemetry', () => {
  const insecure = (address: string) => ({
    K6_OTEL_GRPC_EXPORTER_INSECURE: 'true',
    K6_OTEL_GRPC_EXPORTER_ENDPOINT: address,
  })

  it('exports by gRPC: counters and rates as sums, gauges, trends as histograms, with units', async () => {
    const { address, received } = await collector()
    const before = Date.now()
    const { errors, description } = await runWith('opentelemetry', samples, { environment: insecure(address) })
    assert.deepEqual(errors, [])
    assert.equal(description, `opentelemetry (grpc, ${address})`)
    assert.equal(received.length, 1)
    const metrics = metricsOf(received[0]!.request)
    assert.deepEqual([...metrics.keys()].sort(), ['cnt', 'data_sent', 'gau', 'iteration_duration', 'rat'])

    const cnt = metrics.get('cnt')!
    assert.deepEqual(
      [cnt.sum?.aggregationTemporality, cnt.sum?.isMonotonic],
      ['AGGREGATION_TEMPORALITY_CUMULATIVE', true],
    )
    assert.deepEqual(
      cnt.sum?.dataPoints.map((point) => [attributesOf(point), point.asDouble]),
      [
        [{ a: '1', b: '' }, 7],
        [{ a: '2' }, 10],
        [{ a: 'x' }, 2],
      ],
    )
    const [point] = cnt.sum!.dataPoints
    assert.equal(point?.startTimeUnixNano, `${someTimeMs + 1}500000`)
    assert.ok(Number(point?.timeUnixNano) / 1e6 >= before && Number(point?.timeUnixNano) / 1e6 <= Date.now() + 1)

    assert.deepEqual(
      metrics.get('gau')?.gauge?.dataPoints.map(({ asDouble }) => asDouble),
      [5],
    )
    assert.deepEqual(
      metrics.get('rat')?.sum?.dataPoints.map((one) => [attributesOf(one), one.asInt]),
      [
        [{ condition: 'nonzero' }, '2'],
        [{ condition: 'zero' }, '1'],
      ],
    )
    const duration = metrics.get('iteration_duration')!
    assert.deepEqual([duration.unit, metrics.get('data_sent')?.unit, cnt.unit], ['ms', 'By', undefined])
    assert.equal(duration.histogram?.aggregationTemporality, 'AGGREGATION_TEMPORALITY_CUMULATIVE')
    const [histogram] = duration.histogram!.dataPoints
    assert.deepEqual([histogram?.count, histogram?.sum, histogram?.min, histogram?.max], ['3', 20_011, 5, 20_000])
    assert.deepEqual(
      histogram?.explicitBounds,
      [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000],
    )
    assert.deepEqual(histogram?.bucketCounts?.map(Number), [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  })

  it('names the service, and prefixes metrics', async () => {
    const { address, received } = await collector()
    const resourceOf = async (more: Record<string, string>) => {
      await runWith('experimental-opentelemetry', samples, { environment: { ...insecure(address), ...more } })
      const [metrics] = received.at(-1)!.request.resourceMetrics
      assert.equal(metrics?.scopeMetrics[0]?.scope.name, 'k6')
      return attributesOf(metrics!.resource)
    }
    assert.equal((await resourceOf({}))['service.name'], 'k6')
    const own = await resourceOf({
      OTEL_SERVICE_NAME: 'sdk',
      OTEL_RESOURCE_ATTRIBUTES: 'host.name=here,note=a%20b',
      K6_OTEL_SERVICE_NAME: 'mine',
      K6_OTEL_SERVICE_VERSION: 'v7',
      K6_OTEL_METRIC_PREFIX: 'k6_',
    })
    assert.deepEqual(
      [own['service.name'], own['service.version'], own['host.name'], own.note],
      ['mine', 'v7', 'here', 'a b'],
    )
    assert.ok(metricsOf(received.at(-1)!.request).has('k6_cnt'))
  })

  it('exports by HTTP', async () => {
    const receiver = await httpReceiver((response) => response.writeHead(200).end())
    const { errors } = await runWith('opentelemetry', samples, {
      environment: {
        K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf',
        K6_OTEL_HTTP_EXPORTER_INSECURE: 'true',
        K6_OTEL_HTTP_EXPORTER_ENDPOINT: receiver.address,
        K6_OTEL_HTTP_EXPORTER_URL_PATH: '/otlp/metrics',
        K6_OTEL_HEADERS: 'Authorization=Bearer%20abc,x-a=1',
      },
    })
    await receiver.close()
    assert.deepEqual(errors, [])
    const [request] = receiver.received
    assert.equal(request?.path, '/otlp/metrics')
    assert.equal(request?.headers['content-type'], 'application/x-protobuf')
    assert.deepEqual([request?.headers.authorization, request?.headers['x-a']], ['Bearer abc', '1'])
    assert.equal(metricsOf(readOtlp(request!.body)).get('data_sent')?.sum?.dataPoints[0]?.asDouble, 10)
  })

  it('sends headers by gRPC, over TLS, and verifies the server', async () => {
    const pair = { private_key: Buffer.from(fixture('server.key')), cert_chain: Buffer.from(fixture('server.pem')) }
    const { address, received } = await collector(ServerCredentials.createSsl(null, [pair]))
    const environment = { K6_OTEL_GRPC_EXPORTER_ENDPOINT: address, K6_OTEL_HEADERS: 'x-a=1' }
    const ca = { K6_OTEL_TLS_CERTIFICATE: join(packageRoot, 'test/tls/ca.pem') }
    const { errors } = await runWith('opentelemetry', samples, { environment: { ...environment, ...ca } })
    assert.deepEqual(errors, [])
    assert.deepEqual(received[0]?.metadata.get('x-a'), ['1'])
    const skips = { K6_OTEL_TLS_INSECURE_SKIP_VERIFY: 'true' }
    await runWith('opentelemetry', samples, { environment: { ...environment, ...skips } })
    assert.equal(received.length, 2)
    const refused = await runWith('opentelemetry', samples, { environment, stopTimeoutMs: 300 })
    assert.equal(received.length, 2)
    assert.match(refused.errors.at(-1) ?? '', /answered with UNAVAILABLE.* \(\d+ data points lost so far/)
  })

  it('counts what the receiver says that it refused', async () => {
    // partial_success { rejected_data_points: 3, error_message: "no" }
    const { address } = await collector(undefined, (callback) =>
      callback(null, Buffer.from([0x0a, 6, 8, 3, 0x12, 2, 0x6e, 0x6f])),
    )
    const { errors } = await runWith('opentelemetry', samples, { environment: insecure(address) })
    assert.deepEqual(errors, [
      'output opentelemetry: the receiver refused 3 data points: no (3 data points lost so far)',
    ])
  })

  it('is not troubled by an answer that makes no sense', async () => {
    const { address } = await collector(undefined, (callback) => callback(null, Buffer.from([0x0a, 0xff, 0xff])))
    assert.deepEqual((await runWith('opentelemetry', samples, { environment: insecure(address) })).errors, [])
  })

  it('tries again what the receiver could not take, and not what it refused', async () => {
    const flaky = await collector(undefined, (callback, index) =>
      index === 0 ? callback({ code: status.UNAVAILABLE, details: 'busy' }) : callback(null, Buffer.alloc(0)),
    )
    const { errors } = await runWith('opentelemetry', samples, { environment: insecure(flaky.address) })
    assert.equal(flaky.received.length, 2)
    assert.deepEqual(errors, [
      `output opentelemetry: ${flaky.address} answered with UNAVAILABLE: busy (0 data points lost so far, 1 failed attempts)`,
    ])
    const strict = await collector(undefined, (callback) =>
      callback({ code: status.INVALID_ARGUMENT, details: 'no\u001b[31m' }),
    )
    const refused = await runWith('opentelemetry', samples, { environment: insecure(strict.address) })
    assert.equal(strict.received.length, 1)
    assert.match(refused.errors[0] ?? '', /INVALID_ARGUMENT: no\\u001b\[31m \(8 data points lost so far\)$/)
  })

  for (const [name, value, code, message] of [
    ['EXPORTER_PROTOCOL', 'http/json', 'USAGE', /it can be grpc or http\/protobuf/],
    ['EXPORTER_TYPE', 'udp', 'USAGE', /it can be grpc or http/],
    ['GRPC_EXPORTER_ENDPOINT', 'http://localhost:4317', 'USAGE', /must be host:port without a scheme/],
    ['GRPC_EXPORTER_INSECURE', 'perhaps', 'USAGE', /K6_OTEL_GRPC_EXPORTER_INSECURE: /],
    ['HTTP_EXPORTER_URL_PATH', 'v1', 'USAGE', /must begin with a slash/],
    ['EXPORT_INTERVAL', '-1s', 'USAGE', /K6_OTEL_EXPORT_INTERVAL is -1s/],
    ['FLUSH_INTERVAL', 'x', 'USAGE', /K6_OTEL_FLUSH_INTERVAL: /],
    ['HEADERS', 'a=%zz', 'USAGE', /K6_OTEL_HEADERS: /],
    ['TLS_CLIENT_KEY', join(packageRoot, 'test/tls/client.key'), 'USAGE', /must be given together/],
    ['TLS_CERTIFICATE', '/nonexistent.pem', 'OUTPUT_FAILED', /ENOENT/],
    ['SINGLE_COUNTER_FOR_RATE', 'false', 'NOT_SUPPORTED', /two counters for a rate are not supported/],
  ] as const) {
    it(`refuses K6_OTEL_${name}=${name.includes('TLS') ? 'FILE' : value}`, async () => {
      const environment = { [`K6_OTEL_${name}`]: value }
      await assert.rejects(() => runWith('opentelemetry', [], { environment }), { code, message })
    })
  }

  it('refuses an argument', async () => {
    await assert.rejects(() => runWith('opentelemetry=http://x', []), { code: 'USAGE', message: /is no argument/ })
  })
})
