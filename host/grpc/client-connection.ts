/**
 * A connection with what `client.connect()` said of all its calls, as grpc-go's default call options do: how messages are
 * packed, and which calls are made again. Health checks and reflection are such calls too.
 */

import type { RetryPolicy } from './retry-policy.js'
import { Attempts, RetryingStream, retryUnary } from './retrying-call.js'
import { connectionClosing } from './status.js'
import type {
  CallResult,
  CallStart,
  ClientStream,
  Compression,
  Connection,
  StreamCall,
  UnaryCall,
} from './transport.js'

export interface CallDefaults {
  /** For calls that do not say otherwise. */
  compression?: Compression
  /** Absent: no call is made again. */
  retryPolicy?: RetryPolicy
}

/** `connection` itself when there is nothing to add. It is closed with the result. */
export function withDefaults(connection: Connection, defaults: CallDefaults): Connection {
  const { compression, retryPolicy } = defaults
  return compression === undefined && retryPolicy === undefined
    ? connection
    : new ClientConnection(connection, defaults)
}

class ClientConnection implements Connection {
  readonly #inner: Connection
  readonly #defaults: CallDefaults
  /** Those of the calls that are open. */
  readonly #open = new Set<Attempts>()

  constructor(inner: Connection, defaults: CallDefaults) {
    this.#inner = inner
    this.#defaults = defaults
  }

  get address(): string {
    return this.#inner.address
  }

  get bytesSent(): number {
    return this.#inner.bytesSent
  }

  get bytesReceived(): number {
    return this.#inner.bytesReceived
  }

  get peers(): number {
    return this.#inner.peers
  }

  async unary(given: UnaryCall): Promise<CallResult> {
    const call = this.#withCompression(given)
    const { retryPolicy } = this.#defaults
    if (retryPolicy === undefined) return this.#inner.unary(call)
    const attempts = this.#attemptsOf(call, retryPolicy)
    const result = await retryUnary(this.#inner, call, attempts)
    this.#open.delete(attempts)
    return result
  }

  stream(given: StreamCall): ClientStream {
    const call = this.#withCompression(given)
    const { retryPolicy } = this.#defaults
    if (retryPolicy === undefined) return this.#inner.stream(call)
    const attempts = this.#attemptsOf(call, retryPolicy)
    return new RetryingStream(this.#inner, call, attempts, () => this.#open.delete(attempts))
  }

  /** Calls of a handle have the same defaults. */
  handle(): Connection {
    return withDefaults(this.#inner.handle(), this.#defaults)
  }

  close(): void {
    for (const attempts of this.#open) attempts.stop(connectionClosing)
    this.#inner.close()
  }

  #withCompression<Call extends CallStart>(call: Call): Call {
    return { ...call, compression: call.compression ?? this.#defaults.compression }
  }

  #attemptsOf(call: CallStart, policy: RetryPolicy): Attempts {
    const attempts = new Attempts(policy, call)
    this.#open.add(attempts)
    return attempts
  }
}
