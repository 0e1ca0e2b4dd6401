/** Bytes that a guest half sent: a buffer, or a string that stands for its UTF-8 (modules/internal/go-bytes.ts). */
import { GuestError } from '../runtime/guest-error.js'
import type { Crossing } from '../runtime/js-value.js'

/** @throws {GuestError} for anything else */
export function bytesOf(value: Crossing): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value instanceof Uint8Array) return value
  throw new GuestError('TypeError', 'bytes are needed')
}
