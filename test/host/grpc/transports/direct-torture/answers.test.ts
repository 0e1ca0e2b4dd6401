/** What a server may say to a call, well-formed and not. */
import assert from 'node:assert/strict'
import { frame } from '../../../http2/raw-frame.js'
import { answer, data, fields, flag, headers, okFields, reset, trailers, type } from '../../raw-peer.js'
import { brief, closeAll, code, start, unary } from './rig.js'

describe('The direct transport: answers', () => {
  afterEach(closeAll)

  const cases: readonly (readonly [what: string, answer: (id: number) => Buffer, status: number])[] = [
    [
      'trailers only',
      (id) =>
        frame(type.headers, 5, id, fields(':status', '200', 'content-type', 'application/grpc', 'grpc-status', '5')),
      5,
    ],
    [
      'no grpc-status',
      (id) => Buffer.concat([headers(id), data(id, 'x'), frame(type.headers, 5, id, fields('x', 'y'))]),
      2,
    ],
    [
      'an end without trailers',
      (id) => Buffer.concat([headers(id), data(id, 'x'), frame(type.data, flag.endStream, id)]),
      13,
    ],
    [
      'an end within a message',
      (id) => Buffer.concat([headers(id), frame(type.data, 0, id, Buffer.from([0, 0, 0, 0, 9, 1])), trailers(id)]),
      13,
    ],
    ['headers, and nothing else', (id) => frame(type.headers, 5, id, okFields), 2],
    [
      'trailers without an end',
      (id) => Buffer.concat([headers(id), frame(type.headers, 4, id, fields('grpc-status', '0'))]),
      13,
    ],
    [
      'trailers with :status',
      (id) => Buffer.concat([headers(id), frame(type.headers, 5, id, fields(':status', '200', 'grpc-status', '0'))]),
      13,
    ],
    ['no :status', (id) => headers(id, fields('content-type', 'application/grpc')), 13],
    ['a :status of letters', (id) => headers(id, fields(':status', 'abc')), 13],
    [
      'a :status after other fields',
      (id) => headers(id, fields('content-type', 'application/grpc', ':status', '200')),
      13,
    ],
    ['a name in capitals', (id) => headers(id, Buffer.concat([okFields, fields('X-A', 'b')])), 13],
    ['a line end in a value', (id) => headers(id, Buffer.concat([okFields, fields('x', 'a\r\nb')])), 13],
    ['connection: close', (id) => headers(id, Buffer.concat([okFields, fields('connection', 'close')])), 13],
    ['HTTP 503', (id) => frame(type.headers, 5, id, fields(':status', '503')), 14],
    [
      'HTTP 404 with a body',
      (id) =>
        Buffer.concat([
          headers(id, fields(':status', '404', 'content-type', 'text/html')),
          frame(type.data, 1, id, Buffer.from('<p>')),
        ]),
      12,
    ],
    ['a reset for calm', (id) => reset(id, code.enhanceYourCalm), 8],
    ['a reset that has no name', (id) => reset(id, 0xfeedbeef), 2],
  ]
  for (const [what, make, status] of cases) {
    it(`${what}: status ${status}, and the connection goes on`, async () => {
      const { server, connection, peer } = await start()
      for (let i = 0; i < 2; i++) {
        const result = unary(connection)
        peer.send(make(await peer.call()))
        assert.equal((await result).status, status)
      }
      assert.equal(server.peers.length, 1)
    })
  }

  it('a refusal of the stream: the call is made once more, and then ends with status 14', async () => {
    const { server, connection, peer } = await start()
    const refuse = async () => peer.send(reset(await peer.call(), code.refusedStream))
    const first = unary(connection)
    await refuse()
    peer.send(answer(await peer.call()))
    assert.deepEqual(brief(await first), [0, 'reply'])
    const second = unary(connection)
    await refuse()
    await refuse()
    assert.equal((await second).status, 14)
    assert.equal(server.peers.length, 1)
  })

  it('headers after the end change nothing', async () => {
    const { connection, peer } = await start()
    const first = unary(connection)
    const id = await peer.call()
    peer.send(answer(id), headers(id), trailers(id), data(id, 'more'))
    assert.deepEqual(brief(await first), [0, 'reply'])
    const next = unary(connection)
    peer.send(answer(await peer.call()))
    assert.deepEqual(brief(await next), [0, 'reply'])
  })

  it('HPACK that cannot be read loses the connection, and so does a list in too many parts', async () => {
    for (const bytes of [
      (id: number) => headers(id, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
      (id: number) =>
        Buffer.concat([
          frame(type.headers, 0, id, okFields),
          ...Array<Buffer>(5000).fill(frame(type.continuation, 0, id)),
        ]),
      (id: number) =>
        Buffer.concat([
          frame(type.headers, 0, id, okFields),
          ...Array<Buffer>(500).fill(frame(type.continuation, 0, id, Buffer.alloc(1000, 0x88))),
        ]),
    ]) {
      const { connection, peer } = await start()
      const result = unary(connection)
      peer.send(bytes(await peer.call()))
      assert.equal((await result).status, 14)
      await peer.ended()
    }
  })

  it('a list that says much in few bytes ends its call alone', async () => {
    const { connection, peer } = await start()
    const [first, other] = [unary(connection), unary(connection)]
    const [id, otherId] = [await peer.call(), await peer.call()]
    // An entry of 4,000 bytes in the table, and then its index again and again.
    const entry = Buffer.concat([Buffer.of(0x40, 1, 0x78, 0x7f, 0xa1, 0x1e), Buffer.alloc(4000, 'y')])
    peer.send(headers(id, Buffer.concat([okFields, entry, Buffer.alloc(1000, 0xbe)])), answer(otherId))
    assert.ok([8, 13].includes((await first).status))
    assert.deepEqual(brief(await other), [0, 'reply'])
  })
})
