/**
 * What every transport must do, whatever it is made of: each implementation runs these tests against real servers.
 */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { gunzipSync, gzipSync } from 'node:zlib'
import { isAppError } from '../../../errors.js'
import { HostResolver, type ResolverOptions } from '../../../host/dns.js'
import type {
  CallObserver,
  CallResult,
  CallStatus,
  ClientStream,
  Connection,
  DialOptions,
  StreamCall,
  Transport,
  UnaryCall,
} from '../../../host/grpc/transport.js'
import { type TlsOptions, type TlsParams, tlsSettingsOf } from '../../../host/net/tls.js'
import { publicOnly } from '../../support/network.js'
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
/** Long enough for a slow machine; no test waits for it to pass. */
const plentyMs = 10_000
/** For dials that fail: enough for one try, not enough for the next, which comes after 800 ms at the earliest. */
const failingMs = 400

export function describeTransport(name: string, transport: Transport): void {
  describe(`${name}, as a gRPC transport`, () => {
    const open: Connection[] = []

    afterEach(async () => {
      for (const connection of open.splice(0)) connection.close()
      await stopServers()
    })

    async function dial(address: string, options: Partial<DialOptions> = {}): Promise<Connection> {
      const all = { address, isPlaintext: true, timeoutMs: plentyMs, resolver: new HostResolver(), ...options }
      const connection = await transport.connect(all)
      open.push(connection)
      return connection
    }

    async function dialError(address: string, options: Partial<DialOptions> = {}): Promise<string> {
      const error = await dial(address, options).then(
        () => assert.fail('connected'),
        (e: unknown) => e,
      )
      assert.ok(isAppError(error, 'CONNECT_FAILED'), String(error))
      return error.message
    }

    const withTls = (params?: TlsParams, options: TlsOptions = {}, serverName = ''): Partial<DialOptions> => ({
      isPlaintext: false,
      tls: tlsSettingsOf(options, params, serverName),
    })
    const resolving = (options: ResolverOptions) => ({ resolver: new HostResolver(options) })
    const serverTls = (cert = 'server.pem') => ({ cert: fixture(cert), key: fixture('server.key') })
    const ca = fixture('ca.pem')

    /** One unary call to a server that answers with `answer`. */
    async function invoke(answer: Answer, call: Partial<UnaryCall> = {}, options: Partial<DialOptions> = {}) {
      const server = await serve(answer)
      const connection = await dial(server.address, options)
      return connection.unary({ path, request, metadata: [], deadlineMs: plentyMs, ...call })
    }

    const brief = ({ status, message, response }: CallResult) => [status, message, text(response)]
    const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()
    const plain = (map: ReadonlyMap<string, readonly string[]>) => Object.fromEntries(map)
    const ok: Answer = async (call) => {
      const message = await call.read()
      call.send(message ?? '')
      call.finish()
    }

    describe('dialling', () => {
      it('sends what it is given and counts the bytes of the wire', async () => {
        const server = await serve(ok)
        const connection = await dial(server.address)
        const before = [connection.bytesSent, connection.bytesReceived]
        const big = Buffer.alloc(100_000, 'x')
        const result = await connection.unary({ path, request: big, metadata: [], deadlineMs: plentyMs })
        assert.equal(result.response?.length, big.length)
        assert.ok(connection.bytesSent - (before[0] ?? 0) > big.length)
        assert.ok(connection.bytesReceived - (before[1] ?? 0) > big.length)
        assert.equal(result.remoteIp, '127.0.0.1')
      })

      it('keeps the bytes of lost connections in its counts', async () => {
        const server = await serve(ok)
        const connection = await dial(server.address)
        await connection.unary({ path, request: Buffer.alloc(50_000), metadata: [], deadlineMs: plentyMs })
        server.cut()
        await untilClosed(server.sessions[0])
        const again = await eventually(connection)
        assert.equal(again.status, 0)
        assert.ok(connection.bytesSent > 50_000)
      })

      it('fails at once when nobody listens', async () => {
        const port = await deadPort()
        const why = `dial tcp 127.0.0.1:${port}: connect: connection refused`
        const message = await dialError(`127.0.0.1:${port}`)
        assert.equal(message, `connection error: desc = "transport: error while dialing: ${why}"`)
      })

      for (const [address, why] of [
        ['127.0.0.1', 'address 127.0.0.1: missing port in address'],
        ['', 'missing port in address'],
        ['http://localhost:1', 'address http://localhost:1: too many colons in address'],
        ['127.0.0.1:99999999', 'dial tcp: address 99999999: invalid port'],
      ] as const) {
        it(`refuses the address "${address}" at once`, async () => {
          const message = await dialError(address)
          assert.equal(message, `connection error: desc = "transport: error while dialing: ${why}"`)
        })
      }

      it('fails at once for a name that does not exist', async () => {
        const lookup = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
        const message = await dialError('nope.test:1', resolving({ lookup }))
        assert.match(
          message,
          /^connection error: desc = "transport: error while dialing: lookup nope\.test.*: no such host"$/,
        )
      })

      it('takes the path of a Unix socket for a name', async () => {
        const lookup = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
        const message = await dialError('unix:///run/server.sock', resolving({ lookup }))
        assert.match(
          message,
          /^connection error: desc = "transport: error while dialing: lookup unix.*: no such host"$/,
        )
      })

      it('accepts the schemes dns and passthrough, and leaves them out of the name', async () => {
        const server = await serve(async (call) => {
          await call.read()
          call.send(String(call.headers[':authority']))
          call.finish()
        })
        const lookup = () => Promise.resolve(['127.0.0.1'])
        for (const target of [`dns:///a.test:${server.port}`, `passthrough:///a.test:${server.port}`]) {
          const connection = await dial(target, resolving({ lookup }))
          assert.equal(connection.address, `a.test:${server.port}`)
          const result = await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
          assert.equal(text(result.response), `a.test:${server.port}`)
        }
      })

      it('waits for the whole timeout when a name is blocked, then tells the rule', async () => {
        const message = await dialError('blocked.test:1', {
          timeoutMs: 50,
          ...resolving({ blockHostnames: ['*.test'] }),
        })
        const why = 'hostname (blocked.test) is in a blocked pattern (*.test)'
        const expected = `connection error: desc = "transport: error while dialing: ${why}"`
        assert.equal(message, `context deadline exceeded: ${expected}`)
      })

      it('dials no address that the policy closes', async () => {
        const server = await serve(ok)
        const refused = dial(server.address, resolving({ network: publicOnly }))
        await assert.rejects(refused, (e) => isAppError(e, 'NETWORK_DENIED'))
        assert.equal(server.sessions.length, 0)
      })

      it('gives up on a server that says nothing when the timeout is over', async () => {
        const server = await serveTcp((socket) => socket.resume())
        assert.equal(await dialError(server.address, { timeoutMs: 60 }), 'context deadline exceeded')
      })

      it('names the end of a connection that was closed before its settings', async () => {
        const server = await serveTcp((socket) => socket.destroy())
        const message = await dialError(server.address, { timeoutMs: failingMs })
        assert.match(message, /^context deadline exceeded: connection error: desc = "error reading server preface: /)
      })

      it('names what looks like HTTP/1.1', async () => {
        const server = await serveTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
        const message = await dialError(server.address, { timeoutMs: failingMs })
        assert.match(message, /error reading server preface: http2: .* looked like an HTTP\/1\.1 header"$/)
      })

      it('fails at once with a timeout that is not positive', async () => {
        const server = await serve(ok)
        assert.equal(await dialError(server.address, { timeoutMs: -1 }), 'context deadline exceeded')
      })

      it('tries again within the timeout after a failure that may pass', async () => {
        let sockets = 0
        const good = await serve(ok)
        const closing = await serveTcp((socket) => socket.destroy())
        const lookup = () => Promise.resolve(['127.0.0.1'])
        const inner = new HostResolver({ lookup })
        const resolver = {
          resolve: () => inner.resolve(sockets++ === 0 ? closing.address : good.address, { scheme: 'grpc', vu: 0 }),
          resolveAll: async () => [await resolver.resolve()],
        }
        const connection = await dial('any.test:1', { resolver })
        assert.equal((await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })).status, 0)
        assert.equal(sockets, 2)
      })

      it('begins at the local address that it is given', async () => {
        const peers: (string | undefined)[] = []
        const server = await serve((call) => {
          peers.push(call.stream.session?.socket.remoteAddress)
          ok(call)
        })
        for (const localIp of ['127.0.0.3', '127.0.0.4']) {
          const connection = await dial(server.address, { localIp })
          await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
        }
        assert.deepEqual(peers, ['127.0.0.3', '127.0.0.4'])
      })

      it('fails at once at a local address that the machine does not have, or of the other family', async () => {
        const { address } = await serveTcp((socket) => socket.resume())
        const why = (text: string) => `connection error: desc = "transport: error while dialing: dial tcp${text}"`
        assert.equal(
          await dialError(address, { localIp: '192.0.2.1' }),
          why(` 192.0.2.1:0->${address}: bind: cannot assign requested address`),
        )
        assert.equal(await dialError(address, { localIp: '::1' }), why(': address [::1]:0: no suitable address found'))
        const dead = `127.0.0.1:${await deadPort()}`
        assert.equal(
          await dialError(dead, { localIp: '127.0.0.3' }),
          why(` 127.0.0.3:0->${dead}: connect: connection refused`),
        )
      })

      it('ends early when it is aborted', async () => {
        const server = await serveTcp((socket) => socket.resume())
        const abort = new AbortController()
        const message = dialError(server.address, { signal: abort.signal })
        setTimeout(() => abort.abort(), 20)
        assert.equal(await message, 'context canceled')
      })
    })

    describe('over TLS', () => {
      it('trusts an authority that it was given and speaks of https', async () => {
        const server = await serve(async (call) => {
          await call.read()
          call.send(String(call.headers[':scheme']))
          call.finish()
        }, serverTls())
        const connection = await dial(server.address, withTls({ cacerts: [fixture('other-ca.pem'), ca] }))
        const result = await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
        assert.equal(text(result.response), 'https')
      })

      const failure = (why: string) =>
        `context deadline exceeded: connection error: desc = "transport: authentication handshake failed: ${why}"`
      const unverified = (why: string) => failure(`tls: failed to verify certificate: x509: ${why}`)

      for (const [claim, cert, authority, why] of [
        [
          'another name',
          'server.pem',
          'foo.test',
          'certificate is valid for localhost, grpc.test.invalid, not foo.test',
        ],
        [
          'a name and no address',
          'dns-only.pem',
          '',
          "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
        ],
        [
          'a common name only',
          'cn-only.pem',
          'cn-only',
          'certificate relies on legacy Common Name field, use SANs instead',
        ],
      ] as const) {
        it(`refuses a certificate for ${claim}`, async () => {
          const server = await serve(ok, serverTls(cert))
          const message = await dialError(server.address, {
            ...withTls({ cacerts: [ca] }),
            authority,
            timeoutMs: failingMs,
          })
          assert.equal(message, unverified(why))
        })
      }

      it('refuses a certificate of an unknown authority', async () => {
        const server = await serve(ok, serverTls())
        const message = await dialError(server.address, { ...withTls(), timeoutMs: failingMs })
        assert.equal(message, unverified('certificate signed by unknown authority'))
      })

      it('refuses a certificate that is out of date and tells the dates', async () => {
        const server = await serve(ok, serverTls('expired.pem'))
        const message = await dialError(server.address, { ...withTls({ cacerts: [ca] }), timeoutMs: failingMs })
        assert.match(
          message,
          /x509: certificate has expired or is not yet valid: current time .* is after 2021-01-01T00:00:00Z"$/,
        )
      })

      it('takes any certificate when verification is off', async () => {
        const server = await serve(ok, serverTls('expired.pem'))
        const connection = await dial(server.address, withTls(undefined, { insecureSkipVerify: true }))
        assert.equal((await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })).status, 0)
      })

      it('verifies and asks for the authority instead of the address', async () => {
        const server = await serve(async (call) => {
          await call.read()
          const socket = call.stream.session?.socket as unknown as { servername: string } | undefined
          call.send(`${call.headers[':authority']} ${socket?.servername}`)
          call.finish()
        }, serverTls())
        const connection = await dial(server.address, { ...withTls({ cacerts: [ca] }), authority: 'grpc.test.invalid' })
        const result = await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
        assert.equal(text(result.response), 'grpc.test.invalid grpc.test.invalid')
      })

      it('names a server that speaks no TLS', async () => {
        const server = await serve(ok)
        const message = await dialError(server.address, { ...withTls({ cacerts: [ca] }), timeoutMs: failingMs })
        assert.equal(message, failure('tls: first record does not look like a TLS handshake'))
      })

      it('names a server that wants TLS', async () => {
        const server = await serve(ok, serverTls())
        const message = await dialError(server.address, { timeoutMs: failingMs })
        assert.equal(message, 'context deadline exceeded: connection error: desc = "error reading server preface: EOF"')
      })

      it('shows a client certificate', async () => {
        const server = await serve(ok, { ...serverTls(), ca, requestCert: true, rejectUnauthorized: true })
        const pair = { cert: fixture('client.pem'), key: fixture('client.enc.key'), password: 'sesame' }
        const connection = await dial(server.address, withTls({ cacerts: [ca], ...pair }))
        assert.equal((await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })).status, 0)
      })

      it('shows the client certificate whose domains have the name of the server', async () => {
        const shown: string[] = []
        const server = await serve(
          async (call) => {
            const socket = call.stream.session?.socket as TLSSocket | undefined
            shown.push(String(socket?.getPeerCertificate().subject.CN))
            await ok(call)
          },
          { ...serverTls(), ca, requestCert: true, rejectUnauthorized: false },
        )
        const auth = [
          { cert: fixture('server.pem'), key: fixture('server.key'), domains: ['elsewhere.test'] },
          { cert: fixture('client.pem'), key: fixture('client.key'), domains: ['*.test.invalid'] },
        ]
        for (const authority of ['grpc.test.invalid', 'elsewhere.test']) {
          const tls = withTls(undefined, { auth, insecureSkipVerify: true }, authority)
          const connection = await dial(server.address, { ...tls, authority })
          assert.equal((await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })).status, 0)
        }
        const names = ['client.pem', 'server.pem'].map((name) => new X509Certificate(fixture(name)).subject)
        assert.deepEqual(
          shown.map((name) => `CN=${name}`),
          names,
        )
      })

      it('tells that a server wants a client certificate', async () => {
        const server = await serve(ok, { ...serverTls(), ca, requestCert: true, rejectUnauthorized: true })
        const message = await dialError(server.address, { ...withTls({ cacerts: [ca] }), timeoutMs: failingMs })
        assert.match(message, /error reading server preface: remote error: tls: certificate required"$/)
      })

      it('keeps to the versions that it is told', async () => {
        const server = await serve(ok, { ...serverTls(), minVersion: 'TLSv1.3' })
        const options = withTls({ cacerts: [ca] }, { maxVersion: 'tls1.2' })
        const message = await dialError(server.address, { ...options, timeoutMs: failingMs })
        assert.match(message, /remote error: tls: protocol version not supported"$/)
        const none = withTls({ cacerts: [ca] }, { minVersion: 'tls1.3', maxVersion: 'tls1.2' })
        const refusal = await dialError(server.address, { ...none, timeoutMs: failingMs })
        assert.match(refusal, /handshake failed: tls: no supported versions satisfy MinVersion and MaxVersion"$/)
      })
    })

    describe('a request', () => {
      const seen = async (call: Partial<UnaryCall>, options: Partial<DialOptions> = {}) => {
        let raw: readonly string[] = []
        const result = await invoke(
          async (incoming) => {
            raw = incoming.rawHeaders
            await incoming.read()
            incoming.send('')
            incoming.finish()
          },
          call,
          options,
        )
        assert.equal(result.status, 0, result.message)
        const pairs: [string, string][] = []
        for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i] as string, raw[i + 1] as string])
        return pairs
      }
      const valuesOf = (pairs: [string, string][], name: string) => pairs.filter(([n]) => n === name).map(([, v]) => v)

      it('carries the headers of gRPC', async () => {
        const pairs = await seen({ deadlineMs: 5000 })
        const values = (key: string) => valuesOf(pairs, key)
        assert.deepEqual([values(':method'), values(':scheme'), values(':path')], [['POST'], ['http'], [path]])
        assert.deepEqual([values('content-type'), values('te')], [['application/grpc'], ['trailers']])
        assert.match(values('grpc-timeout')[0] ?? '', /^\d{1,8}[num]$/)
      })

      it('names itself as k6 does, after the user agent of the options', async () => {
        assert.deepEqual(valuesOf(await seen({}), 'user-agent'), ['grpc-go/1.83.0'])
        const named = await seen({}, { userAgent: 'me/1' })
        assert.deepEqual(valuesOf(named, 'user-agent'), ['me/1 grpc-go/1.83.0'])
      })

      it('carries metadata, binary values in base64 without padding', async () => {
        const pairs = await seen({
          metadata: [
            ['one', 'x'],
            ['two', 'y z'],
            ['empty', ''],
            ['sig-bin', Uint8Array.from([0, 1, 254, 255])],
            ['__proto__', 'kept'],
          ],
        })
        const got = ['one', 'two', 'empty', 'sig-bin', '__proto__'].map((key) => valuesOf(pairs, key)[0])
        assert.deepEqual(got, ['x', 'y z', '', 'AAH+/w', 'kept'])
      })

      it('leaves out metadata that belongs to the transport', async () => {
        const pairs = await seen({
          metadata: [
            ['content-type', 'text/html'],
            ['user-agent', 'mine'],
            ['te', 'x'],
            ['grpc-timeout', '1n'],
            ['grpc-own', 'x'],
            ['host', 'elsewhere'],
            [':authority', 'elsewhere'],
          ],
        })
        assert.deepEqual(valuesOf(pairs, 'content-type'), ['application/grpc'])
        assert.deepEqual(valuesOf(pairs, 'user-agent'), ['grpc-go/1.83.0'])
        assert.deepEqual([valuesOf(pairs, 'grpc-own'), valuesOf(pairs, 'host')], [[], []])
      })

      for (const [claim, pair, message] of [
        ['an illegal key', ['bad key', 'x'], 'header key "bad key" contains illegal characters not in [0-9a-z-_.]'],
        ['a line break', ['k', 'a\r\nb: c'], 'header key "k" contains value with non-printable ASCII characters'],
        ['a letter that is not ASCII', ['k', 'é'], 'header key "k" contains value with non-printable ASCII characters'],
        [
          'a header of HTTP/1',
          ['connection', 'close'],
          'stream terminated by RST_STREAM with error code: PROTOCOL_ERROR',
        ],
      ] as const) {
        it(`ends with status 13 for metadata with ${claim}`, async () => {
          const result = await invoke(ok, { metadata: [pair] })
          assert.deepEqual(brief(result), [13, message, undefined])
        })
      }

      it('says nothing of packing and of attempts unless it is told to', async () => {
        const pairs = await seen({ compression: 'identity', previousAttempts: 0 })
        const none = [valuesOf(pairs, 'grpc-encoding'), valuesOf(pairs, 'grpc-previous-rpc-attempts')]
        assert.deepEqual(none, [[], []])
      })

      it('tells how many attempts there were before', async () => {
        const pairs = await seen({ previousAttempts: 2 })
        assert.deepEqual(valuesOf(pairs, 'grpc-previous-rpc-attempts'), ['2'])
      })

      it('is not sent when it is larger than allowed', async () => {
        const result = await invoke(ok, {}, { maxSendBytes: 3 })
        assert.deepEqual(brief(result), [8, 'trying to send message larger than max (7 vs. 3)', undefined])
        assert.ok(result.isUnsendable)
      })
    })

    describe('a request that is packed', () => {
      interface Sent {
        encoding: string | undefined
        frames: Buffer[]
      }
      /** Sends `messages` on one stream with gzip and gives what the server saw. */
      async function sent(messages: Buffer[], options: Partial<DialOptions> = {}): Promise<Sent & CallStatus> {
        const got: Sent = { encoding: undefined, frames: [] }
        const server = await serve(async (call) => {
          got.encoding = call.headers['grpc-encoding'] as string | undefined
          for (let m = await call.readFrame(); m; m = await call.readFrame()) got.frames.push(m)
          call.open()
          call.finish()
        })
        const connection = await dial(server.address, options)
        const end = await new Promise<CallStatus>((onEnd) => {
          const stream = connection.stream({
            ...{ path, metadata: [], compression: 'gzip', deadlineMs: plentyMs },
            ...{ isServerStreaming: true, onMessage: () => {}, onEnd },
          })
          for (const message of messages) stream.write(message)
          stream.end()
        })
        return { ...got, ...end }
      }

      it('says so in its headers and in front of each message, and an empty one stays as it is', async () => {
        const { encoding, frames } = await sent([Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')])
        assert.equal(encoding, 'gzip')
        assert.deepEqual(
          frames.map((frame) => frame[0]),
          [1, 0, 1],
        )
        assert.equal(gunzipSync(frames[2]?.subarray(5) ?? '').toString(), 'two')
      })

      it('keeps the order of small and large messages', async () => {
        const messages = Array.from({ length: 40 }, (_, i) => Buffer.alloc(i % 3 === 0 ? 200_000 : 20, `${i} `))
        const { frames, status } = await sent(messages)
        assert.deepEqual(
          frames.map((frame) => gunzipSync(frame.subarray(5))),
          messages,
        )
        assert.equal(status, 0)
      })

      it('may be larger than allowed as long as what is sent is not', async () => {
        const packs = Buffer.alloc(100_000, 'x')
        assert.equal((await sent([packs], { maxSendBytes: 1000 })).status, 0)
        const noise = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 * (i % 251)) & 255))
        const packedBytes = gzipSync(noise).length
        const { status, message } = await sent([noise], { maxSendBytes: 1000 })
        assert.deepEqual([status, message], [8, `trying to send message larger than max (${packedBytes} vs. 1000)`])
      })

      it('asks a fast writer to wait, and tells when it may go on', async () => {
        let onDrain = () => {}
        const server = await serve(async (call) => {
          while (await call.read());
          call.open()
          call.finish()
        })
        const connection = await dial(server.address)
        let stream: ClientStream | undefined
        const end = new Promise<CallStatus>((onEnd) => {
          stream = connection.stream({
            ...{ path, metadata: [], compression: 'gzip', deadlineMs: plentyMs },
            ...{ isServerStreaming: true, onMessage: () => {}, onEnd, onDrain: () => onDrain() },
          })
        })
        for (let i = 0; i < 10; i++) {
          while (stream?.write(Buffer.alloc(30_000)));
          await new Promise<void>((resolve) => {
            onDrain = resolve
          })
        }
        stream?.end()
        assert.equal((await end).status, 0)
      })

      it('is packed for a unary call as well', async () => {
        const result = await invoke(
          async (call) => {
            const frame = await call.readFrame()
            call.send(gunzipSync(frame?.subarray(5) ?? ''))
            call.finish()
          },
          { compression: 'gzip' },
        )
        assert.deepEqual(brief(result), [0, '', 'request'])
      })
    })

    describe('an answer', () => {
      it('brings the message, headers and trailers as arrays in their order', async () => {
        const result = await invoke(async (call) => {
          await call.read()
          call.open({ a: ['1', '2'], single: 'x, y', 'raw-bin': 'SGVsbG8', 'grpc-encoding': 'identity' })
          call.send('hello')
          call.finish({ t: ['1', '2'], 'u-bin': 'SGVsbG8=', v: '' })
        })
        assert.deepEqual(brief(result), [0, '', 'hello'])
        const headers = { 'content-type': ['application/grpc'], a: ['1', '2'], single: ['x, y'], 'raw-bin': ['Hello'] }
        assert.deepEqual(plain(result.headers), headers)
        assert.deepEqual(plain(result.trailers), { t: ['1', '2'], 'u-bin': ['Hello'], v: [''] })
      })

      it('puts everything into the trailers when there is one block only', async () => {
        const result = await invoke((call) => call.finish({ 'grpc-status': '5', 'grpc-message': 'gone', h: '1' }))
        assert.deepEqual(brief(result), [5, 'gone', undefined])
        assert.deepEqual(plain(result.headers), {})
        assert.deepEqual(plain(result.trailers), { 'content-type': ['application/grpc'], h: ['1'] })
      })

      it('keeps the message that came before an error', async () => {
        const result = await invoke(async (call) => {
          await call.read()
          call.send('half')
          call.finish({ 'grpc-status': '10', 'grpc-message': 'way' })
        })
        assert.deepEqual(brief(result), [10, 'way', 'half'])
      })

      it('may not lack the message', async () => {
        const result = await invoke((call) => {
          call.open()
          call.finish()
        })
        const why = 'cardinality violation: received no response message from non-server-streaming RPC'
        assert.deepEqual(brief(result), [13, why, undefined])
      })

      it('may not have two messages, the last of which is kept', async () => {
        const result = await invoke((call) => {
          call.send('one')
          call.send('two')
          call.finish()
        })
        const why = 'cardinality violation: expected <EOF> for non server-streaming RPCs, but received another message'
        assert.deepEqual(brief(result), [13, why, 'two'])
      })

      it('passes unknown status codes through', async () => {
        const result = await invoke((call) => call.finish({ 'grpc-status': '99', 'grpc-message': 'odd' }))
        assert.deepEqual(brief(result), [99, 'odd', undefined])
      })

      it('ends with status 2 when its status is no number', async () => {
        const result = await invoke((call) => call.finish({ 'grpc-status': 'abc' }))
        const why = 'transport: malformed grpc-status: strconv.ParseInt: parsing "abc": invalid syntax'
        assert.deepEqual(brief(result), [2, why, undefined])
      })

      it('decodes the status text and leaves broken escapes alone', async () => {
        const sent = 'caf%C3%A9 %ZZ two%0Alines 100%25'
        const result = await invoke((call) => call.finish({ 'grpc-status': '9', 'grpc-message': sent }))
        assert.equal(result.message, 'café %ZZ two\nlines 100%')
      })

      it('takes text and details from grpc-status-details-bin when the codes agree', async () => {
        const details = Buffer.from('0805120a6f7468657220636f6465', 'hex')
        const trailers = { 'grpc-message': 'x', 'grpc-status-details-bin': details.toString('base64') }
        const same = await invoke((call) => call.finish({ 'grpc-status': '5', ...trailers }))
        assert.deepEqual([same.status, same.message, same.details], [5, 'other code', details])
        const other = await invoke((call) => call.finish({ 'grpc-status': '6', ...trailers }))
        const sent = 'grpc-status-details-bin=code:5  message:"other code"'
        const why = `grpc-status-details-bin mismatch: grpc-status=AlreadyExists, grpc-message="x", ${sent}`
        assert.deepEqual([other.status, other.message, other.details], [13, why, undefined])
      })

      it('ends with status 13 when no trailers come', async () => {
        const result = await invoke((call) => {
          call.stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
          call.stream.end(frame(Buffer.from('m')))
        })
        assert.deepEqual(brief(result), [13, 'server closed the stream without sending trailers', 'm'])
      })

      for (const [http, status, phrase] of [
        [400, 13, 'Bad Request'],
        [401, 16, 'Unauthorized'],
        [403, 7, 'Forbidden'],
        [404, 12, 'Not Found'],
        [429, 14, 'Too Many Requests'],
        [500, 2, 'Internal Server Error'],
        [503, 14, 'Service Unavailable'],
        [302, 2, 'Found'],
        [200, 2, 'OK'],
      ] as const) {
        it(`that is HTML with HTTP status ${http} ends with status ${status}`, async () => {
          const result = await invoke((call) => {
            call.stream.respond({ ':status': http, 'content-type': 'text/html' })
            call.stream.end('<p>no')
          })
          const first = `unexpected HTTP status code received from server: ${http} (${phrase})`
          const second = 'transport: received unexpected content-type "text/html"'
          assert.deepEqual(brief(result), [status, `${first}; ${second}\ndata: "<p>no"`, undefined])
        })
      }

      it('may have a subtype of gRPC as its content type', async () => {
        const result = await invoke((call) => {
          call.open({ 'content-type': 'application/grpc+proto' })
          call.send('m')
          call.finish()
        })
        assert.deepEqual(plain(result.headers), { 'content-type': ['application/grpc+proto'] })
        assert.equal(result.status, 0)
      })

      for (const [code, status, codeName] of [
        [0, 13, 'NO_ERROR'],
        [1, 13, 'PROTOCOL_ERROR'],
        [2, 13, 'INTERNAL_ERROR'],
        [7, 14, 'REFUSED_STREAM'],
        [8, 1, 'CANCEL'],
        [11, 8, 'ENHANCE_YOUR_CALM'],
        [12, 7, 'INADEQUATE_SECURITY'],
      ] as const) {
        it(`that is a reset with ${codeName} ends with status ${status}`, async () => {
          const result = await invoke((call) => call.stream.close(code))
          const why = `stream terminated by RST_STREAM with error code: ${codeName}`
          assert.deepEqual(brief(result), [status, why, undefined])
        })
      }

      it('is asked for a second time when the server refused to look at the call', async () => {
        let calls = 0
        const result = await invoke((call) => (calls++ === 0 ? call.stream.close(7) : ok(call)))
        assert.deepEqual([brief(result), calls], [[0, '', 'request'], 2])
      })

      it('larger than allowed ends with status 8', async () => {
        const large: Answer = (call) => {
          call.send(Buffer.alloc(1103))
          call.finish()
        }
        const result = await invoke(large, {}, { maxReceiveBytes: 1000 })
        assert.deepEqual(brief(result), [8, 'grpc: received message larger than max (1103 vs. 1000)', undefined])
      })

      it('is 4 MiB at most when nothing else is said', async () => {
        const exact = await invoke((call) => {
          call.send(Buffer.alloc(4194304))
          call.finish()
        })
        assert.equal(exact.response?.length, 4194304)
        const over = await invoke((call) => {
          call.send(Buffer.alloc(4194305))
          call.finish()
        })
        assert.equal(over.message, 'grpc: received message larger than max (4194305 vs. 4194304)')
      })

      const packed = (bytes: Buffer, encoding: string | undefined, flag = 1): Answer => {
        return (call) => {
          call.open(encoding === undefined ? {} : { 'grpc-encoding': encoding })
          call.stream.write(frame(bytes, flag))
          call.finish()
        }
      }

      it('is unpacked from gzip', async () => {
        assert.deepEqual(brief(await invoke(packed(gzipSync('squeezed'), 'gzip'))), [0, '', 'squeezed'])
      })

      it('that unpacks to more than allowed ends with status 8', async () => {
        const result = await invoke(packed(gzipSync(Buffer.alloc(100_000)), 'gzip'), {}, { maxReceiveBytes: 5000 })
        const why = 'grpc: received message after decompression larger than max 5000'
        assert.deepEqual(brief(result), [8, why, undefined])
      })

      for (const [claim, encoding, flag, why] of [
        ['packed without an encoding', undefined, 1, 'grpc: compressed flag set with identity or empty encoding'],
        ['packed in an unknown way', 'snappy', 1, 'grpc: Decompressor is not installed for grpc-encoding "snappy"'],
        ['marked with an unknown flag', 'gzip', 7, 'grpc: received unexpected payload format 7'],
        ['no gzip though it says so', 'gzip', 1, 'grpc: failed to decompress the message: gzip: invalid header'],
      ] as const) {
        it(`that is ${claim} ends with status 13`, async () => {
          assert.deepEqual(brief(await invoke(packed(Buffer.from('plain'), encoding, flag))), [13, why, undefined])
        })
      }
    })

    describe('an observer', () => {
      /** What it is told, in order. */
      function observing(): { told: unknown[][]; observer: CallObserver } {
        const told: unknown[][] = []
        return {
          told,
          observer: {
            onOutHeader: (remote, metadata) => told.push(['out header', remote.replace(/\d+$/, 'PORT'), metadata]),
            onOutPayload: (message, wireBytes) => told.push(['out', text(message), wireBytes]),
            onInHeader: (headers, sizeBytes) => told.push(['in header', headers.get('x-h'), sizeBytes > 0]),
            onInPayload: (message, wireBytes) => told.push(['in', text(message), wireBytes]),
            onInTrailer: (trailers, sizeBytes) => told.push(['trailer', trailers.get('x-t'), sizeBytes > 0]),
          },
        }
      }
      const outHeader = ['out header', '127.0.0.1:PORT', [['user-agent', 'grpc-go/1.83.0']]]

      it('is told what goes out and comes in, as it happens', async () => {
        const { told, observer } = observing()
        const metadata = [
          ['x-a', 'b'],
          ['user-agent', 'mine'],
        ] as const
        await invoke(
          (call) => {
            call.open({ 'x-h': '1' })
            call.send('answer')
            call.finish({ 'grpc-status': '0', 'x-t': '2' })
          },
          { observer, metadata },
        )
        assert.deepEqual(told, [
          ['out header', '127.0.0.1:PORT', [metadata[0], ['user-agent', 'grpc-go/1.83.0']]],
          ['out', 'request', 12],
          ['in header', ['1'], true],
          ['in', 'answer', 11],
          ['trailer', ['2'], true],
        ])
      })

      it('is told of the first message of two that a unary call gets, and of its size when it was packed', async () => {
        const { told, observer } = observing()
        const packed = gzipSync('squeezed')
        await invoke(
          (call) => {
            call.open({ 'grpc-encoding': 'gzip' })
            call.stream.write(frame(packed, 1))
            call.send('second')
            call.finish()
          },
          { observer },
        )
        assert.deepEqual(
          told.filter(([kind]) => kind === 'in'),
          [['in', 'squeezed', packed.length + 5]],
        )
      })

      it('is told of the trailers alone when there is one block only', async () => {
        const { told, observer } = observing()
        await invoke((call) => call.finish({ 'grpc-status': '5', 'x-t': '2' }), { observer })
        assert.deepEqual(told, [outHeader, ['out', 'request', 12], ['trailer', ['2'], true]])
      })

      it('is told of each try', async () => {
        let calls = 0
        const { told, observer } = observing()
        await invoke((call) => (calls++ === 0 ? call.stream.close(7) : ok(call)), { observer })
        assert.deepEqual(told.slice(0, 4), [outHeader, ['out', 'request', 12], outHeader, ['out', 'request', 12]])
      })

      it('is told nothing of a call that does not go out', async () => {
        const { told, observer } = observing()
        await invoke(ok, { observer, metadata: [['x y', 'z']] })
        await invoke(ok, { observer, deadlineMs: -1 })
        assert.deepEqual(told, [])
      })
    })

    describe('a call', () => {
      const never: Answer = () => {}

      it('ends with status 4 when its time is over', async () => {
        const result = await invoke(never, { deadlineMs: 40 })
        assert.deepEqual(brief(result), [4, 'context deadline exceeded', undefined])
        assert.deepEqual([plain(result.headers), plain(result.trailers)], [{}, {}])
      })

      it('tells the server that its time is over', async () => {
        const closed = new Promise<number>((resolve) => {
          void invoke((call) => call.stream.on('close', () => resolve(call.stream.rstCode ?? -1)), { deadlineMs: 40 })
        })
        assert.equal(await closed, 8)
      })

      it('ends with status 4 at once when there is no time', async () => {
        let calls = 0
        const result = await invoke(() => calls++, { deadlineMs: -1 })
        assert.deepEqual([brief(result), calls], [[4, 'context deadline exceeded', undefined], 0])
        assert.equal(result.remoteIp, undefined)
      })

      it('ends with status 1 when it is aborted', async () => {
        const abort = new AbortController()
        const result = await invoke(() => abort.abort(), { signal: abort.signal })
        assert.deepEqual(brief(result), [1, 'context canceled', undefined])
      })

      it('ends with status 14 when the connection breaks, and the next one dials again', async () => {
        const server = await serve(() => server.cut())
        const connection = await dial(server.address)
        const lost = await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
        assert.equal(lost.status, 14)
        assert.match(lost.message, /^error reading from server: (EOF|read tcp .*: read: connection reset by peer)$/)
        await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
        assert.equal(server.sessions.length, 2)
      })

      it('fails with the text of the dial while the server is down, and works when it is back', async () => {
        const server = await serve(ok)
        const connection = await dial(server.address)
        await server.close()
        await untilClosed(server.sessions[0])
        const why = `dial tcp ${server.address}: connect: connection refused`
        const message = `connection error: desc = "transport: error while dialing: ${why}"`
        let down: CallResult
        do down = await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
        while (down.message !== message && down.status === 14)
        assert.deepEqual(brief(down), [14, message, undefined])
        await serve(ok, undefined, { port: server.port })
        assert.equal((await eventually(connection)).status, 0)
      })

      it('tells of a GOAWAY when the connection broke after it', async () => {
        const result = await invoke((call) => {
          call.stream.session?.goaway(0, call.stream.id)
          setTimeout(() => call.stream.session?.destroy(), 20)
        })
        assert.equal(result.status, 14)
        assert.match(result.message, /^closing transport due to: .*, received prior goaway: code: NO_ERROR$/)
      })

      it('is finished by a server that takes no further calls, and the next one dials again', async () => {
        const server = await serve(async (call) => {
          if (server.sessions.length === 1) call.stream.session?.goaway(0, call.stream.id)
          await ok(call)
        })
        const connection = await dial(server.address)
        const call = { path, request, metadata: [], deadlineMs: plentyMs }
        assert.equal((await connection.unary(call)).status, 0)
        assert.equal((await connection.unary(call)).status, 0)
        assert.equal(server.sessions.length, 2)
      })

      it('ends with status 1 when the connection is closed, and so does every later one', async () => {
        const server = await serve(never)
        const connection = await dial(server.address)
        const call = { path, request, metadata: [], deadlineMs: plentyMs }
        const pending = connection.unary(call)
        connection.close()
        const expected = [1, 'grpc: the client connection is closing', undefined]
        assert.deepEqual(brief(await pending), expected)
        assert.deepEqual(brief(await connection.unary(call)), expected)
      })

      it('waits while the server takes no more calls at once', async () => {
        let open = 0
        let most = 0
        const server = await serve(
          (call) => {
            most = Math.max(most, ++open)
            call.stream.on('close', () => open--)
            setImmediate(() => void ok(call))
          },
          undefined,
          { settings: { maxConcurrentStreams: 2 } },
        )
        const connection = await dial(server.address)
        const call = { path, request, metadata: [], deadlineMs: plentyMs }
        const results = await Promise.all(Array.from({ length: 40 }, () => connection.unary(call)))
        assert.deepEqual(new Set(results.map(({ status }) => status)), new Set([0]))
        assert.deepEqual([most, server.sessions.length], [2, 1])
      })

      it('that waits for its turn may be over before it, and harms no other', async () => {
        const calls: ServerCall[] = []
        let onCall = () => {}
        const server = await serve(
          (call) => {
            calls.push(call)
            onCall()
          },
          undefined,
          { settings: { maxConcurrentStreams: 1 } },
        )
        const connection = await dial(server.address)
        const call = { path, request, metadata: [], deadlineMs: plentyMs }
        const next = () =>
          new Promise<void>((resolve) => {
            onCall = resolve
          })
        const abort = new AbortController()
        const begun = next()
        const first = connection.unary(call)
        await begun
        const late = connection.unary({ ...call, deadlineMs: 40 })
        const aborted = connection.unary({ ...call, signal: abort.signal })
        assert.deepEqual(brief(await late), [4, 'context deadline exceeded', undefined])
        abort.abort()
        assert.deepEqual(brief(await aborted), [1, 'context canceled', undefined])
        const last = connection.unary(call)
        const turn = next()
        await ok(calls[0] as ServerCall)
        await turn
        await ok(calls[1] as ServerCall)
        assert.deepEqual(
          [brief(await first), brief(await last), calls.length],
          [[0, '', 'request'], [0, '', 'request'], 2],
        )
      })

      it('made through another handle ends when that one is closed, and others go on', async () => {
        const calls: ServerCall[] = []
        const server = await serve((call) => {
          calls.push(call)
        })
        const connection = await dial(server.address)
        const handle = connection.handle()
        const call = { path, request, metadata: [], deadlineMs: plentyMs }
        const [own, other] = [connection.unary(call), handle.unary(call)]
        while (calls.length < 2) await new Promise((resolve) => setImmediate(resolve))
        handle.close()
        const closed = [1, 'grpc: the client connection is closing', undefined]
        assert.deepEqual(brief(await other), closed)
        assert.deepEqual(brief(await handle.unary(call)), closed)
        await ok(calls[0] as ServerCall)
        assert.deepEqual(brief(await own), [0, '', 'request'])
      })

      it('made through another handle ends with the connection', async () => {
        const server = await serve(never)
        const connection = await dial(server.address)
        const pending = connection.handle().unary({ path, request, metadata: [], deadlineMs: plentyMs })
        connection.close()
        assert.deepEqual(brief(await pending), [1, 'grpc: the client connection is closing', undefined])
      })

      it('does not disturb others on the same connection', async () => {
        const server = await serve(ok)
        const connection = await dial(server.address)
        const all = Array.from({ length: 100 }, (_, i) =>
          connection.unary({ path, request: Buffer.from(`call ${i}`), metadata: [], deadlineMs: plentyMs }),
        )
        const texts = (await Promise.all(all)).map(({ response }) => text(response))
        assert.deepEqual(
          texts,
          Array.from({ length: 100 }, (_, i) => `call ${i}`),
        )
      })
    })

    describe('a stream', () => {
      interface Recorded {
        stream: ClientStream
        messages: string[]
        end: Promise<CallStatus>
      }

      async function start(
        answer: Answer,
        call: Partial<StreamCall> = {},
      ): Promise<Recorded & { connection: Connection }> {
        const server = await serve(answer)
        const connection = await dial(server.address)
        return { connection, ...record(connection, call) }
      }

      function record(connection: Connection, call: Partial<StreamCall> = {}): Recorded {
        const messages: string[] = []
        let stream: ClientStream | undefined
        const end = new Promise<CallStatus>((resolve) => {
          stream = connection.stream({
            path,
            metadata: [],
            isServerStreaming: true,
            deadlineMs: plentyMs,
            onMessage: (message) => messages.push(Buffer.from(message).toString()),
            onEnd: resolve,
            ...call,
          })
        })
        return { stream: stream as ClientStream, messages, end }
      }

      const echo: Answer = async (call) => {
        for (let m = await call.read(); m; m = await call.read()) call.send(m)
        if (call.stream.headersSent) call.finish()
        else {
          call.open()
          call.finish()
        }
      }
      const ends = async (recorded: Recorded) => {
        const { status, message } = await recorded.end
        return [recorded.messages, status, message]
      }

      it('brings every message in order, both ways', async () => {
        const recorded = await start(echo)
        for (let i = 0; i < 200; i++) recorded.stream.write(Buffer.from(`m${i}`))
        recorded.stream.end()
        assert.deepEqual(await ends(recorded), [Array.from({ length: 200 }, (_, i) => `m${i}`), 0, ''])
      })

      it('tells of its start before anything else, at once on a connection that is ready', async () => {
        const events: string[] = []
        const recorded = await start(echo, {
          onStart: () => events.push('start'),
          onHeaders: () => events.push('headers'),
          onMessage: () => events.push('message'),
        })
        assert.deepEqual(events, ['start'])
        recorded.stream.write(request)
        recorded.stream.end()
        await recorded.end
        assert.deepEqual(events, ['start', 'headers', 'message'])
      })

      it('tells of its start when a lost connection is back', async () => {
        const server = await serve(echo)
        const connection = await dial(server.address)
        server.cut()
        await untilClosed(server.sessions[0])
        const sessions: number[] = []
        const recorded = record(connection, { onStart: () => sessions.push(server.sessions.length) })
        assert.deepEqual(sessions, [])
        recorded.stream.end()
        assert.deepEqual(await ends(recorded), [[], 0, ''])
        assert.deepEqual(sessions, [2])
      })

      it('has no start when the server is down', async () => {
        const server = await serve(echo)
        const connection = await dial(server.address)
        await server.close()
        await untilClosed(server.sessions[0])
        for (const state of ['dialling', 'waiting for the next dial']) {
          const recorded = record(connection, { onStart: () => assert.fail(state) })
          const why = `dial tcp ${server.address}: connect: connection refused`
          const message = `connection error: desc = "transport: error while dialing: ${why}"`
          assert.deepEqual(await ends(recorded), [[], 14, message])
        }
      })

      it('may end without a message', async () => {
        const recorded = await start(echo)
        recorded.stream.end()
        recorded.stream.end()
        assert.deepEqual(await ends(recorded), [[], 0, ''])
      })

      it('sends its headers before the first message', async () => {
        const recorded = await start((call) => call.finish({ 'grpc-status': '7', 'grpc-message': 'no' }))
        assert.deepEqual(await ends(recorded), [[], 7, 'no'])
      })

      it('hands out all messages before an error', async () => {
        const recorded = await start((call) => {
          for (let i = 0; i < 50; i++) call.send(`m${i}`)
          call.finish({ 'grpc-status': '9', 'grpc-message': 'state' })
        })
        const [messages, ...ending] = await ends(recorded)
        assert.deepEqual([(messages as string[]).length, ...ending], [50, 9, 'state'])
      })

      it('hands out all messages before a reset', async () => {
        const recorded = await start((call) => {
          call.send('one')
          call.send('two')
          setTimeout(() => call.stream.close(2), 20)
        })
        const why = 'stream terminated by RST_STREAM with error code: INTERNAL_ERROR'
        assert.deepEqual(await ends(recorded), [['one', 'two'], 13, why])
      })

      it('tells the headers before the first message', async () => {
        const events: string[] = []
        const recorded = await start(echo, {
          onHeaders: (headers) => events.push(`headers ${[...headers.keys()]}`),
          onMessage: () => events.push('message'),
        })
        recorded.stream.write(request)
        recorded.stream.end()
        await recorded.end
        assert.deepEqual(events, ['headers content-type', 'message'])
      })

      it('hands out nothing while it is paused, and nothing is lost', async () => {
        let sent = 0
        const recorded = await start((call) => {
          for (; sent < 300; sent++) call.send(`m${sent}`)
          setTimeout(() => call.stream.close(2), 20)
        })
        recorded.stream.pause()
        await new Promise((resolve) => setTimeout(resolve, 100))
        assert.deepEqual([recorded.messages.length, sent], [0, 300])
        recorded.stream.resume()
        const [messages, status] = await ends(recorded)
        assert.deepEqual([(messages as string[]).length, status], [300, 13])
      })

      it('hands out one message a time to a receiver that pauses in between', async () => {
        const order: string[] = []
        let stream: ClientStream | undefined
        const recorded = await start(
          (call) => {
            for (let i = 0; i < 20; i++) call.send(`m${i}`)
            call.finish()
          },
          {
            onMessage: (message) => {
              order.push(Buffer.from(message).toString())
              stream?.pause()
              setImmediate(() => {
                order.push('taken')
                stream?.resume()
              })
            },
          },
        )
        stream = recorded.stream
        await recorded.end
        const expected = Array.from({ length: 20 }, (_, i) => [`m${i}`, 'taken']).flat()
        // The last message may be followed by the end without a pause of its own.
        assert.deepEqual(order.slice(0, 39), expected.slice(0, 39))
      })

      it('stops a fast server while it is paused', async () => {
        let isBlocked = false
        const recorded = await start((call) => {
          const block = Buffer.alloc(100_000)
          for (let i = 0; i < 200; i++) call.send(block)
          isBlocked = call.stream.writableLength > 10_000_000
        })
        recorded.stream.pause()
        await new Promise((resolve) => setTimeout(resolve, 100))
        assert.ok(isBlocked)
        assert.ok(recorded.connection.bytesReceived < 8_000_000, String(recorded.connection.bytesReceived))
        recorded.stream.cancel()
      })

      it('asks a fast writer to wait, and tells when it may go on', async () => {
        let resume: (() => void) | undefined
        const recorded = await start(
          async (call) => {
            await new Promise((resolve) => setTimeout(resolve, 50))
            while (await call.read());
            call.open()
            call.finish()
          },
          { onDrain: () => resume?.() },
        )
        const block = Buffer.alloc(100_000)
        let writes = 1
        while (recorded.stream.write(block)) writes++
        assert.ok(writes < 200)
        await new Promise<void>((resolve) => {
          resume = resolve
        })
        recorded.stream.end()
        assert.equal((await recorded.end).status, 0)
      })

      it('ends with status 4 when its time is over, after the messages that came', async () => {
        const recorded = await start((call) => call.send('one'), { deadlineMs: 100 })
        assert.deepEqual(await ends(recorded), [['one'], 4, 'context deadline exceeded'])
      })

      it('ends with status 1 when it is cancelled, and tells the server', async () => {
        let closed: Promise<number | undefined> = Promise.resolve(undefined)
        const recorded = await start((call) => {
          closed = new Promise((resolve) => call.stream.on('close', () => resolve(call.stream.rstCode)))
          call.send('one')
        })
        while (recorded.messages.length === 0) await new Promise((resolve) => setImmediate(resolve))
        recorded.stream.cancel()
        assert.deepEqual(await ends(recorded), [['one'], 1, 'context canceled'])
        assert.equal(await closed, 8)
      })

      it('takes no harm from writes after its end', async () => {
        const recorded = await start((call) => call.finish({ 'grpc-status': '10' }))
        await recorded.end
        assert.equal(recorded.stream.write(request), true)
        recorded.stream.end()
        recorded.stream.cancel()
        recorded.stream.resume()
      })

      it('with one reply hands it out only when the call succeeded', async () => {
        const sum: Answer = async (call) => {
          let count = 0
          while (await call.read()) count++
          call.send(`${count}`)
          call.finish(count === 3 ? {} : { 'grpc-status': '3' })
        }
        const good = await start(sum, { isServerStreaming: false })
        for (let i = 0; i < 3; i++) good.stream.write(request)
        good.stream.end()
        assert.deepEqual(await ends(good), [['3'], 0, ''])
        const bad = await start(sum, { isServerStreaming: false })
        bad.stream.end()
        assert.deepEqual(await ends(bad), [[], 3, ''])
      })

      it('ends with status 1 when the connection is closed', async () => {
        const recorded = await start((call) => call.send('one'))
        while (recorded.messages.length === 0) await new Promise((resolve) => setImmediate(resolve))
        recorded.connection.close()
        assert.deepEqual(await ends(recorded), [['one'], 1, 'grpc: the client connection is closing'])
      })

      it('ends with status 8 when a message is larger than may be sent', async () => {
        const server = await serve(echo)
        const connection = await dial(server.address, { maxSendBytes: 3 })
        const recorded = record(connection)
        recorded.stream.write(request)
        assert.deepEqual(await ends(recorded), [[], 8, 'trying to send message larger than max (7 vs. 3)'])
      })

      it('runs beside others on the same connection', async () => {
        const server = await serve(echo)
        const connection = await dial(server.address)
        const two = [record(connection), record(connection)] as const
        for (const [i, { stream }] of two.entries()) {
          stream.write(Buffer.from(`from ${i}`))
          stream.end()
        }
        const expected = [0, 1].map((i) => [[`from ${i}`], 0, ''])
        assert.deepEqual(await Promise.all(two.map(ends)), expected)
      })
    })
  })
}

async function untilClosed(session: { destroyed: boolean } | undefined): Promise<void> {
  while (session && !session.destroyed) await new Promise((resolve) => setImmediate(resolve))
  // The client hears of it over the network.
  await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Calls until a call works, as long as the test may last. */
async function eventually(connection: Connection): Promise<CallResult> {
  for (;;) {
    const result = await connection.unary({ path, request, metadata: [], deadlineMs: plentyMs })
    if (result.status === 0) return result
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
