import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import snappy from 'snappyjs'
import { fixture } from '../../host/grpc/scripted-server.js'
import type { RunSample } from '../../metrics/run-of.js'
import { type HttpReceiver, httpReceiver, readRemoteWrite, seriesTexts } from './receivers.js'
import { runWith } from './run-with.js'

const out = 'experimental-prometheus-rw'
const samples: RunSample[] = [
  ['cnt', 3, { b: '2', a: '1' }],
  ['cnt', 4, { b: '2', a: '1' }],
  ['gau', 7],
  ['rat', 1],
  ['rat', 0],
  ['iteration_duration', 100, { scenario: 'default', group: '' }],
  ['iteration_duration', 300, { scenario: 'default', group: '' }],
  ['tre', 5],
  ['data_sent', 10],
]

describe('the output experimental-prometheus-rw', () => {
  let receiver: HttpReceiver
  beforeEach(async () => {
    receiver = await httpReceiver()
  })
  afterEach(() => receiver.close())

  const environment = (more: Record<string, string> = {}) => ({
    K6_PROMETHEUS_RW_SERVER_URL: `http://${receiver.address}/api/v1/write`,
    ...more,
  })
  const sent = () => receiver.received.flatMap(({ body }) => seriesTexts(readRemoteWrite(body)))

  it("sends the sums under k6's names, times in seconds", async () => {
    const { errors, description } = await runWith(out, samples, { environment: environment() })
    assert.deepEqual(errors, [])
    assert.equal(description, `Prometheus remote write (http://${receiver.address}/api/v1/write)`)
    assert.deepEqual(sent(), [
      ['k6_cnt_total{a="1",b="2"}', 7],
      ['k6_gau{}', 7],
      ['k6_rat_rate{}', 0.5],
      ['k6_iteration_duration_p99{scenario="default"}', 0.298],
      ['k6_tre_p99{}', 5],
      ['k6_data_sent_total{}', 10],
      ['k6_cnt_total{a="x"}', 2],
    ])
  })

  it('speaks remote write 1.0', async () => {
    const before = Date.now()
    await runWith(out, samples, { environment: environment() })
    const [request] = receiver.received
    assert.equal(request?.path, '/api/v1/write')
    assert.equal(request?.headers['content-type'], 'application/x-protobuf')
    assert.equal(request?.headers['content-encoding'], 'snappy')
    assert.equal(request?.headers['x-prometheus-remote-write-version'], '0.1.0')
    for (const { samples: ofSeries } of readRemoteWrite(request!.body)) {
      assert.equal(ofSeries.length, 1)
      assert.ok(Number(ofSeries[0]?.timestamp) >= before && Number(ofSeries[0]?.timestamp) <= Date.now() + 1)
    }
  })

  it('has the statistics of trends that are asked for', async () => {
    const stats = { K6_PROMETHEUS_RW_TREND_STATS: 'count,sum,min,max,avg,med,p(90), p(99.9)' }
    await runWith(out, [samples[5]!, samples[6]!], { environment: environment(stats) })
    const of = (stat: string) => `k6_iteration_duration_${stat}{scenario="default"}`
    assert.deepEqual(sent().slice(0, 8), [
      [of('count'), 2],
      [of('sum'), 0.4],
      [of('min'), 0.1],
      [of('max'), 0.3],
      [of('avg'), 0.2],
      [of('med'), 0.2],
      [of('p90'), 0.28],
      [of('p99_9'), 0.2998],
    ])
  })

  it('makes labels of tags that Prometheus takes, sorted by their bytes', async () => {
    const tags = { 'my-tag': '1', '7th': '2', Ünit: '3', __name__: 'mine', empty: '', Z: '4', a: '\ud800' }
    const labels = { K6_PROMETHEUS_RW_LABELS: 'server=srv1,Z=never,__name__=never,none=' }
    await runWith(out, [['cnt', 1, tags]], { environment: environment(labels) })
    const names = readRemoteWrite(receiver.received[0]!.body)[0]!.labels.map(({ name, value }) => `${name}=${value}`)
    assert.deepEqual(names, ['Z=4', '_7th=2', '__name__=k6_cnt_total', '_nit=3', 'a=\ufffd', 'my_tag=1', 'server=srv1'])
  })

  it('sends only series with new samples in each interval, with the sums of the whole run', async () => {
    const { errors } = await runWith(out, samples, {
      environment: environment({ K6_PROMETHEUS_RW_PUSH_INTERVAL: '20ms' }),
      meanwhile: async (feedMore) => {
        await until(() => receiver.received.length >= 1)
        feedMore([['cnt', 1, { a: '1', b: '2' }]])
        await until(() => receiver.received.length >= 2)
      },
    })
    assert.deepEqual(errors, [])
    const [, second] = receiver.received
    assert.deepEqual(seriesTexts(readRemoteWrite(second!.body)), [['k6_cnt_total{a="1",b="2"}', 8]])
    const times = receiver.received.map(({ body }) => Number(readRemoteWrite(body)[0]?.samples[0]?.timestamp))
    assert.deepEqual(times, [...new Set(times)].sort())
  })

  it('ends with stale markers when asked for', async () => {
    await runWith(out, [['gau', 1]], { environment: environment({ K6_PROMETHEUS_RW_STALE_MARKERS: 'true' }) })
    const raw = Buffer.from(snappy.uncompress(receiver.received[1]!.body))
    // The field `value` with the bits 0x7ff0000000000002, for each of the two series.
    const marker = Buffer.from([0x09, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f])
    assert.equal(raw.toString('latin1').split(marker.toString('latin1')).length - 1, 2)
    assert.deepEqual(
      seriesTexts(readRemoteWrite(receiver.received[1]!.body)).map(([name]) => name),
      ['k6_gau{}', 'k6_cnt_total{a="x"}'],
    )
  })

  it('authenticates and sends the headers it is told to', async () => {
    const credentials = { K6_PROMETHEUS_RW_USERNAME: 'me', K6_PROMETHEUS_RW_PASSWORD: 'pass word' }
    const headers = {
      K6_PROMETHEUS_RW_HTTP_HEADERS: 'X-Scope-OrgID:one, x-b:2',
      'K6_PROMETHEUS_RW_HEADERS_X-Own': 'yes',
    }
    await runWith(out, samples, { environment: environment({ ...credentials, ...headers }) })
    const got = receiver.received[0]!.headers
    assert.equal(got.authorization, `Basic ${Buffer.from('me:pass word').toString('base64')}`)
    assert.deepEqual([got['x-scope-orgid'], got['x-b'], got['x-own']], ['one', '2', 'yes'])
    await runWith(out, samples, { environment: environment({ K6_PROMETHEUS_RW_BEARER_TOKEN: 'abc' }) })
    assert.equal(receiver.received.at(-1)!.headers.authorization, 'Bearer abc')
  })

  it('speaks TLS 1.3, or 1.2 if it may, and verifies the server unless told not to', async () => {
    const pair = { key: fixture('server.key'), cert: fixture('server.pem') }
    const secure = await httpReceiver(undefined, { tls: { ...pair, maxVersion: 'TLSv1.2' } })
    const url = { K6_PROMETHEUS_RW_SERVER_URL: `https://${secure.address}/` }
    const trusting = { ...url, K6_PROMETHEUS_RW_INSECURE_SKIP_TLS_VERIFY: 'true' }
    const older = { K6_PROMETHEUS_RW_TLS_MINIMUM_VERSION: '1.2' }
    const errorsOf = async (environment: Record<string, string>) =>
      (await runWith(out, samples, { environment, stopTimeoutMs: 200 })).errors.join()
    assert.match(await errorsOf(trusting), /alert|version/i)
    assert.match(await errorsOf({ ...url, ...older }), /certificate/)
    assert.equal(secure.received.length, 0)
    assert.equal(await errorsOf({ ...trusting, ...older }), '')
    assert.equal(secure.received.length, 1)
    await secure.close()
  })

  it('splits what is too much for one request', async () => {
    const many = Array.from({ length: 4500 }, (_, i): RunSample => ['cnt', i, { i: String(i) }])
    await runWith(out, many, { environment: environment() })
    const counts = receiver.received.map(({ body }) => readRemoteWrite(body).length)
    assert.deepEqual(counts, [2000, 2000, 501])
  })

  it('takes the URL as its argument, and answers to prometheus-rw', async () => {
    await runWith(`prometheus-rw=http://${receiver.address}/push`, samples, { environment: {} })
    assert.equal(receiver.received[0]?.path, '/push')
  })

  for (const [name, value, code, message] of [
    ['SERVER_URL', 'localhost:9090', 'USAGE', /"localhost:9090" is no URL of a remote write endpoint/],
    ['SERVER_URL', 'ftp://localhost/', 'USAGE', /is no URL/],
    ['PUSH_INTERVAL', 'soon', 'USAGE', /K6_PROMETHEUS_RW_PUSH_INTERVAL: .*invalid duration/],
    ['PUSH_INTERVAL', '0s', 'USAGE', /K6_PROMETHEUS_RW_PUSH_INTERVAL is 0s/],
    ['TREND_STATS', 'p(101)', 'USAGE', /K6_PROMETHEUS_RW_TREND_STATS: invalid percentile/],
    ['STALE_MARKERS', 'maybe', 'USAGE', /K6_PROMETHEUS_RW_STALE_MARKERS: /],
    ['TLS_MINIMUM_VERSION', '1.1', 'USAGE', /it can be 1\.2 or 1\.3/],
    ['HTTP_HEADERS', 'a', 'USAGE', /has "a", which is no name:value/],
    ['HTTP_HEADERS', 'a b:c', 'USAGE', /"a b" is no header/],
    ['CLIENT_CERTIFICATE', 'x.pem', 'USAGE', /must be given together/],
    ['TREND_AS_NATIVE_HISTOGRAM', 'true', 'NOT_SUPPORTED', /native histograms are not supported/],
    [
      'SIGV4_REGION',
      'eu',
      'NOT_SUPPORTED',
      /signing requests for AWS is not supported \(K6_PROMETHEUS_RW_SIGV4_REGION\)/,
    ],
  ] as const) {
    it(`refuses K6_PROMETHEUS_RW_${name}=${value}`, async () => {
      const wrong = { [`K6_PROMETHEUS_RW_${name}`]: value }
      await assert.rejects(() => runWith(out, [], { environment: environment(wrong) }), { code, message })
    })
  }
})

/** Waits for what other parts do. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(5)
}
