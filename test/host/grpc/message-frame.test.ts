import assert from 'node:assert/strict'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { frameMessage, packMessage, packMessageInBackground, unpackMessage } from '../../../host/grpc/message-frame.js'

/** A frame whose bytes are marked as compressed. */
function compressed(bytes: Uint8Array): Buffer {
  const frame = frameMessage(bytes)
  frame[0] = 1
  return frame
}

describe('packMessage', () => {
  it('gives a frame that says that it is packed, here or in the background', async () => {
    const message = Buffer.alloc(10_000, 'abc')
    for (const frame of [packMessage(message), await packMessageInBackground(message)]) {
      assert.deepEqual([frame[0], frame.readUInt32BE(1)], [1, frame.length - 5])
      assert.ok(frame.length < message.length)
      assert.deepEqual(gunzipSync(frame.subarray(5)), message)
    }
  })

  it('leaves an empty message alone', async () => {
    const empty = new Uint8Array()
    assert.deepEqual(packMessage(empty), frameMessage(empty))
    assert.deepEqual(await packMessageInBackground(empty), frameMessage(empty))
  })
})

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
      isTooLarge: true,
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
