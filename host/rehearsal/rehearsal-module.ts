/** What guest modules tell a check, whatever they are about. In a run, none of this is called. */
import { GuestError } from '../../runtime/guest-error.js'
import { defineHostModule, text } from '../../runtime/host-module.js'
import type { VuContext } from '../vu-context.js'
import type { Rehearsal } from './rehearsal.js'

/** @throws {GuestError} when this is a run */
export function rehearsalOf(vu: VuContext): Rehearsal {
  const { rehearsal } = vu.services
  if (rehearsal === undefined) throw new GuestError('TypeError', 'this is no check')
  return rehearsal
}

export const rehearsal = defineHostModule<VuContext>('rehearsal', {
  /** The script called fail(). */
  gaveUp(vu, reason, frames) {
    rehearsalOf(vu).gaveUp('fail()', text(reason, 'reason'), text(frames, 'frames'))
    return undefined
  },

  /** What a run would log as a warning. */
  warned(vu, what, frames) {
    rehearsalOf(vu).find('warning', text(what, 'text'), text(frames, 'frames'))
    return undefined
  },
})
