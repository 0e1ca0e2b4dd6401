/**
 * A request as the guest half describes it (modules/internal/http-request.ts): JSON whose every part is checked here again.
 * Pure: nothing of it is looked up or sent.
 */
import { parseDuration } from '../../go/duration.js'
import { GoSyntaxError } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'
import { GuestError } from '../../runtime/guest-error.js'
import { jsonOf } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'
import { isEncoding, type RequestEncoding } from './content-encoding.js'
import { type StatusSet, statusSetOf } from './status-set.js'

export interface RequestCookie {
  readonly name: string
  readonly value: string
  /** Sent in place of the jar's cookie of that name, and not beside it. */
  readonly replace: boolean
}

export interface RequestSpec {
  readonly method: string
  readonly url: string
  /** The name that a URL of `http.url` has, or the tag `name`. */
  readonly name: string | undefined
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly cookies: readonly RequestCookie[]
  readonly tags: readonly (readonly [name: string, value: string])[]
  readonly timeoutMs: number
  readonly redirects: number | undefined
  readonly responseType: ResponseType | undefined
  readonly auth: 'basic' | 'digest' | undefined
  readonly encodings: readonly RequestEncoding[]
  /** The number of the jar. */
  readonly jar: number
  /** Null: nothing is expected and nothing judged. Undefined: as the VU says. */
  readonly expected: StatusSet | null | undefined
  readonly throws: boolean | undefined
}

export type ResponseType = 'text' | 'binary' | 'none'

const defaultTimeoutMs = 60_000
const maxSpecLength = 4 * 1024 * 1024
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

function objectOf(json: string): Record<string, unknown> {
  const given = jsonOf(json, 'a specification')
  if (typeof given !== 'object' || given === null) throw malformed('specification')
  return given as Record<string, unknown>
}

/** @throws {GuestError} with what is wrong with the parameters of the script */
export function readRequestSpec(json: Crossing): RequestSpec {
  if (typeof json !== 'string') throw malformed('specification')
  if (json.length > maxSpecLength) {
    throw new GuestError('GoError', `request parameters of ${json.length} characters, more than ${maxSpecLength}`)
  }
  const given = objectOf(json)
  const tags = pairs(given.tags, 'tags')
  return {
    method: methodOf(given.method),
    url: textOf(given.url, 'url'),
    name: tags.find(([name]) => name === 'name')?.[1] ?? optional(given.urlName, (value) => textOf(value, 'name')),
    headers: headersOf(given.headers),
    cookies: cookiesOf(given.cookies),
    tags,
    timeoutMs: given.timeout === undefined ? defaultTimeoutMs : timeoutMsOf(given.timeout),
    redirects: optional(given.redirects, (value) => Math.trunc(numberOf(value, 'redirects'))),
    responseType: optional(given.responseType, responseTypeOf),
    auth: optional(given.auth, authOf),
    encodings: given.compression === undefined ? [] : encodingsOf(textOf(given.compression, 'compression')),
    jar: given.jar === undefined ? 0 : numberOf(given.jar, 'jar'),
    expected: given.expected === null ? null : optional(given.expected, statusSetOf),
    throws: optional(given.throws, (value) => value === true),
  }
}

function methodOf(value: unknown): string {
  const method = textOf(value, 'method')
  if (!token.test(method)) throw new GuestError('GoError', `net/http: invalid method ${goQuote(method.slice(0, 100))}`)
  if (method === 'CONNECT') throw new GuestError('GoError', 'the method CONNECT is not supported')
  return method
}

function headersOf(value: unknown): [string, string][] {
  const headers = pairs(value, 'headers')
  for (const [name, text] of headers) {
    if (!token.test(name)) throw new GuestError('GoError', `net/http: invalid header field name ${goQuote(name)}`)
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) {
      throw new GuestError('GoError', `net/http: invalid header field value for ${goQuote(name)}`)
    }
  }
  return headers
}

function cookiesOf(value: unknown): RequestCookie[] {
  return listOf(value, 'cookies').map((item) => {
    const [name, text, replace] = listOf(item, 'cookie')
    return { name: textOf(name, 'cookie'), value: textOf(text, 'cookie'), replace: replace === true }
  })
}

function timeoutMsOf(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  try {
    if (typeof value === 'string') return parseDuration(value)
  } catch (e) {
    if (!(e instanceof GoSyntaxError)) throw e
    throw new GuestError('GoError', `invalid timeout value: ${e.message}`)
  }
  throw new GuestError('GoError', 'invalid timeout value: it must be a number of milliseconds or a duration')
}

function responseTypeOf(value: unknown): ResponseType {
  if (value === 'text' || value === 'binary' || value === 'none') return value
  throw new GuestError('GoError', `${String(value).slice(0, 100)} does not belong to ResponseType values`)
}

function authOf(value: unknown): 'basic' | 'digest' {
  if (value === 'basic' || value === 'digest') return value
  if (value === 'ntlm') throw new GuestError('GoError', 'the authentication method ntlm is not supported')
  throw new GuestError('GoError', `unknown authentication method ${goQuote(String(value).slice(0, 100))}`)
}

function encodingsOf(text: string): RequestEncoding[] {
  const names = text.split(',').map((name) => name.trim().toLowerCase())
  const unknown = names.find((name) => !isEncoding(name))
  if (unknown !== undefined) throw new GuestError('GoError', `unknown compression algorithm ${unknown.slice(0, 100)}`)
  if (names.length > 4) throw new GuestError('GoError', 'a request may be compressed four times at most')
  return names as RequestEncoding[]
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value)
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw malformed(what)
  return value
}

function numberOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw malformed(what)
  return value
}

function pairs(value: unknown, what: string): [string, string][] {
  return listOf(value, what).map((pair) => {
    const [name, text] = listOf(pair, what)
    return [textOf(name, what), textOf(text, what)]
  })
}

function listOf(value: unknown, what: string): unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw malformed(what)
  return value
}

function malformed(what: string): GuestError {
  return new GuestError('TypeError', `malformed ${what} of a request`)
}
