/**
 * A run for tests that need samples: takes them through a real buffer into a real store, as a VU thread would.
 */
import { SampleBuffer } from '../../metrics/sample-buffer.js'
import { MetricStore, type MetricStoreOptions } from '../../metrics/store.js'
import { TagSet } from '../../metrics/tag-set.js'

/** 2026-11-22T07:44:52Z in milliseconds. */
export const someTimeMs = Date.UTC(2026, 10, 22, 7, 44, 52)

/** A sample: metric, value, tags, and the moment after `someTimeMs`. */
export type RunSample = readonly [name: string, value: number, tags?: Record<string, string>, afterMs?: number]

/** A store with one counter, gauge, rate and trend, named cnt, gau, rat and tre, besides the built-in metrics. */
export function newStore(options: MetricStoreOptions = {}): MetricStore {
  const store = new MetricStore(options)
  store.registry.declare('cnt', 'counter')
  store.registry.declare('gau', 'gauge')
  store.registry.declare('rat', 'rate')
  store.registry.declare('tre', 'trend')
  return store
}

/** Puts samples into a store, as thread 1. */
export function feed(store: MetricStore, samples: Iterable<RunSample>, buffer = new SampleBuffer()): void {
  for (const [name, value, tags = {}, afterMs = 0] of samples) {
    const metric = store.registry.get(name)
    if (metric === undefined) throw new Error(`no metric ${name}`)
    buffer.add(buffer.series(metric, TagSet.from(Object.entries(tags))), someTimeMs + afterMs, value)
  }
  const batch = buffer.take()
  if (batch !== undefined) store.ingest(1, batch)
}
