/** A session over a real connection, which has got the settings of its peer, with what its owner was told. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { ClientSession } from '../../../host/http2/client-session.js'
import { RawPeer, settings } from '../grpc/raw-peer.js'

export async function begunSession(options: ConstructorParameters<typeof ClientSession>[2] = {}) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [remote] = await accepted
  const peer = new RawPeer(remote)
  const events: string[] = []
  const told: unknown[] = []
  const session = await new Promise<ClientSession>((resolve) => {
    const owner = {
      onReady: () => resolve(made),
      onClosing: () => events.push('closing'),
      onLost: () => events.push('lost'),
      onInternalError: (e: unknown) => told.push(e),
    }
    const made: ClientSession = new ClientSession(socket, owner, options)
    socket.on('data', (chunk) => made.receive(chunk))
    peer.send(settings())
  })
  return { session, peer, events, told, server }
}
