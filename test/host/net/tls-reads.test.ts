import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { tlsHandshake } from '../../../host/net/tls-handshake.js'
import { readTo } from '../../../host/net/tls-reads.js'
import { fixture } from '../grpc/scripted-server.js'

describe('readTo', () => {
  let server: Server
  let peer: Promise<TLSSocket>

  beforeEach(async () => {
    server = createServer({ key: fixture('server.key'), cert: fixture('server.pem') })
    peer = once(server, 'secureConnection').then(([socket]) => socket as TLSSocket)
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })

  afterEach(() => server.close())

  async function open(): Promise<TLSSocket> {
    const tcp = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(tcp, 'connect')
    const options = { settings: { insecureSkipVerify: true }, serverName: 'a.test', protocols: [] }
    return tlsHandshake(tcp, options, new AbortController().signal)
  }

  it('hands out all bytes in their order, those that came before as well, and then the end', async () => {
    const texts = ['first', 'second', 'x'.repeat(100_000)]
    const socket = await open()
    const theirs = await peer
    theirs.write('before')
    // What nobody reads yet waits in the socket.
    await once(socket, 'readable')
    const pieces: Buffer[] = []
    readTo(socket, (bytes) => pieces.push(bytes))
    for (const text of texts) {
      theirs.write(text)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    theirs.end('last')
    await once(socket, 'end')
    assert.equal(Buffer.concat(pieces).toString(), `before${texts.join('')}last`)
  })

  it('leaves errors and the loss of the socket to its events', async () => {
    const socket = await open()
    readTo(socket, () => {})
    const lost = once(socket, 'close')
    ;(await peer).destroy()
    await lost
    assert.equal(socket.destroyed, true)
  })
})
