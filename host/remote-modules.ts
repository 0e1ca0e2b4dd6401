/**
 * Fetches modules from https:// URLs. Names are resolved and judged as those of any other connection, only checked addresses
 * are dialled, certificates are always verified, and redirects are followed to https alone. Everything is bounded.
 */
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { AppError, isAppError } from '../errors.js'
import type { CheckedAddress, NetworkUse } from '../policy/network.js'
import { DialError, type NameResolver } from './dns.js'

export interface RemoteLimits {
  /** One module, in bytes. */
  moduleBytes: number
  /** Modules of a run. */
  modules: number
  /** From the first look-up to the last byte of one module, redirects included, in ms. */
  timeoutMs: number
}

export const remoteLimits: Readonly<RemoteLimits> = Object.freeze({
  moduleBytes: 16 * 1024 * 1024,
  modules: 500,
  timeoutMs: 60_000,
})

export interface FetchedModule {
  bytes: Uint8Array
  /** Where it came from, behind all redirects. */
  finalUrl: string
}

const maxRedirects = 10
/** The script as a whole asks. */
const use: NetworkUse = { scheme: 'https', vu: 0 }
const defaultPort = '443'

/** Why a module could not be had, in words for the author of the script. */
const failed = (message: string, cause?: unknown) =>
  new AppError('REMOTE_FAILED', message, cause === undefined ? {} : { cause })

export class RemoteFetcher {
  readonly #resolver: NameResolver
  readonly #limits: RemoteLimits
  readonly #ca: string | undefined
  readonly #checkModule: (url: string) => void
  #count = 0

  /**
   * @param ca replaces the authorities that Node.js trusts, in PEM form
   * @param checkModule throws for a URL that may not be imported; asked here where a redirect leads, as imports were asked
   */
  constructor(
    resolver: NameResolver,
    limits: RemoteLimits = remoteLimits,
    ca?: string,
    checkModule: (url: string) => void = () => {},
  ) {
    this.#resolver = resolver
    this.#limits = limits
    this.#ca = ca
    this.#checkModule = checkModule
  }

  /** @throws {AppError} REMOTE_FAILED, NETWORK_DENIED, MODULE_DENIED, LIMIT_SIZE */
  async fetch(url: string): Promise<FetchedModule> {
    if (++this.#count > this.#limits.modules) {
      throw new AppError('LIMIT_SIZE', `a script may have ${this.#limits.modules} remote modules`)
    }
    const stop = AbortSignal.timeout(this.#limits.timeoutMs)
    try {
      return await this.#follow(url, stop)
    } catch (e) {
      if (isAppError(e)) throw e
      if (stop.aborted) throw failed(`no answer within ${this.#limits.timeoutMs} ms`)
      throw failed(e instanceof DialError ? e.message : reasonOf(e), e)
    }
  }

  async #follow(url: string, stop: AbortSignal): Promise<FetchedModule> {
    let at = new URL(url)
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const response = await this.#get(at, stop)
      const { statusCode = 0, headers } = response
      if (statusCode === 200) return { bytes: await this.#read(response, at.href), finalUrl: at.href }
      response.destroy()
      if (![301, 302, 303, 307, 308].includes(statusCode)) throw failed(`unexpected status ${statusCode} of ${at.href}`)
      const { location } = headers
      if (location === undefined || !URL.canParse(location, at.href)) throw failed(`${at.href} redirects to nowhere`)
      const next = new URL(location, at)
      if (next.protocol !== 'https:' || next.username !== '' || next.password !== '') {
        throw failed(`${at.href} redirects to ${next.protocol}//${next.host}, which is not https`)
      }
      next.hash = ''
      this.#checkModule(next.href)
      at = next
    }
    throw failed(`more than ${maxRedirects} redirects`)
  }

  async #get(url: URL, stop: AbortSignal): Promise<IncomingMessage> {
    const addresses = await this.#resolver.resolveAll(`${url.hostname}:${url.port || defaultPort}`, use, stop)
    const socket = await this.#dial(addresses, stop)
    return new Promise((resolve, reject) => {
      const call = request(
        url.href,
        {
          method: 'GET',
          // No agent at all, not even `false`: an agent would dial by itself.
          createConnection: () => socket,
          headers: { accept: '*/*', 'accept-encoding': 'identity', connection: 'close', 'user-agent': 'belljar' },
          signal: stop,
          maxHeaderSize: 32 * 1024,
        },
        resolve,
      )
      call.on('error', (e) => {
        socket.destroy()
        reject(e)
      })
      call.end()
    })
  }

  /** The first of the addresses that answers. */
  async #dial(addresses: readonly CheckedAddress[], stop: AbortSignal): Promise<TLSSocket> {
    let reason: unknown
    for (const address of addresses) {
      try {
        return await this.#handshake(address, stop)
      } catch (e) {
        reason = e
        if (stop.aborted) break
      }
    }
    throw reason
  }

  #handshake({ ip, port, hostName }: CheckedAddress, stop: AbortSignal): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const isName = hostName !== ip.text
      const socket = connect({
        host: ip.text,
        port,
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: true,
        ...(isName ? { servername: hostName } : {}),
        ...(this.#ca === undefined ? {} : { ca: this.#ca }),
      })
      const end = () => socket.destroy(new Error('timeout'))
      stop.addEventListener('abort', end, { once: true })
      socket.once('error', reject)
      // Whoever takes it over listens a moment later, and an error that nobody hears ends the thread.
      socket.on('error', () => {})
      socket.once('secureConnect', () => {
        stop.removeEventListener('abort', end)
        socket.removeListener('error', reject)
        resolve(socket)
      })
    })
  }

  async #read(response: IncomingMessage, url: string): Promise<Uint8Array> {
    const { moduleBytes } = this.#limits
    const encoding = response.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      response.destroy()
      throw failed(`${url} came as ${JSON.stringify(encoding)}, which was not asked for`)
    }
    const chunks: Buffer[] = []
    let total = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      total += chunk.length
      if (total > moduleBytes) {
        response.destroy()
        throw new AppError('LIMIT_SIZE', `${url} has more than ${moduleBytes} bytes`)
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, total)
  }
}

/** Texts of Node.js that say what is wrong, without those that tell of this machine. */
function reasonOf(e: unknown): string {
  const { code, message } = e as { code?: unknown; message?: unknown }
  if (code === 'ECONNREFUSED') return 'connection refused'
  if (code === 'ECONNRESET') return 'the connection was closed'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'the certificate is not for this host'
  if (typeof code === 'string' && /CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code)) {
    return `the certificate cannot be verified (${String(message).slice(0, 200)})`
  }
  return typeof code === 'string' ? `the request failed (${code})` : 'the request failed'
}
