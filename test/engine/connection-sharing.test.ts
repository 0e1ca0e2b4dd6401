import assert from 'node:assert/strict'
import { type Answer, serve, stopServers } from '../host/grpc/scripted-server.js'
import { runScript } from '../support/run-script.js'

describe('connectionSharing, in a run', () => {
  afterEach(stopServers)

  /** A health check: SERVING. */
  const healthy: Answer = async (call) => {
    await call.read()
    call.send(Buffer.from([8, 1]))
    call.finish()
  }

  const script = (connect: string) => `
    import grpc from 'k6/net/grpc'
    import { Counter } from 'k6/metrics'
    export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 4, iterations: 3, maxDuration: '60s' } } }
    const client = new grpc.Client()
    const healthy = new Counter('healthy')
    export default function () {
      ${connect}
      if (client.healthCheck('x'.repeat(10000)).status === grpc.HealthCheckServing) healthy.add(1)
    }`
  const params = '{ plaintext: true, connectionSharing: true }'

  it('gives each thread one connection, whose bytes are counted once', async () => {
    const server = await serve(healthy)
    const source = script(`if (__ITER === 0) client.connect(__ENV.ADDRESS, ${params})`)
    const { count, exitCode } = await runScript(source, { threads: 2, env: { ADDRESS: server.address } })
    assert.deepEqual([exitCode, count('healthy'), server.sessions.length], [0, 12, 2])
    const sent = count('data_sent') ?? 0
    assert.ok(sent > 120_000 && sent < 140_000, String(sent))
  })

  it('is dialled once though every iteration connects, and closed when the run is over', async () => {
    const server = await serve(healthy)
    const onEnd = async () => {
      while (!server.sessions[0]?.destroyed) await new Promise((resolve) => setImmediate(resolve))
    }
    await runScript(script(`client.connect(__ENV.ADDRESS, ${params})`), { env: { ADDRESS: server.address }, onEnd })
    assert.equal(server.sessions.length, 1)
  })
})
