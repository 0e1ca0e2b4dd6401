/** URLs as a script writes them: text for tags and logs, parts for the wire. Resolves and dials nothing. */
import { goQuote } from '../../go/quote.js'
import { HttpFailure } from './http-failure.js'

/** A URL that may be requested. */
export interface HttpTarget {
  /** As it was written, or as a redirect gave it. */
  readonly text: string
  /** The text with stars in place of user name and password: what tags, logs and errors show. */
  readonly shown: string
  readonly isTls: boolean
  /** Name or address without brackets, in the form for the wire. */
  readonly hostName: string
  readonly port: number
  /** `host` or `host:port`, as the header Host has it. */
  readonly authority: string
  /** Path and query, as the request line has it. */
  readonly path: string
  readonly userInfo: { name: string; password: string } | undefined
}

const longestUrl = 64 * 1024

/** @throws {HttpFailure} 1020 for what is no absolute URL of http or https */
export function parseHttpTarget(text: string): HttpTarget {
  const refuse = (why: string) =>
    new HttpFailure(1020, 'invalid URL', `invalid URL: parse ${goQuote(text.slice(0, 1000))}: ${why}`)
  if (text.length > longestUrl) throw refuse(`more than ${longestUrl} characters`)
  // The parser of the URL standard would overlook these.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw refuse('net/url: invalid control character in URL')
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? ''
  if (scheme !== 'http' && scheme !== 'https') throw refuse(`unsupported protocol scheme ${goQuote(scheme)}`)
  if (!/^https?:\/\/[^/?#\\]/i.test(text)) throw refuse('no Host in request URL')
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw refuse('invalid host, port or escape')
  }
  const isTls = scheme === 'https'
  return {
    text,
    shown: withoutUserInfo(text),
    isTls,
    hostName: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    authority: url.host,
    path: url.pathname + url.search,
    userInfo:
      url.username === '' && url.password === ''
        ? undefined
        : { name: unescaped(url.username), password: unescaped(url.password) },
  }
}

/** Where a redirect leads. @throws {HttpFailure} 1020 */
export function redirectTarget(from: HttpTarget, location: string): HttpTarget {
  if (/^https?:\/\//i.test(location)) return parseHttpTarget(location)
  let resolved: string
  try {
    resolved = new URL(location, from.text).href
  } catch {
    throw new HttpFailure(1020, 'invalid URL', `failed to parse Location header ${goQuote(location.slice(0, 1000))}`)
  }
  return parseHttpTarget(resolved)
}

function withoutUserInfo(text: string): string {
  return text.replace(/^([a-z]+:\/\/)[^/?#\\]*@/i, (_, scheme: string) => `${scheme}****:****@`)
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
