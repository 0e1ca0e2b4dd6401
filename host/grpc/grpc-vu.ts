/** The gRPC clients of one VU, by the numbers that the guest knows them by, and the bytes that they moved. */
import { GuestError } from '../../runtime/guest-error.js'
import { Handles } from '../handles.js'
import { type Traffic, TrafficMeter } from '../net/traffic.js'
import type { CallParams } from './call-params.js'
import type { GrpcRuntime } from './grpc-runtime.js'
import { type MethodDescriptor, Schema } from './schema/schema.js'
import type { Connection } from './transport.js'

export interface GrpcClient {
  readonly schema: Schema
  connection: Connection | undefined
  /** The script would take larger messages than the policy lets it. */
  isReceiveCapped?: boolean
  /** Its methods are those of a server, which a check does not ask. */
  usesReflection?: boolean
  /** The method that was called last, by the name that the script gave; undefined when methods may be other ones by now. */
  lastMethod?: { name: string; method: MethodDescriptor } | undefined
}

/** A stream of the script, as its guest half reaches it. */
export interface OpenStream {
  /** Queues a message, given as JSON text. A promise asks the script to wait until some of the queue is sent. */
  write(json: string): undefined | Promise<undefined>
  /** No more messages from the script. */
  end(): void
  /** Ends the call; the script hears no more of it. */
  cancel(): void
}

const maxClients = 10_000
const mostKnownParams = 64
const mostKnownLength = 4096

/** Parameters that were read and checked, by the text they came as: most calls have the same again. */
export class KnownParams {
  readonly #known = new Map<string | undefined, CallParams>()

  get(text: string | undefined): CallParams | undefined {
    return this.#known.get(text)
  }

  add(text: string | undefined, params: CallParams): void {
    if (text !== undefined && text.length > mostKnownLength) return
    if (this.#known.size >= mostKnownParams) this.#known.clear()
    this.#known.set(text, params)
  }
}

export class GrpcVu {
  readonly runtime: GrpcRuntime
  readonly invokeParams = new KnownParams()
  readonly streamParams = new KnownParams()
  readonly #clients = new Handles<GrpcClient>('gRPC clients', maxClients)
  readonly #streams = new Map<number, OpenStream>()
  #lastStream = 0
  #openUnary = 0
  /** Of all clients together. */
  readonly #schemaRoom = { used: 0 }
  /** Every connection that is open, also those that a script has replaced without closing them, as k6 keeps them. */
  readonly #connections = new TrafficMeter<Connection>()
  readonly #shared = new WeakSet<Connection>()
  #isClosed = false

  constructor(runtime: GrpcRuntime) {
    this.runtime = runtime
  }

  /** @throws {GuestError} when there are too many */
  create(): number {
    return this.#clients.add({ schema: new Schema(this.runtime.schemas, {}, this.#schemaRoom), connection: undefined })
  }

  /** @throws {GuestError} for a number that is none of this VU's */
  client(id: unknown): GrpcClient {
    return this.#clients.get(id)
  }

  /** Forgets a client. As in k6 its connection stays open, but a shared one is given back. */
  free(id: unknown): void {
    const client = this.#clients.find(id)
    const connection = client?.connection
    client?.schema.forget()
    this.#clients.delete(id)
    this.replace(connection)
  }

  /**
   * The stream that `open` starts under a number of its own.
   *
   * @throws what `open` throws
   */
  addStream<Stream extends OpenStream>(open: (id: number) => Stream): Stream {
    const id = this.#lastStream + 1
    const stream = open(id)
    this.#streams.set(id, stream)
    this.#lastStream = id
    return stream
  }

  /** Undefined once the stream is over. @throws {GuestError} for a number that was none of this VU's */
  stream(id: unknown): OpenStream | undefined {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > this.#lastStream) {
      throw new GuestError('TypeError', 'unknown gRPC stream')
    }
    return this.#streams.get(id)
  }

  removeStream(id: number): void {
    this.#streams.delete(id)
  }

  /** Takes over a connection. It is closed at once when the VU ended while it was dialled. */
  adopt(connection: Connection, isShared: boolean): void {
    if (this.#isClosed) {
      connection.close()
      return
    }
    this.#connections.add(connection)
    if (isShared) this.#shared.add(connection)
  }

  /** Sockets: a connection to several addresses has one for each. */
  get openConnections(): number {
    let sum = 0
    for (const { peers } of this.#connections.connections) sum += peers
    return sum
  }

  /** Streams, and calls that wait for their answer. */
  get openCalls(): number {
    return this.#streams.size + this.#openUnary
  }

  /** Counts a call with one answer, until `endCall`. */
  beginCall(): void {
    this.#openUnary++
  }

  endCall(): void {
    this.#openUnary--
  }

  release(connection: Connection): void {
    this.#connections.remove(connection)
    this.#shared.delete(connection)
    connection.close()
  }

  /** A client has a new connection, or none any more. As in k6 the old one stays open, but a shared one is given back. */
  replace(connection: Connection | undefined): void {
    if (connection !== undefined && this.#shared.delete(connection)) this.release(connection)
  }

  /** Bytes that went over the wire since the last call. */
  takeTraffic(): Traffic {
    return this.#connections.take()
  }

  /** Closes everything: the VU is over. */
  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#connections.connections]) this.release(connection)
  }
}
