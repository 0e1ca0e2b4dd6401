/**
 * Receivers of what outputs push, on 127.0.0.1: an HTTP server, and a reader of the official messages that shares no code with
 * the writers.
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createFileRegistry, fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import snappy from 'snappyjs'
import { packageRoot } from '../../../package-root.js'

const messages = {
  otlp: ['otlp.protoset', 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest'],
  remoteWrite: ['remote-write.protoset', 'prometheus.WriteRequest'],
} as const

/** Reads a message as its official schema says; the JSON has 64-bit integers as strings. */
function decode(kind: keyof typeof messages, bytes: Uint8Array): JsonValue {
  const [file, name] = messages[kind]
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(join(packageRoot, 'test/outputs', file)))
  const type = createFileRegistry(set).getMessage(name)
  if (type === undefined) throw new Error(`no message ${name} in ${file}`)
  return toJson(type, fromBinary(type, bytes))
}

/** A point of OTLP, of any kind. */
export interface OtlpPoint {
  attributes?: { key: string; value: { stringValue: string } }[]
  startTimeUnixNano: string
  timeUnixNano: string
  asDouble?: number
  asInt?: string
  count?: string
  sum?: number
  min?: number
  max?: number
  bucketCounts?: string[]
  explicitBounds?: number[]
}

/** A metric of OTLP. */
export interface OtlpMetric {
  name: string
  unit?: string
  sum?: { dataPoints: OtlpPoint[]; aggregationTemporality: string; isMonotonic: boolean }
  gauge?: { dataPoints: OtlpPoint[] }
  histogram?: { dataPoints: OtlpPoint[]; aggregationTemporality: string }
}

/** A request of OTLP. */
export interface OtlpRequest {
  resourceMetrics: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] }
    scopeMetrics: { scope: { name: string }; metrics: OtlpMetric[] }[]
  }[]
}

export function readOtlp(bytes: Uint8Array): OtlpRequest {
  return decode('otlp', bytes) as unknown as OtlpRequest
}

/** A series of Prometheus remote write. */
export interface RemoteSeries {
  labels: { name: string; value: string }[]
  samples: { value?: number | string; timestamp: string }[]
}

export function readRemoteWrite(body: Uint8Array): RemoteSeries[] {
  const { timeseries = [] } = decode('remoteWrite', snappy.uncompress(body)) as unknown as {
    timeseries?: RemoteSeries[]
  }
  return timeseries
}

/** `name{a="x"}` and the value, of each sample. */
export function seriesTexts(series: readonly RemoteSeries[]): [string, number | string][] {
  return series.map(({ labels, samples }) => {
    const name = labels.find((label) => label.name === '__name__')?.value
    const rest = labels.filter((label) => label.name !== '__name__').map((label) => `${label.name}="${label.value}"`)
    return [`${name}{${rest.join(',')}}`, samples[0]?.value ?? 0]
  })
}

/** One request as the receiver got it. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** An HTTP server that keeps what it got. */
export interface HttpReceiver {
  readonly address: string
  readonly received: Received[]
  close(): Promise<void>
}

/** How a receiver is set up. */
export interface ReceiverOptions {
  /** Makes it an HTTPS server. */
  readonly tls?: ServerOptions
}

/** @param answer takes the number of the request, from 0; without it all is answered with 204 */
export async function httpReceiver(
  answer: (response: ServerResponse, index: number, request: IncomingMessage) => unknown = (response) =>
    response.writeHead(204).end(),
  { tls }: ReceiverOptions = {},
): Promise<HttpReceiver> {
  const received: Received[] = []
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) })
    answer(response, received.length - 1, request)
  }
  const server = tls === undefined ? createServer(listener) : createHttpsServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
