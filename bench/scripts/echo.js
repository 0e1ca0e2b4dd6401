// A stream in both directions for each iteration: the next message is sent when the one before has come back.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

const client = new grpc.Client()
client.load(['..'], 'bench.proto')
const wanted = Number(__ENV.MESSAGES)
const message = { text: 'tick '.repeat(10).slice(0, 48) }

export default function () {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const stream = new grpc.Stream(client, 'bench.Bench/Echo')
  let count = 0
  const next = () => {
    if (count < wanted) stream.write(message)
    else stream.end()
  }
  stream.on('data', ({ text }) => {
    if (text === message.text) count++
    next()
  })
  stream.on('end', () => check(count, { 'all messages came back': (n) => n === wanted }))
  next()
}
