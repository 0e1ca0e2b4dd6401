/**
 * An error on its way into the guest. Only a name from a short list and a message cross: no host stack, no code, no path.
 */

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
