/** The benchmark's server: a port on 127.0.0.1 for each method, in the clear and with TLS, and one that echoes bytes. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { packageRoot } from '../../package-root.js'
import { Http2Connection, type Method } from './http2-connection.js'

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

export async function startBenchServer(): Promise<BenchServer> {
  let answered = 0
  const open = new Set<Socket>()
  const active = new Set<Socket>()

  /** A counter for one connection. */
  const counterOf = (socket: Socket) => (units: number) => {
    active.add(socket)
    answered += units
  }
  const serve = (method: Method) => (socket: Socket) => {
    watch(socket)
    new Http2Connection(socket, method, counterOf(socket))
  }
  const watch = (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => {
      open.delete(socket)
      active.delete(socket)
    })
  }
  const echoBytes = (socket: Socket) => {
    watch(socket)
    const count = counterOf(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      socket.write(chunk)
      count(1)
    })
  }

  const file = (name: string) => readFileSync(join(packageRoot, 'examples/server/tls', name))
  const tls = { key: file('server.key'), cert: file('server.pem'), ALPNProtocols: ['h2'] }
  const servers: Record<Port, Server> = {
    greet: createTcpServer(serve('greet')),
    download: createTcpServer(serve('download')),
    feed: createTcpServer(serve('feed')),
    echo: createTcpServer(serve('echo')),
    greetTls: createTlsServer(tls, serve('greet')),
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
      for (const socket of open) socket.destroy()
    },
  }
}
