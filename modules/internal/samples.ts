/**
 * Samples made in the guest. They are written as triples (series, time, value) into a buffer in the VM's memory that the
 * host reads by itself when an iteration ends, so that a check or a custom metric costs no crossing. What a series is called
 * here is put together for its first sample only; every other one finds its number by the very names of the script.
 */
import { ops } from './bridge.js'
import { createObject, keys, mapGet, mapSet, NativeFloat64Array, NativeMap } from './primordials.js'
import {
  forgetTagSets,
  mostTagLetters,
  presentTagSet,
  type SeriesNumbers,
  type TagSet,
  tagsJson,
  tagValue,
  whenTagSetsAreForgotten,
} from './vu.js'

const host = ops<{
  ring(byteLength: number): ArrayBuffer
  flush(): undefined
  series(metric: string, tagSet: number, extraTags: string): number
}>('metrics', ['ring', 'flush', 'series'])

const capacity = 256
const ring = new NativeFloat64Array(host.ring((1 + capacity * 3) * 8))

/** Tags of single samples, beside those of the VU: for the same names and values in the same order it is the same object. */
export interface SampleTags {
  /** What goes before the last of them, and that. Undefined for none at all. */
  readonly before: SampleTags | undefined
  readonly name: string
  readonly value: string
  /** Those with one more, by its name and then by its value. */
  readonly more: Map<string, Map<string, SampleTags>>
  readonly series: Map<TagSet, SeriesNumbers>
}

const newTags = (before: SampleTags | undefined, name: string, value: string): SampleTags => ({
  before,
  name,
  value,
  more: new NativeMap(),
  series: new NativeMap(),
})

let noTags = newTags(undefined, '', '')
let tagCount = 0
let seriesCount = 0
let letterCount = 0

/** So many series are known at a time, and tags of samples, see `mostTagSets` in vu.ts. */
const mostSeries = 10_000

whenTagSetsAreForgotten(() => {
  noTags = newTags(undefined, '', '')
  tagCount = 0
  seriesCount = 0
  letterCount = 0
})

/**
 * The tags in a script's object; undefined when it has none, or is no object.
 *
 * @throws {TagError} for a value that k6 refuses
 */
export function sampleTags(value: unknown): SampleTags | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const names = keys(value)
  let found = noTags
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    found = withTag(found, name, tagValue(name, (value as Record<string, unknown>)[name]))
  }
  return found.before === undefined ? undefined : found
}

function withTag(before: SampleTags, name: string, value: string): SampleTags {
  let byValue = mapGet(before.more, name)
  let found = byValue === undefined ? undefined : mapGet(byValue, value)
  if (found === undefined) {
    // What is held here stays right: it is not found again, and series are those of a set of tags.
    if (tagCount >= mostSeries || letterCount > mostTagLetters) forgetTagSets()
    if (byValue === undefined) {
      byValue = new NativeMap()
      mapSet(before.more, name, byValue)
    }
    found = newTags(before, name, value)
    mapSet(byValue, value, found)
    tagCount += 1
    letterCount += name.length + value.length
  }
  return found
}

function numbersOf(tagSet: TagSet, tags: SampleTags | undefined): SeriesNumbers {
  if (tags === undefined) return tagSet
  let numbers = mapGet(tags.series, tagSet)
  if (numbers === undefined) {
    numbers = { byMetric: new NativeMap(), byCheck: createObject(null) as SeriesNumbers['byCheck'] }
    mapSet(tags.series, tagSet, numbers)
  }
  return numbers
}

/** Records a sample with the present tags, and `tags` over them. `time` is in ms since 1970. */
export function record(metric: string, value: number, time: number, tags?: SampleTags): void {
  write(mapGet(numbersOf(presentTagSet(), tags).byMetric, metric) ?? newSeries(metric, undefined, tags), value, time)
}

/** The number of the series of a check under a set of tags and these; undefined before the first sample of it. */
export function seriesOfCheck(name: string, tags: SampleTags | undefined, tagSet: TagSet): number | undefined {
  const numbers = tags === undefined ? tagSet : mapGet(tags.series, tagSet)
  return numbers?.byCheck[name]
}

/**
 * Records a sample of the metric `checks` whose tag `check` is `name`. `known` is the number of its series under `of`, which the
 * present tags may be no more.
 */
export function recordCheck(
  name: string,
  value: number,
  time: number,
  tags: SampleTags | undefined,
  known: number | undefined,
  of: TagSet,
): void {
  const present = presentTagSet()
  const series = present === of ? known : seriesOfCheck(name, tags, present)
  write(series ?? newSeries('checks', name, tags), value, time)
}

function newSeries(metric: string, check: string | undefined, tags: SampleTags | undefined): number {
  if (seriesCount >= mostSeries || letterCount > mostTagLetters) forgetTagSets()
  const extra = createObject(null) as Record<string, string>
  for (let tag = tags; tag?.before !== undefined; tag = tag.before) extra[tag.name] = tag.value
  if (check !== undefined) extra.check = check
  const json = tagsJson(extra)
  const tagSet = presentTagSet()
  const series = host.series(metric, tagSet.id, json)
  const numbers = numbersOf(tagSet, tags)
  if (check === undefined) mapSet(numbers.byMetric, metric, series)
  else numbers.byCheck[check] = series
  seriesCount += 1
  letterCount += json.length
  return series
}

/** Writes a sample of the series with that number. */
export function write(series: number, value: number, time: number): void {
  // A double, which the engine would write down in digits to find the elements of that index.
  let count = ring[0]! | 0
  if (count === capacity) {
    host.flush()
    count = ring[0]! | 0
  }
  const at = 1 + count * 3
  ring[at] = series
  ring[at + 1] = time
  ring[at + 2] = value
  ring[0] = count + 1
}
