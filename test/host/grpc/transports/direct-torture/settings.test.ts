/** SETTINGS that change while calls are under way. */
import assert from 'node:assert/strict'
import { HpackDecoder } from '../../../../../host/http2/hpack-decoder.js'
import { answer, flag, settings, turn, type } from '../../raw-peer.js'
import { brief, closeAll, path, setting, start, stream, unary } from './rig.js'

describe('The direct transport: settings in flight', () => {
  afterEach(closeAll)

  it('are acknowledged one by one', async () => {
    const { peer } = await start()
    peer.send(settings(), settings([setting.maxConcurrentStreams, 7]), settings())
    for (let acks = 0; acks < 3; acks++) assert.equal((await peer.next(type.settings))?.flags, flag.ack)
    await turn()
    assert.ok(!peer.unread.some((f) => f.type === type.settings))
  })

  it('of the header table hold from the next block on', async () => {
    const { connection, peer } = await start()
    const tables = [0, 4096, 100, 65_536, 0]
    const decoder = new HpackDecoder(4096, 65_536)
    for (const bytes of tables) {
      peer.send(settings([setting.headerTableSize, bytes]))
      await peer.next(type.settings)
      for (let i = 0; i < 2; i++) {
        const result = unary(connection)
        const opening = await peer.next(type.headers)
        const { fields: all } = decoder.decode(opening!.payload)
        assert.equal(all[all.indexOf(':path') + 1], path)
        assert.ok(decoder.tableBytes <= bytes)
        peer.send(answer(opening!.streamId))
        assert.equal((await result).status, 0)
      }
    }
  })

  it('that allow no streams let calls wait, and those that allow more let them go on in order', async () => {
    const { connection, peer } = await start(settings([setting.maxConcurrentStreams, 0]))
    const late = unary(connection, 'late', 100)
    const cancelled = stream(connection)
    const results = ['a', 'b', 'c'].map((text) => unary(connection, text))
    assert.equal((await late).status, 4)
    cancelled.stream.cancel()
    assert.equal((await cancelled.end).status, 1)
    assert.ok(!peer.unread.some((f) => f.type === type.headers))
    peer.send(settings([setting.maxConcurrentStreams, 1]))
    const order: string[] = []
    const serve = async () => {
      const id = await peer.call()
      order.push((await peer.next(type.data, id))!.payload.subarray(5).toString())
      await turn()
      assert.ok(!peer.unread.some((f) => f.type === type.headers), 'one call at a time')
      peer.send(answer(id))
    }
    await serve()
    await serve()
    await serve()
    assert.deepEqual(order, ['a', 'b', 'c'])
    assert.deepEqual((await Promise.all(results)).map(brief), Array(3).fill([0, 'reply']))
  })

  it('that allow fewer streams than there are end none', async () => {
    const { connection, peer } = await start()
    const results = [1, 2, 3].map(() => unary(connection))
    const ids = [await peer.call(), await peer.call(), await peer.call()]
    peer.send(settings([setting.maxConcurrentStreams, 1]))
    await peer.next(type.settings)
    const waiting = unary(connection)
    await turn()
    assert.ok(!peer.unread.some((f) => f.type === type.headers))
    for (const id of ids) peer.send(answer(id))
    assert.deepEqual((await Promise.all(results)).map(brief), Array(3).fill([0, 'reply']))
    peer.send(answer(await peer.call()))
    assert.deepEqual(brief(await waiting), [0, 'reply'])
  })
})
