/**
 * A connection as scripts see it: a session that is dialled again after it was lost, with pauses as grpc-go makes them.
 * Knows when to dial, not how; calls know the rest.
 */

import { isAppError } from '../../../errors.js'
import { goQuote } from '../../../go/quote.js'
import { DialError } from '../../dns.js'
import { DialDeadline } from '../../net/dial-deadline.js'
import type { SocketOptions } from '../dial.js'
import { endpointOf } from '../server-name.js'
import { connectionClosing, internalError, Status } from '../status.js'
import { type CallSettings, ConnectionCalls } from './connection-calls.js'
import { CallError, type Session, type Wire } from './session.js'

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
export function dialText({ message }: DialError): string {
  return `connection error: desc = ${goQuote(message)}`
}

export type ConnectionOptions = Omit<SocketOptions, 'signal'> & CallSettings

export class RediallingConnection<S extends Session> extends ConnectionCalls<S> {
  readonly #options: ConnectionOptions
  /** Aborted when the connection is closed for good. */
  readonly #end = new AbortController()
  #session: S | undefined
  /** The present session, or the one before while there is none, for its counters. */
  #last: S | undefined
  /** Those that the server has announced the end of, while they still have calls. */
  readonly #draining = new Set<S>()
  #dialling: Promise<S> | undefined
  /** Why the last dial failed; kept until one succeeds, so that calls fail at once. */
  #failure: unknown
  #retryTimer: NodeJS.Timeout | undefined
  #failedDials = 0
  /** Of sessions that are gone. */
  #bytesSentBefore = 0
  #bytesReceivedBefore = 0

  constructor(wire: Wire<S>, options: ConnectionOptions) {
    super(endpointOf(options.address), wire, options)
    this.#options = options
  }

  get bytesSent(): number {
    let bytes = this.#bytesSentBefore + (this.#last?.bytesSent ?? 0)
    for (const session of this.#draining) if (session !== this.#last) bytes += session.bytesSent
    return bytes
  }

  get bytesReceived(): number {
    let bytes = this.#bytesReceivedBefore + (this.#last?.bytesReceived ?? 0)
    for (const session of this.#draining) if (session !== this.#last) bytes += session.bytesReceived
    return bytes
  }

  /** Why the last dial failed; undefined before one did, and once one has succeeded. */
  get failure(): unknown {
    return this.#failure
  }

  /** The first dial. Rejects as `Wire.open` does. */
  async dial(signal: AbortSignal): Promise<void> {
    this.#accept(await this.#open(new DialDeadline(Number.POSITIVE_INFINITY, signal, this.#end.signal)))
  }

  override close(): void {
    if (this.#end.signal.aborted) return
    this.#end.abort()
    clearTimeout(this.#retryTimer)
    super.close()
    const sessions = [...this.#draining]
    if (this.#session) sessions.push(this.#session)
    this.#session = undefined
    // The resets of the calls go out first.
    setImmediate(() => {
      for (const session of sessions) session.close()
    })
  }

  session(): S | Promise<S> {
    if (this.#session?.isUsable) return this.#session
    if (this.#end.signal.aborted) throw new CallError(connectionClosing)
    if (this.#failure !== undefined) throw this.#callError(this.#failure)
    this.#dialling ??= this.#redial()
    return this.#dialling
  }

  async #redial(): Promise<S> {
    const startedAtMs = performance.now()
    try {
      const session = await this.#open(new DialDeadline(attemptMs, this.#end.signal))
      this.#accept(session)
      return session
    } catch (e) {
      this.#dialling = undefined
      if (this.#end.signal.aborted) throw new CallError(connectionClosing)
      if (!(e instanceof DialError) && !isAppError(e)) this.onInternalError(e)
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

  async #open(deadline: DialDeadline): Promise<S> {
    let opened: S | undefined
    const onLost = () => {
      if (opened === undefined) return
      if (this.#session === opened) this.#session = undefined
      if (!opened.isLost) this.#draining.add(opened)
      else if (this.#draining.delete(opened) && opened !== this.#last) this.#keepBytes(opened)
    }
    try {
      opened = await this.wire.open({ ...this.#options, signal: deadline.signal }, onLost, this.onInternalError)
      return opened
    } finally {
      deadline.clear()
    }
  }

  #accept(session: S): void {
    this.#dialling = undefined
    if (this.#end.signal.aborted) {
      session.close()
      throw new CallError(connectionClosing)
    }
    this.#failure = undefined
    this.#failedDials = 0
    if (this.#last !== undefined && !this.#draining.has(this.#last)) this.#keepBytes(this.#last)
    this.#last = session
    this.#session = session
  }

  #keepBytes({ bytesSent, bytesReceived }: S): void {
    this.#bytesSentBefore += bytesSent
    this.#bytesReceivedBefore += bytesReceived
  }

  #callError(error: unknown): CallError {
    if (error instanceof DialError) return new CallError({ status: Status.unavailable, message: dialText(error) })
    if (!isAppError(error)) return new CallError(internalError)
    const status = isAppError(error, 'NETWORK_DENIED') ? Status.permissionDenied : Status.unavailable
    return new CallError({ status, message: error.message })
  }
}
