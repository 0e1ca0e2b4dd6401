/**
 * What a transport is made of besides dialling: sessions, which are one socket each, and the calls on them. The connections
 * of this folder dial sessions and hand them to calls; they do not know what is spoken.
 */
import type { Seat } from '../../roster.js'
import type { SocketOptions } from '../dial.js'
import type { Ending } from '../status.js'
import type { CallStart, CallStatus, ReceivedMetadata } from '../transport.js'

/** One socket to a server, from the server's settings to its loss. A lost session stays lost. */
export interface Session {
  /** False once no new call may be started. */
  readonly isUsable: boolean
  /** True once open calls are lost as well. */
  readonly isLost: boolean
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly remoteIp: string
  /** The peer as `ip:port`. */
  readonly remoteText: string
  /** The largest header block that the server takes, in bytes as HPACK counts them. */
  readonly headerListLimit: number
  /** Closes the socket with all calls. */
  close(): void
}

/** What is known of an end besides the headers and trailers. */
export type FullEnding = Ending & Pick<CallStatus, 'details' | 'isUnsendable'>

/** What a call needs of the connection it runs on. */
export interface CallHost<S extends Session> {
  readonly authority: string
  readonly userAgent: string
  readonly maxReceiveBytes: number
  readonly maxSendBytes: number
  /** Largest header block of a request, in bytes as HPACK counts them; the server may take less. */
  readonly maxHeaderListBytes: number
  /** Told of errors that are ours. */
  readonly onInternalError: (e: unknown) => void
  /** A session to send on; a promise while it is dialled. Rejects, or throws, with a CallError. */
  session(): S | Promise<S>
  /** The call has ended. */
  forget(call: RunningCall): void
}

/** Where the answer goes. */
export interface CallSink {
  onStart?(remoteIp: string): void
  onHeaders?(headers: ReceivedMetadata): void
  onMessage(message: Uint8Array): void
  onEnd(result: CallStatus): void
  onDrain?(): void
}

/** The life of one call, from its start to the one `onEnd` of its sink. */
export interface RunningCall {
  /** Among the open calls of its connection. */
  seat: Seat<RunningCall> | undefined
  /** The last message received, also of a call that failed. */
  readonly reply: Uint8Array | undefined
  /** IP of the peer that the call was sent to, the last one when it was sent again. */
  readonly remoteIp: string | undefined
  /** Starts the call. Whatever happens comes through the sink, after this function has returned. */
  begin(): void
  /** Queues a message, which must not change any more; false asks the writer to wait for `onDrain`. */
  write(message: Uint8Array): boolean
  /** Ends this side of the call. */
  end(): void
  pause(): void
  resume(): void
  /** Ends the call from this side; messages that were not handed out are dropped. */
  cancel(ending: Ending): void
}

/** One way to speak gRPC on a socket. */
export interface Wire<S extends Session> {
  /**
   * Dials, and waits until the server has sent its settings. `onLost` is told when no new call may be started, and again
   * when the session is lost; `onInternalError` of errors that are ours.
   *
   * @throws {DialError} with the text for `connection error: desc = "…"`
   * @throws {AppError} `NETWORK_DENIED`
   */
  open(options: SocketOptions, onLost: () => void, onInternalError: (e: unknown) => void): Promise<S>
  newCall(host: CallHost<S>, start: CallStart, sink: CallSink, isServerStreaming: boolean): RunningCall
}

/** Carries the ending of a call whose session could not be had. */
export class CallError extends Error {
  constructor(readonly ending: Ending) {
    super(ending.message)
  }
}
