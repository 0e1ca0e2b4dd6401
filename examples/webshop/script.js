// A shop under load: customers order, others look up an order, and a clerk imports a list in a stream.
// Shows setup(), scenarios, thresholds, a SharedArray, custom metrics, groups, tags and handleSummary() together.
//
//   GRPC_ADDR      address of the example server, without TLS (127.0.0.1:50051 if left out)
//   SUMMARY_FILE   where the numbers go as JSON; nowhere if left out
import { check, group, sleep } from 'k6'
import { SharedArray } from 'k6/data'
import exec from 'k6/execution'
import { Counter, Rate, Trend } from 'k6/metrics'
import grpc from 'k6/net/grpc'
import { call, connected, logIn } from './lib/shop.js'

export const options = {
  scenarios: {
    ordering: {
      executor: 'ramping-vus',
      exec: 'order',
      startVUs: 1,
      stages: [
        { duration: '1s', target: 3 },
        { duration: '1s', target: 0 },
      ],
      tags: { kind: 'write' },
    },
    looking: {
      executor: 'constant-arrival-rate',
      exec: 'lookUp',
      rate: 10,
      duration: '2s',
      preAllocatedVUs: 2,
      maxVUs: 10,
      tags: { kind: 'read' },
    },
    importing: { executor: 'per-vu-iterations', exec: 'importOrders', startTime: '500ms', tags: { kind: 'write' } },
  },
  thresholds: {
    checks: ['rate==1'],
    orders_placed: ['count>=2'],
    orders_refused: ['rate==0'],
    order_value: ['avg>0'],
    'grpc_req_duration{kind:read}': ['p(95)<5000'],
    'grpc_req_duration{kind:write}': ['p(95)<5000'],
    'group_duration{group:::order::place}': ['max<10000'],
  },
}

// Read and parsed once for the whole test, not once for each VU.
/** @type {{ product: string, unitPriceCents: number }[]} */
const products = new SharedArray('products', () => JSON.parse(open('./products.json')))

const placed = new Counter('orders_placed')
const refused = new Rate('orders_refused')
const value = new Trend('order_value')

export function setup() {
  const customer = logIn('alice', 'wonderland')
  const clerk = logIn('carol', 'ledger')
  const { message } = call('CreateOrder', { items: [{ ...products[0], quantity: 1 }], note: 'to look up' }, customer)
  return { customer, clerk, orderId: message.id }
}

/** @param {ReturnType<typeof setup>} data */
export function order({ customer }) {
  group('order', () => {
    const first = exec.scenario.iterationInTest
    const items = [0, 1].map((offset) => ({ ...products[(first + offset) % products.length], quantity: offset + 1 }))
    const total = items.reduce((sum, { unitPriceCents = 0, quantity }) => sum + unitPriceCents * quantity, 0)

    const created = group('place', () => call('CreateOrder', { items, note: `for VU ${__VU}` }, customer))
    refused.add(created.status !== grpc.StatusOK)
    if (created.status !== grpc.StatusOK) return
    placed.add(1, { items: `${items.length}` })
    // 64-bit integers arrive as strings, as the JSON form of protobuf wants it.
    value.add(Number(created.message.totalCents))
    check(created, { 'the total is right': ({ message }) => message.totalCents === String(total) })

    const found = group('read back', () => call('GetOrder', { id: created.message.id }, customer))
    check(found, { 'the order is the same': ({ message }) => message.note === `for VU ${__VU}` })
  })
  sleep(0.1)
}

/** @param {ReturnType<typeof setup>} data */
export function lookUp({ customer, orderId }) {
  exec.vu.metrics.tags.reader = 'alice'
  const { message } = call('GetOrder', { id: orderId }, customer)
  check(message, { 'it is the one of setup()': ({ note }) => note === 'to look up' })
}

/** @param {ReturnType<typeof setup>} data */
export function importOrders({ clerk }) {
  const params = { metadata: { authorization: `Bearer ${clerk}` }, tags: { method: 'ImportOrders' } }
  const stream = new grpc.Stream(connected(), 'shop.OrderService/ImportOrders', params)
  stream.on('data', (/** @type {{ accepted: number, refused: number }} */ { accepted, refused }) => {
    check(accepted, { 'every product was ordered': (count) => count === products.length })
    check(refused, { 'the empty order was refused': (count) => count === 1 })
  })
  stream.on('error', (error) => console.error(`import: ${error.message}`))
  for (const product of products) stream.write({ items: [{ ...product, quantity: 10 }] })
  stream.write({ items: [] })
  stream.end()
}

/** @param {ReturnType<typeof setup>} data */
export function teardown({ customer, orderId }) {
  call('GetOrder', { id: orderId }, customer)
}

/** @param {{ metrics: any }} data */
export function handleSummary({ metrics }) {
  const { orders_placed, order_value, checks } = metrics
  const lines = [
    `${checks.values.passes} checks passed, ${checks.values.fails} failed`,
    `${orders_placed.values.count} orders placed, ${(order_value.values.avg / 100).toFixed(2)} on average`,
  ]
  /** @type {Record<string, string>} */
  const files = { stdout: `${lines.join('\n')}\n` }
  if (__ENV.SUMMARY_FILE) files[__ENV.SUMMARY_FILE] = JSON.stringify(metrics, null, 2)
  return files
}
