// A connection for each VU, then small unary calls, each of them checked.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

const client = new grpc.Client()
client.load(['..'], 'bench.proto')
const security = __ENV.CA_FILE ? { tls: { cacerts: open(__ENV.CA_FILE) } } : { plaintext: true }

export default function () {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, security)
  const response = client.invoke('bench.Bench/Greet', { greeting: 'bench' })
  check(response, {
    'it is the right greeting': (r) => r.status === grpc.StatusOK && r.message.reply === 'hello bench',
  })
}
