import assert from 'node:assert/strict'
import { runScript } from '../support/run-script.js'

const times = (count: number) =>
  `export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 1, iterations: ${count} } } }`

describe('a VU that makes new things in each iteration', () => {
  it('may have new tags each time, on its own samples and on those of the engine', async () => {
    const { errors, count } = await runScript(`
      import exec from 'k6/execution'
      import { Counter } from 'k6/metrics'
      const counter = new Counter('counted')
      ${times(3000)}
      export default function () {
        exec.vu.metrics.tags.turn = String(__ITER)
        for (let i = 0; i < 5; i++) counter.add(1, { part: \`\${__ITER}.\${i}\` })
      }`)
    assert.deepEqual(errors, [])
    assert.equal(count('counted'), 15_000)
    assert.equal(count('iterations'), 3000)
  })

  it('waits for longer than a timer can be set to', async () => {
    const { said } = await runScript(`
      const s = { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' }
      export const options = { scenarios: { s }, minIterationDuration: '1000h' }
      export default () => console.log('once')`)
    assert.deepEqual(said, ['once'])
  })

  it('may have a new gRPC client each time, and go on with one of which it has kept a method alone', async () => {
    const { errors, said } = await runScript(`
      import grpc from 'k6/net/grpc'
      const { close } = new grpc.Client()
      ${times(120)}
      export default function () {
        for (let i = 0; i < 100; i++) new grpc.Client().close()
        close()
        if (__ITER === 119) console.log('still there')
      }`)
    assert.deepEqual(errors, [])
    assert.deepEqual(said, ['still there'])
  })
})
