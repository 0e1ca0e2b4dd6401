// What the shop's services are called with, and the types of what goes over the wire.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

export interface Item {
  product: string
  quantity: number
  unitPriceCents: number
}

/** Only what the script reads. 64-bit integers arrive as strings, as the JSON form of protobuf wants it. */
export interface Order {
  id: string
  note: string
  totalCents: string
}

interface Requests {
  CreateOrder: { items: Item[]; note?: string }
  GetOrder: { id: string }
}

const address: string = __ENV.GRPC_ADDR || '127.0.0.1:50051'

const client = new grpc.Client()
client.load(['../authorization'], 'auth.proto', 'orders.proto')

let isConnected = false

/** The client, connected. Module variables belong to the VU: each connects once, whatever its scenarios. */
export function connected(): grpc.Client {
  if (!isConnected) {
    client.connect(address, { plaintext: true, timeout: '5s' })
    isConnected = true
  }
  return client
}

/** A token. */
export function logIn(user: string, password: string): string {
  const response = connected().invoke('auth.AuthService/Login', { user, password })
  if (response.status !== grpc.StatusOK) throw new Error(`login of ${user} failed: ${response.error.message}`)
  return response.message.token
}

/** An order, or undefined when the shop refused. */
export function call<Method extends keyof Requests>(
  method: Method,
  request: Requests[Method],
  token: string,
): Order | undefined {
  const metadata = { authorization: `Bearer ${token}` }
  const response = connected().invoke(`shop.OrderService/${method}`, request, { metadata, tags: { method } })
  check(response, { 'status is OK': ({ status }) => status === grpc.StatusOK })
  return response.status === grpc.StatusOK ? response.message : undefined
}
