import assert from 'node:assert/strict'
import { ExactValues, simulate, trackedNames, worstError } from '../../bench/simulated-run.js'
import { SampleBuffer } from '../../metrics/sample-buffer.js'
import { MetricStore, type StoredMetric } from '../../metrics/store.js'
import { TagSet } from '../../metrics/tag-set.js'
import { feed, newStore, someTimeMs } from './run-of.js'

function sumOf(stored: StoredMetric | undefined): number | undefined {
  return stored?.sink.type === 'counter' ? stored.sink.sum : undefined
}

describe('MetricStore', () => {
  it('adds samples to their metric and to the sub-metrics with all of their tags', () => {
    const store = newStore()
    const part = store.track('cnt{kind:x, "b":\'2\'}', false)
    assert.equal(part.name, 'cnt{kind:x, "b":\'2\'}')
    feed(store, [
      ['cnt', 3],
      ['cnt', 2, { kind: 'x', b: '2' }],
      ['cnt', 1, { kind: 'x' }],
    ])
    assert.equal(sumOf(store.get('cnt')), 6)
    assert.equal(sumOf(part), 2)
  })

  it('gives one sub-metric for equal tags in another order', () => {
    const store = newStore()
    assert.equal(store.track('cnt{a:1,b:2}', false), store.track('cnt{b:2,a:1}', false))
    assert.equal(store.subMetricsOf('cnt').length, 1)
  })

  it('has observed what has samples, what is tracked as shown, and the metric that a shown part belongs to', () => {
    const store = newStore()
    store.track('tre{a:1}', true)
    store.track('rat{a:1}', false)
    store.track('cnt{a:1}', false)
    feed(store, [
      ['gau', 1],
      ['cnt', 1, { a: '1' }],
    ])
    const names = store.observed().map(({ name }) => name)
    assert.deepEqual(names, ['tre', 'tre{a:1}', 'gau', 'cnt', 'cnt{a:1}'])
  })

  it('keeps the series of threads apart', () => {
    const store = newStore()
    const metric = store.registry.get('cnt')!
    for (const thread of [1, 2]) {
      const buffer = new SampleBuffer()
      buffer.add(buffer.series(metric, TagSet.from([['thread', String(thread)]])), 0, thread)
      const batch = buffer.take()!
      store.ingest(thread, batch)
      store.ingest(thread, { ...batch, series: [] })
    }
    assert.equal(sumOf(store.get('cnt')), 6)
    assert.equal(store.seriesCount, 2)
  })

  it('learns metrics from batches, and drops samples of one that is declared differently elsewhere', () => {
    const store = new MetricStore()
    const buffer = new SampleBuffer()
    for (const type of ['counter', 'gauge'] as const) {
      buffer.add(buffer.series({ name: `new_${type}`, type, contains: 'time' }, TagSet.empty), 0, 1)
      const clash = { name: 'iterations', type, contains: 'default' } as const
      buffer.add(buffer.series(clash, TagSet.from([['as', type]])), 0, 1)
    }
    store.ingest(1, buffer.take()!)
    assert.equal(store.registry.get('new_gauge')?.contains, 'time')
    assert.equal(sumOf(store.get('iterations')), 1)
    assert.equal(store.droppedSamples, 1)
  })

  for (const maxKnownSeries of [100, 1]) {
    it(`drops samples of series over the limit, told ${maxKnownSeries > 1 ? 'once' : 'with each batch'}`, () => {
      const store = newStore({ maxSeries: 2, hasBreakdown: true })
      const buffer = new SampleBuffer({ maxKnownSeries })
      const samples = ['1', '2', '3', '4', '1'].map((a) => ['cnt', 1, { a, group: `::${a}` }] as const)
      for (let i = 0; i < 2; i++) feed(store, samples, buffer)
      assert.equal(sumOf(store.get('cnt')), 6)
      assert.deepEqual([...store.droppedBy], [['series', 4]])
      assert.equal(store.seriesCount, 2)
      assert.deepEqual([...store.breakdown!.root.groups.keys()], ['1', '2'])
    })
  }

  it('counts a series of several threads once', () => {
    const store = newStore({ maxSeries: 1 })
    const metric = store.registry.get('cnt')!
    for (const thread of [1, 2]) {
      const buffer = new SampleBuffer()
      buffer.add(buffer.series(metric, TagSet.from([['a', '1']])), 0, 1)
      store.ingest(thread, buffer.take()!)
    }
    assert.equal(sumOf(store.get('cnt')), 2)
    assert.equal(store.droppedSamples, 0)
  })

  it('keeps a series once, however many threads and ids it has', () => {
    const store = newStore()
    const metric = store.registry.get('cnt')!
    const seen = new Set<unknown>()
    store.onSamples(({ seriesOf }) => [1, 2].forEach((id) => void seen.add(seriesOf(id))))
    for (const thread of [1, 2]) {
      const series = [1, 2].map((id) => ({ id, metric, tags: [['a', '1']] as const }))
      store.ingest(thread, { series, samples: new Float64Array([1, 0, 1, 2, 0, 1]), droppedSamples: 0, droppedBy: {} })
    }
    assert.equal(seen.size, 1)
    assert.equal(sumOf(store.get('cnt')), 4)
  })

  it('has so many names of checks and of groups, and drops samples with further ones from all that is counted', () => {
    const store = newStore({ maxNames: 2, hasBreakdown: true })
    const seen: string[] = []
    store.onSamples(({ samples, seriesOf }) => {
      for (let i = 0; i < samples.length; i += 3) {
        const series = seriesOf(samples[i]!)
        if (series !== undefined) seen.push(series.metric.name)
      }
    })
    feed(store, [
      ...['a', 'b', 'c', 'd', 'a'].map((check) => ['checks', 1, { check, group: '' }] as const),
      ['cnt', 1, { group: '::g::h' }],
      ['cnt', 2, { group: '::g' }],
      ['cnt', 4, { group: '::i' }],
      ['cnt', 8, { group: '::g::j' }],
    ])
    assert.deepEqual([...store.checks.keys()], ['a', 'b'])
    assert.equal(sumOf(store.get('cnt')), 3)
    assert.deepEqual([...store.droppedBy], [['checks', 4]])
    assert.deepEqual([...store.breakdown!.root.groups.keys()], ['g'])
    assert.deepEqual(seen, ['checks', 'checks', 'checks', 'cnt', 'cnt'])
  })

  it('breaks down by so many scenarios and groups, which are tags that a script can set', () => {
    const store = newStore({ maxNames: 3, hasBreakdown: true })
    feed(
      store,
      Array.from({ length: 50 }, (_, i) => ['cnt', 1, { scenario: `s${i}`, group: '::g' }] as const),
    )
    const { scenarios } = store.breakdown!
    const parts = [...scenarios.values()].reduce((sum, part) => sum + 1 + part.groups.size, 0)
    assert.equal(parts, 3)
    assert.equal(sumOf(store.get('cnt')), 50)
  })

  it('hands every batch to its listeners', () => {
    const store = newStore()
    const seen: unknown[] = []
    store.onSamples(({ samples, seriesOf }) => {
      for (let i = 0; i < samples.length; i += 3) {
        const series = seriesOf(samples[i]!)
        seen.push([series?.metric.name, series?.tags.entries, series?.metadata.entries, samples[i + 1], samples[i + 2]])
      }
    })
    const buffer = new SampleBuffer()
    const tags = TagSet.from([['a', 'x']])
    buffer.add(buffer.series(store.registry.get('cnt')!, tags, TagSet.from([['vu', '1']])), someTimeMs, 4)
    store.ingest(1, buffer.take()!)
    assert.deepEqual(seen, [['cnt', [['a', 'x']], [['vu', '1']], someTimeMs, 4]])
  })

  it('grows the tree of groups and checks in the order they are first seen', () => {
    const store = newStore()
    feed(store, [
      ['checks', 1, { group: '', check: 'one' }],
      ['checks', 0, { group: '', check: 'one' }],
      ['group_duration', 5, { group: '::g::h' }],
      ['checks', 1, { group: '::g', check: 'one' }],
      ['cnt', 1, { group: '::setup' }],
    ])
    const { rootGroup } = store
    assert.equal(rootGroup.id, 'd41d8cd98f00b204e9800998ecf8427e')
    assert.deepEqual([...rootGroup.groups.keys()], ['g'])
    const group = rootGroup.groups.get('g')!
    assert.deepEqual([group.path, [...group.groups.keys()]], ['::g', ['h']])
    const check = group.checks.get('one')!
    assert.deepEqual([check.path, check.passes, check.fails], ['::g::one', 1, 0])
    assert.deepEqual([store.checks.get('one')?.passes, store.checks.get('one')?.fails], [2, 1])
  })

  it('identifies groups and checks by the MD5 of their path, as k6 does', () => {
    const store = newStore()
    feed(store, [['checks', 1, { group: '::g1', check: 'status is OK' }]])
    const group = store.rootGroup.groups.get('g1')!
    assert.equal(group.id, '9ccb03cc5acd728a2fe595bbd1f14da3')
    assert.equal(group.checks.get('status is OK')?.id, '4919247172ad78ecf9d1196d41279e3b')
  })

  it('breaks samples down by scenario and group when asked to', () => {
    const store = newStore({ hasBreakdown: true })
    feed(store, [
      ['cnt', 1, { scenario: 'default', group: '::a' }],
      ['cnt', 2, { scenario: 'default', group: '::a::b' }],
      ['cnt', 4, { scenario: 'other', group: '::a' }],
      ['cnt', 8, { scenario: 'other', group: '' }],
      ['cnt', 16, { group: '::setup' }],
    ])
    const { root, scenarios } = store.breakdown!
    const sum = (part: typeof root | undefined) => {
      const sink = part?.metrics.get('cnt')?.sink
      return sink?.type === 'counter' ? sink.sum : undefined
    }
    assert.deepEqual([...root.groups.keys()], ['a'])
    const [a, other] = [root.groups.get('a'), scenarios.get('other')]
    assert.deepEqual([sum(a), sum(a?.groups.get('b')), sum(other), sum(other?.groups.get('a'))], [1, 2, 12, 4])
  })

  it('keeps within its memory however long the run is, with percentiles as near as it says', () => {
    const store = new MetricStore({ hasBreakdown: true, trendLimits: { maxValuesPerTrend: 8192, maxValues: 131_072 } })
    const exact = new ExactValues(store, ['grpc_req_duration', ...trackedNames])
    const bytes: number[] = []
    // One hour, and a hundred samples of each second.
    simulate({ seconds: 3600, samplesPerSecond: 100, threads: 2 }, store, (second) => {
      if (second % 600 === 0) bytes.push(store.retainedTrendBytes)
    })
    assert.equal(store.seriesCount, 4 * 160)
    assert.ok(Math.max(...bytes) <= 131_072 * 8, `${bytes} bytes`)
    assert.ok(bytes.at(-1)! < bytes[0]!, `${bytes} bytes`)
    for (const name of ['grpc_req_duration', 'grpc_req_duration{scenario:s1}']) {
      const { sink } = store.get(name)!
      const sorted = exact.sorted(name)
      assert.ok(sink.type === 'trend')
      assert.equal(sink.relativeError, 0.005)
      assert.deepEqual([sink.count, sink.min, sink.max], [sorted.length, sorted[0], sorted.at(-1)])
      assert.ok(worstError(sorted, (percent) => sink.percentile(percent)) <= 0.005 * (1 + 1e-9))
    }
    const small = store.get('grpc_req_duration{method:m3,status:0}')!.sink
    assert.ok(small.type === 'trend' && small.relativeError === 0)
    assert.deepEqual(
      store.approximated().map(({ name }) => name),
      ['grpc_req_duration', 'grpc_req_duration{scenario:s1}', 'iteration_duration'],
    )
  })
})
