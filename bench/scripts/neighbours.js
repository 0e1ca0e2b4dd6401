// Ten VUs that call every 10 ms; with COMPUTE, beside one that computes for 100 ms and rests for 100 ms. The samples of the
// calls after the warm-up have a tag.
import { check, sleep } from 'k6'
import exec from 'k6/execution'
import grpc from 'k6/net/grpc'

const warmUpMs = Number(__ENV.WARM_UP_MS)
const duration = `${warmUpMs + Number(__ENV.MEASURE_MS)}ms`

const caller = { executor: 'constant-vus', vus: 10, duration, exec: 'call' }
const computer = { executor: 'constant-vus', vus: 1, duration, exec: 'compute' }

export const options = {
  scenarios: __ENV.COMPUTE ? { caller, computer } : { caller },
  // Makes the summary tell of them.
  thresholds: { 'grpc_req_duration{phase:measured}': ['max>=0'] },
}

const client = new grpc.Client()
client.load(['..'], 'bench.proto')

export function call() {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const phase = exec.instance.currentTestRunDuration < warmUpMs ? 'warm-up' : 'measured'
  const response = client.invoke('bench.Bench/Greet', { greeting: 'bench' }, { tags: { phase } })
  check(response, { 'it is the right greeting': (r) => r.message.reply === 'hello bench' })
  sleep(0.01)
}

export function compute() {
  const end = Date.now() + 100
  let sum = 0
  while (Date.now() < end) for (let i = 0; i < 1000; i++) sum += i
  check(sum, { 'it has computed': (n) => n > 0 })
  sleep(0.1)
}
