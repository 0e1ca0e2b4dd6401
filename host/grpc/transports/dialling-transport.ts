/**
 * Turns a script's `connect()` into a connection, or into the text that k6 shows, whatever is spoken on the socket.
 * Decides which failures are final and which are tried again until the timeout.
 */
import { AppError, isAppError } from '../../../errors.js'
import { DialError } from '../../dns.js'
import { DialDeadline } from '../../net/dial-deadline.js'
import { secureContextOf } from '../../net/tls.js'
import { leaveUncaught } from '../../uncaught.js'
import { endpointOf, serverNameOf } from '../server-name.js'
import { type Connection, type DialOptions, defaultReceiveBytes, type Transport } from '../transport.js'
import { dialText, pauseMs, RediallingConnection } from './redialling-connection.js'
import { RoundRobinConnection } from './round-robin-connection.js'
import type { Session, Wire } from './session.js'

const defaultSendBytes = 2 ** 31 - 1
/** What k6 v2.2.0 sends as the name of its gRPC library. */
const libraryName = 'grpc-go/1.83.0'

/** Dials a connection for each `connect()`, and makes its calls on `wire`. Has no state of its own. */
export class DiallingTransport<S extends Session> implements Transport {
  readonly #wire: Wire<S>

  constructor(wire: Wire<S>) {
    this.#wire = wire
  }

  connect(options: DialOptions): Promise<Connection> {
    return connect(this.#wire, options)
  }
}

async function connect<S extends Session>(wire: Wire<S>, options: DialOptions): Promise<Connection> {
  const authority = options.authority || endpointOf(options.address)
  const serverName = serverNameOf(options.address, options.authority)
  const settings = options.tls ?? {}
  if (!options.isPlaintext) secureContextOf(settings)
  const connectionOptions = {
    address: options.address,
    resolver: options.resolver,
    use: { scheme: options.isPlaintext ? ('grpc' as const) : ('grpcs' as const), vu: options.vu ?? 0 },
    ...(options.localIp ? { localIp: options.localIp } : {}),
    ...(options.isPlaintext ? {} : { tls: { settings, serverName } }),
    authority: encodeAuthority(authority),
    userAgent: options.userAgent ? `${options.userAgent} ${libraryName}` : libraryName,
    maxReceiveBytes: options.maxReceiveBytes || defaultReceiveBytes,
    maxSendBytes: options.maxSendBytes || defaultSendBytes,
    onInternalError: options.onInternalError ?? leaveUncaught,
  }
  const connection =
    options.loadBalancing === 'round_robin'
      ? new RoundRobinConnection(wire, connectionOptions, options.resolver, options.maxPeers)
      : new RediallingConnection(wire, connectionOptions)
  try {
    await dialUntil(connection, options)
    return connection
  } catch (e) {
    connection.close()
    throw e
  }
}

/** Dials until it works, fails for good, or the time is over. */
async function dialUntil<S extends Session>(
  connection: RediallingConnection<S> | RoundRobinConnection<S>,
  options: DialOptions,
): Promise<void> {
  const deadline = new DialDeadline(options.timeoutMs, ...(options.signal ? [options.signal] : []))
  const { signal } = deadline
  let last: DialError | undefined
  try {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const startedAtMs = performance.now()
      try {
        return await connection.dial(signal)
      } catch (e) {
        if (isAppError(e)) throw e
        if (signal.aborted) break
        if (!(e instanceof DialError)) throw e
        if (!e.isTemporary) throw failed(dialText(e), e)
        last = e
        options.onFailure?.(dialText(e))
      }
      await wait(pauseMs(attempt, Math.random()) - (performance.now() - startedAtMs), signal)
    }
  } finally {
    deadline.clear()
  }
  throw deadline.error(last === undefined ? undefined : dialText(last), last)
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.max(ms, 0))
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}

/** Bytes that have no place in an authority are written as %XX, as grpc-go does. */
function encodeAuthority(text: string): string {
  return text.replace(/[^A-Za-z0-9._~!$&'()*+,;=:[\]@-]+/g, (part) => {
    const hex = Buffer.from(part).toString('hex').toUpperCase()
    return hex.replace(/../g, '%$&')
  })
}

function failed(message: string, cause?: unknown): AppError {
  return new AppError('CONNECT_FAILED', message, cause === undefined ? {} : { cause })
}
