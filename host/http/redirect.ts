/** Where a response redirects to and what of the request goes along: the rules of Go's net/http, which k6 uses. Pure. */
import { HttpFailure } from './http-failure.js'
import { type HttpTarget, redirectTarget } from './url.js'

/** What is asked for, as far as redirects change it. */
export interface RedirectedRequest {
  readonly target: HttpTarget
  readonly method: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | undefined
  /** False once the request has left the host that it began at: what is secret stays behind for good. */
  readonly mayShowSecrets: boolean
}

const secretHeaders = new Set(['authorization', 'www-authenticate', 'cookie', 'cookie2', 'proxy-authorization'])
const bodyHeaders = /^content-(type|encoding|language|location|length)$/i

/**
 * The next request, or undefined when the response is no redirect that can be followed.
 *
 * @param firstHost the host that the script named
 * @throws {HttpFailure} when the place cannot be read
 */
export function follow(
  request: RedirectedRequest,
  status: number,
  location: string | undefined,
  firstHost: string,
): RedirectedRequest | undefined {
  const keepsMethod = status === 307 || status === 308
  if (!keepsMethod && status !== 301 && status !== 302 && status !== 303) return undefined
  if (location === undefined || location === '') {
    return undefined
  }
  const target = redirectTarget(request.target, location)
  const hasToBeGet = !keepsMethod && request.method !== 'GET' && request.method !== 'HEAD'
  const keepsBody = keepsMethod
  const mayShowSecrets = request.mayShowSecrets && isSameOrBelow(target.hostName, firstHost)
  const headers = request.headers.filter(([name]) => {
    const lower = name.toLowerCase()
    if (lower === 'host' || lower === 'referer') return false
    if (!mayShowSecrets && secretHeaders.has(lower)) return false
    return keepsBody || !bodyHeaders.test(name)
  })
  const referer = refererOf(request.target, target)
  return {
    target,
    method: hasToBeGet ? 'GET' : request.method,
    headers: referer === undefined ? headers : [...headers, ['Referer', referer]],
    body: keepsBody ? request.body : undefined,
    mayShowSecrets,
  }
}

/** True for the host itself and for names below it. */
function isSameOrBelow(host: string, first: string): boolean {
  if (host === first) return true
  return !/^[\d.]+$|:/.test(host) && host.endsWith(`.${first}`)
}

function refererOf(from: HttpTarget, to: HttpTarget): string | undefined {
  if (from.isTls && !to.isTls) return undefined
  return from.userInfo === undefined ? from.text : from.text.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
}

/** The warning when a limit that nobody set ends the redirects. */
export function stoppedText(count: number): string {
  return (
    `Stopped after ${count} redirects and returned the redirection; pass { redirects: n } in request params or set ` +
    'global maxRedirects to silence this'
  )
}

/** Redirects without end must end even for scripts that allow any number. */
export const mostRedirects = 1000

export function tooMany(): HttpFailure {
  return new HttpFailure(1000, `stopped after ${mostRedirects} redirects`)
}
