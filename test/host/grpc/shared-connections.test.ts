import assert from 'node:assert/strict'
import { connect as connectTcp, type Socket } from 'node:net'
import { isAppError } from '../../../errors.js'
import { HostResolver } from '../../../host/dns.js'
import { SharedConnections } from '../../../host/grpc/shared-connections.js'
import type { CallResult, Connection, DialOptions } from '../../../host/grpc/transport.js'
import { DirectTransport } from '../../../host/grpc/transports/direct-transport.js'
import { GrpcJsTransport } from '../../../host/grpc/transports/grpc-js-transport.js'
import {
  type Answer,
  deadPort,
  fixture,
  frame,
  type ServerCall,
  serve,
  serveTcp,
  stopServers,
} from './scripted-server.js'

const path = '/pkg.Service/Method'
const request = Buffer.from('request')
const plentyMs = 10_000
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** That the transport contract holds for them, test/host/grpc/transports/grpc-js-transport.test.ts has shown. */
for (const [name, transport] of [
  ['GrpcJsTransport', new GrpcJsTransport()],
  ['DirectTransport', new DirectTransport()],
] as const) {
  describe(`SharedConnections of ${name}`, () => {
    const resolver = new HostResolver({ lookup: () => Promise.resolve(['127.0.0.1']) })
    const open: Connection[] = []
    let shared = new SharedConnections(transport)

    beforeEach(() => {
      shared = new SharedConnections(transport)
    })

    afterEach(async () => {
      for (const connection of open.splice(0)) connection.close()
      await stopServers()
    })

    async function connect(address: string, options: Partial<DialOptions> = {}): Promise<Connection> {
      const connection = await shared.connect({ address, isPlaintext: true, timeoutMs: plentyMs, resolver, ...options })
      open.push(connection)
      return connection
    }

    async function errorOf(connecting: Promise<unknown>): Promise<string> {
      const error = await connecting.then(
        () => assert.fail('connected'),
        (e: unknown) => e,
      )
      assert.ok(isAppError(error, 'CONNECT_FAILED'), String(error))
      return error.message
    }

    const call = (
      connection: Connection,
      more: { deadlineMs?: number; signal?: AbortSignal; request?: Uint8Array } = {},
    ) => connection.unary({ path, request, metadata: [], deadlineMs: plentyMs, ...more })
    const brief = ({ status, message }: CallResult) => [status, message]
    const closing = [1, 'grpc: the client connection is closing']
    const ok: Answer = async (incoming) => {
      incoming.send((await incoming.read()) ?? '')
      incoming.finish()
    }
    /** Calls that wait until the test answers them. */
    const holding = () => {
      const calls: ServerCall[] = []
      const answer: Answer = (incoming) => {
        calls.push(incoming)
      }
      const until = async (count: number) => {
        while (calls.length < count) await turn()
      }
      return { calls, answer, until }
    }
    const untilGone = async (session: { destroyed: boolean } | undefined) => {
      while (session && !session.destroyed) await turn()
    }

    /** A port that is open but leads nowhere until `open()`, then to the server. */
    async function gate(answer: Answer) {
      const server = await serve(answer)
      const sockets: Socket[] = []
      let open = () => {}
      const isOpen = new Promise<void>((resolve) => {
        open = resolve
      })
      const outer = await serveTcp((socket) => {
        sockets.push(socket)
        // Reads on, so as to hear of the end.
        const held: Buffer[] = []
        socket.on('data', (chunk) => held.push(chunk))
        void isOpen.then(() => {
          const inner = connectTcp(server.port, '127.0.0.1')
          inner.on('error', () => {})
          socket.removeAllListeners('data')
          for (const chunk of held) inner.write(chunk)
          socket.pipe(inner).pipe(socket)
        })
      })
      return { server, address: outer.address, sockets, open }
    }

    describe('who shares', () => {
      it('all that connect alike, whenever they come', async () => {
        const server = await serve(ok)
        const [a, b] = await Promise.all([connect(server.address), connect(server.address, { timeoutMs: 5000 })])
        const c = await connect(server.address)
        for (const connection of [a, b, c]) assert.equal((await call(connection as Connection)).status, 0)
        assert.equal(server.sessions.length, 1)
        assert.equal(c.address, server.address)
      })

      for (const [name, change] of [
        ['authority', { authority: 'other.test' }],
        ['maxReceiveSize', { maxReceiveBytes: 1000 }],
        ['maxSendSize', { maxSendBytes: 1000 }],
        ['userAgent', { userAgent: 'other' }],
        ['local address', { localIp: '127.0.0.2' }],
        ['loadBalancing', { loadBalancing: 'round_robin' }],
      ] as [string, Partial<DialOptions>][]) {
        it(`nobody with another ${name}`, async () => {
          const server = await serve(ok)
          await connect(server.address)
          await connect(server.address, change)
          await connect(server.address, change)
          assert.equal(server.sessions.length, 2)
        })
      }

      it('nobody with another address, even one that leads to the same server', async () => {
        const server = await serve(ok)
        await connect(server.address)
        const other = await connect(`a.test:${server.port}`)
        assert.equal(server.sessions.length, 2)
        assert.equal(other.address, `a.test:${server.port}`)
      })

      it('nobody with other TLS settings, or without TLS', async () => {
        const tls = { cert: fixture('server.pem'), key: fixture('server.key') }
        const server = await serve(ok, { ...tls, ca: fixture('ca.pem'), requestCert: true, rejectUnauthorized: false })
        const caCertificates = [fixture('ca.pem')]
        const secure = { isPlaintext: false, tls: { caCertificates } }
        await connect(server.address, secure)
        await connect(server.address, { isPlaintext: false, tls: { caCertificates: [...caCertificates] } })
        assert.equal(server.sessions.length, 1)
        const others = [
          { caCertificates: [...caCertificates, fixture('other-ca.pem')] },
          { insecureSkipVerify: true },
          { caCertificates, maxVersion: 'tls1.2' as const },
        ]
        for (const other of others) await connect(server.address, { isPlaintext: false, tls: other })
        assert.equal(server.sessions.length, 1 + others.length)
        await assert.rejects(connect(server.address, { timeoutMs: 300 }), /error reading server preface/)
        await assert.rejects(
          connect(server.address, { isPlaintext: false, tls: {}, timeoutMs: 300 }),
          /unknown authority/,
        )
      })
    })

    describe('who closes', () => {
      it('the last who gives it back, and the next one dials anew', async () => {
        const server = await serve(ok)
        const [a, b] = [await connect(server.address), await connect(server.address)]
        a.close()
        a.close()
        assert.deepEqual(brief(await call(a)), closing)
        assert.equal((await call(b)).status, 0)
        b.close()
        const c = await connect(server.address)
        await untilGone(server.sessions[0])
        assert.equal((await call(c)).status, 0)
        assert.equal(server.sessions.length, 2)
      })

      it('ends its own calls only', async () => {
        const { calls, answer, until } = holding()
        const server = await serve(answer)
        const [a, b] = [await connect(server.address), await connect(server.address)]
        const [ofA, ofB] = [call(a), call(b)]
        await until(2)
        a.close()
        assert.deepEqual(brief(await ofA), closing)
        for (const incoming of calls) if (!incoming.stream.destroyed) await ok(incoming)
        assert.equal((await ofB).status, 0)
      })
    })

    describe('while it is dialled', () => {
      it('each waits as long as it likes, and the dial goes on for those who are left', async () => {
        const { server, address, sockets, open: openGate } = await gate(ok)
        const abort = new AbortController()
        const patient = connect(address)
        const short = errorOf(connect(address, { timeoutMs: 40 }))
        const aborted = errorOf(connect(address, { signal: abort.signal }))
        assert.equal(await short, 'context deadline exceeded')
        abort.abort()
        assert.equal(await aborted, 'context canceled')
        openGate()
        assert.equal((await call(await patient)).status, 0)
        assert.deepEqual([sockets.length, server.sessions.length], [1, 1])
      })

      it('it is given up when nobody is left, and not kept', async () => {
        const { address, sockets, open: openGate } = await gate(ok)
        const waiting = [errorOf(connect(address, { timeoutMs: 40 })), errorOf(connect(address, { timeoutMs: 60 }))]
        assert.deepEqual(await Promise.all(waiting), ['context deadline exceeded', 'context deadline exceeded'])
        while (!sockets[0]?.destroyed) await turn()
        openGate()
        assert.equal((await call(await connect(address))).status, 0)
        assert.equal(sockets.length, 2)
      })

      it('a failure is told to all who wait, and not kept', async () => {
        const port = await deadPort()
        const address = `127.0.0.1:${port}`
        const why = `dial tcp ${address}: connect: connection refused`
        const message = `connection error: desc = "transport: error while dialing: ${why}"`
        const waiting = [errorOf(connect(address)), errorOf(connect(address))]
        assert.deepEqual(await Promise.all(waiting), [message, message])
        await serve(ok, undefined, { port })
        const [a, b] = await Promise.all([connect(address), connect(address)])
        a.close()
        assert.equal((await call(b)).status, 0)
      })

      it('whoever gives up is told of the last failure', async () => {
        const server = await serveTcp((socket) => socket.destroy())
        const patient = errorOf(connect(server.address, { timeoutMs: 600 }))
        const short = await errorOf(connect(server.address, { timeoutMs: 400 }))
        assert.match(short, /^context deadline exceeded: connection error: desc = "error reading server preface: /)
        assert.match(
          await patient,
          /^context deadline exceeded: connection error: desc = "error reading server preface: /,
        )
      })

      it('no time is no time, also where there is a connection', async () => {
        const server = await serve(ok)
        await connect(server.address)
        assert.equal(await errorOf(connect(server.address, { timeoutMs: -1 })), 'context deadline exceeded')
        const signal = AbortSignal.abort()
        assert.equal(await errorOf(connect(server.address, { signal })), 'context canceled')
      })
    })

    describe('what one of them does leaves the others alone', () => {
      it('a deadline, an abort, a cancelled stream', async () => {
        const { calls, answer, until } = holding()
        const server = await serve(answer)
        const [a, b] = [await connect(server.address), await connect(server.address)]
        const ofB = call(b)
        await until(1)
        const abort = new AbortController()
        const aborted = call(a, { signal: abort.signal })
        const stream = a.stream({ path, metadata: [], isServerStreaming: true, onMessage: () => {}, onEnd: () => {} })
        await until(3)
        assert.equal((await call(a, { deadlineMs: 30 })).status, 4)
        abort.abort()
        stream.cancel()
        assert.equal((await aborted).status, 1)
        await ok(calls[0] as ServerCall)
        assert.equal((await ofB).status, 0)
      })

      it('streams that are not read, though their server floods them', async () => {
        const server = await serve((incoming) => {
          if (incoming.headers[':path'] !== '/flood') return ok(incoming)
          const block = frame(Buffer.alloc(100_000))
          const flood = () => {
            while (incoming.stream.write(block));
          }
          incoming.open()
          incoming.stream.on('drain', flood)
          flood()
        })
        const [a, b] = [await connect(server.address), await connect(server.address)]
        // Together they have more than the whole connection may have on its way.
        for (let i = 0; i < 8; i++) {
          const stream = a.stream({
            ...{ path: '/flood', metadata: [], isServerStreaming: true, onEnd: () => {} },
            onMessage: () => stream.pause(),
          })
        }
        const big = Buffer.alloc(3_000_000)
        for (let i = 0; i < 5; i++) {
          const result = await call(b, { request: big })
          assert.deepEqual([result.status, result.message, result.response?.length], [0, '', big.length])
        }
      })

      it('metadata that no server takes', async () => {
        const { calls, answer, until } = holding()
        const server = await serve(answer)
        const [a, b] = [await connect(server.address), await connect(server.address)]
        const ofB = call(b)
        await until(1)
        const large = 'x'.repeat(70_000)
        const small = Array.from({ length: 5000 }, (_, i) => [`key-${i}`, 'value'] as const)
        for (const metadata of [[['large', large]], [['connection', 'close']], small] as const) {
          const { status } = await a.unary({ path, request, metadata, deadlineMs: plentyMs })
          assert.notEqual(status, 0)
        }
        const { message } = await a.unary({ path, request, metadata: [['large', large]], deadlineMs: plentyMs })
        assert.equal(message, 'header list size to send violates the maximum size (65536 bytes) of a shared connection')
        await ok(calls[0] as ServerCall)
        assert.equal((await ofB).status, 0)
        assert.equal(server.sessions.length, 1)
      })

      it('an answer that is too large for its call', async () => {
        const server = await serve((incoming) => {
          if (incoming.headers[':path'] === '/huge') incoming.send(Buffer.alloc(5_000_000))
          else return ok(incoming)
        })
        const [a, b] = [await connect(server.address), await connect(server.address)]
        const huge = a.unary({ path: '/huge', request, metadata: [], deadlineMs: plentyMs })
        assert.equal((await call(b)).status, 0)
        assert.equal((await huge).status, 8)
        assert.equal((await call(b)).status, 0)
      })
    })

    it('comes back for all of them when it broke, with one dial', async () => {
      let isCutting = true
      const server = await serve((incoming) => (isCutting ? server.cut() : ok(incoming)))
      const users = [await connect(server.address), await connect(server.address)]
      const lost = await Promise.all(users.map((user) => call(user)))
      assert.deepEqual(
        lost.map(({ status }) => status),
        [14, 14],
      )
      isCutting = false
      const back = await Promise.all(users.map((user) => call(user)))
      assert.deepEqual(
        back.map(({ status }) => status),
        [0, 0],
      )
      assert.equal(server.sessions.length, 2)
    })

    it('counts each byte for one of them, for the one who asks first', async () => {
      const server = await serve(ok)
      const [a, b] = [await connect(server.address), await connect(server.address)]
      const big = Buffer.alloc(100_000)
      await call(a, { request: big })
      assert.ok(b.bytesSent > big.length)
      assert.ok(b.bytesReceived > big.length)
      assert.deepEqual([a.bytesSent, a.bytesReceived], [0, 0])
      const before = [b.bytesSent, b.bytesReceived]
      await call(b, { request: big })
      assert.ok(a.bytesSent > big.length && a.bytesSent < 2 * big.length)
      assert.ok(a.bytesReceived > big.length && a.bytesReceived < 2 * big.length)
      assert.deepEqual([b.bytesSent, b.bytesReceived], before)
      // One that is gone counts nothing more.
      b.close()
      await call(a, { request: big })
      assert.deepEqual([b.bytesSent, b.bytesReceived], before)
      assert.ok(a.bytesSent > 2 * big.length)
    })
  })
}
