/**
 * The trusted half of a guest module, as the sandbox sees it: a name and a set of operations over primitives. What the
 * operations do is the business of host/.
 */
import { GuestError } from './guest-error.js'
import type { Crossing } from './js-value.js'

/**
 * One operation. A plain result answers at once; a promise suspends the VM, so that the script sees an ordinary call.
 * `vu` is whatever the embedder attached to the VM. Arguments are what the guest passed: check them.
 */
export type Operation<Vu> = (vu: Vu, ...args: Crossing[]) => Crossing | Promise<Crossing>

export interface HostModule<Vu> {
  readonly name: string
  readonly operations: Readonly<Record<string, Operation<Vu>>>
}

/** Names the operations of `name`. They reach the guest as `ops('name').operation(...)`. */
export function defineHostModule<Vu>(name: string, operations: Record<string, Operation<Vu>>): HostModule<Vu> {
  return { name, operations }
}

/** The argument as a string. @throws {GuestError} when it is not one */
export function text(value: Crossing, what: string): string {
  if (typeof value !== 'string') throw new GuestError('TypeError', `${what} must be a string`)
  return value
}

/** What the argument says as JSON. @throws {GuestError} when it is no text of JSON */
export function jsonOf(
  value: Crossing,
  what: string,
  reviver?: (this: unknown, key: string, value: unknown) => unknown,
): unknown {
  try {
    return JSON.parse(text(value, what), reviver)
  } catch (e) {
    throw e instanceof GuestError ? e : new GuestError('TypeError', `${what} must be JSON`)
  }
}

/** The argument as a finite number. @throws {GuestError} when it is not one */
export function number(value: Crossing, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new GuestError('TypeError', `${what} must be a number`)
  return value
}
