/** Trusted half of `k6/execution`: facts of the run, and ending it. */
import { defineHostModule, text } from '../runtime/host-module.js'
import type { VuContext } from './vu-context.js'

export const execution = defineHostModule<VuContext>('execution', {
  vuId: (vu) => vu.id,

  /** Its number in the whole test, of which this run may be a segment. */
  vuIdInTest: (vu) => vu.services.idInTest(vu.id),

  /** JSON of what changes while the test runs. */
  info: (vu) => vu.services.executionInfo(vu),

  /** Ends the run: this VU at once, the others as soon as they can be interrupted. */
  abort(vu, reason) {
    vu.services.onTestEnd('abort', text(reason, 'reason'))
    vu.hasAborted = true
    vu.interrupt()
    return undefined
  },

  /** Marks the run as failed and lets it go on. */
  fail(vu, reason) {
    vu.services.onTestEnd('fail', text(reason, 'reason'))
    return undefined
  },
})
