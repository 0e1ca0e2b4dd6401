/**
 * Internet addresses and ranges of them as numbers, parsed by a grammar of our own.
 * Only the plain forms are read: no octal, no hexadecimal, no short forms, no zones, since resolvers read those differently.
 */

/** A parsed address. `text` is the spelling it came in, lower case. */
export interface IpAddress {
  readonly family: 4 | 6
  /** 32 or 128 bits. */
  readonly value: bigint
  readonly text: string
}

/** A range in CIDR form, such as 10.0.0.0/8. */
export interface IpRange {
  readonly family: 4 | 6
  readonly network: bigint
  readonly prefixBits: number
  readonly text: string
}

/** The address that `text` spells, or undefined. */
export function parseIp(text: string): IpAddress | undefined {
  const value = text.includes(':') ? parseV6(text) : parseV4(text)
  return value === undefined ? undefined : { family: text.includes(':') ? 6 : 4, value, text: text.toLowerCase() }
}

/** The range that `text` spells, or undefined; the bits after the prefix are ignored. */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return undefined
  const address = parseIp(text.slice(0, slash))
  const bits = text.slice(slash + 1)
  if (!address || !/^\d{1,3}$/.test(bits)) return undefined
  const prefixBits = Number(bits)
  const size = address.family === 4 ? 32 : 128
  if (prefixBits > size) return undefined
  const rest = BigInt(size - prefixBits)
  const network = (address.value >> rest) << rest
  return { family: address.family, network, prefixBits, text: `${formatIp(address.family, network)}/${prefixBits}` }
}

/** True when `address` lies in `range`; an IPv4 address never lies in an IPv6 range. */
export function isInRange(address: IpAddress, range: IpRange): boolean {
  if (address.family !== range.family) return false
  const rest = BigInt((range.family === 4 ? 32 : 128) - range.prefixBits)
  return address.value >> rest === range.network >> rest
}

/**
 * The IPv4 addresses that an IPv6 address carries inside: mapped, compatible, translated (RFC 2765), NAT64 (RFC 6052),
 * 6to4 (RFC 3056), and the two of Teredo (RFC 4380): its server, and its client in complement.
 */
export function embeddedIpv4({ family, value }: IpAddress): readonly IpAddress[] {
  if (family === 4) return []
  const high = value >> 32n
  const low = value & 0xffffffffn
  const isMapped = high === 0xffffn
  const isTranslated = high === 0xffff0000n
  const isNat64 = high === 0x64ff9b0000000000000000n
  // ::1 and :: belong to IPv6 itself.
  const isCompatible = high === 0n && low > 0xffffn
  if (isMapped || isTranslated || isNat64 || isCompatible) return [fromV4(low)]
  if (value >> 112n === 0x2002n) return [fromV4((value >> 80n) & 0xffffffffn)]
  if (value >> 96n === 0x20010000n) return [fromV4((value >> 64n) & 0xffffffffn), fromV4(low ^ 0xffffffffn)]
  return []
}

/** The address as one writes it, IPv6 with its longest run of zeros left out. */
export function formatIp(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString()).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  const runs = groups.join(':').match(/\b0(?::0)+\b/g) ?? []
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), '')
  if (longest === '') return groups.join(':')
  const full = groups.join(':')
  const at = full.search(new RegExp(`\\b${longest}\\b`))
  const before = full.slice(0, at).replace(/:$/, '')
  const after = full.slice(at + longest.length).replace(/^:/, '')
  return `${before}::${after}`
}

function fromV4(value: bigint): IpAddress {
  return { family: 4, value, text: formatIp(4, value) }
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function parseV6(text: string): bigint | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0] ?? '', halves.length === 1)
  const tail = groupsOf(halves[1] ?? '', true)
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const all = [...head, ...Array.from({ length: missing }, () => 0), ...tail]
  return all.reduce((value, group) => (value << 16n) | BigInt(group), 0n)
}

/** The 16-bit groups of one side of "::"; the last two may be written as an IPv4 address. */
function groupsOf(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (mayEndInV4 && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part)
      if (v4 === undefined) return undefined
      groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn))
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
