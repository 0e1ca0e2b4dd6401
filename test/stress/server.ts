/** The server of stress.proto, on Node's own HTTP/2. It counts what leaves it: that cannot be more than a client took. */
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { frame } from '../host/grpc/scripted-server.js'

/** Bytes of one message of a flood. */
export const floodMessageBytes = 64 * 1024
/** What a flood would send if nobody held it back. */
export const floodBytes = 500 * 1024 * 1024
/** A flood that sends nothing for so long has been stopped. */
const stoppedAfterMs = 1000

/** An Item as protobuf. */
function item(number: number, loadBytes = 0): Buffer {
  const bytes = [8]
  let rest = number
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  bytes.push(rest)
  if (loadBytes === 0) return Buffer.from(bytes)
  let length = loadBytes
  bytes.push(18)
  for (; length > 127; length >>>= 7) bytes.push((length & 127) | 128)
  bytes.push(length)
  return Buffer.concat([Buffer.from(bytes), Buffer.alloc(loadBytes)])
}

export interface StressServer {
  address: string
  /** Bytes that the floods so far got rid of. */
  floodedBytes(): number
  /** Bytes that came in over all connections. */
  receivedBytes(): number
  close(): Promise<void>
}

/** @param downCount items that `Down` sends */
export async function startStressServer(downCount: number): Promise<StressServer> {
  const sockets = new Set<Socket>()
  const down = Buffer.concat(Array.from({ length: downCount }, (_, number) => frame(item(number))))
  let floodedBytes = 0
  let onStopped = () => {}
  let hasStopped = new Promise<void>((resolve) => {
    onStopped = resolve
  })

  const flood = (stream: ServerHttp2Stream) => {
    const message = frame(item(1, floodMessageBytes))
    let timer: NodeJS.Timeout | undefined
    const stop = () => {
      clearTimeout(timer)
      onStopped()
    }
    const push = () => {
      if (floodedBytes >= floodBytes || stream.destroyed) return stop()
      clearTimeout(timer)
      timer = setTimeout(stop, stoppedAfterMs)
      // Called when the message has gone into the connection: what a client does not let in never does.
      stream.write(message, (error) => {
        if (error) return stop()
        floodedBytes += message.length
        push()
      })
    }
    stream.on('close', stop)
    floodedBytes = 0
    hasStopped = new Promise((resolve) => {
      onStopped = resolve
    })
    push()
  }

  const answers: Record<string, (stream: ServerHttp2Stream) => void> = {
    Down: (stream) => stream.once('data', () => stream.end(down)),
    // The bytes of an echo are those that came in.
    Both: (stream) => stream.pipe(stream),
    Flood: (stream) => stream.once('data', () => flood(stream)),
    Stopped: (stream) => stream.once('data', () => void hasStopped.then(() => stream.end(frame(item(1))))),
    Ignore: (stream) => stream.pause(),
  }

  const server = createServer()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('session', (session) => session.on('error', () => {}))
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    answers[String(headers[':path']).split('/').at(-1)!]?.(stream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    floodedBytes: () => floodedBytes,
    receivedBytes: () => [...sockets].reduce((sum, socket) => sum + socket.bytesRead, 0),
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
