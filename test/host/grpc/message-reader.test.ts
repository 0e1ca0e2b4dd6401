import assert from 'node:assert/strict'
import fc from 'fast-check'
import { frameMessage, MessageReader } from '../../../host/grpc/message-reader.js'

describe('MessageReader', () => {
  it('finds the same messages however the bytes are cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), cuts, (messages, sizes) => {
        const bytes = Buffer.concat(messages.map(frameMessage))
        const found: Uint8Array[] = []
        const reader = new MessageReader(1000, (message) => found.push(Uint8Array.from(message)))
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] as number
          assert.equal(reader.push(bytes.subarray(at, at + size)), undefined)
          at += size
        }
        assert.deepEqual(found, messages)
        assert.ok(reader.isAtBoundary)
      }),
    )
  })

  it('keeps messages that nobody takes, unread, until somebody does', () => {
    const found: string[] = []
    let mayTake = true
    const onMessage = (message: Uint8Array) => {
      found.push(Buffer.from(message).toString())
      mayTake = false
    }
    const reader = new MessageReader(1000, onMessage, () => mayTake)
    reader.push(Buffer.concat(['a', 'b', 'c'].map((text) => frameMessage(Buffer.from(text)))))
    assert.deepEqual([found, reader.hasMessage], [['a'], true])
    mayTake = true
    reader.push(Buffer.alloc(0))
    assert.deepEqual(found, ['a', 'b'])
  })

  it('reserves no memory for a length that was only announced', () => {
    const reader = new MessageReader(2 ** 31, () => {})
    const before = process.memoryUsage().arrayBuffers
    reader.push(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1]))
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000)
  })

  it('says nothing more after a failure', () => {
    const reader = new MessageReader(3, () => assert.fail('a message'))
    assert.equal(reader.push(frameMessage(Buffer.from('four')))?.status, 8)
    assert.equal(reader.push(frameMessage(Buffer.from('ok'))), undefined)
  })
})
