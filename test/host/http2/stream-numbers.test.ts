import assert from 'node:assert/strict'
import type { Server } from 'node:net'
import type { StreamOwner } from '../../../host/http2/client-stream.js'
import { type } from '../grpc/raw-peer.js'
import { begunSession } from './begun-session.js'

describe('ClientSession, near the last number of a stream', () => {
  let server: Server

  afterEach(() => server.close())

  function owner(events: string[], name: string): StreamOwner {
    return {
      encodeHeaders: (encoder) => encoder.encode([':method', 'POST']),
      onHeaders: () => {},
      onData: () => {},
      onTrailers: () => {},
      onSent: () => {},
      onReset: (code) => events.push(`${name} reset ${code}`),
      onLost: (isUnseen) => events.push(`${name} lost ${isUnseen ? 'unseen' : ''}`),
    }
  }

  it('uses the last number, and then takes no more streams', async () => {
    const begun = await begunSession({ firstStreamId: 2 ** 31 - 3 })
    const { session, peer, events, told } = begun
    server = begun.server
    const names = ['a', 'b', 'c']
    for (const name of names) session.open(owner(events, name))
    const ids = [(await peer.next(type.headers))?.streamId, (await peer.next(type.headers))?.streamId]
    assert.deepEqual(ids, [2 ** 31 - 3, 2 ** 31 - 1])
    assert.deepEqual([session.isUsable, session.isLost], [false, false])
    assert.deepEqual(events, ['closing', 'c lost unseen'])
    session.close()
    await peer.ended()
    assert.deepEqual(told, [])
    assert.ok(!peer.unread.some((f) => f.type === type.headers))
  })
})
