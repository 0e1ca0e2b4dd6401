/**
 * Opens sockets for gRPC: resolve, TCP, TLS, each failure in grpc-go's words.
 * The only place that connects, and it takes checked addresses only. Speaks no HTTP/2.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls'
import type { CheckedAddress } from '../../policy/network.js'
import { DialError, type NameResolver } from '../dns.js'
import { checkIdentity, handshakeText, secureContextOf, type TlsSettings } from './tls.js'

/** k6's limit for TCP alone, and its interval of keep-alive probes. */
const tcpTimeoutMs = 30_000
const keepAliveMs = 30_000

export interface SocketOptions {
  address: string
  resolver: Pick<NameResolver, 'resolve'>
  localIp?: string
  /** Absent for plaintext. */
  tls?: { settings: TlsSettings; serverName: string }
  signal: AbortSignal
}

export interface OpenSocket {
  /** What HTTP/2 is spoken on. */
  socket: Socket | TLSSocket
  /** What counts the bytes of the wire. */
  tcp: Socket
  remote: CheckedAddress
}

/**
 * A connected socket that belongs to the caller.
 *
 * @throws {DialError} with the text for `connection error: desc = "…"`
 * @throws {AppError} `NETWORK_DENIED`
 */
export async function openSocket(options: SocketOptions): Promise<OpenSocket> {
  const { tcp, remote } = await openTcp(options)
  if (!options.tls) return { socket: tcp, tcp, remote }
  try {
    return { socket: await handshake(tcp, options.tls, options.signal), tcp, remote }
  } catch (e) {
    tcp.destroy()
    throw e
  }
}

async function openTcp(options: SocketOptions): Promise<{ tcp: Socket; remote: CheckedAddress }> {
  try {
    const remote = await options.resolver.resolve(options.address, options.signal)
    return { tcp: await connectTo(remote, options.localIp, options.signal), remote }
  } catch (e) {
    throw whileDialing(e)
  }
}

/** The error of a look-up or of a connect as the error of the dial that it ended. */
export function whileDialing(e: unknown): unknown {
  if (!(e instanceof DialError)) return e
  return new DialError(`transport: error while dialing: ${e.message}`, e.isTemporary, e)
}

function connectTo(remote: CheckedAddress, localIp: string | undefined, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted())
    if (localIp && isIP(localIp) !== remote.ip.family) {
      const from = hostPort(localIp, 0)
      return reject(new DialError(`dial tcp: address ${from}: no suitable address found`, false))
    }
    const from = localIp ? `${hostPort(localIp, 0)}->` : ''
    const to = `dial tcp ${from}${hostPort(remote.ip.text, remote.port)}`
    const tcp = connectTcp({
      host: remote.ip.text,
      port: remote.port,
      family: remote.ip.family,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      ...(localIp ? { localAddress: localIp } : {}),
    })
    const settle = (error?: DialError) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      tcp.removeAllListeners('connect')
      tcp.removeListener('error', onError)
      // An error after this must not end the process.
      tcp.on('error', () => {})
      if (!error) return resolve(tcp)
      tcp.destroy()
      reject(error)
    }
    const onError = (e: Error) =>
      settle(new DialError(`${to}: ${systemText(e, callOf(e))}`, codeOf(e) === 'ETIMEDOUT', e))
    const onAbort = () => settle(aborted())
    const timer = setTimeout(() => settle(new DialError(`${to}: i/o timeout`, true)), tcpTimeoutMs)
    signal.addEventListener('abort', onAbort, { once: true })
    tcp.once('connect', () => settle())
    tcp.once('error', onError)
  })
}

const alpnAdvice =
  'If you upgraded from a grpc-go version earlier than 1.67, your TLS connections may have stopped working due to ALPN ' +
  'enforcement. For more details, see: https://github.com/grpc/grpc-go/issues/434'

function handshake(tcp: Socket, tls: NonNullable<SocketOptions['tls']>, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted())
    const { settings, serverName } = tls
    const secure = connectTls({
      socket: tcp,
      secureContext: secureContextOf(settings),
      ALPNProtocols: ['h2'],
      // An address is no server name in TLS.
      servername: isIP(serverName) === 0 ? serverName : '',
      rejectUnauthorized: !settings.insecureSkipVerify,
      checkServerIdentity: (_, certificate) => checkIdentity(serverName, certificate),
    })
    // Once the certificate is refused the socket no longer tells it.
    let certificate: PeerCertificate | undefined
    secure.prependListener('secure', () => {
      certificate = secure.getPeerCertificate()
    })
    const settle = (failure?: DialError) => {
      signal.removeEventListener('abort', onAbort)
      for (const event of ['secureConnect', 'close']) secure.removeAllListeners(event)
      secure.removeListener('error', onError)
      secure.on('error', () => {})
      if (!failure) return resolve(secure)
      secure.destroy()
      reject(failure)
    }
    const fail = (text: string, isTemporary: boolean, cause?: unknown) =>
      settle(new DialError(`transport: authentication handshake failed: ${text}`, isTemporary, cause))
    const onAbort = () => settle(aborted())
    const onError = (e: Error) => {
      const known = handshakeText(e, certificate)
      if (known) fail(known.text, known.isTemporary, e)
      else if (codeOf(e) === 'ECONNRESET' && !e.message.startsWith('read')) fail('EOF', true, e)
      else fail(`${readText(tcp)}: ${systemText(e, 'read')}`, false, e)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    secure.once('error', onError)
    secure.once('close', () => fail('EOF', true))
    secure.once('secureConnect', () => {
      if (secure.alpnProtocol === 'h2') return settle()
      fail(`credentials: cannot check peer: missing selected ALPN property. ${alpnAdvice}`, true)
    })
  })
}

function aborted(): DialError {
  return new DialError('context deadline exceeded', true)
}

/** `read tcp 127.0.0.1:1->127.0.0.1:2`, as Go begins errors of reading. */
export function readText(tcp: Socket): string {
  const local = hostPort(tcp.localAddress ?? '', tcp.localPort ?? 0)
  return `read tcp ${local}->${hostPort(tcp.remoteAddress ?? '', tcp.remotePort ?? 0)}`
}

/** `1.2.3.4:5` or `[::1]:5`. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const systemTexts = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset by peer'],
  ['EHOSTUNREACH', 'no route to host'],
  ['ENETUNREACH', 'network is unreachable'],
  ['ETIMEDOUT', 'connection timed out'],
  ['EADDRNOTAVAIL', 'cannot assign requested address'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EPIPE', 'broken pipe'],
  ['EMFILE', 'too many open files'],
  ['ENFILE', 'too many open files in system'],
  ['EINVAL', 'invalid argument'],
  ['EAFNOSUPPORT', 'address family not supported by protocol'],
])

/** `connect: connection refused`: a system error in Go's words. */
export function systemText(error: Error, call: string): string {
  return `${call}: ${systemTexts.get(codeOf(error)) ?? error.message}`
}

/** A local address that this machine does not have fails before the socket connects. */
function callOf(error: Error): string {
  return 'syscall' in error && error.syscall === 'bind' ? 'bind' : 'connect'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
