import assert from 'node:assert/strict'
import { once } from 'node:events'
import { isGuestError } from './guest-errors.js'
import { LoopbackVu, type Sample } from './loopback-vu.js'
import { type Answer, type ServerCall, serve, stopServers } from './scripted-server.js'

const proto = `syntax = "proto3"; package t;
message M { int32 n = 1; }
service S {
  rpc One(M) returns (M);
  rpc Bidi(stream M) returns (stream M);
  rpc Down(M) returns (stream M);
}`
const all = ['grpc_reqs', 'grpc_req_failed', 'grpc_streams_time_to_first_msg', 'grpc_streams_time_between_msgs']
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('metrics of gRPC that a threshold switches on', () => {
  const vus: LoopbackVu[] = []

  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  async function connected(answer: Answer, thresholds = all): Promise<LoopbackVu> {
    const { address } = await serve(answer)
    const vu = new LoopbackVu(proto, { thresholds })
    vus.push(vu)
    await vu.connect(address)
    return vu
  }

  const of = (samples: Sample[], metric: string) => samples.filter((sample) => sample.metric === metric)
  /** Value and status of the samples of a metric. */
  const told = (samples: Sample[], metric: string) => of(samples, metric).map(({ value, tags }) => [value, tags.status])

  describe('grpc_reqs and grpc_req_failed', () => {
    it('have a sample for each invoke(), with the tags of its duration', async () => {
      const vu = await connected(async (call) => {
        const request = await call.read()
        if (request?.length) call.finish({ 'grpc-status': '5' })
        else {
          call.send('')
          call.finish()
        }
      })
      await vu.invoke('t.S/One', '{}', [['tags', ['o', [['a', 'b']]]]])
      await vu.invoke('t.S/One', '{"n":1}')
      const samples = vu.samples()
      const durations = of(samples, 'grpc_req_duration')
      assert.deepEqual(
        durations.map(({ tags }) => [tags.status, tags.a, tags.method]),
        [
          ['0', 'b', 'One'],
          ['5', undefined, 'One'],
        ],
      )
      for (const [metric, values] of [
        ['grpc_reqs', [1, 1]],
        ['grpc_req_failed', [0, 1]],
      ] as const) {
        assert.deepEqual(
          of(samples, metric),
          durations.map(({ tags }, i) => ({ metric, tags, value: values[i] })),
        )
      }
    })

    it('have one for a call whose own time was up, of which k6 keeps no duration', async () => {
      const vu = await connected(() => {})
      await vu.invoke('t.S/One', '{}', [['timeout', 50]])
      const stream = vu.openStream('t.S/Bidi', [['timeout', 50]])
      await vu.drain(stream)
      const samples = vu.samples()
      assert.deepEqual(told(samples, 'grpc_reqs'), [
        [1, '4'],
        [1, '4'],
      ])
      assert.deepEqual(told(samples, 'grpc_req_failed'), [
        [1, '4'],
        [1, '4'],
      ])
      assert.deepEqual(told(samples, 'grpc_req_duration'), [])
    })

    it('have one for a health check, with the few tags that k6 gives it', async () => {
      const vu = await connected((call) => {
        call.send(Buffer.from([8, 1]))
        call.finish()
      })
      assert.equal(await vu.healthCheck(), '{"status":1}')
      const [duration, reqs, failed, ...more] = vu.samples()
      assert.deepEqual(duration?.tags, { group: '::g', status: '0' })
      assert.deepEqual(
        [reqs, failed],
        [
          { metric: 'grpc_reqs', tags: duration?.tags, value: 1 },
          { metric: 'grpc_req_failed', tags: duration?.tags, value: 0 },
        ],
      )
      assert.deepEqual(more, [])
    })

    it('have none for reflection, which no script calls', async () => {
      const { address } = await serve((call) => call.finish({ 'grpc-status': '12' }))
      const vu = new LoopbackVu(proto, { thresholds: all })
      vus.push(vu)
      await assert.rejects(async () => vu.connect(address, [['reflect', true]]))
      const samples = vu.samples()
      assert.ok(of(samples, 'grpc_req_duration').length > 0)
      assert.deepEqual(told(samples, 'grpc_reqs'), [])
    })

    it('have one for a stream when it ends, however it does', async () => {
      const vu = await connected(async (call) => {
        const first = await call.read()
        call.finish({ 'grpc-status': String(first?.[1] ?? 0) })
      })
      const endings: [string, (stream: number) => unknown][] = [
        ['0', (stream) => vu.call('endStream', stream)],
        ['9', (stream) => vu.call('writeStream', stream, '{"n":9}')],
        // The error that the script sees has no status but this code.
        ['2', (stream) => vu.call('writeStream', stream, '{"nope":9}')],
        ['2', (stream) => vu.call('cancelStream', stream)],
        ['1', () => vu.call('close', vu.client)],
      ]
      for (const [status, end] of endings) {
        const stream = vu.openStream('t.S/Bidi')
        assert.deepEqual(told(vu.samples(), 'grpc_reqs'), [])
        end(stream)
        await vu.drain(stream)
        const samples = vu.samples()
        assert.deepEqual(told(samples, 'grpc_reqs'), [[1, status]])
        assert.deepEqual(told(samples, 'grpc_req_failed'), [[status === '0' ? 0 : 1, status]])
      }
    })

    it('have none for calls that the end of the iteration cuts off', async () => {
      let arrived = () => {}
      const vu = await connected((call) => {
        arrived()
        return once(call.stream, 'close')
      })
      const seen = () => new Promise<void>((resolve) => (arrived = resolve))
      const atServer = seen()
      const answer = vu.invoke('t.S/One', '{}')
      await atServer
      const streamAtServer = seen()
      vu.openStream('t.S/Bidi')
      await streamAtServer
      vu.context.abort.abort()
      vu.context.tasks.clear()
      await answer
      assert.deepEqual(
        vu.samples().map(({ metric }) => metric),
        ['grpc_streams'],
      )
    })

    it('have none for what never became a call', async () => {
      const vu = await connected(() => {})
      assert.throws(
        () => vu.openStream('t.S/Nope'),
        isGuestError('GoError', `invalid GRPC Stream's method: method "/t.S/Nope" not found in file descriptors`),
      )
      assert.deepEqual(vu.samples(), [])
    })
  })

  describe('the times of streams', () => {
    it('are those of the messages’ arrival, whenever the script takes them', async () => {
      let server: ServerCall | undefined
      const vu = await connected((call) => {
        server = call
      })
      const beforeOpenMs = performance.now()
      const stream = vu.openStream('t.S/Down')
      const afterOpenMs = performance.now()
      while (server === undefined) await pause(1)
      // Nothing is taken until all has come. Each arrival lies between two moments that are known.
      const sent: number[] = []
      const seen: number[] = []
      for (let n = 0; n < 3; n++) {
        await pause(20)
        sent.push(performance.now())
        server.send('')
        while (vu.context.tasks.waiting <= n) await pause(1)
        seen.push(performance.now())
      }
      server.finish()
      await vu.drain(stream)
      const samples = vu.samples()
      const isWithin = ({ value }: Sample, from: number, to: number) => assert.ok(value >= from && value <= to)
      const [first, ...moreFirst] = of(samples, 'grpc_streams_time_to_first_msg')
      assert.deepEqual(moreFirst, [])
      isWithin(first!, sent[0]! - afterOpenMs, seen[0]! - beforeOpenMs)
      const between = of(samples, 'grpc_streams_time_between_msgs')
      assert.equal(between.length, 2)
      for (const [i, sample] of between.entries()) isWithin(sample, sent[i + 1]! - seen[i]!, seen[i + 1]! - sent[i]!)
      const { status, ...tags } = of(samples, 'grpc_req_duration')[0]!.tags
      assert.equal(status, '0')
      for (const sample of [first, ...between]) assert.deepEqual(sample?.tags, tags)
    })

    it('are none for a stream without messages, and no second one for a stream with one', async () => {
      const vu = await connected(async (call) => {
        const first = await call.read()
        if (first?.length) call.send('')
        call.finish()
      })
      for (const [message, count] of [
        ['{}', 0],
        ['{"n":1}', 1],
      ] as const) {
        const stream = vu.openStream('t.S/Down')
        vu.call('writeStream', stream, message)
        await vu.drain(stream)
        const samples = vu.samples()
        assert.equal(of(samples, 'grpc_streams_time_to_first_msg').length, count)
        assert.equal(of(samples, 'grpc_streams_time_between_msgs').length, 0)
      }
    })
  })

  it('come one by one: what no threshold names is not there', async () => {
    const one: Answer = async (call) => {
      await call.read()
      call.send('')
      call.send('')
      call.finish()
    }
    const k6s = ['grpc_req_duration', 'grpc_streams', 'grpc_streams_msgs_received', 'grpc_streams_msgs_sent']
    for (const thresholds of [[], ...all.map((name) => [name])]) {
      const vu = await connected(one, thresholds)
      const stream = vu.openStream('t.S/Down')
      vu.call('writeStream', stream, '{}')
      await vu.drain(stream)
      const found = new Set(vu.samples().map(({ metric }) => metric))
      assert.deepEqual([...found].sort(), [...k6s, ...thresholds].sort())
    }
  })
})
