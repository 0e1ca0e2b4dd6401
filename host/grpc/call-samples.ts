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
  const { registry, systemTags } = vu.services
  const tags = tagsOf(systemTags, call, remoteIp, String(status))
  addSample(vu, registry.get('grpc_req_duration'), tags, durationMs)
}

/** Counts a call of the script that has ended, and whether it failed, where grpc_reqs or grpc_req_failed are switched on. */
export function addRequest(vu: VuContext, call: CallTags, status: number, remoteIp: string | undefined): void {
  const { registry, systemTags } = vu.services
  const requests = registry.optIn('grpc_reqs')
  const failures = registry.optIn('grpc_req_failed')
  if (requests === undefined && failures === undefined) return
  const tags = tagsOf(systemTags, call, remoteIp, String(status))
  addSample(vu, requests, tags, 1)
  addSample(vu, failures, tags, status === Status.ok ? 0 : 1)
}

/** The tags of what a stream counts while it is open: those of its call, but no status, for it has none yet. */
export function countTags(vu: VuContext, call: CallTags, remoteIp: string | undefined): TagSet {
  return tagsOf(vu.services.systemTags, call, remoteIp, '')
}

export type StreamCounter = 'grpc_streams' | 'grpc_streams_msgs_sent' | 'grpc_streams_msgs_received'

/** Counts one stream, or one message of it. */
export function addCount(vu: VuContext, counter: StreamCounter, tags: TagSet): void {
  addSample(vu, vu.services.registry.get(counter), tags, 1)
}

/** How long messages of a stream let wait for them. */
export interface MessageTimes {
  readonly toFirst: Metric | undefined
  readonly between: Metric | undefined
}

/** The metrics of a stream's times; undefined when none is switched on. */
export function messageTimesOf(vu: VuContext): MessageTimes | undefined {
  const { registry } = vu.services
  const toFirst = registry.optIn('grpc_streams_time_to_first_msg')
  const between = registry.optIn('grpc_streams_time_between_msgs')
  return toFirst === undefined && between === undefined ? undefined : { toFirst, between }
}

/** Adds a sample with the tags of a stream, unless there is no such metric. */
export function addSample(vu: VuContext, metric: Metric | undefined, tags: TagSet, value: number): void {
  const { samples, now } = vu.services
  if (metric !== undefined) samples.add(samples.series(metric, tags, vu.metadata), now(), value)
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
