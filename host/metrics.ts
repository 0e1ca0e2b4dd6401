/** Trusted half of the metrics that a script makes: tag sets, series, and the buffer that samples come in. */
import { isAppError } from '../errors.js'
import type { MetricType } from '../metrics/metric.js'
import { maxPathNames } from '../metrics/sample-buffer.js'
import { type Tag, TagSet } from '../metrics/tag-set.js'
import { GuestError } from '../runtime/guest-error.js'
import { defineHostModule, jsonOf, number, text } from '../runtime/host-module.js'
import { type Crossing, SharedBytes } from '../runtime/js-value.js'
import { SampleRing } from './sample-ring.js'
import type { VuContext } from './vu-context.js'

const types: ReadonlySet<string> = new Set(['counter', 'gauge', 'rate', 'trend'])

const maxRingBytes = 64 * 1024

/**
 * The list of [name, value] pairs that modules/internal/vu.ts writes. Of what goes over the limits as much is kept as it takes
 * for its samples to be dropped.
 *
 * @throws {GuestError} for anything else
 */
function tagsOf(vu: VuContext, json: Crossing): Tag[] {
  const list = jsonOf(json, 'tags')
  if (!Array.isArray(list)) throw new GuestError('TypeError', 'tags must be a list')
  const { tags, tagBytes, nameBytes } = vu.services.limits
  return list.slice(0, tags + 1).map((pair: unknown) => {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') {
      throw new GuestError('TypeError', 'tags must be pairs of strings')
    }
    const [name, value] = pair
    const most = name === 'group' ? maxPathNames * (nameBytes + 2) : name === 'check' ? nameBytes : tagBytes
    return [name.slice(0, tagBytes + 1), value.slice(0, most + 1)]
  })
}

export const metrics = defineHostModule<VuContext>('metrics', {
  /** Keeps a set of tags. */
  tagSet: (vu, json) => vu.addTagSet(TagSet.from(tagsOf(vu, json))),

  /** Forgets all sets of tags, and the series that were made with them. */
  forgetTagSets(vu) {
    vu.forgetTagSets()
    return undefined
  },

  /** Keeps the tags of the VU after the script has set or deleted one: what the host measures has them too. */
  vuTags(vu, json) {
    vu.tags = TagSet.from(tagsOf(vu, json))
    return undefined
  },

  /** Keeps what the script set as metadata, in place of what it had set before. */
  metadata(vu, json) {
    vu.setScriptMetadata(TagSet.from(tagsOf(vu, json)))
    return undefined
  },

  /** The buffer for samples: once, before any script runs. */
  ring(vu, byteLength) {
    const size = number(byteLength, 'size')
    const isSize = Number.isInteger(size) && size >= 32 && size <= maxRingBytes
    if (vu.ring !== undefined || !isSize) throw new GuestError('TypeError', 'no such ring')
    return new SharedBytes(size, (at) => {
      vu.ring = new SampleRing(vu.services.samples, () => vu.memory(), at, size)
    })
  },

  /** The buffer is full. */
  flush(vu) {
    vu.ring?.drain(vu.metadata)
    return undefined
  },

  /** A number under which samples of a metric with these tags are written. */
  series(vu, name, tagSet, extra) {
    const metric = vu.services.registry.get(text(name, 'metric'))
    if (metric === undefined || vu.ring === undefined) throw new GuestError('TypeError', `no metric ${String(name)}`)
    const tags = vu.tagSet(tagSet).withAll(tagsOf(vu, extra))
    return vu.ring.series(metric, tags)
  },

  /** Declares a custom metric; the same again is fine. */
  declare(vu, name, type, isTime) {
    const kind = text(type, 'type')
    if (!types.has(kind)) throw new GuestError('TypeError', `no metric type ${kind}`)
    const wanted = text(name, 'name')
    try {
      vu.services.registry.declare(wanted, kind as MetricType, isTime === true ? 'time' : 'default')
    } catch (e) {
      if (!isAppError(e, 'LIMIT_SIZE')) throw e
      throw vu.services.gate.overLimit('LIMIT_SIZE', 'metrics', wanted, vu.id, e.message)
    }
    return undefined
  },
})
