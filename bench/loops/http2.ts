/**
 * The yardstick below grpc-js: the same calls with node:http2, without protobuf. `node http2.js KIND ADDRESS CONNECTIONS`;
 * a response is looked at only for its length.
 */
import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { join } from 'node:path'
import { packageRoot } from '../../package-root.js'
import { download, greeting } from '../server/answers.js'
import { type Call, loopArguments, runLoop } from './loop.js'

const kinds: Readonly<Record<string, { path: string; request: Buffer; responseBytes: number }>> = {
  greet: {
    path: '/bench.Bench/Greet',
    request: Buffer.from('\0\0\0\0\x07\x0a\x05bench', 'latin1'),
    responseBytes: greeting.length,
  },
  download: { path: '/bench.Bench/Download', request: Buffer.alloc(5), responseBytes: download.length },
}

const { kind, address, connections } = loopArguments()
const isTls = kind.endsWith('Tls')
const wanted = kinds[kind.replace('Tls', '')]
if (wanted === undefined) throw new Error(`${kind} is none of ${Object.keys(kinds).join(', ')}`)
const { path, request, responseBytes } = wanted
const headers = {
  ':method': 'POST',
  ':path': path,
  te: 'trailers',
  'content-type': 'application/grpc',
  'user-agent': 'bench',
}

const callOn = (session: ClientHttp2Session): Promise<boolean> =>
  new Promise((resolve) => {
    const stream = session.request(headers)
    let bytes = 0
    let status: unknown
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status']
    })
    stream.on('error', () => resolve(false))
    stream.on('end', () => resolve(bytes === responseBytes && String(status) === '0'))
    stream.end(request)
  })

const ca = readFileSync(join(packageRoot, 'examples/server/tls/ca.pem'))
const calls: Call[] = Array.from({ length: connections }, () => {
  const session = isTls ? connect(`https://${address}`, { ca }) : connect(`http://${address}`)
  return () => callOn(session)
})
runLoop(calls)
