// Logs in once for the whole test and orders in the name of that user.
// setup() fetches a token from the auth service and returns it; every iteration sends it as metadata.
//
//   GRPC_ADDR                  address of the example server, without TLS (127.0.0.1:50051 if left out)
//   SHOP_USER, SHOP_PASSWORD   who orders (alice, wonderland if left out)
import { check } from 'k6'
import grpc from 'k6/net/grpc'

export const options = {
  vus: 3,
  iterations: 15,
}

const address = __ENV.GRPC_ADDR || '127.0.0.1:50051'

const client = new grpc.Client()
client.load(null, 'auth.proto', 'orders.proto')

export function setup() {
  client.connect(address, { plaintext: true, timeout: '5s' })
  const response = client.invoke('auth.AuthService/Login', {
    user: __ENV.SHOP_USER || 'alice',
    password: __ENV.SHOP_PASSWORD || 'wonderland',
  })
  client.close()

  if (response.status !== grpc.StatusOK) {
    throw new Error(`login failed: ${response.error.message}`)
  }
  return response.message.token
}

/** @param {string} token what setup() returned */
export default function (token) {
  const params = { metadata: { authorization: `Bearer ${token}` } }

  client.connect(address, { plaintext: true, timeout: '5s' })

  const created = client.invoke(
    'shop.OrderService/CreateOrder',
    { items: [{ product: 'bell jar', quantity: 2, unitPriceCents: 1250 }], note: `for VU ${__VU}` },
    params,
  )
  check(created, {
    'status is OK': (r) => r && r.status === grpc.StatusOK,
    // 64-bit integers arrive as strings, as the JSON form of protobuf wants it.
    'the total is right': (r) => r && r.message.totalCents === '2500',
  })

  const found = client.invoke('shop.OrderService/GetOrder', { id: created.message.id }, params)
  check(found, {
    'status is OK': (r) => r && r.status === grpc.StatusOK,
    'the order is the same': (r) => r && r.message.id === created.message.id,
  })

  const refused = client.invoke('shop.OrderService/GetOrder', { id: created.message.id })
  check(refused, {
    'without a token it is refused': (r) => r && r.status === grpc.StatusUnauthenticated,
  })

  client.close()
}
