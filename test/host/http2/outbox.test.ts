import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Outbox } from '../../../host/http2/outbox.js'

describe('Outbox', () => {
  let server: Server
  let socket: Socket
  /** What each write of the socket had. */
  let writes: string[]

  beforeEach(async () => {
    server = createServer((peer) => peer.resume())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    writes = []
    const write = socket.write.bind(socket) as (bytes: Buffer) => boolean
    socket.write = (bytes: unknown) => {
      writes.push(String(bytes))
      return write(bytes as Buffer)
    }
  })

  afterEach(() => {
    socket.destroy()
    server.close()
  })

  const turn = () => new Promise((resolve) => setImmediate(resolve))

  it('sends what is appended in one turn with one write', async () => {
    const outbox = new Outbox(socket, () => {})
    outbox.append(Buffer.from('a'))
    await undefined
    outbox.append(Buffer.from('b'))
    await turn()
    assert.deepEqual(writes, ['ab'])
    outbox.append(Buffer.from('c'))
    await turn()
    assert.deepEqual(writes, ['ab', 'c'])
  })

  it('may hurry: sends the first at once, and what follows in the same turn with one more write', async () => {
    const outbox = new Outbox(socket, () => {})
    outbox.mayHurry = true
    outbox.append(Buffer.from('a'))
    outbox.append(Buffer.from('b'))
    assert.deepEqual(writes, [])
    await undefined
    assert.deepEqual(writes, ['ab'])
    outbox.append(Buffer.from('c'))
    await undefined
    outbox.append(Buffer.from('d'))
    await turn()
    assert.deepEqual(writes, ['ab', 'cd'])
  })
})
