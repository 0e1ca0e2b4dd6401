/** A duration among call parameters: a number of milliseconds, or text in the form of Go with days added. */
import { parseDuration } from '../../go/duration.js'
import { GoSyntaxError } from '../../go/number.js'
import { goTypeName } from '../../go/value-syntax.js'

/** Go's longest duration, 292 years, in milliseconds. */
const longestMs = 2 ** 63 / 1e6

/** Milliseconds, perhaps negative. @throws {GoSyntaxError} with k6's text */
export function durationMsOf(value: unknown): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return Math.max(-longestMs, Math.min(longestMs, value))
  if (typeof value === 'string') return parseDuration(value)
  throw new GoSyntaxError(`unable to use type ${goTypeName(value)} as a duration value`)
}
