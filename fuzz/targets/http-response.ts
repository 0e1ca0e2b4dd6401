/** Bytes that a server answers an HTTP request with, over a real connection: a response, or an error of that request. */
import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import fc from 'fast-check'
import { HostResolver } from '../../host/dns.js'
import { exchange } from '../../host/http/exchange.js'
import { HttpConnection } from '../../host/http/http-connection.js'
import { HttpFailure } from '../../host/http/http-failure.js'
import { bytesOf, type FuzzTarget, refusal } from '../target.js'
import { hostileText } from '../texts.js'

const maxBodyBytes = 10_000
const timeoutMs = 2000

let answer: Uint8Array = new Uint8Array()
const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () => socket.end(answer))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
server.unref()
const { port } = server.address() as AddressInfo
const resolver = new HostResolver()

const status = fc.constantFrom(
  'HTTP/1.1 200 OK',
  'HTTP/1.0 200',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 x',
  'HTTP/1.1 304 x',
  'HTTP/1.1 101 Switching',
  'HTTP/1.1 999 \u001b',
  'HTTP/2 200',
  'ICY 200 OK',
  'HTTP/1.1 200',
)
const header = fc.oneof(
  fc.constantFrom(
    'Content-Length: 5',
    'Content-Length: 0',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Content-Length: 5, 5',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Connection: close',
    'Connection: upgrade',
    'Upgrade: x',
    ' folded',
    'X',
    ':',
    'Trailer: a',
    'Content-Encoding: gzip',
    'Set-Cookie: a=b',
    'Keep-Alive: timeout=0',
  ),
  fc.tuple(hostileText, hostileText).map((p) => p.join(': ')),
)
const body = fc.oneof(
  fc.constantFrom(
    '',
    'hello',
    '5\r\nhello\r\n0\r\n\r\n',
    'ffffffffffffffff\r\nx',
    '5;a=b\r\nhello\r\n0\r\nTrailer: x\r\n\r\n',
    '-1\r\n',
    '0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    'x'.repeat(20_000),
  ),
  hostileText,
)
const whole = fc
  .tuple(status, fc.array(header, { maxLength: 5 }), fc.constantFrom('\r\n', '\r\n', '\n'), body)
  .map(([first, headers, end, rest]) =>
    bytesOf(`${first}${end}${headers.map((line) => line + end).join('')}${end}${rest}`),
  )

export const target: FuzzTarget = {
  seeds: () => [
    bytesOf('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
    bytesOf('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'),
  ],
  structured: whole,
  words: [
    '\r\n',
    '\r\n\r\n',
    'HTTP/1.1 ',
    'Transfer-Encoding: chunked\r\n',
    'Content-Length: ',
    '0\r\n\r\n',
    ' 100 Continue\r\n\r\n',
  ],
  async run(bytes) {
    answer = bytes
    const signal = AbortSignal.timeout(timeoutMs)
    const options = { isTls: false, hostName: '127.0.0.1', port, vu: 1, resolver, tls: {} as never, localIp: undefined }
    const connection = await HttpConnection.open(options, {}, signal)
    try {
      const request = { method: 'GET', path: '/', headers: [['host', 'a']] as const, body: undefined }
      const limits = { maxBodyBytes, keepsBody: true }
      const { status, headers, body, failure } = await exchange(connection, request, {}, limits, signal)
      assert.ok(Number.isInteger(status) && status >= 100 && status <= 999)
      assert.ok(body.byteLength <= maxBodyBytes)
      for (const line of headers) assert.doesNotMatch(line.join(), /[\r\n]/)
      return `${status} ${headers.length} ${Math.log2(body.byteLength + 1) | 0} ${failure && refusal(failure, bytes, HttpFailure)}`
    } catch (e) {
      // The server closes the connection after each answer, so that there is nothing to wait for.
      if (signal.aborted) throw new Error(`no end within ${timeoutMs} ms`)
      return refusal(e, bytes, HttpFailure)
    } finally {
      connection.close()
    }
  },
}
