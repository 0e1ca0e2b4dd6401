/**
 * The calls of a connection: starts them, knows which are open, and ends them with it. What they run on comes from the
 * connection, which dials; this file knows of no socket.
 */
import { connectionClosing, contextCanceled } from '../status.js'
import type { CallResult, ClientStream, Connection, StreamCall, UnaryCall } from '../transport.js'
import { CallError, type CallHost, GrpcJsCall } from './grpc-js-call.js'
import type { GrpcJsSession } from './grpc-js-session.js'

/** What all calls of a connection have in common. */
export type CallSettings = Pick<CallHost, 'authority' | 'userAgent' | 'maxReceiveBytes' | 'maxSendBytes'>

/**
 * Servers that do not say how large a header block they take may close the connection for one that is larger, and with it
 * the calls of all handles. Those of Node.js end it for a value of 64 KiB; hardly any takes offence at less.
 */
const handleHeaderListBytes = 64 * 1024

export abstract class GrpcJsCalls implements Connection, CallHost {
  readonly address: string
  readonly authority: string
  readonly userAgent: string
  readonly maxReceiveBytes: number
  readonly maxSendBytes: number
  readonly maxHeaderListBytes: number = Number.POSITIVE_INFINITY
  readonly #calls = new Set<GrpcJsCall>()
  readonly #handles = new Set<Handle>()

  constructor(address: string, settings: CallSettings) {
    this.address = address
    this.authority = settings.authority
    this.userAgent = settings.userAgent
    this.maxReceiveBytes = settings.maxReceiveBytes
    this.maxSendBytes = settings.maxSendBytes
  }

  abstract get bytesSent(): number
  abstract get bytesReceived(): number
  abstract session(): GrpcJsSession | Promise<GrpcJsSession>

  get peers(): number {
    return 1
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
            if (rpc.remoteIp !== undefined) result.remoteIp = rpc.remoteIp
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
    for (const call of [...this.#calls]) call.cancel(connectionClosing)
  }

  forget(call: GrpcJsCall): void {
    this.#calls.delete(call)
  }

  #begin(call: GrpcJsCall): void {
    this.#calls.add(call)
    call.begin()
  }
}

/** Calls of its own on the sessions of another connection. */
class Handle extends GrpcJsCalls {
  override readonly maxHeaderListBytes = handleHeaderListBytes
  readonly #of: GrpcJsCalls
  readonly #onClose: () => void
  #isClosed = false

  constructor(of: GrpcJsCalls, onClose: () => void) {
    super(of.address, of)
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

  session(): GrpcJsSession | Promise<GrpcJsSession> {
    if (this.#isClosed) throw new CallError(connectionClosing)
    return this.#of.session()
  }

  override close(): void {
    this.#isClosed = true
    this.#onClose()
    super.close()
  }
}
