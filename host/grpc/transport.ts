/**
 * The seam between gRPC calls and what carries them: dial, one request, streams, all in bytes.
 * Knows no protobuf, no script and no metric; an implementation lives in transports/.
 */
import type { NameResolver } from '../dns.js'
import type { TlsSettings } from '../net/tls.js'

/** Pairs in sending order. Keys are lower case; a value is bytes exactly when its key ends in `-bin`. */
export type Metadata = readonly (readonly [key: string, value: string | Uint8Array])[]

/** What a server sent: name to values, in order of arrival. Values of `-bin` names are the raw bytes as lossy UTF-8. */
export type ReceivedMetadata = ReadonlyMap<string, readonly string[]>

/** Which of the addresses of a name carry calls: one that was picked, or all in turn. */
export type LoadBalancing = 'pick_first' | 'round_robin'

/** k6's limit for a message where a script names none. */
export const defaultReceiveBytes = 4 * 1024 * 1024

export interface DialOptions {
  /** As the script gave it. */
  address: string
  isPlaintext: boolean
  /** For the whole dial, in milliseconds. A negative one fails at once. */
  timeoutMs: number
  /** Absent: system roots, no client certificate. */
  tls?: TlsSettings
  /** Replaces the address as `:authority` and as the name that the certificate must have. Empty means absent. */
  authority?: string
  /** Largest message to take, in bytes; 4 MiB when absent or 0. */
  maxReceiveBytes?: number
  /** Largest message to send, in bytes; 2 GiB - 1 when absent or 0. */
  maxSendBytes?: number
  /** The option `userAgent`; gRPC's own name follows it on the wire. */
  userAgent?: string
  /** The local address to dial from (k6's option `localIPs`). */
  localIp?: string
  resolver: NameResolver
  /** The VU that dials, for the record of what is refused; 0 when absent. */
  vu?: number
  /** `pick_first` when absent. */
  loadBalancing?: LoadBalancing
  /** Addresses that `round_robin` dials at most, if that is less than its own bound. */
  maxPeers?: number
  /** Ends the dial early. */
  signal?: AbortSignal
  /** Told why a dial failed that is going to be tried again, in the words of the error that would end it. */
  onFailure?: (text: string) => void
  /** Told of errors that are ours, whose calls end with status 13. Absent: nobody catches them, and they end the thread. */
  onInternalError?: (e: unknown) => void
}

export interface Transport {
  /** @throws {AppError} `CONNECT_FAILED` with the text that k6 shows, `NETWORK_DENIED` when the policy closes the address */
  connect(options: DialOptions): Promise<Connection>
}

/**
 * One connection, which comes back by itself after it broke: the next call finds it dialling or dialled again. Calls do not
 * wait for a server that is down, they end with status 14 and the dial's text.
 */
export interface Connection {
  /** The address without its scheme, for the `url` tag. */
  readonly address: string
  /** Bytes on the wire so far, over all dials, TLS included. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Sockets that it has, or dials when it needs them. */
  readonly peers: number
  /** Never rejects: whatever happens becomes a status. */
  unary(call: UnaryCall): Promise<CallResult>
  /** Never throws; failures come through `onEnd`, never before this function has returned. */
  stream(call: StreamCall): ClientStream
  /** Another handle on this connection: its `close()` ends the calls that were made through it, and nothing else. */
  handle(): Connection
  /** Ends open calls with status 1 and closes the socket. Calls after it end with status 1 as well. */
  close(): void
}

/** How the messages of a call are packed on their way out. Those that come in may be packed either way. */
export type Compression = 'gzip' | 'identity'

export interface CallStart {
  /** `/package.Service/Method`. */
  path: string
  metadata: Metadata
  /** Absent: `identity`, which sends messages as they are. */
  compression?: Compression
  /** How often this call was tried before; the server is told when it is not 0. */
  previousAttempts?: number
  /** Milliseconds from now until the call ends with status 4; at once when it is not positive, never when it is absent. */
  deadlineMs?: number
  /** Ends the call with status 1. */
  signal?: AbortSignal
  observer?: CallObserver | undefined
}

/** Told of what a call sends and receives, as it happens. None of its functions may throw. */
export interface CallObserver {
  /** The call goes out, to `ip:port`; `metadata` is the script's and the user agent. Again when it is tried once more. */
  onOutHeader?(remote: string, metadata: Metadata): void
  /** A message goes out. Sizes are those on the wire, with the five bytes in front of a message. */
  onOutPayload?(message: Uint8Array, wireBytes: number): void
  /** `sizeBytes` is that of names and values: what compression leaves of them nobody tells. */
  onInHeader?(headers: ReceivedMetadata, sizeBytes: number): void
  /** A message is handed out. It must not be changed. */
  onInPayload?(message: Uint8Array, wireBytes: number): void
  /** After the last message. */
  onInTrailer?(trailers: ReceivedMetadata, sizeBytes: number): void
}

export interface UnaryCall extends CallStart {
  request: Uint8Array
}

export interface StreamCall extends CallStart {
  /** False for a method with one reply: it is handed out only when the call has succeeded, and a second one is an error. */
  isServerStreaming: boolean
  /**
   * The call is on a connection that is ready, to a peer with that IP. Called before anything else and perhaps before
   * `stream` has returned; again when the call is made again, perhaps to another peer; never for a call that fails before
   * it gets so far.
   */
  onStart?(remoteIp: string): void
  /** Headers of the server, once, before the first message. */
  onHeaders?(headers: ReceivedMetadata): void
  /** A message. It belongs to the receiver. Not called while paused. */
  onMessage(message: Uint8Array): void
  /** The last thing that is called. It too waits until a paused stream is resumed. */
  onEnd(result: CallStatus): void
  /** More may be written after `write` returned false. */
  onDrain?(): void
}

/** How a call ended. */
export interface CallStatus {
  /** Mostly 0 to 16; other numbers of a server pass through. */
  status: number
  message: string
  /** A google.rpc.Status whose code is `status`, as the server sent it. */
  details?: Uint8Array
  /** The request itself cannot be sent: another attempt would end the same. */
  isUnsendable?: boolean
  /** A message came that is larger than the connection takes. */
  isTooLarge?: boolean
  /** Empty when the server answered with trailers only, or not at all. */
  headers: ReceivedMetadata
  trailers: ReceivedMetadata
}

export interface CallResult extends CallStatus {
  /** The last message received, also when the call failed after it. */
  response?: Uint8Array
  /** IP of the peer that the call was sent to; absent when it was not sent. */
  remoteIp?: string
}

export interface ClientStream {
  /** Queues a message; false asks to wait for `onDrain`. Ignored after `end`, `cancel` and the end of the call. */
  write(message: Uint8Array): boolean
  /** No more messages from this side. Idempotent. */
  end(): void
  /** Ends the call with status 1. What was not handed out is dropped; `onEnd` comes even while paused. */
  cancel(): void
  pause(): void
  resume(): void
}
