/** Guest half of `k6/http`: requests, batches, cookies, and what else a test of gRPC needs of HTTP beside it. */
import { ops } from '../internal/bridge.js'
import { GoError } from '../internal/go-error.js'
import { CookieJar, vuJar } from '../internal/http-cookies.js'
import { type FileData, fileOf } from '../internal/http-form.js'
import {
  batchItemOf,
  ExpectedStatuses,
  expectedStatusesOf,
  HttpUrl,
  namedLike,
  requestOf,
} from '../internal/http-request.js'
import { type Response, responseOf, responsesOf } from '../internal/http-response.js'
import { keys, toText } from '../internal/primordials.js'
import { promiseOf } from '../internal/tasks.js'
import { currentTagSet, vu } from '../internal/vu.js'

type Body = string | ArrayBuffer | undefined

const host = ops<{
  request(spec: string, body: Body, tagSet: number): string
  startRequest(task: number, spec: string, body: Body, tagSet: number): undefined
  addToBatch(spec: string, body: Body, tagSet: number): undefined
  dropBatch(): undefined
  batch(): string
  setExpected(statuses: string | undefined): undefined
}>('http', ['request', 'startRequest', 'addToBatch', 'dropBatch', 'batch', 'setExpected'])

export const SSL_3_0 = 'ssl3.0'
export const TLS_1_0 = 'tls1.0'
export const TLS_1_1 = 'tls1.1'
export const TLS_1_2 = 'tls1.2'
export const TLS_1_3 = 'tls1.3'
export const OCSP_STATUS_GOOD = 'good'
export const OCSP_STATUS_REVOKED = 'revoked'
export const OCSP_STATUS_SERVER_FAILED = 'server_failed'
export const OCSP_STATUS_UNKNOWN = 'unknown'
export const OCSP_REASON_UNSPECIFIED = 'unspecified'
export const OCSP_REASON_KEY_COMPROMISE = 'key_compromise'
export const OCSP_REASON_CA_COMPROMISE = 'ca_compromise'
export const OCSP_REASON_AFFILIATION_CHANGED = 'affiliation_changed'
export const OCSP_REASON_SUPERSEDED = 'superseded'
export const OCSP_REASON_CESSATION_OF_OPERATION = 'cessation_of_operation'
export const OCSP_REASON_CERTIFICATE_HOLD = 'certificate_hold'
export const OCSP_REASON_REMOVE_FROM_CRL = 'remove_from_crl'
export const OCSP_REASON_PRIVILEGE_WITHDRAWN = 'privilege_withdrawn'
export const OCSP_REASON_AA_COMPROMISE = 'aa_compromise'

export { CookieJar, type FileData, type Response }

const assertNotInit = (): void => {
  if (vu.phase === 'init') throw new GoError('Making http requests in the init context is not supported')
}

/** Any request, by the name of its method. The VM sleeps until the response is there. */
export function request(method?: unknown, url?: unknown, body?: unknown, params?: unknown): Response {
  assertNotInit()
  const crossing = requestOf(method, url, body, params)
  return responseOf(host.request(crossing.spec, crossing.body, currentTagSet()))
}

/** Any request, without waiting for it. */
export function asyncRequest(method?: unknown, url?: unknown, body?: unknown, params?: unknown): Promise<Response> {
  return promiseOf(
    (task) => {
      assertNotInit()
      const crossing = requestOf(method, url, body, params)
      host.startRequest(task, crossing.spec, crossing.body, currentTagSet())
    },
    (json) => responseOf(json as string),
  )
}

export const get = (url?: unknown, params?: unknown): Response => request('GET', url, undefined, params)
export const head = (url?: unknown, params?: unknown): Response => request('HEAD', url, undefined, params)
export const post = (url?: unknown, body?: unknown, params?: unknown): Response => request('POST', url, body, params)
export const put = (url?: unknown, body?: unknown, params?: unknown): Response => request('PUT', url, body, params)
export const patch = (url?: unknown, body?: unknown, params?: unknown): Response => request('PATCH', url, body, params)
export const del = (url?: unknown, body?: unknown, params?: unknown): Response => request('DELETE', url, body, params)
export const options = (url?: unknown, body?: unknown, params?: unknown): Response =>
  request('OPTIONS', url, body, params)

/** Several requests at once, as many as the options `batch` and `batchPerHost` allow. */
export function batch(requests?: unknown): Response[] | Record<string, Response> {
  if (vu.phase === 'init') throw new GoError('Using batch in the init context is not supported')
  if (requests === undefined) throw new GoError('no argument was provided to http.batch()')
  if (typeof requests !== 'object' || requests === null) {
    throw new GoError(`invalid http.batch() argument type ${requests === null ? 'null' : typeof requests}`)
  }
  const names = keys(requests)
  try {
    for (let i = 0; i < names.length; i++) {
      const crossing = batchItemOf((requests as Record<string, unknown>)[names[i]!])
      host.addToBatch(crossing.spec, crossing.body, currentTagSet())
    }
  } catch (e) {
    host.dropBatch()
    throw e
  }
  return namedLike(requests, responsesOf(host.batch()))
}

/** Dollar, braces: what stands for a value in the name of a URL. */
const placeholder = '$\u007b}'

/** A template tag: the name of the URL has `${}` in place of the values. */
export function url(strings: readonly string[], ...values: unknown[]): HttpUrl {
  let text = ''
  let name = ''
  for (let i = 0; i < strings.length; i++) {
    text += strings[i]!
    name += strings[i]!
    if (i >= values.length) continue
    text += toText(values[i])
    name += placeholder
  }
  return new HttpUrl(text, name)
}

/** A file for the body of a form. */
export const file = (data?: unknown, filename?: unknown, contentType?: unknown): FileData =>
  fileOf(data, filename, contentType)

/** The cookie jar of this VU. */
export const cookieJar = (): CookieJar => vuJar()

export const expectedStatuses = (...statuses: unknown[]): ExpectedStatuses => expectedStatusesOf(statuses)

/** Which statuses this VU expects from now on; null: none is judged. */
export function setResponseCallback(callback?: unknown): void {
  if (callback === null) {
    host.setExpected(undefined)
    return
  }
  const statuses = ExpectedStatuses.jsonOf(callback)
  if (statuses === undefined) throw new GoError('unsupported argument, expected http.expectedStatuses')
  host.setExpected(statuses)
}

export default {
  SSL_3_0,
  TLS_1_0,
  TLS_1_1,
  TLS_1_2,
  TLS_1_3,
  OCSP_STATUS_GOOD,
  OCSP_STATUS_REVOKED,
  OCSP_STATUS_SERVER_FAILED,
  OCSP_STATUS_UNKNOWN,
  OCSP_REASON_UNSPECIFIED,
  OCSP_REASON_KEY_COMPROMISE,
  OCSP_REASON_CA_COMPROMISE,
  OCSP_REASON_AFFILIATION_CHANGED,
  OCSP_REASON_SUPERSEDED,
  OCSP_REASON_CESSATION_OF_OPERATION,
  OCSP_REASON_CERTIFICATE_HOLD,
  OCSP_REASON_REMOVE_FROM_CRL,
  OCSP_REASON_PRIVILEGE_WITHDRAWN,
  OCSP_REASON_AA_COMPROMISE,
  CookieJar,
  asyncRequest,
  batch,
  cookieJar,
  del,
  expectedStatuses,
  file,
  get,
  head,
  options,
  patch,
  post,
  put,
  request,
  setResponseCallback,
  url,
}
