import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import { MessagePacker } from '../../../host/grpc/message-packer.js'

describe('MessagePacker', () => {
  const small = Buffer.from('small')
  const large = Buffer.alloc(100_000, 'large ')

  const fail = (e: unknown) => assert.fail(String(e))

  function packing(): { packer: MessagePacker; sizes: number[] } {
    const sizes: number[] = []
    const packer = new MessagePacker((frame) => sizes.push(gunzipSync(frame.subarray(5)).length), fail)
    return { packer, sizes }
  }

  const untilIdle = async (packer: MessagePacker) => {
    while (!packer.isIdle) await new Promise((resolve) => setImmediate(resolve))
  }

  it('packs a small message at once', () => {
    const { packer, sizes } = packing()
    packer.push(small)
    assert.deepEqual([sizes, packer.isIdle, packer.waitingBytes], [[5], true, 0])
  })

  it('packs a large one elsewhere, and what follows after it', async () => {
    const { packer, sizes } = packing()
    packer.push(large)
    packer.push(small)
    assert.deepEqual([sizes, packer.isIdle, packer.waitingBytes], [[], false, 100_005])
    await untilIdle(packer)
    assert.deepEqual([sizes, packer.waitingBytes], [[100_000, 5], 0])
  })

  it('packs many small ones elsewhere too, but only until the next turn', async () => {
    const { packer, sizes } = packing()
    const kilobyte = Buffer.alloc(1024)
    for (let i = 0; i < 100; i++) packer.push(kilobyte)
    assert.ok(sizes.length > 0 && sizes.length < 40, String(sizes.length))
    await untilIdle(packer)
    assert.equal(sizes.length, 100)
    await new Promise((resolve) => setImmediate(resolve))
    packer.push(kilobyte)
    assert.equal(sizes.length, 101)
  })

  it('hands out nothing after it was stopped', async () => {
    const { packer, sizes } = packing()
    packer.push(large)
    packer.push(small)
    packer.stop()
    assert.deepEqual([packer.isIdle, packer.waitingBytes], [true, 0])
    // By the time that these are done, the first is done too.
    const others = Array.from({ length: 4 }, packing)
    for (const other of others) other.packer.push(large)
    for (const other of others) await untilIdle(other.packer)
    assert.deepEqual(sizes, [])
  })
})
