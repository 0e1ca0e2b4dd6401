/** What a script sees of `k6/net/grpc`: whole scripts in a real VM, against a server that sends every message back. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../../../package-root.js'
import { type Answer, serve, stopServers } from '../../../host/grpc/scripted-server.js'
import { type RunOutcome, runScript } from '../../../support/run-script.js'

const folder = join(packageRoot, 'examples/single-connection')

/** hello.proto is beside the script; `attempt` prints what `f` gives, or name and message of what it throws. */
const prelude = `
  import grpc from 'k6/net/grpc'
  import exec from 'k6/execution'
  const method = 'hello.HelloService/SayHello'
  const said = (v) => (v === undefined ? 'undefined' : JSON.stringify(v))
  const attempt = (label, f) => {
    try { console.log(label + ': ' + said(f())) } catch (e) { console.log(label + ': ' + e.name + ': ' + e.message) }
  }
`
const connected = `
  const client = new grpc.Client()
  client.load(null, 'hello.proto')
  const connect = () => client.connect(__ENV.ADDRESS, { plaintext: true })
`

/** Sends every message back. */
const echo: Answer = async (call) => {
  for (let message = await call.read(); message !== undefined; message = await call.read()) call.send(message)
  call.finish()
}

describe('k6/net/grpc: arguments and what comes back', () => {
  afterEach(stopServers)

  async function run(script: string, answer: Answer = echo): Promise<RunOutcome> {
    const { address } = await serve(answer)
    const source = `${prelude}${script}`
    return runScript(source, {
      env: { ADDRESS: address },
      settings: { script: { mainUrl: pathToFileURL(join(folder, 'test.js')).href, source } },
    })
  }

  it('checks a call in the order of k6 when an argument cannot even be read', async () => {
    const { said, errors } = await run(`${connected}
      const bad = { get greeting() { throw new RangeError('read') } }
      const loop = {}
      loop.greeting = loop
      const params = { get timeout() { throw new RangeError('params') } }
      export default function () {
        attempt('not connected', () => client.invoke(method, bad, params))
        connect()
        attempt('no method', () => client.invoke('', bad, params))
        attempt('unknown method', () => client.invoke('a/b', loop, params))
        attempt('parameters first', () => client.invoke(method, bad, params))
        attempt('wrong parameters', () => client.invoke(method, loop, { foo: 1 }))
        attempt('request last', () => client.invoke(method, bad, {}))
        attempt('stream, no method', () => new grpc.Stream(client, '', params))
        attempt('stream', () => new grpc.Stream(client, method, params))
      }`)
    assert.deepEqual(errors, [])
    assert.deepEqual(said, [
      'not connected: GoError: no gRPC connection, you must call connect first',
      'no method: GoError: method to invoke cannot be empty',
      'unknown method: GoError: method "/a/b" not found in file descriptors',
      'parameters first: RangeError: params',
      'wrong parameters: GoError: invalid GRPC\'s client.invoke() parameters: unknown param: "foo"',
      'request last: RangeError: read',
      "stream, no method: GoError: invalid GRPC Stream's method: method to invoke cannot be empty",
      'stream: RangeError: params',
    ])
  })

  it('converts arguments before it looks where it was called', async () => {
    const { said } = await run(`${connected}
      export default function () {
        attempt('load', () => client.load('protos', 'hello.proto'))
        attempt('load', () => client.load(null, 'hello.proto'))
        attempt('loadProtoset', () => client.loadProtoset({ toString() { throw new RangeError('path') } }))
      }`)
    assert.deepEqual(said, [
      'load: TypeError: could not convert function call parameter 0: could not convert protos to []string',
      'load: GoError: load must be called in the init context',
      'loadProtoset: RangeError: path',
    ])
  })

  it('takes boxed values among parameters for what is in them, and other objects for no plain ones', async () => {
    const { said } = await run(`${connected}
      const call = (params) => client.invoke(method, { greeting: 'x' }, params).status
      export default function () {
        attempt('connect', () => client.connect(__ENV.ADDRESS, {
          plaintext: new Boolean(true), timeout: new String('5s'), maxReceiveSize: new Number(1000),
        }))
        attempt('boxed', () => call({ timeout: new Number(5000), metadata: { a: new String('b') }, tags: { t: new Number(1) } }))
        attempt('string', () => call({ metadata: new String('ab') }))
        for (const metadata of [new Date(), new Map(), new Set(), Promise.resolve()]) attempt('odd', () => call({ metadata }))
        attempt('size', () => client.connect(__ENV.ADDRESS, { plaintext: true, maxSendSize: -0 }))
        attempt('size', () => client.connect(__ENV.ADDRESS, { plaintext: true, maxSendSize: 2 ** 54 }))
      }`)
    const notAnObject =
      "GoError: invalid GRPC's client.invoke() parameters: invalid metadata param: must be an object with key-value pairs"
    assert.deepEqual(said, [
      'connect: true',
      'boxed: 0',
      `string: ${notAnObject}`,
      ...Array.from({ length: 4 }, () => `odd: ${notAnObject}`),
      "size: GoError: invalid grpc.connect() parameters: invalid maxSendSize value: '-0', it needs to be an integer",
      "size: GoError: invalid grpc.connect() parameters: invalid maxSendSize value: '1.8014398509481984e+16', it needs to be an integer",
    ])
  })

  it('lets a script change a response and add nothing to it', async () => {
    const { said } = await run(`${connected}
      export default function () {
        connect()
        const response = client.invoke(method, { greeting: 'x' })
        response.status = 7
        response.message.mine = 1
        attempt('response', () => response)
        attempt('added', () => { response.mine = 1 })
        attempt('health', () => {
          const health = client.healthCheck()
          health.mine = 1
        })
        attempt('copied', () => Object.keys({ ...response, mine: 1 }))
        attempt('behind', () => Object.defineProperty(Object.getPrototypeOf(response), 'mine', { value: 1 }))
        attempt('unknown', () => [response.mine, response instanceof Object, typeof response.toString])
      }`)
    assert.deepEqual(said, [
      'response: {"message":{"reply":"x","mine":1},"error":null,"headers":{"content-type":["application/grpc"]},"trailers":{},"status":7}',
      'added: TypeError: Cannot assign to property mine of a host object',
      'health: TypeError: Cannot assign to property mine of a host object',
      'copied: ["message","error","headers","trailers","status","mine"]',
      'behind: TypeError: object is not extensible',
      'unknown: [null,true,"function"]',
    ])
  })

  it('gives errors the own properties of those of k6, in their order', async () => {
    const { said } = await run(`
      export default function () {
        try { new grpc.Client().invoke(method, {}) } catch (e) {
          console.log(Object.getOwnPropertyNames(e).join(' '), Object.keys(e).join(' '), JSON.stringify(e), e.stack.split('\\n')[0])
        }
      }`)
    assert.deepEqual(said, [
      'stack message value value {"value":{}} GoError: no gRPC connection, you must call connect first',
    ])
  })

  it('looks for files below the import paths alone, and below the folder of the script without any', async () => {
    const file = join(folder, 'hello.proto')
    const { said } = await run(`
      const found = []
      const load = (...args) => { try { found.push(new grpc.Client().load(...args).length) } catch (e) { found.push(e.message) } }
      load([], 'hello.proto')
      load(null, '${file}')
      load(['${folder}'], '../single-connection/hello.proto')
      try { new grpc.Client().loadProtoset('.') } catch (e) { found.push(e.message.split(': ')[0]) }
      export default function () { for (const one of found) console.log(one) }`)
    assert.deepEqual(said, ['4', `stat ${folder}${file}: no such file or directory`, '4', "couldn't open protoset"])
  })

  it('fails an iteration in which a listener that is an async function throws', async () => {
    const { said, errors } = await run(`${connected}
      export default function () {
        connect()
        const stream = new grpc.Stream(client, 'hello.HelloService/BidiHello')
        stream.on('data', async () => { throw new Error('later') })
        stream.on('end', async () => console.log('end'))
        stream.write({ greeting: 'x' })
        stream.end()
      }`)
    assert.deepEqual(
      errors.map((text) => text.split('\n')[0]),
      ['Uncaught (in promise) Error: later'],
    )
    assert.ok(said.length <= 1)
  })

  it('makes many calls at once without a word of Node.js about listeners', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    try {
      const { said, errors } = await run(`${connected}
        export default async function () {
          connect()
          const all = await Promise.all(Array.from({ length: 50 }, (_, i) => client.asyncInvoke(method, { greeting: i + '' })))
          console.log(all.every((response, i) => response.message.reply === i + ''))
        }`)
      assert.deepEqual(said, ['true'])
      assert.deepEqual(errors, [])
    } finally {
      process.off('warning', onWarning)
    }
    assert.deepEqual(warnings, [])
  })

  it('keeps no sample of a call that the end of its iteration cut off', async () => {
    const { result, count } = await run(
      `${connected}
      export const options = {
        scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } },
        thresholds: { grpc_req_duration: ['max>=0'] },
      }
      export default function () {
        connect()
        client.invoke(method, { greeting: 'x' })
      }`,
      async (call) => void (await call.read()),
    )
    assert.equal(result.error, undefined)
    assert.equal(count('grpc_req_duration'), undefined)
  })
})
