import assert from 'node:assert/strict'
import { IterationSeries } from '../../engine/iteration-series.js'
import { MetricRegistry } from '../../metrics/registry.js'
import { SampleBuffer } from '../../metrics/sample-buffer.js'
import { TagSet } from '../../metrics/tag-set.js'

const traffic = { sentBytes: 10, receivedBytes: 20 }
const tags = TagSet.from([['scenario', 's']])

describe('samples of iterations', () => {
  const seriesOf = (samples: SampleBuffer) => new IterationSeries(tags, samples, new MetricRegistry())

  it('are in one series for each metric, which is told once', () => {
    const samples = new SampleBuffer()
    const series = seriesOf(samples)
    for (const timeMs of [1, 2]) {
      series.addTraffic(traffic, TagSet.empty, timeMs)
      series.addIteration(5, TagSet.empty, timeMs)
    }
    const batch = samples.take()!
    assert.deepEqual(
      batch.series.map(({ metric, tags: told }) => [metric.name, told]),
      ['data_sent', 'data_received', 'iteration_duration', 'iterations'].map((name) => [name, tags.entries]),
    )
    const [sent, received, duration, iterations] = batch.series.map(({ id }) => id)
    const samplesAt = (ms: number) => [sent, ms, 10, received, ms, 20, duration, ms, 5, iterations, ms, 1]
    assert.deepEqual([...batch.samples], [...samplesAt(1), ...samplesAt(2)])
    series.addTraffic(traffic, TagSet.empty, 3)
    assert.deepEqual(samples.take()!.series, [])
  })

  it('have the metadata of their own iteration, those before and after as well', () => {
    const samples = new SampleBuffer()
    const series = seriesOf(samples)
    const told: unknown[] = []
    for (const iter of [undefined, '1', '2', undefined]) {
      series.addIteration(5, iter === undefined ? TagSet.empty : TagSet.from([['iter', iter]]), 0)
      const batch = samples.take()!
      assert.equal(batch.samples.length, 6)
      told.push(batch.series.map(({ metadata }) => metadata?.[0]?.[1]))
    }
    assert.deepEqual(told, [[undefined, undefined], ['1', '1'], ['2', '2'], []])
  })

  it('are counted as dropped, with the limit, when there is no room for their series', () => {
    const samples = new SampleBuffer({ maxSeries: 1 })
    const series = seriesOf(samples)
    for (let i = 0; i < 2; i++) series.addTraffic(traffic, TagSet.empty, i)
    const { droppedSamples, droppedBy, samples: kept } = samples.take()!
    assert.deepEqual([droppedSamples, droppedBy, kept.length], [2, { series: 2 }, 6])
  })
})
