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
/** Of all jars of a VU. */
const maxBytes = 32 * 1024 * 1024
/** What a cookie takes beside its texts, about. */
const cookieBytes = 512
const longestCookie = 16 * 1024
const maxCookiesOfResponse = 200

/** What all jars of a VU may hold together: the host keeps them, where no limit of the VM counts them. */
export class JarRoom {
  #leftBytes = maxBytes

  /** False when there is no room for so much more. */
  take(bytes: number): boolean {
    if (bytes > this.#leftBytes) return false
    this.#leftBytes -= bytes
    return true
  }

  give(bytes: number): void {
    this.#leftBytes += bytes
  }
}

export class HttpJar {
  #room: JarRoom
  #jar: CookieJar | undefined
  /** Which cookies were put in and what they take, to bound them. */
  readonly #known = new Map<string, number>()

  constructor(room: JarRoom = new JarRoom()) {
    this.#room = room
  }

  /** The VU has the jar no longer. Calls that are under way may still put something in. */
  release(): void {
    for (const bytes of this.#known.values()) this.#room.give(bytes)
    this.#room = new JarRoom()
  }

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
      const known = keyOf(domain, path, key)
      this.#room.give(this.#known.get(known) ?? 0)
      this.#known.delete(known)
    }
  }

  async #put(cookie: Cookie, url: string): Promise<void> {
    const { CookieJar, defaultPath } = await load()
    this.#jar ??= new CookieJar(undefined, {
      rejectPublicSuffixes: false,
      looseMode: true,
      allowSpecialUseDomain: true,
      prefixSecurity: 'silent',
    })
    const { hostname, pathname } = new URL(url)
    // As the jar is going to call it.
    const key = keyOf(cookie.domain ?? hostname, cookie.path ?? defaultPath(pathname), cookie.key)
    if (!this.#known.has(key) && this.#known.size >= maxCookies) return
    const before = this.#known.get(key) ?? 0
    const bytes = cookieBytes + key.length + cookie.value.length
    if (!this.#room.take(bytes - before)) return
    this.#known.set(key, bytes)
    if (await this.#isTaken(cookie, url)) return
    // What was there before is there still.
    this.#room.give(bytes - before)
    if (before === 0) this.#known.delete(key)
    else this.#known.set(key, before)
  }

  async #isTaken(cookie: Cookie, url: string): Promise<boolean> {
    try {
      return (await this.#jar!.setCookie(cookie, url, { ignoreError: true })) !== undefined
    } catch {
      // The library throws for a domain that is no host name, which anybody may send. As in k6, such a cookie is none.
      return false
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
