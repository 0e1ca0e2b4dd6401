// A test with something for each part of the report: several methods, scenarios, errors, groups, streams, metrics of its own,
// a threshold that is crossed, and names that try to be markup.
import { check, group, sleep } from 'k6'
import { Counter, Gauge, Rate, Trend } from 'k6/metrics'
import grpc from 'k6/net/grpc'

const seconds = Number(__ENV.SECONDS || 12)
const hostile = '</script><img src=x onerror="document.title=1">'

const orders = new Counter('orders_placed')
const stock = new Gauge('pizzas_in_stock')
const cache = new Rate('cache_hits')
const rendering = new Trend('rendering_time', true)

export const options = {
  scenarios: {
    visitors: {
      executor: 'ramping-vus',
      startVUs: 1,
      stages: [
        { duration: `${Math.ceil(seconds / 3)}s`, target: 8 },
        { duration: `${Math.floor((2 * seconds) / 3)}s`, target: 3 },
      ],
      gracefulRampDown: '1s',
      exec: 'visit',
    },
    greeters: {
      executor: 'constant-arrival-rate',
      rate: 15,
      timeUnit: '1s',
      duration: `${seconds}s`,
      preAllocatedVUs: 4,
      exec: 'greet',
      env: { API_TOKEN: 'not for the report' },
    },
  },
  thresholds: {
    grpc_req_duration: ['p(95)<500', 'p(99)<1000'],
    'grpc_req_duration{method:RatePizza}': ['avg<300'],
    checks: ['rate>0.99'],
    orders_placed: ['count>10'],
  },
}

const client = new grpc.Client()
client.load(null, '../../examples/quickpizza/quickpizza.proto')
client.load(null, '../../examples/single-connection/hello.proto')

let isConnected = false

function connect() {
  if (!isConnected) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  isConnected = true
}

export function visit() {
  connect()
  group('menu', () => {
    const ready = client.invoke('quickpizza.GRPC/Status', {})
    check(ready, { 'the kitchen is ready': (r) => r.message.ready })
    group('choose', () => {
      const pizza = client.invoke('quickpizza.GRPC/RecommendPizza', { max_calories_per_slice: 2000 })
      check(pizza, { 'a pizza is recommended': (r) => r.status === grpc.StatusOK })
    })
  })
  group('rate', () => {
    const ingredients = __ITER % 5 === 0 ? [] : ['basil', 'mozzarella']
    const rating = client.invoke('quickpizza.GRPC/RatePizza', { ingredients, dough: 'thin' })
    check(rating, { 'the rating was taken': (r) => r.status === grpc.StatusOK })
  })
  orders.add(1, { [hostile]: hostile })
  stock.add(100 - (__ITER % 100))
  cache.add(__ITER % 3 > 0)
  rendering.add(5 + ((__ITER * 7) % 20))
  sleep(0.05 + Math.random() * 0.1)
}

export function greet() {
  connect()
  client.invoke('hello.HelloService/SayHello', { greeting: hostile }, { tags: { name: hostile } })
  group(hostile, () => check(1, { [`${hostile} \u202Egnihtemos\u0007`]: true }))
  if (__ITER % 10 === 0) {
    const stream = new grpc.Stream(client, 'hello.HelloService/LotsOfReplies')
    stream.on('data', () => {})
    stream.on('error', () => {})
    stream.write({ greeting: 'all' })
    stream.end()
  }
}
