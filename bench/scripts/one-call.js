// Each VU connects and calls once, and then keeps its connection until the test is stopped.
import { check, sleep } from 'k6'
import grpc from 'k6/net/grpc'

export const options = {
  scenarios: { start: { executor: 'per-vu-iterations', vus: Number(__ENV.VUS), iterations: 1, maxDuration: '10m' } },
}

const client = new grpc.Client()
client.load(['..'], 'bench.proto')

export default function () {
  client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const response = client.invoke('bench.Bench/Greet', { greeting: 'bench' })
  check(response, { 'it is the right greeting': (r) => r.message.reply === 'hello bench' })
  sleep(600)
}
