// What the benchmark runs: a connection for each VU, then calls, each of them checked.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

const client = new grpc.Client()
client.load(['../examples/single-connection'], 'hello.proto')

export default function () {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const response = client.invoke('hello.HelloService/SayHello', { greeting: 'bench' })
  check(response, {
    'it is the right greeting': (r) => r.status === grpc.StatusOK && r.message.reply === 'hello bench',
  })
}
