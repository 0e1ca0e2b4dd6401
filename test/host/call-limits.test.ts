import assert from 'node:assert/strict'
import { waitUntil } from '../../host/call-limits.js'
import { LoopbackVu } from './grpc/loopback-vu.js'
import { type Answer, serve, serveTcp, stopServers } from './grpc/scripted-server.js'
import { closeServers, echo, HttpTestVu, httpServer } from './http/http-test-vu.js'

const proto = `syntax = "proto3"; package p;
message M { string text = 1; }
service S { rpc Go(M) returns (M); rpc Flow(stream M) returns (stream M); }`
const text = (length: number) => JSON.stringify({ text: 'x'.repeat(length) })
/** A message with a text of so many bytes, as Protobuf writes it. */
const large = (length: number) =>
  Buffer.concat([Buffer.from([10, (length & 127) | 128, length >> 7]), Buffer.alloc(length, 120)])
const ok: Answer = async (call) => {
  await call.read()
  call.send('')
  call.finish()
}

describe('limits on calls', () => {
  const open: { close(): void }[] = []
  const grpcVu = (limits: ConstructorParameters<typeof LoopbackVu>[1]) => {
    const vu = new LoopbackVu(proto, limits)
    open.push(vu)
    return vu
  }
  const httpVu = (setup: ConstructorParameters<typeof HttpTestVu>[0]) => {
    const vu = new HttpTestVu(setup)
    open.push(vu)
    return vu
  }
  afterEach(async () => {
    for (const vu of open.splice(0)) vu.close()
    await stopServers()
    await closeServers()
  })
  const names = ({ refusals }: { refusals: { section: string; rule: string }[] }) =>
    refusals.map(({ section, rule }) => `${section} ${rule}`)
  /** What a check that answers at once or later comes to. */
  const outcome = async (run: () => unknown): Promise<string> => {
    try {
      return String(await run())
    } catch (e) {
      return (e as Error).message
    }
  }

  describe('of gRPC', () => {
    it('refuses a request that is larger than requestBytes, and sends the rest', async () => {
      const { address } = await serve(ok)
      const vu = grpcVu({ limits: { requestBytes: 100 } })
      await vu.connect(address)
      assert.equal(JSON.parse(await vu.invoke('p.S/Go', text(98))).status, 0)
      assert.equal(
        await outcome(() => vu.invoke('p.S/Go', text(99))),
        'the request has 101 bytes; it may have 100 (limit requestBytes)',
      )
      const stream = vu.openStream('p.S/Flow')
      assert.match(await outcome(() => vu.call('writeStream', stream, text(99))), /^the message has 101 bytes/)
      assert.deepEqual(names(vu), ['limits.requestBytes 100', 'limits.requestBytes 100'])
    })

    it('takes no message that is larger than responseBytes, whatever the script asks for', async () => {
      const { address } = await serve(async (call) => {
        await call.read()
        call.send(large(1100))
        call.finish()
      })
      for (const [params, limit, status] of [
        [[], 1000, 8],
        [[['maxReceiveSize', 100_000]], 1000, 8],
        [[['maxReceiveSize', 100_000]], 2000, 0],
        [[['maxReceiveSize', 500]], 2000, 8],
      ] as [[string, unknown][], number, number][]) {
        const vu = grpcVu({ limits: { responseBytes: limit } })
        await vu.connect(address, params)
        const response = JSON.parse(await vu.invoke('p.S/Go', '{}'))
        assert.equal(response.status, status)
        const isOurs = limit === 1000
        assert.equal(/ vs\. 1000\) \(limit responseBytes\)$/.test(response.error?.message), isOurs)
        assert.deepEqual(names(vu), isOurs ? ['limits.responseBytes 1000'] : [])
      }
    })

    it('bounds metadata of calls, streams and reflection by pairs and bytes', async () => {
      const { address } = await serve(ok)
      const vu = grpcVu({ limits: { metadataPairs: 2, metadataBytes: 20 } })
      await vu.connect(address)
      const metadata = (...pairs: [string, string][]): [string, unknown][] => [['metadata', ['o', pairs]]]
      assert.equal(JSON.parse(await vu.invoke('p.S/Go', '{}', metadata(['a', 'b'], ['c', 'd']))).status, 0)
      const many = metadata(['a', 'b'], ['c', 'd'], ['e', 'f'])
      const long = metadata(['aaaaaaaaaa', 'bbbbbbbbbbb'])
      const tooMany = /^metadata of 3 pairs is more than the 2 that may be sent \(limit metadataPairs\)$/
      const tooLong = /^metadata of 21 bytes is more than the 20 that may be sent \(limit metadataBytes\)$/
      assert.match(await outcome(() => vu.invoke('p.S/Go', '{}', many)), tooMany)
      assert.match(await outcome(() => vu.invoke('p.S/Go', '{}', long)), tooLong)
      assert.match(await outcome(() => vu.openStream('p.S/Flow', many)), tooMany)
      const reflect: [string, unknown][] = [
        ['reflect', true],
        ['reflectMetadata', long[0]![1]],
      ]
      assert.match(await outcome(() => vu.connect(address, reflect)), /^reflectMetadata of 21 bytes/)
    })

    it('bounds calls and streams that are open together', async () => {
      const { address } = await serve(async (call) => {
        if (call.headers[':path'] === '/p.S/Flow') return
        await ok(call)
      })
      const vu = grpcVu({ limits: { streams: 2 } })
      await vu.connect(address)
      const first = vu.openStream('p.S/Flow')
      vu.openStream('p.S/Flow')
      const message = 'a VU may have 2 open gRPC calls and streams (limit streams)'
      assert.equal(await outcome(() => vu.openStream('p.S/Flow')), message)
      assert.equal(await outcome(() => vu.invoke('p.S/Go', '{}')), message)
      vu.call('cancelStream', first)
      const one = vu.invoke('p.S/Go', '{}')
      assert.equal(await outcome(() => vu.invoke('p.S/Go', '{}')), message)
      assert.equal(JSON.parse(await one).status, 0)
      assert.equal(JSON.parse(await vu.invoke('p.S/Go', '{}')).status, 0)
    })

    it('ends calls after callMs, those too that have no timeout', async () => {
      const { address } = await serve(() => {})
      const vu = grpcVu({ limits: { callMs: 50 } })
      await vu.connect(address)
      for (const params of [undefined, [['timeout', 100_000]], [['timeout', 0]]] as [string, unknown][][]) {
        const { status, error } = JSON.parse(await vu.invoke('p.S/Go', '{}', params))
        assert.deepEqual([status, error.message], [4, 'context deadline exceeded (limit callMs)'])
      }
      assert.equal(vu.refusals.length, 3)
      const { error } = JSON.parse(await vu.invoke('p.S/Go', '{}', [['timeout', 20]]))
      assert.equal(error.message, 'context deadline exceeded')
      const stream = vu.openStream('p.S/Flow')
      const events = await vu.drain(stream)
      const [, told] = events[0]![1] as [string, { code: number; message: string }]
      assert.deepEqual([told.code, told.message], [4, 'context deadline exceeded (limit callMs)'])
      const silent = await serveTcp((socket) => socket.resume())
      const beganAtMs = performance.now()
      assert.equal(await outcome(() => vu.connect(silent.address, [['timeout', 100_000]])), 'context deadline exceeded')
      assert.ok(performance.now() - beganAtMs < 50_000)
    })

    it('counts each address of a connection with round_robin', async () => {
      const { address } = await serve(ok)
      const port = address.split(':')[1]
      const lookup = () => Promise.resolve(['127.0.0.1', '127.0.0.2', '127.0.0.3'])
      const vu = grpcVu({ limits: { connections: 2 }, options: { resolver: { lookup } } })
      await vu.connect(`many.test:${port}`, [['loadBalancing', 'round_robin']])
      assert.equal(vu.context.grpc.openConnections, 2)
      assert.match(await outcome(() => vu.connect(address)), /^a VU may have 2 open connections; close some/)
    })
  })

  describe('of HTTP', () => {
    it('refuses a body that is larger than requestBytes', async () => {
      const { url } = await httpServer(echo)
      const vu = httpVu({ limits: { requestBytes: 10 } })
      assert.equal((await vu.request({ method: 'POST', url }, 'x'.repeat(10))).status, 200)
      for (const body of ['x'.repeat(11), new Uint8Array(11), '\u00e4'.repeat(6)]) {
        assert.match(
          await outcome(() => vu.request({ method: 'POST', url }, body)),
          /^the body has 1[12] bytes; it may have 10 \(limit requestBytes\)$/,
        )
      }
    })

    it('bounds headers and cookies together, by pairs and bytes', async () => {
      const { url } = await httpServer(echo)
      const vu = httpVu({ limits: { metadataPairs: 2, metadataBytes: 20 } })
      const two = { headers: [['a', 'b']], cookies: [['c', 'd', false]] }
      assert.equal((await vu.get(url, two)).status, 200)
      const three = {
        headers: [
          ['a', 'b'],
          ['e', 'f'],
        ],
        cookies: [['c', 'd', false]],
      }
      assert.match(await outcome(() => vu.get(url, three)), /^a set of headers of 3 pairs/)
      assert.match(
        await outcome(() => vu.get(url, { headers: [['a', 'x'.repeat(20)]] })),
        /^a set of headers of 21 bytes/,
      )
      assert.deepEqual(names(vu), ['limits.metadataPairs 2', 'limits.metadataBytes 20'])
    })

    it('ends requests after callMs', async () => {
      const { url } = await httpServer(() => {})
      const vu = httpVu({ limits: { callMs: 50 } })
      assert.equal((await vu.get(url, { timeout: 100_000 })).error_code, 1050)
      assert.match(vu.lines.at(-1)!.fields.error!, /request timeout \(limit callMs\)$/)
      assert.deepEqual(names(vu), ['limits.callMs 50'])
      await vu.get(url, { timeout: 20 })
      assert.equal(vu.refusals.length, 1)
    })

    it('bounds connections, and closes idle ones before it refuses', async () => {
      const waiting: (() => void)[] = []
      const slow = await httpServer((_, response) => waiting.push(() => response.end()))
      const first = await httpServer(echo)
      const second = await httpServer(echo)
      const vu = httpVu({ limits: { connections: 1 } })
      assert.equal((await vu.get(first.url)).status, 200)
      assert.equal((await vu.get(second.url)).status, 200)
      const busy = vu.get(slow.url)
      while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      const refused = await vu.get(first.url)
      assert.deepEqual([refused.status, refused.error], [0, 'too many connections'])
      assert.match(vu.lines.at(-1)!.fields.error!, /may have 1 open connections.*limit connections/)
      waiting[0]!()
      assert.equal((await busy).status, 200)
    })
  })

  describe('within a second', () => {
    /** Turns that are 30 ms apart, and how many were taken. */
    const turns = () => {
      let last = 0
      const pace = { taken: 0, nextRequestMs: () => 0 }
      pace.nextRequestMs = () => {
        pace.taken++
        last = Math.max(last + 30, Date.now())
        return last
      }
      return pace
    }

    it('lets every request of HTTP wait for its turn, redirects too', async () => {
      const { url } = await httpServer((request, response) => {
        if (request.url === '/') response.writeHead(302, { location: '/next' }).end()
        else response.end()
      })
      const pace = turns()
      const vu = httpVu({ nextRequestMs: pace.nextRequestMs })
      const beganAtMs = performance.now()
      await Promise.all([vu.get(url), vu.get(url)])
      assert.equal(pace.taken, 4)
      assert.ok(performance.now() - beganAtMs >= 80)
    })

    it('lets connects, calls, streams and health checks of gRPC wait for theirs', async () => {
      const { address } = await serve(ok)
      const pace = turns()
      const vu = grpcVu({ nextRequestMs: pace.nextRequestMs })
      const beganAtMs = performance.now()
      await vu.connect(address)
      await vu.invoke('p.S/Go', '{}')
      const stream = await vu.openStream('p.S/Flow')
      await vu.healthCheck()
      assert.equal(pace.taken, 4)
      assert.ok(performance.now() - beganAtMs >= 80)
      vu.call('endStream', stream)
      await vu.drain(stream)
    })

    it('opens no stream whose turn comes after the end of the iteration', async () => {
      const { address, sessions } = await serve(ok)
      let next = 0
      const vu = grpcVu({ nextRequestMs: () => next })
      await vu.connect(address)
      next = Date.now() + 3_600_000
      const stream = vu.openStream('p.S/Flow')
      vu.context.abort.abort()
      const text = 'failed to create a new stream: rpc error: code = Canceled desc = context canceled'
      assert.equal(await outcome(() => stream), text)
      assert.equal(vu.context.grpc.openCalls, 0)
      assert.equal(sessions.length, 1)
    })

    it('ends the wait with the iteration', async () => {
      const abort = new AbortController()
      const wait = waitUntil(Date.now() + 3_600_000, Date.now, abort.signal)
      abort.abort()
      await wait
    })
  })
})
