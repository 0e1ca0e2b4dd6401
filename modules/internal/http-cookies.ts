/** Cookie jars as a script has them; the cookies are with the host. */
import { ops } from './bridge.js'
import { GoError } from './go-error.js'
import { handleOwner } from './handles.js'
import { arrayPush, createObject, parseJson, stringifyJson, toNumber, toText } from './primordials.js'
import { vu } from './vu.js'

const host = ops<{
  newJar(): number
  freeJar(jar: number): undefined
  setCookie(jar: number, url: string, name: string, value: string, options: string): undefined
  cookies(jar: number, url: string): string
  removeCookies(jar: number, url: string, name: string | undefined): undefined
}>('http', ['newJar', 'freeJar', 'setCookie', 'cookies', 'removeCookies'])

const own = handleOwner((jar) => host.freeJar(jar))
let isVuJar = false

export class CookieJar {
  readonly #id: number

  constructor() {
    if (isVuJar) {
      this.#id = 0
      return
    }
    this.#id = host.newJar()
    own(this, this.#id)
  }

  /** The number by which the host knows the jar; undefined for what is none. */
  static idOf(value: unknown): number | undefined {
    return typeof value === 'object' && value !== null && #id in value ? value.#id : undefined
  }

  /** Values of the cookies that go with a request to `url`, by name. */
  cookiesForURL(url?: unknown): Record<string, string[]> {
    const found = parseJson(host.cookies(this.#id, toText(url))) as [string, string][]
    const cookies = createObject(null) as Record<string, string[]>
    for (let i = 0; i < found.length; i++) {
      const name = found[i]![0]
      const value = found[i]![1]
      const others = cookies[name]
      if (others === undefined) cookies[name] = [value]
      else arrayPush(others, value)
    }
    return cookies
  }

  set(url?: unknown, name?: unknown, value?: unknown, options?: unknown): boolean {
    host.setCookie(this.#id, toText(url), toText(name), toText(value), optionsJson(options))
    return true
  }

  clear(url?: unknown): void {
    host.removeCookies(this.#id, toText(url), undefined)
  }

  delete(url?: unknown, name?: unknown): void {
    host.removeCookies(this.#id, toText(url), toText(name))
  }
}

/** The VU's own jar, which requests use that name no other. */
export function vuJar(): CookieJar {
  if (vu.phase === 'init') throw new GoError('Making cookie jars in the init context is not supported')
  isVuJar = true
  try {
    return new CookieJar()
  } finally {
    isVuJar = false
  }
}

function optionsJson(options: unknown): string {
  if (typeof options !== 'object' || options === null) return '{}'
  const { domain, path, expires, max_age, secure, http_only } = options as Record<string, unknown>
  let json = `{"secure":${!!secure},"http_only":${!!http_only}`
  if (domain !== undefined && domain !== null) json += `,"domain":${stringifyJson(toText(domain))}`
  if (path !== undefined && path !== null) json += `,"path":${stringifyJson(toText(path))}`
  if (expires !== undefined && expires !== null) json += `,"expires":${stringifyJson(toText(expires))}`
  if (max_age !== undefined && max_age !== null) json += `,"max_age":${stringifyJson(toNumber(max_age))}`
  return `${json}}`
}
