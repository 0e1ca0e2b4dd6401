/**
 * One connection of the direct transport, from the dial to its loss: a socket, HTTP/2 on it, and the words of grpc-go for
 * what becomes of it. Knows neither calls nor how to come back.
 */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { goQuote } from '../../../go/quote.js'
import type { CheckedAddress } from '../../../policy/network.js'
import { DialError } from '../../dns.js'
import { ClientSession, type SessionOwner } from '../../http2/client-session.js'
import type { ClientStream, StreamOwner } from '../../http2/client-stream.js'
import { ErrorCode, Http2Error } from '../../http2/http2-error.js'
import { hostPort, readText, systemText } from '../../net/tcp.js'
import { handshakeText } from '../../net/tls.js'
import { readTo } from '../../net/tls-reads.js'
import { type OpenSocket, openSocket, type SocketOptions } from '../dial.js'
import { http2ErrorName } from '../status.js'
import { RequestHeaders, ResponseHeaders } from './direct-headers.js'
import type { CallHost, Session } from './session.js'

/** Longest debug text of a GOAWAY that is told, in bytes. */
const debugBytes = 8 * 1024

export class DirectSession implements Session, SessionOwner {
  readonly remote: CheckedAddress
  readonly remoteIp: string
  readonly responses = new ResponseHeaders()
  readonly trailers = new ResponseHeaders()
  readonly #scheme: 'http' | 'https'
  readonly #tcp: Socket
  /** `read tcp …`, kept because a closed socket forgets its addresses. */
  readonly #readText: string
  readonly #http2: ClientSession
  readonly #onLost: () => void
  readonly onInternalError: (e: unknown) => void
  #requests: RequestHeaders | undefined
  /** Ends the wait for the server's settings. */
  #onReady: (() => void) | undefined

  /** Dials, as `Wire.open` says. */
  static async open(
    options: SocketOptions,
    onLost: () => void,
    onInternalError: (e: unknown) => void,
  ): Promise<DirectSession> {
    const isSecure = options.tls !== undefined
    let session: DirectSession | undefined
    // Nothing can come before the session is there: that takes no turn of the event loop.
    const onBytes = (bytes: Buffer) => session?.receive(bytes)
    const open = await openSocket(isSecure ? options : { ...options, onBytes })
    const { socket, tcp } = open
    if (socket.destroyed) throw prefaceError(socket.errored ? failureText(socket.errored, readText(tcp)) : 'EOF')
    session = new DirectSession(open, isSecure, onLost, onInternalError)
    if (socket instanceof TLSSocket) readTo(socket, onBytes)
    await session.#untilReady(options.signal)
    return session
  }

  private constructor(
    { socket, tcp, remote }: OpenSocket,
    isSecure: boolean,
    onLost: () => void,
    onInternalError: (e: unknown) => void,
  ) {
    this.remote = remote
    this.remoteIp = remote.ip.text
    this.#scheme = isSecure ? 'https' : 'http'
    this.#tcp = tcp
    this.#readText = readText(tcp)
    this.#onLost = onLost
    this.onInternalError = onInternalError
    this.#http2 = new ClientSession(socket, this)
  }

  get remoteText(): string {
    return hostPort(this.remoteIp, this.remote.port)
  }

  get isUsable(): boolean {
    return this.#http2.isUsable
  }

  get isLost(): boolean {
    return this.#http2.isLost
  }

  // With TLS the wire has more than HTTP/2. To ask a socket takes Node.js longer than to add up.

  get bytesSent(): number {
    return this.#scheme === 'https' ? this.#tcp.bytesWritten : this.#http2.bytesSent
  }

  get bytesReceived(): number {
    return this.#scheme === 'https' ? this.#tcp.bytesRead : this.#http2.bytesReceived
  }

  get headerListLimit(): number {
    return this.#http2.peerHeaderListBytes
  }

  /** All calls of a connection have the same authority and user agent. */
  requestsOf({ authority, userAgent }: CallHost<DirectSession>): RequestHeaders {
    this.#requests ??= new RequestHeaders(this.#scheme, authority, userAgent)
    return this.#requests
  }

  openStream(owner: StreamOwner): ClientStream {
    return this.#http2.open(owner)
  }

  /** True when the server announced the end. */
  get hasGoaway(): boolean {
    return this.#http2.goaway !== undefined
  }

  /** True when it was lost by an error of ours. */
  get hasFailed(): boolean {
    const { error } = this.#http2
    return error instanceof Http2Error && error.code === ErrorCode.internalError
  }

  /** Why open streams were lost, in grpc-go's words. */
  get lossText(): string {
    const { error, goaway } = this.#http2
    const text = `error reading from server: ${error ? failureText(error, this.#readText) : 'EOF'}`
    if (!goaway) return text
    const debug = goaway.debug.toString('latin1', 0, debugBytes)
    const cause = `connection error: desc = ${goQuote(text)}`
    const prior = `code: ${http2ErrorName(goaway.code)}${debug === '' ? '' : `, debug data: ${goQuote(debug)}`}`
    return `closing transport due to: ${cause}, received prior goaway: ${prior}`
  }

  receive(bytes: Buffer): void {
    this.#http2.receive(bytes)
  }

  close(): void {
    this.#http2.close()
  }

  onReady(): void {
    this.#onReady?.()
  }

  onClosing(): void {
    if (this.#onReady === undefined) this.#onLost()
  }

  onLost(): void {
    if (this.#onReady === undefined) this.#onLost()
    else this.#onReady()
  }

  /** The connection counts as made when the server's settings are there. */
  async #untilReady(signal: AbortSignal): Promise<void> {
    const isInTime = await new Promise<boolean>((resolve) => {
      const settle = (isInTime: boolean) => {
        signal.removeEventListener('abort', onAbort)
        this.#onReady = undefined
        resolve(isInTime)
      }
      const onAbort = () => settle(false)
      this.#onReady = () => settle(true)
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    })
    if (isInTime && this.isUsable) return
    const { error } = this.#http2
    this.close()
    this.#tcp.destroy()
    if (!isInTime) throw new DialError('context deadline exceeded', true)
    throw prefaceError(
      error instanceof Http2Error && error.code === ErrorCode.frameSizeError
        ? foreignText
        : error
          ? failureText(error, this.#readText)
          : 'EOF',
    )
  }
}

function prefaceError(why: string): DialError {
  return new DialError(`error reading server preface: ${why}`, true)
}

/** The first letters of HTTP/1.1 are the length of a frame that nobody takes. */
const foreignText =
  'http2: failed reading the frame payload: http2: frame too large, note that the frame header looked like an HTTP/1.1 header'

/** An error of a socket or of HTTP/2 in Go's words; `from` names the socket. */
function failureText(error: Error, from: string): string {
  if (error instanceof Http2Error) return `connection error: ${http2ErrorName(error.code)}`
  return handshakeText(error)?.text ?? `${from}: ${systemText(error, 'read')}`
}
