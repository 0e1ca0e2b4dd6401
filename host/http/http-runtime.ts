/** What the HTTP requests of one thread share: options of the test, the resolver, the pace. */
import type { Limits } from '../../policy/limits.js'
import { DialError, type NameResolver } from '../dns.js'
import type { TlsOptions } from '../net/tls.js'

/** Options of a test that bear on HTTP. */
export interface HttpOptions {
  readonly tls: TlsOptions
  /** The header User-Agent of requests that have none. */
  readonly userAgent: string
  /** Undefined: k6's default of ten, with a warning when it is reached. */
  readonly maxRedirects?: number
  /** Requests of a batch that are open at once; to the same host. */
  readonly batch: number
  readonly batchPerHost: number
  readonly noConnectionReuse?: boolean
  readonly noVuConnectionReuse?: boolean
  readonly noCookiesReset?: boolean
  readonly discardsBodies?: boolean
  readonly throws?: boolean
  /** k6's option of that name: `full` for bodies too, anything else but the empty text for headers. */
  readonly httpDebug?: string
  /** The local address of a VU's connections. */
  readonly localIpOf?: (vu: number) => string | undefined
  /** When the next request of all VUs may go out: milliseconds since 1970. Absent without the option `rps`. */
  readonly nextSlotMs?: () => number
}

export class HttpRuntime {
  readonly options: HttpOptions
  readonly limits: Limits
  readonly resolver: NameResolver

  constructor(options: HttpOptions, limits: Limits, resolver: NameResolver) {
    this.options = options
    this.limits = limits
    this.resolver = resolver
  }

  /** For the first init, in which nothing may be requested: the options are not known yet. */
  static forInit(limits: Limits): HttpRuntime {
    const refuse = () => Promise.reject(new DialError('there is no network in the init context', false))
    const resolver: NameResolver = { resolve: refuse, resolveAll: refuse }
    return new HttpRuntime({ tls: {}, userAgent: '', batch: 1, batchPerHost: 1 }, limits, resolver)
  }
}
