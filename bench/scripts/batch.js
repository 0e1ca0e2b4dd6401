// Calls that are under way at the same time.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

const client = new grpc.Client()
client.load(['..'], 'bench.proto')
const size = Number(__ENV.BATCH)

export default async function () {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const calls = []
  for (let i = 0; i < size; i++) calls.push(client.asyncInvoke('bench.Bench/Greet', { greeting: 'bench' }))
  const responses = await Promise.all(calls)
  check(responses, { 'they are the right greetings': (all) => all.every((r) => r.message.reply === 'hello bench') })
}
