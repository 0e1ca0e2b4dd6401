import assert from 'node:assert/strict'
import { checkScript } from '../support/check-script.js'

/** The head of a script with a client; its own lines begin with the sixth. */
const head = `import grpc from 'k6/net/grpc'
import { check, fail, sleep } from 'k6'
import exec from 'k6/execution'
const client = new grpc.Client()
client.load(null, 'hello.proto')
`
const hello = 'hello.HelloService/SayHello'
const connected = (body: string) => `${head}export default () => {
client.connect('127.0.0.1:1', { plaintext: true })
${body}
}`
/** Where the body of `connected` begins. */
const line = 8

async function finds(source: string, expected: readonly (string | RegExp)[]): Promise<void> {
  const { found } = await checkScript(source)
  const list = `found:\n${found.join('\n')}`
  assert.equal(found.length, expected.length, list)
  for (const [i, wanted] of expected.entries()) {
    if (typeof wanted === 'string') assert.equal(found[i], wanted, list)
    else assert.match(found[i]!, wanted, list)
  }
}

describe('a check', () => {
  it('finds nothing in a script that is right, and reaches all of its parts without a server', async () => {
    const { found, said } = await checkScript(`${head}
      export const options = { scenarios: {
        one: { executor: 'constant-vus', vus: 100, duration: '1h', exec: 'one' },
        two: { executor: 'ramping-arrival-rate', stages: [{ target: 10, duration: '1m' }], preAllocatedVUs: 1, exec: 'two',
          startTime: '1h', env: { WHO: 'two' } },
      }, thresholds: { grpc_req_duration: ['p(95)<5'], checks: [{ threshold: 'rate>0.9', abortOnFail: true }] } }
      export function setup() {
        client.connect('127.0.0.1:1', { plaintext: true })
        const { message } = client.invoke('${hello}', { greeting: 'a' })
        client.close()
        return message.reply
      }
      export function one(data) {
        if (__ITER === 0) client.connect('127.0.0.1:1')
        const response = client.invoke('${hello}', { greeting: data }, { metadata: { a: 'b' }, timeout: '1s' })
        check(response, { ok: (r) => r.status === grpc.StatusOK && r.error === null, wrong: (r) => r.message.reply === 'b' })
        sleep(3600)
        console.log('one', __VU, data, JSON.stringify(response), client.healthCheck().status)
      }
      export async function two() {
        client.connect('127.0.0.1:1')
        const late = new Promise((resolve) => setTimeout(() => resolve('late'), 3_600_000))
        const { message } = await client.asyncInvoke('${hello}', {})
        console.log('two', __VU, __ENV.WHO, exec.scenario.name, message.reply, await late)
      }
      export const teardown = (data) => console.log('teardown', data)
      export const handleSummary = (data) => ({ stdout: typeof data.metrics })
    `)
    assert.deepEqual(found, [])
    const response = '{"message":{"reply":"reply"},"error":null,"headers":{},"trailers":{},"status":0}'
    assert.deepEqual(said, [`one 1 reply ${response} 1`, 'two 2 two two reply late', 'teardown reply'])
  })

  it('finds all that is wrong with calls, each with its line', () =>
    finds(
      connected(`const a = client.invoke('hello.HelloService/SayHelo', {})
        a.message.whatever.it().may.be
        client.invoke('${hello}', { greting: 'x' })
        client.invoke('${hello}', { greeting: 1 })
        client.invoke('${hello}', {}, { metadat: {} })
        client.invoke('${hello}', {}, { metadata: { a: {} } })
        client.invoke('${hello}')
        client.asyncInvoke('${hello}', { greeting: [] })
        new grpc.Stream(client, 'hello.HelloService/Bidi')
        client.close()
        client.invoke('${hello}', {})
        client.connect('nowhere')
        client.connect('127.0.0.1:1', { plaintxt: true })`),
      [
        `error ${line}: method "/hello.HelloService/SayHelo" not found in file descriptors; did you mean /${hello}?`,
        /^error 10: unable to serialise request object .* unknown field "greting"; did you mean greeting\?$/,
        /^error 11: unable to serialise request object .* invalid value for string field greeting: 1$/,
        /^error 12: invalid GRPC's client.invoke\(\) parameters: unknown param: "metadat"; did you mean metadata\?$/,
        /^error 13: invalid GRPC's client.invoke\(\) parameters: invalid metadata param/,
        'error 14: request cannot be nil',
        /^error 16: invalid GRPC Stream's method: method "\/hello.HelloService\/Bidi" not found/,
        'error 18: no gRPC connection, you must call connect first',
        /^error 19: connection error: .* address nowhere: missing port in address"$/,
        /^error 20: invalid grpc.connect\(\) parameters: unknown connect param: "plaintxt"; did you mean plaintext\?$/,
        /^error 15: unable to serialise request object/,
      ],
    ))

  it('tells who reads what a message does not have, and not who only looks', () =>
    finds(
      connected(`const { message } = client.invoke('${hello}', {})
        message.repyl
        message.repyl?.length
        const { Reply } = message
        'repyl' in message; Object.keys(message); JSON.stringify(message); ({ ...message }); message.toString()
        for (const key in message) if (key !== 'reply') fail('a key that is none')
        message.mine = 1
        message.mine
        const response = client.invoke('${hello}', {})
        response.mesage; response.errorDetails
        check(response, { a: (r) => r.message.greeting === 1 })
        message.prototype`),
      [
        'warning 9: hello.HelloResponse has no field "repyl"; did you mean reply?',
        'warning 10: hello.HelloResponse has no field "repyl"; did you mean reply?',
        // The engine has no place of its own for a pattern.
        /^warning 1[01]: hello.HelloResponse has no field "Reply"; did you mean reply\?$/,
        'warning 17: a response has no property "mesage"; did you mean message?',
        'warning 18: hello.HelloResponse has no field "greeting"',
        'warning 19: hello.HelloResponse has no field "prototype"',
      ],
    ))

  it('rehearses streams in all their shapes', async () => {
    const { found, said } = await checkScript(
      connected(`for (const method of ['LotsOfReplies', 'LotsOfGreetings', 'BidiHello']) {
          const stream = new grpc.Stream(client, 'hello.HelloService/' + method)
          stream.on('data', (m) => console.log(method, m.reply, m.text))
          stream.on('end', () => console.log(method, 'end'))
          stream.on('error', (e) => console.log(method, e.message))
          stream.write({ greeting: 'a' })
          if (method === 'LotsOfGreetings') stream.write({ text: 'b' })
          stream.end()
        }
        new grpc.Stream(client, 'hello.HelloService/BidiHello').on('dta', () => {})`),
      { checkMs: 1000 },
    )
    assert.deepEqual(said.sort(), [
      'BidiHello end',
      'BidiHello reply undefined',
      'BidiHello reply undefined',
      'LotsOfGreetings end',
      'LotsOfGreetings reply undefined',
      'LotsOfReplies end',
      'LotsOfReplies reply undefined',
      'LotsOfReplies reply undefined',
    ])
    assert.match(found[0]!, /^error 14: can't serialise request object .* unknown field "text"/)
    assert.match(found[1]!, /^warning 17: can't register dta event handler/)
    assert.equal(found[2], 'warning 10: hello.HelloResponse has no field "text"')
    assert.match(found[3]!, /^notice: scenario "default" was ended after 1 s/, 'the last stream is never ended')
    assert.equal(found.length, 4)
  })

  it('goes on after what throws, with data that may be anything after a setup that failed', async () => {
    const { found, said } = await checkScript(`${head}
      export const options = { scenarios: {
        a: { executor: 'per-vu-iterations', exec: 'a' }, b: { executor: 'per-vu-iterations', exec: 'b' },
      } }
      export function setup() { return missing() }
      export function a({ token: { id } }) { console.log('a', String(id), id + 1, JSON.stringify(id)); null.x }
      export async function b() { throw new Error('b') }
      export const teardown = (data) => { console.log('teardown', data); throw 'c' }
      export const handleSummary = (data) => data.metrics.mine.values
    `)
    assert.deepEqual(said, ['a anything anything1 "anything"', 'teardown undefined'])
    assert.deepEqual(found, [
      "error 10: ReferenceError: 'missing' is not defined",
      "error 11: TypeError: cannot read property 'x' of null",
      'error 12: Uncaught (in promise) Error: b',
      'error: c',
      "error 14: TypeError: cannot read property 'values' of undefined",
    ])
  })

  it('makes what only the init code of a VU makes, and survives that it fails', async () => {
    const late = (rest: string) => `import { SharedArray } from 'k6/data'
      const a = __VU === 0 ? [] : new SharedArray('late', () => [1, 2])
      ${rest}
      export default () => console.log(a.length)`
    const { found, said } = await checkScript(late(''))
    assert.deepEqual([found, said], [[], ['2']])
    await finds(late("if (__VU > 0) throw new Error('no more')"), [/^error 3: Error: no more$/])
  })

  it('does not keep the pace of the option rps', async () => {
    const script = `import http from 'k6/http'
      export const options = { rps: 1 }
      export default () => { for (let i = 0; i < 5; i++) http.get('http://127.0.0.1:1/') }`
    const { found } = await checkScript(script, { checkMs: 2000 })
    assert.deepEqual(
      found.filter((text) => text.includes('was ended after')),
      [],
    )
  })

  it('makes up secrets, and opens no source of any', async () => {
    const script = `import secrets from 'k6/secrets'
      const token = await secrets.get('token')
      export default async () => console.log(token, await secrets.source('vault').get('password'))`
    const { found, said } = await checkScript(script, {}, { specs: ['file=there-is-no-such-file'] })
    assert.deepEqual([found, said], [[], ['token password']])
  })

  it('takes fail() and exec.test.abort() for what made-up answers lead to', () =>
    finds(
      `${head}export const options = { scenarios: {
        a: { executor: 'per-vu-iterations', exec: 'a' }, b: { executor: 'per-vu-iterations', exec: 'b' },
      } }
      export const a = () => fail('not mine')
      export const b = () => exec.test.abort('not mine either')`,
      [
        /^warning 9: fail\(\) was called: not mine; the answers of a check are made up/,
        /^warning: exec\.test\.abort\(\)/,
      ],
    ))

  it('says that reflection needs a server, and lets pass what only a server knows', () =>
    finds(
      `${head}export default () => {
        client.connect('127.0.0.1:1', { reflect: true })
        client.invoke('other.Service/Method', { any: 1 }).message.thing.other
        client.invoke('${hello}', { any: 1 })
      }`,
      [/^notice 7: server reflection needs a server/, /^error 9: unable to serialise .* unknown field "any"/],
    ))

  it('finds options that are none, and thresholds that cannot fail or be', () =>
    finds(
      `${head}import { Counter } from 'k6/metrics'
      const mine = new Counter('mine')
      const idle = new Counter('idle')
      export const options = { vuss: 1, thresholds: {
        grpc_req_durtion: ['avg<1'], mine: ['avg<1'], 'mine{a:b}': ['count>0'], 'mine{a:c}': ['count>0'], idle: ['count<1'],
        vus: ['value>0'], dropped_iterations: ['count<1'], checks: ['rate=1'],
      } }
      export default () => { mine.add(1, { a: 'b' }) }`,
      [
        /^error: .*checks.*|^error: .*rate=1.*/,
        'error: invalid threshold defined on grpc_req_durtion; reason: no metric name "grpc_req_durtion" found; did you mean grpc_req_duration?',
        /^error: invalid threshold "avg<1" applied on metric mine; reason: unsupported aggregation method avg/,
        /^warning: There were unknown fields in the options exported in the script: .*"vuss"; did you mean vus\?$/,
        /^warning: the threshold on idle looks at nothing/,
        /^warning: the threshold on mine\{a:c\} looks at nothing/,
      ],
    ))

  for (const [what, source, expected] of [
    ['an exception in the init code', 'const a = 1\nnull.x', "error 2: TypeError: cannot read property 'x' of null"],
    ['a syntax error', 'const a = 1\nconst b = =', /^error 2: (SyntaxError: |Unexpected token)/],
    ['a call of a server in the init code', `${head}client.connect('a:1')`, /^error 6: GoError: connecting to a gRPC/],
    ['a script without exports', 'const a = 1', /^error: .*no exported functions in script$/],
    [
      'wrong scenarios',
      'export const options = { scenarios: { a: { executor: "x" } } }; export default () => {}',
      /^error: /,
    ],
  ] as const) {
    it(`ends with ${what}`, () => finds(source, [expected]))
  }

  it('ends what does not end by itself', async () => {
    const { found } = await checkScript(
      `export const options = { scenarios: {
        a: { executor: 'per-vu-iterations', exec: 'a' }, b: { executor: 'per-vu-iterations', exec: 'b' },
        c: { executor: 'per-vu-iterations', exec: 'c' },
      } }
      export const a = () => { for (;;); }
      export const b = () => { setInterval(() => {}, 1) }
      export const c = () => null.x`,
      { checkMs: 300 },
    )
    assert.match(found[0]!, /^(notice: scenario "a" was ended after 0\.3 s|error: .*CPU)/)
    assert.match(found.at(-2)!, /^notice: scenario "b" was ended after 0\.3 s/)
    assert.equal(found.at(-1), "error 7: TypeError: cannot read property 'x' of null")
  })

  it('goes on after native code that does not end', async () => {
    const spin = '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)'
    const { found } = await checkScript(
      `export const setup = () => { ${spin} }
      export default () => { ${spin} }
      export const teardown = () => null.x`,
      { checkMs: 1500, graceMs: 100 },
    )
    const over = (limit: string) => `error: the script used more than 1500 ms of CPU without waiting (limit ${limit})`
    const errors = found.filter((text) => text.startsWith('error'))
    assert.deepEqual(errors, [
      over('stageCpuMs'),
      over('cpuMs'),
      "error 3: TypeError: cannot read property 'x' of null",
    ])
  })

  it('survives scripts that change the built-ins', () =>
    finds(
      connected(`Array.prototype[Symbol.iterator] = Object.keys = JSON.parse = Map.prototype.get = () => { throw 1 }
        Object.prototype.get = () => 1
        client.invoke('${hello}', { greting: 1 }).message.repyl`),
      [/^error 10: .*"greting"/, /^warning 10: .*"repyl"/],
    ))
})
