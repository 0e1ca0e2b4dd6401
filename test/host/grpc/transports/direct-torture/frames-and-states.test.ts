/**
 * Every kind of frame in every state of a stream: what it does to its call, and to the others of the connection. For both
 * transports: where node:http2, which is below grpc-js, does otherwise than RFC 9113 has it, a table says so.
 */
import assert from 'node:assert/strict'
import { isAppError } from '../../../../../errors.js'
import type { Transport } from '../../../../../host/grpc/transport.js'
import { frame } from '../../../http2/raw-frame.js'
import {
  answer,
  data,
  fields,
  flag,
  goaway,
  headers,
  number32,
  okFields,
  ping,
  type RawPeer,
  reset,
  serveRaw,
  settings,
  trailers,
  type,
  windowUpdate,
} from '../../raw-peer.js'
import {
  closeAll,
  code,
  dial,
  direct,
  grpcJs,
  mostWindow,
  plentyMs,
  type Started,
  start,
  stream,
  unary,
} from './rig.js'

describe('Transports: frames and states', () => {
  afterEach(closeAll)

  /** How the call ends that the frame is for, and another one on the connection. */
  type Ends = readonly [call: number, other: number]
  const fine: Ends = [0, 0]
  /** The stream is reset with an error of the protocol. */
  const broken: Ends = [13, 0]
  const lost: Ends = [14, 14]
  /** What a frame does to the answer that is under way: the parts of it that are still to be sent. */
  const parts = { headers: [headers, trailers], trailers: [trailers], none: [] } as const
  type Rest = keyof typeof parts
  type Outcome = readonly [Ends, Rest?]

  const kinds: Readonly<Record<string, (id: number) => Buffer>> = {
    DATA: (id) => data(id, 'x'),
    'empty DATA': (id) => frame(type.data, 0, id),
    HEADERS: (id) => headers(id),
    'HEADERS of an interim response': (id) => headers(id, fields(':status', '103')),
    trailers: (id) => trailers(id),
    PRIORITY: (id) => frame(type.priority, 0, id, Buffer.alloc(5)),
    'PRIORITY of a wrong size': (id) => frame(type.priority, 0, id, Buffer.alloc(4)),
    RST_STREAM: (id) => reset(id, code.cancel),
    SETTINGS: () => settings([0x55, 1]),
    'an acknowledgement of SETTINGS': () => frame(type.settings, flag.ack, 0),
    PUSH_PROMISE: (id) => frame(type.pushPromise, flag.endHeaders, id, Buffer.concat([number32(2), okFields])),
    PING: () => ping(),
    'an answer to PING': () => ping(flag.ack),
    GOAWAY: () => goaway(mostWindow),
    WINDOW_UPDATE: (id) => windowUpdate(id, 1),
    'WINDOW_UPDATE by nothing': (id) => windowUpdate(id, 0),
    CONTINUATION: (id) => frame(type.continuation, flag.endHeaders, id, okFields),
    'an unknown frame': (id) => frame(0xbe, 0xff, id, Buffer.from('noise')),
  }

  /** What no state changes. */
  const always: Readonly<Record<string, Outcome>> = {
    PRIORITY: [fine],
    SETTINGS: [fine],
    'an acknowledgement of SETTINGS': [fine],
    PUSH_PROMISE: [lost],
    PING: [fine],
    'an answer to PING': [fine],
    GOAWAY: [fine],
    CONTINUATION: [lost],
    'an unknown frame': [fine],
  }
  const ofStream: Readonly<Record<string, Outcome>> = {
    ...always,
    'PRIORITY of a wrong size': [broken, 'none'],
    RST_STREAM: [[1, 0], 'none'],
    WINDOW_UPDATE: [fine],
    'WINDOW_UPDATE by nothing': [broken, 'none'],
  }
  const unanswered: Readonly<Record<string, Outcome>> = {
    ...ofStream,
    DATA: [broken, 'none'],
    'empty DATA': [broken, 'none'],
    HEADERS: [fine, 'trailers'],
    'HEADERS of an interim response': [fine],
    trailers: [broken, 'none'],
  }
  const answered: Readonly<Record<string, Outcome>> = {
    ...ofStream,
    DATA: [fine],
    'empty DATA': [fine],
    HEADERS: [broken, 'none'],
    'HEADERS of an interim response': [broken, 'none'],
    trailers: [fine, 'none'],
  }
  /** Frames may have been under way when the stream ended. */
  const over = Object.fromEntries(Object.keys(kinds).map((kind): [string, Outcome] => [kind, always[kind] ?? [fine]]))
  /** Nothing may be said of a stream that nobody opened. */
  const idle = Object.fromEntries(Object.keys(kinds).map((kind): [string, Outcome] => [kind, always[kind] ?? [lost]]))

  interface State {
    outcomes: Readonly<Record<string, Outcome>>
    /** Brings a call into the state; the parts that its answer still needs, and the stream that the frame is for. */
    enter(call: Started, peer: RawPeer, id: number): Promise<{ rest: Rest; about?: number }>
  }
  const states: Readonly<Record<string, State>> = {
    'an open stream without an answer': {
      outcomes: unanswered,
      enter: async () => ({ rest: 'headers' }),
    },
    'an open stream with headers': {
      outcomes: answered,
      async enter(_, peer, id) {
        peer.send(headers(id))
        return { rest: 'trailers' }
      },
    },
    'a stream that this side has ended, without an answer': {
      outcomes: unanswered,
      async enter(call, peer, id) {
        call.stream.end()
        await peer.next(type.data, id)
        return { rest: 'headers' }
      },
    },
    'a stream that this side has ended, with headers': {
      outcomes: answered,
      async enter(call, peer, id) {
        call.stream.end()
        await peer.next(type.data, id)
        peer.send(headers(id))
        return { rest: 'trailers' }
      },
    },
    'a stream that the peer has ended': {
      outcomes: over,
      async enter(call, peer, id) {
        peer.send(headers(id), trailers(id))
        await call.end
        return { rest: 'none' }
      },
    },
    'a stream that both have ended': {
      outcomes: over,
      async enter(call, peer, id) {
        call.stream.end()
        await peer.next(type.data, id)
        peer.send(headers(id), trailers(id))
        await call.end
        return { rest: 'none' }
      },
    },
    'a stream that the peer has reset': {
      outcomes: Object.fromEntries(
        Object.entries(over).map(([kind, [ends]]): [string, Outcome] => [kind, [ends === fine ? [1, 0] : ends]]),
      ),
      async enter(call, peer, id) {
        peer.send(reset(id, code.cancel))
        await call.end
        return { rest: 'none' }
      },
    },
    'a stream that was cancelled': {
      outcomes: Object.fromEntries(
        Object.entries(over).map(([kind, [ends]]): [string, Outcome] => [kind, [ends === fine ? [1, 0] : ends]]),
      ),
      async enter(call, peer, id) {
        call.stream.cancel()
        await peer.next(type.reset, id)
        return { rest: 'none' }
      },
    },
    'a stream that nobody opened': {
      outcomes: idle,
      enter: async () => ({ rest: 'headers', about: 999 }),
    },
    'a stream of the peer': {
      outcomes: idle,
      enter: async () => ({ rest: 'headers', about: 2 }),
    },
    'an open stream after GOAWAY': {
      outcomes: unanswered,
      async enter(_, peer) {
        peer.send(goaway(mostWindow))
        return { rest: 'headers' }
      },
    },
  }

  /**
   * The connection has ended for node:http2, which tells nobody: it reads no more, and calls end when their own time is up.
   * Later versions of Node.js than 20 lose the connection in most of these cases.
   */
  const mute: Ends = [4, 4]
  const shortMs = 200
  /** What node:http2 makes of frames otherwise. Streams that it was not asked to open it takes as the direct transport does. */
  const ofNodeForOpen: Readonly<Record<string, Outcome>> = {
    'PRIORITY of a wrong size': [mute],
    'WINDOW_UPDATE by nothing': [lost],
    // It has said that it takes none, and still reads over one.
    PUSH_PROMISE: [fine],
    // To a PING that it has not sent.
    'an answer to PING': [lost],
    CONTINUATION: [mute],
  }
  const ofNodeForUnanswered = { ...ofNodeForOpen, DATA: [mute], 'empty DATA': [mute] } as const
  const { 'WINDOW_UPDATE by nothing': _, ...ofNodeForOver } = ofNodeForOpen
  const ofNodeForOther: Readonly<Record<string, Outcome>> = {
    DATA: [mute],
    'empty DATA': [mute],
    'PRIORITY of a wrong size': [mute],
    'an answer to PING': [lost],
    CONTINUATION: [mute],
  }
  const ofNode: Readonly<Record<keyof typeof states, Readonly<Record<string, Outcome>>>> = {
    'an open stream without an answer': ofNodeForUnanswered,
    'an open stream with headers': ofNodeForOpen,
    'a stream that this side has ended, without an answer': ofNodeForUnanswered,
    'a stream that this side has ended, with headers': ofNodeForOpen,
    'a stream that the peer has ended': ofNodeForOver,
    'a stream that both have ended': ofNodeForOver,
    'a stream that the peer has reset': { ...ofNodeForOver, PUSH_PROMISE: [[1, 0]] },
    'a stream that was cancelled': { ...ofNodeForOver, PUSH_PROMISE: [[1, 0]] },
    'a stream that nobody opened': ofNodeForOther,
    'a stream of the peer': ofNodeForOther,
    'an open stream after GOAWAY': {
      ...ofNodeForUnanswered,
      // The stream was the last one, and its end the end of the connection.
      trailers: [[14, 0], 'none'],
      RST_STREAM: [[14, 0], 'none'],
    },
  }

  for (const [name, transport, others] of [
    ['direct', direct, {}],
    ['grpc-js', grpcJs, ofNode],
  ] as const satisfies readonly (readonly [string, Transport, Partial<typeof ofNode>])[]) {
    for (const [state, { outcomes, enter }] of Object.entries(states)) {
      it(`${name}: every kind of frame for ${state}`, async () => {
        for (const [kind, make] of Object.entries(kinds)) {
          const [ends, after] = (others as Partial<typeof ofNode>)[state]?.[kind] ?? outcomes[kind]!
          const deadlineMs = ends === mute ? shortMs : plentyMs
          const { connection, peer } = await start(settings(), false, transport)
          const call = stream(connection, { deadlineMs })
          const id = await peer.call()
          const other = unary(connection, 'request', deadlineMs)
          const otherId = await peer.call()
          const { rest, about = id } = await enter(call, peer, id)
          peer.send(make(about), ...parts[after ?? rest].map((part) => part(id)), answer(otherId))
          const is = [(await call.end).status, (await other).status].map((status) =>
            ends === mute && status === 14 ? 4 : status,
          )
          // A call that was over before its connection was lost keeps its status.
          const isOver = rest === 'none' && (ends === lost || ends === mute)
          assert.deepEqual(is, [isOver ? is[0] : ends[0], ends[1]], kind)
          connection.close()
        }
      })
    }
  }

  for (const [name, transport] of [
    ['direct', direct],
    ['grpc-js', grpcJs],
  ] as const) {
    it(`${name}: an answer that ends without trailers ends its call, also while this side may send`, async () => {
      const { connection, peer } = await start(settings(), false, transport)
      const call = stream(connection)
      const id = await peer.call()
      peer.send(headers(id), data(id, 'x'), frame(type.data, flag.endStream, id))
      const { status, message } = await call.end
      assert.deepEqual([status, message], [13, 'server closed the stream without sending trailers'])
      assert.deepEqual(call.messages, ['x'])
      const other = unary(connection)
      peer.send(answer(await peer.call()))
      assert.equal((await other).status, 0)
    })
  }

  it('another frame than SETTINGS does not begin a connection', async () => {
    const others = Object.entries(kinds).filter(([kind]) => kind !== 'SETTINGS')
    const refused = others.map(async ([kind, make]) => {
      const server = await serveRaw(Buffer.concat([make(1), settings()]))
      await assert.rejects(dial(server, { timeoutMs: 400 }), (e) => isAppError(e, 'CONNECT_FAILED'), kind)
    })
    await Promise.all(refused)
  })
})
