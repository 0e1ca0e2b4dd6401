/**
 * The example server: all example services, health and reflection (v1 and v1alpha) on 127.0.0.1, in this process.
 * Not for a process with --disallow-code-generation-from-strings (see schema.ts); there, start main.ts beside it.
 */
import { readFileSync } from 'node:fs'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation, protoPath as healthProtoFile } from 'grpc-health-check'
import { packageRoot } from '../../package-root.js'
import { linkedDescriptors } from './descriptors.js'
import { httpServer } from './http.js'
import { OrderBook } from './order-book.js'
import { schema, serviceNamed } from './schema.js'
import { authService } from './services/auth.js'
import { helloService } from './services/hello.js'
import { orderService } from './services/orders.js'
import { quickpizzaService } from './services/quickpizza.js'
import { trafficDefinition, trafficService } from './services/traffic.js'
import { Sessions } from './sessions.js'

export interface ExampleServerOptions {
  /** Port for plaintext; a free one if left out. */
  port?: number
  /** Listens on a second, free port with TLS as well. */
  tls?: boolean
  /** Answers HTTP on another free port: logging in without gRPC. */
  http?: boolean
}

export interface ExampleServer {
  /** Address without TLS: `127.0.0.1:PORT`. */
  plaintext: string
  /** Address with TLS: `localhost:PORT`; its certificate holds for 127.0.0.1 too. */
  tls?: string
  /** Address of the HTTP side: `127.0.0.1:PORT`. */
  http?: string
  /** Breaks all connections and frees the ports. */
  close(): Promise<void>
}

const tlsFile = (name: string): Buffer => readFileSync(join(packageRoot, 'examples/server/tls', name))

function bind(server: Server, port: number, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)))
  })
}

function listen(server: HttpServer): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

/** Starts the server. Whoever starts it closes it; until then it keeps the process alive. */
export async function startServer(options: ExampleServerOptions = {}): Promise<ExampleServer> {
  const server = new Server({ 'grpc.enable_channelz': 0 })
  const sessions = new Sessions()
  server.addService(serviceNamed('quickpizza.GRPC'), quickpizzaService)
  server.addService(serviceNamed('hello.HelloService'), helloService)
  server.addService(serviceNamed('auth.AuthService'), authService(sessions))
  server.addService(serviceNamed('shop.OrderService'), orderService(sessions, new OrderBook()))
  server.addService(trafficDefinition(), trafficService)
  new HealthImplementation({
    '': 'SERVING',
    'quickpizza.GRPC': 'SERVING',
    'hello.HelloService': 'SERVING',
    'auth.AuthService': 'SERVING',
    'shop.OrderService': 'SERVING',
    'traffic.TrafficService': 'SERVING',
    // No such service; it lets a script see the other answer.
    'shop.Warehouse': 'NOT_SERVING',
  }).addToServer(server)
  const described = linkedDescriptors({ ...schema, ...loadSync(healthProtoFile, { keepCase: true }) })
  new ReflectionService(described).addToServer(server)

  const web = httpServer(sessions)
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      web.close()
      web.closeAllConnections()
      server.tryShutdown(() => resolve())
      // Does not wait for callers, who may hold a stream open for ever.
      server.forceShutdown()
    })
  try {
    const port = await bind(server, options.port ?? 0, ServerCredentials.createInsecure())
    const plaintext = `127.0.0.1:${port}`
    const http = options.http ? await listen(web) : undefined
    const addresses = http === undefined ? { plaintext } : { plaintext, http }
    if (!options.tls) return { ...addresses, close }
    const pair = { cert_chain: tlsFile('server.pem'), private_key: tlsFile('server.key') }
    const tlsPort = await bind(server, 0, ServerCredentials.createSsl(null, [pair]))
    return { ...addresses, tls: `localhost:${tlsPort}`, close }
  } catch (e) {
    await close()
    throw e
  }
}
