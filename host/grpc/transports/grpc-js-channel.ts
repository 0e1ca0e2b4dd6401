/**
 * A grpc-js channel on a socket of ours, which sends headers as it is told and leaves messages alone.
 * The only file that reaches below the surface of grpc-js 1.14, which hides what calls need to end as grpc-go's do: the
 * socket, raw headers, resets. Knows neither how to dial nor how calls end.
 */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { Channel, type ChannelOptions, credentials, experimental, Metadata } from '@grpc/grpc-js'
import { Subchannel } from '@grpc/grpc-js/build/src/subchannel.js'
import { type Transport as GrpcJsWire, Http2SubchannelConnector } from '@grpc/grpc-js/build/src/transport.js'
import { AppError } from '../../../errors.js'
import type { CheckedAddress } from '../../../policy/network.js'

/** How much a server may send ahead of a stream's reader, in bytes. */
const streamWindowBytes = 1024 * 1024

/** A call of grpc-js. */
export type GrpcJsRpc = ReturnType<Channel['createCall']>
/** Where grpc-js puts the answer of a call. */
export type GrpcJsListener = Parameters<GrpcJsRpc['start']>[1]

/** What grpc-js sends as a call's header block, and who hears of the stream that carries it. */
export interface Request {
  /** All headers, those of HTTP/2 and gRPC included. */
  readonly headers: Record<string, string | string[]>
  /** Called before grpc-js listens to the stream, so that listeners added here are the first. */
  onStream(stream: ClientHttp2Stream): void
}

/** A socket that is open, and where it leads. */
export interface Dialled {
  socket: Socket
  tcp: Socket
  remote: CheckedAddress
  isSecure: boolean
}

const channelOptions: ChannelOptions = {
  // Calls watch the sizes: grpc-js would drop the messages that came just before one that is too large.
  'grpc.max_receive_message_length': -1,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
  // Without a buffer for retries a write is done when its bytes are out, which is what makes writers wait.
  'grpc.per_rpc_retry_buffer_size': 0,
  // The longest that a timer can hold: k6 keeps idle connections.
  'grpc.client_idle_timeout_ms': 2 ** 31 - 1,
  'grpc-node.flow_control_window': streamWindowBytes,
}

function targetOf({ ip, port }: CheckedAddress): string {
  return ip.family === 6 ? `ipv6:[${ip.text}]:${port}` : `ipv4:${ip.text}:${port}`
}

/** Starts HTTP/2 on an open socket as grpc-js does it, and takes hold of the session before anything happens on it. */
export function startHttp2(dialled: Dialled): { session: ClientHttp2Session; wire: Promise<GrpcJsWire> } {
  const { socket, remote, isSecure } = dialled
  const [scheme, path] = targetOf(remote).split(/:(.*)/s) as [string, string]
  const connector = new Http2SubchannelConnector({ scheme, path }) as unknown as ConnectorInside
  const address = { host: remote.ip.text, port: remote.port }
  const wire = connector.createSession({ socket, secure: isSecure }, address, channelOptions)
  // Whoever waits for the settings has the better words.
  wire.catch(() => {})
  if (!connector.session) {
    socket.destroy()
    throw new AppError('INTERNAL', 'this version of @grpc/grpc-js hides its HTTP/2 session')
  }
  return { session: connector.session, wire }
}

/** A channel whose one connection is `wire`. It is idle until its state is asked for. */
export function createChannel(remote: CheckedAddress, wire: GrpcJsWire): Channel {
  const channel = new Channel(targetOf(remote), credentials.createInsecure(), channelOptions)
  const inside = insideOf(channel)
  let isTaken = false
  const connect = () => {
    if (isTaken) return Promise.reject(new Error('a lost connection is not dialled again'))
    isTaken = true
    return Promise.resolve(wire)
  }
  inside.subchannelPool = {
    getOrCreateSubchannel: (target, address, options, creds) =>
      new Subchannel(target, address, options, creds, { connect, shutdown: () => {} }),
    unrefUnusedSubchannels: () => {},
  }
  inside.filterStackFactory = plainFilters
  return channel
}

/** The private parts of grpc-js 1.14 that are used here. */
interface ConnectorInside {
  session: ClientHttp2Session | null
  createSession(
    connection: { socket: Socket; secure: boolean },
    address: { host: string; port: number },
    options: ChannelOptions,
  ): Promise<GrpcJsWire>
}
interface ChannelInside {
  subchannelPool: {
    getOrCreateSubchannel(...of: SubchannelOrder): Subchannel
    unrefUnusedSubchannels(): void
  }
  filterStackFactory: InstanceType<typeof experimental.FilterStackFactory>
}
type SubchannelParameters = ConstructorParameters<typeof Subchannel>
type SubchannelOrder = [
  SubchannelParameters[0],
  SubchannelParameters[1],
  SubchannelParameters[2],
  SubchannelParameters[3],
]

function insideOf(channel: Channel): ChannelInside {
  const { internalChannel } = channel as unknown as { internalChannel?: Partial<ChannelInside> }
  if (!internalChannel?.subchannelPool || !internalChannel.filterStackFactory) {
    throw new AppError('INTERNAL', 'this version of @grpc/grpc-js hides the parts of its channel')
  }
  return internalChannel as ChannelInside
}

/** Instead of grpc-js's own filter, which packs and unpacks messages with texts of its own. */
class PlainFilter extends experimental.BaseFilter {}
const plainFilter = new PlainFilter()
const plainFilters = new experimental.FilterStackFactory([{ createFilter: () => plainFilter }])

const requestKey = Symbol('request')

/** Carries a request through the layers of grpc-js, which copy metadata and add to it. */
export class RequestMetadata extends Metadata {
  readonly #request: Request

  constructor(request: Request) {
    super()
    this.#request = request
  }

  override clone(): Metadata {
    return this
  }

  override toHttp2Headers(): Record<string, string> {
    return { [requestKey]: this.#request } as Record<string, string>
  }
}

/** Makes the session send each request's own headers: grpc-js adds its name and encodings, which k6 does not have. */
export function sendAsAsked(session: ClientHttp2Session): void {
  const send = session.request
  session.request = (headers) => {
    const request = (headers as { [requestKey]?: Request } | undefined)?.[requestKey]
    if (!request) return send.call(session, headers)
    const stream = send.call(session, request.headers)
    request.onStream(stream)
    return stream
  }
}
