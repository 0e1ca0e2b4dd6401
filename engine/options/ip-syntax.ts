/**
 * IP addresses and networks as text. Syntax only: no sockets here, and no opinion on which address may be dialled.
 */
import { GoSyntaxError } from '../../go/number.js'

/** True for four decimal numbers; leading zeros are refused, for some read them as octal. */
export function isIPv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/.test(text)
}

/** The form of an IPv6 address that compresses the longest run of zeros, or undefined for what is none. */
function canonicalIPv6(text: string): string | undefined {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return undefined
  try {
    return new URL(`http://[${text}]/`).hostname.slice(1, -1)
  } catch {
    return undefined
  }
}

/** True for an IPv4 or IPv6 address. */
export function isIP(text: string): boolean {
  return isIPv4(text) || canonicalIPv6(text) !== undefined
}

/** An address as a number. */
export function addressNumber(address: string): bigint {
  const [parts, width] = isIPv4(address) ? [address.split('.').map(Number), 8n] : [ipv6Groups(address), 16n]
  return parts.reduce((sum, part) => (sum << width) + BigInt(part), 0n)
}

function ipv6Groups(address: string): number[] {
  const [head = '', tail = ''] = (canonicalIPv6(address) ?? '::').split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [front, back] = [groups(head), groups(tail)]
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back]
}

/**
 * A network in the form in which Go prints it: the address masked.
 *
 * @throws {GoSyntaxError} `invalid CIDR address: x`
 */
export function parseCidr(text: string): string {
  const slash = text.indexOf('/')
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)]
  const width = isIPv4(address) ? 32 : 128
  if (slash < 0 || !isIP(address) || !/^[0-9]{1,3}$/.test(bits) || Number(bits) > width) {
    throw new GoSyntaxError(`invalid CIDR address: ${text}`)
  }
  return `${maskedAddress(address, Number(bits))}/${Number(bits)}`
}

function maskedAddress(address: string, bits: number): string {
  if (isIPv4(address))
    return address
      .split('.')
      .map((byte, index) => Number(byte) & mask(8, bits - index * 8))
      .join('.')
  const groups = ipv6Groups(address).map((group, index) => group & mask(16, bits - index * 16))
  return canonicalIPv6(groups.map((group) => group.toString(16)).join(':')) ?? address
}

/** The mask that keeps the first `kept` bits of a number that is `width` bits wide. */
function mask(width: number, kept: number): number {
  const dropped = width - Math.min(width, Math.max(0, kept))
  return (2 ** width - 1) & ~(2 ** dropped - 1)
}
