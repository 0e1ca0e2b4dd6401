import assert from 'node:assert/strict'
import { FrameReader } from '../../../host/http2/frame-reader.js'
import * as writer from '../../../host/http2/frame-writer.js'
import { RecordingSink } from './recording-sink.js'

/** What a function writes into a buffer of just that size, and what a reader says of it. */
function written(bytes: number, write: (out: Buffer, at: number) => number): { hex: string; events: string[] } {
  const out = Buffer.alloc(bytes + 2, 0xee)
  assert.equal(write(out, 1), bytes + 1)
  assert.deepEqual([out[0], out[bytes + 1]], [0xee, 0xee])
  const sink = new RecordingSink()
  const frames = out.subarray(1, bytes + 1)
  new FrameReader(sink, { maxFrameBytes: 16_384, maxHeaderBlockBytes: 65_536, maxContinuations: 8 }).push(frames)
  return { hex: frames.toString('hex'), events: sink.events }
}

describe('frame-writer', () => {
  it('begins a connection as the RFC says', () => {
    assert.equal(writer.clientPreface.toString('hex'), '505249202a20485454502f322e300d0a0d0a534d0d0a0d0a')
  })

  it('writes what stands before DATA', () => {
    const write = (out: Buffer, at: number) => {
      const from = writer.writeDataHeader(out, at, 3, 0x7fff_ffff, true)
      out.write('abc', from)
      return from + 3
    }
    const { hex, events } = written(12, write)
    assert.deepEqual([hex, events], ['00000300017fffffff616263', ['data 2147483647 616263 end']])
    const long = Buffer.alloc(9)
    writer.writeDataHeader(long, 0, 0xabcdef, 1, false)
    assert.equal(long.toString('hex'), 'abcdef000000000001')
  })

  it('writes a header block as one frame, or as several', () => {
    const block = Buffer.from('82888687', 'hex')
    const tell = (maxFrameBytes: number, isStreamEnd: boolean) =>
      written(writer.headersBytes(4, maxFrameBytes), (out, at) =>
        writer.writeHeaders(out, at, 5, block, isStreamEnd, maxFrameBytes),
      )
    assert.deepEqual(tell(4, false), { hex: '00000401040000000582888687', events: ['headers 5 82888687'] })
    assert.deepEqual(tell(3, true).events, ['headers 5 82888687 end'])
    assert.equal(tell(2, true).hex, '0000020101000000058288' + '0000020904000000058687')
    const empty = written(writer.headersBytes(0, 10), (out, at) =>
      writer.writeHeaders(out, at, 1, Buffer.of(), true, 10),
    )
    assert.deepEqual(empty.events, ['headers 1  end'])
  })

  it('writes frames of the connection', () => {
    const data = Buffer.from('0102030405060708', 'hex')
    assert.deepEqual(
      written(21, (out, at) =>
        writer.writeSettings(out, at, [
          [2, 0],
          [4, 0x7fff_ffff],
        ]),
      ),
      { hex: '00000c040000000000' + '000200000000' + '00047fffffff', events: ['settings 2=0 4=2147483647'] },
    )
    assert.deepEqual(written(writer.settingsAckBytes, writer.writeSettingsAck).events, ['settings ack'])
    const ping = (isAck: boolean) =>
      written(writer.pingBytes, (out, at) => writer.writePing(out, at, data, isAck)).events
    assert.deepEqual([ping(false), ping(true)], [['ping 0102030405060708'], ['ping ack 0102030405060708']])
    assert.deepEqual(written(19, (out, at) => writer.writeGoaway(out, at, 7, 0xffff_ffff, Buffer.from('hi'))).events, [
      'goaway 7 4294967295 6869',
    ])
    assert.deepEqual(written(17, (out, at) => writer.writeGoaway(out, at, 0, 0)).events, ['goaway 0 0 '])
  })

  it('writes frames of a stream', () => {
    assert.deepEqual(written(writer.resetBytes, (out, at) => writer.writeReset(out, at, 3, 8)).events, ['reset 3 8'])
    const window = (streamId: number) =>
      written(writer.windowUpdateBytes, (out, at) => writer.writeWindowUpdate(out, at, streamId, 65_536)).events
    assert.deepEqual([window(0), window(3)], [['window 0 65536'], ['window 3 65536']])
  })
})
