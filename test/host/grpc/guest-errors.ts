/** A check for `assert.throws`: an error that the script sees, with its name and text. */
import { GuestError, type GuestErrorName } from '../../../runtime/guest-error.js'

export function isGuestError(name: GuestErrorName, message: string): (e: unknown) => boolean {
  return (e) => {
    if (!(e instanceof GuestError)) throw e
    if (e.guestName === name && e.message === message) return true
    throw new Error(`${e.guestName}: ${e.message}`)
  }
}
