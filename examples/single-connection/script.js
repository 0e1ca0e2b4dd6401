// Greets over one connection for each VU: the first iteration connects, the others use what is there.
// The connection is never closed; it ends with the test. So the calls are measured and not the dialling.
//
//   GRPC_ADDR   address of the example server, without TLS (127.0.0.1:50051 if left out)
import { check } from 'k6'
import grpc from 'k6/net/grpc'

export const options = {
  scenarios: {
    greetings: {
      executor: 'per-vu-iterations',
      vus: 5,
      iterations: 20,
      maxDuration: '30s',
    },
  },
}

const address = __ENV.GRPC_ADDR || '127.0.0.1:50051'

const client = new grpc.Client()
client.load(null, 'hello.proto')

export default function () {
  // biome-ignore lint/suspicious/noDoubleEquals: the way that k6 scripts write it
  if (__ITER == 0) {
    client.connect(address, { plaintext: true, timeout: '5s' })
  }

  const response = client.invoke('hello.HelloService/SayHello', { greeting: `VU ${__VU}` })

  check(response, {
    'status is OK': (r) => r && r.status === grpc.StatusOK,
    'the greeting is for this VU': (r) => r && r.message.reply === `hello VU ${__VU}`,
  })
}
