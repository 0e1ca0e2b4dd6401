// The shop of ../webshop in TypeScript, with types for options, data of setup(), messages and the summary. Types are taken
// off and not checked when the script runs; `tsc` with @types/k6 checks them.
//
//   GRPC_ADDR   address of the example server, without TLS (127.0.0.1:50051 if left out)
import { check, group, sleep } from 'k6'
import { SharedArray } from 'k6/data'
import exec from 'k6/execution'
import { Counter, Rate, Trend } from 'k6/metrics'
import grpc from 'k6/net/grpc'
import type { Options } from 'k6/options'
import { call, connected, type Item, logIn } from './lib/shop.ts'

export const options: Options = {
  scenarios: {
    ordering: { executor: 'shared-iterations', exec: 'order', vus: 2, iterations: 6, tags: { kind: 'write' } },
    importing: { executor: 'per-vu-iterations', exec: 'importOrders', vus: 1, iterations: 1, startTime: '200ms' },
  },
  thresholds: {
    checks: ['rate==1'],
    orders_placed: [{ threshold: 'count>=6', abortOnFail: false }],
    orders_refused: ['rate==0'],
    'grpc_req_duration{kind:write}': ['p(95)<5000'],
  },
}

type Product = Omit<Item, 'quantity'>

interface SetupData {
  customer: string
  clerk: string
}

interface SummaryData {
  metrics: Record<string, { values: Record<string, number> } | undefined>
}

const products = new SharedArray<Product>('products', () => JSON.parse(open('../webshop/products.json')))

const placed = new Counter('orders_placed')
const refused = new Rate('orders_refused')
const value = new Trend('order_value')

export function setup(): SetupData {
  return { customer: logIn('bob', 'builder'), clerk: logIn('carol', 'ledger') }
}

export function order({ customer }: SetupData): void {
  group('order', () => {
    const product = products[exec.scenario.iterationInTest % products.length] as Product
    const items: Item[] = [{ ...product, quantity: 3 }]
    const created = call('CreateOrder', { items, note: `for VU ${__VU}` }, customer)
    refused.add(created === undefined)
    if (created === undefined) return
    placed.add(1)
    value.add(Number(created.totalCents))

    const found = call('GetOrder', { id: created.id }, customer)
    check(found, { 'the order is the same': (it) => it?.note === created.note && it.totalCents === created.totalCents })
  })
  sleep(0.1)
}

export async function importOrders({ clerk }: SetupData): Promise<void> {
  const counts = await new Promise<{ accepted: number; refused: number }>((resolve, reject) => {
    const params = { metadata: { authorization: `Bearer ${clerk}` } }
    const stream = new grpc.Stream(connected(), 'shop.OrderService/ImportOrders', params)
    stream.on('data', resolve)
    stream.on('error', ({ message }) => reject(new Error(message)))
    for (const product of products) stream.write({ items: [{ ...product, quantity: 10 } satisfies Item] })
    stream.end()
  })
  check(counts, { 'every product was ordered': ({ accepted }) => accepted === products.length })
}

export function handleSummary({ metrics }: SummaryData): Record<string, string> {
  const of = (name: string, key: string): number => metrics[name]?.values[key] ?? 0
  return {
    stdout: `${of('orders_placed', 'count')} orders placed, ${of('checks', 'fails')} checks failed\n`,
  }
}
