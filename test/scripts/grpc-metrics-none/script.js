// Without a threshold that names them there are k6's metrics and no other.
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

export const options = { thresholds: { grpc_req_duration: ['max<60000'], 'grpc_streams{method:LotsOfReplies}': [] } }

export default function () {
  calls()
}
