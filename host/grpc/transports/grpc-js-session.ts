/**
 * One connection to a server with a grpc-js channel on it, from the preface to its loss.
 * Knows neither gRPC messages nor how to come back: a lost session stays lost.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import type { Socket } from 'node:net'
import { type Channel, connectivityState } from '@grpc/grpc-js'
import { goQuote } from '../../../go/quote.js'
import type { CheckedAddress } from '../../../policy/network.js'
import { DialError } from '../../dns.js'
import { hostPort, readText, systemText } from '../../net/tcp.js'
import { handshakeText } from '../../net/tls.js'
import { openSocket, type SocketOptions } from '../dial.js'
import { http2ErrorName } from '../status.js'
import {
  createChannel,
  type Dialled,
  type GrpcJsListener,
  type GrpcJsRpc,
  type Request,
  RequestMetadata,
  sendAsAsked,
  startHttp2,
} from './grpc-js-channel.js'
import { outliveStreams } from './http2-memory.js'
import type { Session } from './session.js'

/** How much a server may send ahead of the readers of all its streams, in bytes. */
const sessionWindowBytes = 4 * 1024 * 1024

/** A connection that carries calls until it is lost or closed. Owned by who opened it. */
export class GrpcJsSession implements Session {
  readonly remote: CheckedAddress
  readonly scheme: 'http' | 'https'
  readonly #session: ClientHttp2Session
  readonly #channel: Channel
  readonly #tcp: Socket
  /** `read tcp …`, kept because a closed socket forgets its addresses. */
  readonly #readText: string
  #socketError: Error | undefined
  #goaway: { lastStreamId: number; text: string } | undefined

  /**
   * Dials, waits until the server has sent its settings, and puts a channel on the connection.
   *
   * @throws {DialError} with the text for `connection error: desc = "…"`
   * @throws {AppError} `NETWORK_DENIED`
   */
  static async open(options: SocketOptions, onLost: () => void): Promise<GrpcJsSession> {
    const { socket, tcp, remote } = await openSocket(options)
    if (socket.destroyed) throw prefaceError(socket.errored ? failureText(socket.errored, readText(tcp)) : 'EOF')
    const connection: Dialled = { socket, tcp, remote, isSecure: options.tls !== undefined }
    const { session, wire } = startHttp2(connection)
    await prefaceOf(session, socket, tcp, options.signal)
    const carrier = await wire.catch(() => {
      tcp.destroy()
      throw prefaceError('EOF')
    })
    const lasting = new GrpcJsSession(connection, session, createChannel(remote, carrier), onLost)
    try {
      await lasting.#becomeReady()
      return lasting
    } catch (e) {
      lasting.close()
      throw e instanceof DialError ? e : prefaceError('EOF')
    }
  }

  private constructor(dialled: Dialled, session: ClientHttp2Session, channel: Channel, onLost: () => void) {
    const { socket, tcp, remote, isSecure } = dialled
    this.#session = session
    this.#tcp = tcp
    this.#readText = readText(tcp)
    this.remote = remote
    this.scheme = isSecure ? 'https' : 'http'
    this.#channel = channel
    session.setLocalWindowSize(sessionWindowBytes)
    const onEnd = () => {
      onLost()
      this.#channel.close()
    }
    socket.on('error', (e) => {
      this.#socketError ??= e
      // After an error of TLS the session never says that it is closed.
      session.destroy()
      socket.destroy()
      tcp.destroy()
      onEnd()
    })
    // After a GOAWAY and the last stream Node ends our side only, and waits for a server that may never end its own.
    socket.on('finish', () => {
      socket.destroy()
      tcp.destroy()
    })
    // grpc-js listens for the first error only, and a second one would end the process.
    session.on('error', () => {})
    session.on('goaway', (code: number, lastStreamId: number, data?: Buffer) => {
      const debug = data && data.length > 0 ? `, debug data: ${goQuote(data.toString('latin1'))}` : ''
      this.#goaway = { lastStreamId, text: `code: ${http2ErrorName(code)}${debug}` }
      onEnd()
    })
    session.on('close', onEnd)
    if (session.destroyed || session.closed) setImmediate(onEnd)
    sendAsAsked(session)
    outliveStreams(session)
  }

  get remoteIp(): string {
    return this.remote.ip.text
  }

  get remoteText(): string {
    const { ip, port } = this.remote
    return hostPort(ip.text, port)
  }

  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed && !this.#goaway
  }

  get isLost(): boolean {
    return this.#session.destroyed
  }

  /** True when the server announced the end: Node closes streams with the code of a GOAWAY as if they had been reset. */
  get hasGoaway(): boolean {
    return this.#goaway !== undefined
  }

  get bytesSent(): number {
    return this.#tcp.bytesWritten
  }

  get bytesReceived(): number {
    return this.#tcp.bytesRead
  }

  get headerListLimit(): number {
    return this.#session.remoteSettings?.maxHeaderListSize ?? Number.POSITIVE_INFINITY
  }

  /**
   * Starts a call. Messages go in and come out with their length prefix and, if the server packed them, packed.
   *
   * @throws when the session has just been lost
   */
  start(path: string, request: Request, listener: GrpcJsListener): GrpcJsRpc {
    // Calls have timers of their own, which know grpc-go's text.
    const rpc = this.#channel.createCall(path, Number.POSITIVE_INFINITY, null, null, null)
    rpc.start(new RequestMetadata(request), listener)
    return rpc
  }

  /** True when the server said that it has not looked at this stream. */
  hasRejected(stream: ClientHttp2Stream): boolean {
    return this.#goaway !== undefined && stream.id !== undefined && stream.id > this.#goaway.lastStreamId
  }

  /** Why open streams were lost, in grpc-go's words. */
  lossText(): string {
    const error = this.#socketError
    const why = error ? failureText(error, this.#readText) : 'EOF'
    const text = `error reading from server: ${why}`
    if (!this.#goaway) return text
    const cause = `connection error: desc = ${goQuote(text)}`
    return `closing transport due to: ${cause}, received prior goaway: ${this.#goaway.text}`
  }

  close(): void {
    this.#channel.close()
    if (!this.#session.destroyed) this.#session.destroy(undefined, constants.NGHTTP2_NO_ERROR)
    this.#tcp.destroySoon()
  }

  /** Waits until calls can start, which takes grpc-js a few turns. */
  async #becomeReady(): Promise<void> {
    let state = this.#channel.getConnectivityState(true)
    const first = state
    while (state !== connectivityState.READY) {
      if (this.isLost || (state !== first && state !== connectivityState.CONNECTING)) throw prefaceError('EOF')
      const from = state
      await new Promise<void>((resolve, reject) => {
        this.#channel.watchConnectivityState(from, Number.POSITIVE_INFINITY, (e) => (e ? reject(e) : resolve()))
      })
      state = this.#channel.getConnectivityState(false)
    }
  }
}

/** Waits for the server's settings, which is when the connection counts as made. */
function prefaceOf(session: ClientHttp2Session, socket: Socket, tcp: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let why = 'EOF'
    const settle = (error?: DialError) => {
      signal.removeEventListener('abort', onAbort)
      session.removeListener('remoteSettings', onSettings)
      session.removeListener('close', onClose)
      session.removeListener('error', onError)
      socket.removeListener('error', onSocketError)
      if (!error) return resolve()
      session.on('error', () => {})
      session.destroy()
      tcp.destroy()
      reject(error)
    }
    const onSettings = () => settle()
    const onAbort = () => settle(new DialError('context deadline exceeded', true))
    const onError = (e: Error) => {
      if (isProtocolError(e)) why = foreignText
    }
    const from = readText(tcp)
    const onSocketError = (e: Error) => {
      // After an error of TLS the session never says that it is closed.
      settle(prefaceError(isProtocolError(e) ? foreignText : failureText(e, from)))
    }
    // The reason may come after the end, in the same turn of the loop.
    const onClose = () => setImmediate(() => settle(prefaceError(why)))
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    session.once('remoteSettings', onSettings)
    session.on('error', onError)
    session.once('close', onClose)
    socket.on('error', onSocketError)
  })
}

function prefaceError(why: string): DialError {
  return new DialError(`error reading server preface: ${why}`, true)
}

/** nghttp2 gives up on bytes that are no HTTP/2; before the settings they are nearly always HTTP/1.1. */
const foreignText =
  'http2: failed reading the frame payload: http2: frame too large, note that the frame header looked like an HTTP/1.1 header'

function isProtocolError(error: Error): boolean {
  return 'code' in error && String(error.code).startsWith('ERR_HTTP2_')
}

/** An error of a socket in Go's words; `from` names the socket. */
function failureText(error: Error, from: string): string {
  if (isProtocolError(error)) return 'connection error: PROTOCOL_ERROR'
  return handshakeText(error)?.text ?? `${from}: ${systemText(error, 'read')}`
}
