/** What a server sends to open calls, over a real connection of the direct transport. */
import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import fc from 'fast-check'
import { HostResolver } from '../../host/dns.js'
import type { CallStatus } from '../../host/grpc/transport.js'
import { DirectTransport } from '../../host/grpc/transports/direct-transport.js'
import {
  answer,
  data,
  goaway,
  headers,
  RawPeer,
  reset,
  settings,
  trailers,
  type,
} from '../../test/host/grpc/raw-peer.js'
import { assertClean, type FuzzTarget } from '../target.js'
import { anyFrames } from './http2-frames.js'

/** Far more than any answer takes: a call that ends by it was forgotten. */
const deadlineMs = 3000

let bytes = Buffer.alloc(0)
/** Calls that the server waits for: a connection after the first is for those that are made again, one or both. */
let awaited = 2
const server = createServer((socket) => {
  socket.on('error', () => {})
  const peer = new RawPeer(socket)
  peer.send(settings())
  void (async () => {
    const count = awaited
    awaited = 1
    for (let calls = 0; calls < count; calls++) if (!(await peer.next(type.headers))) return
    socket.end(bytes)
  })()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
server.unref()
const { port } = server.address() as AddressInfo
const resolver = new HostResolver()
const transport = new DirectTransport()

/** Parts of a good answer. */
const good = fc
  .tuple(
    fc.constantFrom(
      headers,
      trailers,
      answer,
      (id: number) => data(id, 'x'),
      (id: number) => reset(id, 7),
      goaway,
    ),
    fc.constantFrom(1, 3),
  )
  .map(([make, id]) => make(id))

export const target: FuzzTarget = {
  seeds: () => [
    Buffer.concat([answer(1), answer(3)]),
    Buffer.concat([headers(1), goaway(1), data(1, 'x'), trailers(1)]),
  ],
  structured: fc
    .array(
      fc.oneof(
        good,
        good,
        anyFrames.map((frames) => Buffer.concat(frames)),
      ),
      { maxLength: 8 },
    )
    .map((parts) => Buffer.concat(parts)),
  async run(input) {
    bytes = Buffer.from(input)
    awaited = 2
    const address = `127.0.0.1:${port}`
    const connection = await transport.connect({ address, isPlaintext: true, timeoutMs: deadlineMs, resolver })
    const startedAtMs = performance.now()
    const call = { path: '/p.S/M', metadata: [], deadlineMs }
    try {
      const ends: CallStatus[] = await Promise.all([
        connection.unary({ ...call, request: Buffer.from('request') }),
        new Promise<CallStatus>((onEnd) => {
          connection.stream({ ...call, isServerStreaming: true, onMessage: () => {}, onEnd })
        }),
      ])
      // A server may send status 4 too, but does so at once.
      const isLate = performance.now() - startedAtMs >= deadlineMs
      for (const { status, message } of ends) {
        assert.ok(Number.isInteger(status) && status >= 0, `status ${status}`)
        assert.ok(status !== 4 || !isLate, 'nobody told the call of its end')
        assertClean(message, input)
      }
      return ends.map(({ status, message }) => `${status} ${message.slice(0, 60).replace(/\d+/g, '0')}`).join('; ')
    } finally {
      connection.close()
    }
  },
}
