/** What the peer gets of a call, whatever texts the call is made with. */
import assert from 'node:assert/strict'
import { HpackDecoder } from '../../../../../host/http2/hpack-decoder.js'
import {
  answer,
  flag,
  headers,
  number32,
  type RawPeer,
  reset,
  settings,
  trailers,
  type,
  windowUpdate,
} from '../../raw-peer.js'
import { brief, closeAll, code, mostWindow, path, plentyMs, setting, start, stream, unary } from './rig.js'

describe('The direct transport: requests', () => {
  afterEach(closeAll)

  /** The header fields of the next call, and its stream. */
  async function nextCall(peer: RawPeer, decoder: HpackDecoder): Promise<{ id: number; fields: Map<string, string> }> {
    const { streamId, payload } = (await peer.next(type.headers))!
    const { fields: all } = decoder.decode(payload)
    const fields = new Map<string, string>()
    for (let i = 0; i < all.length; i += 2) fields.set(all[i]!, Buffer.from(all[i + 1]!, 'latin1').toString())
    return { id: streamId, fields }
  }

  it('have their path in UTF-8, also when they had to wait', async () => {
    const { connection, peer } = await start(settings([setting.maxConcurrentStreams, 1]))
    const decoder = new HpackDecoder(4096, 65_536)
    const paths = ['/p.S/M', '/p.Служба/Привет', '/p.S/😀', '/p.S/M']
    const call = { request: Buffer.from('x'), metadata: [], deadlineMs: plentyMs }
    const results = paths.map((each) => connection.unary({ ...call, path: each }))
    for (const each of paths) {
      const { id, fields } = await nextCall(peer, decoder)
      assert.equal(fields.get(':path'), each)
      peer.send(answer(id))
    }
    assert.deepEqual((await Promise.all(results)).map(brief), Array(4).fill([0, 'reply']))
  })

  it('go out in CONTINUATION frames when their headers do not fit one frame', async () => {
    const { connection, peer } = await start()
    const metadata = Array.from({ length: 30 }, (_, i): [string, string] => [`x-${i}`, '~'.repeat(1500)])
    const result = connection.unary({ path: '/p.S/M', request: Buffer.from('x'), metadata, deadlineMs: plentyMs })
    const parts = [(await peer.next(type.headers))!]
    while (((parts.at(-1)?.flags ?? 0) & 4) === 0) parts.push((await peer.next(type.continuation))!)
    assert.ok(parts.length > 2 && parts.every(({ payload }) => payload.length <= 16_384))
    const { fields } = new HpackDecoder(4096, 100_000).decode(Buffer.concat(parts.map(({ payload }) => payload)))
    for (const [name, value] of metadata) assert.equal(fields[fields.indexOf(name) + 1], value)
    peer.send(answer(parts[0]!.streamId))
    assert.deepEqual(brief(await result), [0, 'reply'])
  })

  it('that the peer has answered before their end are reset', async () => {
    const { connection, peer } = await start(settings([setting.initialWindowSize, 0]))
    const large = connection.unary({ path, request: Buffer.alloc(100_000), metadata: [], deadlineMs: plentyMs })
    const largeId = await peer.call()
    const open = stream(connection)
    const openId = await peer.call()
    // A peer that wants no more of a request says so with NO_ERROR (RFC 9113, section 8.1).
    peer.send(answer(largeId), reset(largeId, 0), headers(openId), trailers(openId))
    assert.deepEqual(brief(await large), [0, 'reply'])
    assert.equal((await open.end).status, 0)
    assert.equal((await peer.next(type.reset, openId))?.streamId, openId)
    assert.equal(peer.unread.filter((f) => f.type === type.data).length, 0)
  })

  it('that are cancelled while they wait for the window are reset, and take nothing from it', async () => {
    const { connection, peer } = await start(settings([setting.initialWindowSize, mostWindow]))
    const first = stream(connection)
    first.stream.write(Buffer.alloc(200_000))
    const firstId = await peer.call()
    const second = unary(connection, Buffer.alloc(30_000))
    const secondId = await peer.call()
    first.stream.cancel()
    assert.equal((await first.end).status, 1)
    assert.deepEqual((await peer.next(type.reset, firstId))?.payload, number32(code.cancel))
    peer.send(windowUpdate(0, 30_005))
    let bytes = 0
    for (let isEnd = false; !isEnd; ) {
      const { payload, flags } = (await peer.next(type.data, secondId))!
      bytes += payload.length
      isEnd = (flags & flag.endStream) !== 0
    }
    assert.equal(bytes, 30_005)
    peer.send(answer(secondId))
    assert.deepEqual(brief(await second), [0, 'reply'])
  })
})
