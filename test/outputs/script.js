// Samples whose sums are known.
import { check } from 'k6'
import { Counter, Gauge, Trend } from 'k6/metrics'

const orders = new Counter('orders')
const stock = new Gauge('stock')
const waiting = new Trend('waiting', true)

export const options = { iterations: 100, vus: 4, tags: { testid: 'it' } }

export default function () {
  orders.add(2, { kind: 'a "quoted"\\name', 'my-tag': 'ü' })
  stock.add(7)
  for (let ms = 1; ms <= 10; ms++) waiting.add(ms)
  check(__ITER, { 'never at first': (n) => n > 0, always: () => true })
}
