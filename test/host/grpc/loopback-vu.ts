/**
 * A VU of the trusted half with nothing above it: its gRPC operations are called as the guest half calls them, and what
 * they post is taken as the event loop takes it.
 */
import assert from 'node:assert/strict'
import { grpc } from '../../../host/grpc/grpc-module.js'
import { type GrpcOptions, GrpcRuntime } from '../../../host/grpc/grpc-runtime.js'
import { GrpcVu } from '../../../host/grpc/grpc-vu.js'
import { type LogLine, VuContext } from '../../../host/vu-context.js'
import { declareModuleMetrics, optInMetrics } from '../../../metrics/module-metrics.js'
import { MetricRegistry } from '../../../metrics/registry.js'
import { SampleBuffer } from '../../../metrics/sample-buffer.js'
import type { SeriesDefinition } from '../../../metrics/series.js'
import { TagSet } from '../../../metrics/tag-set.js'
import type { Refusal } from '../../../policy/audit.js'
import { Gate } from '../../../policy/gate.js'
import { type Limits, trustedLimits } from '../../../policy/limits.js'
import { type Policy, trustedPolicy } from '../../../policy/policy.js'
import { TaskQueue } from '../../../runtime/event-loop.js'
import { guestErrorOf } from '../../../runtime/guest-error.js'
import type { Crossing } from '../../../runtime/js-value.js'
import { bareProtocols, bareServices } from '../../support/bare-services.js'
import { messageJson, responseJson } from './guest-texts.js'

export interface Sample {
  metric: string
  tags: Record<string, string>
  value: number
}

/** What a VU has beside its client. */
export interface LoopbackSetup {
  /** Names of metrics that are asked for. */
  thresholds?: string[]
  options?: Partial<GrpcOptions>
  limits?: Partial<Limits>
  systemTags?: string[]
  /** VUs with the same one are of the same thread. */
  runtime?: GrpcRuntime
  /** What is open of the network and of methods; everything unless said. */
  policy?: Partial<Pick<Policy, 'network' | 'grpcMethods'>>
  nextRequestMs?: () => number
}

const usualTags = ['url', 'name', 'service', 'method', 'status']

/** What the VM makes of an error before a script sees it. */
function asShown(e: unknown): never {
  throw guestErrorOf(e) ?? e
}

export class LoopbackVu {
  readonly context: VuContext
  readonly #samples = new SampleBuffer()
  readonly #series = new Map<number, SeriesDefinition>()
  readonly #tagSet: number
  #lastTask = 0
  readonly client: Crossing
  /** What came with the last error and the last end, beside what handlers get. */
  errorDetails: unknown
  status: unknown
  readonly refusals: Refusal[] = []
  /** What was logged. */
  readonly lines: LogLine[] = []

  /** `proto` is what the client loads, if anything. */
  constructor(proto?: string, setup: LoopbackSetup = {}) {
    const { thresholds = [], options = {}, limits = {}, systemTags = usualTags, policy = {}, nextRequestMs } = setup
    const registry = new MetricRegistry()
    const modules = ['k6/net/grpc']
    declareModuleMetrics(registry, modules)
    for (const metric of optInMetrics(registry, modules, thresholds)) registry.switchOn(metric)
    const allLimits = { ...trustedLimits, ...limits }
    const gate = new Gate({ ...trustedPolicy, ...policy, limits: allLimits }, (refusal) => this.refusals.push(refusal))
    const all = { tls: {}, ...options, resolver: { network: gate.network, ...options.resolver } }
    const runtime = setup.runtime ?? new GrpcRuntime(all, allLimits)
    const bytes = proto === undefined ? undefined : Buffer.from(proto)
    this.context = new VuContext(
      1,
      {
        ...bareServices(allLimits, this.lines),
        ...(nextRequestMs === undefined ? {} : { nextRequestMs }),
        gate,
        samples: this.#samples,
        registry,
        systemTags: new Set(systemTags),
        readFile: (path) => ({
          absolutePath: path,
          shownPath: path,
          bytes: path === '/test/main.proto' ? bytes : undefined,
        }),
      },
      new TaskQueue(),
      { ...bareProtocols(allLimits), grpc: () => new GrpcVu(runtime) },
    )
    this.#tagSet = this.context.addTagSet(TagSet.from([['group', '::g']]))
    this.client = this.call('create') as Crossing
    if (proto !== undefined) this.call('load', this.client, undefined, '["main.proto"]')
  }

  call(operation: string, ...args: Crossing[]): Crossing | Promise<Crossing> {
    const run = grpc.operations[operation]
    assert.ok(run)
    try {
      const result = run(this.context, ...args)
      return result instanceof Promise ? result.catch(asShown) : result
    } catch (e) {
      return asShown(e)
    }
  }

  /** `params` in the form of the guest half. */
  async connect(address: string, params: [string, unknown][] = []): Promise<void> {
    const all = JSON.stringify(['o', [['plaintext', true], ...params]])
    await this.call('connect', this.client, false, address, all, this.#tagSet)
  }

  /** The response as JSON text. `tags` are those of the VU. */
  async invoke(
    method: string | undefined,
    request: string,
    params?: [string, unknown][],
    tags?: TagSet,
  ): Promise<string> {
    const json = params === undefined ? undefined : JSON.stringify(['o', params])
    const tagSet = tags === undefined ? this.#tagSet : this.context.addTagSet(tags)
    return responseJson(await this.call('invoke', this.client, method, request, json, tagSet, 0))
  }

  async healthCheck(service = ''): Promise<string> {
    return (await this.call('healthCheck', this.client, service, this.#tagSet)) as string
  }

  openStream(method: string, params?: [string, unknown][]): number {
    const json = params === undefined ? undefined : JSON.stringify(['o', params])
    return this.call('openStream', ++this.#lastTask, this.client, method, json, this.#tagSet) as number
  }

  /** The next event; undefined when the iteration has nothing left to wait for. */
  async next(): Promise<[kind: string, payload: unknown] | undefined> {
    const result = await this.context.tasks.next(() => false)
    if (result === undefined) return undefined
    const { kind, payload } = result
    const told: unknown = JSON.parse(
      responseJson(typeof payload === 'string' && payload[0] === '\n' ? payload : messageJson(payload)),
    )
    if (kind === 'end' || kind === 'end+') {
      this.status = told
      return ['end', kind === 'end']
    }
    if (kind === 'item') return ['data', told]
    if (kind !== 'error') return [kind, told]
    const [logText, error, errorDetails] = told as unknown[]
    this.errorDetails = errorDetails
    return [kind, [logText, error]]
  }

  /** Takes what comes of the stream, and of all else, until nothing is left. */
  async drain(_stream: number): Promise<[kind: string, payload: unknown][]> {
    const events: [string, unknown][] = []
    for (let event = await this.next(); event !== undefined; event = await this.next()) events.push(event)
    return events
  }

  /** All samples since the last call. */
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

  close(): void {
    this.context.grpc.close()
  }
}
