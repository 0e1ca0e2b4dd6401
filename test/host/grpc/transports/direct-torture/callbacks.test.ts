/** Receivers that do from within a callback what changes everything: cancel, close, pause, call. */
import assert from 'node:assert/strict'
import type { CallStatus } from '../../../../../host/grpc/transport.js'
import { answer, data, headers, reset, trailers, turn } from '../../raw-peer.js'
import { brief, closeAll, code, path, plentyMs, start, stream, unary } from './rig.js'

describe('The direct transport: receivers', () => {
  afterEach(closeAll)

  it('may cancel a stream with its first message: no other comes', async () => {
    const { connection, peer } = await start()
    const seen: string[] = []
    const call = stream(connection, {
      onMessage: (bytes) => {
        seen.push(Buffer.from(bytes).toString())
        call.stream.cancel()
      },
    })
    const id = await peer.call()
    const other = unary(connection)
    const otherId = await peer.call()
    peer.send(headers(id), data(id, 'a'), data(id, 'b'), trailers(id), answer(otherId))
    assert.deepEqual([(await call.end).status, seen, brief(await other)], [1, ['a'], [0, 'reply']])
  })

  it('may close the connection with a message: every call ends with status 1', async () => {
    const { connection, peer } = await start()
    const call = stream(connection, { onMessage: () => connection.close() })
    const id = await peer.call()
    const other = unary(connection)
    const otherId = await peer.call()
    peer.send(headers(id), data(id, 'a'), trailers(id), answer(otherId))
    assert.deepEqual([(await call.end).status, (await other).status], [1, 1])
    await peer.ended()
  })

  it('may close the connection with the headers, or with the end', async () => {
    for (const event of ['onHeaders', 'onEnd'] as const) {
      const { connection, peer } = await start()
      const other = unary(connection)
      const otherId = await peer.call()
      const ended = new Promise<CallStatus>((resolve) => {
        const close = { [event]: () => connection.close() }
        stream(connection, {
          ...close,
          onEnd(status) {
            if (event === 'onEnd') connection.close()
            resolve(status)
          },
        })
      })
      const id = await peer.call()
      peer.send(headers(id), trailers(id), answer(otherId))
      assert.deepEqual([(await ended).status, (await other).status], event === 'onEnd' ? [0, 1] : [1, 1])
      await peer.ended()
    }
  })

  it('may call again from within the end, as often as they like', async () => {
    const { connection, peer } = await start()
    const statuses: number[] = []
    const done = new Promise<void>((resolve) => {
      const again = (left: number) =>
        connection
          .stream({
            path,
            metadata: [],
            isServerStreaming: true,
            deadlineMs: plentyMs,
            onMessage: () => {},
            onEnd: ({ status }) => {
              statuses.push(status)
              if (left > 0) again(left - 1)
              else resolve()
            },
          })
          .end()
      again(50)
    })
    for (let i = 0; i <= 50; i++) {
      const id = await peer.call()
      peer.send(i % 2 === 0 ? Buffer.concat([headers(id), trailers(id)]) : reset(id, code.cancel))
    }
    await done
    assert.deepEqual(
      statuses,
      Array.from({ length: 51 }, (_, i) => (i % 2 === 0 ? 0 : 1)),
    )
  })

  it('may pause in the middle of what one read brought', async () => {
    const { connection, peer } = await start()
    const seen: string[] = []
    const call = stream(connection, {
      onMessage: (bytes) => {
        seen.push(Buffer.from(bytes).toString())
        call.stream.pause()
      },
    })
    const id = await peer.call()
    peer.send(headers(id), ...Array.from({ length: 5 }, (_, i) => data(id, `${i}`)), trailers(id))
    for (let i = 1; i <= 5; i++) {
      while (seen.length < i) await turn()
      await turn()
      assert.equal(seen.length, i)
      call.stream.resume()
    }
    assert.deepEqual([(await call.end).status, seen], [0, ['0', '1', '2', '3', '4']])
  })

  it('keep messages as they were, whatever is read later', async () => {
    const { connection, peer } = await start()
    const kept: Uint8Array[] = []
    const call = stream(connection, { onMessage: (bytes) => kept.push(bytes) })
    const id = await peer.call()
    peer.send(headers(id))
    const others = Array.from({ length: 20 }, () => unary(connection))
    const body = (i: number) => `${i} `.repeat(1 + ((i * 37) % 1500))
    for (let i = 0; i < 300; i++) peer.send(data(id, body(i)))
    for (let i = 0; i < 20; i++) {
      const otherId = await peer.call()
      peer.send(answer(otherId, body(i)))
    }
    peer.send(trailers(id))
    assert.equal((await call.end).status, 0)
    const replies = (await Promise.all(others)).map(({ response }) => Buffer.from(response ?? []).toString())
    assert.deepEqual(
      kept.map((bytes) => Buffer.from(bytes).toString()),
      Array.from({ length: 300 }, (_, i) => body(i)),
    )
    assert.deepEqual(
      replies,
      Array.from({ length: 20 }, (_, i) => body(i)),
    )
  })
})
