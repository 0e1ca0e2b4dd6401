/** A jar of cookies as k6 has it: RFC 6265 without a list of public suffixes. Bounded; servers fill it. */
import type { Cookie, CookieJar } from 'tough-cookie'

type ToughCookie = typeof import('tough-cookie')

/** Loading the library takes a while, and most scripts have no cookies. */
let library: ToughCookie | undefined
const load = async (): Promise<ToughCookie> => {
  library ??= await import('tough-cookie')
  return library
}

export interface CookieOptions {
  readonly domain?: string
  readonly path?: string
  /** Milliseconds since 1970. */
  readonly expiresMs?: number
  readonly maxAge?: number
  readonly isSecure?: boolean
  readonly isHttpOnly?: boolean
}

/** A cookie of a response, as a script sees it. */
export interface ReceivedCookie {
  name: string
  value: string
  domain: string
  path: string
  http_only: boolean
  secure: boolean
  max_age: number
  /** Milliseconds since 1970; 0 without a date. */
  expires: number
}

const maxCookies = 3000
const longestCookie = 16 * 1024
const maxCookiesOfResponse = 200

export class HttpJar {
  #jar: CookieJar | undefined
  /** Which cookies were put in, to bound them. */
  readonly #known = new Set<string>()

  /** Takes over the Set-Cookie lines of a response. */
  async store(url: string, lines: readonly string[]): Promise<void> {
    const { Cookie } = await load()
    for (const line of lines.slice(0, maxCookiesOfResponse)) {
      const cookie = line.length <= longestCookie ? Cookie.parse(line, { loose: true }) : undefined
      if (cookie !== undefined) await this.#put(cookie, url)
    }
  }

  async set(url: string, name: string, value: string, options: CookieOptions): Promise<void> {
    const { Cookie } = await load()
    if (name.length + value.length > longestCookie) return
    const cookie = new Cookie({
      key: name,
      value,
      ...(options.domain ? { domain: options.domain.replace(/^\./, '') } : {}),
      ...(options.path ? { path: options.path } : {}),
      ...(options.expiresMs === undefined ? {} : { expires: new Date(options.expiresMs) }),
      ...(options.maxAge ? { maxAge: options.maxAge } : {}),
      secure: options.isSecure ?? false,
      httpOnly: options.isHttpOnly ?? false,
    })
    await this.#put(cookie, url)
  }

  /** Names and values of the cookies that go with a request to `url`, in the order of RFC 6265. */
  async cookiesFor(url: string): Promise<[name: string, value: string][]> {
    if (this.#jar === undefined) return []
    const { cookieCompare } = await load()
    const found = await this.#jar.getCookies(url, { expire: true, allPaths: false })
    return found.sort(cookieCompare).map(({ key, value }) => [key, value])
  }

  /** Removes the cookies that would go to `url`: all, or those of one name. */
  async remove(url: string, name?: string): Promise<void> {
    if (this.#jar === undefined) return
    for (const { key, domain, path } of await this.#jar.getCookies(url)) {
      if (name !== undefined && key !== name) continue
      await this.#jar.store.removeCookie(domain ?? '', path ?? '/', key)
      this.#known.delete(keyOf(domain, path, key))
    }
  }

  async #put(cookie: Cookie, url: string): Promise<void> {
    const { CookieJar } = await load()
    this.#jar ??= new CookieJar(undefined, {
      rejectPublicSuffixes: false,
      looseMode: true,
      allowSpecialUseDomain: true,
      prefixSecurity: 'silent',
    })
    const key = keyOf(cookie.domain ?? new URL(url).hostname, cookie.path, cookie.key)
    if (!this.#known.has(key) && this.#known.size >= maxCookies) return
    try {
      const kept = await this.#jar.setCookie(cookie, url, { ignoreError: true })
      if (kept !== undefined) this.#known.add(key)
    } catch {
      // The library throws for a domain that is no host name, which anybody may send. As in k6, such a cookie is none.
    }
  }
}

function keyOf(domain: string | null | undefined, path: string | null | undefined, name: string): string {
  return `${domain ?? ''}\n${path ?? ''}\n${name}`
}

/** The Set-Cookie lines of a response by name, as a script sees them. */
export async function receivedCookies(lines: readonly string[]): Promise<Map<string, ReceivedCookie[]>> {
  const cookies = new Map<string, ReceivedCookie[]>()
  if (lines.length === 0) return cookies
  const { Cookie } = await load()
  for (const line of lines.slice(0, maxCookiesOfResponse)) {
    const cookie = line.length <= longestCookie ? Cookie.parse(line, { loose: true }) : undefined
    if (cookie === undefined) continue
    const { key, value, domain, path, httpOnly, secure, maxAge, expires } = cookie
    const received = {
      name: key,
      value,
      domain: domain ?? '',
      path: path ?? '',
      http_only: httpOnly,
      secure,
      max_age: typeof maxAge === 'number' && Number.isFinite(maxAge) ? maxAge : 0,
      expires: expires instanceof Date ? expires.getTime() : 0,
    }
    const others = cookies.get(key)
    if (others === undefined) cookies.set(key, [received])
    else others.push(received)
  }
  return cookies
}
