import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http2'
import { isGuestError } from './guest-errors.js'
import { LoopbackVu } from './loopback-vu.js'
import { type Answer, type ServerCall, serve, serveTcp, stopServers, type TestServer } from './scripted-server.js'

const proto = `syntax = "proto3"; package t;
message M { int32 n = 1; string s = 2; }
service S {
  rpc Bidi(stream M) returns (stream M);
  rpc Up(stream M) returns (M);
  rpc Down(M) returns (stream M);
}`
const m = (n: number): Buffer => Buffer.from([8, n])
const json = (n: number) => ({ n, s: '' })
const canceled = ['canceled by client (k6)', { code: 2, details: [], message: 'canceled by client (k6)' }]

/** Sends every message back. */
const echo: Answer = async (call) => {
  for (let message = await call.read(); message !== undefined; message = await call.read()) call.send(message)
  call.finish()
}

interface Told {
  code: number
  details: unknown[]
  message: string
}

/** What the handlers of the first event get, which is an error. */
function firstError(events: readonly [kind: string, payload: unknown][]): Told {
  const [kind, payload] = events[0] ?? []
  assert.equal(kind, 'error')
  return (payload as [string, Told])[1]
}

describe('grpc.Stream, its trusted half', () => {
  const vus: LoopbackVu[] = []

  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  async function connected(answer: Answer): Promise<LoopbackVu> {
    const { address } = await serve(answer)
    const vu = new LoopbackVu(proto)
    vus.push(vu)
    await vu.connect(address)
    return vu
  }

  const metrics = (vu: LoopbackVu) => vu.samples().map(({ metric, tags }) => [metric, tags.status])

  describe('what comes of it', () => {
    it('hands on messages in order and then the end, and keeps the iteration open until then', async () => {
      const vu = await connected(async (call) => {
        assert.deepEqual(await call.read(), m(2))
        call.send(m(1))
        call.send(m(2))
        call.finish()
      })
      const stream = vu.openStream('t.S/Down')
      vu.call('writeStream', stream, '{"n":2}')
      assert.equal(vu.context.tasks.size, 1)
      assert.deepEqual(await vu.drain(stream), [
        ['data', json(1)],
        ['data', json(2)],
        ['end', true],
      ])
      assert.equal(vu.context.tasks.size, 0)
    })

    it('sends many messages in order, and the end of writing after them', async () => {
      const vu = await connected(echo)
      const stream = vu.openStream('/t.S/Bidi')
      for (let n = 1; n <= 300; n++) vu.call('writeStream', stream, `{"n":${n}}`)
      vu.call('endStream', stream)
      vu.call('endStream', stream)
      const events = await vu.drain(stream)
      assert.deepEqual(
        events.slice(0, -1).map(([, message]) => (message as { n: number }).n),
        Array.from({ length: 300 }, (_, i) => i + 1),
      )
      assert.deepEqual(events.at(-1), ['end', true])
    })

    it('ends its side with the first message of a method that takes one', async () => {
      let hasEnded = false
      const vu = await connected(async (call) => {
        await call.read()
        hasEnded = (await call.read()) === undefined
        call.open()
        call.finish()
      })
      const stream = vu.openStream('t.S/Down')
      vu.call('writeStream', stream, '{}')
      assert.deepEqual(await vu.drain(stream), [['end', true]])
      assert.ok(hasEnded)
    })

    it('tells an error of the server before the end, with the text that k6 logs', async () => {
      const vu = await connected((call) => call.finish({ 'grpc-status': '9', 'grpc-message': 'not now' }))
      const stream = vu.openStream('t.S/Up')
      assert.deepEqual(await vu.drain(stream), [
        [
          'error',
          ['rpc error: code = FailedPrecondition desc = not now', { code: 9, details: [], message: 'not now' }],
        ],
        ['end', true],
      ])
      assert.deepEqual(metrics(vu), [
        ['grpc_streams', undefined],
        ['grpc_req_duration', '9'],
      ])
    })

    it('shows details that the client knows, and an empty object for one it does not', async () => {
      const any = (type: string) => {
        const url = Buffer.concat([Buffer.from([10, type.length]), Buffer.from(type)])
        return Buffer.concat([Buffer.from([8, 9, 26, url.length]), url])
      }
      for (const [type, detail] of [
        ['x/t.M', { '@type': 'x/t.M', ...json(0) }],
        ['x/no.M', {}],
      ] as const) {
        const vu = await connected((call) =>
          call.finish({ 'grpc-status': '9', 'grpc-status-details-bin': any(type).toString('base64') }),
        )
        assert.deepEqual(firstError(await vu.drain(vu.openStream('t.S/Up'))).details, [detail])
      }
    })

    it('has one error for a call cancelled by the server or by close()', async () => {
      const vu = await connected(async (call) => {
        if (await call.read()) call.finish({ 'grpc-status': '1', 'grpc-message': 'whatever' })
      })
      const first = vu.openStream('t.S/Bidi')
      vu.call('writeStream', first, '{}')
      assert.deepEqual(await vu.drain(first), [
        ['error', canceled],
        ['end', true],
      ])
      const second = vu.openStream('t.S/Bidi')
      vu.call('close', vu.client)
      assert.deepEqual(await vu.drain(second), [
        ['error', canceled],
        ['end', true],
      ])
      const durations = vu.samples().filter(({ metric }) => metric === 'grpc_req_duration')
      assert.deepEqual(
        durations.map(({ tags }) => tags.status),
        ['1', '1'],
      )
    })

    it('ends after its timeout, without a sample of the duration', async () => {
      const vu = await connected((call) => call.send(m(1)))
      const stream = vu.openStream('t.S/Down', [['timeout', 200]])
      vu.call('writeStream', stream, '{}')
      const events = await vu.drain(stream)
      assert.deepEqual(events.slice(-2), [
        [
          'error',
          [
            'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
            { code: 4, details: [], message: 'context deadline exceeded' },
          ],
        ],
        ['end', true],
      ])
      assert.ok(!metrics(vu).some(([metric]) => metric === 'grpc_req_duration'))
    })

    it('hands on empty objects in place of messages that the script does not want', async () => {
      const vu = await connected((call) => {
        call.send(m(1))
        call.finish()
      })
      const stream = vu.openStream('t.S/Down', [['discardResponseMessage', true]])
      assert.deepEqual(await vu.drain(stream), [
        ['data', {}],
        ['end', true],
      ])
    })

    for (const discards of [false, true]) {
      it(`fails with status 13 for bytes that are no message${discards ? ', also unwanted ones' : ''}`, async () => {
        const vu = await connected((call) => call.send(Buffer.from([8])))
        const stream = vu.openStream('t.S/Down', [['discardResponseMessage', discards]])
        const events = await vu.drain(stream)
        assert.equal(firstError(events).code, 13)
        assert.match(firstError(events).message, /^grpc: failed to unmarshal the received message: proto:/)
        assert.deepEqual(events.slice(1), [['end', true]])
        assert.deepEqual(metrics(vu).at(-1), ['grpc_req_duration', '13'])
      })
    }
  })

  describe('its status', () => {
    const headers = { 'content-type': ['application/grpc'], from: ['here'] }
    const ok = { code: 0, message: '', details: [], headers, trailers: {} }

    it('has what the server said at the end', async () => {
      const endings: [OutgoingHttpHeaders, object][] = [
        [{}, ok],
        [
          { 'grpc-message': 'fine', t: ['1', '2'] },
          { ...ok, message: 'fine', trailers: { t: ['1', '2'] } },
        ],
        [
          { 'grpc-status': '9', 'grpc-message': 'not now' },
          { ...ok, code: 9, message: 'not now' },
        ],
      ]
      for (const [last, status] of endings) {
        const vu = await connected(async (call) => {
          call.open({ from: 'here' })
          call.finish(last)
        })
        await vu.drain(vu.openStream('t.S/Bidi'))
        assert.deepEqual(vu.status, status)
      }
      const vu = await connected((call) => call.finish({ 'grpc-status': '5', a: 'b' }))
      await vu.drain(vu.openStream('t.S/Bidi'))
      const trailers = { 'content-type': ['application/grpc'], a: ['b'] }
      assert.deepEqual(vu.status, { code: 5, message: '', details: [], headers: {}, trailers })
    })

    it('has all details, and so has the error, also where k6 shows none', async () => {
      const vu = await connected((call) =>
        // google.rpc.Status with the code 9 and an Any of google.rpc.RequestInfo with request_id "r1".
        call.finish({
          'grpc-status': '9',
          'grpc-status-details-bin': Buffer.concat([
            Buffer.from([8, 9, 26, 32, 10, 24]),
            Buffer.from('x/google.rpc.RequestInfo'),
            Buffer.from([18, 4, 10, 2]),
            Buffer.from('r1'),
          ]).toString('base64'),
        }),
      )
      assert.deepEqual(firstError(await vu.drain(vu.openStream('t.S/Up'))).details, [{}])
      const details = [{ '@type': 'x/google.rpc.RequestInfo', requestId: 'r1', servingData: '' }]
      assert.deepEqual(vu.errorDetails, details)
      assert.deepEqual((vu.status as { details: unknown }).details, details)
    })

    it('has the code and the text of the error where this side ended it, and what had come until then', async () => {
      let opened = () => {}
      const isOpen = () => new Promise<void>((resolve) => (opened = resolve))
      const vu = await connected(async (call) => {
        call.open({ from: 'here' })
        call.send(m(1))
        opened()
      })
      const here = { details: [], headers, trailers: {} }
      const wrong = 'can\'t serialise request object to protocol buffer: proto:\u00a0(line 1:2): unknown field "nope"'
      for (const [code, message, end] of [
        [2, wrong, (stream: number) => vu.call('writeStream', stream, '{"nope":1}')],
        [2, 'canceled by client (k6)', () => vu.call('close', vu.client)],
      ] as const) {
        const hasOpened = isOpen()
        const stream = vu.openStream('t.S/Bidi')
        await hasOpened
        // The message comes after the headers.
        assert.deepEqual(await vu.next(), ['data', json(1)])
        end(stream)
        assert.equal(firstError(await vu.drain(stream)).message, message)
        assert.deepEqual(vu.status, { code, message, ...here })
      }
    })
  })

  it('fails when a message makes more JSON than the limit', async () => {
    const vu = await connected((call) =>
      call.send(Buffer.concat([Buffer.from([18, 0x80, 0x80, 0x80, 1]), Buffer.alloc(2 * 1024 * 1024, 1)])),
    )
    const { code, message } = firstError(await vu.drain(vu.openStream('t.S/Bidi')))
    assert.equal(code, 2)
    assert.match(message, /^failed to marshal the message: the JSON of a message is longer than the limit/)
  })

  describe('samples', () => {
    it('counts streams and messages without a status, and measures with one', async () => {
      const vu = await connected(echo)
      const stream = vu.openStream('t.S/Bidi', [
        [
          'tags',
          [
            'o',
            [
              ['name', 'mine'],
              ['a', 1],
            ],
          ],
        ],
      ])
      vu.call('writeStream', stream, '{}')
      vu.call('writeStream', stream, '{}')
      vu.call('endStream', stream)
      await vu.drain(stream)
      const samples = vu.samples()
      const url = samples[0]?.tags.url
      const tags = { group: '::g', a: '1', method: 'Bidi', name: 'mine', service: 't.S', url }
      assert.match(url ?? '', /^127\.0\.0\.1:\d+\/t\.S\/Bidi$/)
      const count = (name: string) => samples.filter(({ metric }) => metric === name)
      assert.deepEqual(count('grpc_streams'), [{ metric: 'grpc_streams', tags, value: 1 }])
      assert.deepEqual(
        count('grpc_streams_msgs_sent'),
        Array.from({ length: 2 }, () => ({ metric: 'grpc_streams_msgs_sent', tags, value: 1 })),
      )
      assert.equal(count('grpc_streams_msgs_received').length, 2)
      const [duration, ...more] = count('grpc_req_duration')
      assert.deepEqual(duration?.tags, { ...tags, status: '0' })
      assert.deepEqual(more, [])
    })
  })

  describe('what the script does wrong', () => {
    it('is refused in the order client, method, parameters', async () => {
      const unconnected = new LoopbackVu(proto)
      const refused = (vu: LoopbackVu, method: string, params: [string, unknown][], text: string) =>
        assert.throws(() => vu.openStream(method, params), isGuestError('GoError', text))
      refused(
        unconnected,
        't.S/Nope',
        [['wat', 1]],
        "invalid GRPC Stream's client: no gRPC connection, you must call connect first",
      )
      const vu = await connected(echo)
      refused(
        vu,
        't.S/Nope',
        [['wat', 1]],
        `invalid GRPC Stream's method: method "/t.S/Nope" not found in file descriptors`,
      )
      refused(vu, '', [], "invalid GRPC Stream's method: method to invoke cannot be empty")
      refused(vu, 't.S/Bidi', [['wat', 1]], `invalid GRPC Stream's parameters: unknown param: "wat"`)
      assert.equal(vu.context.tasks.size, 0)
    })

    it('is refused when the call cannot begin', async () => {
      const vu = await connected(echo)
      assert.throws(
        () => vu.openStream('t.S/Bidi', [['timeout', -1]]),
        isGuestError(
          'GoError',
          'failed to create a new stream: rpc error: code = DeadlineExceeded desc = context deadline exceeded',
        ),
      )
      assert.throws(
        () => vu.openStream('t.S/Bidi', [['metadata', ['o', [['bad key', 'x']]]]]),
        isGuestError(
          'GoError',
          'failed to create a new stream: rpc error: code = Internal desc = header key "bad key" contains illegal characters not in [0-9a-z-_.]',
        ),
      )
      assert.equal(vu.context.tasks.size, 0)
    })

    it('ends the stream for a message that is none, and tells of the cancelled call after the end', async () => {
      const vu = await connected(() => {})
      const stream = vu.openStream('t.S/Bidi')
      vu.call('writeStream', stream, '{"nope":1}')
      const text = 'can\'t serialise request object to protocol buffer: proto:\u00a0(line 1:2): unknown field "nope"'
      assert.deepEqual(await vu.drain(stream), [
        ['error', [text, { code: 2, details: [], message: text }]],
        ['end', false],
        ['error', canceled],
      ])
      assert.deepEqual(metrics(vu), [['grpc_streams', undefined]])
    })

    it('ends the stream for a second message where the method takes one', async () => {
      const vu = await connected(() => {})
      const stream = vu.openStream('t.S/Down')
      vu.call('writeStream', stream, '{}')
      vu.call('writeStream', stream, '{}')
      assert.deepEqual(firstError(await vu.drain(stream)), {
        code: 13,
        details: [],
        message: 'SendMsg called after CloseSend',
      })
    })

    it('does nothing on a stream that is over', async () => {
      const vu = await connected((call) => call.finish())
      const stream = vu.openStream('t.S/Bidi')
      await vu.drain(stream)
      assert.equal(vu.call('writeStream', stream, '{}'), undefined)
      assert.equal(vu.call('endStream', stream), undefined)
      assert.deepEqual(await vu.drain(stream), [])
    })

    it('is an error for a number that was no stream of this VU', async () => {
      const vu = await connected(() => {})
      const stream = vu.openStream('t.S/Bidi')
      for (const id of [0, stream + 1, -1, 0.5, Number.NaN, '1', undefined]) {
        assert.throws(() => vu.call('writeStream', id, '{}'), isGuestError('TypeError', 'unknown gRPC stream'))
      }
    })
  })

  describe('a connection that is not ready', () => {
    /** A VU whose server is gone, as it knows. */
    async function disconnected(params: [string, unknown][] = []): Promise<{ vu: LoopbackVu; server: TestServer }> {
      const server = await serve(echo)
      const vu = new LoopbackVu(proto)
      vus.push(vu)
      await vu.connect(server.address, params)
      await server.close()
      while (!server.sessions[0]?.destroyed) await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setTimeout(resolve, 20))
      return { vu, server }
    }

    it('makes the constructor throw when it cannot be dialled, and counts no stream', async () => {
      const { vu, server } = await disconnected()
      const why = `transport: error while dialing: dial tcp ${server.address}: connect: connection refused`
      const text = `failed to create a new stream: rpc error: code = Unavailable desc = connection error: desc = "${why}"`
      for (const _ of ['dialled', 'failed a moment ago']) {
        await assert.rejects(async () => vu.openStream('t.S/Bidi'), isGuestError('GoError', text))
        assert.deepEqual(metrics(vu), [['grpc_req_duration', '14']])
        assert.equal(vu.context.tasks.size, 0)
        assert.deepEqual(await vu.drain(0), [])
      }
    })

    it('is waited for while it is dialled', async () => {
      const { vu, server } = await disconnected()
      await serve(echo, undefined, { port: server.port })
      const opening = vu.openStream('t.S/Bidi') as unknown
      assert.ok(opening instanceof Promise)
      const stream = (await opening) as number
      vu.call('writeStream', stream, '{"n":3}')
      vu.call('endStream', stream)
      assert.deepEqual(await vu.drain(stream), [
        ['data', json(3)],
        ['end', true],
      ])
      assert.equal(metrics(vu).filter(([metric]) => metric === 'grpc_streams').length, 1)
    })

    it('does not keep an iteration that is interrupted, nor a stream whose time is up', async () => {
      const { vu, server } = await disconnected()
      await serveTcp((socket) => socket.resume(), { port: server.port })
      const failed = (status: string) => isGuestError('GoError', `failed to create a new stream: rpc error: ${status}`)
      await assert.rejects(
        async () => vu.openStream('t.S/Bidi', [['timeout', 30]]),
        failed('code = DeadlineExceeded desc = context deadline exceeded'),
      )
      const opening = (async () => vu.openStream('t.S/Bidi'))()
      vu.context.abort.abort()
      await assert.rejects(opening, failed('code = Canceled desc = context canceled'))
      vu.context.renew()
      const dropped = (async () => vu.openStream('t.S/Bidi'))()
      vu.context.tasks.clear()
      await assert.rejects(dropped, failed('code = Canceled desc = context canceled'))
      assert.equal(vu.context.tasks.size, 0)
    })

    it('leaves one sample of the duration, however often the retry policy tries', async () => {
      const policy = [
        ['maxAttempts', 3],
        ['initialBackoff', 20],
        ['maxBackoff', 20],
        ['backoffMultiplier', 1],
        ['retryableStatusCodes', ['a', ['UNAVAILABLE']]],
      ]
      const { vu } = await disconnected([['retryPolicy', ['o', policy]]])
      await assert.rejects(async () => vu.openStream('t.S/Bidi'))
      assert.deepEqual(metrics(vu), [['grpc_req_duration', '14']])
    })
  })

  describe('the end of the iteration', () => {
    it('cancels the call, and leaves neither an event nor a sample of its duration', async () => {
      let isClosed: Promise<unknown> | undefined
      const seen = new Promise<void>((resolve) => {
        serverSaw = (call) => {
          isClosed = once(call.stream, 'close')
          resolve()
        }
      })
      const vu = await connected((call) => serverSaw(call))
      const stream = vu.openStream('t.S/Bidi')
      await seen
      vu.context.abort.abort()
      vu.context.tasks.clear()
      await isClosed
      assert.deepEqual(await vu.drain(stream), [])
      assert.deepEqual(metrics(vu), [['grpc_streams', undefined]])
    })
    let serverSaw: (call: ServerCall) => void = () => {}
  })

  describe('bounds', () => {
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

    /** Waits until so many events wait for the script, and makes sure that no more follow. */
    async function staysAt(vu: LoopbackVu, count: number): Promise<void> {
      while (vu.context.tasks.waiting < count) await pause(5)
      await pause(100)
      assert.equal(vu.context.tasks.waiting, count)
    }

    it('takes no more than a few messages from a flood until the script has taken them', async () => {
      const total = 500
      const vu = await connected((call) => {
        for (let n = 0; n < total; n++) call.send(m(1))
        call.finish()
      })
      const stream = vu.openStream('t.S/Down')
      await staysAt(vu, 64)
      const events = await vu.drain(stream)
      assert.equal(events.length, total + 1)
      assert.deepEqual(events.at(-1), ['end', true])
    })

    it('counts a large message for many', async () => {
      const vu = await connected((call) => {
        for (let n = 0; n < 20; n++) {
          call.send(Buffer.concat([Buffer.from([18, 0x80, 0x80, 0x20]), Buffer.alloc(512 * 1024, 'x')]))
        }
        call.finish()
      })
      const stream = vu.openStream('t.S/Down')
      await staysAt(vu, 2)
      assert.equal((await vu.drain(stream)).length, 21)
    })

    it('counts a message for many whose JSON is much longer than its bytes', async () => {
      const vu = await connected((call) => {
        // A string of 16,000 NULs, each of which takes six letters.
        for (let n = 0; n < 40; n++) call.send(Buffer.concat([Buffer.from([18, 0x80, 0x7d]), Buffer.alloc(16_000)]))
        call.finish()
      })
      const stream = vu.openStream('t.S/Down')
      await staysAt(vu, 11)
      assert.equal((await vu.drain(stream)).length, 41)
    })

    it('lets a script that writes faster than the network wait, and loses nothing', async () => {
      const vu = await connected(async (call) => {
        let count = 0
        while ((await call.read()) !== undefined) count++
        call.send(m(count))
        call.finish()
      })
      const stream = vu.openStream('t.S/Up')
      const text = JSON.stringify({ s: 'x'.repeat(100_000) })
      let waits = 0
      for (let n = 0; n < 100; n++) {
        const wait = vu.call('writeStream', stream, text)
        if (wait !== undefined) waits++
        await wait
      }
      vu.call('endStream', stream)
      assert.deepEqual(await vu.drain(stream), [
        ['data', json(100)],
        ['end', true],
      ])
      assert.ok(waits > 0)
    })

    it('ends a stream whose server does not read, when too much waits to be sent', async () => {
      const vu = await connected(() => {})
      const stream = vu.openStream('t.S/Up')
      const text = JSON.stringify({ s: 'x'.repeat(1024 * 1024) })
      for (let n = 0; n < 20; n++) await vu.call('writeStream', stream, text)
      const error = firstError(await vu.drain(stream))
      assert.equal(error.code, 8)
      assert.match(error.message, /^messages of 16 MB wait to be sent on this stream/)
    })
  })
})
