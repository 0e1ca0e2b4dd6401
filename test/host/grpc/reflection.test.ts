import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { lengthDelimited } from '../../../host/grpc/wire-field.js'
import { sharedServer } from '../../examples/server/example-server.js'
import { isGuestError } from './guest-errors.js'
import { LoopbackVu } from './loopback-vu.js'
import { type Answer, type ServerCall, serve, stopServers } from './scripted-server.js'

type Init = Parameters<typeof create<typeof FileDescriptorProtoSchema>>[1]

const file = (init: Init): FileDescriptorProto => create(FileDescriptorProtoSchema, { syntax: 'proto3', ...init })
const message = (name: string, typeName?: string) => ({
  name,
  field: [
    typeName === undefined ? { name: 'n', number: 1, type: 5 } : { name: 'x', number: 1, type: 11, typeName },
  ].map((field) => ({ ...field, label: 1 })),
})
const service = (name: string, inputType: string) => ({
  name,
  method: [{ name: 'Go', inputType, outputType: inputType }],
})

const files = [
  file({
    name: 'a.proto',
    package: 'a',
    dependency: ['b.proto', 'gone.proto'],
    messageType: [message('A', '.b.B')],
    service: [service('S', '.a.A'), service('T', '.b.B')],
  }),
  file({ name: 'b.proto', package: 'b', dependency: ['c.proto'], messageType: [message('B', '.c.C')] }),
  file({ name: 'c.proto', package: 'c', messageType: [message('C')], service: [service('U', '.c.C')] }),
]

interface Server {
  versions: readonly string[]
  files: readonly FileDescriptorProto[]
  services: readonly string[]
  /** Questions so far: field number and text. */
  asked: string[]
}

const questions: Record<number, string> = { 3: 'file', 4: 'symbol', 7: 'list' }
const error = (code: number, text: string) =>
  lengthDelimited(7, Buffer.concat([Buffer.from([8, code]), lengthDelimited(2, Buffer.from(text))]))

function replyOf({ files, services, asked }: Server, question: Buffer): Uint8Array {
  const field = (question[0] ?? 0) >>> 3
  const text = question.subarray(2).toString()
  asked.push(`${questions[field]} ${text}`)
  if (field === 7) {
    return lengthDelimited(
      6,
      Buffer.concat(services.map((name) => lengthDelimited(1, lengthDelimited(1, Buffer.from(name))))),
    )
  }
  const found = files.find(
    (f) => f.name === text || (field === 4 && f.service.some(({ name }) => text === `${f.package}.${name}`)),
  )
  if (found === undefined) return error(5, `${text} is not here`)
  return lengthDelimited(4, lengthDelimited(1, toBinary(FileDescriptorProtoSchema, found)))
}

/** A reflection server that is not of grpc-js. */
const reflecting =
  (server: Server): Answer =>
  async (call: ServerCall) => {
    const [, version] =
      /^\/grpc\.reflection\.(\w+)\.ServerReflection\/ServerReflectionInfo$/.exec(call.headers[':path'] ?? '') ?? []
    if (version === undefined || !server.versions.includes(version)) {
      return call.finish({ 'grpc-status': '12', 'grpc-message': `unknown service ${version}` })
    }
    if (call.headers['x-deny'] !== undefined) return call.finish({ 'grpc-status': '16', 'grpc-message': 'who are you' })
    for (let question = await call.read(); question !== undefined; question = await call.read()) {
      call.send(Buffer.from(replyOf(server, question)))
    }
    call.finish()
  }

describe('connect() with reflection', () => {
  const vus: LoopbackVu[] = []

  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  function newVu(): LoopbackVu {
    const vu = new LoopbackVu()
    vus.push(vu)
    return vu
  }

  async function reflected(answer: Answer, params: [string, unknown][] = []): Promise<LoopbackVu> {
    const { address } = await serve(answer)
    const vu = newVu()
    await vu.connect(address, [['reflect', true], ...params])
    return vu
  }

  const serverOf = (change: Partial<Server> = {}): Server => ({
    ...{ versions: ['v1'], files, services: ['a.S', 'a.T', 'c.U'], asked: [] },
    ...change,
  })
  const has = (vu: LoopbackVu, method: string) => vu.context.grpc.client(vu.client).schema.method(method) !== undefined
  const fails = (answer: Answer, text: string, params: [string, unknown][] = []) =>
    assert.rejects(reflected(answer, params), isGuestError('GoError', text))

  it('loads all services and their imports, asking once for each file and living without one that is missing', async () => {
    const server = serverOf()
    const vu = await reflected(reflecting(server))
    assert.deepEqual(server.asked, ['list *', 'symbol a.S', 'file gone.proto', 'file b.proto', 'file c.proto'])
    for (const method of ['a.S/Go', 'a.T/Go', 'c.U/Go']) assert.ok(has(vu, method), method)
    const method = vu.context.grpc.client(vu.client).schema.method('a.S/Go')
    assert.equal(method?.input.decode(Buffer.from('0a040a02080a', 'hex')), '{"x":{"x":{"n":10}}}')
  })

  it('asks by v1alpha where there is no v1, and measures each call with the tags of the VU', async () => {
    const vu = await reflected(reflecting(serverOf({ versions: ['v1alpha'] })))
    assert.ok(has(vu, 'a.S/Go'))
    assert.deepEqual(
      vu.samples().map(({ metric, tags }) => [metric, tags]),
      [
        ['grpc_req_duration', { group: '::g', status: '12' }],
        ['grpc_req_duration', { group: '::g', status: '0' }],
      ],
    )
  })

  it('fails with the status of a server without reflection, and leaves the connection usable', async () => {
    const { address } = await serve(reflecting(serverOf({ versions: [] })))
    const vu = newVu()
    await assert.rejects(
      vu.connect(address, [['reflect', true]]),
      isGuestError('GoError', "can't list services: rpc error: code = Unimplemented desc = unknown service v1alpha"),
    )
    await assert.rejects(
      Promise.resolve(vu.call('healthCheck', vu.client, '', 0)),
      isGuestError('GoError', 'rpc error: code = Unimplemented desc = unknown service undefined'),
    )
  })

  it('sends the metadata given for it', async () => {
    const metadata: [string, unknown][] = [['reflectMetadata', ['o', [['X-Deny', 'y']]]]]
    const text = "can't list services: rpc error: code = Unauthenticated desc = who are you"
    await fails(reflecting(serverOf()), text, metadata)
  })

  it('takes its time from the timeout of the dial', async () => {
    const text = "can't list services: rpc error: code = DeadlineExceeded desc = context deadline exceeded"
    await fails(() => {}, text, [['timeout', 150]])
  })

  it('names the service that the server lists and does not know', async () => {
    const text = `can't get method on service "a.Gone": rpc error: code = NotFound desc = a.Gone is not here`
    await fails(reflecting(serverOf({ services: ['a.S', 'a.Gone'] })), text)
  })

  it('loads descriptors that name types relatively and do not tell what they import', async () => {
    const merged = [
      file({ name: 'x.proto', package: 'x', messageType: [message('A', 'y.B')], service: [service('S', 'A')] }),
      file({ name: 'y.proto', package: 'y', messageType: [message('B')], service: [service('T', 'B')] }),
    ]
    const vu = await reflected(reflecting(serverOf({ files: merged, services: ['x.S', 'y.T'] })))
    const method = vu.context.grpc.client(vu.client).schema.method('x.S/Go')
    assert.equal(method?.input.decode(Buffer.from('0a02080a', 'hex')), '{"x":{"n":10}}')
  })

  it('says which type the server does not describe', async () => {
    const lone = [
      file({ name: 'x.proto', package: 'x', messageType: [message('A', '.no.B')], service: [service('S', '.x.A')] }),
    ]
    const text = `can't convert method info: proto:\u00a0message field "x.A.x" cannot resolve type: "no.B" not found`
    await fails(reflecting(serverOf({ files: lone, services: ['x.S'] })), text)
  })

  for (const [what, answer] of [
    ['bytes that are no message', 'ff'],
    ['an answer without content', '0a00'],
    ['files in place of names', '2200'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const text = "can't list services: rpc error: code = Internal desc = malformed reflection response"
      await fails(async (call) => {
        await call.read()
        call.send(Buffer.from(answer, 'hex'))
      }, text)
    })
  }

  it('refuses an answer to another question than its last one', async () => {
    const server = serverOf()
    const text = `can't get method on service "a.S": rpc error: code = Internal desc = malformed reflection response`
    await fails(async (call) => {
      const question = (await call.read()) as Buffer
      for (let i = 0; i < 1000; i++) call.send(Buffer.from(replyOf(server, question)))
      call.finish()
    }, text)
  })

  it('refuses more services and more files than a schema may have', async () => {
    const services = Array.from({ length: 1001 }, (_, i) => `s.S${i}`)
    await fails(reflecting(serverOf({ services })), "can't list services: the server has more than 1000, the limit")
    const many = Array.from({ length: 201 }, (_, i) =>
      file({ name: `f${i}.proto`, package: `p${i}`, service: [{ name: 'S' }] }),
    )
    const names = many.map(({ package: name }) => `${name}.S`)
    const text = `can't get method on service "p200.S": the server describes more than 200 files, the limit`
    await fails(reflecting(serverOf({ files: many, services: names })), text)
  })

  it('loads what a grpc-js server describes', async () => {
    const { plaintext } = await sharedServer()
    const vu = newVu()
    await vu.connect(plaintext, [['reflect', true]])
    assert.ok(has(vu, 'hello.HelloService/SayHello'))
  })
})
