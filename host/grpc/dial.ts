/** Opens sockets for gRPC: TCP, TLS with HTTP/2, each failure in grpc-go's words. Speaks no HTTP/2. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { CheckedAddress, NetworkUse } from '../../policy/network.js'
import { DialError, type NameResolver } from '../dns.js'
import { openTcp } from '../net/tcp.js'
import type { TlsSettings } from '../net/tls.js'
import { tlsHandshake } from '../net/tls-handshake.js'

export interface SocketOptions {
  address: string
  resolver: Pick<NameResolver, 'resolve'>
  use: NetworkUse
  localIp?: string
  /** Absent for plaintext. */
  tls?: { settings: TlsSettings; serverName: string }
  signal: AbortSignal
  /** For plaintext alone: as in `TcpOptions`. */
  onBytes?: (bytes: Buffer) => void
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
  const { tcp, remote } = await openTcp(options).catch((e: unknown) => {
    throw whileDialing(e)
  })
  if (!options.tls) return { socket: tcp, tcp, remote }
  try {
    return { socket: await handshake(tcp, options.tls, options.signal), tcp, remote }
  } catch (e) {
    tcp.destroy()
    throw e
  }
}

/** The error of a look-up or of a connect as the error of the dial that it ended. */
export function whileDialing(e: unknown): unknown {
  if (!(e instanceof DialError)) return e
  return new DialError(`transport: error while dialing: ${e.message}`, e.isTemporary, e)
}

const alpnAdvice =
  'If you upgraded from a grpc-go version earlier than 1.67, your TLS connections may have stopped working due to ALPN ' +
  'enforcement. For more details, see: https://github.com/grpc/grpc-go/issues/434'

async function handshake(tcp: Socket, tls: NonNullable<SocketOptions['tls']>, signal: AbortSignal): Promise<TLSSocket> {
  const failed = (text: string, isTemporary: boolean, cause?: unknown) =>
    new DialError(`transport: authentication handshake failed: ${text}`, isTemporary, cause)
  const secure = await tlsHandshake(tcp, { ...tls, protocols: ['h2'] }, signal).catch((e: unknown) => {
    throw e instanceof DialError && !signal.aborted ? failed(e.message, e.isTemporary, e.cause) : e
  })
  if (secure.alpnProtocol === 'h2') return secure
  secure.destroy()
  throw failed(`credentials: cannot check peer: missing selected ALPN property. ${alpnAdvice}`, true)
}
