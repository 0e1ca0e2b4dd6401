/**
 * How Go reads numbers and booleans and words the refusals. k6 shows these texts to its users, so they are part of its
 * behaviour. Knows nothing of options.
 */

import { goQuote } from './quote.js'

const maxInt64 = 2n ** 63n - 1n
const minInt64 = -(2n ** 63n)

/** A value that Go refuses; the message is Go's own. */
export class GoSyntaxError extends Error {}

/**
 * Reads a signed 64-bit integer as `strconv.ParseInt` does. Beyond 2^53 the number is the nearest double.
 *
 * @param base 10, or 0 to take 0x, 0o, 0b prefixes and underscores between digits, as Go's flags do
 * @throws {GoSyntaxError} with the text of Go
 */
export function parseInt64(text: string, base: 0 | 10 = 10): number {
  const refuse = (reason: string) =>
    new GoSyntaxError(`strconv.ParseInt: parsing ${goQuote(text.slice(0, 200))}: ${reason}`)
  const value = base === 10 ? decimalInteger(text) : prefixedInteger(text)
  if (value === undefined) throw refuse('invalid syntax')
  if (value > maxInt64 || value < minInt64) throw refuse('value out of range')
  return Number(value)
}

function decimalInteger(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined
  if (text.length > 100) return text.startsWith('-') ? minInt64 - 1n : maxInt64 + 1n
  return BigInt(text.startsWith('+') ? text.slice(1) : text)
}

function prefixedInteger(text: string): bigint | undefined {
  if (text.length > 100) return decimalInteger(text)
  const match =
    /^([+-]?)(0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[bB]_?[01]+(?:_[01]+)*|0[oO]?_?[0-7]+(?:_[0-7]+)*|0|[1-9][0-9]*(?:_[0-9]+)*)$/.exec(
      text,
    )
  const digits = match?.[2]?.replaceAll('_', '')
  if (digits === undefined) return undefined
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return match?.[1] === '-' ? -value : value
}

/**
 * Reads a float as `strconv.ParseFloat` does, infinities and NaN included.
 *
 * @returns undefined when the text is no float
 */
export function parseFloat64(text: string): number | undefined {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
  if (special) {
    if (special[2]?.toLowerCase() === 'nan') return special[1] === '' ? Number.NaN : undefined
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/**
 * Reads a boolean as `strconv.ParseBool` does: 1, t, T, TRUE, true, True and their opposites.
 *
 * @throws {GoSyntaxError} with the text of Go
 */
export function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  throw new GoSyntaxError(`strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`)
}

/** A float with two digits after the point as Go's `%.2f` prints it: exact halves go to the even digit. */
export function formatFixed2(value: number): string {
  const hundredfold = value * 100
  const floor = Math.floor(hundredfold)
  if (hundredfold - floor !== 0.5) return value.toFixed(2)
  return ((floor % 2 === 0 ? floor : floor + 1) / 100).toFixed(2)
}

/**
 * Reads a float as thresholds have it; what is no float is refused in Go's words.
 *
 * @throws {GoSyntaxError} Hexadecimal floats are refused as invalid syntax.
 */
export function parseGoFloat(text: string): number {
  const value = parseFloat64(text)
  if (value !== undefined) return value
  const isTooLarge = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
  throw new GoSyntaxError(
    `strconv.ParseFloat: parsing ${goQuote(text)}: ${isTooLarge ? 'value out of range' : 'invalid syntax'}`,
  )
}
