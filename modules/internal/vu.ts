/** What the guest half knows of the VU that it runs in: numbers, environment, enabled system tags, and its present tags. */
import { ops } from './bridge.js'
import {
  arraySort,
  createObject,
  defineProperty,
  freeze,
  hasOwn,
  keys,
  mapGet,
  mapSet,
  NativeMap,
  NativeTypeError,
  stringifyJson,
  toText,
} from './primordials.js'

const host = ops<{
  tagSet(json: string): number
  forgetTagSets(): undefined
  vuTags(json: string): undefined
  metadata(json: string): undefined
}>('metrics', ['tagSet', 'forgetTagSets', 'vuTags', 'metadata'])

export type Phase = 'init' | 'setup' | 'vu' | 'teardown' | 'summary'

/** Sent by the host once, before the script is evaluated. */
export interface Configuration {
  env: Record<string, string>
  systemTags: string[]
  /** Tags of the options, on every sample. */
  tags: Record<string, string>
  throwOnWarnings: boolean
  /** The script is checked and not run. */
  isRehearsal: boolean
  freezesEnv: boolean
}

/**
 * Who this VU is, asked of the host when the first one wants to know: a VM whose init code did not ask may stand for any VU.
 */
const identity = ops<{ vuId(): number; vuIdInTest(): number }>('execution', ['vuId', 'vuIdInTest'])
let id: number | undefined
let idInTest: number | undefined

export const vu = {
  get id(): number {
    id ??= identity.vuId()
    return id
  },
  /** Its number in the whole test, of which this may be a segment. */
  get idInTest(): number {
    idInTest ??= identity.vuIdInTest()
    return idInTest
  },
  iteration: undefined as number | undefined,
  phase: 'init' as Phase,
  /** The path of the present group, `::a::b`; empty outside of any. */
  group: '',
  throwOnWarnings: false,
  isRehearsal: false,
  /** The system tag `check` is switched on. */
  hasCheckTag: false,
  env: createObject(null) as Record<string, string>,
}

const systemTags = new NativeMap<string, true>()
export const hasSystemTag = (name: string): boolean => mapGet(systemTags, name) === true

/** The present tags. Values are strings; `group` and `scenario` are there only while enabled. */
let tags: Record<string, string> = createObject(null)
let runTags: Record<string, string> = createObject(null)

/** The numbers of series of samples that have the same tags: by the metric, and of the metric `checks` by the name of the check. */
export interface SeriesNumbers {
  readonly byMetric: Map<string, number>
  /** Looked up for each check: a member takes half as long as an entry of a Map. Has no prototype. */
  readonly byCheck: Record<string, number | undefined>
}

/** A set of tags that the host knows under a number. What was found for it once is looked up, and never put together again. */
export interface TagSet extends SeriesNumbers {
  readonly id: number
  /** Sets that differ from it in the tag `group` alone, by the value of that: itself is one of them. */
  readonly byGroup: Map<string, TagSet>
}

let tagSets = new NativeMap<string, TagSet>()
let tagSetCount = 0
let tagSetLetters = 0
/** That of the present tags; undefined until it is asked for. */
let tagSet: TagSet | undefined

/** For who looks in each call, and calls `presentTagSet` only where that is undefined. */
export { tagSet as knownTagSet }

/** Sets whose tags are the present ones but for `group`; undefined while none is known. */
let byGroup: Map<string, TagSet> | undefined

/** So many sets of tags are known at a time: a script may have a new one in each iteration, for as long as it runs. */
const mostTagSets = 1000
/** And so many letters in them. */
export const mostTagLetters = 4 * 1024 * 1024

let onForget = (): void => {}

/** `forget` is called when the numbers of tag sets, and of series made with them, mean nothing any more. */
export function whenTagSetsAreForgotten(forget: () => void): void {
  onForget = forget
}

export function forgetTagSets(): void {
  host.forgetTagSets()
  tagSets = new NativeMap<string, TagSet>()
  tagSetCount = 0
  tagSetLetters = 0
  tagsChanged()
  onForget()
}

function tagsChanged(): void {
  tagSet = undefined
  byGroup = undefined
}

export const currentTags = (): Readonly<Record<string, string>> => tags

/** The present tags as the host knows them. Asked for only when something is measured. */
export const presentTagSet = (): TagSet => tagSet ?? findTagSet()

/** The number of that. */
export const currentTagSet = (): number => (tagSet ?? findTagSet()).id

function findTagSet(): TagSet {
  const json = tagsJson(tags)
  let found = mapGet(tagSets, json)
  if (found === undefined) {
    if (tagSetCount >= mostTagSets || tagSetLetters > mostTagLetters) forgetTagSets()
    found = {
      id: host.tagSet(json),
      byMetric: new NativeMap(),
      byCheck: createObject(null) as TagSet['byCheck'],
      byGroup: byGroup ?? new NativeMap(),
    }
    mapSet(tagSets, json, found)
    tagSetCount += 1
    tagSetLetters += json.length
  }
  tagSet = found
  byGroup = found.byGroup
  if (tags.group !== undefined) mapSet(byGroup, tags.group, found)
  return found
}

/** A JSON list of [key, value] pairs in the order of their keys: one text for one set. */
export function tagsJson(set: Readonly<Record<string, string>>): string {
  const names = arraySort(keys(set))
  let json = '['
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    json += `${i > 0 ? ',' : ''}[${stringifyJson(name)},${stringifyJson(set[name])}]`
  }
  return `${json}]`
}

export function setTag(name: string, value: string): void {
  tags[name] = value
  tagsChanged()
}

/** The same for the tag `group`, which may change many times in each iteration. */
export function setGroupTag(path: string): void {
  tags.group = path
  tagSet = byGroup === undefined ? undefined : mapGet(byGroup, path)
}

export function deleteTag(name: string): boolean {
  const had = hasOwn(tags, name)
  delete tags[name]
  tagsChanged()
  return had
}

/** Sets a tag for the script itself: the samples of its iterations have it too, and those the host makes. */
export function setOwnTag(name: string, value: string): void {
  setTag(name, value)
  tellTags()
}

export function deleteOwnTag(name: string): boolean {
  const had = deleteTag(name)
  tellTags()
  return had
}

/** Tells the host of the present tags as they are outside of groups, for that is where an iteration ends. */
function tellTags(): void {
  const outside = vu.phase === 'setup' || vu.phase === 'teardown' ? `::${vu.phase}` : ''
  const inside = tags.group
  if (vu.group !== outside && inside !== undefined) tags.group = outside
  host.vuTags(tagsJson(tags))
  if (inside !== undefined) tags.group = inside
}

/** What the script set to go with its samples beside the tags. */
const metadata: Record<string, string> = createObject(null)

/** The present metadata, vu and iter included where they are enabled. */
export function currentMetadata(): Readonly<Record<string, string>> {
  const all = createObject(null) as Record<string, string>
  if (hasSystemTag('iter') && vu.iteration !== undefined) all.iter = `${vu.iteration}`
  if (hasSystemTag('vu')) all.vu = `${vu.id}`
  const names = keys(metadata)
  for (let i = 0; i < names.length; i++) all[names[i]!] = metadata[names[i]!]!
  return all
}

export function setMetadata(name: string, value: string): void {
  metadata[name] = value
  host.metadata(tagsJson(metadata))
}

export function deleteMetadata(name: string): void {
  if (!hasOwn(metadata, name)) return
  delete metadata[name]
  host.metadata(tagsJson(metadata))
}

/** Puts the tag set back to that of the options plus `more`, and the metadata to none: at the start of a stage or scenario. */
export function resetTags(more: Readonly<Record<string, string>>): void {
  const named = keys(metadata)
  for (let i = 0; i < named.length; i++) deleteMetadata(named[i]!)
  tags = createObject(null)
  const sets = [runTags, more]
  for (let i = 0; i < sets.length; i++) {
    const names = keys(sets[i]!)
    for (let j = 0; j < names.length; j++) tags[names[j]!] = sets[i]![names[j]!]!
  }
  tagsChanged()
}

export function configure(configuration: Configuration): void {
  vu.throwOnWarnings = configuration.throwOnWarnings
  vu.isRehearsal = configuration.isRehearsal
  runEnv = configuration.env
  freezesEnv = configuration.freezesEnv
  resetEnv({})
  for (let i = 0; i < configuration.systemTags.length; i++) mapSet(systemTags, configuration.systemTags[i]!, true)
  vu.hasCheckTag = hasSystemTag('check')
  runTags = configuration.tags
  resetTags({})
}

let runEnv: Readonly<Record<string, string>> = {}
let freezesEnv = false

/** Puts __ENV back to that of the run plus `more`: the environment of a scenario. */
export function resetEnv(more: Readonly<Record<string, string>>): void {
  if (freezesEnv) vu.env = createObject(null) as Record<string, string>
  const old = keys(vu.env)
  for (let i = 0; i < old.length; i++) delete vu.env[old[i]!]
  const sets = [runEnv, more]
  for (let i = 0; i < sets.length; i++) {
    const names = keys(sets[i]!)
    for (let j = 0; j < names.length; j++) vu.env[names[j]!] = sets[i]![names[j]!]!
  }
  if (!freezesEnv) return
  freeze(vu.env)
  try {
    defineProperty(globalThis, '__ENV', { value: vu.env, writable: false, configurable: true, enumerable: false })
  } catch {
    // A script that froze its global object keeps what was there.
  }
}

/** What is wrong with a tag; callers put their own words before it. */
export class TagError extends NativeTypeError {}

/** A tag's value as text. @throws {TagError} for anything but a string, boolean or number, as k6 does */
export const tagValue = (name: string, value: unknown): string => labelValue(name, value, 'tag', 'tag values')

/** The same for metadata. @throws {TagError} */
export const metadataValue = (name: string, value: unknown): string =>
  labelValue(name, value, 'metadata', 'metadata value')

function labelValue(name: string, value: unknown, kind: string, values: string): string {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return toText(value)
  throw new TagError(
    `invalid value for metric ${kind} '${name}': only String, Boolean and Number types are accepted as a metric ${values}`,
  )
}

/** The pairs of a script's tags object, checked and as text. Anything but an object has none. */
export function tagsFrom(value: unknown): Record<string, string> {
  const found: Record<string, string> = createObject(null)
  if (typeof value !== 'object' || value === null) return found
  const names = keys(value)
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    found[name] = tagValue(name, (value as Record<string, unknown>)[name])
  }
  return found
}
