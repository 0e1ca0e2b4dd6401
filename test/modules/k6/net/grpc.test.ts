/** The guest half of `k6/net/grpc`, in a VM with the host behind it: what scripts hand in and what they see. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LogLine } from '../../../../host/vu-context.js'
import { packageRoot } from '../../../../package-root.js'
import { serve, stopServers } from '../../../host/grpc/scripted-server.js'
import { describeInVmThread } from '../../../support/in-vm-thread.js'
import { scriptVm } from '../../../support/script-vm.js'
import { echo, echoScript, streaming } from './echo-script.js'

const files = { 'echo.proto': readFileSync(join(packageRoot, 'test/protos/echo.proto'), 'utf8') }

/** Init and one iteration of a script, which must end well. */
async function iterate(source: string): Promise<{ told: string[]; lines: LogLine[] }> {
  const { address } = await serve(echo)
  const { script, context, internalErrors, lines } = await scriptVm(echoScript(address, source), { files })
  try {
    await script.enter('activate', 'vu', '{}', '{}')
    assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
    assert.deepEqual(internalErrors, [])
    const told = lines.filter(({ level }) => level === 'info').map(({ msg }) => msg)
    return { told, lines }
  } finally {
    context.grpc.close()
    await stopServers()
  }
}

const said = async (source: string): Promise<string[]> => (await iterate(source)).told

describeInVmThread('k6/net/grpc, its guest half', import.meta.url, (it) => {
  const statuses = [
    'StatusOK',
    'StatusCanceled',
    'StatusUnknown',
    'StatusInvalidArgument',
    'StatusDeadlineExceeded',
    'StatusNotFound',
    'StatusAlreadyExists',
    'StatusPermissionDenied',
    'StatusResourceExhausted',
    'StatusFailedPrecondition',
    'StatusAborted',
    'StatusOutOfRange',
    'StatusUnimplemented',
    'StatusInternal',
    'StatusUnavailable',
    'StatusDataLoss',
    'StatusUnauthenticated',
  ]
  const health = ['HealthCheckUnknown', 'HealthCheckServing', 'HealthCheckNotServing', 'HealthCheckServiceUnkown']

  it('has its names by default import, one by one, and in a namespace', async () => {
    const [constants, functions, sameByName, ofNamespace] = await said(`
      import { Client, Stream, StatusUnauthenticated } from 'k6/net/grpc'
      import * as all from 'k6/net/grpc'
      export default function () {
        const names = Object.keys(grpc)
        console.log(JSON.stringify(names.filter((name) => typeof grpc[name] !== 'function').map((name) => [name, grpc[name]])))
        console.log(names.filter((name) => typeof grpc[name] === 'function').join())
        console.log(Client === grpc.Client && Stream === grpc.Stream && StatusUnauthenticated === grpc.StatusUnauthenticated)
        console.log(names.every((name) => all[name] === grpc[name]))
      }`)
    const wanted = [statuses, health].flatMap((names) => names.map((name, value) => [name, value]))
    assert.deepEqual(JSON.parse(constants!), wanted)
    assert.deepEqual([functions, sameByName, ofNamespace], ['Client,Stream', 'true', 'true'])
  })

  it('shows of clients and streams what k6 shows, and lets nothing of a stream be replaced', async () => {
    assert.deepEqual(
      await said(`
        export default function () {
          connect()
          console.log(Object.keys(client).join(), JSON.stringify(client), client instanceof grpc.Client)
          const stream = new grpc.Stream(client, 'echo.Echo/Bidi')
          console.log(Object.keys(stream).join())
          console.log(attempt(() => { 'use strict'; stream.write = 1 }).split(':')[0], typeof stream.write)
          console.log(attempt(() => grpc.Client()).split(':')[0], attempt(() => grpc.Stream(client)).split(':')[0])
          stream.end()
        }`),
      [
        'asyncInvoke,close,connect,healthCheck,invoke,load,loadProtoset {} false',
        'on,write,end',
        'TypeError function',
        'TypeError TypeError',
      ],
    )
  })

  it('throws a GoError, as k6 does', async () => {
    assert.deepEqual(
      await said(`
        export default function () {
          try {
            client.invoke('echo.Echo/Go', {})
          } catch (e) {
            console.log(e.name, e.constructor.name, e instanceof Error)
            console.log(String(e))
            console.log(e.message)
            console.log(JSON.stringify(e), Object.getOwnPropertyNames(e).sort().join())
          }
        }`),
      [
        'GoError GoError true',
        'GoError: no gRPC connection, you must call connect first',
        'no gRPC connection, you must call connect first',
        '{"value":{}} message,stack,value',
      ],
    )
  })

  it('loads in the init code only, and calls after it only', async () => {
    const told = await said(`
      const inInit = [
        attempt(() => client.connect('x:1', { wat: 1 })),
        attempt(() => client.invoke('echo.Echo/Go', {})),
        attempt(() => client.healthCheck()),
        attempt(() => new grpc.Stream(client, 'echo.Echo/Nope', { wat: 1 })),
        attempt(() => client.close()),
      ]
      let rejected
      client.asyncInvoke('echo.Echo/Go', {}).catch((e) => { rejected = e.message })
      export default function () {
        for (const text of inInit) console.log(text)
        console.log(rejected)
        console.log(attempt(() => client.load(null, 'echo.proto')))
        console.log(attempt(() => client.loadProtoset('echo.protoset')))
      }`)
    assert.deepEqual(told, [
      'GoError: connecting to a gRPC server in the init context is not supported',
      'GoError: invoking RPC methods in the init context is not supported',
      'GoError: no gRPC connection, you must call connect first',
      "GoError: invalid GRPC Stream's client: no gRPC connection, you must call connect first",
      'undefined',
      'invoking RPC methods in the init context is not supported',
      'GoError: load must be called in the init context',
      'GoError: load must be called in the init context',
    ])
  })

  it('tells of the methods that it loads, and takes import paths as a list or not at all', async () => {
    const [methods, ...others] = await said(`
      const other = new grpc.Client()
      const loaded = [
        attempt(() => other.load(undefined, 'echo.proto')),
        attempt(() => other.load(['../test'], 'echo.proto').length),
        attempt(() => other.load()),
        attempt(() => other.load([])),
        attempt(() => other.load('protos', 'echo.proto')),
      ]
      export default function () {
        for (const text of loaded) console.log(text)
      }`)
    const method = (name: string, streams: boolean) =>
      `{"package":"echo","service":"Echo","full_method":"/echo.Echo/${name}","name":"${name}",` +
      `"is_client_stream":${streams},"is_server_stream":${streams}}`
    assert.equal(methods, `[${method('Go', false)},${method('Bidi', true)}]`)
    const complaint = 'TypeError: could not convert function call parameter 0: could not convert protos to []string'
    assert.deepEqual(others, ['2', '[]', '[]', complaint])
  })

  const empty = '"list":[],"text":"","inner":null,"time":null'

  const requests: [claim: string, request: string | undefined, answer: string][] = [
    [
      'keeps numbers that JSON has not, wherever they are',
      '{ x: NaN, list: [1, Infinity, -Infinity], inner: { x: Infinity } }',
      `{"x":"NaN","list":[1,"Infinity","-Infinity"],"text":"","inner":{"x":"Infinity",${empty}},"time":null}`,
    ],
    [
      'is what its toJSON gives, and a Date is a time',
      '{ toJSON: () => ({ time: new Date(1500), text: "t" }) }',
      '{"list":[],"text":"t","inner":null,"time":"1970-01-01T00:00:01.500Z"}',
    ],
    [
      'has no members that are undefined or functions',
      '{ text: undefined, x: () => 1, nope: undefined }',
      `{${empty}}`,
    ],
    [
      'cannot hold a symbol',
      '{ text: Symbol("x") }',
      'GoError: unable to serialise request object to protocol buffer: proto:\u00a0(line 1:9): invalid value for string field text: {',
    ],
    [
      'cannot contain itself',
      '(() => { const self = {}; self.inner = self; return self })()',
      'GoError: unable to normalize number strings: cyclic reference to an object found',
    ],
    [
      'fails with what its toJSON throws',
      '{ toJSON() { throw new RangeError("too far") } }',
      'GoError: unable to serialise request object: RangeError: too far',
    ],
    ['fails with what a getter throws', '{ get text() { throw new RangeError("too far") } }', 'RangeError: too far'],
    [
      'cannot hold a BigInt',
      '{ x: 1n }',
      'GoError: unable to serialise request object to protocol buffer: proto:\u00a0(line 1:6): invalid value for double field x: {',
    ],
    [
      'takes bytes as base64 text only',
      '{ text: new Uint8Array(2) }',
      'GoError: unable to serialise request object to protocol buffer: proto:\u00a0(line 1:9): invalid value for string field text: {',
    ],
    ['is needed', undefined, 'GoError: request cannot be nil'],
    ['is not undefined', 'undefined', 'TypeError: Cannot convert undefined or null to object'],
    ['is not null', 'null', 'TypeError: Cannot convert undefined or null to object'],
    [
      'is not a text',
      '"abc"',
      'GoError: unable to serialise request object to protocol buffer: proto:\u00a0syntax error (line 1:1): unexpected token "abc"',
    ],
    [
      'is not a function',
      '() => {}',
      'GoError: unable to serialise request object to protocol buffer: proto:\u00a0syntax error (line 1:1): unexpected token null',
    ],
  ]
  for (const [claim, request, answer] of requests) {
    it(`a request ${claim}`, async () => {
      const args = request === undefined ? '' : `, ${request}`
      const script = `export default function () {
          connect()
          console.log(attempt(() => client.invoke('echo.Echo/Go'${args}).message))
        }`
      assert.deepEqual(await said(script), [answer])
    })
  }

  it('takes call parameters that are numbers for none, the letters of a text for parameters, and no endless ones', async () => {
    assert.deepEqual(
      await said(`
        export default function () {
          connect()
          for (const params of [5, true, null, {}]) console.log(attempt(() => client.invoke('echo.Echo/Go', {}, params).status))
          console.log(attempt(() => client.invoke('echo.Echo/Go', {}, 'x')))
          const endless = {}
          endless.metadata = endless
          console.log(attempt(() => client.invoke('echo.Echo/Go', {}, endless)))
        }`),
      [
        '0',
        '0',
        '0',
        '0',
        `GoError: invalid GRPC's client.invoke() parameters: unknown param: "0"`,
        'GoError: call parameters are nested too deeply',
      ],
    )
  })

  it('gives a response whose members can be changed, and no other added', async () => {
    assert.deepEqual(
      await said(`
        export default function () {
          connect()
          const response = client.invoke('echo.Echo/Go', { text: 'x' })
          console.log(Object.keys(response).join())
          response.message.text = 'y'
          response.status = 5
          console.log(response.message.text, response.status, attempt(() => { response.more = 1 }).split(':')[0], response.more)
        }`),
      ['message,error,headers,trailers,status', 'y 5 TypeError undefined'],
    )
  })

  it('gives long strings and headers as they came, whatever the script puts on prototypes', async () => {
    const told = await said(`
      export default async function () {
        connect()
        const text = 'a long "täxt" of 😀\\n'.repeat(200)
        const set = () => console.log('a setter of the script')
        for (const name of ['text', 'inner', 'content-type', '__proto__']) {
          Object.defineProperty(Object.prototype, name, { set, get: () => 'got', configurable: true })
        }
        const response = client.invoke('echo.Echo/Go', { text, inner: { text: 'short', inner: { text } } })
        console.log(response.message.text === text, response.message.inner.inner.text === text, response.message.inner.text)
        const later = await client.asyncInvoke('echo.Echo/Go', { text })
        console.log(later.message.text === text, JSON.stringify({ ...later, message: null }))
        later.headers['content-type'][1] = 'mine'
        later.headers.more = 1
        const last = client.invoke('echo.Echo/Go', { text: 'x' })
        console.log(JSON.stringify(last.headers), last.headers !== response.headers, JSON.stringify(Object.getOwnPropertyDescriptor(last, 'status')))
        const stream = new grpc.Stream(client, 'echo.Echo/Bidi')
        stream.on('data', (message) => console.log(message.text === text, message.inner))
        stream.write({ text })
        stream.end()
      }`)
    const headers = '{"content-type":["application/grpc"]}'
    assert.deepEqual(told, [
      'true true short',
      `true {"message":null,"error":null,"headers":${headers},"trailers":{},"status":0}`,
      `${headers} true {"value":0,"writable":true,"enumerable":true,"configurable":true}`,
      'true null',
    ])
  })

  it('answers asyncInvoke with a promise that every mistake rejects, and no status', async () => {
    assert.deepEqual(
      await said(`
        export default async function () {
          connect()
          const failed = await client.asyncInvoke('/echo.Echo/Go', { text: 'fail' })
          console.log(failed.status, failed.error.message)
          for (const args of [[], ['echo.Echo/Nope', {}], ['echo.Echo/Go'], ['echo.Echo/Go', null], ['echo.Echo/Go', {}, { wat: 1 }]]) {
            await client.asyncInvoke(...args).catch((e) => console.log(e.message))
          }
          const both = await Promise.all(['a', 'b'].map((text) => client.asyncInvoke('echo.Echo/Go', { text })))
          console.log(both.map(({ message }) => message.text).join())
        }`),
      [
        '9 asked to fail',
        'method to invoke cannot be empty',
        'method "/echo.Echo/Nope" not found in file descriptors',
        'request cannot be nil',
        'Cannot convert undefined or null to object',
        `invalid GRPC's client.invoke() parameters: unknown param: "wat"`,
        'a,b',
      ],
    )
  })

  const replaced: Record<string, string> = {
    'get and set of Object.prototype': 'Object.prototype.get = Object.prototype.set = () => { throw 1 }',
    'Symbol.species of Promise': "Object.defineProperty(Promise, Symbol.species, { get() { throw 'species' } })",
    'the length of typed arrays':
      "Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), 'length', { get: () => 1e9 })",
  }
  for (const [name, patch] of Object.entries(replaced)) {
    it(`calls and streams although a script replaced ${name}`, async () => {
      const source = `
        ${patch}
        export default async function () {
          connect()
          const metadata = { 'a-bin': new Uint8Array([1, 2]) }
          const sent = { text: 'x' }
          console.log(client.invoke('echo.Echo/Go', sent, { metadata }).status)
          console.log((await client.asyncInvoke('echo.Echo/Go', sent, { metadata })).status)
          await new Promise((resolve) => {
            const stream = new grpc.Stream(client, 'echo.Echo/Bidi', { metadata })
            stream.on('data', () => console.log('data'))
            stream.on('end', resolve)
            stream.write(sent)
            stream.end()
          })
          console.log('ended')
        }`
      assert.deepEqual(await said(source), ['0', '0', 'data', 'ended'])
    })
  }

  it('a stream wants a client first of all', async () => {
    assert.deepEqual(
      await said(`
          export default function () {
            for (const none of [undefined, null, {}, 'x']) console.log(attempt(() => new grpc.Stream(none, 'x', { wat: 1 })))
          }`),
      ['empty gRPC client', 'empty gRPC client', 'not a gRPC client', 'not a gRPC client'].map(
        (why) => `GoError: invalid GRPC Stream's client: ${why}`,
      ),
    )
  })

  it('a stream calls all handlers of an event in their order, with the time in seconds', async () => {
    assert.deepEqual(
      await said(
        streaming(`
          const before = Math.floor(Date.now() / 1000)
          stream.on('data', function (message, metadata) {
            const isNow = metadata.ts >= before && metadata.ts <= Date.now() / 1000
            console.log('first', message.text, arguments.length, Object.keys(metadata).join(), isNow, Number.isInteger(metadata.ts))
          })
          stream.on('data', tell('second'))
          stream.on('status', tell('status'))
          stream.on('end', tell('end'))
          stream.on('error', tell('error'))
          console.log(stream.write({ text: 'a' }), stream.end())`),
      ),
      [
        'undefined undefined',
        'first a 2 ts true true',
        'second {"list":[],"text":"a","inner":null,"time":null}',
        'end {}',
      ],
    )
  })

  it('a stream says what is no event, no handler and no message', async () => {
    const { told, lines } = await iterate(
      streaming(`
        stream.on('bogus', () => {})
        console.log(attempt(() => stream.on('data', 'x')))
        console.log(attempt(() => stream.on('data')))
        stream.write(null)
        stream.write()
        stream.end()
        stream.on('end', tell('end'))`),
    )
    const complaint = `GoError: handler for "data" event isn't a callable function`
    assert.deepEqual(told, [complaint, complaint, 'end {}'])
    const warnings = lines.filter(({ level }) => level === 'warning')
    assert.deepEqual(
      warnings.map(({ msg, fields }) => [msg, fields.streamMethod]),
      [
        [`can't register bogus event handler: unknown GRPC stream's event type: bogus`, '/echo.Echo/Bidi'],
        [`can't send empty message`, '/echo.Echo/Bidi'],
        [`can't send empty message`, '/echo.Echo/Bidi'],
      ],
    )
  })

  it('a stream writes no more after its end, and leaves numbers out that JSON has not', async () => {
    assert.deepEqual(
      await said(
        streaming(`
          stream.on('data', (message) => console.log(JSON.stringify(message)))
          stream.write({ x: NaN })
          stream.write({ x: 2 })
          stream.end()
          stream.write({ x: 3 })
          stream.end()`),
      ),
      ['{"list":[],"text":"","inner":null,"time":null}', '{"x":2,"list":[],"text":"","inner":null,"time":null}'],
    )
  })

  /** The texts a to e have come back when `body` is done, and `saw(text)` is called for each. */
  const together = (saw: string, rest = '') =>
    streaming(`
      stream.on('data', ({ text }) => { (${saw})(text) })
      stream.on('end', () => console.log('end'))
      for (const text of 'abcde') stream.write({ text })
      stream.end()
      sleep(0.2)
      ${rest}`)
  const failureOf = async (source: string) => {
    const { address } = await serve(echo)
    const { script, context, lines } = await scriptVm(echoScript(address, source), { files })
    try {
      await script.enter('activate', 'vu', '{}', '{}')
      const outcome = await script.iteration('default', 0)
      return [...lines.map(({ msg }) => msg), outcome.kind === 'failed' ? outcome.failure.text : outcome.kind]
    } finally {
      context.grpc.close()
      await stopServers()
    }
  }

  it('messages that wait together are told of in their order, before what has come after them', async () => {
    const source = together('(text) => console.log(text)', `setTimeout(() => console.log('timer'), 0)`)
    assert.deepEqual(await said(source), ['a', 'b', 'c', 'd', 'e', 'end', 'timer'])
  })

  it('messages that wait together have the promise jobs of each done before the next', async () => {
    const saw = `(text) => {
      if (text === 'b' || text === 'd') Promise.resolve().then(() => console.log(text, 'job')).then(() => console.log(text, 'next job'))
      console.log(text)
    }`
    const wanted = ['a', 'b', 'b job', 'b next job', 'c', 'd', 'd job', 'd next job', 'e', 'end']
    assert.deepEqual(await said(together(saw)), wanted)
  })

  it('messages that wait together go on waiting while the script waits for one of them', async () => {
    const saw = `(text) => {
      console.log(text, 'begins')
      if (text === 'b') sleep(0.01)
      if (text === 'c') console.log(client.invoke('echo.Echo/Go', { text }).message.text)
    }`
    const wanted = ['a begins', 'b begins', 'c begins', 'c', 'd begins', 'e begins', 'end']
    assert.deepEqual(await said(together(saw)), wanted)
  })

  it('messages that wait together are not told of after one whose listener has thrown, which ends the stream', async () => {
    const saw = `(text) => { console.log(text); if (text === 'c') throw new Error('enough') }`
    const source = together(saw, `stream.on('error', ({ message }) => console.log('error', message))`)
    const wanted = ['a', 'b', 'c', 'error Error: enough', 'end', 'error canceled by client (k6)', 'Error: enough']
    assert.deepEqual(await failureOf(source), wanted)
  })

  it('messages that wait together are not told of after one that left a rejection to nobody', async () => {
    const saw = `(text) => { console.log(text); if (text === 'c') Promise.reject(new Error('unseen')) }`
    const told = await failureOf(together(saw))
    assert.deepEqual([told.slice(0, 3), told.length], [['a', 'b', 'c'], 4])
    assert.match(told[3]!, /unseen/)
  })

  it('a stream has an error that is no Error, before its end', async () => {
    assert.deepEqual(
      await said(
        streaming(`
          stream.on('error', (e) => {
            console.log(Object.keys(e).join(), e instanceof Error, e.code === grpc.StatusFailedPrecondition)
            console.log(String(e), '/', e.error(), '/', e.message)
          })
          stream.on('end', tell('end'))
          stream.write({ text: 'fail' })`),
      ),
      [
        'code,details,message false true',
        'code: 9, message: asked to fail / code: 9, message: asked to fail / asked to fail',
        'end {}',
      ],
    )
  })

  it('a stream logs its error when nobody listens for one', async () => {
    const { lines } = await iterate(streaming(`stream.write({ text: 'fail' })`))
    const [warning, ...more] = lines.filter(({ level }) => level === 'warning')
    const why = 'rpc error: code = FailedPrecondition desc = asked to fail'
    assert.equal(warning?.msg, `no handlers for error registered, but an error happened: ${why}`)
    assert.equal(warning?.fields.streamMethod, '/echo.Echo/Bidi')
    assert.deepEqual(more, [])
  })

  it('a stream ends in an error when its client is closed', async () => {
    assert.deepEqual(
      await said(
        streaming(`
          stream.on('error', tell('error'))
          stream.on('end', tell('end'))
          stream.on('data', () => client.close())
          stream.write({ text: 'a' })`),
      ),
      ['error {"code":2,"details":[],"message":"canceled by client (k6)"}', 'end {}'],
    )
  })
})
