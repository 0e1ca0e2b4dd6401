/**
 * Opens TCP connections: resolve, connect, each failure in Go's words.
 * The only place that connects, and it takes checked addresses only. Knows nothing of what is spoken.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { CheckedAddress, NetworkUse } from '../../policy/network.js'
import { DialError, type NameResolver } from '../dns.js'

/** k6's limit for TCP alone, and its interval of keep-alive probes. */
const tcpTimeoutMs = 30_000
const keepAliveMs = 30_000

export interface TcpOptions {
  /** `host:port`, as the script wrote it. */
  address: string
  resolver: Pick<NameResolver, 'resolve'>
  use: NetworkUse
  localIp?: string
  signal: AbortSignal
  /** Told when the name is resolved and the connect begins. */
  onConnecting?: () => void
  /**
   * Takes what the socket receives, instead of its event `data`: without a new buffer for each read, which costs more than
   * the read. The bytes are overwritten when this returns.
   */
  onBytes?: (bytes: Buffer) => void
}

/** Where all such sockets of a thread read into: each read is over before the next one. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)
/** What is read of it, by its length: the answers to small calls mostly have the same few. */
const readViews: (Buffer | undefined)[] = new Array(1024)

/**
 * A connected socket that belongs to the caller.
 *
 * @throws {DialError}
 * @throws {AppError} `NETWORK_DENIED`
 */
export async function openTcp(options: TcpOptions): Promise<{ tcp: Socket; remote: CheckedAddress }> {
  const remote = await options.resolver.resolve(options.address, options.use, options.signal)
  options.onConnecting?.()
  return { tcp: await connectTo(remote, options), remote }
}

function connectTo(remote: CheckedAddress, { localIp, signal, onBytes }: TcpOptions): Promise<Socket> {
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
      ...(onBytes ? { onread: { buffer: readBuffer, callback: readingTo(onBytes) } } : {}),
    })
    const settle = (error?: DialError) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      tcp.removeAllListeners('connect')
      tcp.removeListener('error', onError)
      tcp.on('error', ignored)
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

/** An error of a socket that is open must not end the process. Made here, it keeps nothing of the dial in memory. */
const ignored = () => {}

function readingTo(onBytes: (bytes: Buffer) => void): (count: number) => boolean {
  return (count) => {
    onBytes(readView(count))
    return true
  }
}

function readView(count: number): Buffer {
  const known = readViews[count]
  if (known !== undefined) return known
  const view = readBuffer.subarray(0, count)
  if (count < readViews.length) readViews[count] = view
  return view
}

/** What a dial ends with when its signal is aborted. */
export function aborted(): DialError {
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

/** The code of a system error; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
