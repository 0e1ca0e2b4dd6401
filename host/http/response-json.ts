/** A response as the guest half gets it: JSON with k6's keys in k6's order, and a number for the body. */
import type { VuContext } from '../vu-context.js'
import { receivedCookies } from './cookie-jar.js'
import { errorCodeOf, type Timings } from './hop-samples.js'
import { type CallOutcome, canonicalHeader, plainBody, responseTypeOf } from './http-call.js'
import { HttpFailure } from './http-failure.js'
import type { RequestSpec } from './request-spec.js'

const noTimings: Timings = {
  duration: 0,
  blocked: 0,
  looking_up: 0,
  connecting: 0,
  tls_handshaking: 0,
  sending: 0,
  waiting: 0,
  receiving: 0,
}
/** Stapled answers about certificates are not asked for. */
const noOcsp = {
  produced_at: 0,
  this_update: 0,
  next_update: 0,
  revocation_reason: '',
  revoked_at: 0,
  status: 'unknown',
}

const reader = new TextDecoder('utf-8', { ignoreBOM: true })

/** What a call gives to the guest. `failure` is what is logged or thrown. */
export interface GuestResponse {
  readonly json: string
  readonly failure: HttpFailure | undefined
}

/** The response of a call whose request could not even be made. */
export function failedResponse(failure: HttpFailure): GuestResponse {
  const json = envelope({ url: '', status: 0, error: failure.message, error_code: failure.code }, undefined, undefined)
  return { json, failure }
}

/** Reads the body as the script wants it and leaves it with the VU, to be taken. */
export async function guestResponse(vu: VuContext, spec: RequestSpec, outcome: CallOutcome): Promise<GuestResponse> {
  const { response, connection } = outcome
  let { failure } = outcome
  const type = responseTypeOf(vu, spec)
  let body: string | Uint8Array | undefined
  if (response !== undefined && type !== 'none') {
    let bytes = response.body
    try {
      bytes = await plainBody(vu, response)
    } catch (e) {
      if (!(e instanceof HttpFailure)) throw e
      failure ??= e
    }
    body = type === 'binary' ? bytes : reader.decode(bytes)
  }
  const lines = response?.headers ?? []
  const setCookies = lines.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value)
  const status = response?.status ?? 0
  const fields = {
    remote_ip: connection?.remoteIp ?? '',
    remote_port: connection?.remotePort ?? 0,
    url: outcome.target.text,
    status,
    status_text: response === undefined ? '' : `${status} ${response.statusText}`.trimEnd(),
    proto: response === undefined ? '' : 'HTTP/1.1',
    headers: joined(lines),
    cookies: Object.fromEntries(await receivedCookies(setCookies)),
    timings: outcome.timings,
    tls_version: connection?.tlsVersion ?? '',
    tls_cipher_suite: connection?.tlsCipherSuite ?? '',
    error: failure?.short ?? '',
    error_code: errorCodeOf({ failure, status }),
  }
  return { json: envelope(fields, outcome, body === undefined ? undefined : keep(vu, body)), failure }
}

/** Text with a NUL cannot cross as it is. */
function keep(vu: VuContext, body: string | Uint8Array): { id: number; form: 'text' | 'json' | 'bytes' } {
  if (typeof body !== 'string') return { id: vu.http.keepBody(body), form: 'bytes' }
  if (!body.includes('\0')) return { id: vu.http.keepBody(body), form: 'text' }
  return { id: vu.http.keepBody(JSON.stringify(body)), form: 'json' }
}

function envelope(
  fields: Record<string, unknown>,
  outcome: CallOutcome | undefined,
  body: { id: number; form: string } | undefined,
): string {
  const request = {
    method: outcome?.method ?? '',
    url: outcome?.target.text ?? '',
    headers: Object.fromEntries(grouped(outcome?.requestHeaders ?? [])),
    body: outcome?.requestBody === undefined ? '' : reader.decode(outcome.requestBody),
    cookies: Object.fromEntries(byName(outcome?.requestCookies ?? [])),
  }
  const response = {
    remote_ip: '',
    remote_port: 0,
    url: '',
    status: 0,
    status_text: '',
    proto: '',
    headers: {},
    cookies: {},
    body: null,
    timings: noTimings,
    tls_version: '',
    tls_cipher_suite: '',
    ocsp: noOcsp,
    error: '',
    error_code: 0,
    request,
    ...fields,
  }
  return JSON.stringify({ response, body })
}

/** Headers by their canonical names, lines of one name joined as k6 does. */
function joined(lines: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries([...grouped(lines)].map(([name, values]) => [name, values.join(', ')]))
}

function grouped(lines: readonly (readonly [string, string])[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of lines) {
    const key = canonicalHeader(name)
    const others = groups.get(key)
    if (others === undefined) groups.set(key, [value])
    else others.push(value)
  }
  return groups
}

function byName<T extends { name: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const others = groups.get(item.name)
    if (others === undefined) groups.set(item.name, [item])
    else others.push(item)
  }
  return groups
}
