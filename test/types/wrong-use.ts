/**
 * Compiled and never run: each line marked `@ts-expect-error` is a mistake that the types must catch. One that they let
 * pass makes the mark itself an error.
 */
/// <reference path="../../types/index.d.ts" />
import grpc from 'k6/net/grpc'

const client = new grpc.Client()

// @ts-expect-error a name is needed
client.connect()
// @ts-expect-error no such parameter
client.connect('a:1', { deadline: '1s' })
// @ts-expect-error not yes or no
client.connect('a:1', { plaintext: 'yes' })
// @ts-expect-error no duration
client.connect('a:1', { timeout: true })
// @ts-expect-error a text is needed
client.connect('a:1', { authority: 5 })
// @ts-expect-error a number of bytes is needed
client.connect('a:1', { maxReceiveSize: '10' })
// @ts-expect-error neither one text nor a list of them
client.connect('a:1', { tls: { cacerts: 5 } })
// @ts-expect-error not yes or no
client.connect('a:1', { connectionSharing: 'yes' })
// @ts-expect-error no such way of choosing
client.connect('a:1', { loadBalancing: 'random' })
// @ts-expect-error no such packing
client.connect('a:1', { compression: 'br' })
// @ts-expect-error what to try again is not said
client.connect('a:1', { retryPolicy: { maxAttempts: 3, initialBackoff: 1, maxBackoff: 2, backoffMultiplier: 2 } })
client.connect('a:1', {
  retryPolicy: {
    // @ts-expect-error a number is needed
    maxAttempts: '3',
    initialBackoff: '1s',
    maxBackoff: '2s',
    backoffMultiplier: 2,
    retryableStatusCodes: [],
  },
})
// @ts-expect-error a list is needed
client.load('protos', 'a.proto')
// @ts-expect-error one file only
client.loadProtoset('a', 'b')
// @ts-expect-error a request is needed, even an empty one
client.invoke('a.B/C')
// @ts-expect-error a request is an object
client.invoke('a.B/C', 'x')
// @ts-expect-error no such parameter
client.invoke('a.B/C', {}, { headers: {} })
// @ts-expect-error no such packing
client.asyncInvoke('a.B/C', {}, { compression: 'deflate' })
// @ts-expect-error the name of a service is a text
client.healthCheck(5)
// @ts-expect-error no such field
client.healthCheck('a.B').state

const response = client.invoke('a.B/C', {})
// @ts-expect-error a status is no text
response.status === 'OK'
// @ts-expect-error it comes from belljar
response.errorDetails = []
// @ts-expect-error a header may come several times
response.headers.server?.toUpperCase()
// @ts-expect-error it is asynchronous: there is a promise, and no message yet
client.asyncInvoke('a.B/C', {}).message

// @ts-expect-error no client
new grpc.Stream({}, 'a.B/C')
// @ts-expect-error no method
new grpc.Stream(client)
const stream = new grpc.Stream(client, 'a.B/C')
// @ts-expect-error no such event
stream.on('close', () => {})
// @ts-expect-error no function
stream.on('data', 'x')
// @ts-expect-error a message is an object
stream.write('x')
// @ts-expect-error it comes from belljar
stream.status = Promise.reject()
// @ts-expect-error there is no status before the stream has ended
stream.status.code
// @ts-expect-error no such constant
grpc.StatusFine
