// A server stream for each iteration; a listener reads every message.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

const client = new grpc.Client()
client.load(['..'], 'bench.proto')
const wanted = Number(__ENV.MESSAGES)

export default function () {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const stream = new grpc.Stream(client, 'bench.Bench/Feed')
  let count = 0
  stream.on('data', (message) => {
    if (message.text.length > 0) count++
  })
  stream.on('end', () => check(count, { 'all messages came': (n) => n === wanted }))
  stream.write({ count: wanted })
  stream.end()
}
