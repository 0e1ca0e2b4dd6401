/** Windows, both ways: edges, changes in flight, overflow. */
import assert from 'node:assert/strict'
import { frame } from '../../../http2/raw-frame.js'
import {
  answer,
  flag,
  headers,
  number32,
  ping,
  type RawPeer,
  settings,
  trailers,
  turn,
  type,
  windowUpdate,
} from '../../raw-peer.js'
import { frame as message } from '../../scripted-server.js'
import { brief, closeAll, code, mostWindow, setting, start, stream, unary } from './rig.js'

describe('The direct transport: flow control', () => {
  afterEach(closeAll)

  /** Bytes of DATA on a stream so far. */
  const sent = (peer: RawPeer, id?: number) =>
    peer.unread
      .filter((f) => f.type === type.data && (id === undefined || f.streamId === id))
      .reduce((sum, { payload }) => sum + payload.length, 0)
  /** What the peer may send: of the connection and of streams by their number, 0 for that of the connection. */
  const spent = new WeakMap<RawPeer, Map<number, number>>()
  const window = (peer: RawPeer, id: number) => {
    const updates = peer.unread.filter((f) => f.type === type.windowUpdate && f.streamId === id)
    const more = updates.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0)
    return more + (id === 0 ? 65_535 : peer.streamWindowBytes) - (spent.get(peer)?.get(id) ?? 0)
  }
  const windows = (peer: RawPeer, id: number) => Math.min(window(peer, 0), window(peer, id))
  const spend = (peer: RawPeer, id: number, bytes: number) => {
    const all = spent.get(peer) ?? new Map<number, number>()
    spent.set(peer, all)
    for (const one of new Set([0, id])) all.set(one, (all.get(one) ?? 0) + bytes)
  }
  /** Waits for so many bytes of DATA, and that no more come. */
  const sends = async (peer: RawPeer, bytes: number) => {
    while (sent(peer) < bytes) await turn()
    // Its answer comes after whatever the frames before it have set free.
    peer.send(ping())
    await peer.next(type.ping)
    assert.equal(sent(peer), bytes)
  }

  it('sends nothing into a window of 0, and then as much as the peer takes', async () => {
    const { connection, peer } = await start(settings([setting.initialWindowSize, 0]))
    const result = unary(connection, '0123456789')
    const id = await peer.call()
    await sends(peer, 0)
    peer.send(windowUpdate(id, 3))
    await sends(peer, 3)
    peer.send(settings([setting.initialWindowSize, 4]))
    await sends(peer, 7)
    peer.send(windowUpdate(id, 100))
    await sends(peer, 15)
    assert.equal(peer.unread.filter((f) => f.type === type.data).at(-1)?.flags, flag.endStream)
    peer.send(answer(id))
    assert.deepEqual(brief(await result), [0, 'reply'])
  })

  it('sends an empty message and an end where the window is 0', async () => {
    const { connection, peer } = await start(settings([setting.initialWindowSize, 0]))
    const call = stream(connection)
    const id = await peer.call()
    call.stream.end()
    assert.deepEqual((await peer.next(type.data, id))?.flags, 1)
    peer.send(headers(id), trailers(id))
    assert.equal((await call.end).status, 0)
  })

  it('waits in a window that became negative until it is positive again', async () => {
    const { connection, peer } = await start(settings([setting.initialWindowSize, 1000]))
    const result = unary(connection, Buffer.alloc(3000))
    const id = await peer.call()
    await sends(peer, 1000)
    peer.send(settings([setting.initialWindowSize, 100]), windowUpdate(id, 899))
    await sends(peer, 1000)
    peer.send(windowUpdate(id, 1))
    await sends(peer, 1000)
    peer.send(windowUpdate(id, 1))
    await sends(peer, 1001)
    peer.send(settings([setting.initialWindowSize, 65_535]))
    await sends(peer, 3005)
    peer.send(answer(id))
    assert.equal((await result).status, 0)
  })

  it('shares the window of the connection, and never goes beyond it', async () => {
    const { connection, peer } = await start(settings([setting.initialWindowSize, mostWindow]))
    const results = [1, 2, 3].map(() => unary(connection, Buffer.alloc(50_000)))
    const ids = [await peer.call(), await peer.call(), await peer.call()]
    await sends(peer, 65_535)
    peer.send(windowUpdate(0, 1000))
    await sends(peer, 66_535)
    peer.send(windowUpdate(0, mostWindow - 10))
    while (sent(peer) < 150_015) await turn()
    for (const id of ids) assert.equal(sent(peer, id), 50_005)
    for (const id of ids) peer.send(answer(id))
    assert.deepEqual((await Promise.all(results)).map(brief), Array(3).fill([0, 'reply']))
  })

  it('keeps to the size of frames that the peer takes just now', async () => {
    const { connection, peer } = await start(
      settings([setting.initialWindowSize, mostWindow], [setting.maxFrameSize, 100_000]),
    )
    peer.send(windowUpdate(0, 1_000_000))
    await sends(peer, 0)
    const sizes = async () => {
      const result = unary(connection, Buffer.alloc(90_000))
      const id = await peer.call()
      while (sent(peer, id) < 90_005) await turn()
      peer.send(answer(id))
      assert.equal((await result).status, 0)
      return Math.max(...peer.unread.filter((f) => f.type === type.data).map(({ payload }) => payload.length))
    }
    assert.ok((await sizes()) <= 100_000)
    peer.unread.length = 0
    peer.send(settings([setting.maxFrameSize, 16_384]))
    await peer.next(type.settings)
    assert.ok((await sizes()) <= 16_384)
  })

  it('ends a stream whose window overflows, and no other', async () => {
    const { connection, peer } = await start()
    const [first, other] = [unary(connection), unary(connection)]
    const [id, otherId] = [await peer.call(), await peer.call()]
    peer.send(windowUpdate(id, mostWindow), answer(otherId))
    assert.deepEqual([(await first).status, brief(await other)], [8, [0, 'reply']])
    assert.deepEqual((await peer.next(type.reset, id))?.payload, number32(code.flowControlError))
  })

  it('loses a connection whose window overflows, by an update or by settings', async () => {
    for (const bytes of [
      (_: number) => windowUpdate(0, mostWindow),
      (id: number) =>
        Buffer.concat([windowUpdate(id, mostWindow - 65_535), settings([setting.initialWindowSize, 65_536])]),
      (_: number) => settings([setting.initialWindowSize, mostWindow + 1]),
    ]) {
      const { connection, peer } = await start()
      // The request stays in part, so that the windows are as large as they were.
      const call = stream(connection)
      peer.send(bytes(await peer.call()))
      assert.equal((await call.end).status, 14)
      assert.equal((await peer.next(type.goaway))?.payload.readUInt32BE(4), code.flowControlError)
      await peer.ended()
    }
  })

  it('lets the peer go on as it reads, padding included', async () => {
    const { connection, peer } = await start()
    const call = stream(connection)
    const id = await peer.call()
    peer.send(headers(id))
    // More than any window has, most of it padding.
    const block = Buffer.concat([Buffer.of(251), message(Buffer.alloc(0)), Buffer.alloc(251)])
    const padded = frame(type.data, flag.padded, id, block)
    const total = 50_000
    for (let sent = 0; sent < total; ) {
      const count = Math.min(total - sent, Math.floor(windows(peer, id) / block.length))
      peer.send(Buffer.concat(Array<Buffer>(count).fill(padded)))
      spend(peer, id, count * block.length)
      sent += count
      await turn()
    }
    peer.send(trailers(id))
    const { status } = await call.end
    assert.deepEqual([status, call.messages.length], [0, total])
  })

  it('refuses more than the windows that it gave', async () => {
    const { connection, peer } = await start()
    const call = stream(connection)
    const id = await peer.call()
    call.stream.pause()
    peer.send(headers(id))
    const block = frame(type.data, 0, id, Buffer.concat([message(Buffer.alloc(16_379))]))
    for (let i = 0; i < 4000 && !peer.isEnded && !peer.unread.some((f) => f.type === type.reset); i++) {
      peer.send(block)
      await turn()
    }
    assert.ok(peer.isEnded || peer.unread.some((f) => f.type === type.reset || f.type === type.goaway))
    assert.ok(connection.bytesReceived < 20_000_000, String(connection.bytesReceived))
    call.stream.resume()
    assert.ok([8, 13, 14].includes((await call.end).status))
  })

  it('gives back the window of DATA for streams that are gone', async () => {
    const { connection, peer } = await start()
    const call = stream(connection)
    const id = await peer.call()
    call.stream.cancel()
    await peer.next(type.reset, id)
    const block = frame(type.data, 0, id, Buffer.alloc(16_000))
    for (let sent = 0; sent < 12_000_000; ) {
      // That of the stream does not matter any more.
      if (windows(peer, 0) >= 16_000) {
        peer.send(block)
        spend(peer, 0, 16_000)
        sent += 16_000
      }
      await turn()
    }
    const next = unary(connection)
    peer.send(answer(await peer.call()))
    assert.deepEqual(brief(await next), [0, 'reply'])
  })
})
