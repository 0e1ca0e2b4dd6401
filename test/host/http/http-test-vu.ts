/**
 * A VU of the trusted half with nothing above it: its HTTP operations are called as the guest half calls them. And servers
 * on 127.0.0.1 for it, of Node's own http module or written byte by byte.
 */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import type { ResolverOptions } from '../../../host/dns.js'
import { HostResolver } from '../../../host/dns.js'
import { http } from '../../../host/http/http-module.js'
import { type HttpOptions, HttpRuntime } from '../../../host/http/http-runtime.js'
import { HttpVu } from '../../../host/http/http-vu.js'
import { type LogLine, VuContext } from '../../../host/vu-context.js'
import { MetricRegistry } from '../../../metrics/registry.js'
import { SampleBuffer } from '../../../metrics/sample-buffer.js'
import type { SeriesDefinition } from '../../../metrics/series.js'
import { TagSet } from '../../../metrics/tag-set.js'
import type { Refusal } from '../../../policy/audit.js'
import { Gate } from '../../../policy/gate.js'
import { type Limits, trustedLimits } from '../../../policy/limits.js'
import type { NetworkPolicy } from '../../../policy/network.js'
import { trustedPolicy } from '../../../policy/policy.js'
import { TaskQueue } from '../../../runtime/event-loop.js'
import { guestErrorOf } from '../../../runtime/guest-error.js'
import type { Crossing } from '../../../runtime/js-value.js'
import { bareProtocols, bareServices } from '../../support/bare-services.js'

export interface Sample {
  metric: string
  tags: Record<string, string>
  value: number
}

/** A response as a test sees it: what the guest half would make of it. */
export interface TestResponse {
  url: string
  status: number
  status_text: string
  error: string
  error_code: number
  body: string | Uint8Array | null
  headers: Record<string, string>
  cookies: Record<string, { value: string; http_only: boolean; max_age: number }[]>
  timings: Record<string, number>
  tls_version: string
  tls_cipher_suite: string
  remote_ip: string
  remote_port: number
  request: { method: string; url: string; body: string; headers: Record<string, string[]> }
}

interface Setup {
  options?: Partial<HttpOptions>
  limits?: Partial<Limits>
  resolver?: ResolverOptions
  network?: NetworkPolicy
  nextRequestMs?: () => number
  systemTags?: string[]
}

const usualTags = [
  'proto',
  'status',
  'method',
  'url',
  'name',
  'error',
  'error_code',
  'tls_version',
  'expected_response',
]

export class HttpTestVu {
  readonly context: VuContext
  readonly lines: LogLine[] = []
  readonly refusals: Refusal[] = []
  readonly #samples = new SampleBuffer()
  readonly #series = new Map<number, SeriesDefinition>()
  readonly #tagSet: number

  constructor({
    options = {},
    limits = {},
    resolver = {},
    network,
    nextRequestMs,
    systemTags = usualTags,
  }: Setup = {}) {
    const allLimits = { ...trustedLimits, ...limits }
    const all: HttpOptions = { tls: {}, userAgent: 'test', batch: 20, batchPerHost: 6, ...options }
    const names = new HostResolver({ ...resolver, ...(network === undefined ? {} : { network }) })
    this.context = new VuContext(
      1,
      {
        ...bareServices(allLimits, this.lines),
        ...(nextRequestMs === undefined ? {} : { nextRequestMs }),
        gate: new Gate({ ...trustedPolicy, limits: allLimits }, (refusal) => this.refusals.push(refusal)),
        samples: this.#samples,
        registry: new MetricRegistry(),
        systemTags: new Set(systemTags),
      },
      new TaskQueue(),
      {
        ...bareProtocols(allLimits),
        http: () => new HttpVu(new HttpRuntime(all, allLimits, names)),
      },
    )
    this.#tagSet = this.context.addTagSet(TagSet.from([['group', '::g']]))
  }

  async call(operation: string, ...args: Crossing[]): Promise<Crossing> {
    const run = http.operations[operation]
    assert.ok(run)
    try {
      return await run(this.context, ...args)
    } catch (e) {
      throw guestErrorOf(e) ?? e
    }
  }

  /** `spec` in the form of the guest half, without what is usual. */
  async request(spec: Record<string, unknown>, body?: string | Uint8Array): Promise<TestResponse> {
    const json = JSON.stringify({ method: 'GET', headers: [], ...spec })
    return this.read((await this.call('request', json, body, this.#tagSet)) as string)
  }

  get(url: string, spec: Record<string, unknown> = {}): Promise<TestResponse> {
    return this.request({ url, ...spec })
  }

  async batch(specs: Record<string, unknown>[]): Promise<TestResponse[]> {
    for (const spec of specs) {
      await this.call('addToBatch', JSON.stringify({ method: 'GET', headers: [], ...spec }), undefined, this.#tagSet)
    }
    const all = JSON.parse((await this.call('batch')) as string) as unknown[]
    return all.map((one) => this.read(JSON.stringify(one)))
  }

  /** What the guest half makes of an answer. */
  read(json: string): TestResponse {
    const { response, body } = JSON.parse(json) as {
      response: TestResponse
      body?: { id: number; form: 'text' | 'json' | 'bytes' }
    }
    if (body === undefined) return response
    const content = this.context.http.takeBody(body.id)
    return { ...response, body: body.form === 'json' ? (JSON.parse(content as string) as string) : content }
  }

  /** What was measured since the last look. */
  samples(): Sample[] {
    const batch = this.#samples.take()
    if (batch === undefined) return []
    for (const series of batch.series) this.#series.set(series.id, series)
    const found: Sample[] = []
    for (let i = 0; i < batch.samples.length; i += 3) {
      const { metric, tags } = this.#series.get(batch.samples[i]!)!
      found.push({ metric: metric.name, tags: Object.fromEntries(tags), value: batch.samples[i + 2]! })
    }
    return found
  }

  /** The samples of one metric. */
  samplesOf(metric: string): Sample[] {
    return this.samples().filter((sample) => sample.metric === metric)
  }

  close(): void {
    this.context.close()
  }
}

export interface LoopbackServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  /** Connections that were made so far. */
  connections: number
  close(): Promise<void>
}

const running = new Set<LoopbackServer>()

function started(server: Server | TcpServer): Promise<LoopbackServer> {
  const sockets = new Set<Socket>()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      const loopback: LoopbackServer = {
        url: `http://127.0.0.1:${port}`,
        port,
        connections: 0,
        close: () =>
          new Promise((done) => {
            running.delete(loopback)
            for (const socket of sockets) socket.destroy()
            server.close(() => done())
          }),
      }
      server.on('connection', (socket: Socket) => {
        loopback.connections++
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => sockets.delete(socket))
      })
      running.add(loopback)
      resolve(loopback)
    })
  })
}

/** A server of Node's own. */
export function httpServer(listener: RequestListener): Promise<LoopbackServer> {
  return started(createServer(listener))
}

/** A server that writes what it likes. `onRequest` is called for each header block that comes in. */
export function rawServer(onRequest: (socket: Socket, head: string) => void): Promise<LoopbackServer> {
  const server = createTcpServer((socket) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end)
        text = text.slice(end + 4)
        onRequest(socket, head)
      }
    })
  })
  return started(server)
}

/** Closes the servers that a test left running. */
export async function closeServers(): Promise<void> {
  for (const server of [...running]) await server.close()
}

/** The body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Answers with what came in, as JSON. */
export async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request)
  response.setHeader('content-type', 'application/json')
  const { method, url, headers } = request
  response.end(JSON.stringify({ method, url, headers, body: body.toString('base64') }))
}

export interface Echo {
  method: string
  url: string
  headers: Record<string, string>
  /** As base64. */
  body: string
}

export function echoed({ body }: TestResponse): Echo {
  assert.equal(typeof body, 'string')
  return JSON.parse(body as string) as Echo
}
