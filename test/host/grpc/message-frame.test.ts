import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { frameMessage, unpackMessage } from '../../../host/grpc/message-frame.js'

/** A frame whose bytes are marked as compressed. */
function compressed(bytes: Uint8Array): Buffer {
  const frame = frameMessage(bytes)
  frame[0] = 1
  return frame
}

describe('unpackMessage', () => {
  it('gives back what was framed, plain or as gzip', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        assert.deepEqual(Uint8Array.from(unpackMessage(frameMessage(message), '', 1000) as Uint8Array), message)
        const zipped = unpackMessage(compressed(gzipSync(message)), 'gzip', 1000)
        assert.deepEqual(Uint8Array.from(zipped as Uint8Array), message)
      }),
    )
  })

  it('refuses what grows beyond the limit, with status 8', () => {
    const bomb = compressed(gzipSync(Buffer.alloc(1_000_000)))
    assert.deepEqual(unpackMessage(bomb, 'gzip', 1000), {
      status: 8,
      message: 'grpc: received message after decompression larger than max 1000',
    })
  })

  it('says what is wrong with a frame it cannot read, with status 13', () => {
    const odd = frameMessage(Buffer.from('x'))
    odd[0] = 7
    const text = (frame: Buffer, encoding: string) => {
      const ending = unpackMessage(frame, encoding, 1000)
      assert.ok(!(ending instanceof Uint8Array) && ending.status === 13)
      return ending.message
    }
    assert.equal(text(odd, ''), 'grpc: received unexpected payload format 7')
    assert.equal(text(compressed(Buffer.from('x')), ''), 'grpc: compressed flag set with identity or empty encoding')
    assert.equal(text(compressed(Buffer.from('x')), 'br'), 'grpc: Decompressor is not installed for grpc-encoding "br"')
    assert.match(text(compressed(Buffer.from('x')), 'gzip'), /invalid header/)
    assert.match(text(compressed(gzipSync('hello').subarray(0, 12)), 'gzip'), /unexpected EOF/)
  })
})
