/** What the gRPC clients of one thread share: parsed schemas, the resolver, connections, the options that bear on them. */
import type { Limits } from '../../policy/limits.js'
import { NetworkPolicy } from '../../policy/network.js'
import { HostResolver, type NameResolver, type ResolverOptions } from '../dns.js'
import type { TlsOptions } from '../net/tls.js'
import { SchemaCache } from './schema/schema-cache.js'
import { SharedConnections } from './shared-connections.js'
import type { Connection, DialOptions, Transport } from './transport.js'
import { defaultTransportName, type TransportName } from './transport-name.js'
import { newTransport } from './transports/new-transport.js'
import { type AnswerOf, RehearsalTransport } from './transports/rehearsal-transport.js'

/** Options of a test that bear on gRPC, in the terms of this folder. */
export interface GrpcOptions {
  readonly tls: TlsOptions
  readonly resolver: ResolverOptions
  readonly userAgent?: string
  /** k6's option of that name: `full` for messages too, anything else but the empty text for headers. */
  readonly httpDebug?: string
  /** The local address of a VU's connections. */
  readonly localIpOf?: (vu: number) => string | undefined
  /** What carries the calls; the default when absent. No option of a test, but of who runs it. */
  readonly transport?: TransportName
}

export class GrpcRuntime {
  readonly schemas: SchemaCache
  readonly transport: Transport
  readonly #shared: SharedConnections
  readonly resolver: NameResolver
  readonly options: GrpcOptions
  readonly limits: Limits

  constructor(options: GrpcOptions, limits: Limits, schemas = new SchemaCache()) {
    this.schemas = schemas
    this.options = options
    this.limits = limits
    this.transport = newTransport(options.transport ?? defaultTransportName)
    this.#shared = new SharedConnections(this.transport)
    this.resolver = new HostResolver(options.resolver)
  }

  /** For the first init, in which nothing may be dialled. */
  static forInit(limits: Limits): GrpcRuntime {
    return new GrpcRuntime({ tls: {}, resolver: { network: NetworkPolicy.denyAll } }, limits)
  }

  /**
   * Dials with the options of the test, unless the connection may be shared and another VU has it already.
   *
   * @param answerOf given for a check: nobody is dialled, and calls get these answers
   * @throws {AppError} CONNECT_FAILED, NETWORK_DENIED
   */
  connect(
    dial: Omit<DialOptions, 'resolver' | 'userAgent' | 'localIp' | 'vu'>,
    vu: number,
    isShared: boolean,
    answerOf?: AnswerOf,
  ): Promise<Connection> {
    const { userAgent, localIpOf } = this.options
    const localIp = localIpOf?.(vu)
    const dialling = isShared ? this.#shared : this.transport
    const transport = answerOf === undefined ? dialling : new RehearsalTransport(answerOf)
    return transport.connect({
      ...dial,
      resolver: this.resolver,
      vu,
      ...(userAgent === undefined ? {} : { userAgent }),
      ...(localIp === undefined ? {} : { localIp }),
    })
  }
}
