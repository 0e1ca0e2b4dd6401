/** Which samples one request on the wire leaves behind, and with which tags: k6's, a set for each redirect. */
import { TagSet } from '../../metrics/tag-set.js'
import type { VuContext } from '../vu-context.js'
import type { HttpFailure } from './http-failure.js'
import { isExpected, type StatusSet } from './status-set.js'

/** How long the parts of a request took, in milliseconds; the order is that of k6's `response.timings`. */
export interface Timings {
  readonly duration: number
  readonly blocked: number
  /** Always 0, as in k6. */
  readonly looking_up: number
  readonly connecting: number
  readonly tls_handshaking: number
  readonly sending: number
  readonly waiting: number
  readonly receiving: number
}

export interface Hop {
  readonly method: string
  /** What the tags `url` and `name` say when the script gave no name. */
  readonly shownUrl: string
  readonly name: string | undefined
  readonly status: number
  /** Empty without a response. */
  readonly proto: string
  readonly tlsVersion: string
  readonly remoteIp: string
  readonly failure: HttpFailure | undefined
  readonly timings: Timings
}

/** The code that a response shows: that of the failure, or one made of a status of 400 and more. */
export function errorCodeOf({ failure, status }: Pick<Hop, 'failure' | 'status'>): number {
  return failure?.code ?? (status >= 400 ? 1000 + status : 0)
}

/**
 * Adds the samples of one request.
 *
 * @param tags the VU's when the request began, the script's over them
 * @param expected null when nothing is judged
 */
export function addHop(vu: VuContext, hop: Hop, tags: TagSet, expected: StatusSet | null): void {
  const { samples, registry, systemTags, now } = vu.services
  const all = new Map<string, string>(tags.entries)
  const put = (name: string, value: string) => {
    if (value !== '' && systemTags.has(name)) all.set(name, value)
  }
  const { failure, timings } = hop
  const isAsExpected = expected === null ? undefined : failure === undefined && isExpected(expected, hop.status)
  put('method', hop.method)
  put('name', hop.name ?? hop.shownUrl)
  // A name stands for the URL too, so that one that differs with each request makes no series of its own.
  put('url', hop.name ?? hop.shownUrl)
  put('status', String(hop.status))
  put('proto', hop.proto)
  put('tls_version', hop.tlsVersion)
  put('ip', hop.remoteIp)
  put('error', failure?.short ?? '')
  const code = errorCodeOf(hop)
  put('error_code', code === 0 ? '' : String(code))
  if (isAsExpected !== undefined) put('expected_response', String(isAsExpected))
  if (!systemTags.has('name')) all.delete('name')
  const set = TagSet.from(all)
  const time = now()
  const add = (name: string, value: number) => {
    const metric = registry.get(name)
    if (metric !== undefined) samples.add(samples.series(metric, set, vu.metadata), time, value)
  }
  add('http_reqs', 1)
  add('http_req_duration', timings.duration)
  add('http_req_blocked', timings.blocked)
  add('http_req_connecting', timings.connecting)
  add('http_req_tls_handshaking', timings.tls_handshaking)
  add('http_req_sending', timings.sending)
  add('http_req_waiting', timings.waiting)
  add('http_req_receiving', timings.receiving)
  if (isAsExpected !== undefined) add('http_req_failed', isAsExpected ? 0 : 1)
}
