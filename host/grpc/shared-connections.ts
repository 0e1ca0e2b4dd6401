/**
 * Connections that the VUs of a thread have in common, by all that makes them what they are (`connectionSharing`). Counts
 * who uses one and closes it after the last. Knows no script; the transport dials.
 */
import { createHash } from 'node:crypto'
import { DialDeadline, unlessAborted } from '../net/dial-deadline.js'
import type {
  CallResult,
  ClientStream,
  Connection,
  DialOptions,
  StreamCall,
  Transport,
  UnaryCall,
} from './transport.js'

/** What of the options makes a connection another one. Nothing may be missing here, which the compiler sees to. */
const shapes = {
  address: ({ address }) => address,
  isPlaintext: ({ isPlaintext }) => isPlaintext,
  tls: ({ tls }) => tls,
  authority: ({ authority }) => authority,
  maxReceiveBytes: ({ maxReceiveBytes }) => maxReceiveBytes,
  maxSendBytes: ({ maxSendBytes }) => maxSendBytes,
  userAgent: ({ userAgent }) => userAgent,
  localIp: ({ localIp }) => localIp,
  loadBalancing: ({ loadBalancing }) => loadBalancing,
  // As many as the first who dials may have.
  maxPeers: undefined,
  // One for the whole thread.
  resolver: undefined,
  onInternalError: undefined,
  // These are of the one who waits, not of the connection.
  timeoutMs: undefined,
  vu: undefined,
  signal: undefined,
  onFailure: undefined,
} satisfies Record<keyof DialOptions, ((options: DialOptions) => unknown) | undefined>

/** The same for options that make the same connection. A hash, since keys and passwords are among them. */
function keyOf(options: DialOptions): string {
  const parts = Object.entries(shapes).map(([name, part]) => [name, part?.(options)])
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}

/** Dials with `transport` what is not there already. All that use one of these must give the same resolver. */
export class SharedConnections implements Transport {
  readonly #transport: Transport
  readonly #byKey = new Map<string, Shared>()

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** A use of a connection; its `close()` gives it back. Timeout and signal end this wait, and no other's. */
  async connect(options: DialOptions): Promise<Connection> {
    const deadline = new DialDeadline(options.timeoutMs, ...(options.signal ? [options.signal] : []))
    try {
      if (deadline.signal.aborted) throw deadline.error()
      return await this.#sharedBy(options).use(deadline)
    } finally {
      deadline.clear()
    }
  }

  #sharedBy(options: DialOptions): Shared {
    const key = keyOf(options)
    const known = this.#byKey.get(key)
    if (known) return known
    const shared: Shared = new Shared(this.#transport, options, () => {
      // Another one may have taken the place of one whose dial failed.
      if (this.#byKey.get(key) === shared) this.#byKey.delete(key)
    })
    this.#byKey.set(key, shared)
    return shared
  }
}

/** One connection, from the first who asks for it to the last who gives it back. */
class Shared {
  readonly #dial: Promise<Connection>
  readonly #abandon = new AbortController()
  readonly #onOver: () => void
  /** Those that wait for the dial, and those that got the connection. */
  #users = 0
  #lastFailure: string | undefined
  #countedSent = 0
  #countedReceived = 0

  /** `onOver` is told, perhaps twice, when nobody may join any more. */
  constructor(transport: Transport, options: DialOptions, onOver: () => void) {
    this.#onOver = onOver
    this.#dial = transport.connect({
      ...options,
      timeoutMs: Number.POSITIVE_INFINITY,
      signal: this.#abandon.signal,
      onFailure: (text) => {
        this.#lastFailure = text
      },
    })
    this.#dial.catch(onOver)
  }

  /** @throws {AppError} why the dial failed, or that the caller's time is up */
  async use(deadline: DialDeadline): Promise<Connection> {
    this.#users++
    try {
      const timeUp = () => deadline.error(this.#lastFailure)
      const connection = await unlessAborted(this.#dial, deadline.signal, timeUp)
      return new SharedConnection(connection, this)
    } catch (e) {
      this.leave()
      throw e
    }
  }

  /** Somebody needs it no more. */
  leave(): void {
    if (--this.#users > 0) return
    this.#onOver()
    this.#abandon.abort()
    this.#dial.then(
      (connection) => connection.close(),
      () => {},
    )
  }

  /** Bytes that no user has counted yet. From now on they are counted. */
  takeSent({ bytesSent }: Connection): number {
    const bytes = bytesSent - this.#countedSent
    this.#countedSent = bytesSent
    return bytes
  }

  takeReceived({ bytesReceived }: Connection): number {
    const bytes = bytesReceived - this.#countedReceived
    this.#countedReceived = bytesReceived
    return bytes
  }
}

/** A connection as one of its users has it. */
class SharedConnection implements Connection {
  readonly #handle: Connection
  readonly #shared: Shared
  #isClosed = false
  #bytesSent = 0
  #bytesReceived = 0

  constructor(connection: Connection, shared: Shared) {
    this.#handle = connection.handle()
    this.#shared = shared
  }

  get address(): string {
    return this.#handle.address
  }

  /** Each byte of the wire counts for one user: for the one who asks first after it was sent. */
  get bytesSent(): number {
    if (!this.#isClosed) this.#bytesSent += this.#shared.takeSent(this.#handle)
    return this.#bytesSent
  }

  /** As `bytesSent`. */
  get bytesReceived(): number {
    if (!this.#isClosed) this.#bytesReceived += this.#shared.takeReceived(this.#handle)
    return this.#bytesReceived
  }

  get peers(): number {
    return this.#handle.peers
  }

  unary(call: UnaryCall): Promise<CallResult> {
    return this.#handle.unary(call)
  }

  stream(call: StreamCall): ClientStream {
    return this.#handle.stream(call)
  }

  handle(): Connection {
    return this.#handle.handle()
  }

  /** Ends this user's calls, and the connection when it was the last user. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#handle.close()
    this.#shared.leave()
  }
}
