import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type FrameLimits, FrameReader } from '../../../host/http2/frame-reader.js'
import { Http2Error } from '../../../host/http2/http2-error.js'
import { frame } from './raw-frame.js'
import { RecordingSink, silentSink } from './recording-sink.js'

const limits: FrameLimits = { maxFrameBytes: 16_384, maxHeaderBlockBytes: 1000, maxContinuations: 3 }
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** What a reader says of bytes that come in chunks. */
function read(chunks: readonly Buffer[], own: Partial<FrameLimits> = {}): RecordingSink {
  const sink = new RecordingSink()
  const reader = new FrameReader(sink, { ...limits, ...own })
  for (const chunk of chunks) reader.push(chunk)
  return sink
}

/** One frame of each kind, all ways to write it, with what is told of it. */
const good: readonly (readonly [bytes: Buffer, ...events: string[]])[] = [
  [frame(4, 0, 0), 'settings '],
  [
    frame(4, 0, 0, hex('0001 00000000 0003 ffffffff 0004 7fffffff 0005 00ffffff 1234 00000007')),
    'settings 1=0 3=4294967295 4=2147483647 5=16777215 4660=7',
  ],
  [frame(4, 1, 0), 'settings ack'],
  [frame(6, 0, 0, hex('0102030405060708')), 'ping 0102030405060708'],
  [frame(6, 0xff, 0, hex('0102030405060708')), 'ping ack 0102030405060708'],
  [frame(8, 0, 0, hex('00000001')), 'window 0 1'],
  [frame(8, 0, 7, hex('ffffffff')), 'window 7 2147483647'],
  [frame(3, 0, 5, hex('ffffffff')), 'reset 5 4294967295'],
  [frame(7, 0, 0, hex('80000003 00000002')), 'goaway 3 2 '],
  [frame(7, 0, 0, hex('00000003 0000000b 6d6f7265')), 'goaway 3 11 6d6f7265'],
  [frame(0, 0, 1, hex('0a0b0c')), 'data 1 0a0b0c'],
  [frame(0, 1, 1, hex('0a0b0c')), 'data 1 0a0b0c end'],
  [frame(0, 0, 1), 'data 1 '],
  [frame(0, 1, 0x8000_0001), 'data 1  end'],
  [frame(0, 9, 1, hex('02 0a0b0c 0000')), 'data 1 0a0b0c end'],
  [frame(0, 8, 1, hex('00 0a')), 'data 1 0a'],
  [frame(0, 8, 1, hex('03 ffffff')), 'data 1 '],
  [frame(0, 9, 1, hex('00')), 'data 1  end'],
  [frame(1, 4, 3, hex('8288')), 'headers 3 8288'],
  [frame(1, 5, 3), 'headers 3  end'],
  [frame(1, 0x2c, 3, hex('02 80000000 ff 8288 0000')), 'headers 3 8288'],
  [frame(1, 0x24, 3, hex('00000003 10')), 'headers 3 '],
  [frame(1, 0x0c, 3, hex('02 0000')), 'headers 3 '],
  [Buffer.concat([frame(1, 0, 3, hex('82')), frame(9, 4, 3, hex('88'))]), 'headers 3 8288'],
  [
    Buffer.concat([frame(1, 9, 3, hex('01 82 00')), frame(9, 0, 3), frame(9, 1, 3, hex('8889')), frame(9, 4, 3)]),
    'headers 3 828889 end',
  ],
  // PRIORITY says nothing to us, and neither does what nobody knows.
  [frame(2, 0, 9, hex('0000000000')), 'skipped'],
  [frame(2, 0, 9, hex('00000000')), 'error 9 6'],
  [frame(8, 0, 9, hex('00000000')), 'error 9 1'],
  [frame(0x0a, 0xff, 9, hex('0000')), 'skipped'],
  [frame(0xff, 0, 0), 'skipped'],
]
const all = Buffer.concat(good.map(([bytes]) => bytes))
const events = good.flatMap(([, ...told]) => told)

describe('FrameReader', () => {
  it('tells of every kind of frame', () => {
    for (const [bytes, ...told] of good) assert.deepEqual(read([bytes]).events, told)
    assert.deepEqual(read([all]).events, events)
  })

  it('tells the same when frames are split at any byte', () => {
    for (let at = 0; at <= all.length; at++) {
      assert.deepEqual(read([all.subarray(0, at), all.subarray(at)]).events, events, `split at ${at}`)
    }
  })

  it('tells the same when bytes come alone, or in chunks of any size', () => {
    assert.deepEqual(read([...all].map((byte) => Buffer.of(byte))).events, events)
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 0, max: 40 })), (sizes) => {
        const chunks: Buffer[] = []
        for (let at = 0; at < all.length; ) {
          const { value } = sizes.next()
          chunks.push(all.subarray(at, at + value))
          at += value
        }
        assert.deepEqual(read(chunks).events, events)
      }),
    )
  })

  it('counts the whole payload of DATA for flow control, padding included, wherever it is split', () => {
    const bytes = frame(0, 9, 1, hex('04 0a0b0c 00000000'))
    for (let at = 0; at <= bytes.length; at++) {
      const sink = read([bytes.subarray(0, at), bytes.subarray(at)])
      assert.equal(sink.flowBytes, 8)
      assert.deepEqual(sink.events, ['data 1 0a0b0c end'])
    }
  })

  it('hands out DATA as it comes, without a copy', () => {
    const bytes = frame(0, 0, 1, Buffer.alloc(1000, 'x'))
    const seen: Buffer[] = []
    const reader = new FrameReader(
      { ...silentSink(), onData: (_, bytes, start, end) => seen.push(bytes.subarray(start, end)) },
      limits,
    )
    for (const chunk of [bytes.subarray(0, 100), bytes.subarray(100, 101), bytes.subarray(101)]) reader.push(chunk)
    assert.deepEqual(
      seen.map((piece) => [piece.length, piece.buffer === bytes.buffer]),
      [
        [91, true],
        [1, true],
        [908, true],
      ],
    )
  })

  it('keeps nothing of a chunk that its owner uses again', () => {
    const bytes = Buffer.concat([frame(1, 0, 3, hex('8288')), frame(9, 4, 3, hex('8789'))])
    for (let at = 0; at <= bytes.length; at++) {
      const sink = new RecordingSink()
      const reader = new FrameReader(sink, limits)
      for (const part of [bytes.subarray(0, at), bytes.subarray(at)]) {
        const chunk = Buffer.from(part)
        reader.push(chunk)
        chunk.fill(0xff)
      }
      assert.deepEqual(sink.events, ['headers 3 82888789'])
    }
  })

  it('counts frames', () => {
    const reader = new FrameReader(silentSink(), limits)
    reader.push(Buffer.concat([frame(4, 0, 0), frame(6, 0, 0, Buffer.alloc(8)), frame(0xee, 0, 0)]))
    assert.equal(reader.frames, 3)
  })

  it('drops the rest of a chunk when it is closed meanwhile, and what comes later', () => {
    const told: string[] = []
    const reader: FrameReader = new FrameReader(
      {
        ...silentSink(),
        onPing: () => {
          told.push('ping')
          reader.close()
        },
      },
      limits,
    )
    const ping = frame(6, 0, 0, Buffer.alloc(8))
    reader.push(Buffer.concat([ping, ping]))
    reader.push(ping)
    assert.deepEqual(told, ['ping'])
  })

  it('drops what follows an error', () => {
    const sink = new RecordingSink()
    const reader = new FrameReader(sink, limits)
    assert.throws(() => reader.push(Buffer.concat([frame(5, 4, 1), frame(4, 0, 0)])), Http2Error)
    reader.push(frame(4, 0, 0))
    assert.deepEqual(sink.events, [])
  })

  it('throws the error of a stream for a sink that does not take it', () => {
    const reader = new FrameReader(silentSink(), limits)
    const isIt = (e: unknown) => e instanceof Http2Error && e.code === 1 && e.streamId === 9
    assert.throws(() => reader.push(frame(8, 0, 9, hex('00000000'))), isIt)
  })

  describe('ends the connection for', () => {
    const ping = Buffer.alloc(8)
    const open = frame(1, 0, 1, hex('82'))
    const cases: readonly (readonly [what: string, code: number, bytes: Buffer])[] = [
      ['a frame that is too large', 6, frame(0, 0, 1, Buffer.alloc(16_385))],
      ['an unknown frame that is too large', 6, frame(0xee, 0, 1, Buffer.alloc(16_385))],
      ['DATA without a stream', 1, frame(0, 0, 0)],
      ['HEADERS without a stream', 1, frame(1, 4, 0)],
      ['PRIORITY without a stream', 1, frame(2, 0, 0, Buffer.alloc(5))],
      ['RST_STREAM without a stream', 1, frame(3, 0, 0, Buffer.alloc(4))],
      ['SETTINGS on a stream', 1, frame(4, 0, 1)],
      ['PING on a stream', 1, frame(6, 0, 1, ping)],
      ['GOAWAY on a stream', 1, frame(7, 0, 1, ping)],
      ['PUSH_PROMISE', 1, frame(5, 4, 1, hex('00000002 82'))],
      ['CONTINUATION without HEADERS', 1, frame(9, 4, 1)],
      ['CONTINUATION after the end of the headers', 1, Buffer.concat([frame(1, 4, 1), frame(9, 4, 1)])],
      ['CONTINUATION of another stream', 1, Buffer.concat([open, frame(9, 4, 3)])],
      ['DATA within a header block', 1, Buffer.concat([open, frame(0, 0, 1)])],
      ['PING within a header block', 1, Buffer.concat([open, frame(6, 0, 0, ping)])],
      ['an unknown frame within a header block', 1, Buffer.concat([open, frame(0xee, 0, 0)])],
      ['HEADERS within a header block', 1, Buffer.concat([open, frame(1, 4, 1)])],
      ['RST_STREAM of 3 bytes', 6, frame(3, 0, 1, Buffer.alloc(3))],
      ['RST_STREAM of 5 bytes', 6, frame(3, 0, 1, Buffer.alloc(5))],
      ['SETTINGS of 5 bytes', 6, frame(4, 0, 0, Buffer.alloc(5))],
      ['an acknowledgement of SETTINGS with some', 6, frame(4, 1, 0, Buffer.alloc(6))],
      ['PING of 7 bytes', 6, frame(6, 0, 0, Buffer.alloc(7))],
      ['PING without bytes', 6, frame(6, 0, 0)],
      ['GOAWAY of 7 bytes', 6, frame(7, 0, 0, Buffer.alloc(7))],
      ['WINDOW_UPDATE of 3 bytes', 6, frame(8, 0, 1, Buffer.alloc(3))],
      ['WINDOW_UPDATE of nothing for the connection', 1, frame(8, 0, 0, hex('80000000'))],
      ['SETTINGS_ENABLE_PUSH of 1', 1, frame(4, 0, 0, hex('0002 00000001'))],
      ['SETTINGS_ENABLE_PUSH of 2', 1, frame(4, 0, 0, hex('0002 00000002'))],
      ['SETTINGS_INITIAL_WINDOW_SIZE of 2^31', 3, frame(4, 0, 0, hex('0004 80000000'))],
      ['SETTINGS_MAX_FRAME_SIZE of 16,383', 1, frame(4, 0, 0, hex('0005 00003fff'))],
      ['SETTINGS_MAX_FRAME_SIZE of 2^24', 1, frame(4, 0, 0, hex('0005 01000000'))],
      ['DATA that is padded and empty', 6, frame(0, 8, 1)],
      ['DATA with more padding than it has', 1, frame(0, 8, 1, hex('03 0000'))],
      ['HEADERS that are padded and empty', 6, frame(1, 0x0c, 1)],
      ['HEADERS with more padding than they have', 1, frame(1, 0x0c, 1, hex('03 0000'))],
      ['HEADERS whose padding takes their priority', 1, frame(1, 0x2c, 1, hex('02 00000000 00 00'))],
      ['HEADERS without the priority they announce', 6, frame(1, 0x24, 1, hex('00000000'))],
      ['a header block that is too large', 11, frame(1, 4, 1, Buffer.alloc(1001))],
      ['a header block that is much too large', 11, frame(1, 4, 1, Buffer.alloc(16_384))],
      [
        'a header block that is too large together',
        11,
        Buffer.concat([frame(1, 0, 1, Buffer.alloc(900)), frame(9, 4, 1, Buffer.alloc(101))]),
      ],
      [
        'a header block in too many parts',
        11,
        Buffer.concat([open, frame(9, 0, 1), frame(9, 0, 1), frame(9, 0, 1), frame(9, 4, 1)]),
      ],
    ]
    for (const [what, code, bytes] of cases) {
      it(what, () => {
        const isIt = (e: unknown) => e instanceof Http2Error && e.code === code && e.streamId === undefined
        assert.throws(() => read([bytes]), isIt)
        assert.throws(() => read([...bytes].map((byte) => Buffer.of(byte))), isIt)
      })
    }
  })

  it('refuses before it keeps them a header block, SETTINGS and GOAWAY beyond all measure', () => {
    const large = { maxFrameBytes: 2 ** 24 - 1, maxHeaderBlockBytes: 100_000 }
    for (const head of ['ffffff 01 00 00000001', 'ffffff 04 00 00000000', 'fffff0 07 00 00000000']) {
      const length = Number.parseInt(head.slice(0, 6), 16)
      const bytes = hex(head)
      bytes.writeUIntBE(length - (length % 6), 0, 3)
      assert.throws(
        () => read([bytes], large),
        (e) => e instanceof Http2Error && e.code === 11,
      )
    }
  })

  it('ends all other bytes with an Http2Error too', () => {
    const some = fc.tuple(
      fc.integer({ min: 0, max: 10 }),
      fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 4, 5, 8, 12)),
      fc.integer({ min: 0, max: 5 }),
      fc.uint8Array({ maxLength: 40 }),
    )
    fc.assert(
      fc.property(fc.array(some, { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (frames, size) => {
        const bytes = Buffer.concat(frames.map(([type, flags, id, payload]) => frame(type, flags, id, payload)))
        const chunks: Buffer[] = []
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
        const answer = (parts: readonly Buffer[]) => {
          const sink = new RecordingSink()
          const reader = new FrameReader(sink, limits)
          try {
            for (const part of parts) reader.push(part)
          } catch (e) {
            assert.ok(e instanceof Http2Error, String(e))
            sink.events.push(`${e.code} ${e.message}`)
          }
          return sink.events
        }
        assert.deepEqual(answer(chunks), answer([bytes]))
      }),
    )
  })
})
