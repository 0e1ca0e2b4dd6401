/** The rules of a policy about the network in a whole run: in threads, from the script's exception to the run's audit. */
import assert from 'node:assert/strict'
import { TestRun } from '../../engine/test-run.js'
import type { AuditRecord } from '../../policy/audit.js'
import { type Limits, untrustedLimits } from '../../policy/limits.js'
import { type Policy, untrustedPolicy } from '../../policy/policy.js'
import { serve, stopServers } from '../host/grpc/scripted-server.js'
import { closeServers, echo, httpServer } from '../host/http/http-test-vu.js'

async function runUntrusted(source: string, policy: Partial<Policy>, threads = 1) {
  const said: string[] = []
  const records: AuditRecord[] = []
  const run = new TestRun(
    {
      script: { mainUrl: 'file:///test/script.js', source },
      scriptName: 'script.js',
      env: new Map(),
      isBaseMode: false,
      freezesEnv: false,
      layers: {},
      policy: { ...untrustedPolicy, ...policy },
      threads,
      hasThresholds: true,
      hasBreakdown: false,
      canResume: true,
    },
    { log: (line) => said.push(line.msg), audit: (record) => records.push(record) },
  )
  try {
    await run.prepare()
    const { error } = await run.execute()
    return { said, records, error }
  } finally {
    await run.close()
  }
}

describe('a run under a policy for the network', function () {
  this.timeout(60_000)
  afterEach(async () => {
    await stopServers()
    await closeServers()
  })

  it('reaches what is listed, throws for the rest, and tells both the script and the audit the rule', async () => {
    const grpc = await serve((call) => call.finish({ 'grpc-status': '0' }))
    const http = await httpServer(echo)
    const script = `
      import grpc from 'k6/net/grpc'
      import http from 'k6/http'
      export const options = { vus: 1, iterations: 1, hosts: { 'mapped.test': '127.0.0.2' } }
      const attempt = (name, run) => {
        try { console.log(name + ': ' + run()) } catch (e) { console.log(name + ' threw ' + e.message) }
      }
      export default function () {
        attempt('open gRPC', () => new grpc.Client().connect('${grpc.address}', { plaintext: true }))
        attempt('closed gRPC', () => new grpc.Client().connect('127.0.0.2:${grpc.port}', { plaintext: true }))
        attempt('mapped gRPC', () => new grpc.Client().connect('mapped.test:${grpc.port}', { plaintext: true }))
        attempt('name', () => new grpc.Client().connect('secret.attacker.test:1', { plaintext: true }))
        attempt('open HTTP', () => http.get('${http.url}').status)
        attempt('closed HTTP', () => http.get('http://127.0.0.2:${http.port}').error)
      }`
    const network = { ...untrustedPolicy.network, allow: ['127.0.0.1'] }
    const { said, records, error } = await runUntrusted(script, { network })
    assert.equal(error, undefined)
    const why = (url: string, text: string, rule: string) =>
      `connecting to ${url} is not allowed: ${text} (policy untrusted, network: ${rule})`
    const closed = ['127.0.0.0/8 is private', 'privateRanges: closed'] as const
    const lines = said.filter((line) => / threw |: /.test(line) && line !== 'Request Failed')
    assert.deepEqual(lines, [
      'open gRPC: true',
      `closed gRPC threw ${why(`grpc://127.0.0.2:${grpc.port}`, ...closed)}`,
      `mapped gRPC threw ${why(`grpc://mapped.test:${grpc.port}`, ...closed)}`,
      `name threw ${why('grpc://secret.attacker.test:1', 'no rule allows that name', 'default')}`,
      'open HTTP: 200',
      'closed HTTP: ip is not allowed',
    ])
    assert.deepEqual(
      records.map(({ section, rule, subject, vu, count }) => ({ section, rule, subject, vu, count })),
      [
        [closed[1], `grpc://127.0.0.2:${grpc.port}`],
        [closed[1], `grpc://mapped.test:${grpc.port} (127.0.0.2)`],
        ['default', 'grpc://secret.attacker.test:1'],
        [closed[1], `http://127.0.0.2:${http.port}`],
      ].map(([rule, subject]) => ({ section: 'network', rule, subject, vu: 1, count: 1 })),
    )
  })

  it('keeps the pace of requestsPerSecond over all threads', async () => {
    const times: number[] = []
    const http = await httpServer((_, response) => {
      times.push(performance.now())
      response.end()
    })
    const script = `
      import http from 'k6/http'
      export const options = { vus: 4, iterations: 12 }
      export default function () { http.get('${http.url}') }`
    const limits: Limits = { ...untrustedLimits, requestsPerSecond: 20 }
    const network = { ...untrustedPolicy.network, allow: ['127.0.0.1'] }
    const { error } = await runUntrusted(script, { network, limits }, 2)
    assert.equal(error, undefined)
    assert.equal(times.length, 12)
    // Eleven gaps of 50 ms; the first and the last may be late, never early.
    assert.ok(times.at(-1)! - times[0]! > 300, String(times.at(-1)! - times[0]!))
  })
})
