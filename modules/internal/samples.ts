/**
 * Samples made in the guest. They are written as triples (series, time, value) into a buffer in the VM's memory that the
 * host reads by itself when an iteration ends, so that a check or a custom metric costs no crossing.
 */
import { ops } from './bridge.js'
import { mapGet, mapSet, NativeFloat64Array, NativeMap } from './primordials.js'
import { currentTagSet, forgetTagSets, mostTagLetters, tagsJson, whenTagSetsAreForgotten } from './vu.js'

const host = ops<{
  ring(byteLength: number): ArrayBuffer
  flush(): undefined
  series(metric: string, tagSet: number, extraTags: string): number
}>('metrics', ['ring', 'flush', 'series'])

const capacity = 256
const ring = new NativeFloat64Array(host.ring((1 + capacity * 3) * 8))

let known = new NativeMap<string, number>()
let knownCount = 0
let knownLetters = 0
const noTags = '[]'

/** So many series are known at a time, see `mostTagSets` in vu.ts. */
const mostSeries = 10_000

whenTagSetsAreForgotten(() => {
  known = new NativeMap<string, number>()
  knownCount = 0
  knownLetters = 0
})

/**
 * Records a sample with the present tags and `extra` ones over them (JSON as of `tagsJson`, or undefined).
 * `time` is in ms since 1970.
 */
export function record(metric: string, value: number, time: number, extra?: Readonly<Record<string, string>>): void {
  if (knownCount >= mostSeries || knownLetters > mostTagLetters) forgetTagSets()
  const tagSet = currentTagSet()
  const more = extra === undefined ? noTags : tagsJson(extra)
  const key = `${tagSet} ${metric} ${more}`
  let series = mapGet(known, key)
  if (series === undefined) {
    series = host.series(metric, tagSet, more)
    mapSet(known, key, series)
    knownCount += 1
    knownLetters += more.length
  }
  if (ring[0] === capacity) host.flush()
  const count = ring[0]!
  const at = 1 + count * 3
  ring[at] = series
  ring[at + 1] = time
  ring[at + 2] = value
  ring[0] = count + 1
}
