/**
 * A connection as scripts see it: a session that is dialled again after it was lost, with pauses as grpc-go makes them.
 * Knows when to dial, not how; calls know the rest.
 */

import { isAppError } from '../../../errors.js'
import { goQuote } from '../../../go/quote.js'
import { DialError } from '../../dns.js'
import type { SocketOptions } from '../dial.js'
import { endpointOf } from '../server-name.js'
import { Status } from '../status.js'
import type { CallResult, ClientStream, Connection, StreamCall, UnaryCall } from '../transport.js'
import { CallError, type CallHost, GrpcJsCall } from './grpc-js-call.js'
import { GrpcJsSession } from './grpc-js-session.js'

/** grpc-go's pauses between dials: 1 s, then 1.6 times as long each, up to 120 s, all plus or minus a fifth. */
const backoff = { firstMs: 1000, factor: 1.6, longestMs: 120_000, jitter: 0.2 }
/** One dial may take this long; longer when the pause before the next one is longer. */
const attemptMs = 20_000

/** Milliseconds until dial number `attempt`, counted from 1, may begin after the one before. */
export function pauseMs(attempt: number, random: number): number {
  const mean = Math.min(backoff.firstMs * backoff.factor ** (attempt - 1), backoff.longestMs)
  return mean * (1 + backoff.jitter * (2 * random - 1))
}

/** The text of a failed dial as calls and `connect()` show it. */
export function dialText(error: unknown): string {
  if (error instanceof DialError) return `connection error: desc = ${goQuote(error.message)}`
  return error instanceof Error ? error.message : String(error)
}

export interface ConnectionOptions extends Omit<SocketOptions, 'signal'> {
  authority: string
  userAgent: string
  maxReceiveBytes: number
  maxSendBytes: number
}

export class GrpcJsConnection implements Connection, CallHost {
  readonly address: string
  readonly authority: string
  readonly userAgent: string
  readonly maxReceiveBytes: number
  readonly maxSendBytes: number
  readonly #options: ConnectionOptions
  readonly #calls = new Set<GrpcJsCall>()
  /** Aborted when the connection is closed for good. */
  readonly #end = new AbortController()
  #session: GrpcJsSession | undefined
  /** The session before, for its counters and its address. */
  #last: GrpcJsSession | undefined
  #dialling: Promise<GrpcJsSession> | undefined
  /** Why the last dial failed; kept until one succeeds, so that calls fail at once. */
  #failure: unknown
  #retryTimer: NodeJS.Timeout | undefined
  #failedDials = 0
  #bytesSentBefore = 0
  #bytesReceivedBefore = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.address = endpointOf(options.address)
    this.authority = options.authority
    this.userAgent = options.userAgent
    this.maxReceiveBytes = options.maxReceiveBytes
    this.maxSendBytes = options.maxSendBytes
  }

  get remoteIp(): string {
    return this.#last?.remote.ip.text ?? ''
  }

  get remotePort(): number {
    return this.#last?.remote.port ?? 0
  }

  get bytesSent(): number {
    return this.#bytesSentBefore + (this.#last?.bytesSent ?? 0)
  }

  get bytesReceived(): number {
    return this.#bytesReceivedBefore + (this.#last?.bytesReceived ?? 0)
  }

  /** The first dial. Rejects as `GrpcJsSession.open` does. */
  async dial(signal: AbortSignal): Promise<void> {
    this.#accept(await this.#open(signal))
  }

  unary(call: UnaryCall): Promise<CallResult> {
    return new Promise((resolve) => {
      const rpc: GrpcJsCall = new GrpcJsCall(
        this,
        call,
        {
          onMessage: () => {},
          onEnd: (status) => {
            const result: CallResult = status
            if (rpc.reply) result.response = rpc.reply
            resolve(result)
          },
        },
        false,
      )
      rpc.write(call.request)
      rpc.end()
      this.#begin(rpc)
    })
  }

  stream(call: StreamCall): ClientStream {
    const rpc = new GrpcJsCall(this, call, call, call.isServerStreaming)
    this.#begin(rpc)
    return {
      write: (message) => rpc.write(message),
      end: () => rpc.end(),
      cancel: () => rpc.cancel({ status: Status.canceled, message: 'context canceled' }),
      pause: () => rpc.pause(),
      resume: () => rpc.resume(),
    }
  }

  close(): void {
    if (this.#end.signal.aborted) return
    this.#end.abort()
    clearTimeout(this.#retryTimer)
    for (const call of [...this.#calls]) call.cancel(closing)
    const session = this.#session
    this.#session = undefined
    // The resets of the calls go out first.
    if (session) setImmediate(() => session.close())
  }

  session(): GrpcJsSession | Promise<GrpcJsSession> {
    if (this.#session?.isUsable) return this.#session
    if (this.#end.signal.aborted) throw new CallError(closing)
    if (this.#failure !== undefined) throw this.#callError(this.#failure)
    this.#dialling ??= this.#redial()
    return this.#dialling
  }

  forget(call: GrpcJsCall): void {
    this.#calls.delete(call)
  }

  #begin(call: GrpcJsCall): void {
    this.#calls.add(call)
    call.begin()
  }

  async #redial(): Promise<GrpcJsSession> {
    const startedAtMs = performance.now()
    try {
      const session = await this.#open(AbortSignal.timeout(attemptMs))
      this.#accept(session)
      return session
    } catch (e) {
      this.#dialling = undefined
      if (this.#end.signal.aborted) throw new CallError(closing)
      this.#failure = e
      this.#failedDials++
      const waitMs = pauseMs(this.#failedDials, Math.random()) - (performance.now() - startedAtMs)
      this.#retryTimer = setTimeout(
        () => {
          this.#dialling ??= this.#redial()
          // Calls learn of a failure from #failure.
          this.#dialling.catch(() => {})
        },
        Math.max(waitMs, 0),
      ).unref()
      throw this.#callError(e)
    }
  }

  #open(signal: AbortSignal): Promise<GrpcJsSession> {
    const both = AbortSignal.any([signal, this.#end.signal])
    let opened: GrpcJsSession | undefined
    const onLost = () => {
      if (opened !== undefined && this.#session === opened) this.#session = undefined
    }
    return GrpcJsSession.open({ ...this.#options, signal: both }, onLost).then((session) => {
      opened = session
      return session
    })
  }

  #accept(session: GrpcJsSession): void {
    this.#dialling = undefined
    if (this.#end.signal.aborted) {
      session.close()
      throw new CallError(closing)
    }
    this.#failure = undefined
    this.#failedDials = 0
    this.#bytesSentBefore = this.bytesSent
    this.#bytesReceivedBefore = this.bytesReceived
    this.#last = session
    this.#session = session
  }

  #callError(error: unknown): CallError {
    if (error instanceof CallError) return error
    const status = isAppError(error, 'NETWORK_DENIED') ? Status.permissionDenied : Status.unavailable
    return new CallError({ status, message: dialText(error) })
  }
}

const closing = { status: Status.canceled, message: 'grpc: the client connection is closing' }
