/** Servers that mean harm, each for one attack. */

import type { Socket } from 'node:net'
import { type Answer, serve, serveTcp } from '../../test/host/grpc/scripted-server.js'

export interface HostileServer {
  /** `127.0.0.1:PORT` */
  readonly address: string
  readonly port: number
  /** What was asked of it, for checks: requests, bytes, whatever the server counts. */
  readonly counts: Map<string, number>
  close(): Promise<void>
}

/** Adds to a count of a server. */
export function count(counts: Map<string, number>, what: string, by = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + by)
}

/** A gRPC server that answers every call with `answer`, and counts the calls. */
export async function grpcServer(
  answer: (...args: [...Parameters<Answer>, Map<string, number>]) => unknown,
): Promise<HostileServer> {
  const counts = new Map<string, number>()
  const server = await serve((call) => {
    count(counts, 'calls')
    return answer(call, counts)
  })
  return { address: server.address, port: server.port, counts, close: () => server.close() }
}

/** A TCP server that does with each connection what it wants, and counts them. */
export async function tcpServer(
  onSocket: (socket: Socket, counts: Map<string, number>) => void,
): Promise<HostileServer> {
  const counts = new Map<string, number>()
  const server = await serveTcp((socket) => {
    count(counts, 'connections')
    onSocket(socket, counts)
  })
  return { address: server.address, port: server.port, counts, close: () => server.close() }
}

/** A TCP server that answers each request with `write`: HTTP by hand. A request is taken to come in one piece. */
export function httpServer(
  write: (socket: Socket, request: string, counts: Map<string, number>) => void,
): Promise<HostileServer> {
  return tcpServer((socket, counts) => {
    socket.on('data', (bytes: Buffer) => {
      count(counts, 'requests')
      write(socket, bytes.toString('latin1'), counts)
    })
  })
}

/** Sends `chunk` again and again, as fast as the other side takes it, until the connection ends. */
export function pour(socket: Socket, chunk: string | Buffer, counts?: Map<string, number>): void {
  const more = () => {
    while (!socket.destroyed) {
      if (counts) count(counts, 'bytes', chunk.length)
      if (!socket.write(chunk)) break
    }
    if (!socket.destroyed) socket.once('drain', more)
  }
  more()
}
