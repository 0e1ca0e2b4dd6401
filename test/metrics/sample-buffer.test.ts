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
      droppedBy: {},
    })
    buffer.add(id, 1001, 8)
    assert.deepEqual(buffer.take()?.series, [])
  })

  it('keeps a number of series, and tells those over it with each batch', () => {
    const buffer = new SampleBuffer({ maxKnownSeries: 2 })
    for (let batches = 0; batches < 2; batches++) {
      for (const value of ['1', '2', '3', '4', '1']) buffer.add(buffer.series(metric, tagged('a', value)), 0, 1)
      const batch = buffer.take()
      const told = batch?.series.map(({ tags }) => tags[0]?.[1])
      assert.deepEqual(told, batches === 0 ? ['1', '2', '3', '4'] : ['3', '4'])
      assert.equal(batch?.samples.length, 15)
      assert.equal(batch?.droppedSamples, 0)
    }
  })

  for (const [title, tags, limit] of [
    ['too many tags', TagSet.from([...'abcd'].map((name) => [name, ''])), 'tags'],
    ['a name of too many bytes', tagged('ääää', ''), 'tagBytes'],
    ['a value of too many bytes', tagged('a', 'ääää'), 'tagBytes'],
    ['a check of too many bytes', tagged('check', 'äääääää'), 'nameBytes'],
    ['a group of too many bytes', tagged('group', '::a::äääääää'), 'nameBytes'],
    ['too many groups inside of each other', tagged('group', '::a'.repeat(65)), 'nameBytes'],
  ] as const) {
    it(`drops samples with ${title}`, () => {
      const buffer = new SampleBuffer({ maxTags: 3, maxTagBytes: 7, maxNameBytes: 13 })
      buffer.add(buffer.series(metric, tags), 0, 1)
      const fitting = [
        tagged('äää', 'äää'),
        tagged('check', 'ääääääa'),
        tagged('group', '::ääääääa::ääääääb'),
        tagged('group', '::a'.repeat(64)),
      ]
      for (const one of fitting) buffer.add(buffer.series(metric, one), 0, 1)
      const batch = buffer.take()
      assert.equal(batch?.droppedSamples, 1)
      assert.deepEqual(batch?.droppedBy, { [limit]: 1 })
      assert.equal(batch?.samples.length, 3 * fitting.length)
    })
  }

  it('drops samples of further series than it may have, and goes on with those it has', () => {
    const buffer = new SampleBuffer({ maxSeries: 2 })
    for (let batches = 0; batches < 2; batches++) {
      for (const value of ['1', '2', '3', '4', '1']) buffer.add(buffer.series(metric, tagged('a', value)), 0, 1)
      const batch = buffer.take()
      assert.equal(batch?.series.length, batches === 0 ? 2 : 0)
      assert.equal(batch?.samples.length, 9)
      assert.deepEqual(batch?.droppedBy, { series: 2 })
    }
  })

  it('keeps no more letters of new series than it may, until they are taken', () => {
    const buffer = new SampleBuffer({ maxTagBytes: 1024 * 1024 })
    const add = (count: number) => {
      for (let i = 0; i < count; i++) buffer.add(buffer.series(metric, tagged('a', `${'x'.repeat(1e6)}${i}`)), 0, 1)
      return buffer.take()!
    }
    const [first, second] = [add(20), add(20)]
    assert.ok(first.series.length < 20)
    assert.equal(first.series.length + first.droppedSamples, 20)
    assert.deepEqual([second.series.length, second.droppedSamples], [20 - first.series.length, 0])
  })

  it('drops all that wait when nobody can take them, and still tells the series that came with them', () => {
    const buffer = new SampleBuffer()
    const id = buffer.series(metric, tagged('a', '1'))
    buffer.add(id, 0, 1)
    const passing = buffer.series(metric, tagged('a', '1'), tagged('iter', '1'))
    buffer.add(passing, 0, 1)
    buffer.drop()
    buffer.add(passing, 0, 1)
    buffer.add(id, 0, 2)
    const batch = buffer.take()!
    assert.deepEqual([batch.series.map((series) => series.id), [...batch.samples]], [[id], [id, 0, 2]])
    assert.equal(batch.droppedSamples, 3)
  })

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
    const buffer = new SampleBuffer({ maxKnownSeries: 1 })
    for (let iteration = 0; iteration < 3; iteration++) {
      const metadata = tagged('iter', String(iteration))
      const id = buffer.series(metric, TagSet.empty, metadata)
      buffer.add(id, 0, iteration)
      assert.deepEqual(buffer.take()?.series, [{ id, metric, tags: [], metadata: [['iter', String(iteration)]] }])
      buffer.add(id, 0, 99)
      assert.deepEqual(buffer.take(), { series: [], samples: new Float64Array(0), droppedSamples: 1, droppedBy: {} })
    }
  })
})
