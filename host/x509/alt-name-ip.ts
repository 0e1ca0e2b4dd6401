/** IP addresses of certificates as text. */
import { DerError } from './der.js'

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex')

/** Four bytes with dots; sixteen as RFC 5952 has it. @throws {DerError} for another number of bytes */
export function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  // Go shows an IPv4 address as such, also within IPv6.
  if (bytes.length === 16 && bytes.subarray(0, 12).equals(mappedPrefix)) return bytes.subarray(12).join('.')
  if (bytes.length !== 16) throw new DerError('an IP address has neither 4 nor 16 bytes')
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':')
  // The platform shortens it as the RFC wants.
  return new URL(`http://[${groups}]`).hostname.slice(1, -1)
}
