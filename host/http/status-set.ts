/** Which statuses of a response are expected: what `http.expectedStatuses()` and `setResponseCallback()` say. Pure. */
import { GuestError } from '../../runtime/guest-error.js'

/** Ranges of statuses, both ends included. */
export type StatusSet = readonly (readonly [min: number, max: number])[]

/** k6's default. */
export const defaultExpected: StatusSet = [[200, 399]]

const maxRanges = 1000

export function isExpected(set: StatusSet, status: number): boolean {
  return set.some(([min, max]) => status >= min && status <= max)
}

/** The ranges as the guest half writes them. @throws {GuestError} for anything else */
export function statusSetOf(value: unknown): StatusSet {
  const isRange = (item: unknown): item is [number, number] =>
    Array.isArray(item) && item.length === 2 && item.every((end) => typeof end === 'number')
  if (Array.isArray(value) && value.length <= maxRanges && value.every(isRange)) return value
  throw new GuestError('TypeError', 'malformed set of statuses')
}
