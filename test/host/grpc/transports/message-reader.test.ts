import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MessageReader } from '../../../../host/grpc/transports/message-reader.js'
import { frame } from '../scripted-server.js'

describe('MessageReader', () => {
  function reading(maxBytes = 1000) {
    const told: (readonly [flag: number, text: string] | number)[] = []
    const reader = new MessageReader(
      {
        onMessage: (flag, body) => told.push([flag, body.toString('latin1')]),
        onTooLarge: (sizeBytes) => told.push(sizeBytes),
      },
      maxBytes,
    )
    return { told, reader }
  }

  it('gives the same messages however the bytes are cut', () => {
    const messages = fc.array(fc.tuple(fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 6 })
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 })
    const property = fc.property(messages, cuts, (all, sizes) => {
      const { told, reader } = reading()
      const bytes = Buffer.concat(all.map(([flag, body]) => frame(Buffer.from(body), flag)))
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = at + (sizes[i % sizes.length] as number)
        // The bytes are the caller's again afterwards.
        const piece = Buffer.from(bytes.subarray(at, end))
        reader.push(piece)
        piece.fill(0xee)
        at = end
      }
      assert.deepEqual(
        told,
        all.map(([flag, body]) => [flag, Buffer.from(body).toString('latin1')]),
      )
      assert.equal(reader.isInside, false)
    })
    fc.assert(property)
  })

  it('knows whether a message is still open', () => {
    const { reader } = reading()
    const seen = [...frame(Buffer.from('ab'))].map((byte) => {
      reader.push(Buffer.of(byte))
      return reader.isInside
    })
    assert.deepEqual(seen, [true, true, true, true, true, true, false])
  })

  it('reads nothing more when a message is too large, and hands out those before it', () => {
    const { told, reader } = reading(3)
    reader.push(Buffer.concat(['abc', 'abcd', 'a'].map((text) => frame(Buffer.from(text)))))
    reader.push(frame(Buffer.from('b')))
    assert.deepEqual(told, [[0, 'abc'], 4])
  })

  it('takes no memory for what a message only says of its size', () => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 50 }, () => reading(2 ** 32).reader)
    for (const reader of readers) reader.push(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1]))
    assert.ok(process.memoryUsage().arrayBuffers - before < 100 * 1024 * 1024)
    assert.ok(readers.every(({ isInside }) => isInside))
  })

  it('reads a message that is larger than what it trusts at first', () => {
    const { told, reader } = reading(2 ** 32)
    const body = Buffer.alloc(5_000_000, 'abcdefg')
    const bytes = frame(body)
    for (let at = 0; at < bytes.length; at += 60_000) reader.push(bytes.subarray(at, at + 60_000))
    assert.deepEqual(told, [[0, body.toString('latin1')]])
  })
})
