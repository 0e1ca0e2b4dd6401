/** The benchmark's server: a port on 127.0.0.1 for each method, in the clear and with TLS, and one that echoes bytes. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { packageRoot } from '../../package-root.js'
import { Http2Connection, type Method } from './http2-connection.js'
import { nodeHttp2Server } from './node-http2.js'

/** `tcp` sends back whatever it gets. */
export type Port = Method | 'greetTls' | 'tcp'

export type Addresses = Readonly<Record<Port, string>>

export interface BenchServer {
  readonly addresses: Addresses
  /** Calls, messages of streams and echoes that were answered, of all ports. */
  answered(): number
  /** Open connections on which something was answered. */
  activeConnections(): number
  close(): void
}

/** `bare` has an HTTP/2 of its own, cheap enough not to be what is measured; `http2` is like other servers of Node.js. */
export const serverKinds = ['bare', 'http2'] as const
export type ServerKind = (typeof serverKinds)[number]

/** A socket or a session. */
interface Connection {
  on(event: 'close', listener: () => void): unknown
  destroy(): void
}

export async function startBenchServer(kind: ServerKind): Promise<BenchServer> {
  let answered = 0
  const open = new Set<Connection>()
  const active = new Set<Connection>()

  /** Keeps account of a connection. */
  const counterOf = (connection: Connection) => {
    open.add(connection)
    connection.on('close', () => {
      open.delete(connection)
      active.delete(connection)
    })
    return (units: number) => {
      active.add(connection)
      answered += units
    }
  }
  const file = (name: string) => readFileSync(join(packageRoot, 'examples/server/tls', name))
  const tls = { key: file('server.key'), cert: file('server.pem'), ALPNProtocols: ['h2'] }
  const serve = (method: Method, isTls = false): Server => {
    if (kind === 'http2') return nodeHttp2Server(method, isTls ? tls : undefined, counterOf)
    const onSocket = (socket: Socket) => void new Http2Connection(socket, method, counterOf(socket))
    return isTls ? createTlsServer(tls, onSocket) : createTcpServer(onSocket)
  }
  const echoBytes = (socket: Socket) => {
    const count = counterOf(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      socket.write(chunk)
      count(1)
    })
  }
  const servers: Record<Port, Server> = {
    greet: serve('greet'),
    download: serve('download'),
    feed: serve('feed'),
    echo: serve('echo'),
    greetTls: serve('greet', true),
    tcp: createTcpServer(echoBytes),
  }
  const addresses: Partial<Record<Port, string>> = {}
  for (const [port, server] of Object.entries(servers)) {
    // 1,000 clients may knock at once.
    server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
    await once(server, 'listening')
    addresses[port as Port] = `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return {
    addresses: addresses as Addresses,
    answered: () => answered,
    activeConnections: () => active.size,
    close() {
      for (const server of Object.values(servers)) server.close()
      for (const connection of open) connection.destroy()
    },
  }
}
