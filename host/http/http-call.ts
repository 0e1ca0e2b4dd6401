/**
 * One call of a script, from its description to the last response: cookies, authentication, redirects, a sample for each
 * request on the wire. What goes over the wire is done by exchange.ts.
 */
import { performance } from 'node:perf_hooks'
import type { TagSet } from '../../metrics/tag-set.js'
import { cappedMs, roomForConnection, turnOf, waitUntil } from '../call-limits.js'
import { DialDeadline } from '../net/dial-deadline.js'
import { tlsSettingsOf } from '../net/tls.js'
import type { VuContext } from '../vu-context.js'
import { decodeBody, encodeBody } from './content-encoding.js'
import type { HttpJar } from './cookie-jar.js'
import { basicAnswer, digestAnswer } from './digest-auth.js'
import { type ExchangeTimes, exchange, type WireRequest, type WireResponse } from './exchange.js'
import { addHop, type Timings } from './hop-samples.js'
import { type DialTimes, type HttpConnection, type HttpDialOptions, loadUndici } from './http-connection.js'
import { debugObserver } from './http-debug.js'
import { failureOf, HttpFailure, timedOut } from './http-failure.js'
import { follow, mostRedirects, type RedirectedRequest, stoppedText, tooMany } from './redirect.js'
import type { RequestCookie, RequestSpec } from './request-spec.js'
import type { StatusSet } from './status-set.js'
import { type HttpTarget, parseHttpTarget } from './url.js'

/** What a call came to. */
export interface CallOutcome {
  readonly target: HttpTarget
  readonly method: string
  /** The headers of the last request. */
  readonly requestHeaders: readonly (readonly [name: string, value: string])[]
  readonly requestBody: Uint8Array | undefined
  readonly requestCookies: readonly RequestCookie[]
  readonly response: WireResponse | undefined
  readonly connection: HttpConnection | undefined
  readonly timings: Timings
  readonly failure: HttpFailure | undefined
}

/** k6's option without a value. */
const defaultMaxRedirects = 10
/** Headers that are the client's own, and those that speak of the connection. */
const overlooked = new Set(['content-length', 'transfer-encoding', 'trailer'])
const refused = new Set(['upgrade', 'expect', 'keep-alive', 'http2-settings'])

/**
 * Makes the call. Network failures are in the outcome.
 *
 * @param tags the VU's when the call began, the call's own over them
 * @param jar gives the cookies, and takes those of the responses
 * @throws {HttpFailure} for a URL that cannot be requested; nothing is measured then
 */
export async function performCall(
  vu: VuContext,
  spec: RequestSpec,
  body: Uint8Array | undefined,
  tags: TagSet,
  jar: HttpJar,
): Promise<CallOutcome> {
  const target = parseHttpTarget(spec.url)
  // Not asked for again: by the time that something ends, the VU may be in its next iteration.
  const { signal } = vu.abort
  await loadUndici()
  await ownTurnOf(vu, signal)
  await turnOf(vu, signal)
  const deadline = new DialDeadline(cappedMs(vu, spec.timeoutMs), signal)
  try {
    return await new HttpCall(vu, spec, tags, jar, deadline.signal, signal).run(target, body)
  } finally {
    deadline.clear()
  }
}

/** Waits for this call's turn under the option `rps`; that is no part of the time that it has. */
async function ownTurnOf(vu: VuContext, signal: AbortSignal): Promise<void> {
  const next = vu.http.runtime.options.nextSlotMs?.()
  if (next !== undefined) await waitUntil(next, vu.services.now, signal)
}

class HttpCall {
  readonly #vu: VuContext
  readonly #spec: RequestSpec
  readonly #tags: TagSet
  readonly #jar: HttpJar
  /** Aborted when the time is up, and when the iteration is cut. */
  readonly #signal: AbortSignal
  /** Aborted when the iteration is cut. */
  readonly #cut: AbortSignal
  readonly #expected: StatusSet | null
  #requests = 0

  constructor(vu: VuContext, spec: RequestSpec, tags: TagSet, jar: HttpJar, signal: AbortSignal, cut: AbortSignal) {
    this.#vu = vu
    this.#spec = spec
    this.#tags = tags
    this.#jar = jar
    this.#signal = signal
    this.#cut = cut
    this.#expected = spec.expected === undefined ? vu.http.expected : spec.expected
  }

  async run(target: HttpTarget, body: Uint8Array | undefined): Promise<CallOutcome> {
    const { options } = this.#vu.http.runtime
    let request = await this.#first(target, body)
    for (let count = 0; ; count++) {
      const outcome = await this.#hop(request)
      const { response } = outcome
      if (response === undefined || outcome.failure !== undefined) return outcome
      const location = headerOf(response, 'location')
      const next = this.#next(request, response.status, location, target.hostName)
      if (next instanceof HttpFailure) return { ...outcome, failure: next }
      if (next === undefined) return outcome
      const asked = this.#spec.redirects ?? options.maxRedirects
      if (count >= (asked ?? defaultMaxRedirects)) {
        if (asked === undefined) this.#warn(stoppedText(count), { url: target.shown })
        return outcome
      }
      if (count >= mostRedirects) return { ...outcome, failure: tooMany() }
      request = next
    }
  }

  #next(request: RedirectedRequest, status: number, location: string | undefined, firstHost: string) {
    try {
      return follow(request, status, location, firstHost)
    } catch (e) {
      if (e instanceof HttpFailure) return e
      throw e
    }
  }

  /** The request as the script described it. */
  async #first(target: HttpTarget, body: Uint8Array | undefined): Promise<RedirectedRequest> {
    const { headers, encodings, method } = this.#spec
    const kept: [string, string][] = []
    for (const [name, value] of headers) {
      const lower = name.toLowerCase()
      if (refused.has(lower)) throw new HttpFailure(1000, `the request header ${name} is not supported`)
      if (lower === 'content-length' && Number(value) !== (body?.byteLength ?? 0)) {
        const text = `The specified Content-Length header "${value}" does not match the actual request body length, so it will be ignored!`
        this.#warn(text, {})
      }
      if (!overlooked.has(lower)) kept.push([canonicalHeader(name), value])
    }
    const has = (wanted: string) => kept.some(([name]) => name.toLowerCase() === wanted)
    const { userAgent } = this.#vu.http.runtime.options
    if (!has('user-agent') && userAgent !== '') kept.push(['User-Agent', userAgent])
    let bytes = body
    if (bytes !== undefined && encodings.length > 0) {
      bytes = await encodeBody(bytes, encodings)
      if (!has('content-encoding')) kept.push(['Content-Encoding', encodings.join(', ')])
    }
    return { target, method, headers: kept, body: bytes, mayShowSecrets: true }
  }

  /** One place, twice if it asks who is there. */
  async #hop(request: RedirectedRequest): Promise<CallOutcome> {
    const { auth } = this.#spec
    const credentials = request.target.userInfo
    if (auth !== 'digest' || credentials === undefined) {
      return this.#send(request, credentials && basicAnswer(credentials), this.#expected)
    }
    // The answer needs the server's challenge, so that the first response is a refusal by intention.
    const first = await this.#send(request, undefined, this.#expected && [[401, 401]])
    const challenge = first.response && headerOf(first.response, 'www-authenticate')
    if (first.failure !== undefined || first.response?.status !== 401 || challenge === undefined) return first
    let answer: string | undefined
    try {
      answer = digestAnswer(challenge, credentials, request.method, request.target.path)
    } catch (e) {
      if (e instanceof HttpFailure) return { ...first, failure: e }
      throw e
    }
    return answer === undefined ? first : this.#send(request, answer, this.#expected)
  }

  /** One request on the wire, measured. */
  async #send(
    request: RedirectedRequest,
    authorization: string | undefined,
    expected: StatusSet | null,
  ): Promise<CallOutcome> {
    const vu = this.#vu
    const { target, method } = request
    // The turn of the first one was waited for before the time began.
    if (this.#requests++ > 0) await turnOf(vu, this.#signal)
    const cookies = await this.#cookiesFor(request)
    const headers = [...request.headers]
    const has = (wanted: string) => headers.some(([name]) => name.toLowerCase() === wanted)
    if (authorization !== undefined && !has('authorization')) headers.push(['Authorization', authorization])
    if (cookies.length > 0) addCookies(headers, cookies)
    const wire: WireRequest = {
      method,
      path: target.path,
      headers: this.#wireHeaders(headers, target),
      body: request.body,
    }
    const sent = await this.#overTheWire(target, wire)
    const failure = sent.failure ?? sent.response?.failure
    const response = sent.response
    const outcome: CallOutcome = {
      target,
      method,
      requestHeaders: headers.filter(([name]) => name.toLowerCase() !== 'host'),
      requestBody: request.body,
      requestCookies: cookies,
      response,
      connection: sent.connection,
      timings: sent.timings,
      failure,
    }
    if (response !== undefined) {
      const lines = response.headers.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value)
      if (lines.length > 0) await this.#jar.store(urlFor(target), lines)
    }
    if (!this.#cut.aborted) {
      const hop = {
        method,
        shownUrl: target.shown,
        name: this.#spec.name,
        status: response?.status ?? 0,
        proto: response === undefined ? '' : 'HTTP/1.1',
        tlsVersion: response === undefined ? '' : (sent.connection?.tlsVersion ?? ''),
        remoteIp: sent.connection?.remoteIp ?? '',
        failure,
        timings: sent.timings,
      }
      addHop(vu, hop, this.#tags, expected)
    }
    return outcome
  }

  async #overTheWire(target: HttpTarget, wire: WireRequest) {
    const observer = debugObserver(this.#vu)
    observer?.onRequest(wire)
    const beganAtMs = performance.now()
    let mayReuse = !this.#vu.http.runtime.options.noConnectionReuse
    for (;;) {
      const attempt = await this.#attempt(target, wire, beganAtMs, mayReuse)
      if (attempt.isStale && !this.#signal.aborted) {
        mayReuse = false
        continue
      }
      if (attempt.response !== undefined) observer?.onResponse(attempt.response)
      return attempt
    }
  }

  /** Stale is what a connection that was kept shows when the server has just ended it: such a request is made once more. */
  async #attempt(target: HttpTarget, wire: WireRequest, beganAtMs: number, mayReuse: boolean) {
    const { http } = this.#vu
    const dialTimes: DialTimes = {}
    const times: ExchangeTimes = {}
    let acquiredAtMs: number | undefined
    let connection: HttpConnection | undefined
    let response: WireResponse | undefined
    let failure: HttpFailure | undefined
    let wasReused = false
    try {
      const dial = this.#dialOptions(target)
      connection = await http.pool.acquire(dial, dialTimes, this.#signal, mayReuse, () => roomForConnection(this.#vu))
      wasReused = connection.isReused
      acquiredAtMs = performance.now()
      response = await exchange(connection, wire, times, this.#limits(), this.#signal)
      if (response.failure === undefined && !http.runtime.options.noConnectionReuse) http.pool.release(dial, connection)
      else http.pool.discard(connection)
    } catch (e) {
      if (connection !== undefined) http.pool.discard(connection)
      failure = this.#failureOf(e)
    }
    const endedAtMs = performance.now()
    const timings = timingsOf(beganAtMs, dialTimes, acquiredAtMs, times, endedAtMs)
    const isStale = wasReused && mayReuse && failure !== undefined && isReplayable(wire)
    if (response !== undefined && this.#signal.aborted && response.failure !== undefined) {
      response = { ...response, failure: this.#failureOf(response.failure) }
    }
    return { response, failure, connection, timings, isStale }
  }

  /** What an error means; the end of the time goes before all that follows from it. */
  #failureOf(error: unknown): HttpFailure {
    if (this.#signal.aborted && !this.#cut.aborted) return timedOut()
    const failure = failureOf(error)
    if (failure instanceof HttpFailure) return failure
    if (this.#cut.aborted) return new HttpFailure(1000, 'context canceled')
    throw failure
  }

  #dialOptions({ isTls, hostName, port }: HttpTarget): HttpDialOptions {
    const { runtime } = this.#vu.http
    return {
      isTls,
      hostName,
      port,
      resolver: runtime.resolver,
      vu: this.#vu.id,
      tls: isTls ? tlsSettingsOf(runtime.options.tls, undefined, hostName) : {},
      localIp: runtime.options.localIpOf?.(this.#vu.id),
    }
  }

  #limits() {
    return {
      maxBodyBytes: this.#vu.services.limits.httpBodyBytes,
      keepsBody: responseTypeOf(this.#vu, this.#spec) !== 'none',
    }
  }

  #wireHeaders(headers: readonly (readonly [string, string])[], target: HttpTarget): [string, string][] {
    const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? target.authority
    const rest = headers
      .filter(([name]) => name.toLowerCase() !== 'host')
      .map(([name, value]): [string, string] => [name, value])
    const closes = this.#vu.http.runtime.options.noConnectionReuse && !rest.some(([name]) => name === 'Connection')
    return [['Host', host], ...rest, ...(closes ? [['Connection', 'close'] as [string, string]] : [])]
  }

  /** The call's own cookies, then those of the jar that they do not replace. */
  async #cookiesFor({ target, mayShowSecrets }: RedirectedRequest): Promise<RequestCookie[]> {
    const own = mayShowSecrets ? this.#spec.cookies : []
    const replaced = new Set(own.filter(({ replace }) => replace).map(({ name }) => name))
    const stored = await this.#jar.cookiesFor(urlFor(target))
    const others = stored.filter(([name]) => !replaced.has(name))
    return [...own, ...others.map(([name, value]) => ({ name, value, replace: false }))]
  }

  #warn(msg: string, fields: Record<string, string>): void {
    this.#vu.services.log({ level: 'warning', msg, fields, timeMs: this.#vu.services.now() })
  }
}

/** How the body of the response is wanted. */
export function responseTypeOf(vu: VuContext, spec: RequestSpec): 'text' | 'binary' | 'none' {
  return spec.responseType ?? (vu.http.runtime.options.discardsBodies ? 'none' : 'text')
}

/** The body of a response as the script gets it: without its encodings. @throws {HttpFailure} 1701 */
export function plainBody(vu: VuContext, response: WireResponse): Promise<Uint8Array> {
  const encoding = headerOf(response, 'content-encoding')
  if (encoding === undefined) return Promise.resolve(response.body)
  return decodeBody(response.body, encoding, vu.services.limits.httpBodyBytes)
}

function headerOf(response: WireResponse, wanted: string): string | undefined {
  return response.headers.find(([name]) => name.toLowerCase() === wanted)?.[1]
}

/** The URL that cookies are looked up by. */
function urlFor({ isTls, authority, path }: HttpTarget): string {
  return `${isTls ? 'https' : 'http'}://${authority}${path}`
}

function addCookies(headers: (readonly [string, string])[], cookies: readonly RequestCookie[]): void {
  const text = cookies.map(({ name, value }) => `${name}=${cookieValue(value)}`).join('; ')
  const at = headers.findIndex(([name]) => name.toLowerCase() === 'cookie')
  if (at < 0) headers.push(['Cookie', text])
  else headers[at] = ['Cookie', `${headers[at]![1]}; ${text}`]
}

/** Go leaves out what has no place in a cookie, and quotes values with blanks or commas. */
function cookieValue(value: string): string {
  const clean = value.replace(/[^\x20-\x7e]|["\\;]/g, '')
  return /[ ,]/.test(clean) ? `"${clean}"` : clean
}

/** `content-type` as `Content-Type`. */
export function canonicalHeader(name: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return name
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
}

function isReplayable({ method }: WireRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE'
}

function timingsOf(
  beganAtMs: number,
  dial: DialTimes,
  acquiredAtMs: number | undefined,
  { sentAtMs, headersAtMs }: ExchangeTimes,
  endedAtMs: number,
): Timings {
  const { connectingAtMs, connectedAtMs, securedAtMs } = dial
  const wasSent = acquiredAtMs !== undefined
  // Loading the client once, and the like, is nobody's part; it counts as blocked.
  const blocked = (connectingAtMs ?? acquiredAtMs ?? endedAtMs) - beganAtMs
  const sentAt = sentAtMs ?? endedAtMs
  const headersAt = headersAtMs ?? endedAtMs
  const sending = wasSent ? sentAt - acquiredAtMs : 0
  const waiting = wasSent ? Math.max(headersAt - sentAt, 0) : 0
  const receiving = wasSent ? endedAtMs - headersAt : 0
  return {
    duration: sending + waiting + receiving,
    blocked,
    looking_up: 0,
    connecting: connectingAtMs !== undefined && connectedAtMs !== undefined ? connectedAtMs - connectingAtMs : 0,
    tls_handshaking: connectedAtMs !== undefined && securedAtMs !== undefined ? securedAtMs - connectedAtMs : 0,
    sending,
    waiting,
    receiving,
  }
}
