// Rates pizzas: a new connection, one call and a close in each iteration.
// Shows load(), connect(), invoke(), a field of the response, check() and close().
//
//   GRPC_ADDR   address of the example server, without TLS (127.0.0.1:50051 if left out)
import { check } from 'k6'
import grpc from 'k6/net/grpc'

export const options = {
  vus: 2,
  iterations: 10,
}

const address = __ENV.GRPC_ADDR || '127.0.0.1:50051'

const client = new grpc.Client()
client.load(null, 'quickpizza.proto')

export default function () {
  client.connect(address, { plaintext: true, timeout: '5s' })

  const response = client.invoke('quickpizza.GRPC/RatePizza', {
    ingredients: ['Tomato', 'Mozzarella', 'Basil'],
    dough: 'Thin',
  })

  check(response, {
    'status is OK': (r) => r && r.status === grpc.StatusOK,
    'the pizza has its five stars': (r) => r && r.message.starsRating === 5,
  })

  if (__ITER === 0) {
    console.log(`VU ${__VU} got ${response.message.starsRating} stars`)
  }

  client.close()
}
