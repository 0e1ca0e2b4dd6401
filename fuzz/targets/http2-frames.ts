/** Frames of HTTP/2 as a peer sends them, in chunks of any size. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FrameReader } from '../../host/http2/frame-reader.js'
import { Http2Error } from '../../host/http2/http2-error.js'
import { frame } from '../../test/host/http2/raw-frame.js'
import { RecordingSink } from '../../test/host/http2/recording-sink.js'
import { type FuzzTarget, refusal } from '../target.js'

const limits = { maxFrameBytes: 16_384, maxHeaderBlockBytes: 300, maxContinuations: 3 }

const hex = (text: string) => Buffer.from(text, 'hex')
/** The first byte is the size of the chunks, less one. */
const inChunks = (size: number, frames: readonly Buffer[]) => Buffer.concat([Buffer.of(size - 1), ...frames])

const lengths: Readonly<Record<number, number>> = { 2: 5, 3: 4, 6: 8, 8: 4 }
const flags = fc.oneof(
  fc.constantFrom(0, 1, 4, 5, 8, 9, 0x0c, 0x20, 0x24, 0x2c, 0x2d),
  fc.integer({ min: 0, max: 255 }),
)
const setting = fc
  .tuple(fc.integer({ min: 0, max: 8 }), fc.constantFrom('00000000', '00000001', '00004000', '7fffffff', '80000000'))
  .map(([id, value]) => Buffer.concat([Buffer.of(0, id), hex(value)]))
const any = fc
  .tuple(fc.integer({ min: 0, max: 10 }), flags, fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 40 }))
  .map(([type, flag, id, payload]) => frame(type, flag, id, payload))
const fitting = fc
  .tuple(
    fc.constantFrom(2, 3, 6, 8),
    flags,
    fc.integer({ min: 0, max: 3 }),
    fc.uint8Array({ minLength: 8, maxLength: 8 }),
  )
  .map(([type, flag, id, payload]) => frame(type, flag, type === 6 ? 0 : id, payload.subarray(0, lengths[type])))
const settings = fc.array(setting, { maxLength: 4 }).map((entries) => frame(4, 0, 0, Buffer.concat(entries)))
const part = fc.uint8Array({ maxLength: 60 })
const block = fc
  .tuple(fc.constantFrom(0, 1), fc.constantFrom(1, 3), fc.array(part, { minLength: 1, maxLength: 4 }))
  .map(([end, id, parts]) =>
    Buffer.concat(
      parts.map((bytes, i) =>
        frame(i === 0 ? 1 : 9, (i === 0 ? end : 0) | (i === parts.length - 1 ? 4 : 0), id, bytes),
      ),
    ),
  )
const padded = fc
  .tuple(fc.constantFrom(0, 1), fc.constantFrom(8, 9, 0x0c), part, fc.integer({ min: 0, max: 70 }))
  .map(([type, flag, bytes, padding]) =>
    frame(type, flag, 1, Buffer.concat([Buffer.of(padding), bytes, Buffer.alloc(padding & 31)])),
  )

/** Frames of all kinds, mostly well-formed, on the first streams of a client. */
export const anyFrames = fc.array(fc.oneof(any, fitting, settings, block, padded), { maxLength: 10 })

export const target: FuzzTarget = {
  seeds: () => [
    inChunks(256, [
      frame(4, 0, 0),
      frame(4, 1, 0),
      frame(1, 4, 1, hex('88')),
      frame(0, 0, 1, hex('0000000000')),
      frame(1, 5, 1),
    ]),
    inChunks(1, [
      frame(1, 9, 1, hex('018200')),
      frame(9, 0, 1, hex('83')),
      frame(9, 4, 1),
      frame(0, 9, 1, hex('020a0000')),
    ]),
    inChunks(7, [frame(7, 0, 0, hex('0000000100000000')), frame(8, 0, 1, hex('00000000')), frame(5, 4, 1)]),
    inChunks(256, [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]),
  ],
  structured: fc.tuple(fc.integer({ min: 1, max: 256 }), anyFrames).map(([size, frames]) => inChunks(size, frames)),
  run(bytes) {
    const size = (bytes[0] ?? 0) + 1
    const body = Buffer.from(bytes.subarray(1))
    const chunks: Buffer[] = []
    for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size))
    const whole = told([body], bytes)
    const parts = told(chunks, bytes)
    assert.deepEqual(parts.sink.events, whole.sink.events)
    assert.deepEqual([parts.ending, parts.frames], [whole.ending, whole.frames])
    for (const { sink } of [whole, parts]) {
      // Hex has two letters for each byte, and a frame has nine bytes beside it.
      assert.ok(sink.events.join('').length <= 12 * body.length)
      assert.ok(sink.flowBytes <= body.length)
    }
    const kinds = whole.sink.events.map((event) => event.split(' ', 1)[0])
    return `${kinds.slice(0, 6).join(' ')} ${whole.ending}`
  },
}

function told(chunks: readonly Buffer[], input: Uint8Array): { sink: RecordingSink; ending: string; frames: number } {
  const sink = new RecordingSink()
  const reader = new FrameReader(sink, limits)
  let ending = ''
  try {
    for (const chunk of chunks) {
      // A chunk is its owner's again once it was read.
      const lent = Buffer.from(chunk)
      reader.push(lent)
      lent.fill(0xee)
    }
  } catch (e) {
    ending = refusal(e, input, Http2Error)
  }
  return { sink, ending, frames: reader.frames }
}
