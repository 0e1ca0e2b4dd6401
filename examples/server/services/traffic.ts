/** traffic.TrafficService: the server side of measurements, with as little work in a call as can be. */
import {
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { clientStreaming, serverStreaming, unary } from '../handlers.js'
import { serviceNamed } from '../schema.js'
import { StatusError } from '../status-error.js'

interface Payload {
  index: number
  body: Uint8Array
}

interface ProduceRequest {
  count: number
  size_bytes: number
}

const countMax = 10_000_000
const sizeMaxBytes = 4_000_000

function checkRange(field: string, value: number, max: number): void {
  if (value >= 0 && value <= max) return
  throw new StatusError(status.INVALID_ARGUMENT, `${field} is ${value}, it must be from 0 to ${max}`)
}

function* payloads(count: number, body: Uint8Array): Iterable<Payload> {
  for (let index = 0; index < count; index++) yield { index, body }
}

const asItCame = (bytes: Buffer): Buffer => bytes

/** The declaration of traffic.TrafficService, whose echoes pass bytes on unread: decoding them would only cost time. */
export function trafficDefinition(): ServiceDefinition {
  const declared = serviceNamed('traffic.TrafficService')
  const unread = { requestDeserialize: asItCame, responseSerialize: asItCame as (value: object) => Buffer }
  return {
    ...declared,
    Echo: { ...declared.Echo!, ...unread },
    EchoStream: { ...declared.EchoStream!, ...unread },
  }
}

/** The methods of traffic.TrafficService. */
export const trafficService: UntypedServiceImplementation = {
  Echo: unary((bytes: Buffer) => bytes),

  EchoStream: (call: ServerDuplexStream<Buffer, Buffer>) => {
    // The cast only tells the compiler that this stream of objects is a stream.
    call.pipe(call as unknown as NodeJS.WritableStream)
  },

  Produce: serverStreaming(({ count, size_bytes }: ProduceRequest) => {
    checkRange('count', count, countMax)
    checkRange('size_bytes', size_bytes, sizeMaxBytes)
    return payloads(count, new Uint8Array(size_bytes))
  }),

  Collect: clientStreaming(async (requests: AsyncIterable<Payload>) => {
    let messages = 0
    let bodyBytes = 0
    for await (const { body } of requests) {
      messages++
      bodyBytes += body.length
    }
    return { messages, body_bytes: bodyBytes }
  }),
}
