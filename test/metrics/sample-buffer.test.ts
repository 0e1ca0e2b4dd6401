import assert from 'node:assert/strict'
import type { Metric } from '../../metrics/metric.js'
import { SampleBuffer } from '../../metrics/sample-buffer.js'
import { TagSet } from '../../metrics/tag-set.js'

const metric: Metric = { name: 'mine', type: 'counter', contains: 'default' }
const tagged = (name: string, value: string) => TagSet.from([[name, value]])

describe('SampleBuffer', () => {
  it('tells a series once and each sample as three numbers', () => {
    const buffer = new SampleBuffer()
    assert.equal(buffer.take(), undefined)
    const id = buffer.series(metric, tagged('a', 'x'))
    assert.equal(buffer.series(metric, tagged('a', 'x')), id)
    buffer.add(id, 1000.25, 7)
    const batch = structuredClone(buffer.take())
    assert.deepEqual(batch, {
      series: [{ id, metric, tags: [['a', 'x']] }],
      samples: Float64Array.of(id, 1000.25, 7),
      droppedSamples: 0,
    })
    buffer.add(id, 1001, 8)
    assert.deepEqual(buffer.take()?.series, [])
  })

  it('keeps a number of series, and tells those over it with each batch', () => {
    const buffer = new SampleBuffer({ maxSeries: 2 })
    for (let batches = 0; batches < 2; batches++) {
      for (const value of ['1', '2', '3', '4', '1']) buffer.add(buffer.series(metric, tagged('a', value)), 0, 1)
      const batch = buffer.take()
      const told = batch?.series.map(({ tags }) => tags[0]?.[1])
      assert.deepEqual(told, batches === 0 ? ['1', '2', '3', '4'] : ['3', '4'])
      assert.equal(batch?.samples.length, 15)
      assert.equal(batch?.droppedSamples, 0)
    }
  })

  for (const [title, tags] of [
    ['too many tags', TagSet.from([...'abcd'].map((name) => [name, '']))],
    ['a name of too many bytes', tagged('ääää', '')],
    ['a value of too many bytes', tagged('a', 'äääääääää')],
  ] as const) {
    it(`drops samples with ${title}`, () => {
      const buffer = new SampleBuffer({ maxTags: 3, maxTagNameBytes: 7, maxTagValueBytes: 17 })
      buffer.add(buffer.series(metric, tags), 0, 1)
      buffer.add(buffer.series(metric, tagged('äää', 'ääääääää')), 0, 1)
      const batch = buffer.take()
      assert.equal(batch?.droppedSamples, 1)
      assert.equal(batch?.samples.length, 3)
    })
  }

  it('asks to be emptied when it is full, and drops what comes if nobody does', () => {
    const buffer: SampleBuffer = new SampleBuffer({ maxSamples: 2, onFull: () => calls.push(buffer.size) })
    const calls: number[] = []
    const id = buffer.series(metric, TagSet.empty)
    for (let i = 0; i < 5; i++) buffer.add(id, 0, i)
    assert.deepEqual(calls, [2])
    assert.equal(buffer.take()?.droppedSamples, 3)
    buffer.add(id, 0, 5)
    assert.equal(buffer.size, 1)
  })

  it('forgets series with metadata at each hand-over, and never takes an old id for a new series', () => {
    const buffer = new SampleBuffer({ maxSeries: 1 })
    for (let iteration = 0; iteration < 3; iteration++) {
      const metadata = tagged('iter', String(iteration))
      const id = buffer.series(metric, TagSet.empty, metadata)
      buffer.add(id, 0, iteration)
      assert.deepEqual(buffer.take()?.series, [{ id, metric, tags: [], metadata: [['iter', String(iteration)]] }])
      buffer.add(id, 0, 99)
      assert.deepEqual(buffer.take(), { series: [], samples: new Float64Array(0), droppedSamples: 1 })
    }
  })
})
