// Plain JavaScript: calls, arithmetic, objects, arrays, maps, texts, JSON. One small call at the end says that it is done.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

const client = new grpc.Client()
client.load(['..'], 'bench.proto')

const fibonacci = (n) => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2))

function sorted() {
  const numbers = []
  for (let i = 0, seed = 1; i < 2000; i++) {
    seed = (seed * 1103515245 + 12345) % 2147483648
    numbers.push(seed)
  }
  return numbers.sort((a, b) => a - b)
}

function words() {
  const counts = new Map()
  let text = ''
  for (let i = 0; i < 2000; i++) text += `word${(i * 7) % 97} `
  for (const word of text.trim().split(' ')) counts.set(word, (counts.get(word) || 0) + 1)
  return counts.size
}

function documents() {
  const orders = []
  for (let i = 0; i < 200; i++)
    orders.push({ id: i, name: `order ${i}`, lines: [{ price: i * 1.5, tags: ['a', 'b'] }] })
  return JSON.parse(JSON.stringify(orders)).reduce((sum, order) => sum + order.lines[0].price, 0)
}

export default function () {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const numbers = sorted()
  const results = [fibonacci(18), numbers[0] <= numbers[1999], words(), documents()]
  client.invoke('bench.Bench/Greet', { greeting: 'bench' })
  check(results, { 'the results are right': (r) => r.join() === '2584,true,97,29850' })
}
