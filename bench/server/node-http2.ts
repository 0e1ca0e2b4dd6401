/**
 * The same answers from a server with node:http2, as one that is made with @grpc/grpc-js gives them: headers, message and
 * trailers one by one. It takes more CPU than its clients.
 */
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { download, feedCount, feedMessage, framedFeedMessageBytes, greeting } from './answers.js'
import type { Method, OnAnswered } from './http2-connection.js'

function answer(stream: ServerHttp2Stream, method: Method, request: Buffer, onAnswered: OnAnswered): void {
  if (method === 'feed') {
    let left = feedCount(request)
    onAnswered(left)
    const pump = (): void => {
      while (left > 0) {
        left--
        if (!stream.write(feedMessage)) {
          stream.once('drain', pump)
          return
        }
      }
      stream.end()
    }
    pump()
    return
  }
  stream.end(method === 'download' ? download : greeting)
  onAnswered(1)
}

function serve(stream: ServerHttp2Stream, method: Method, onAnswered: OnAnswered): void {
  const chunks: Buffer[] = []
  stream.on('error', () => stream.destroy())
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('data', (chunk: Buffer) => {
    if (method === 'echo') {
      stream.write(chunk)
      onAnswered(chunk.length / framedFeedMessageBytes)
    } else chunks.push(chunk)
  })
  stream.on('end', () => {
    if (method === 'echo') stream.end()
    else answer(stream, method, Buffer.concat(chunks), onAnswered)
  })
}

/** @param counterOf is asked once for each session */
export function nodeHttp2Server(
  method: Method,
  tls: { key: Buffer; cert: Buffer } | undefined,
  counterOf: (session: ServerHttp2Session) => OnAnswered,
): Http2Server {
  const server: Http2Server = tls === undefined ? createServer() : (createSecureServer(tls) as unknown as Http2Server)
  return server.on('session', (session) => {
    const onAnswered = counterOf(session)
    session.on('error', () => session.destroy())
    session.on('stream', (stream) => serve(stream, method, onAnswered))
  })
}
