import assert from 'node:assert/strict'
import { GrpcRuntime } from '../../../host/grpc/grpc-runtime.js'
import { trustedLimits } from '../../../policy/limits.js'
import { type LoopbackSetup, LoopbackVu } from './loopback-vu.js'
import { type Answer, deadPort, type ServerCall, serve, stopServers } from './scripted-server.js'

const proto = `syntax = "proto3"; package t;
message M { int32 n = 1; string s = 2; }
service S {
  rpc Unary(M) returns (M);
  rpc Bidi(stream M) returns (stream M);
}`
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const untilGone = async (session: { destroyed: boolean } | undefined) => {
  while (session && !session.destroyed) await turn()
}
const echo: Answer = async (call) => {
  for (let message = await call.read(); message !== undefined; message = await call.read()) call.send(message)
  call.finish()
}

describe('the connections of VUs', () => {
  const vus: LoopbackVu[] = []

  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  const newThread = () => new GrpcRuntime({ tls: {}, resolver: {} }, trustedLimits)
  function newVu(runtime: GrpcRuntime, setup: LoopbackSetup = {}): LoopbackVu {
    const vu = new LoopbackVu(proto, { ...setup, runtime })
    vus.push(vu)
    return vu
  }
  const share: [string, unknown][] = [['connectionSharing', true]]
  const invoke = async (vu: LoopbackVu, request = '{}') => JSON.parse(await vu.invoke('t.S/Unary', request))
  const status = async (vu: LoopbackVu) => (await invoke(vu)).status

  describe('with connectionSharing', () => {
    it('are one for the VUs of a thread, another for each other thread, and own ones without it', async () => {
      const server = await serve(echo)
      const thread = newThread()
      for (let i = 0; i < 3; i++) await newVu(thread).connect(server.address, share)
      assert.equal(server.sessions.length, 1)
      await newVu(newThread()).connect(server.address, share)
      assert.equal(server.sessions.length, 2)
      await newVu(thread).connect(server.address)
      await newVu(thread).connect(server.address, [['connectionSharing', false]])
      assert.equal(server.sessions.length, 4)
    })

    it('are given back once by close(), and closed by the last', async () => {
      const server = await serve(echo)
      const thread = newThread()
      const [a, b] = [newVu(thread), newVu(thread)]
      await Promise.all([a.connect(server.address, share), b.connect(server.address, share)])
      for (let i = 0; i < 3; i++) a.call('close', a.client)
      assert.equal(await status(b), 0)
      await assert.rejects(invoke(a), /you must call connect first/)
      b.call('close', b.client)
      await untilGone(server.sessions[0])
      await b.connect(server.address, share)
      assert.equal(await status(b), 0)
      assert.equal(server.sessions.length, 2)
    })

    it('are given back by the next connect(), without a new dial if it is the same', async () => {
      const [one, other] = [await serve(echo), await serve(echo)]
      const vu = newVu(newThread())
      for (let i = 0; i < 3; i++) await vu.connect(one.address, share)
      assert.equal(one.sessions.length, 1)
      await vu.connect(other.address, share)
      await untilGone(one.sessions[0])
      await vu.connect(one.address)
      await untilGone(other.sessions[0])
      assert.equal(await status(vu), 0)
    })

    it('are given back by a connect() that fails', async () => {
      const server = await serve(echo)
      const vu = newVu(newThread())
      await vu.connect(server.address, share)
      await assert.rejects(vu.connect(`127.0.0.1:${await deadPort()}`, share), /connection refused/)
      await untilGone(server.sessions[0])
      await assert.rejects(invoke(vu), /you must call connect first/)
    })

    it('are given back at the end of the VU', async () => {
      const server = await serve(echo)
      const thread = newThread()
      const [a, b] = [newVu(thread), newVu(thread)]
      await Promise.all([a.connect(server.address, share), b.connect(server.address, share)])
      a.close()
      assert.equal(await status(b), 0)
      b.close()
      await untilGone(server.sessions[0])
    })

    it('keep the streams of others when one closes its client', async () => {
      const calls: ServerCall[] = []
      const server = await serve((call) => {
        calls.push(call)
        return echo(call)
      })
      const thread = newThread()
      const [a, b] = [newVu(thread), newVu(thread)]
      await Promise.all([a.connect(server.address, share), b.connect(server.address, share)])
      const [ofA, ofB] = [a.openStream('t.S/Bidi'), b.openStream('t.S/Bidi')]
      while (calls.length < 2) await turn()
      a.call('close', a.client)
      const events = await a.drain(ofA)
      assert.deepEqual(
        events.map(([kind]) => kind),
        ['error', 'end'],
      )
      assert.match(JSON.stringify(events[0]), /canceled by client \(k6\)/)
      b.call('writeStream', ofB, '{"n":1}')
      b.call('endStream', ofB)
      assert.deepEqual(await b.drain(ofB), [
        ['data', { n: 1, s: '' }],
        ['end', true],
      ])
    })

    it('let the calls of others go on when an iteration is cut', async () => {
      const calls: ServerCall[] = []
      const server = await serve((call) => {
        calls.push(call)
      })
      const thread = newThread()
      const [a, b] = [newVu(thread), newVu(thread)]
      await Promise.all([a.connect(server.address, share), b.connect(server.address, share)])
      const [ofA, ofB] = [invoke(a), invoke(b)]
      while (calls.length < 2) await turn()
      a.context.abort.abort()
      assert.equal((await ofA).status, 1)
      for (const call of calls) if (!call.stream.destroyed) await echo(call)
      assert.equal((await ofB).status, 0)
    })

    it('have their bytes counted once over all VUs', async () => {
      const server = await serve(echo)
      const thread = newThread()
      const all = [newVu(thread), newVu(thread), newVu(thread)]
      for (const vu of all) await vu.connect(server.address, share)
      const request = JSON.stringify({ s: 'x'.repeat(100_000) })
      let sent = 0
      let received = 0
      const collect = (vu: LoopbackVu) => {
        const { sentBytes, receivedBytes } = vu.context.grpc.takeTraffic()
        sent += sentBytes
        received += receivedBytes
      }
      for (const vu of all) {
        await invoke(vu, request)
        collect(vu)
      }
      for (const vu of all) collect(vu)
      // Whatever else goes over the wire is small.
      for (const bytes of [sent, received]) assert.ok(bytes > 300_000 && bytes < 320_000, String(bytes))
      await invoke(all[0]!, request)
      for (const vu of all) vu.call('close', vu.client)
      for (const vu of all) collect(vu)
      for (const bytes of [sent, received]) assert.ok(bytes > 400_000 && bytes < 420_000, String(bytes))
    })
  })

  it('that a client replaced stay open until the end of the VU, as in k6', async () => {
    const server = await serve(echo)
    const vu = newVu(newThread())
    await vu.connect(server.address)
    await vu.connect(server.address)
    assert.equal(await status(vu), 0)
    assert.deepEqual(
      server.sessions.map(({ destroyed }) => destroyed),
      [false, false],
    )
    vu.close()
    for (const session of server.sessions) await untilGone(session)
  })

  for (const params of [[], share] as [string, unknown][][]) {
    it(`that are dialled when the VU ends are closed${params.length > 0 ? ', shared ones too' : ''}`, async () => {
      const server = await serve(echo)
      const vu = newVu(newThread())
      const connecting = vu.connect(server.address, params)
      vu.close()
      await connecting
      assert.equal(server.sessions.length, 1)
      await untilGone(server.sessions[0])
    })
  }

  it('with loadBalancing tag each sample with the peer that the call used', async () => {
    const hosts = ['127.0.0.1', '127.0.0.2']
    const answer =
      (host: string): Answer =>
      async (call) => {
        await call.read()
        call.finish({ 'grpc-status': '5', 'grpc-message': host })
      }
    const first = await serve(answer('127.0.0.1'), undefined, { host: '127.0.0.1' })
    await serve(answer('127.0.0.2'), undefined, { host: '127.0.0.2', port: first.port })
    const resolver = { lookup: () => Promise.resolve(hosts) }
    const vu = newVu(new GrpcRuntime({ tls: {}, resolver }, trustedLimits), { systemTags: ['url', 'ip'] })
    await vu.connect(`name.test:${first.port}`, [['loadBalancing', 'round_robin']])
    const seen = new Set<string | undefined>()
    while (seen.size < 2) {
      const { error } = await invoke(vu)
      const [sample] = vu.samples()
      assert.equal(sample?.tags.ip, error?.message)
      assert.equal(sample?.tags.url, `name.test:${first.port}/t.S/Unary`)
      seen.add(sample?.tags.ip)
    }
    const stream = vu.openStream('t.S/Bidi')
    vu.call('endStream', stream)
    const [error] = await vu.drain(stream)
    const samples = vu.samples()
    const [opened, ended] = ['grpc_streams', 'grpc_req_duration'].map((name) => samples.find((s) => s.metric === name))
    assert.ok(opened?.tags.ip)
    assert.equal(ended?.tags.ip, opened.tags.ip)
    assert.match(JSON.stringify(error), new RegExp(opened.tags.ip))
  })
})
