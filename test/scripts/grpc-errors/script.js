// What a failed call and a stream tell besides what k6 tells.
import grpc from 'k6/net/grpc'

const shop = new grpc.Client()
shop.load(['../../../examples/authorization'], 'orders.proto')
const stranger = new grpc.Client()
stranger.load(['../../../examples/single-connection'], 'hello.proto')
const params = { metadata: { authorization: 'Bearer nobody' } }

export default async function () {
  shop.connect(__ENV.GRPC_ADDR, { plaintext: true })
  stranger.connect(__ENV.GRPC_ADDR, { plaintext: true })

  const response = shop.invoke('shop.OrderService/GetOrder', { id: 'x' }, params)
  console.log(
    response.status === grpc.StatusUnauthenticated,
    Object.keys(response).join(),
    response.errorDetails.length,
  )

  const stream = new grpc.Stream(shop, 'shop.OrderService/ListOrders', params)
  stream.on('error', (e) => console.log('error', e.code, Object.keys(e).join(), e.errorDetails.length))
  stream.on('end', () => console.log('end'))
  stream.write({})
  const { code, message, details, trailers } = await stream.status
  console.log(code, message !== '', details.length, typeof trailers)

  const hello = new grpc.Stream(stranger, 'hello.HelloService/BidiHello')
  hello.end()
  console.log((await hello.status).code, JSON.stringify(hello))
}
