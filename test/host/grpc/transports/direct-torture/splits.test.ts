/** An answer is an answer, in whatever pieces it comes. */
import assert from 'node:assert/strict'
import { frame } from '../../../http2/raw-frame.js'
import {
  fields,
  flag,
  headers,
  number32,
  okFields,
  ping,
  settings,
  trailers,
  type,
  windowUpdate,
} from '../../raw-peer.js'
import { frame as message } from '../../scripted-server.js'
import { brief, closeAll, direct, grpcJs, setting, start, unary } from './rig.js'

describe('Transports: splits', () => {
  afterEach(closeAll)

  /** Header blocks with padding, priority, and in parts, some of which are empty. */
  const oddHeaders = (id: number) =>
    Buffer.concat([
      frame(
        type.headers,
        flag.padded | flag.priority,
        id,
        Buffer.concat([Buffer.of(2), number32(0), Buffer.of(7, 0, 0)]),
      ),
      frame(type.continuation, 0, id),
      frame(type.continuation, 0, id, okFields.subarray(0, 10)),
      frame(type.continuation, flag.endHeaders, id, okFields.subarray(10)),
    ])
  const oddTrailers = (id: number) =>
    Buffer.concat([
      frame(
        type.headers,
        flag.endStream | flag.padded,
        id,
        Buffer.concat([Buffer.of(1), fields('grpc-status', '0'), Buffer.of(0)]),
      ),
      frame(type.continuation, flag.endHeaders, id, fields('x', 'y')),
    ])
  /** An answer with all that may stand around and within it, and the streams that it is for. */
  const decorated = (id: number, first: Buffer = oddHeaders(id), last: Buffer = oddTrailers(id)) =>
    Buffer.concat([
      settings([setting.maxConcurrentStreams, 100]),
      frame(0xbe, 0xff, id, Buffer.from('noise')),
      first,
      frame(type.priority, 0, id + 100, Buffer.alloc(5)),
      ping(),
      frame(
        type.data,
        flag.padded,
        id,
        Buffer.concat([Buffer.of(3), message(Buffer.from('re')).subarray(0, 3), Buffer.alloc(3)]),
      ),
      windowUpdate(id, 1),
      frame(type.data, 0, id),
      frame(type.data, flag.padded, id, Buffer.from([0, 0, 5, 'r'.charCodeAt(0)])),
      windowUpdate(0, 1),
      frame(type.data, 0, id, Buffer.from('eply')),
      last,
    ])

  for (const [name, transport, isSecure] of [
    ['direct, in plaintext', direct, false],
    ['direct, in TLS', direct, true],
    ['grpc-js, in plaintext', grpcJs, false],
    ['grpc-js, in TLS', grpcJs, true],
  ] as const) {
    it(`${name}: an answer with every decoration may be cut at any byte`, async () => {
      const { connection, peer } = await start(settings(), isSecure, transport)
      const { length } = decorated(1)
      for (let at = 0; at <= length; at++) {
        const result = unary(connection)
        const bytes = decorated(await peer.call())
        await peer.sendApart([bytes.subarray(0, at), bytes.subarray(at)])
        assert.deepEqual([brief(await result), (await result).trailers.get('x')], [[0, 'reply'], ['y']], `cut at ${at}`)
      }
    })
  }

  for (const [name, transport] of [
    ['direct', direct],
    ['grpc-js', grpcJs],
  ] as const) {
    it(`${name}: an answer may come byte by byte`, async () => {
      const { connection, peer } = await start(settings(), false, transport)
      const result = unary(connection)
      const id = await peer.call()
      // The nghttp2 of Node.js 20 loses the connection by a header block in parts that comes byte by byte.
      const bytes = transport === direct ? decorated(id) : decorated(id, headers(id), trailers(id))
      await peer.sendApart([...bytes].map((byte) => Buffer.of(byte)))
      assert.deepEqual(brief(await result), [0, 'reply'])
      assert.equal((await peer.next(type.ping))?.payload.toString(), 'pingpong')
    })

    it(`${name}: answers to many calls may come interleaved, a few bytes of each at a time`, async () => {
      const { connection, peer } = await start(settings(), false, transport)
      const results = Array.from({ length: 20 }, () => unary(connection))
      const ids = await Promise.all(results.map(() => peer.call()))
      const body = (id: number) => message(Buffer.from(`for ${id}`))
      for (const id of ids) peer.send(headers(id))
      for (let at = 0; at < 12; at += 2) {
        for (const id of ids) peer.send(frame(type.data, 0, id, body(id).subarray(at, at + 2)))
      }
      for (const id of [...ids].reverse()) peer.send(trailers(id))
      const expected = [...ids].sort((a, b) => a - b).map((id) => [0, `for ${id}`])
      assert.deepEqual((await Promise.all(results)).map(brief), expected)
    })
  }
})
