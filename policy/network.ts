/**
 * The only judge of where a run may connect to: reads targets by a grammar of our own and checks parsed addresses.
 * Knows nothing of sockets or name servers; the proof it hands out, CheckedAddress, is all that a dialer takes.
 */
import { AppError } from '../errors.js'
import { embeddedIpv4, type IpAddress, type IpRange, isInRange, parseIp, parseIpRange } from './ip-address.js'

/** A target as the script wrote it, taken apart. */
export interface Target {
  /** What the connection is called: the target without its scheme. */
  readonly endpoint: string
  /** A name or an address literal without brackets; not yet checked to be either. */
  readonly host: string
  /** Not yet checked to be a number, since k6 looks the name up first. */
  readonly port: string
}

/** Why a text is no target, in the words of Go's net package. */
export class TargetError extends Error {}

/** Go's dns scheme of gRPC adds this port when the target has none. */
const dnsDefaultPort = '443'

/**
 * Takes `host:port` apart, with or without a leading `dns:///` or `passthrough:///`.
 *
 * @throws {TargetError} when there is no port or the brackets and colons do not match
 */
export function parseTarget(text: string): Target {
  const scheme = /^(dns|passthrough):(\/\/([^/]*)\/)?/.exec(text)
  if (!scheme) return { endpoint: text, ...splitHostPort(text) }
  if (scheme[3]) throw new TargetError(`a name server in the target is not supported: ${scheme[3]}`)
  const endpoint = text.slice(scheme[0].length)
  if (scheme[1] === 'passthrough') return { endpoint, ...splitHostPort(endpoint) }
  try {
    return { endpoint, ...splitHostPort(endpoint) }
  } catch (e) {
    if (!(e instanceof TargetError) || !e.message.includes('missing port')) throw e
    return { endpoint, ...splitHostPort(`${endpoint}:${dnsDefaultPort}`) }
  }
}

function splitHostPort(text: string): { host: string; port: string } {
  const refuse = (why: string) => new TargetError(text === '' ? why : `address ${text}: ${why}`)
  const colon = text.lastIndexOf(':')
  if (colon < 0) throw refuse('missing port in address')
  const port = text.slice(colon + 1)
  if (!text.startsWith('[')) {
    const host = text.slice(0, colon)
    if (host.includes(':')) throw refuse('too many colons in address')
    if (text.includes('[')) throw refuse("unexpected '[' in address")
    if (text.includes(']')) throw refuse("unexpected ']' in address")
    return { host, port }
  }
  const end = text.indexOf(']')
  if (end < 0) throw refuse("missing ']' in address")
  if (end + 1 === text.length) throw refuse('missing port in address')
  if (end + 1 !== colon) throw refuse(text[end + 1] === ':' ? 'too many colons in address' : 'missing port in address')
  if (text.indexOf('[', 1) >= 0) throw refuse("unexpected '[' in address")
  if (text.indexOf(']', end + 1) >= 0) throw refuse("unexpected ']' in address")
  return { host: text.slice(1, end), port }
}

/**
 * True for a name that may be given to a resolver: letters, digits, dots, dashes and underscores, at most 253 of them.
 * A last label that is a number is refused, because system resolvers read 127.1, 0x7f.1 or 2130706433 as addresses.
 */
export function isHostName(text: string): boolean {
  if (text.length > 253) return false
  const labels = text.replace(/\.$/, '').split('.')
  if (!labels.every((label) => /^[a-z0-9_][a-z0-9_-]{0,62}$/i.test(label))) return false
  return !/^(\d+|0x[0-9a-f]*)$/i.test(labels[labels.length - 1] ?? '')
}

let issue: (ip: IpAddress, port: number, hostName: string) => CheckedAddress

/** Proof that the policy allows this address. Only `NetworkPolicy.check` makes one. */
export class CheckedAddress {
  private constructor(
    readonly ip: IpAddress,
    readonly port: number,
    /** The name or literal that the script asked for. */
    readonly hostName: string,
  ) {}

  static {
    issue = (ip, port, hostName) => new CheckedAddress(ip, port, hostName)
  }
}

/** How a script uses a connection. Remote modules are fetched with `https`. */
export type NetworkScheme = 'grpc' | 'grpcs' | 'http' | 'https'

/**
 * What a script may connect to. A rule is `[scheme://]place[:port[-port]]`, where the place is a name, perhaps with `*` as its
 * first label, an address or a range of them in CIDR form (IPv6 in brackets when a port follows), or `*`.
 */
export interface NetworkRules {
  /** What holds for an address that no rule is about. */
  readonly default: 'allow' | 'deny'
  /** `closed`: only a rule with addresses opens those of private ranges, never a name that resolves to one. */
  readonly privateRanges: 'open' | 'closed'
  readonly allow: readonly string[]
  /** Stronger than `allow`. */
  readonly deny: readonly string[]
}

/** Ranges that no untrusted script may reach: this machine, private networks, metadata services, multicast. */
export const privateRanges: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]

export interface AddressRules {
  deny?: readonly string[]
  allow?: readonly string[]
  denyPorts?: readonly number[]
}

/** Judges parsed addresses. An IPv6 address that carries an IPv4 address is judged as both. */
export class NetworkPolicy {
  /** For runs whose author is trusted. */
  static readonly allowAll = new NetworkPolicy({})
  /** For runs whose author is not: public addresses only, and no mail. */
  static readonly publicOnly = new NetworkPolicy({ deny: privateRanges, denyPorts: [25] })

  readonly #deny: readonly IpRange[]
  readonly #allow: readonly IpRange[]
  readonly #denyPorts: ReadonlySet<number>

  /** @throws {AppError} `OPTIONS_INVALID` when a range is none */
  constructor(rules: AddressRules) {
    this.#deny = (rules.deny ?? []).map(rangeOf)
    this.#allow = (rules.allow ?? []).map(rangeOf)
    this.#denyPorts = new Set(rules.denyPorts)
  }

  /** @throws {AppError} `NETWORK_DENIED` */
  check(ip: IpAddress, port: number, hostName: string): CheckedAddress {
    const inner = embeddedIpv4(ip)
    if (this.#denyPorts.has(port)) throw denied(hostName, ip, port, `port ${port}`)
    for (const address of inner ? [ip, inner] : [ip]) {
      const rule = this.#deny.find((range) => isInRange(address, range))
      if (rule && !this.#allow.some((range) => isInRange(address, range))) throw denied(hostName, ip, port, rule.text)
    }
    return issue(ip, port, hostName)
  }

  /** As `check`, for an address in text form; undefined when the text is no address literal. */
  checkText(text: string, port: number, hostName: string): CheckedAddress | undefined {
    const ip = parseIp(text)
    return ip && this.check(ip, port, hostName)
  }
}

function rangeOf(text: string): IpRange {
  const range = parseIpRange(text)
  if (!range) throw new AppError('OPTIONS_INVALID', `"${text}" is not a range of addresses such as 10.0.0.0/8`)
  return range
}

function denied(hostName: string, ip: IpAddress, port: number, rule: string): AppError {
  const where = ip.text === hostName ? ip.text : `${hostName} (${ip.text})`
  return new AppError('NETWORK_DENIED', `connecting to ${where} port ${port} is not allowed: ${rule} is closed`, {
    details: { host: hostName, ip: ip.text, port, rule },
  })
}
