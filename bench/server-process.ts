/** The benchmark's server as a child process. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Addresses, ServerKind } from './server/bench-server.js'
import type { ProcessUsage } from './server/process-usage.js'

/** What the server has served, and what one process has used up, at the same moment. */
export interface Reading {
  timeMs: number
  /** Calls, or messages of streams, that were answered since the server began. */
  answered: number
  /** Open connections on which something was answered. */
  connections: number
  /** Absent when the process has ended. */
  usage?: ProcessUsage
}

export interface ServerProcess {
  readonly addresses: Addresses
  read(pid: number): Promise<Reading>
  stop(): void
}

export async function startServer(kind: ServerKind): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL('server/main.js', import.meta.url)), [kind], { stdio: 'inherit' })
  const [addresses] = (await once(child, 'message')) as [Addresses]
  return {
    addresses,
    async read(pid) {
      child.send(pid)
      const [reading] = (await once(child, 'message')) as [Reading]
      return reading
    },
    stop: () => child.disconnect(),
  }
}
