/**
 * 64-bit integers as two 32-bit halves, between decimal text and wire. BigInt appears only beyond 2^53, for speed.
 */

/** A value as two signed 32-bit halves. */
export interface Int64 {
  low: number
  high: number
}

const two32 = 4_294_967_296

/** Decimal text of a signed value. */
export function int64Text(low: number, high: number): string {
  if (high === low >> 31) return String(low)
  if (high >= -0x200000 && high < 0x200000) return String(high * two32 + (low >>> 0))
  return String((BigInt(high) << 32n) | BigInt(low >>> 0))
}

/** Decimal text of an unsigned value. */
export function uint64Text(low: number, high: number): string {
  if (high === 0) return String(low >>> 0)
  if (high > 0 && high < 0x200000) return String(high * two32 + (low >>> 0))
  return String((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0))
}

/** The value as a number; exact within ±2^53. */
export function int64Number(low: number, high: number): number {
  return high * two32 + (low >>> 0)
}

/** The halves of an integer within ±2^53. */
export function numberToInt64(value: number, into: Int64): void {
  into.low = value | 0
  if (value === into.low) {
    into.high = into.low >> 31
    return
  }
  const high = Math.floor(value / two32)
  into.low = (value - high * two32) | 0
  into.high = high | 0
}

/** The halves of a decimal integer such as `-12`; false beyond the 64-bit range of its kind. */
export function parseInt64(text: string, isSigned: boolean, into: Int64): boolean {
  if (text.length <= 15) {
    const value = Number(text)
    if (!isSigned && value < 0) return false
    numberToInt64(value, into)
    return true
  }
  const value = BigInt(text)
  if (isSigned ? BigInt.asIntN(64, value) !== value : BigInt.asUintN(64, value) !== value) return false
  into.low = Number(BigInt.asIntN(32, value))
  into.high = Number(BigInt.asIntN(32, value >> 32n))
  return true
}
