// What the shop's services are called with: one connection for each VU, and the calls that the scenarios share.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

const address = __ENV.GRPC_ADDR || '127.0.0.1:50051'

const client = new grpc.Client()
client.load(['../authorization'], 'auth.proto', 'orders.proto')

let isConnected = false

/** The client, connected. Module variables belong to the VU: each connects once, whatever its scenarios. */
export function connected() {
  if (!isConnected) {
    client.connect(address, { plaintext: true, timeout: '5s' })
    isConnected = true
  }
  return client
}

/**
 * @param {string} user
 * @param {string} password
 * @returns {string} a token
 */
export function logIn(user, password) {
  const response = connected().invoke('auth.AuthService/Login', { user, password })
  if (response.status !== grpc.StatusOK) throw new Error(`login of ${user} failed: ${response.error.message}`)
  return response.message.token
}

/**
 * @param {string} method
 * @param {object} request
 * @param {string} token
 */
export function call(method, request, token) {
  const response = connected().invoke(`shop.OrderService/${method}`, request, {
    metadata: { authorization: `Bearer ${token}` },
    tags: { method },
  })
  check(response, { 'status is OK': (r) => r.status === grpc.StatusOK })
  return response
}
