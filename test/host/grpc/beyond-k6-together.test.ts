import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import { GrpcRuntime } from '../../../host/grpc/grpc-runtime.js'
import { trustedLimits } from '../../../policy/limits.js'
import { LoopbackVu } from './loopback-vu.js'
import { type Answer, type ServerCall, serve, stopServers } from './scripted-server.js'

const proto = `syntax = "proto3"; package t;
message M { string s = 1; }
service S {
  rpc Unary(M) returns (M);
  rpc Bidi(stream M) returns (stream M);
}`
const thresholds = ['grpc_reqs', 'grpc_req_failed', 'grpc_streams_time_to_first_msg', 'grpc_streams_time_between_msgs']
const hosts = ['127.0.0.1', '127.0.0.2']
const attemptOf = (call: ServerCall) => Number(call.headers['grpc-previous-rpc-attempts'] ?? 0) + 1
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const retries = (initialBackoff: string): [string, unknown] => [
  'retryPolicy',
  [
    'o',
    [
      ['maxAttempts', 3],
      ['initialBackoff', initialBackoff],
      ['maxBackoff', '1h'],
      ['backoffMultiplier', 1],
      ['retryableStatusCodes', ['a', ['UNAVAILABLE']]],
    ],
  ],
]

/** google.rpc.Status with the code 14 and an Any of google.rpc.Help. */
const details = Buffer.concat([Buffer.from([8, 14, 26, 19, 10, 17]), Buffer.from('x/google.rpc.Help')])

describe('what k6 does not have, together', () => {
  const vus: LoopbackVu[] = []

  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  /** VUs of one thread on one connection to both addresses of a name, with retries, packed messages and the log of calls. */
  async function sharing(count: number, answer: Answer, initialBackoff = '1ms'): Promise<LoopbackVu[]> {
    const { port } = await serve(answer, undefined, { host: hosts[0]! })
    await serve(answer, undefined, { host: hosts[1]!, port })
    const resolver = { lookup: () => Promise.resolve(hosts) }
    const runtime = new GrpcRuntime({ tls: {}, resolver, httpDebug: 'full' }, trustedLimits)
    for (let i = 0; i < count; i++) {
      const vu = new LoopbackVu(proto, { runtime, thresholds, systemTags: ['status', 'ip'] })
      vus.push(vu)
      await vu.connect(`name.test:${port}`, [
        ['connectionSharing', true],
        ['loadBalancing', 'round_robin'],
        ['compression', 'gzip'],
        retries(initialBackoff),
      ])
    }
    return vus
  }

  /** Both addresses have their turn only once both are connected. */
  async function untilBothAnswer(vu: LoopbackVu): Promise<void> {
    const seen = new Set<string | undefined>()
    while (seen.size < 2) {
      await vu.invoke('t.S/Unary', '{}')
      seen.add(vu.samples()[0]?.tags.ip)
    }
    vu.lines.length = 0
  }

  const echo: Answer = async (call) => {
    for (let frame = await call.readFrame(); frame !== undefined; frame = await call.readFrame()) {
      call.send(frame[0] === 0 ? frame.subarray(5) : gunzipSync(frame.subarray(5)))
    }
    call.finish({ 'x-attempt': String(attemptOf(call)) })
  }
  const told = (vu: LoopbackVu, title: string) => vu.lines.map(({ msg }) => msg).filter((msg) => msg.startsWith(title))

  it('a call goes to the next address when it is made again, packed each time, and is one call', async () => {
    const encodings: unknown[] = []
    const [vu] = await sharing(2, async (call) => {
      encodings.push(call.headers['grpc-encoding'])
      if (call.headers['x-fail'] && attemptOf(call) === 1) return call.finish({ 'grpc-status': '14' })
      await call.read()
      call.send('')
      call.finish()
    })
    assert.ok(vu)
    await untilBothAnswer(vu)
    encodings.length = 0
    const fails = [['metadata', ['o', [['x-fail', '1']]]]] as [string, unknown][]
    assert.equal(JSON.parse(await vu.invoke('t.S/Unary', '{"s":"said"}', fails)).status, 0)
    assert.deepEqual(encodings, ['gzip', 'gzip'])

    const remotes = told(vu, 'Out Header').map((msg) => /Remote Address: ([\d.]+)/.exec(msg)?.[1])
    assert.deepEqual([...remotes].sort(), hosts)
    const payloads = told(vu, 'Out Payload')
    assert.ok(payloads.length > 0 && payloads.every((msg) => msg.includes('s: "said"')))
    assert.equal(told(vu, 'In Payload').length, 1)

    const samples = vu.samples()
    assert.deepEqual(
      samples.map(({ metric, tags }) => [metric, tags.status, tags.ip]),
      [
        ['grpc_req_duration', '0', remotes[1]],
        ['grpc_reqs', '0', remotes[1]],
        ['grpc_req_failed', '0', remotes[1]],
      ],
    )
    assert.equal(samples[2]?.value, 0)
  })

  it('a stream that is begun again is one stream, with the headers, trailers and peer of its last attempt', async () => {
    const [vu] = await sharing(1, (call) =>
      attemptOf(call) === 1 && call.headers[':path'] === '/t.S/Bidi'
        ? call.finish({ 'grpc-status': '14', 'x-attempt': '1' })
        : echo(call),
    )
    assert.ok(vu)
    await untilBothAnswer(vu)
    const stream = vu.openStream('t.S/Bidi')
    vu.call('writeStream', stream, '{"s":"a"}')
    vu.call('writeStream', stream, '{}')
    vu.call('endStream', stream)
    assert.deepEqual(await vu.drain(stream), [
      ['data', { s: 'a' }],
      ['data', { s: '' }],
      ['end', true],
    ])
    const { code, headers, trailers } = vu.status as Record<string, { [name: string]: unknown }>
    assert.deepEqual([code, headers?.['content-type'], trailers?.['x-attempt']], [0, ['application/grpc'], ['2']])
    const [first, last] = told(vu, 'Out Header').map((msg) => /Remote Address: ([\d.]+)/.exec(msg)?.[1])
    assert.deepEqual([first, last].sort(), hosts)
    const samples = vu.samples()
    const peers = (metric: string) => samples.filter((sample) => sample.metric === metric).map(({ tags }) => tags.ip)
    assert.deepEqual(peers('grpc_streams'), [first])
    assert.equal(peers('grpc_streams_msgs_sent').length, 2)
    for (const metric of ['grpc_streams_time_to_first_msg', 'grpc_streams_time_between_msgs', 'grpc_req_duration']) {
      assert.deepEqual(peers(metric), [last], metric)
    }
    assert.deepEqual(peers('grpc_streams_msgs_received'), [last, last])
    assert.deepEqual(peers('grpc_req_failed'), [last])
  })

  it('errorDetails are those of the last attempt', async () => {
    let attempts = 0
    const [vu] = await sharing(1, (call) => {
      attempts++
      call.finish({
        'grpc-status': '14',
        'grpc-message': `attempt ${attemptOf(call)}`,
        ...(attemptOf(call) === 3 ? { 'grpc-status-details-bin': details.toString('base64') } : {}),
      })
    })
    assert.ok(vu)
    const response = JSON.parse(await vu.invoke('t.S/Unary', '{}'))
    assert.deepEqual(response.errorDetails, [{ '@type': 'x/google.rpc.Help', links: [] }])
    assert.equal(attempts, 3)
    const failed = vu.samples().filter(({ metric }) => metric === 'grpc_req_failed')
    assert.deepEqual(
      failed.map(({ value, tags }) => [value, tags.status]),
      [[1, '14']],
    )
  })

  it('close() ends the pause before the next attempt of its own client, not that of another', async () => {
    const calls: ServerCall[] = []
    const [a, b] = await sharing(
      2,
      (call) => {
        calls.push(call)
        if (attemptOf(call) > 1) return echo(call)
        // Until the test says how long, the pause is an hour.
        call.finish({ 'grpc-status': '14', ...(call.headers['x-soon'] ? { 'grpc-retry-pushback-ms': '50' } : {}) })
      },
      '1h',
    )
    assert.ok(a && b)
    const ofA = a.invoke('t.S/Unary', '{}')
    const ofB = b.invoke('t.S/Unary', '{}', [['metadata', ['o', [['x-soon', '1']]]]])
    while (calls.length < 2) await turn()
    a.call('close', a.client)
    assert.equal(JSON.parse(await ofA).status, 1)
    assert.equal(JSON.parse(await ofB).status, 0)
    const requests = [a, b].map((vu) => vu.samples().filter(({ metric }) => metric === 'grpc_reqs'))
    assert.deepEqual(
      requests.map((samples) => samples.map(({ tags }) => tags.status)),
      [['1'], ['0']],
    )
  })

  it('the end of an iteration ends such a pause, and leaves no sample', async () => {
    let attempts = 0
    const [vu] = await sharing(
      1,
      (call) => {
        attempts++
        call.finish({ 'grpc-status': '14' })
      },
      '1h',
    )
    assert.ok(vu)
    const response = vu.invoke('t.S/Unary', '{}')
    while (attempts < 1) await turn()
    vu.context.abort.abort()
    assert.equal(JSON.parse(await response).status, 1)
    assert.deepEqual([attempts, vu.samples()], [1, []])
  })
})
