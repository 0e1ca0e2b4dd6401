import assert from 'node:assert/strict'
import { isGuestError } from './guest-errors.js'
import { LoopbackVu } from './loopback-vu.js'
import { type Answer, serve, stopServers } from './scripted-server.js'

const proto = `syntax = "proto3"; package t;
message M { int32 n = 1; string s = 2; }
service S {
  rpc One(M) returns (M);
  rpc Bidi(stream M) returns (stream M);
}`

/** Sends every message back. */
const echo: Answer = async (call) => {
  for (let message = await call.read(); message !== undefined; message = await call.read()) call.send(message)
  call.finish()
}

/** What does not change between runs. */
const steady = (text: string) =>
  text
    .replace(/127\.0\.0\.1:\d+/, 'IP:PORT')
    .replace(/Time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \S+\n/, 'Time: T\n')

describe('httpDebug', () => {
  const vus: LoopbackVu[] = []

  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  async function connected(answer: Answer, httpDebug: string, logLineBytes = 16384): Promise<LoopbackVu> {
    const { address } = await serve(answer)
    const vu = new LoopbackVu(proto, { options: { httpDebug }, limits: { logLineBytes } })
    vus.push(vu)
    await vu.connect(address)
    return vu
  }

  const invoke = (vu: LoopbackVu, request: object, params?: [string, unknown][]) =>
    vu.call(
      'invoke',
      vu.client,
      't.S/One',
      JSON.stringify(request),
      params === undefined ? undefined : JSON.stringify(['o', params]),
      0,
      0,
    )

  const said = (vu: LoopbackVu) => vu.lines.splice(0).map(({ msg }) => steady(msg))

  it('says nothing unless it is set', async () => {
    const vu = await connected(echo, '')
    await invoke(vu, { n: 5 })
    assert.deepEqual(said(vu), [])
  })

  it('tells the headers of a call, on the log of the run and with its source', async () => {
    const vu = await connected(echo, 'headers')
    await invoke(vu, { n: 5 }, [['metadata', ['o', [['x-one', 'a']]]]])
    assert.deepEqual(
      vu.lines.map(({ level, fields }) => [level, fields]),
      [
        ['info', { source: 'http-debug' }],
        ['info', { source: 'http-debug' }],
      ],
    )
    const [out, into] = said(vu)
    assert.equal(
      out,
      'Out Header:\nFull Method: /t.S/One\nRemote Address: IP:PORT\nx-one: a\nuser-agent: grpc-go/1.83.0\n\n',
    )
    assert.match(into!, /^In Header:\nWire Length: \d+\ncontent-type: application\/grpc\n(date: .*\n)?\n$/)
  })

  it('tells messages too when it is full', async () => {
    const vu = await connected(echo, 'full')
    await invoke(vu, { n: 5, s: 'x' })
    const lines = said(vu)
    assert.deepEqual(
      lines.map((line) => line.split(':')[0]),
      ['Out Header', 'Out Payload', 'In Header', 'In Payload'],
    )
    assert.equal(lines[1], 'Out Payload:\nWire Length: 10\nSent Time: T\nn: 5\ns: "x"\n\n')
    assert.equal(lines[3], 'In Payload:\nWire Length: 10\nReceived Time: T\nn: 5\ns: "x"\n\n')
  })

  it('tells a message that goes out packed as it was', async () => {
    const s = 'x'.repeat(500)
    const vu = await connected((call) => call.finish(), 'full')
    await invoke(vu, { s }, [['compression', 'gzip']])
    const [, out] = said(vu)
    assert.match(out!, new RegExp(`^Out Payload:\\nWire Length: \\d\\d\\nSent Time: T\\ns: "${s}"\\n\\n$`))
  })

  it('tells trailers when there are any, alone when the call failed at once', async () => {
    const vu = await connected((call) => call.finish({ 'grpc-status': '5', 'x-why': ['a', 'b'] }), 'full')
    await invoke(vu, {})
    const lines = said(vu)
    assert.deepEqual(lines[1], 'Out Payload:\nWire Length: 5\nSent Time: T\n\n')
    assert.equal(lines.length, 3)
    assert.match(lines[2]!, /^In Trailer:\nWire Length: \d+\n(.*\n)*x-why: a, b\n(.*\n)*\n$/)
    assert.doesNotMatch(lines[2]!, /grpc-status/)
  })

  it('tells the messages of a stream in their order', async () => {
    const vu = await connected(async (call) => {
      assert.ok(await call.read())
      assert.ok(await call.read())
      call.send(Buffer.from([8, 3]))
      call.send(Buffer.from([8, 4]))
      call.finish({ 'grpc-status': '0', 'x-end': 'z' })
    }, 'full')
    const stream = vu.openStream('t.S/Bidi')
    vu.call('writeStream', stream, '{"n":1}')
    vu.call('writeStream', stream, '{"n":2}')
    vu.call('endStream', stream)
    await vu.drain(stream)
    const brief = said(vu).map((line) => [line.split(':')[0], /^n: \d/m.exec(line)?.[0]])
    assert.deepEqual(brief, [
      ['Out Header', undefined],
      ['Out Payload', 'n: 1'],
      ['Out Payload', 'n: 2'],
      ['In Header', undefined],
      ['In Payload', 'n: 3'],
      ['In Payload', 'n: 4'],
      ['In Trailer', undefined],
    ])
  })

  it('tells health checks and reflection, whose types no script has loaded', async () => {
    const vu = await connected(async (call) => {
      await call.read()
      call.send(Buffer.from([8, 1]))
      call.finish()
    }, 'full')
    await vu.call('healthCheck', vu.client, 'my.Service', 0)
    const lines = said(vu)
    assert.match(lines[0]!, /^Out Header:\nFull Method: \/grpc\.health\.v1\.Health\/Check\n/)
    assert.match(lines[1]!, /\nservice: "my\.Service"\n\n$/)
    assert.match(lines[3]!, /\nstatus: SERVING\n\n$/)

    const { address } = await serve((call) => call.finish({ 'grpc-status': '12' }))
    const why = "can't list services: rpc error: code = Unimplemented desc = "
    await assert.rejects(vu.connect(address, [['reflect', true]]), isGuestError('GoError', why))
    const reflected = said(vu).filter((line) => /^Out/.test(line))
    assert.deepEqual(
      reflected.map((line) => /Full Method: .*|list_services: .*/.exec(line)?.[0]),
      [
        'Full Method: /grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        'list_services: "*"',
        'Full Method: /grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
        'list_services: "*"',
      ],
    )
  })

  it('lets neither metadata nor messages break out of their line', async () => {
    const evil = Buffer.from('\x1b[2J\n\u009bINFO fake').toString('base64')
    const vu = await connected(async (call) => {
      const message = (await call.read()) as Buffer
      call.open({ 'x-evil-bin': evil })
      call.send(message)
      call.finish()
    }, 'full')
    await invoke(vu, { s: '\x1b[2J\nfake' }, [['metadata', ['o', [['x-own-bin', ['b', [27, 10]]]]]]])
    const lines = said(vu)
    assert.match(lines[0]!, /\nx-own-bin: \\x1b\\x0a\n/)
    assert.match(lines[2]!, /\nx-evil-bin: \\x1b\[2J\\x0a\\x9bINFO fake\n/)
    assert.match(lines[3]!, /\ns: "\\x1b\[2J\\nfake"\n\n$/)
  })

  it('cuts what is too long for a line of the log, and says by how much', async () => {
    const vu = await connected(
      async (call) => {
        const message = (await call.read()) as Buffer
        call.open({ 'x-long': 'v'.repeat(2000) })
        call.send(message)
        call.finish()
      },
      'full',
      1024,
    )
    await invoke(vu, { s: 'x'.repeat(2000) })
    const lines = said(vu)
    for (const line of lines) assert.ok(Buffer.byteLength(line) <= 1024, line)
    assert.match(lines[1]!, /\ns: "x{764}… \(1236 bytes more\)\n\n$/)
    assert.match(lines[2]!, /v… \(\d+ bytes more\)\n\n$/)
    assert.match(lines[3]!, /\ns: "x{764}… \(1236 bytes more\)\n\n$/)
  })

  it('does not tell a message that is none of its type', async () => {
    const vu = await connected(async (call) => {
      await call.read()
      call.send(Buffer.from([8]))
      call.finish()
    }, 'full')
    await invoke(vu, {})
    assert.deepEqual(
      said(vu).map((line) => line.split(':')[0]),
      ['Out Header', 'Out Payload', 'In Header'],
    )
  })
})
