/**
 * Runs an output for tests: real samples through a real store, one of them with metadata from a second thread.
 */
import { SampleBuffer } from '../../../metrics/sample-buffer.js'
import { TagSet } from '../../../metrics/tag-set.js'
import { type ThresholdDefinition, Thresholds } from '../../../metrics/thresholds.js'
import { createOutput, type OutputContext } from '../../../report/outputs/index.js'
import { feed, newStore, type RunSample, someTimeMs } from '../../metrics/run-of.js'

/** What an output wrote to standard output, and what it complained about. */
export async function runWith(
  out: string,
  samples: RunSample[],
  {
    thresholds = new Map<string, ThresholdDefinition[]>(),
    meanwhile,
    ...changes
  }: Partial<OutputContext> & {
    thresholds?: Map<string, ThresholdDefinition[]>
    /** Runs between the samples and the end. */
    meanwhile?: (feedMore: (samples: RunSample[]) => void) => Promise<void>
  } = {},
) {
  let stdout = ''
  const errors: string[] = []
  const store = newStore()
  Thresholds.of(thresholds, store)
  const output = await createOutput(out, {
    store,
    thresholds,
    run: { script: 'script.js', summary: '', scenarios: [], options: {} },
    systemTags: ['name', 'group', 'vu', 'check'],
    stdout: { write: (text) => (stdout += text) },
    environment: {},
    onError: (error) => errors.push(error),
    ...changes,
  })
  store.onSamples((batch) => output.add(batch))
  const buffer = new SampleBuffer()
  feed(store, samples, buffer)
  const withMetadata = new SampleBuffer()
  withMetadata.add(
    withMetadata.series(store.registry.get('cnt')!, TagSet.from([['a', 'x']]), TagSet.from([['vu', '1']])),
    someTimeMs + 0.5,
    2,
  )
  store.ingest(2, withMetadata.take()!)
  await meanwhile?.((more) => feed(store, more, buffer))
  await output.stop()
  return { stdout, errors, description: output.description }
}

/** Has times printed in UTC by the tests of this file. */
export function useUtc(): void {
  const zone = process.env.TZ
  before(() => {
    process.env.TZ = 'UTC'
  })
  after(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })
}
