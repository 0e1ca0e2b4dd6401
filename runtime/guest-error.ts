/**
 * An error on its way into the guest. Only a name from a short list and a message cross: no host stack, no code, no path.
 */
import { isAppError } from '../errors.js'

/** The names of error that a guest may be shown. `GoError` is what k6 scripts get from every native function. */
export type GuestErrorName = 'GoError' | 'TypeError' | 'RangeError' | 'SyntaxError' | 'InternalError' | 'Error'

/** An error meant for the script: its name and message cross, nothing else does. */
export class GuestError extends Error {
  readonly guestName: GuestErrorName

  constructor(guestName: GuestErrorName, message: string) {
    super(message)
    this.name = 'GuestError'
    this.guestName = guestName
  }
}

/** What a script is shown of an error: what was meant for it, or the text of one of ours. Undefined for a bug. */
export function guestErrorOf(e: unknown): GuestError | undefined {
  if (e instanceof GuestError) return e
  return isAppError(e) && e.code !== 'INTERNAL' ? new GuestError('GoError', e.message) : undefined
}
