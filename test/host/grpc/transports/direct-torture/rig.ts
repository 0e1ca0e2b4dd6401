/** The direct transport, or that of grpc-js, beside a peer that each test plays itself. */
import { HostResolver } from '../../../../../host/dns.js'
import type {
  CallResult,
  CallStatus,
  ClientStream,
  Connection,
  DialOptions,
  StreamCall,
  Transport,
} from '../../../../../host/grpc/transport.js'
import { DirectTransport } from '../../../../../host/grpc/transports/direct-transport.js'
import { GrpcJsTransport } from '../../../../../host/grpc/transports/grpc-js-transport.js'
import { tlsSettingsOf } from '../../../../../host/net/tls.js'
import { type RawPeer, type RawServer, serveRaw, settings, type } from '../../raw-peer.js'
import { stopServers } from '../../scripted-server.js'

export const path = '/pkg.Service/Method'
/** Long enough for a slow machine; no test waits for it to pass. */
export const plentyMs = 10_000

/** Codes of RFC 9113, section 7, and numbers of settings, section 6.5.2. */
export const code = { protocolError: 1, flowControlError: 3, refusedStream: 7, cancel: 8, enhanceYourCalm: 11 }
export const setting = { headerTableSize: 1, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5 }
export const mostWindow = 2 ** 31 - 1

export const direct: Transport = new DirectTransport()
export const grpcJs: Transport = new GrpcJsTransport()
const open: Connection[] = []

/** Ends what a test began. */
export async function closeAll(): Promise<void> {
  for (const connection of open.splice(0)) connection.close()
  await stopServers()
}

export async function dial(
  { address }: RawServer,
  options: Partial<DialOptions> = {},
  transport = direct,
): Promise<Connection> {
  const all = { address, isPlaintext: true, timeoutMs: plentyMs, resolver: new HostResolver(), ...options }
  const connection = await transport.connect(all)
  open.push(connection)
  return connection
}

/** A connection and its other end, past the settings of both. `greeting` is what the peer begins with: its settings. */
export async function start(
  greeting = settings(),
  isSecure = false,
  transport = direct,
): Promise<{ server: RawServer; connection: Connection; peer: RawPeer }> {
  const server = await serveRaw(greeting, isSecure)
  const secure = { isPlaintext: false, tls: tlsSettingsOf({ insecureSkipVerify: true }, undefined, '') }
  const [connection, peer] = await Promise.all([dial(server, isSecure ? secure : {}, transport), server.accept()])
  // The client's own settings, and its answer to those of the greeting.
  await peer.next(type.settings)
  await peer.next(type.settings)
  return { server, connection, peer }
}

export function unary(
  connection: Connection,
  request: string | Buffer = 'request',
  deadlineMs = plentyMs,
): Promise<CallResult> {
  return connection.unary({ path, request: Buffer.from(request), metadata: [], deadlineMs })
}

export interface Started {
  stream: ClientStream
  messages: string[]
  end: Promise<CallStatus>
}

export function stream(connection: Connection, call: Partial<StreamCall> = {}): Started {
  const messages: string[] = []
  let made: ClientStream | undefined
  const end = new Promise<CallStatus>((resolve) => {
    made = connection.stream({
      path,
      metadata: [],
      isServerStreaming: true,
      deadlineMs: plentyMs,
      onMessage: (bytes) => messages.push(Buffer.from(bytes).toString()),
      onEnd: resolve,
      ...call,
    })
  })
  return { stream: made as ClientStream, messages, end }
}

/** Status and response of a call. */
export const brief = ({ status, response }: CallResult) => [status, response && Buffer.from(response).toString()]
