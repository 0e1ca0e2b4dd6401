/** Frames without end that say nothing. */
import assert from 'node:assert/strict'
import { frame } from '../../../http2/raw-frame.js'
import { answer, fields, flag, headers, ping, reset, settings, turn, type, windowUpdate } from '../../raw-peer.js'
import { closeAll, code, setting, start, stream, unary } from './rig.js'

describe('The direct transport: floods', () => {
  afterEach(closeAll)

  /** Of frames that say nothing, between which a call is made. */
  const floods: Readonly<Record<string, (id: number) => Buffer>> = {
    PING: () => ping(),
    'answers to PING': () => ping(flag.ack),
    SETTINGS: () => settings([setting.maxConcurrentStreams, 100]),
    'acknowledgements of SETTINGS': () => frame(type.settings, flag.ack, 0),
    'empty DATA': (id) => frame(type.data, 0, id),
    'DATA of padding': (id) => frame(type.data, flag.padded, id, Buffer.of(0)),
    PRIORITY: (id) => frame(type.priority, 0, id, Buffer.alloc(5)),
    'PRIORITY of a wrong size for no stream': () => frame(type.priority, 0, 1, Buffer.alloc(4)),
    'RST_STREAM for a stream that is over': () => reset(1, code.cancel),
    'WINDOW_UPDATE by 1': (id) => windowUpdate(id, 1),
    'interim responses': (id) => headers(id, fields(':status', '103')),
    'unknown frames': () => frame(0xbe, 0, 0),
  }
  for (const [kind, make] of Object.entries(floods)) {
    it(`of ${kind} end, and keep nobody busy`, async () => {
      const { connection, peer } = await start()
      const first = unary(connection)
      peer.send(answer(await peer.call()))
      assert.equal((await first).status, 0)
      const call = stream(connection, { deadlineMs: 3000 })
      const id = await peer.call()
      if (kind !== 'interim responses') peer.send(headers(id))
      const flood = Buffer.concat(Array<Buffer>(5000).fill(make(id)))
      let isOver = false
      void call.end.then(() => {
        isOver = true
      })
      const before = process.memoryUsage().rss
      for (let i = 0; i < 100 && !isOver; i++) {
        peer.unread.length = 0
        if (!peer.isEnded) peer.send(flood)
        await turn()
      }
      const { status } = await call.end
      assert.ok([0, 4, 8, 13, 14].includes(status), String(status))
      assert.ok(process.memoryUsage().rss - before < 150_000_000)
    })
  }

  it('whose answers nobody reads are not kept without bounds', async () => {
    const { connection, peer } = await start()
    const call = stream(connection, { deadlineMs: 3000 })
    await peer.call()
    peer.socket.pause()
    const flood = Buffer.concat(Array<Buffer>(5000).fill(ping()))
    let isOver = false
    void call.end.then(() => {
      isOver = true
    })
    for (let i = 0; i < 500 && !isOver; i++) {
      if (!peer.isEnded && peer.socket.writableLength < 1_000_000) peer.send(flood)
      await turn()
    }
    assert.ok([4, 8, 13, 14].includes((await call.end).status))
  })
})
