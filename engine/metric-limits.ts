/** What the limits of a run mean for its metrics: in a thread, and where all of them are added up. */
import { MetricRegistry } from '../metrics/registry.js'
import type { SampleBufferOptions } from '../metrics/sample-buffer.js'
import { MetricStore } from '../metrics/store.js'
import type { Limits } from '../policy/limits.js'
import type { TestRunSettings } from './test-run-settings.js'

export function registryLimits({ metrics }: Limits): ConstructorParameters<typeof MetricRegistry>[0] {
  return { maxCustomMetrics: metrics }
}

export function sampleLimitsOf({ series, tags, tagBytes, nameBytes }: Limits): SampleBufferOptions {
  return { maxSeries: series, maxTags: tags, maxTagBytes: tagBytes, maxNameBytes: nameBytes }
}

/** Where the samples of a run are added up. */
export function newStore({ policy, hasBreakdown }: Pick<TestRunSettings, 'policy' | 'hasBreakdown'>): MetricStore {
  const { limits } = policy
  const registry = new MetricRegistry(registryLimits(limits))
  return new MetricStore({ registry, hasBreakdown, maxSeries: limits.series, maxNames: limits.checks })
}
