/**
 * Numbers as text, in the two directions that JavaScript does not offer: 32-bit floats and Go's reading of integers.
 */

import { goTrimSpace } from '../../../go/space.js'

/**
 * A JSON number as Go's reader finds it, as the source of a regular expression. What follows must not look like more of it,
 * and the digits of the exponent may be missing where anything follows: that such a number has no value is found later.
 */
export const numberToken = String.raw`-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?(?:[0-9]+|(?=[^])))?(?![-+._a-zA-Z0-9])`

const leading = new RegExp(numberToken, 'y')

/**
 * The number that a string holds instead of a field's number. As in Go, that is what the string begins with (`1,000` is 1),
 * but blanks around it are refused.
 */
export function numberInString(text: string): string | undefined {
  leading.lastIndex = 0
  const number = leading.exec(text)?.[0]
  return number === undefined || number === text || goTrimSpace(text) === text ? number : undefined
}

/**
 * The plain digits of a JSON number that is an integer, whatever its notation (`1e2`, `5.0`); undefined when it is none or has
 * more digits than 64 bits can hold.
 */
export function integerDigits(text: string): string | undefined {
  const parts = /^(-?)(?:0|([1-9][0-9]*))(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+|))?$/.exec(text)
  if (parts === null) return undefined
  const whole = parts[2] ?? ''
  const fraction = withoutTrailingZeros(parts[3] ?? '')
  if (whole === '' && fraction === '') return '0'
  const exponent = Number(parts[4] ?? '0')
  if (Math.abs(exponent) > 0x7fffffff) return undefined
  let digits: string
  if (exponent >= 0) {
    // Go counts the digits before it shifts, and so does this.
    if (fraction.length > exponent || whole.length + exponent > 20) return undefined
    digits = whole + fraction + '0'.repeat(exponent - fraction.length)
  } else {
    const keep = whole.length + exponent
    if (fraction !== '' || keep < 0 || /[1-9]/.test(whole.slice(keep))) return undefined
    digits = whole.slice(0, keep)
  }
  // Go refuses the empty text that is left of e.g. `0.0e1` shifted away, and so the value.
  if (digits === '' || digits.length > 20) return undefined
  return parts[1] + digits
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return digits.slice(0, end)
}

/** A double as Go's protojson writes it; NaN and infinities are strings. */
export function doubleText(value: number): string {
  if (value - value !== 0) return `"${value}"`
  return value === 0 && Object.is(value, -0) ? '-0' : String(value)
}

/** A 32-bit float with the fewest digits that give it back. `value` must be a float already. */
export function floatText(value: number): string {
  const magnitude = Math.abs(value)
  // Up to 2^24 every digit of a whole number counts; beyond, fewer than it has may do.
  if (value - value !== 0 || (magnitude <= 0x1000000 && Number.isInteger(value))) return doubleText(value)
  // Six digits always survive a float, but below the normal range even fewer may do.
  for (let digits = magnitude < 1.1754943508222875e-38 ? 1 : 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded) === value) return String(evenOfTwo(value, digits, rounded))
    // At a power of two the gap above is twice the one below: a text may be nearer from above than the nearest one.
    const above = nextDecimal(magnitude, digits)
    if (Math.fround(above) === magnitude) return String(value < 0 ? -above : above)
  }
  return String(Number(value.toPrecision(9)))
}

/**
 * What Go rounds to where two decimals are as near to `value`: to the even one, while toPrecision() takes the larger.
 * `rounded` is what that gave.
 */
function evenOfTwo(value: number, digits: number, rounded: number): number {
  if (Math.abs(rounded) <= Math.abs(value) || !/5(?:e|$)/.test(value.toPrecision(digits + 1))) return rounded
  // Halfway there is one digit more, a 5, and nothing but zeros after it, of which this many are no chance.
  const [mantissa, exponent] = value.toExponential(40).split('e') as [string, string]
  if (!/^0*$/.test(mantissa.replace(/[-.]/g, '').slice(digits + 1))) return rounded
  const below = mantissa.replace(/50*$/, '')
  return /[02468]\.?$/.test(below) ? Number(`${below}e${exponent}`) : rounded
}

/** The next decimal of so many digits above the rounding of `value`. */
function nextDecimal(value: number, digits: number): number {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e') as [string, string]
  return Number(`${Number(mantissa.replace('.', '')) + 1}e${Number(exponent) - digits + 1}`)
}

/** A JSON number as a 32-bit float, rounded once from the decimal; undefined beyond the range. */
export function parseFloat32(text: string): number | undefined {
  const double = Number(text)
  let float = Math.fround(double)
  if (float !== double && isHalfway(double)) {
    // The double lies exactly between two floats, so the decimal that it stands for decides.
    const order = compareDecimal(text, double)
    if (order !== 0) {
      const toward =
        order > 0
          ? Math.fround(double + Math.abs(double) * 2 ** -40)
          : Math.fround(double - Math.abs(double) * 2 ** -40)
      float = toward
    }
  }
  return Number.isFinite(float) ? float : undefined
}

/** Halfway between the largest float and the one that would follow it. */
const halfwayBeyondFloats = 2 ** 128 - 2 ** 103

function isHalfway(double: number): boolean {
  if (Math.abs(double) === halfwayBeyondFloats) return true
  const up = Math.fround(double + Math.abs(double) * 2 ** -40)
  const down = Math.fround(double - Math.abs(double) * 2 ** -40)
  return up !== down && up - double === double - down
}

/** Whether the decimal is above (1), below (-1) or exactly at (0) the double. */
function compareDecimal(text: string, double: number): number {
  const parts = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text)
  if (parts === null || text.length > 400) return 0
  const digits = BigInt(parts[1] + parts[2]! + (parts[3] ?? ''))
  const exponent = Number(parts[4] ?? '0') - (parts[3] ?? '').length
  if (Math.abs(exponent) > 400) return 0
  // double = mantissa * 2^shift with an integer mantissa.
  let mantissa = double
  let shift = 0
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2
    shift--
  }
  const left = digits * 10n ** BigInt(Math.max(exponent, 0)) * 2n ** BigInt(Math.max(-shift, 0))
  const right = BigInt(mantissa) * 10n ** BigInt(Math.max(-exponent, 0))
  return left > right ? 1 : left < right ? -1 : 0
}
