import assert from 'node:assert/strict'
import { HostResolver } from '../../../host/dns.js'
import { type CallDefaults, withDefaults } from '../../../host/grpc/client-connection.js'
import type { RetryPolicy } from '../../../host/grpc/retry-policy.js'
import type { CallStatus, ClientStream, Connection, StreamCall } from '../../../host/grpc/transport.js'
import { DirectTransport } from '../../../host/grpc/transports/direct-transport.js'
import { GrpcJsTransport } from '../../../host/grpc/transports/grpc-js-transport.js'
import { type Answer, type ServerCall, serve, stopServers, type TestServer } from './scripted-server.js'

const path = '/pkg.Service/Method'
const request = Buffer.from('request')
const plentyMs = 10_000
const brief = ({ status, message }: CallStatus) => [status, message]
const attemptOf = (call: ServerCall) => Number(call.headers['grpc-previous-rpc-attempts'] ?? 0) + 1
const unavailable = { 'grpc-status': '14', 'grpc-message': 'not yet' }
const pushback = (ms: number | string) => ({ ...unavailable, 'grpc-retry-pushback-ms': String(ms) })

const policy: RetryPolicy = {
  maxAttempts: 3,
  initialBackoffMs: 1,
  maxBackoffMs: 2,
  backoffMultiplier: 2,
  retryable: new Set([14]),
}
/** So long that no test sees its end. */
const hours = 10_000_000

for (const [name, transport] of [
  ['GrpcJsTransport', new GrpcJsTransport()],
  ['DirectTransport', new DirectTransport()],
] as const) {
  describe(`withDefaults of ${name}`, () => {
    const open: Connection[] = []

    afterEach(async () => {
      for (const connection of open.splice(0)) connection.close()
      await stopServers()
    })

    async function dial({ address }: TestServer, defaults: CallDefaults, maxSendBytes = 0): Promise<Connection> {
      const options = { address, isPlaintext: true, timeoutMs: plentyMs, resolver: new HostResolver(), maxSendBytes }
      const connection = withDefaults(await transport.connect(options), defaults)
      open.push(connection)
      return connection
    }

    const echo: Answer = async (call) => {
      for (let m = await call.read(); m; m = await call.read()) call.send(m)
      call.finish()
    }

    /** Refuses so many attempts, then answers. */
    const refusing = (count: number, trailers: Record<string, string> = unavailable, then = echo): Answer => {
      return (call) => (attemptOf(call) <= count ? call.finish(trailers) : then(call))
    }

    describe('compression', () => {
      const encodings = async (defaults: CallDefaults, call: Partial<StreamCall>) => {
        const seen: unknown[] = []
        const server = await serve((incoming) => {
          seen.push(incoming.headers['grpc-encoding'])
          return echo(incoming)
        })
        const connection = await dial(server, defaults)
        await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs, ...call })
        const stream = record(connection, call)
        stream.stream.end()
        await stream.end
        return seen
      }

      it('holds for every call that does not say otherwise', async () => {
        assert.deepEqual(await encodings({ compression: 'gzip' }, {}), ['gzip', 'gzip'])
        assert.deepEqual(await encodings({ compression: 'gzip' }, { compression: 'identity' }), [undefined, undefined])
        assert.deepEqual(await encodings({ retryPolicy: policy }, { compression: 'gzip' }), ['gzip', 'gzip'])
      })
    })

    describe('a retry policy, for unary calls', () => {
      async function invoke(answer: Answer, more: Partial<RetryPolicy> = {}, deadlineMs = plentyMs, message = request) {
        let attempts = 0
        const server = await serve((call) => {
          attempts++
          return answer(call)
        })
        const connection = await dial(server, { retryPolicy: { ...policy, ...more } })
        const result = await connection.unary({ path, request: message, metadata: [], deadlineMs })
        return { result, attempts: () => attempts }
      }

      it('makes the call again, and tells the server how often it was made', async () => {
        const seen: unknown[] = []
        const { result } = await invoke((call) => {
          seen.push(call.headers['grpc-previous-rpc-attempts'])
          return refusing(2)(call)
        })
        assert.deepEqual([result.status, String(result.response), seen], [0, 'request', [undefined, '1', '2']])
      })

      it('ends as the last attempt did', async () => {
        const { result, attempts } = await invoke((call) => call.finish({ ...unavailable, n: String(attemptOf(call)) }))
        assert.deepEqual([brief(result), result.trailers.get('n'), attempts()], [[14, 'not yet'], ['3'], 3])
      })

      it('leaves the call as it is after another status', async () => {
        const { result, attempts } = await invoke(refusing(2, { 'grpc-status': '5' }))
        assert.deepEqual([result.status, attempts()], [5, 1])
      })

      it('leaves the call as it is once the server has sent headers', async () => {
        const { result, attempts } = await invoke((call) => {
          call.open()
          call.finish(unavailable)
        })
        assert.deepEqual([brief(result), attempts()], [[14, 'not yet'], 1])
      })

      it('leaves the call as it is when its request is too large to be kept', async () => {
        const kept = Buffer.alloc(256 * 1024 - 64)
        assert.equal((await invoke(refusing(1), {}, plentyMs, kept)).attempts(), 2)
        assert.equal((await invoke(refusing(1), {}, plentyMs, Buffer.alloc(kept.length + 1))).attempts(), 1)
      })

      it('makes a call again whose connection broke', async () => {
        const server: TestServer = await serve((call) => (attemptOf(call) === 1 ? server.cut() : echo(call)))
        const connection = await dial(server, { retryPolicy: policy })
        const result = await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
        assert.deepEqual([result.status, server.sessions.length], [0, 2])
      })

      it('tries no request a second time that cannot be sent', async () => {
        const server = await serve(echo)
        const connection = await dial(
          server,
          { retryPolicy: { ...policy, initialBackoffMs: hours, maxBackoffMs: hours, retryable: new Set([8]) } },
          3,
        )
        const result = await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
        assert.deepEqual(brief(result), [8, 'trying to send message larger than max (7 vs. 3)'])
      })

      it('keeps to what the server says of the next attempt', async () => {
        const slow = { initialBackoffMs: hours, maxBackoffMs: hours }
        assert.equal((await invoke(refusing(1, pushback(1)), slow)).result.status, 0)
        assert.equal((await invoke(refusing(1, pushback(-1)))).attempts(), 1)
      })

      it('ends when its time is over, of which each attempt is told what is left', async () => {
        const timeouts: string[] = []
        const { result } = await invoke(
          (call) => {
            timeouts.push(String(call.headers['grpc-timeout']))
            call.finish(attemptOf(call) === 1 ? pushback(20) : pushback(hours))
          },
          {},
          500,
        )
        assert.deepEqual(brief(result), [4, 'context deadline exceeded'])
        const microseconds = (text: string) =>
          Number.parseInt(text, 10) * ({ n: 1e-3, u: 1, m: 1e3 }[text.slice(-1)] ?? 0)
        const [first = '', second = ''] = timeouts
        assert.ok(microseconds(first) - microseconds(second) >= 20_000, `${first} ${second}`)
      })

      it('ends at once when it is aborted, or the connection closed, between two attempts', async () => {
        for (const [end, message] of [
          ['abort', 'context canceled'],
          ['close', 'grpc: the client connection is closing'],
        ] as const) {
          let hasAnswered = () => {}
          const answered = new Promise<void>((resolve) => {
            hasAnswered = resolve
          })
          const server = await serve((call) => {
            call.finish(pushback(hours))
            call.stream.on('close', hasAnswered)
          })
          const abort = new AbortController()
          const connection = await dial(server, { retryPolicy: { ...policy, retryable: new Set([1, 14]) } })
          const result = connection.unary({ path, request, metadata: [], signal: abort.signal })
          await answered
          if (end === 'abort') abort.abort()
          else connection.close()
          assert.deepEqual(brief(await result), [1, message])
        }
      })

      it('does not try a call again that was aborted or closed under way', async () => {
        let attempts = 0
        let hasCome = () => {}
        const server = await serve(() => {
          attempts++
          hasCome()
        })
        const connection = await dial(server, { retryPolicy: { ...policy, retryable: new Set([1]) } })
        for (const close of [false, true]) {
          const abort = new AbortController()
          const come = new Promise<void>((resolve) => {
            hasCome = resolve
          })
          const result = connection.unary({ path, request, metadata: [], signal: abort.signal })
          await come
          if (close) connection.close()
          else abort.abort()
          assert.equal((await result).status, 1)
        }
        assert.equal(attempts, 2)
      })
    })

    describe('a retry policy, for streams', () => {
      async function start(answer: Answer, call: Partial<StreamCall> = {}, more: Partial<RetryPolicy> = {}) {
        const server = await serve(answer)
        const connection = await dial(server, { retryPolicy: { ...policy, ...more } })
        return { server, connection, ...record(connection, call) }
      }

      it('sends again what was sent, and goes on from there', async () => {
        const readOne: Answer = async (call) => {
          await call.read()
          call.finish(unavailable)
        }
        const { stream, messages, end } = await start((call) => (attemptOf(call) < 3 ? readOne : echo)(call))
        stream.write(Buffer.from('one'))
        stream.write(Buffer.from('two'))
        setTimeout(() => {
          stream.write(Buffer.from('three'))
          stream.end()
        }, 20)
        assert.deepEqual(
          [brief(await end), messages],
          [
            [0, ''],
            ['one', 'two', 'three'],
          ],
        )
      })

      it('tells of each start, and of the headers once', async () => {
        const events: string[] = []
        const { stream, end } = await start(refusing(2), {
          onStart: () => events.push('start'),
          onHeaders: () => events.push('headers'),
        })
        stream.write(request)
        stream.end()
        await end
        assert.deepEqual(events, ['start', 'start', 'start', 'headers'])
      })

      it('is not made again once the server has sent headers', async () => {
        let attempts = 0
        const { messages, end } = await start((call) => {
          attempts++
          call.send('half')
          call.finish(unavailable)
        })
        assert.deepEqual([brief(await end), messages, attempts], [[14, 'not yet'], ['half'], 1])
      })

      it('is not made again once it has sent more than is kept', async () => {
        let attempts = 0
        const readAll: Answer = async (call) => {
          attempts++
          while (await call.read());
          call.finish(unavailable)
        }
        const { stream, end } = await start(readAll)
        for (let i = 0; i < 9; i++) stream.write(Buffer.alloc(32 * 1024))
        stream.end()
        assert.deepEqual([brief(await end), attempts], [[14, 'not yet'], 1])
      })

      /** Writes until the stream is between two attempts, which is when it asks to wait; how many messages that took. */
      async function writeUntilRefused(stream: ClientStream): Promise<number> {
        let count = 1
        for (; stream.write(Buffer.from('x')); count++) await new Promise((resolve) => setImmediate(resolve))
        return count
      }

      it('asks a writer to wait between two attempts, keeps what it writes all the same, and tells it to go on', async () => {
        let hasDrained = () => {}
        const drained = new Promise<void>((resolve) => {
          hasDrained = resolve
        })
        const { stream, messages, end } = await start(refusing(1, pushback(50)), { onDrain: hasDrained })
        const written = await writeUntilRefused(stream)
        await drained
        stream.end()
        assert.equal((await end).status, 0)
        assert.equal(messages.length, written)
      })

      it('ends at once when it is cancelled between two attempts, or under way', async () => {
        for (const answer of [refusing(1, pushback(hours)), () => {}]) {
          let hasCome = () => {}
          const come = new Promise<void>((resolve) => {
            hasCome = resolve
          })
          const { stream, end } = await start(
            (call) => {
              call.stream.on('end', hasCome)
              call.stream.resume()
              return answer(call)
            },
            {},
            { retryable: new Set([1, 14]) },
          )
          stream.end()
          await come
          stream.cancel()
          assert.deepEqual(brief(await end), [1, 'context canceled'])
        }
      })

      it('is not begun again when it is cancelled in the moment that the pause is over', async () => {
        let attempts = 0
        const answer: Answer = (call) => {
          attempts++
          return refusing(1, pushback(0))(call)
        }
        const started = await start(answer, {
          // Comes just before the end of the attempt, so the microtask does just after it.
          observer: { onInTrailer: () => queueMicrotask(() => started.stream.cancel()) },
        })
        assert.deepEqual(brief(await started.end), [1, 'context canceled'])
        assert.equal((await started.connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })).status, 0)
        // One of the stream, two of the other call.
        assert.equal(attempts, 3)
      })

      it('that is paused between two attempts is told of its end when it goes on', async () => {
        let hasEnded = false
        const { stream, end } = await start(refusing(1, pushback(hours)), { deadlineMs: 300 })
        void end.then(() => {
          hasEnded = true
        })
        await writeUntilRefused(stream)
        stream.pause()
        await new Promise((resolve) => setTimeout(resolve, 400))
        assert.equal(hasEnded, false)
        stream.resume()
        assert.deepEqual(brief(await end), [4, 'context deadline exceeded'])
      })

      it('waits for a server that is down as long as there are attempts, and has no start if it stays down', async () => {
        const server = await serve(echo)
        const connection = await dial(server, { retryPolicy: policy })
        await server.close()
        while (!server.sessions[0]?.destroyed) await new Promise((resolve) => setImmediate(resolve))
        await new Promise((resolve) => setTimeout(resolve, 20))
        const down = record(connection, { onStart: () => assert.fail('it is down') })
        assert.equal((await down.end).status, 14)
      })
    })
  })
}

interface Recorded {
  stream: ClientStream
  messages: string[]
  end: Promise<CallStatus>
}

function record(connection: Connection, call: Partial<StreamCall>): Recorded {
  const messages: string[] = []
  let stream: ClientStream | undefined
  const end = new Promise<CallStatus>((onEnd) => {
    stream = connection.stream({
      ...{ path, metadata: [], isServerStreaming: true, deadlineMs: plentyMs, onEnd },
      onMessage: (message) => messages.push(Buffer.from(message).toString()),
      ...call,
    })
  })
  return { stream: stream as ClientStream, messages, end }
}
