// Metrics that a threshold names, also an empty one, and one for a part of the metric.
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

export const options = {
  thresholds: {
    grpc_reqs: ['count==4'],
    'grpc_reqs{method:RatePizza}': ['count==1'],
    'grpc_req_failed{method:RatePizza}': ['rate==1'],
    'grpc_req_failed{service:hello.HelloService}': ['rate==0'],
    grpc_streams_time_to_first_msg: [],
    'grpc_streams_time_between_msgs{method:LotsOfReplies}': ['max<60000'],
  },
}

export default function () {
  calls()
  // Without tags of a method.
  console.log(client.healthCheck().status)
}
