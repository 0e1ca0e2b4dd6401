// A script's own metric of such a name stays its own, whatever a threshold says of it.

import { Counter, Trend } from 'k6/metrics'
import grpc from 'k6/net/grpc'

const client = new grpc.Client()
client.load(['../../../examples/single-connection', '../../../examples/quickpizza'], 'hello.proto', 'quickpizza.proto')

function calls() {
  client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  client.invoke('hello.HelloService/SayHello', {})
  client.invoke('quickpizza.GRPC/RatePizza', {})
  const stream = new grpc.Stream(client, 'hello.HelloService/LotsOfReplies')
  stream.write({})
}

const reqs = new Counter('grpc_reqs')
const between = new Trend('grpc_streams_time_between_msgs')

export const options = {
  thresholds: { grpc_reqs: ['count==5'], grpc_streams_time_between_msgs: ['max==7'], grpc_req_failed: ['rate==0.5'] },
}

export default function () {
  calls()
  client.invoke('quickpizza.GRPC/RatePizza', {})
  reqs.add(5)
  between.add(7)
}
