/** Frames without end that say nothing. */
import assert from 'node:assert/strict'
import { frame } from '../../../http2/raw-frame.js'
import {
  answer,
  data,
  fields,
  flag,
  headers,
  ping,
  reset,
  settings,
  trailers,
  turn,
  type,
  windowUpdate,
} from '../../raw-peer.js'
import { closeAll, code, setting, start, stream, unary } from './rig.js'

describe('The direct transport: floods', () => {
  afterEach(closeAll)

  /** Of frames that bring no call any further. */
  const floods: Readonly<Record<string, (id: number) => Buffer>> = {
    PING: () => ping(),
    'answers to PING': () => ping(flag.ack),
    SETTINGS: () => settings([setting.maxConcurrentStreams, 100]),
    'acknowledgements of SETTINGS': () => frame(type.settings, flag.ack, 0),
    'empty DATA': (id) => frame(type.data, 0, id),
    'DATA for a stream that is over': () => data(1, 'x'),
    'empty DATA for a stream that is over': () => frame(type.data, 0, 1),
    'DATA of padding': (id) => frame(type.data, flag.padded, id, Buffer.of(0)),
    PRIORITY: (id) => frame(type.priority, 0, id, Buffer.alloc(5)),
    'PRIORITY of a wrong size for no stream': () => frame(type.priority, 0, 1, Buffer.alloc(4)),
    'RST_STREAM for a stream that is over': () => reset(1, code.cancel),
    'WINDOW_UPDATE by 1': (id) => windowUpdate(id, 1),
    'interim responses': (id) => headers(id, fields(':status', '103')),
    'unknown frames': () => frame(0xbe, 0, 0),
  }
  for (const [kind, make] of Object.entries(floods)) {
    it(`of ${kind} lose the connection`, async () => {
      const { connection, peer } = await start()
      const first = unary(connection)
      peer.send(answer(await peer.call()))
      assert.equal((await first).status, 0)
      const call = stream(connection)
      const id = await peer.call()
      if (kind !== 'interim responses') peer.send(headers(id))
      const flood = Buffer.concat(Array<Buffer>(5000).fill(make(id)))
      while (!peer.isEnded) {
        peer.unread.length = 0
        peer.send(flood)
        await turn()
      }
      assert.equal((await call.end).status, 14)
      // Far less than would be a burden.
      assert.ok(connection.bytesReceived < 5_000_000, String(connection.bytesReceived))
    })
  }

  it('are not what still comes of streams that were given up', async () => {
    const { connection, peer } = await start()
    const call = stream(connection)
    const id = await peer.call()
    peer.send(headers(id))
    call.stream.cancel()
    assert.equal((await call.end).status, 1)
    // All of it was allowed when it was sent.
    peer.send(Buffer.concat([...Array<Buffer>(30_000).fill(data(id, 'x')), trailers(id)]))
    const other = unary(connection)
    peer.send(answer(await peer.call()))
    assert.equal((await other).status, 0)
  })

  it('whose answers nobody reads are not kept without bounds', async () => {
    const { connection, peer } = await start()
    const call = stream(connection)
    const id = await peer.call()
    peer.send(headers(id))
    peer.socket.pause()
    // With a message in between they are no flood.
    const pings = Buffer.concat([...Array<Buffer>(5000).fill(ping()), data(id, 'x')])
    let isOver = false
    void call.end.then(() => {
      isOver = true
    })
    while (!isOver) {
      if (peer.socket.writableLength < 1_000_000) peer.send(pings)
      await turn()
    }
    assert.equal((await call.end).status, 14)
    assert.ok(call.messages.length > 3)
    assert.ok(connection.bytesReceived < 50_000_000, String(connection.bytesReceived))
  })
})
