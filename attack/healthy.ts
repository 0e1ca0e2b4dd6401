/** The healthy half of each test: a VU that calls a good server at a steady rate, and must lose nothing. */

/** Iterations of the healthy VU beside the attacker, and of the tenant beside the whole run. */
export const healthyIterations = { neighbour: 20, tenant: 30 } as const

/** Seconds between two of its iterations. */
const pause = 0.1

export const healthyFiles: Readonly<Record<string, string>> = {
  'pulse.proto': `syntax = "proto3";
package attack;
message Tick { string name = 1; }
service Pulse { rpc Beat(Tick) returns (Tick); }
`,
  'healthy.js': `import grpc from 'k6/net/grpc'
import { check, sleep } from 'k6'
const client = new grpc.Client()
client.load(null, 'pulse.proto')
let isConnected = false
export function healthy() {
  if (!isConnected) client.connect(__ENV.GOOD, { plaintext: true })
  isConnected = true
  const answer = client.invoke('attack.Pulse/Beat', { name: __ENV.HEALTHY })
  check(answer, {
    'healthy: the call is OK': ({ status }) => status === grpc.StatusOK,
    'healthy: the answer is right': ({ message }) => message && message.name === __ENV.HEALTHY,
  })
  sleep(${pause})
}
`,
}

/** The script of the other tenant. */
export const tenantScript = "export { healthy as default } from './healthy.js'\n"

/** The scenario of a healthy VU. */
export const healthyScenario = (iterations: number, exec: string) => ({
  executor: 'per-vu-iterations',
  vus: 1,
  iterations,
  maxDuration: '10m',
  gracefulStop: '0s',
  exec,
})
