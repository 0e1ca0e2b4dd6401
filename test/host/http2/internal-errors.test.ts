/** Owners of streams that throw, which they may not: what becomes of the connection. */
import assert from 'node:assert/strict'
import type { Server } from 'node:net'
import type { StreamOwner } from '../../../host/http2/client-stream.js'
import { ErrorCode } from '../../../host/http2/http2-error.js'
import { data, goaway, headers, reset, trailers, type, windowUpdate } from '../grpc/raw-peer.js'
import { begunSession } from './begun-session.js'

describe('ClientSession, with errors of its owners', () => {
  const oops = new TypeError('oops')
  const fail = () => {
    throw oops
  }
  let server: Server

  afterEach(() => server.close())

  async function begin() {
    const begun = await begunSession()
    server = begun.server
    return begun
  }

  function owner(events: string[], name: string, more: Partial<StreamOwner> = {}): StreamOwner {
    return {
      encodeHeaders: (encoder) => encoder.encode([':method', 'POST']),
      onHeaders: () => {},
      onData: () => {},
      onTrailers: () => {},
      onSent: () => {},
      onReset: (code) => events.push(`${name} reset ${code}`),
      onLost: () => events.push(`${name} lost`),
      ...more,
    }
  }

  const cases: readonly (readonly [method: keyof StreamOwner, frames: (id: number) => Buffer[]])[] = [
    ['onHeaders', (id) => [headers(id)]],
    ['onData', (id) => [headers(id), data(id, 'x')]],
    ['onTrailers', (id) => [headers(id), trailers(id)]],
    ['onReset', (id) => [reset(id, 8)]],
    ['onSent', (id) => [windowUpdate(0, 100_000), windowUpdate(id, 100_000)]],
  ]
  for (const [method, frames] of cases) {
    it(`${method}: it is told, and the connection ends with INTERNAL_ERROR for all of its streams`, async () => {
      const { session, peer, events, told } = await begin()
      const first = session.open(owner(events, 'first', { [method]: fail }))
      session.open(owner(events, 'other'))
      first.write(Buffer.alloc(100_000), false)
      const id = await peer.next(type.headers)
      peer.send(...frames(id!.streamId))
      assert.equal((await peer.next(type.goaway))?.payload.readUInt32BE(4), ErrorCode.internalError)
      await peer.ended()
      assert.deepEqual([events[0], events.slice(1).sort()], ['lost', ['first lost', 'other lost']])
      assert.deepEqual([told, session.isLost], [[oops], true])
    })
  }

  it('onLost: the other streams are told as well', async () => {
    const { session, peer, events, told } = await begin()
    session.open(owner(events, 'first', { onLost: fail }))
    session.open(owner(events, 'other'))
    await peer.next(type.headers)
    peer.socket.destroy()
    while (!events.includes('other lost')) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([events, told], [['lost', 'other lost'], [oops]])
  })

  it('onLost because of a GOAWAY: the same', async () => {
    const { session, peer, events, told } = await begin()
    session.open(owner(events, 'first', { onLost: fail }))
    session.open(owner(events, 'other'))
    peer.send(goaway(0))
    await peer.ended()
    assert.deepEqual([events, told], [['closing', 'lost', 'other lost'], [oops]])
  })

  it('encodeHeaders: the stream is lost, and the others go on', async () => {
    const { session, peer, events, told } = await begin()
    const first = session.open(owner(events, 'first', { encodeHeaders: fail }))
    first.write(Buffer.from('x'), true)
    let answered = false
    session.open(
      owner(events, 'other', {
        onHeaders: () => {
          answered = true
        },
      }),
    )
    peer.send(headers((await peer.next(type.headers))!.streamId))
    while (!answered) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([events, told], [[`first reset ${ErrorCode.internalError}`], [oops]])
    assert.ok(!peer.unread.some((f) => f.type === type.data))
    session.close()
    await peer.ended()
  })
})
