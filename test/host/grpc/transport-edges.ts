/**
 * What every transport does with servers at the edge of what gRPC allows, where libraries would do otherwise. The other half
 * of transport-contract.ts, which has what a transport is for.
 */
import assert from 'node:assert/strict'
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net'
import { HostResolver } from '../../../host/dns.js'
import type { CallStatus, ClientStream, Connection, DialOptions, Transport } from '../../../host/grpc/transport.js'
import { type Answer, frame, serve, stopServers } from './scripted-server.js'

export function describeEdges(name: string, transport: Transport): void {
  describe(`${name}, at the edge of gRPC`, () => {
    const path = '/pkg.Service/Method'
    const open: Connection[] = []

    afterEach(async () => {
      for (const connection of open.splice(0)) connection.close()
      await stopServers()
    })

    async function dial(answer: Answer, options: Partial<DialOptions> = {}): Promise<Connection> {
      return connect((await serve(answer)).address, options)
    }

    async function connect(address: string, options: Partial<DialOptions> = {}): Promise<Connection> {
      const connection = await transport.connect({
        ...{ address, isPlaintext: true, timeoutMs: 10_000, resolver: new HostResolver() },
        ...options,
      })
      open.push(connection)
      return connection
    }

    async function invoke(answer: Answer) {
      const connection = await dial(answer)
      return connection.unary({ path, request: Buffer.from('request'), metadata: [], deadlineMs: 10_000 })
    }

    interface Received {
      stream: ClientStream
      messages: string[]
      end: Promise<CallStatus>
    }

    function listen(connection: Connection, onMessage: (count: number) => void = () => {}): Received {
      const messages: string[] = []
      let stream: ClientStream | undefined
      const end = new Promise<CallStatus>((resolve) => {
        stream = connection.stream({
          ...{ path, metadata: [], isServerStreaming: true, deadlineMs: 10_000, onEnd: resolve },
          onMessage: (message) => onMessage(messages.push(Buffer.from(message).toString())),
        })
      })
      return { stream: stream as ClientStream, messages, end }
    }

    it('sends no header that k6 does not send', async () => {
      let seen: readonly string[] = []
      await invoke((call) => {
        seen = call.rawHeaders
        call.send('')
        call.finish()
      })
      const names = seen.filter((_, i) => i % 2 === 0)
      const own = [':method', ':scheme', ':path', ':authority', 'content-type', 'user-agent', 'te']
      assert.deepEqual(names, [...own, 'grpc-accept-encoding', 'grpc-timeout'])
      assert.equal(seen[seen.indexOf('grpc-accept-encoding') + 1], 'gzip')
    })

    it('loses no message of a paused stream when the connection breaks', async () => {
      const { stream, messages, end } = listen(
        await dial((call) => {
          for (let i = 0; i < 300; i++) call.send(`m${i}`)
          setTimeout(() => call.stream.session?.destroy(), 20)
        }),
      )
      stream.pause()
      await new Promise((resolve) => setTimeout(resolve, 100))
      assert.equal(messages.length, 0)
      stream.resume()
      assert.equal((await end).status, 14)
      assert.equal(messages.length, 300)
    })

    it('hands out the messages before one that is too large, and none after it', async () => {
      const answer: Answer = (call) => {
        call.open()
        call.stream.write(Buffer.concat(['a', 'b', 'larger', 'c'].map((text) => frame(Buffer.from(text)))))
      }
      const { messages, end } = listen(await dial(answer, { maxReceiveBytes: 3 }))
      const { status, message } = await end
      assert.deepEqual([status, message], [8, 'grpc: received message larger than max (6 vs. 3)'])
      assert.deepEqual(messages, ['a', 'b'])
    })

    it('stops a server whose message is too large', async () => {
      const closed = new Promise<number | undefined>((resolve, reject) => {
        const answer: Answer = (call) => {
          call.stream.on('close', () => resolve(call.stream.rstCode))
          call.open()
          // The size alone, with nothing of the message.
          call.stream.write(Buffer.from([0, 255, 255, 255, 255]))
        }
        dial(answer).then((connection) => listen(connection), reject)
      })
      assert.equal(await closed, 8)
    })

    it('tells that an answer ends inside a message', async () => {
      const result = await invoke((call) => {
        call.open()
        call.stream.write(Buffer.from([0, 0, 0, 0, 9, 1]))
        call.finish()
      })
      assert.deepEqual([result.status, result.message], [13, 'unexpected EOF'])
    })

    it('ends a call whose answer is a page without end', async () => {
      const result = await invoke((call) => {
        call.stream.respond({ ':status': 502, 'content-type': 'text/html' })
        call.stream.write('<p>'.repeat(1000))
      })
      assert.equal(result.status, 14)
      assert.match(result.message, /data: "(<p>){341}<"$/)
    })

    it('asks again when a GOAWAY says that the call was not looked at', async () => {
      let calls = 0
      const connection = await dial((call) => {
        if (++calls === 2) {
          call.stream.session?.goaway(11, 1)
          return
        }
        call.send(`${calls}`)
        call.finish()
      })
      const call = { path, request: Buffer.alloc(0), metadata: [], deadlineMs: 10_000 }
      await connection.unary(call)
      const { status, response } = await connection.unary(call)
      assert.deepEqual([status, Buffer.from(response ?? '').toString()], [0, '3'])
    })

    it('counts the bytes of a connection that carries its calls to their ends after a GOAWAY', async () => {
      const large = 100_000
      const server = await serve(async (call) => {
        const request = String(await call.read())
        if (request === 'old') {
          call.open()
          call.stream.session?.goaway(0, call.stream.id)
          await call.read()
          call.send(Buffer.alloc(large))
        } else call.send('reply')
        call.finish()
      })
      const connection = await connect(server.address)
      const { stream, end } = listen(connection)
      stream.write(Buffer.from('old'))
      const call = { path, request: Buffer.from('new'), metadata: [], deadlineMs: 10_000 }
      while (server.sessions.length < 2) await connection.unary(call)
      const { bytesSent, bytesReceived } = connection
      stream.write(Buffer.alloc(large))
      assert.equal((await end).status, 0)
      const isCounted = () =>
        connection.bytesSent - bytesSent > large && connection.bytesReceived - bytesReceived > large
      assert.ok(isCounted())
      // Nor are they forgotten when it is gone, and another one is made.
      server.cut()
      while ((await connection.unary(call)).status !== 0);
      assert.ok(isCounted())
    })

    it('keeps no half of a connection after a GOAWAY and the last call, though the server keeps its own', async () => {
      const server = await serve(async (call) => {
        call.stream.session?.goaway(0, call.stream.id)
        call.send((await call.read()) ?? '')
        call.finish()
      })
      // Leads to the server, and goes on writing when the client has ended its side: only a closed socket refuses that.
      const refused = new Promise<void>((resolve, reject) => {
        const relay = createServer({ allowHalfOpen: true }, (socket) => {
          const inner = connectTcp(server.port, '127.0.0.1').unref()
          inner.on('error', () => {})
          inner.on('data', (chunk) => socket.write(chunk))
          socket.on('data', (chunk) => inner.write(chunk))
          const writing = setInterval(() => socket.readableEnded && socket.write('?'), 5).unref()
          socket.unref().on('error', () => {})
          socket.on('close', () => {
            clearInterval(writing)
            inner.destroy()
            relay.close(() => resolve())
          })
        })
        relay.unref().listen(0, '127.0.0.1', async () => {
          const { port } = relay.address() as AddressInfo
          const connection = await connect(`127.0.0.1:${port}`)
          const call = { path, request: Buffer.from('request'), metadata: [], deadlineMs: 10_000 }
          if ((await connection.unary(call)).status !== 0) reject(new Error('the call failed'))
        })
      })
      await refused
    })

    it('lets others have their turn while thousands of small messages come', async () => {
      let atTurn = 0
      const connection = await dial((call) => {
        call.open()
        call.stream.write(Buffer.concat(Array.from({ length: 3000 }, () => frame(Buffer.alloc(0)))))
        call.finish()
      })
      const { messages, end } = listen(connection, (count) => {
        if (count !== 1) return
        setImmediate(() => {
          atTurn = messages.length
        })
      })
      assert.equal((await end).status, 0)
      assert.equal(messages.length, 3000)
      assert.ok(atTurn < 1000, String(atTurn))
    })

    it('keeps one connection for many calls', async () => {
      const sessions = new Set<unknown>()
      const connection = await dial((call) => {
        sessions.add(call.stream.session)
        call.send('')
        call.finish()
      })
      for (let i = 0; i < 20; i++) await connection.unary({ path, request: Buffer.alloc(0), metadata: [] })
      assert.equal(sessions.size, 1)
    })
  })
}
