/**
 * Batches of samples as messages of bounded size: a batch whose series would be too much JSON becomes several. A series that
 * is good for one batch only is told again in each part that uses it.
 */
import { type SampleBatch, type SeriesDefinition, sampleWidth } from '../../metrics/series.js'
import type { ChildMessage } from './protocol.js'

type SamplesMessage = Extract<ChildMessage, { kind: 'samples' }>

/** Letters of JSON in one message; its letters may take three bytes each. */
const maxLetters = 1024 * 1024
const maxSamples = 65_536

/** The messages of one batch of a thread, and their binary parts. */
export function* sampleMessages(
  thread: number,
  { series, samples, droppedSamples, droppedBy }: SampleBatch,
): Generator<[message: SamplesMessage, binary: Uint8Array]> {
  const waiting = new Map(series.map((definition) => [definition.id, definition]))
  const transient = new Map(series.filter(({ id }) => id < 0).map((definition) => [definition.id, definition]))
  let part: SeriesDefinition[] = []
  let told = new Set<number>()
  let letters = 0
  let from = 0
  let drops = { dropped: droppedSamples, droppedBy }
  const take = (to: number): [SamplesMessage, Uint8Array] => {
    const binary = new Uint8Array(samples.buffer, samples.byteOffset + from * 8, (to - from) * 8)
    const message: SamplesMessage = { kind: 'samples', thread, series: part, ...drops }
    part = []
    told = new Set()
    letters = 0
    from = to
    drops = { dropped: 0, droppedBy: {} }
    return [message, binary]
  }
  const tell = (definition: SeriesDefinition) => {
    waiting.delete(definition.id)
    told.add(definition.id)
    part.push(definition)
    letters += lettersOf(definition)
  }
  for (let i = 0; i < samples.length; i += sampleWidth) {
    if (letters >= maxLetters || i - from >= maxSamples * sampleWidth) yield take(i)
    const id = samples[i]!
    const definition = id > 0 ? waiting.get(id) : transient.get(id)
    if (definition !== undefined && !told.has(id)) tell(definition)
  }
  // Series that have no sample in this batch may have one in the next.
  for (const definition of waiting.values()) {
    if (definition.id < 0) continue
    if (letters >= maxLetters) yield take(samples.length)
    tell(definition)
  }
  if (from < samples.length || part.length > 0 || drops.dropped > 0) yield take(samples.length)
}

/** No fewer than its JSON has, but for characters that JSON escapes. */
function lettersOf({ metric, tags, metadata = [] }: SeriesDefinition): number {
  const pairs = (list: readonly (readonly [string, string])[]) =>
    list.reduce((sum, [name, value]) => sum + name.length + value.length + 8, 0)
  return 100 + metric.name.length + pairs(tags) + pairs(metadata)
}
