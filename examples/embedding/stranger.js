// What a platform may get: a load test, and on the side a look at what else is there.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

export const options = { vus: 2, iterations: 20, thresholds: { checks: ['rate>0.99'] } }

const client = new grpc.Client()
client.load(['../quickpizza'], 'quickpizza.proto')

try {
  open('/etc/passwd')
} catch (e) {
  if (__VU === 0) console.warn(`no passwords: ${e.message}`)
}

export default function () {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const response = client.invoke('quickpizza.GRPC/RatePizza', { ingredients: ['Mozzarella'], dough: 'Thin' })
  check(response, { 'status is OK': (r) => r.status === grpc.StatusOK })
}

export function handleSummary(data) {
  return { 'summary.json': JSON.stringify(data.metrics.iterations.values) }
}
