import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { ClientSession } from '../../../host/http2/client-session.js'
import type { StreamOwner } from '../../../host/http2/client-stream.js'
import { RawPeer, settings, type } from '../grpc/raw-peer.js'

describe('ClientSession, near the last number of a stream', () => {
  let server: Server

  afterEach(() => server.close())

  async function begin(firstStreamId: number): Promise<{ session: ClientSession; peer: RawPeer; events: string[] }> {
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [remote] = await accepted
    const peer = new RawPeer(remote)
    const events: string[] = []
    const told = (event: string) => () => events.push(event)
    const ready = new Promise<void>((resolve) => {
      const owner = {
        onReady: () => resolve(),
        onClosing: told('closing'),
        onLost: told('lost'),
        onInternalError: assert.fail,
      }
      const session = new ClientSession(socket, owner, { firstStreamId })
      made = session
      socket.on('data', (chunk) => session.receive(chunk))
    })
    peer.send(settings())
    await ready
    return { session: made as ClientSession, peer, events }
  }
  let made: ClientSession | undefined

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
    const { session, peer, events } = await begin(2 ** 31 - 3)
    const names = ['a', 'b', 'c']
    for (const name of names) session.open(owner(events, name))
    const ids = [(await peer.next(type.headers))?.streamId, (await peer.next(type.headers))?.streamId]
    assert.deepEqual(ids, [2 ** 31 - 3, 2 ** 31 - 1])
    assert.deepEqual([session.isUsable, session.isLost], [false, false])
    assert.deepEqual(events, ['closing', 'c lost unseen'])
    session.close()
    await peer.ended()
    assert.ok(!peer.unread.some((f) => f.type === type.headers))
  })
})
