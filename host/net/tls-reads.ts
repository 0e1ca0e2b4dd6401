/** Reads from a TLS socket without what a stream does for each piece: Node.js has no `onread` for TLS on a socket of ours. */
import type { TLSSocket } from 'node:tls'

/**
 * Hands to `onBytes` all that the socket receives, in order, also what came before. The socket cannot be paused any more; its
 * events `end`, `error` and `close` are as ever.
 */
export function readTo(socket: TLSSocket, onBytes: (bytes: Buffer) => void): void {
  const { push } = socket
  // The stream's queue, its listeners and a tick of the event loop cost more than the bytes of a small answer.
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (chunk === null || socket.readableLength > 0) return push.call(socket, chunk, encoding)
    onBytes(chunk)
    return true
  }
  socket.on('data', onBytes)
}
