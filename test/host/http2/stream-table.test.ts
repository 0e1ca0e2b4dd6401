import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ClientStream } from '../../../host/http2/client-stream.js'
import { StreamTable } from '../../../host/http2/stream-table.js'

/** What a table looks at. */
const streamOf = (id: number) => ({ id, nextInTable: undefined }) as unknown as ClientStream

describe('StreamTable', () => {
  it('finds what a Map would find, whoever comes and goes', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 200 })), { maxLength: 300 })
    const property = fc.property(steps, (all) => {
      const table = new StreamTable()
      const map = new Map<number, ClientStream>()
      for (const [comes, n] of all) {
        const id = 2 * n + 1
        const known = map.get(id)
        if (comes && known === undefined) {
          const stream = streamOf(id)
          table.add(stream)
          map.set(id, stream)
        } else if (!comes && known !== undefined) {
          table.delete(known)
          map.delete(id)
        }
        assert.equal(table.get(id), map.get(id))
        assert.equal(table.size, map.size)
      }
      assert.deepEqual(
        table.all().map((stream) => stream.id),
        [...map.keys()].sort((a, b) => a - b),
      )
    })
    fc.assert(property)
  })

  it('has room for thousands, beside one that stays', () => {
    const table = new StreamTable()
    const first = streamOf(1)
    table.add(first)
    const many = Array.from({ length: 5000 }, (_, i) => streamOf(2 * i + 3))
    for (const stream of many) table.add(stream)
    for (const stream of many) assert.equal(table.get(stream.id), stream)
    for (const stream of many) table.delete(stream)
    assert.deepEqual([table.size, table.get(1), table.get(3)], [1, first, undefined])
  })

  it('takes no offence at a stream that it does not have', () => {
    const table = new StreamTable()
    table.delete(streamOf(1))
    table.add(streamOf(17))
    table.delete(streamOf(1))
    assert.deepEqual([table.size, table.get(1)], [1, undefined])
  })
})
