/** Which samples a call leaves behind, and with which tags. */
import type { Metric } from '../../metrics/metric.js'
import { TagSet } from '../../metrics/tag-set.js'
import type { VuContext } from '../vu-context.js'
import type { MethodDescriptor } from './schema/schema.js'
import { Status } from './status.js'
import type { Connection } from './transport.js'

/** What the tags of a call are made of. */
export interface CallTags {
  readonly method: MethodDescriptor | undefined
  readonly connection: Connection
  /** The VU's tags when the call began. */
  readonly vuTags: TagSet
  /** The call's own, which go over the VU's. */
  readonly callTags: ReadonlyMap<string, string>
}

const noTags: ReadonlyMap<string, string> = new Map()

/** A call that no script named: a health check, or reflection. */
export function unnamedCall(connection: Connection, vuTags: TagSet): CallTags {
  return { method: undefined, connection, vuTags, callTags: noTags }
}

/** Samples of one metric with one set of tags. What the thread calls them is asked for once, and not for each. */
export class CallSeries {
  readonly #vu: VuContext
  readonly #metric: Metric | undefined
  readonly #tags: TagSet
  #id = 0

  /** Of a metric that does not exist, no samples are kept. */
  constructor(vu: VuContext, metric: Metric | undefined, tags: TagSet) {
    this.#vu = vu
    this.#metric = metric
    this.#tags = tags
  }

  add(value: number): void {
    if (this.#metric === undefined) return
    const { services, metadata } = this.#vu
    const { samples, now } = services
    // Only ids above 0 are for good, and those are without metadata.
    if (this.#id <= 0 || !metadata.isEmpty) this.#id = samples.series(this.#metric, this.#tags, metadata)
    samples.add(this.#id, now(), value)
  }
}

/** What calls of the same tags and the same status are added to. */
interface CallKind extends CallTags {
  readonly address: string
  readonly status: number
  readonly remoteIp: string | undefined
  readonly duration: CallSeries
  /** Where these are switched on. */
  readonly requests: CallSeries | undefined
  readonly failures: CallSeries | undefined
}

const mostKinds = 8

/** The kinds of calls that a VU has made of late: they differ in little, so that comparing beats any key. */
class RecentCalls {
  readonly #kinds: CallKind[] = []
  #next = 0

  of(vu: VuContext, call: CallTags, status: number, remoteIp: string | undefined): CallKind {
    const { address } = call.connection
    for (const kind of this.#kinds) {
      if (
        kind.status === status &&
        kind.method === call.method &&
        kind.vuTags === call.vuTags &&
        kind.callTags === call.callTags &&
        kind.address === address &&
        kind.remoteIp === remoteIp
      )
        return kind
    }
    const { registry, systemTags } = vu.services
    const tags = tagsOf(systemTags, call, remoteIp, String(status))
    const optIn = (name: string) => {
      const metric = registry.optIn(name)
      return metric === undefined ? undefined : new CallSeries(vu, metric, tags)
    }
    const kind: CallKind = {
      ...call,
      address,
      status,
      remoteIp,
      duration: new CallSeries(vu, registry.get('grpc_req_duration'), tags),
      requests: optIn('grpc_reqs'),
      failures: optIn('grpc_req_failed'),
    }
    this.#kinds[this.#next] = kind
    this.#next = (this.#next + 1) % mostKinds
    return kind
  }
}

const recentCalls = new WeakMap<VuContext, RecentCalls>()

function kindOf(vu: VuContext, call: CallTags, status: number, remoteIp: string | undefined): CallKind {
  let recent = recentCalls.get(vu)
  if (recent === undefined) {
    recent = new RecentCalls()
    recentCalls.set(vu, recent)
  }
  return recent.of(vu, call, status, remoteIp)
}

/**
 * Adds a sample of grpc_req_duration. System tags go over all others, but for `name`, which a script may choose; a call
 * that no script named (a health check) has only the VU's tags and its status. `remoteIp` is absent for one that was not
 * sent.
 */
export function addDuration(
  vu: VuContext,
  call: CallTags,
  status: number,
  durationMs: number,
  remoteIp: string | undefined,
): void {
  kindOf(vu, call, status, remoteIp).duration.add(durationMs)
}

/**
 * Adds a call of the script that has ended: how long it took, if that is to be kept, and where grpc_reqs or grpc_req_failed are
 * switched on, that it was made and whether it failed.
 */
export function addCall(
  vu: VuContext,
  call: CallTags,
  status: number,
  durationMs: number | undefined,
  remoteIp: string | undefined,
): void {
  const { duration, requests, failures } = kindOf(vu, call, status, remoteIp)
  if (durationMs !== undefined) duration.add(durationMs)
  requests?.add(1)
  failures?.add(status === Status.ok ? 0 : 1)
}

/** What a stream counts while it is open, and the times of its messages, where somebody wants to know them. */
export interface StreamSeries {
  readonly streams: CallSeries
  readonly sent: CallSeries
  readonly received: CallSeries
  readonly timeToFirst: CallSeries | undefined
  readonly timeBetween: CallSeries | undefined
}

/** With the tags of its call, but no status, for it has none yet. */
export function streamSeries(vu: VuContext, call: CallTags, remoteIp: string | undefined): StreamSeries {
  const { registry, systemTags } = vu.services
  const tags = tagsOf(systemTags, call, remoteIp, '')
  const counter = (name: string) => new CallSeries(vu, registry.get(name), tags)
  const optIn = (name: string) => {
    const metric = registry.optIn(name)
    return metric === undefined ? undefined : new CallSeries(vu, metric, tags)
  }
  return {
    streams: counter('grpc_streams'),
    sent: counter('grpc_streams_msgs_sent'),
    received: counter('grpc_streams_msgs_received'),
    timeToFirst: optIn('grpc_streams_time_to_first_msg'),
    timeBetween: optIn('grpc_streams_time_between_msgs'),
  }
}

/** Tag sets that were made before, by what they were made of: most calls of a VU look alike. */
const made = new WeakMap<TagSet, Map<string, TagSet>>()
const maxMade = 1000

/** `status` is empty where there is none. */
function tagsOf(systemTags: ReadonlySet<string>, call: CallTags, remoteIp: string | undefined, status: string): TagSet {
  const { method, connection, vuTags, callTags } = call
  const ip = systemTags.has('ip') ? (remoteIp ?? '') : ''
  const isPlain = callTags.size === 0
  const key = `${status} ${ip} ${connection.address} ${method?.path ?? ''}`
  let ofVu = made.get(vuTags)
  const known = isPlain ? ofVu?.get(key) : undefined
  if (known !== undefined) return known
  const tags = new Map<string, string>([...vuTags.entries, ...callTags])
  if (method !== undefined) {
    if (systemTags.has('url')) tags.set('url', connection.address + method.path)
    if (systemTags.has('service')) tags.set('service', method.service)
    if (systemTags.has('method')) tags.set('method', method.name)
    if (systemTags.has('name') && !tags.has('name')) tags.set('name', method.path)
  }
  if (ip !== '') tags.set('ip', ip)
  if (status !== '' && systemTags.has('status')) tags.set('status', status)
  const set = TagSet.from(tags)
  if (isPlain) {
    if (ofVu === undefined) {
      ofVu = new Map()
      made.set(vuTags, ofVu)
    }
    if (ofVu.size < maxMade) ofVu.set(key, set)
  }
  return set
}
