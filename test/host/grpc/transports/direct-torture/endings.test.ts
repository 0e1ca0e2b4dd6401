/** A peer that is gone in the middle. */
import assert from 'node:assert/strict'
import { answer, data, headers, turn } from '../../raw-peer.js'
import { brief, closeAll, start, stream, unary } from './rig.js'

describe('The direct transport: the end of the connection', () => {
  afterEach(closeAll)

  for (const [what, before] of [
    ['before an answer', () => Buffer.alloc(0)],
    ['after headers', (id: number) => headers(id)],
    ['within headers', (id: number) => headers(id).subarray(0, 20)],
    ['within the header of a frame', (id: number) => Buffer.concat([headers(id), data(id, 'x').subarray(0, 5)])],
    ['within a message', (id: number) => Buffer.concat([headers(id), data(id, 'x').subarray(0, 12)])],
    ['after a message', (id: number) => Buffer.concat([headers(id), data(id, 'x')])],
  ] as const) {
    it(`${what}: status 14, by FIN and by RST`, async () => {
      for (const isAbrupt of [false, true]) {
        const { connection, peer } = await start()
        const call = stream(connection)
        call.stream.end()
        const id = await peer.call()
        peer.send(before(id))
        await turn()
        if (isAbrupt) peer.socket.resetAndDestroy()
        else peer.socket.end()
        assert.equal((await call.end).status, 14)
        await peer.ended()
      }
    })
  }

  it('after the whole answer changes nothing', async () => {
    const { connection, peer } = await start()
    const result = unary(connection)
    peer.send(answer(await peer.call()))
    peer.socket.end()
    assert.deepEqual(brief(await result), [0, 'reply'])
    await peer.ended()
  })
})
