import assert from 'node:assert/strict'
import { SampleRing } from '../../host/sample-ring.js'
import { MetricRegistry } from '../../metrics/registry.js'
import { SampleBuffer } from '../../metrics/sample-buffer.js'
import { TagSet } from '../../metrics/tag-set.js'

const capacity = 4
const byteLength = (1 + capacity * 3) * 8
const offset = 16

/** A ring in a piece of memory that a guest could write to, and the samples that come out of it. */
function ringOf() {
  const memory = new ArrayBuffer(offset + byteLength)
  const cells = new DataView(memory)
  const samples = new SampleBuffer()
  const registry = new MetricRegistry()
  const ring = new SampleRing(samples, () => memory, offset, byteLength)
  const write = (count: number, ...triples: number[][]) => {
    cells.setFloat64(offset, count, true)
    for (const [i, value] of triples.flat().entries()) cells.setFloat64(offset + 8 + i * 8, value, true)
  }
  const drained = () => {
    ring.drain(TagSet.empty)
    return [...(samples.take()?.samples ?? [])]
  }
  return { ring, write, drained, samples, count: () => cells.getFloat64(offset, true), checks: registry.get('checks')! }
}

describe('SampleRing', () => {
  it('moves what the guest wrote and empties the buffer', () => {
    const { ring, write, drained, count, checks } = ringOf()
    const series = ring.series(checks, TagSet.empty)
    write(2, [series, 1000, 1], [series, 1001, 0])
    const samples = drained()
    assert.deepEqual([samples[1], samples[2], samples[4], samples[5]], [1000, 1, 1001, 0])
    assert.equal(count(), 0)
    assert.deepEqual(drained(), [])
  })

  it('gives samples the metadata that held when they were moved', () => {
    const { ring, write, samples, checks } = ringOf()
    const series = ring.series(checks, TagSet.empty)
    const found = ['', 'a', 'b', ''].map((trace) => {
      write(1, [series, 1000, 1])
      ring.drain(trace === '' ? TagSet.empty : TagSet.from([['trace', trace]]))
      const { series: told, samples: triples } = samples.take()!
      return [triples.length, told.map(({ metadata }) => metadata)]
    })
    assert.deepEqual(found, [
      [3, [undefined]],
      [3, [[['trace', 'a']]]],
      [3, [[['trace', 'b']]]],
      [3, []],
    ])
  })

  it('believes no count that does not fit: a guest can write anything', () => {
    const { ring, write, drained, count, checks } = ringOf()
    const series = ring.series(checks, TagSet.empty)
    for (const odd of [-1, capacity + 1, 1e9, NaN, Infinity, -Infinity]) {
      write(odd, [series, 1, 1])
      assert.deepEqual(drained(), [], String(odd))
      assert.equal(count(), 0)
    }
  })

  it('leaves out samples of a series that there is not', () => {
    const { ring, write, drained, checks } = ringOf()
    const series = ring.series(checks, TagSet.empty)
    for (const odd of [-1, 0.5, 7, NaN, Infinity]) {
      write(2, [odd, 1, 1], [series, 2, 1])
      assert.equal(drained().length, 3, String(odd))
    }
  })
})
