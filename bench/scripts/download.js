// Responses with 100 KB of bytes, which the script reads. Bytes are base64 text for a script.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

const client = new grpc.Client()
client.load(['..'], 'bench.proto')
const textLength = Math.ceil((100 * 1024) / 3) * 4

export default function () {
  if (__ITER === 0) client.connect(__ENV.GRPC_ADDR, { plaintext: true })
  const response = client.invoke('bench.Bench/Download', {})
  check(response, { 'all of it is there': (r) => r.message.content.length === textLength })
}
