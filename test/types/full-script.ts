/**
 * Compiled and never run: a script that uses everything that `k6/net/grpc` has, so that the types take what k6 and belljar
 * take. The types stand as a script's author has them, and nothing is cast.
 */
/// <reference path="../../types/index.d.ts" />
import { check, fail, group, sleep } from 'k6'
import exec from 'k6/execution'
import { Counter, Trend } from 'k6/metrics'
import grpc, { Client, StatusOK, Stream } from 'k6/net/grpc'
import type { Options } from 'k6/options'

export const options: Options = {
  vus: 2,
  iterations: 10,
  thresholds: {
    grpc_req_duration: ['p(95)<500'],
    grpc_reqs: ['count>=10'],
    grpc_req_failed: ['rate<0.01'],
    grpc_streams_time_to_first_msg: ['p(95)<100'],
    grpc_streams_time_between_msgs: ['p(95)<100'],
  },
}

const replies = new Counter('replies')
const took = new Trend('took', true)

const client = new grpc.Client()
const named: grpc.Client = new Client()
const methods: grpc.MethodInfo[] = client.load(null, 'hello.proto')
client.load(undefined)
client.load(['protos', 'file:///protos'], 'a.proto', 'b.proto')
named.loadProtoset('all.protoset').map((method) => `${method.full_method} ${method.is_server_stream}`)
const ca = open('ca.pem')

export function setup(): string[] {
  return methods.map(({ name, service, package: folder }) => `${folder}.${service}/${name}`)
}

export default async function (data: string[]): Promise<void> {
  const isConnected: true = client.connect(__ENV.GRPC_ADDR ?? 'localhost:50051', {
    plaintext: false,
    timeout: '5s',
    reflect: true,
    reflectMetadata: { authorization: 'Bearer x' },
    maxReceiveSize: 1024,
    maxSendSize: 1024,
    tls: { cacerts: [ca] },
    authority: 'shop.test',
    connectionSharing: true,
    loadBalancing: 'round_robin',
    compression: 'gzip',
    retryPolicy: {
      maxAttempts: 3,
      initialBackoff: '100ms',
      maxBackoff: 1000,
      backoffMultiplier: 2,
      retryableStatusCodes: ['UNAVAILABLE', grpc.StatusResourceExhausted],
    },
  })
  named.connect('localhost:50051', { tls: { cert: 'c', key: 'k', password: 'p', cacerts: ca }, timeout: 500 })
  named.connect('localhost:50051')

  const response = client.invoke(
    'hello.HelloService/SayHello',
    { greeting: data[0], count: '5' },
    {
      metadata: { authorization: 'Bearer x', 'trace-bin': new Uint8Array([1]) },
      tags: { step: 'first', attempt: 1, isWarm: true },
      timeout: 2000,
      discardResponseMessage: false,
      compression: 'identity',
    },
  )
  check(response, {
    'status is OK': (r) => r.status === grpc.StatusOK && r.status === StatusOK,
    'the greeting is mine': (r) => r.message.reply === 'hello',
    'no error': (r) => r.error === null,
  })
  // A function that was written for the types of k6 alone takes the response too.
  const statusOf = (r: grpc.Response): number => r.status
  took.add(statusOf(response))
  const server: string = response.headers['content-type']?.[0] ?? response.trailers.server?.join(',') ?? ''
  const { code, message, details } = response.error
  for (const detail of response.errorDetails ?? []) console.log(detail['@type'], detail.retryDelay)
  console.log(server, code, message, details.length)

  const [first] = await Promise.all([client.asyncInvoke('hello.HelloService/SayHello', {}, { compression: 'gzip' })])
  console.log(first.message.reply, first.errorDetails?.length)

  group('health', () => {
    const health = client.healthCheck()
    if (health.status !== grpc.HealthCheckServing) fail('not serving')
    if (client.healthCheck('hello.HelloService').status === grpc.HealthCheckServiceUnkown) sleep(1)
  })

  const stream = new Stream(client, 'hello.HelloService/BidiHello', { timeout: '10s', compression: 'gzip' })
  stream.on('data', (reply, metadata) => {
    replies.add(reply.count, { at: String(metadata.ts) })
  })
  stream.on('error', (error) => {
    console.log(error.code === grpc.StatusUnavailable, error.message, error.error(), error.errorDetails?.[0]?.['@type'])
  })
  stream.on('error', (error: grpc.GrpcError) => console.log(error.details.length))
  stream.on('end', () => client.close())
  stream.on('status', () => {})
  stream.write({ greeting: 'x' })
  stream.end()
  const status: grpc.StreamStatus = await stream.status
  console.log(status.code === grpc.StatusOK, status.message, status.details[0]?.['@type'])
  console.log(status.headers.server?.[0], status.trailers.server?.[0])
  if (!isConnected) exec.test.abort('no connection')
}

/** Every constant of the module, by its name. */
export const constants: number[] = [
  grpc.StatusOK,
  grpc.StatusCanceled,
  grpc.StatusUnknown,
  grpc.StatusInvalidArgument,
  grpc.StatusDeadlineExceeded,
  grpc.StatusNotFound,
  grpc.StatusAlreadyExists,
  grpc.StatusPermissionDenied,
  grpc.StatusResourceExhausted,
  grpc.StatusFailedPrecondition,
  grpc.StatusAborted,
  grpc.StatusOutOfRange,
  grpc.StatusUnimplemented,
  grpc.StatusInternal,
  grpc.StatusUnavailable,
  grpc.StatusDataLoss,
  grpc.StatusUnauthenticated,
]

export const healthStates: grpc.HealthCheckResponse['status'][] = [
  grpc.HealthCheckUnknown,
  grpc.HealthCheckServing,
  grpc.HealthCheckNotServing,
  grpc.HealthCheckServiceUnkown,
]
