/** Runs whose VUs have copies of a VM, beside the same runs without: through the whole engine. */
import assert from 'node:assert/strict'
import { type Answer, serve, stopServers } from '../host/grpc/scripted-server.js'
import { type RunOptions, runScript } from '../support/run-script.js'

describe('a run whose VMs are copies', () => {
  afterEach(stopServers)

  const perVu = (vus: number, iterations: number) =>
    `export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: ${vus}, iterations: ${iterations}, maxDuration: '60s' } } }`

  /** What is said and counted, in an order that does not depend on who came first. */
  async function compared(source: string, metrics: readonly string[], options: RunOptions = {}) {
    const outcomes = []
    for (const copiesVms of [false, true]) {
      const { said, errors, exitCode, count } = await runScript(source, { ...options, settings: { copiesVms } })
      outcomes.push({ said: said.sort(), errors: errors.sort(), exitCode, counts: metrics.map((name) => count(name)) })
    }
    assert.deepEqual(outcomes[1], outcomes[0])
    return outcomes[0]!
  }

  it('says and measures the same, in each VU and in all stages', async () => {
    const { said, counts } = await compared(
      `import { Counter } from 'k6/metrics'
      import { check } from 'k6'
      import exec from 'k6/execution'
      ${perVu(5, 2)}
      const mine = new Counter('mine')
      let n = 0
      console.log('init', typeof __ITER)
      export function setup() { n += 10; return { vu: __VU, n } }
      export default function (data) {
        n++
        mine.add(n, { vu: __VU })
        check(n, { second: (n) => n === 2 })
        console.log(__VU, __ITER, n, JSON.stringify(data), exec.vu.idInTest, exec.vu.iterationInInstance)
      }
      export function teardown(data) { console.log('teardown', __VU, n, JSON.stringify(data)) }
      export function handleSummary() { return { stdout: '' } }`,
      ['mine', 'checks', 'iterations'],
      { threads: 2 },
    )
    assert.deepEqual(counts, [5 * (1 + 2), 5, 10])
    assert.equal(said.filter((text) => text === 'init undefined').length, 1 + 5 + 2)
    for (const vu of [1, 2, 3, 4, 5]) {
      for (const i of [0, 1])
        assert.ok(said.includes(`${vu} ${i} ${i + 1} {"n":10,"vu":0} ${vu} ${i}`), said.join('\n'))
    }
    assert.ok(said.includes('teardown 0 0 {"n":10,"vu":0}'))
  })

  it('connects each VU for itself, with a schema that was loaded in the init code', async () => {
    const echo: Answer = async (call) => {
      call.send((await call.read())!)
      call.finish()
    }
    const source = `
      import grpc from 'k6/net/grpc'
      ${perVu(4, 2)}
      const client = new grpc.Client()
      client.load(['${new URL('../../../examples/single-connection', import.meta.url).pathname}'], 'hello.proto')
      export default function () {
        if (__ITER === 0) client.connect(__ENV.ADDRESS, { plaintext: true })
        const { status, message } = client.invoke('hello.HelloService/SayHello', { greeting: 'vu ' + __VU })
        console.log(status, message.reply)
      }`
    for (const copiesVms of [false, true]) {
      const server = await serve(echo)
      const { said, errors } = await runScript(source, { env: { ADDRESS: server.address }, settings: { copiesVms } })
      assert.deepEqual(errors, [])
      assert.deepEqual(said.sort(), ['0 vu 1', '0 vu 1', '0 vu 2', '0 vu 2', '0 vu 3', '0 vu 3', '0 vu 4', '0 vu 4'])
      assert.equal(server.sessions.length, 4)
    }
  })

  it('goes on from the first init, also with one VU, and shows it the options of the test', async () => {
    const seen = `n++
      console.log(__VU, __ITER, n, said.join(), JSON.stringify(options), exec.test.options.tags?.a, exec.vu.tags.scenario)`
    const init = `import exec from 'k6/execution'
      let n = 0
      const said = []
      console.log('init')`
    const options = [
      'export const options = { iterations: 2 }',
      // What the guest half was told in the first init is not what it is told now.
      "export const options = { iterations: 2, tags: { a: 'b' } }",
      "export const options = { iterations: 2, systemTags: ['scenario'], throw: true }",
      "export const options = Object.freeze({ iterations: 2, setupTimeout: '5s' })",
      // Asking for the options runs code, and so does setting them: the first for nobody to see, the second for each VU.
      'export const options = { get iterations() { n++; return 2 }, set iterations(v) { said.push(v, __VU) } }',
      'export const options = { toJSON: () => ({ iterations: ++n + 1 }), iterations: 1 }',
      'export function options() {}',
    ]
    for (const one of options) {
      const { said } = await compared(`${init}\n${one}\nexport default function () { ${seen} }`, ['iterations'])
      assert.deepEqual(
        said.filter((text) => text === 'init'),
        ['init', 'init'],
      )
    }
  })

  it('gives a VU whose VM was lost another copy, as it was after the init code', async () => {
    const { said, errors } = await compared(
      `${perVu(2, 3)}
      let n = 0
      export default function () {
        console.log(__VU, __ITER, ++n)
        if (__VU === 1 && __ITER === 1) for (;;);
      }`,
      ['iterations'],
      { limits: { cpuMs: 300 } },
    )
    assert.equal(errors.length, 1)
    assert.deepEqual(said, ['1 0 1', '1 1 2', '1 2 1', '2 0 1', '2 1 2', '2 2 3'])
  })

  it('says how the init code failed in each VU, as without', async () => {
    const source = `${perVu(3, 1)}\nif (__ENV.FAILS && __VU > 0) throw new Error('VU ' + __VU)\nexport default function () {}`
    const outcomes = []
    for (const copiesVms of [false, true]) {
      const { error, exitCode } = await runScript(source, { env: { FAILS: '1' }, settings: { copiesVms } })
      outcomes.push([error?.message, exitCode])
    }
    assert.deepEqual(outcomes[1], outcomes[0])
  })
})
