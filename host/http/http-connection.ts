/** One connection of a VU: dialled through the gate of host/net, and spoken to with undici. Knows no request. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Client } from 'undici'
import type { NameResolver } from '../dns.js'
import { hostPort, openTcp } from '../net/tcp.js'
import type { TlsSettings } from '../net/tls.js'
import { tlsHandshake } from '../net/tls-handshake.js'

export interface HttpDialOptions {
  readonly isTls: boolean
  readonly hostName: string
  readonly port: number
  readonly resolver: Pick<NameResolver, 'resolve'>
  /** The VU that dials. */
  readonly vu: number
  readonly tls: TlsSettings
  readonly localIp: string | undefined
}

/** Moments of a dial, in milliseconds of a clock that never jumps. */
export interface DialTimes {
  /** The name is resolved and the connect begins. */
  connectingAtMs?: number
  connectedAtMs?: number
  securedAtMs?: number
}

/** Header blocks that are longer than this end a response. */
export const maxHeaderBytes = 1024 * 1024

/** Servers say how long they keep an idle connection; without a word it is kept as long as the VU lives, or nearly so. */
const idleMs = 600_000

export class HttpConnection {
  readonly client: Client
  readonly remoteIp: string
  readonly remotePort: number
  /** As a response shows them; empty without TLS. */
  readonly tlsVersion: string
  readonly tlsCipherSuite: string
  /** True once a request was made on it. */
  isReused = false
  readonly #tcp: Socket
  #isClosed = false

  private constructor(client: Client, socket: Socket | TLSSocket, tcp: Socket) {
    this.client = client
    this.#tcp = tcp
    this.remoteIp = tcp.remoteAddress ?? ''
    this.remotePort = tcp.remotePort ?? 0
    this.tlsVersion = 'getProtocol' in socket ? tlsVersionOf(socket) : ''
    this.tlsCipherSuite = 'getCipher' in socket ? cipherSuiteOf(socket) : ''
    socket.once('close', () => {
      this.#isClosed = true
    })
  }

  /**
   * A connection that belongs to the caller.
   *
   * @throws {DialError} and {AppError} as host/net does
   */
  static async open(options: HttpDialOptions, times: DialTimes, signal: AbortSignal): Promise<HttpConnection> {
    const { isTls, hostName, port, resolver, localIp, vu } = options
    const { tcp } = await openTcp({
      address: hostPort(hostName, port),
      resolver,
      use: { scheme: isTls ? 'https' : 'http', vu },
      signal,
      ...(localIp === undefined ? {} : { localIp }),
      onConnecting: () => {
        times.connectingAtMs = performance.now()
      },
    })
    times.connectedAtMs = performance.now()
    let socket: Socket | TLSSocket = tcp
    if (isTls) {
      try {
        // HTTP/1.1 alone is offered: one connection for each request that is open, as docs/http.md tells.
        const protocols = ['http/1.1']
        socket = await tlsHandshake(tcp, { settings: options.tls, serverName: hostName, protocols }, signal)
      } catch (e) {
        tcp.destroy()
        throw e
      }
      times.securedAtMs = performance.now()
    }
    const client = await newClient(`${isTls ? 'https' : 'http'}://${hostPort(hostName, port)}`, socket)
    return new HttpConnection(client, socket, tcp)
  }

  /** False once either side has ended it. */
  get isOpen(): boolean {
    return !this.#isClosed && !this.client.destroyed && !this.#tcp.destroyed && !this.#tcp.readableEnded
  }

  get bytesSent(): number {
    return this.#tcp.bytesWritten
  }

  get bytesReceived(): number {
    return this.#tcp.bytesRead
  }

  /** Ends the connection, and with it a request that is open. */
  close(): void {
    this.#isClosed = true
    this.client.destroy().catch(() => {})
    this.#tcp.destroy()
  }
}

/** Loading it takes a while, and most scripts speak gRPC alone. Call it before something is measured. */
export const loadUndici = () => import('undici')

/** A client that has this socket and never gets another: whoever needs one goes through the gate. */
async function newClient(origin: string, socket: Socket | TLSSocket): Promise<Client> {
  const { Client } = await loadUndici()
  let unused: Socket | TLSSocket | undefined = socket
  const client = new Client(origin, {
    connect: (_options, done) => {
      const mine = unused
      unused = undefined
      // Not at once: undici overlooks a socket that is there before it asked to the end.
      queueMicrotask(() => {
        if (mine === undefined || mine.destroyed) done(new Error('the connection is gone'), null)
        else done(null, mine)
      })
    },
    pipelining: 1,
    // The time of a request is bounded as a whole, by whoever makes it.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    maxHeaderSize: maxHeaderBytes,
  })
  client.on('connectionError', () => {})
  return client
}

const tlsVersions = new Map([
  ['TLSv1', 'tls1.0'],
  ['TLSv1.1', 'tls1.1'],
  ['TLSv1.2', 'tls1.2'],
  ['TLSv1.3', 'tls1.3'],
])

function tlsVersionOf(socket: TLSSocket): string {
  return tlsVersions.get(socket.getProtocol() ?? '') ?? ''
}

/** The name of the suite as Go spells it: that of the IANA, but for two old ones. */
function cipherSuiteOf(socket: TLSSocket): string {
  return socket.getCipher().standardName.replace(/(^TLS_ECDHE_\w+_CHACHA20_POLY1305)_SHA256$/, '$1')
}
