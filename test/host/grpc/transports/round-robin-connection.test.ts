import assert from 'node:assert/strict'
import { isAppError } from '../../../../errors.js'
import { HostResolver } from '../../../../host/dns.js'
import type { CallResult, Connection, DialOptions } from '../../../../host/grpc/transport.js'
import { DirectTransport } from '../../../../host/grpc/transports/direct-transport.js'
import { GrpcJsTransport } from '../../../../host/grpc/transports/grpc-js-transport.js'
import { maxAddresses } from '../../../../host/grpc/transports/round-robin-connection.js'
import { type Answer, deadPort, serve, serveTcp, stopServers, type TestServer } from '../scripted-server.js'

const path = '/pkg.Service/Method'
const request = Buffer.from('request')
const plentyMs = 10_000

/** What holds for every connection, test/host/grpc/transports/grpc-js-transport.test.ts has shown. */
for (const [name, transport] of [
  ['GrpcJsTransport', new GrpcJsTransport()],
  ['DirectTransport', new DirectTransport()],
] as const) {
  describe(`RoundRobinConnection of ${name}`, () => {
    const open: Connection[] = []
    let addresses: string[] = []
    // Keeps no answer, so that what a test changes is seen at once.
    const resolver = new HostResolver({ lookup: () => Promise.resolve(addresses), ttlMs: 0 })

    afterEach(async () => {
      for (const connection of open.splice(0)) connection.close()
      await stopServers()
    })

    /** Answers with the address that it listens on. */
    const tellsHost = (host: string): Answer => {
      return async (call) => {
        await call.read()
        call.send(host)
        call.finish()
      }
    }

    /** Servers on the same port of 127.0.0.1, 127.0.0.2 and so on, which are what the name resolves to. */
    async function serveAll(count: number): Promise<TestServer[]> {
      addresses = Array.from({ length: count }, (_, i) => `127.0.0.${i + 1}`)
      const servers: TestServer[] = []
      for (const host of addresses) {
        servers.push(await serve(tellsHost(host), undefined, { host, port: servers[0]?.port ?? 0 }))
      }
      return servers
    }

    async function dial(port: number, options: Partial<DialOptions> = {}): Promise<Connection> {
      const all = { address: `name.test:${port}`, isPlaintext: true, timeoutMs: plentyMs, resolver }
      const connection = await transport.connect({ ...all, loadBalancing: 'round_robin', ...options })
      open.push(connection)
      return connection
    }

    async function dialError(port: number, timeoutMs = plentyMs): Promise<string> {
      const error = await dial(port, { timeoutMs }).then(
        () => assert.fail('connected'),
        (e: unknown) => e,
      )
      assert.ok(isAppError(error, 'CONNECT_FAILED'), String(error))
      return error.message
    }

    const call = (connection: Connection) => connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })

    /** The address that answered a call, which is what the call tells of itself. */
    async function answering(connection: Connection): Promise<string> {
      const { status, message, response, remoteIp } = await call(connection)
      assert.deepEqual([status, message], [0, ''])
      assert.equal(remoteIp, Buffer.from(response ?? '').toString())
      return remoteIp as string
    }

    /** Calls until all of the addresses have answered. */
    async function untilAnswering(connection: Connection, wanted: readonly string[]): Promise<void> {
      const missing = new Set(wanted)
      while (missing.size > 0) {
        missing.delete(await answering(connection))
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }

    const answers = async (connection: Connection, count: number): Promise<string[]> => {
      const found: string[] = []
      for (let i = 0; i < count; i++) found.push(await answering(connection))
      return found
    }

    /** Stops one of two servers; the connection has heard of it when the other answers twice in a row, or none is left. */
    async function stop(server: TestServer, connection: Connection): Promise<void> {
      await server.close()
      let last: CallResult | undefined
      for (;;) {
        const result = await call(connection)
        if (result.message.includes('error while dialing')) return
        if (result.status === 0 && last?.status === 0 && last.remoteIp === result.remoteIp) return
        last = result
      }
    }

    it('makes calls on all addresses in turn', async () => {
      const servers = await serveAll(3)
      const connection = await dial(servers[0]!.port)
      await untilAnswering(connection, addresses)
      const found = await answers(connection, 9)
      assert.deepEqual(found.slice(0, 3).sort(), addresses)
      assert.deepEqual([found.slice(3, 6), found.slice(6, 9)], [found.slice(0, 3), found.slice(0, 3)])
      assert.equal(connection.address, `name.test:${servers[0]!.port}`)
      assert.deepEqual(
        servers.map(({ sessions }) => sessions.length),
        [1, 1, 1],
      )
    })

    it('makes streams in turn as well, and each tells where it went', async () => {
      const [server] = await serveAll(2)
      const connection = await dial(server!.port)
      await untilAnswering(connection, addresses)
      const went: (string | undefined)[] = []
      for (let i = 0; i < 4; i++) {
        await new Promise<void>((resolve) => {
          const stream = connection.stream({
            ...{ path, metadata: [], isServerStreaming: true, onEnd: () => resolve() },
            onStart: (remoteIp) => went.push(remoteIp),
            onMessage: (message) => assert.equal(Buffer.from(message).toString(), went.at(-1)),
          })
          stream.end()
        })
      }
      assert.deepEqual([...new Set(went)].sort(), addresses)
      assert.deepEqual(went.slice(2), went.slice(0, 2))
    })

    it('is there when the first address is, whatever becomes of the others', async () => {
      const server = await serve(tellsHost('127.0.0.3'), undefined, { host: '127.0.0.3' })
      // Nobody listens on the first, and the second takes sockets and says nothing.
      const silent = await serveTcp((socket) => socket.resume(), { host: '127.0.0.2', port: server.port })
      addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
      const connection = await dial(server.port)
      assert.deepEqual(await answers(connection, 3), ['127.0.0.3', '127.0.0.3', '127.0.0.3'])
      assert.equal(silent.port, server.port)
    })

    it('leaves a broken address out until it can be dialled again', async () => {
      const [first, second] = await serveAll(2)
      const connection = await dial(first!.port)
      await untilAnswering(connection, addresses)
      await stop(second!, connection)
      assert.deepEqual(new Set(await answers(connection, 4)), new Set(['127.0.0.1']))
      await serve(tellsHost('127.0.0.2'), undefined, { host: '127.0.0.2', port: first!.port })
      await untilAnswering(connection, addresses)
      assert.deepEqual((await answers(connection, 2)).sort(), addresses)
      assert.equal(first!.sessions.length, 1)
    })

    it('gives a call that a server did not look at to another one', async () => {
      addresses = ['127.0.0.1', '127.0.0.2']
      let isLeaving = false
      const leaving: Answer = (incoming) => {
        if (!isLeaving) return tellsHost('127.0.0.1')(incoming)
        isLeaving = false
        incoming.stream.session?.goaway(11, incoming.stream.id! - 2)
      }
      const first = await serve(leaving, undefined, { host: '127.0.0.1' })
      await serve(tellsHost('127.0.0.2'), undefined, { host: '127.0.0.2', port: first.port })
      const connection = await dial(first.port)
      await untilAnswering(connection, addresses)
      isLeaving = true
      let answered = ''
      while (isLeaving) answered = await answering(connection)
      assert.equal(answered, '127.0.0.2')
    })

    it('fails calls with the text of a dial while no address can be reached, and comes back', async () => {
      const [first, second] = await serveAll(2)
      const connection = await dial(first!.port)
      await untilAnswering(connection, addresses)
      await Promise.all([first!.close(), second!.close()])
      await stop(first!, connection)
      const { status, message, remoteIp } = await call(connection)
      const why = `dial tcp 127\\.0\\.0\\.[12]:${first!.port}: connect: connection refused`
      assert.match(message, new RegExp(`^connection error: desc = "transport: error while dialing: ${why}"$`))
      assert.deepEqual([status, remoteIp], [14, undefined])
      await serve(tellsHost('127.0.0.2'), undefined, { host: '127.0.0.2', port: first!.port })
      while ((await call(connection)).status !== 0) await new Promise((resolve) => setTimeout(resolve, 20))
      assert.equal(await answering(connection), '127.0.0.2')
    })

    it('fails to connect at once when every address fails for good, with the text of the first', async () => {
      addresses = ['127.0.0.2', '127.0.0.3']
      const port = await deadPort()
      const why = `dial tcp 127.0.0.2:${port}: connect: connection refused`
      assert.equal(await dialError(port), `connection error: desc = "transport: error while dialing: ${why}"`)
    })

    it('tries again until the timeout when one of the failures may pass', async () => {
      addresses = ['127.0.0.2', '127.0.0.1']
      const server = await serveTcp((socket) => socket.destroy())
      const message = await dialError(server.port, 400)
      assert.match(message, /^context deadline exceeded: connection error: desc = "error reading server preface: /)
    })

    it('follows the name when servers move', async () => {
      const [first, second] = await serveAll(2)
      const connection = await dial(first!.port)
      await untilAnswering(connection, addresses)
      await serve(tellsHost('127.0.0.3'), undefined, { host: '127.0.0.3', port: first!.port })
      addresses = ['127.0.0.1', '127.0.0.3']
      await stop(second!, connection)
      await untilAnswering(connection, addresses)
      const again = await serve(tellsHost('127.0.0.2'), undefined, { host: '127.0.0.2', port: first!.port })
      assert.deepEqual(new Set(await answers(connection, 4)), new Set(addresses))
      assert.equal(again.sessions.length, 0)
    })

    it('dials no more addresses than it may', async () => {
      const servers = await serveAll(maxAddresses + 2)
      const connection = await dial(servers[0]!.port)
      await untilAnswering(connection, addresses.slice(0, maxAddresses))
      const used = servers.filter(({ sessions }) => sessions.length > 0)
      assert.equal(used.length, maxAddresses)
    })

    it('counts the bytes of all its addresses', async () => {
      const [server] = await serveAll(2)
      const connection = await dial(server!.port)
      await untilAnswering(connection, addresses)
      const before = connection.bytesSent
      const big = { path, request: Buffer.alloc(50_000), metadata: [], deadlineMs: plentyMs }
      for (let i = 0; i < 4; i++) await connection.unary(big)
      assert.ok(connection.bytesSent - before > 200_000)
      assert.ok(connection.bytesReceived > 0)
    })

    it('closes the connections to all addresses', async () => {
      const servers = await serveAll(2)
      const connection = await dial(servers[0]!.port)
      await untilAnswering(connection, addresses)
      connection.close()
      const sessions = servers.map((server) => server.sessions[0]!)
      while (sessions.some(({ destroyed }) => !destroyed)) await new Promise((resolve) => setImmediate(resolve))
      assert.equal((await call(connection)).status, 1)
    })
  })
}
