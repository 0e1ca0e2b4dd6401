import assert from 'node:assert/strict'
import { readMessage } from '../../../engine/isolation/child-messages.js'
import { childFrame, childParts } from '../../../engine/isolation/frames.js'
import { maxJsonBytes } from '../../../engine/isolation/protocol.js'
import { sampleMessages } from '../../../engine/isolation/sample-messages.js'
import type { Metric } from '../../../metrics/metric.js'
import { SampleBuffer } from '../../../metrics/sample-buffer.js'
import type { SampleBatch } from '../../../metrics/series.js'
import { MetricStore } from '../../../metrics/store.js'
import { TagSet } from '../../../metrics/tag-set.js'
import { untrustedLimits } from '../../../policy/limits.js'

const metric: Metric = { name: 'mine', type: 'trend', contains: 'default' }

/** What comes out at the other end, and how many messages it took. */
function carried(batch: SampleBatch): { batches: SampleBatch[]; largest: number } {
  let largest = 0
  const batches = [...sampleMessages(2, batch)].map(([message, binary]) => {
    const body = childFrame(message, binary).subarray(4)
    largest = Math.max(largest, body.readUInt32BE(0))
    const read = readMessage(childParts(body, maxJsonBytes), untrustedLimits)
    assert.ok(read.kind === 'samples' && read.thread === 2)
    return read.batch
  })
  return { batches, largest }
}

function seen(batches: readonly SampleBatch[]): { all: string[]; dropped: number } {
  const store = new MetricStore()
  const all: string[] = []
  store.onSamples(({ samples, seriesOf }) => {
    for (let i = 0; i < samples.length; i += 3) {
      const { tags, metadata } = seriesOf(samples[i]!)!
      all.push(`${tags.key} ${metadata.key} ${samples[i + 1]} ${samples[i + 2]}`)
    }
  })
  for (const batch of batches) store.ingest(0, batch)
  return { all, dropped: store.droppedSamples }
}

describe('samples on their way out of the process of a run', () => {
  it('stay the same and in their order, also when there are too many series for one message', () => {
    const buffer = new SampleBuffer()
    for (let i = 0; i < 30_000; i++) {
      const tags = TagSet.from([['url', `http://x/${i % 15_000}/${'y'.repeat(100)}`]])
      const metadata = i % 3 === 0 ? TagSet.from([['vu', String(i)]]) : undefined
      const id = buffer.series(metric, tags, metadata)
      buffer.add(id, 1000 + i, i)
      if (i % 10 === 0) buffer.add(id, 1000 + i, -i)
    }
    const first = buffer.take()!
    buffer.add(buffer.series(metric, TagSet.from([['url', `http://x/1/${'y'.repeat(100)}`]])), 5, 5)
    const second = buffer.take()!
    const parts = [first, second].map(carried)
    assert.ok(parts[0]!.batches.length > 1)
    assert.ok(parts[0]!.largest < maxJsonBytes / 2)
    const wanted = seen([first, second])
    assert.equal(wanted.all.length, 33_001)
    assert.deepEqual(seen(parts.flatMap(({ batches }) => batches)), wanted)
  })

  it('may be dropped, and then their series are told all the same', () => {
    const series = [{ id: 1, metric, tags: [] }]
    const { batches } = carried({ series, samples: new Float64Array(), droppedSamples: 7, droppedBy: {} })
    const later = carried({ series: [], samples: new Float64Array([1, 2, 3]), droppedSamples: 0, droppedBy: {} })
    assert.deepEqual(seen([...batches, ...later.batches]), { all: ['  2 3'], dropped: 7 })
  })
})
