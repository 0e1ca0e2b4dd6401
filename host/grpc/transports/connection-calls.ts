/**
 * The calls of a connection: starts them, knows which are open, and ends them with it. What they run on comes from the
 * connection, which dials; this file knows of no socket.
 */
import { Roster } from '../../roster.js'
import { connectionClosing, contextCanceled } from '../status.js'
import type { CallResult, CallStatus, ClientStream, Connection, StreamCall, UnaryCall } from '../transport.js'
import { CallError, type CallHost, type CallSink, type RunningCall, type Session, type Wire } from './session.js'

/** What all calls of a connection have in common. */
export type CallSettings = Pick<
  CallHost<Session>,
  'authority' | 'userAgent' | 'maxReceiveBytes' | 'maxSendBytes' | 'onInternalError'
>

/**
 * Servers that do not say how large a header block they take may close the connection for one that is larger, and with it
 * the calls of all handles. Those of Node.js end it for a value of 64 KiB; hardly any takes offence at less.
 */
const handleHeaderListBytes = 64 * 1024

export abstract class ConnectionCalls<S extends Session> implements Connection, CallHost<S> {
  readonly address: string
  readonly authority: string
  readonly userAgent: string
  readonly maxReceiveBytes: number
  readonly maxSendBytes: number
  readonly maxHeaderListBytes: number = Number.POSITIVE_INFINITY
  readonly onInternalError: (e: unknown) => void
  readonly wire: Wire<S>
  readonly #calls = new Roster<RunningCall>()
  readonly #handles = new Set<Handle<S>>()

  constructor(address: string, wire: Wire<S>, settings: CallSettings) {
    this.wire = wire
    this.address = address
    this.authority = settings.authority
    this.userAgent = settings.userAgent
    this.maxReceiveBytes = settings.maxReceiveBytes
    this.maxSendBytes = settings.maxSendBytes
    this.onInternalError = settings.onInternalError
  }

  abstract get bytesSent(): number
  abstract get bytesReceived(): number
  abstract session(): S | Promise<S>

  get peers(): number {
    return 1
  }

  unary(call: UnaryCall): Promise<CallResult> {
    return new Promise((resolve) => {
      const sink = new UnarySink(resolve)
      const rpc = this.wire.newCall(this, call, sink, false)
      sink.call = rpc
      rpc.write(call.request)
      rpc.end()
      this.#begin(rpc)
    })
  }

  stream(call: StreamCall): ClientStream {
    const rpc = this.wire.newCall(this, call, call, call.isServerStreaming)
    this.#begin(rpc)
    return {
      write: (message) => rpc.write(message),
      end: () => rpc.end(),
      cancel: () => rpc.cancel(contextCanceled),
      pause: () => rpc.pause(),
      resume: () => rpc.resume(),
    }
  }

  handle(): Connection {
    const handle = new Handle(this, () => this.#handles.delete(handle))
    this.#handles.add(handle)
    return handle
  }

  /** Ends the open calls. Whoever dials closes what was dialled as well. */
  close(): void {
    for (const handle of [...this.#handles]) handle.close()
    for (const call of this.#calls.all()) call.cancel(connectionClosing)
  }

  forget(call: RunningCall): void {
    call.seat?.leave()
  }

  #begin(call: RunningCall): void {
    call.seat = this.#calls.add(call)
    call.begin()
  }
}

/** Puts the result of a call with one reply together. */
class UnarySink implements CallSink {
  call: RunningCall | undefined
  readonly #resolve: (result: CallResult) => void

  constructor(resolve: (result: CallResult) => void) {
    this.#resolve = resolve
  }

  onMessage(): void {}

  onEnd(status: CallStatus): void {
    const result: CallResult = status
    const { reply, remoteIp } = this.call as RunningCall
    if (reply) result.response = reply
    if (remoteIp !== undefined) result.remoteIp = remoteIp
    this.#resolve(result)
  }
}

/** Calls of its own on the sessions of another connection. */
class Handle<S extends Session> extends ConnectionCalls<S> {
  override readonly maxHeaderListBytes = handleHeaderListBytes
  readonly #of: ConnectionCalls<S>
  readonly #onClose: () => void
  #isClosed = false

  constructor(of: ConnectionCalls<S>, onClose: () => void) {
    super(of.address, of.wire, of)
    this.#of = of
    this.#onClose = onClose
  }

  get bytesSent(): number {
    return this.#of.bytesSent
  }

  get bytesReceived(): number {
    return this.#of.bytesReceived
  }

  override get peers(): number {
    return this.#of.peers
  }

  session(): S | Promise<S> {
    if (this.#isClosed) throw new CallError(connectionClosing)
    return this.#of.session()
  }

  override close(): void {
    this.#isClosed = true
    this.#onClose()
    super.close()
  }
}
