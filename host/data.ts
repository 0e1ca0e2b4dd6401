/** Trusted half of `k6/data`: SharedArrays, whose elements cross as JSON text, one at a time. */

import { isAppError } from '../errors.js'
import { defineHostModule, number, text } from '../runtime/host-module.js'
import { type Crossing, Utf8Text } from '../runtime/js-value.js'
import type { VuContext } from './vu-context.js'

/** Apart from the names of arrays that are made otherwise. */
const scriptName = (name: Crossing): string => `script:${text(name, 'name')}`

/** Puts on record what went over the limit. */
function rethrow(vu: VuContext, name: Crossing, e: unknown): never {
  if (isAppError(e, 'LIMIT_SIZE')) vu.services.gate.recordLimit('sharedArrayBytes', String(name), vu.id)
  throw e
}

export const data = defineHostModule<VuContext>('data', {
  /** The number of the array of that name; undefined when the caller is to make it. */
  claim: (vu, name) => vu.services.sharedArrays.claim(scriptName(name), vu),

  /** Elements of the array that the caller makes, each with a line feed behind it. */
  append(vu, name, lines) {
    try {
      vu.services.sharedArrays.append(scriptName(name), vu, text(lines, 'elements'))
    } catch (e) {
      rethrow(vu, name, e)
    }
    return undefined
  },

  publish: (vu, name) =>
    vu.services.sharedArrays.publish(scriptName(name), vu).catch((e: unknown) => rethrow(vu, name, e)),

  async release(vu, name) {
    await vu.services.sharedArrays.release(scriptName(name), vu)
    return undefined
  },

  length: (vu, array) => vu.services.sharedArrays.length(number(array, 'array')),

  /** The JSON of an element; undefined beyond the end. */
  element(vu, array, index) {
    const bytes = vu.services.sharedArrays.element(number(array, 'array'), number(index, 'index'))
    return bytes === undefined ? undefined : new Utf8Text(bytes)
  },
})
