/** What a script gets of an HTTP response: k6's keys in k6's order, and what it can do with the body. */
import { ops } from './bridge.js'
import { safeText } from './describe-error.js'
import { GoError } from './go-error.js'
import { select } from './json-path.js'
import { arrayPush, defineProperty, isArrayBuffer, keys, parseJson, setPrototypeOf, toText } from './primordials.js'

const host = ops<{ takeBody(id: number): string | ArrayBuffer }>('http', ['takeBody'])
const utf8 = ops<{ decode(bytes: ArrayBuffer, isFatal: boolean): string }>('utf8', ['decode'])

/** A cookie that a server set. k6 spells the names so; those of @types/k6 are there too, hidden. */
export interface ResponseCookie {
  name: string
  value: string
  domain: string
  path: string
  http_only: boolean
  secure: boolean
  max_age: number
  expires: number
  readonly httpOnly: boolean
  readonly maxAge: number
}

export interface RequestCookie {
  name: string
  value: string
  replace: boolean
}

/** The members of a response; what it can do is in its prototype. */
interface ResponseFields {
  remote_ip: string
  remote_port: number
  url: string
  status: number
  status_text: string
  proto: string
  headers: Record<string, string>
  cookies: Record<string, ResponseCookie[]>
  body: string | ArrayBuffer | null
  timings: {
    duration: number
    blocked: number
    looking_up: number
    connecting: number
    tls_handshaking: number
    sending: number
    waiting: number
    receiving: number
  }
  tls_version: string
  tls_cipher_suite: string
  ocsp: {
    produced_at: number
    this_update: number
    next_update: number
    revocation_reason: string
    revoked_at: number
    status: string
  }
  error: string
  error_code: number
  request: {
    method: string
    url: string
    headers: Record<string, string[]>
    body: string
    cookies: Record<string, RequestCookie[]>
  }
}

export interface Response extends ResponseFields {
  json(selector?: unknown): unknown
  html(selector?: unknown): never
  submitForm(args?: unknown): never
  clickLink(args?: unknown): never
}

interface Envelope {
  response: ResponseFields
  body?: { id: number; form: 'text' | 'json' | 'bytes' }
}

function leftOut(name: string): never {
  throw new GoError(`response.${name}() is not supported: k6/html is left out`)
}

const methods = {
  /** The body as JSON, or what a selector finds in it. */
  json(this: ResponseFields, selector?: unknown): unknown {
    const { body } = this
    if (body === null || body === undefined) {
      throw new GoError(
        "the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
      )
    }
    let value: unknown
    try {
      value = parseJson(isArrayBuffer(body) ? (parseJson(utf8.decode(body, false)) as string) : toText(body))
    } catch (e) {
      throw new GoError(`cannot parse json due to an error: ${safeText(e)}`)
    }
    return selector === undefined || selector === null ? value : select(value, toText(selector))
  },
  html: (): never => leftOut('html'),
  submitForm: (): never => leftOut('submitForm'),
  clickLink: (): never => leftOut('clickLink'),
}

const prototype = {}
const names = keys(methods) as (keyof typeof methods)[]
for (let i = 0; i < names.length; i++) {
  defineProperty(prototype, names[i]!, { value: methods[names[i]!], writable: true, configurable: true })
}

/** Makes of what the host answered a response. */
export function responseOf(json: string): Response {
  return fromEnvelope(parseJson(json) as Envelope)
}

/** The same for the answers to a batch. */
export function responsesOf(json: string): Response[] {
  const envelopes = parseJson(json) as Envelope[]
  const responses: Response[] = []
  for (let i = 0; i < envelopes.length; i++) {
    arrayPush(responses, fromEnvelope(envelopes[i]!))
  }
  return responses
}

function fromEnvelope({ response, body }: Envelope): Response {
  if (body !== undefined) {
    const content = host.takeBody(body.id)
    response.body = body.form === 'json' ? (parseJson(content as string) as string) : content
  }
  const cookies = keys(response.cookies)
  for (let i = 0; i < cookies.length; i++) {
    const list = response.cookies[cookies[i]!]!
    for (let j = 0; j < list.length; j++) {
      defineProperty(list[j]!, 'httpOnly', { value: list[j]!.http_only })
      defineProperty(list[j]!, 'maxAge', { value: list[j]!.max_age })
    }
  }
  return setPrototypeOf(response, prototype) as Response
}
