import assert from 'node:assert/strict'
import { pageBytes } from '../../runtime/engine-program.js'
import { MemoryPool, visitUsedBlocks } from '../../runtime/memory-pool.js'

const written = (memory: WebAssembly.Memory): number[] => {
  const found: number[] = []
  visitUsedBlocks(Buffer.from(memory.buffer), (from) => found.push(from))
  return found
}

describe('memories of VMs', () => {
  it('are made as asked for, and empty', () => {
    const memory = new MemoryPool(0).take(3, 5)
    assert.equal(memory.buffer.byteLength, 3 * pageBytes)
    assert.deepEqual(written(memory), [])
    memory.grow(2)
    assert.throws(() => memory.grow(1), RangeError)
  })

  it('are used again without a byte of what was in them', () => {
    const pool = new MemoryPool(pageBytes)
    const first = pool.take(1, 4)
    first.grow(2)
    const bytes = Buffer.from(first.buffer)
    for (const at of [0, 1, 4095, 4096, pageBytes - 1, pageBytes, 2 * pageBytes + 777, 3 * pageBytes - 1]) bytes[at] = 1
    assert.deepEqual(written(first), [0, 4096, 61_440, 65_536, 131_072, 192_512])
    pool.give(first, 4)
    const second = pool.take(2, 4)
    assert.equal(second, first)
    assert.ok(Buffer.from(second.buffer).equals(Buffer.alloc(3 * pageBytes)))
  })

  it('are used again only with the same maximum, and once', () => {
    const pool = new MemoryPool(10 * pageBytes)
    const memory = pool.take(1, 4)
    pool.give(memory, 4)
    assert.notEqual(pool.take(1, 5), memory)
    assert.equal(pool.take(1, 4), memory)
    assert.notEqual(pool.take(1, 4), memory)
  })

  it('are kept up to a number of bytes, and the newest one however large it is', () => {
    const pool = new MemoryPool(3 * pageBytes)
    const memories = [2, 1, 2, 9].map((pages) => pool.take(pages, 9))
    for (const [i, kept] of [2, 3, 3, 9].entries()) {
      pool.give(memories[i]!, 9)
      assert.equal(pool.keptBytes, kept * pageBytes)
    }
  })
})
