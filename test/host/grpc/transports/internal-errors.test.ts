/** Receivers and observers with an error of their own: what becomes of their call, of the others, and who is told. */
import assert from 'node:assert/strict'
import { HostResolver } from '../../../../host/dns.js'
import { internalError } from '../../../../host/grpc/status.js'
import type { CallStatus, Connection, StreamCall, Transport } from '../../../../host/grpc/transport.js'
import { RequestKind, ResponseHeaders } from '../../../../host/grpc/transports/direct-headers.js'
import { DirectTransport } from '../../../../host/grpc/transports/direct-transport.js'
import { GrpcJsTransport } from '../../../../host/grpc/transports/grpc-js-transport.js'
import { type ServerCall, serve, stopServers } from '../scripted-server.js'

const path = '/pkg.Service/Method'
const oops = new TypeError('oops')
const fail = () => {
  throw oops
}

for (const [name, transport] of [
  ['DirectTransport', new DirectTransport()],
  ['GrpcJsTransport', new GrpcJsTransport()],
] satisfies readonly (readonly [string, Transport])[]) {
  describe(`${name}, with errors of ours`, () => {
    let connection: Connection
    let told: unknown[]
    let sessions: { destroy(): void }[]

    beforeEach(async () => {
      told = []
      const server = await serve(async (call: ServerCall) => {
        call.open()
        while ((await call.read()) !== undefined) call.send('a reply')
        call.finish()
      })
      sessions = server.sessions
      connection = await transport.connect({
        ...{ address: server.address, isPlaintext: true, timeoutMs: 10_000, resolver: new HostResolver() },
        onInternalError: (e) => told.push(e),
      })
    })

    afterEach(async () => {
      connection.close()
      await stopServers()
    })

    /** How a call ends that sends two messages, and whether others can still be made. */
    async function endOf(call: Partial<StreamCall>, isServerStreaming = true): Promise<Omit<CallStatus, 'headers'>> {
      const end = await new Promise<CallStatus>((resolve) => {
        const stream = connection.stream({
          ...{ path, metadata: [], isServerStreaming, deadlineMs: 10_000, onMessage: () => {}, onEnd: resolve },
          ...call,
        })
        stream.write(Buffer.alloc(100_000))
        if (isServerStreaming) stream.write(Buffer.from('another'))
        stream.end()
      })
      const other = await connection.unary({ path, request: Buffer.from('x'), metadata: [], deadlineMs: 10_000 })
      assert.equal(other.status, 0)
      return { status: end.status, message: end.message, trailers: end.trailers }
    }

    const cases: Readonly<Record<string, Partial<StreamCall>>> = {
      onStart: { onStart: fail },
      onHeaders: { onHeaders: fail },
      onMessage: { onMessage: fail },
      onDrain: { onDrain: fail },
      'the observer of headers that go out': { observer: { onOutHeader: fail } },
      'the observer of messages that go out': { observer: { onOutPayload: fail } },
      'the observer of headers': { observer: { onInHeader: fail } },
      'the observer of messages': { observer: { onInPayload: fail } },
      'the observer of trailers': { observer: { onInTrailer: fail } },
    }
    for (const [what, call] of Object.entries(cases)) {
      it(`${what}: the call ends with status 13 and a text of ours, and the others go on`, async () => {
        const { status, message } = await endOf(call)
        assert.deepEqual([{ status, message }, told], [internalError, [oops]])
      })
    }

    it('onMessage with the one reply: the same', async () => {
      const { status, message } = await endOf({ onMessage: fail }, false)
      assert.deepEqual([{ status, message }, told], [internalError, [oops]])
    })

    it('onMessage with a message that had to wait: the same, and no other is handed out', async () => {
      let count = 0
      const stream: { resume(): void }[] = []
      const end = new Promise<CallStatus>((resolve) => {
        const call = connection.stream({
          ...{ path, metadata: [], isServerStreaming: true, deadlineMs: 10_000, onEnd: resolve },
          onMessage() {
            count++
            fail()
          },
        })
        stream.push(call)
        call.pause()
        for (let i = 0; i < 5; i++) call.write(Buffer.from('x'))
        call.end()
        setTimeout(() => call.resume(), 50)
      })
      assert.equal((await end).status, 13)
      assert.deepEqual([count, told], [1, [oops]])
    })

    it('onEnd: it is told, and nothing follows', async () => {
      let count = 0
      await new Promise<void>((resolve) => {
        connection
          .stream({
            ...{ path, metadata: [], isServerStreaming: true, deadlineMs: 10_000, onMessage: () => {} },
            onEnd() {
              count++
              setTimeout(resolve, 20)
              fail()
            },
          })
          .end()
      })
      assert.deepEqual([count, told], [1, [oops]])
    })

    it('what starts a call on a connection that is dialled for it: the same', async () => {
      for (const session of sessions) session.destroy()
      const closing = async () => (await connection.unary({ path, request: Buffer.alloc(1), metadata: [] })).status
      // Until the loss is known.
      while ((await closing()) !== 0);
      assert.ok(sessions.length > 1)
      sessions.at(-1)?.destroy()
      await new Promise((resolve) => setTimeout(resolve, 50))
      const { status, message } = await endOf({ observer: { onOutHeader: fail } })
      assert.deepEqual([{ status, message }, told], [internalError, [oops]])
    })

    it('a dial: it ends the connect, and is told when it is made for a call', async () => {
      const { address } = await serve((call: ServerCall) => call.stream.session?.destroy())
      const known = new HostResolver()
      let dials = 0
      const resolver = {
        resolve: (...of: Parameters<HostResolver['resolve']>) => (dials++ === 0 ? known.resolve(...of) : fail()),
        resolveAll: fail,
      }
      const options = { address, isPlaintext: true, timeoutMs: 10_000, resolver }
      const lost = await transport.connect({ ...options, onInternalError: (e) => told.push(e) })
      const invoke = () => lost.unary({ path, request: Buffer.alloc(1), metadata: [], deadlineMs: 10_000 })
      assert.equal((await invoke()).status, 14)
      const { status, message } = await invoke()
      lost.close()
      assert.deepEqual([{ status, message }, told], [internalError, [oops]])
      await assert.rejects(transport.connect(options), oops)
    })

    it('the end of the time: others whose time is up as well are told', async () => {
      const end = (onEnd: () => void) =>
        new Promise<void>((resolve) => {
          const done = () => {
            resolve()
            onEnd()
          }
          connection.stream({
            ...{ path, metadata: [], isServerStreaming: true, deadlineMs: 30, onMessage: () => {}, onEnd: done },
          })
        })
      await Promise.all([end(fail), end(() => {})])
      assert.deepEqual(told, [oops])
    })

    it('the end of an abort: the others are told', async () => {
      const abort = new AbortController()
      const end = (onEnd: () => void) =>
        new Promise<number>((resolve) => {
          const done = ({ status }: CallStatus) => {
            resolve(status)
            onEnd()
          }
          const rest = { path, metadata: [], isServerStreaming: true, signal: abort.signal, onMessage: () => {} }
          connection.stream({ ...rest, onEnd: done })
        })
      const ends = [end(fail), end(() => {})]
      abort.abort()
      assert.deepEqual([await Promise.all(ends), told], [[1, 1], [oops]])
    })
  })
}

/** A connection to a server that ends each call; `end` makes one and says how it ended. */
async function connected() {
  const told: unknown[] = []
  const { address, sessions } = await serve((call: ServerCall) => call.finish())
  const connection = await new DirectTransport().connect({
    ...{ address, isPlaintext: true, timeoutMs: 10_000, resolver: new HostResolver() },
    onInternalError: (e) => told.push(e),
  })
  const end = () =>
    new Promise<CallStatus>((onEnd) => {
      const call = { path, metadata: [], isServerStreaming: true, deadlineMs: 10_000, onMessage: () => {}, onEnd }
      connection.stream(call).end()
    })
  return { connection, end, told, sessions }
}

describe('DirectTransport, with an error of ours in what it writes', () => {
  const { encode } = RequestKind.prototype

  afterEach(async () => {
    RequestKind.prototype.encode = encode
    await stopServers()
  })

  it('ends the call with status 13 and a text of ours, and the others go on', async () => {
    const { connection, end, told, sessions } = await connected()
    RequestKind.prototype.encode = fail
    const { status, message } = await end()
    RequestKind.prototype.encode = encode
    assert.deepEqual([{ status, message }, (await end()).status], [internalError, 0])
    connection.close()
    assert.deepEqual([told, sessions.length], [[oops], 1])
  })
})

describe('DirectTransport, with an error of ours in what it reads', () => {
  const { read } = ResponseHeaders.prototype

  afterEach(async () => {
    ResponseHeaders.prototype.read = read
    await stopServers()
  })

  it('ends the calls of the connection with status 13, and makes the next on another one', async () => {
    const { connection, end, told, sessions } = await connected()
    ResponseHeaders.prototype.read = fail
    for (const { status, message } of await Promise.all([end(), end()])) {
      assert.deepEqual({ status, message }, internalError)
    }
    ResponseHeaders.prototype.read = read
    assert.equal((await end()).status, 0)
    connection.close()
    assert.deepEqual([told, sessions.length], [[oops], 2])
  })
})
