/** Listeners at places that no policy of an attack opens. Whoever reaches one has broken out. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Watchers {
  /** Where they are, by the variable of the environment that tells scripts of it. */
  readonly places: Readonly<Record<string, string>>
  /** Connections that came in since the last call, by place. */
  take(): string[]
  close(): Promise<void>
}

/** On another loopback address, on IPv6's, on a port of 127.0.0.1 that is not open, and on a Unix socket. */
export async function startWatchers(): Promise<Watchers> {
  const folder = mkdtempSync(join(tmpdir(), 'attack-socket-'))
  const reached: string[] = []
  const servers: Server[] = []
  const listen = (name: string, where: { host: string; port?: number } | { path: string }) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer((socket) => {
        reached.push(name)
        socket.on('error', () => {})
        socket.destroy()
      })
      server.once('error', reject)
      server.listen('path' in where ? where : { port: 0, ...where }, () => {
        servers.push(server)
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  const other = await listen('127.0.0.2', { host: '127.0.0.2' })
  const places: Record<string, string> = { OTHER: `127.0.0.2:${other}`, OTHER_PORT: String(other) }
  // The same port on both addresses: a rule that names a port must not open it elsewhere.
  places.CLOSED = `127.0.0.1:${await listen('a closed port of 127.0.0.1', { host: '127.0.0.1' })}`
  places.CLOSED_PORT = places.CLOSED.split(':')[1]!
  const path = join(folder, 'socket')
  await listen('a Unix socket', { path })
  places.SOCKET = path
  // Not every machine has IPv6.
  const six = await listen('::1', { host: '::1' }).catch(() => undefined)
  places.SIX = `[::1]:${six ?? other}`
  return {
    places,
    take: () => reached.splice(0),
    close: async () => {
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
