import assert from 'node:assert/strict'
import { once } from 'node:events'
import { TagSet } from '../../../metrics/tag-set.js'
import type { Crossing } from '../../../runtime/js-value.js'
import { isGuestError } from './guest-errors.js'
import { LoopbackVu } from './loopback-vu.js'
import { type Answer, deadPort, type ServerCall, serve, stopServers } from './scripted-server.js'

const proto = `syntax = "proto3"; package t;
import "google/protobuf/any.proto";
message M { int32 n = 1; M m = 2; google.protobuf.Any any = 3; }
service S {
  rpc Go(M) returns (M);
  rpc Down(M) returns (stream M);
}`
const m = (n: number): Buffer => Buffer.from([8, n])
const noMessage = { n: 0, m: null, any: null }

/** Answers with the message that it got. */
const echo: Answer = async (call) => {
  call.send((await call.read()) ?? Buffer.alloc(0))
  call.finish()
}

/** google.rpc.Status of code 9 with one detail, an empty message of this type. */
function statusWithDetail(type: string): string {
  const url = Buffer.concat([Buffer.from([10, type.length]), Buffer.from(type)])
  return Buffer.concat([Buffer.from([8, 9, 26, url.length]), url]).toString('base64')
}

const unitsInMs: Record<string, number> = { M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/** What the client says that it waits for, less what it has waited already. */
function assertTimeout({ headers }: ServerCall, ms: number): void {
  const [, count, unit = ''] = /^(\d+)(\w)$/.exec(String(headers['grpc-timeout'])) ?? []
  const told = Number(count) * unitsInMs[unit]!
  assert.ok(told <= ms && told > ms - 20_000, `${told} ms`)
}

describe('grpc.Client, its trusted half', () => {
  const vus: LoopbackVu[] = []

  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  function newVu(systemTags?: string[]): LoopbackVu {
    const vu = new LoopbackVu(proto, { systemTags })
    vus.push(vu)
    return vu
  }

  async function connected(answer: Answer, systemTags?: string[]): Promise<LoopbackVu> {
    const { address } = await serve(answer)
    const vu = newVu(systemTags)
    await vu.connect(address)
    return vu
  }

  const refused = (work: Promise<unknown>, text: string) => assert.rejects(work, isGuestError('GoError', text))

  describe('loadProtoset()', () => {
    it('says where the file is missing', () => {
      const vu = newVu()
      assert.throws(
        () => vu.call('loadProtoset', vu.client, '/test/gone.protoset'),
        isGuestError('GoError', "couldn't open protoset: stat /test/gone.protoset: no such file or directory"),
      )
    })
  })

  describe('connect()', () => {
    const connect = async (vu: LoopbackVu, isInit: boolean, address: string, params: Crossing) =>
      vu.call('connect', vu.client, isInit, address, params, 0)

    it('is refused in the order init code, parameters, certificates, dial', async () => {
      const vu = newVu()
      const address = `127.0.0.1:${await deadPort()}`
      const init = 'connecting to a gRPC server in the init context is not supported'
      const bad = '["o",[["wat",1]]]'
      await refused(connect(vu, true, address, bad), init)
      await refused(connect(vu, false, address, bad), 'invalid grpc.connect() parameters: unknown connect param: "wat"')
      await refused(
        connect(vu, false, address, '["o",[["tls",["o",[["cacerts","x"]]]]]]'),
        'failed to append ca certificate [0] from PEM',
      )
      await refused(
        connect(vu, false, address, undefined),
        `connection error: desc = "transport: error while dialing: dial tcp ${address}: connect: connection refused"`,
      )
    })

    it('looks at no certificate when there is no TLS, but at the types', async () => {
      const { address } = await serve(echo)
      const vu = newVu()
      await vu.connect(address, [['tls', ['o', [['cacerts', 'x']]]]])
      await refused(
        vu.connect(address, [['tls', ['o', [['cacerts', 5]]]]]),
        'invalid grpc.connect() parameters: invalid tls cacerts value: ' +
          `'map[string]interface {}{"cacerts":5}', it needs to be a string or an array of PEM formatted strings`,
      )
    })

    it('makes a new connection each time and leaves the old one open', async () => {
      const server = await serve(echo)
      const vu = newVu()
      await vu.connect(server.address)
      await vu.connect(server.address)
      await vu.invoke('t.S/Go', '{}')
      assert.deepEqual(
        server.sessions.map((session) => session.closed),
        [false, false],
      )
    })

    it('leaves no connection when it fails, not even the one from before', async () => {
      const vu = await connected(echo)
      await assert.rejects(vu.connect(`127.0.0.1:${await deadPort()}`))
      await refused(vu.invoke('t.S/Go', '{}'), 'no gRPC connection, you must call connect first')
    })
  })

  describe('close()', () => {
    it('ends the connection, and does nothing when there is none', async () => {
      const server = await serve(echo)
      const vu = newVu()
      vu.call('close', vu.client)
      await vu.connect(server.address)
      const closed = once(server.sessions[0]!, 'close')
      vu.call('close', vu.client)
      vu.call('close', vu.client)
      await closed
      await refused(vu.invoke('t.S/Go', '{}'), 'no gRPC connection, you must call connect first')
    })
  })

  describe('invoke()', () => {
    it('is refused in the order init code, connection, method, parameters, request', async () => {
      const start = async (vu: LoopbackVu, method: Crossing, params: Crossing, state: number) =>
        vu.call('invoke', vu.client, method, '{"nope":1}', params, 0, state)
      const bad = '["o",[["wat",1]]]'
      const unconnected = newVu()
      await refused(start(unconnected, '', bad, 1), 'invoking RPC methods in the init context is not supported')
      await refused(start(unconnected, '', bad, 2), 'no gRPC connection, you must call connect first')
      const vu = await connected(echo)
      for (const none of ['', undefined]) await refused(start(vu, none, bad, 2), 'method to invoke cannot be empty')
      await refused(start(vu, 't.S/Nope', bad, 2), 'method "/t.S/Nope" not found in file descriptors')
      await refused(start(vu, 't.S/Go', bad, 2), `invalid GRPC's client.invoke() parameters: unknown param: "wat"`)
      await refused(start(vu, 't.S/Go', undefined, 2), 'request cannot be nil')
      await assert.rejects(
        start(vu, 't.S/Go', undefined, 3),
        isGuestError('TypeError', 'Cannot convert undefined or null to object'),
      )
      await refused(
        start(vu, 't.S/Go', undefined, 0),
        'unable to serialise request object to protocol buffer: proto:\u00a0(line 1:2): unknown field "nope"',
      )
      assert.deepEqual(vu.samples(), [])
    })

    for (const [request, token] of [
      ['"abc"', '"abc"'],
      ['5', '5'],
      ['true', 'true'],
      ['[1]', '['],
      ['null', 'null'],
    ] as const) {
      it(`refuses ${request} in place of a message`, async () => {
        const vu = await connected(echo)
        await refused(
          vu.invoke('t.S/Go', request),
          `unable to serialise request object to protocol buffer: proto:\u00a0syntax error (line 1:1): unexpected token ${token}`,
        )
      })
    }

    it("answers with the keys of k6 in k6's order", async () => {
      const vu = await connected(async (call) => {
        call.open({ a: ['1', '2'] })
        call.send((await call.read()) ?? '')
        call.finish({ b: '3' })
      })
      for (const method of ['t.S/Go', '/t.S/Go']) {
        assert.equal(
          await vu.invoke(method, '{"n":7}'),
          '{"message":{"n":7,"m":null,"any":null},"error":null,' +
            '"headers":{"content-type":["application/grpc"],"a":["1","2"]},"trailers":{"b":["3"]},"status":0}',
        )
      }
    })

    it('answers with an empty message beside an error, and with none when the script wants none', async () => {
      const vu = await connected(async (call) => {
        const isFailure = call.headers['x-fail'] !== undefined
        if (isFailure) return call.finish({ 'grpc-status': '9', 'grpc-message': 'not now' })
        await echo(call)
      })
      const fails: [string, unknown] = ['metadata', ['o', [['x-fail', '1']]]]
      const failed = JSON.parse(await vu.invoke('t.S/Go', '{}', [fails]))
      assert.deepEqual(failed, {
        message: noMessage,
        error: { code: 9, message: 'not now', details: [] },
        headers: {},
        trailers: { 'content-type': ['application/grpc'] },
        status: 9,
        // The guest half hides it.
        errorDetails: [],
      })
      const discards: [string, unknown] = ['discardResponseMessage', true]
      assert.equal(JSON.parse(await vu.invoke('t.S/Go', '{"n":1}', [discards])).message, null)
      assert.equal(JSON.parse(await vu.invoke('t.S/Go', '{}', [fails, discards])).message, null)
    })

    it('shows the details of an error whose types it knows, and an empty error when it does not know one', async () => {
      let type = 'x/t.M'
      const vu = await connected((call) =>
        call.finish({
          'grpc-status': '9',
          'grpc-message': 'no',
          'grpc-status-details-bin': statusWithDetail(type),
        }),
      )
      const known = JSON.parse(await vu.invoke('t.S/Go', '{}'))
      assert.deepEqual(known.error, { code: 9, message: '', details: [{ '@type': 'x/t.M', ...noMessage }] })
      assert.deepEqual(Object.keys(known.trailers).sort(), ['content-type', 'grpc-status-details-bin'])
      type = 'x/no.M'
      const unknown = JSON.parse(await vu.invoke('t.S/Go', '{}'))
      assert.deepEqual([unknown.error, unknown.status], [{}, 9])
    })

    it('takes one message of a method that streams, fails for a second one, and keeps that', async () => {
      let count = 1
      const vu = await connected((call) => {
        for (let n = 1; n <= count; n++) call.send(m(n))
        call.finish()
      })
      const invoke = async () => {
        const { message, status } = JSON.parse(await vu.invoke('t.S/Down', '{}'))
        return [message.n, status]
      }
      assert.deepEqual(await invoke(), [1, 0])
      count = 2
      assert.deepEqual(await invoke(), [2, 13])
    })

    it('throws for a message that has no JSON form', async () => {
      const any = Buffer.from('x/no.M')
      const message = Buffer.concat([Buffer.from([26, any.length + 2, 10, any.length]), any])
      const vu = await connected((call) => {
        call.send(message)
        call.finish()
      })
      await refused(
        vu.invoke('t.S/Go', '{}'),
        'unable to convert response object to JSON: failed to marshal the message: ' +
          'proto:\u00a0google.protobuf.Any: unable to resolve "x/no.M": not found',
      )
    })

    it('has two minutes unless it is told otherwise', async () => {
      const told: ServerCall[] = []
      const vu = await connected(async (call) => {
        told.push(call)
        await echo(call)
      })
      await vu.invoke('t.S/Go', '{}')
      await vu.invoke('t.S/Go', '{}', [['timeout', 0]])
      await vu.invoke('t.S/Go', '{}', [['timeout', '60s']])
      for (const [index, ms] of [120_000, 120_000, 60_000].entries()) assertTimeout(told[index]!, ms)
    })

    it('ends with status 4 at once, and asks nobody, when its timeout is negative', async () => {
      let calls = 0
      const vu = await connected(() => {
        calls += 1
      })
      const { status, error } = JSON.parse(await vu.invoke('t.S/Go', '{}', [['timeout', '-1s']]))
      assert.deepEqual([status, error.message, calls], [4, 'context deadline exceeded', 0])
    })
  })

  describe('asyncInvoke()', () => {
    it('hands its response to the event loop, and keeps the iteration open until then', async () => {
      const vu = await connected(echo)
      vu.call('startInvoke', 7, vu.client, 't.S/Go', '{"n":3}', undefined, 0, 0)
      assert.equal(vu.context.tasks.size, 1)
      const [kind, payload] = (await vu.next()) ?? []
      assert.deepEqual([kind, (payload as { message: { n: number } }).message.n], ['value', 3])
      assert.equal(await vu.next(), undefined)
    })
  })

  describe('healthCheck()', () => {
    it('asks for the service, and answers with its status alone', async () => {
      const asked: (string | undefined)[] = []
      const vu = await connected(async (call) => {
        asked.push(`${call.headers[':path']} ${(await call.read())?.toString()}`)
        call.send(Buffer.from([8, 1]))
        call.finish()
      })
      assert.equal(await vu.healthCheck(''), '{"status":1}')
      assert.equal(await vu.healthCheck('a.B'), '{"status":1}')
      assert.deepEqual(asked, ['/grpc.health.v1.Health/Check ', '/grpc.health.v1.Health/Check \n\u0003a.B'])
      assert.deepEqual(
        vu.samples().map(({ metric, tags }) => [metric, tags]),
        Array.from({ length: 2 }, () => ['grpc_req_duration', { group: '::g', status: '0' }]),
      )
    })

    it('has two minutes for its answer', async () => {
      const vu = await connected((call) => {
        assertTimeout(call, 120_000)
        call.finish({ 'grpc-status': '7' })
      })
      await assert.rejects(vu.healthCheck(''), { message: /PermissionDenied/ })
    })

    it('throws what the server says, after a sample of it', async () => {
      const vu = await connected((call) => call.finish({ 'grpc-status': '5', 'grpc-message': 'unknown service' }))
      await refused(vu.healthCheck('x'), 'rpc error: code = NotFound desc = unknown service')
      assert.deepEqual(
        vu.samples().map(({ tags }) => tags),
        [{ group: '::g', status: '5' }],
      )
    })

    it('throws without a connection', async () => {
      await refused(newVu().healthCheck(''), 'no gRPC connection, you must call connect first')
    })
  })

  describe('samples', () => {
    const tagsOf = (vu: LoopbackVu) => vu.samples().map(({ tags }) => tags)

    it('has one of the duration for each call that was sent, whatever became of it, and none of a dial', async () => {
      let status = '0'
      const vu = await connected(async (call) => {
        call.send((await call.read()) ?? '')
        call.finish({ 'grpc-status': status })
      })
      assert.deepEqual(vu.samples(), [])
      await vu.invoke('t.S/Go', '{}')
      status = '99'
      await vu.invoke('t.S/Go', '{}')
      const samples = vu.samples()
      assert.deepEqual(
        samples.map(({ metric, tags }) => [metric, tags.status]),
        [
          ['grpc_req_duration', '0'],
          ['grpc_req_duration', '99'],
        ],
      )
      for (const { value } of samples) assert.ok(value > 0)
    })

    it('has the address and the method as tags, over those that the script gives by these names', async () => {
      const { address } = await serve(echo)
      const vu = newVu()
      await vu.connect(address)
      const tags = { url: 'x', service: 'x', method: 'x', status: 'x', group: 'own' }
      await vu.invoke('/t.S/Go', '{}', [['tags', ['o', Object.entries(tags)]]])
      assert.deepEqual(tagsOf(vu), [
        { group: 'own', method: 'Go', name: '/t.S/Go', service: 't.S', status: '0', url: `${address}/t.S/Go` },
      ])
    })

    it('lets the call choose its name, or else the VU', async () => {
      const vu = await connected(echo)
      const ofVu = TagSet.from([['name', 'of the VU']])
      await vu.invoke('t.S/Go', '{}', [], ofVu)
      await vu.invoke('t.S/Go', '{}', [['tags', ['o', [['name', 'of the call']]]]], ofVu)
      assert.deepEqual(
        tagsOf(vu).map(({ name }) => name),
        ['of the VU', 'of the call'],
      )
    })

    it('has the system tags that are switched on and no other, the address among them', async () => {
      const bare = await connected(echo, [])
      await bare.invoke('t.S/Go', '{}')
      assert.deepEqual(tagsOf(bare), [{ group: '::g' }])
      const vu = await connected(echo, ['ip'])
      await vu.invoke('t.S/Go', '{}')
      assert.deepEqual(tagsOf(vu), [{ group: '::g', ip: '127.0.0.1' }])
    })

    it('has the number of the VU and the iteration beside its tags, where they are wanted', async () => {
      const vu = await connected(echo)
      vu.context.metadata = TagSet.from([
        ['iter', '4'],
        ['vu', '1'],
      ])
      await vu.invoke('t.S/Go', '{}')
      const [series] = vu.context.services.samples.take()?.series ?? []
      assert.deepEqual(series?.metadata, [
        ['iter', '4'],
        ['vu', '1'],
      ])
    })

    it('has none of a call whose own time was up', async () => {
      const vu = await connected(() => {})
      assert.equal(JSON.parse(await vu.invoke('t.S/Go', '{}', [['timeout', 30]])).status, 4)
      assert.deepEqual(vu.samples(), [])
    })
  })
})
