/** How a peer announces its end, and what becomes of the calls. */
import assert from 'node:assert/strict'
import { answer, goaway, turn } from '../../raw-peer.js'
import { brief, closeAll, code, mostWindow, start, stream, unary } from './rig.js'

describe('The direct transport: GOAWAY', () => {
  afterEach(closeAll)

  it('lets streams end that it covers, and makes the others again on another connection', async () => {
    const { server, connection, peer } = await start()
    const [first, second] = [unary(connection), unary(connection)]
    const [firstId] = [await peer.call(), await peer.call()]
    peer.send(goaway(firstId))
    const next = await server.accept()
    next.send(answer(await next.call(), 'again'))
    assert.deepEqual(brief(await second), [0, 'again'])
    peer.send(answer(firstId, 'first'))
    assert.deepEqual(brief(await first), [0, 'first'])
    await peer.ended()
  })

  it('may come twice, the second time for fewer streams', async () => {
    const { server, connection, peer } = await start()
    const result = unary(connection)
    await peer.call()
    peer.send(goaway(mostWindow))
    await turn()
    peer.send(goaway(0))
    const next = await server.accept()
    next.send(answer(await next.call(), 'again'))
    assert.deepEqual(brief(await result), [0, 'again'])
  })

  it('never grows: a higher one loses the connection', async () => {
    const { connection, peer } = await start()
    const call = stream(connection)
    const id = await peer.call()
    peer.send(goaway(id))
    await turn()
    peer.send(goaway(id + 2))
    assert.equal((await call.end).status, 14)
    await peer.ended()
  })

  it('with an error, and the end of the connection, ends its calls with status 14', async () => {
    const { connection, peer } = await start()
    const call = stream(connection)
    const id = await peer.call()
    peer.send(goaway(id, code.enhanceYourCalm))
    peer.socket.end()
    const { status } = await call.end
    assert.ok(status === 14 || status === 8, String(status))
  })

  it('before any call leads to another connection', async () => {
    const { server, connection, peer } = await start()
    peer.send(goaway(0))
    await peer.ended()
    const result = unary(connection)
    const next = await server.accept()
    next.send(answer(await next.call()))
    assert.deepEqual(brief(await result), [0, 'reply'])
  })
})
