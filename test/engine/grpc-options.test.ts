import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Options } from '../../engine/options/options.js'
import { packageRoot } from '../../package-root.js'
import { type Answer, type ServerCall, serve, stopServers, type TestServer } from '../host/grpc/scripted-server.js'
import { runScript } from '../support/run-script.js'

/** A HelloResponse with that reply. */
const replying =
  (reply: (call: ServerCall) => string): Answer =>
  async (call) => {
    await call.read()
    const text = Buffer.from(reply(call))
    call.send(Buffer.concat([Buffer.from([10, text.length]), text]))
    call.finish()
  }

describe('options that bear on gRPC', () => {
  let server: TestServer

  beforeEach(async () => {
    server = await serve(replying(() => 'hi'))
  })
  afterEach(stopServers)

  /** Runs the body of the default function, with `client` and `address` at hand. */
  function run(body: string, options: Options) {
    const source = `import grpc from 'k6/net/grpc'
      import exec from 'k6/execution'
      const client = new grpc.Client()
      client.load(null, 'hello.proto')
      const address = __ENV.ADDRESS
      export default function () { ${body} }`
    const mainUrl = pathToFileURL(join(packageRoot, 'examples/single-connection/script.js')).href
    return runScript(source, {
      env: { ADDRESS: server.address },
      settings: { script: { mainUrl, source }, layers: { cli: () => options } },
    })
  }

  const say = "client.invoke('hello.HelloService/SayHello', { greeting: 'x' })"

  it('localIPs: each VU dials from its own address', async () => {
    server = await serve(replying(({ stream }) => stream.session!.socket.remoteAddress!))
    const scenarios = new Map([['each', { executor: 'per-vu-iterations' as const, vus: 3 }]])
    const body = `client.connect(address, { plaintext: true }); console.log(__VU, ${say}.message.reply)`
    const { said } = await run(body, { scenarios, localIPs: '127.0.0.2,127.0.0.8/31' })
    assert.deepEqual(said.sort(), ['1 127.0.0.2', '2 127.0.0.8', '3 127.0.0.9'])
  })

  it('httpDebug: calls are told in the log of the run', async () => {
    const { lines } = await run(`client.connect(address, { plaintext: true }); ${say}`, { httpDebug: 'full' })
    const told = lines.filter(({ fields }) => fields.source === 'http-debug')
    assert.deepEqual(
      told.map(({ level, msg }) => [level, msg.split(':')[0]]),
      ['Out Header', 'Out Payload', 'In Header', 'In Payload'].map((title) => ['info', title]),
    )
    assert.match(told[3]!.msg, /\nreply: "hi"\n\n$/)
  })

  it('noConnectionReuse and noVUConnectionReuse change nothing: a connection outlives its iteration', async () => {
    const body = `if (__ITER === 0) client.connect(address, { plaintext: true }); console.log(${say}.message.reply)`
    const { said } = await run(body, { vus: 1, iterations: 3, noConnectionReuse: true, noVUConnectionReuse: true })
    assert.deepEqual(said, ['hi', 'hi', 'hi'])
    assert.equal(server.sessions.length, 1)
  })

  it('discardResponseBodies is about HTTP: messages come all the same', async () => {
    const body = `client.connect(address, { plaintext: true })
      console.log(exec.test.options.discardResponseBodies, ${say}.message.reply)`
    const { said } = await run(body, { discardResponseBodies: true })
    assert.deepEqual(said, ['true hi'])
  })
})
