import grpc from 'k6/net/grpc'

const client = new grpc.Client()

export const methods = [
  client.load(null, 'found.proto').length,
  client.load(['lib'], 'beside.proto').length,
  client.load(['lib/../lib', '.'], 'found.proto').length,
].join(' ')

export let missing = ''
try {
  client.load(null, 'beside.proto')
} catch (e) {
  missing = e.message.replace(/ \/.*\/(grpc-load-in-module\/)/, ' …/$1')
}
