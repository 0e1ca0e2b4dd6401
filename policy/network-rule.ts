/** The rules of a policy about the network: their grammar, and what a rule covers. Judges nothing. */
import { AppError } from '../errors.js'
import { type IpAddress, type IpRange, isInRange, parseIp, parseIpRange } from './ip-address.js'
import { isHostName } from './target.js'

/** How a script uses a connection. Remote modules are fetched with `https`. */
export type NetworkScheme = 'grpc' | 'grpcs' | 'http' | 'https'

const schemes: readonly string[] = ['grpc', 'grpcs', 'http', 'https'] satisfies NetworkScheme[]

/** A rule that was read. */
export interface NetworkRule {
  /** As the policy has it. */
  readonly text: string
  /** Undefined: all. */
  readonly scheme: NetworkScheme | undefined
  readonly place: RulePlace
  readonly firstPort: number
  readonly lastPort: number
}

export type RulePlace =
  | { readonly kind: 'any' }
  /** `name` is without the star and its dot where `isBelow`: all names that end with it, and not itself. */
  | { readonly kind: 'name'; readonly name: string; readonly isBelow: boolean }
  | { readonly kind: 'addresses'; readonly range: IpRange }

const longest = 400

/**
 * Reads `[scheme://]place[:port[-port]]`. The place is a name, perhaps with `*` as its first label, an IP address, a range in
 * CIDR form, or `*`; an IPv6 address or range stands in brackets when a port follows.
 *
 * @throws {AppError} POLICY_INVALID with what is wrong with the rule
 */
export function parseNetworkRule(text: string): NetworkRule {
  const refuse = (why: string) =>
    new AppError('POLICY_INVALID', `the network rule ${JSON.stringify(text.slice(0, longest))} ${why}`, {
      hint: 'examples: grpc://api.example.com:443, *.example.com, 10.1.0.0/16:8000-8999, [fd00::/8]:443, *',
    })
  if (text.length > longest) throw refuse(`has more than ${longest} characters`)
  const [, scheme, rest = ''] = /^(?:([^/]*):\/\/)?(.*)$/s.exec(text)!
  if (scheme !== undefined && !schemes.includes(scheme)) throw refuse(`has no scheme of ${schemes.join(', ')}`)
  const [placeText, portText] = splitRule(rest, refuse)
  const [firstPort, lastPort] = portText === undefined ? [0, 65_535] : portsOf(portText, refuse)
  const place = placeOf(placeText, refuse)
  return { text, scheme: scheme as NetworkScheme | undefined, place, firstPort, lastPort }
}

type Refuse = (why: string) => AppError

function splitRule(text: string, refuse: Refuse): [place: string, ports: string | undefined] {
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    if (end < 0) throw refuse('has no "]" for its "["')
    const inside = text.slice(1, end)
    if (!inside.includes(':')) throw refuse('has brackets around what is no IPv6 address')
    const after = text.slice(end + 1)
    if (after === '') return [inside, undefined]
    if (!after.startsWith(':')) throw refuse('has something else than a port behind its "]"')
    return [inside, after.slice(1)]
  }
  const colon = text.indexOf(':')
  // An IPv6 address without brackets has no port.
  if (colon < 0 || text.indexOf(':', colon + 1) >= 0) return [text, undefined]
  return [text.slice(0, colon), text.slice(colon + 1)]
}

function portsOf(text: string, refuse: Refuse): [first: number, last: number] {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  if (first === undefined) throw refuse(`has the port ${JSON.stringify(text)}, which is no number and no range of two`)
  const ports: [number, number] = [Number(first), Number(last)]
  if (ports.some((port) => port < 1 || port > 65_535)) throw refuse('has a port that is not from 1 to 65535')
  if (ports[0] > ports[1]) throw refuse('has a range of ports whose end is before its beginning')
  return ports
}

function placeOf(text: string, refuse: Refuse): RulePlace {
  if (text === '') throw refuse('names no place')
  if (text === '*') return { kind: 'any' }
  if (text.includes('/') || parseIp(text) !== undefined) return addressesOf(text, refuse)
  if (text.includes(':')) throw refuse('has an IPv6 address that is none')
  const isBelow = text.startsWith('*.')
  const name = normalName(isBelow ? text.slice(2) : text)
  if (name.includes('*')) throw refuse('may have "*" only as all of its first label')
  if (/[^\x00-\x7f]/.test(name)) throw refuse('must have its name in ASCII, as xn--…')
  if (/^[\d.]+$/.test(name) || /^0x/i.test(name)) throw refuse('has an IPv4 address that is not four numbers')
  if (!isHostName(name)) throw refuse('has a name that is none')
  return { kind: 'name', name, isBelow }
}

function addressesOf(text: string, refuse: Refuse): RulePlace {
  const slash = text.indexOf('/')
  const address = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) throw refuse('has a range that does not begin with an IP address')
  const bits = address.family === 4 ? 32 : 128
  const range = parseIpRange(slash < 0 ? `${text}/${bits}` : text)
  if (range === undefined) throw refuse(`needs a number from 0 to ${bits} after the "/"`)
  if (range.network !== address.value) throw refuse(`has bits behind its prefix; that range is ${range.text}`)
  if (address.family === 6 && address.value >> 32n === 0xffffn) throw refuse('must have its IPv4 address in IPv4 form')
  return { kind: 'addresses', range }
}

/** A name as rules compare it: lower case, and without the dot of the root. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

/** True when the rule is about such connections, wherever they lead. */
export function isAbout({ scheme, firstPort, lastPort }: NetworkRule, use: NetworkScheme, port: number): boolean {
  return (scheme === undefined || scheme === use) && port >= firstPort && port <= lastPort
}

/** True when the place is this name, given as `normalName` does, or `*`. */
export function coversName({ place }: NetworkRule, name: string): boolean {
  if (place.kind === 'any') return true
  if (place.kind !== 'name') return false
  return place.isBelow ? name.endsWith(`.${place.name}`) : name === place.name
}

/** True when the place is a range with this address in it. */
export function coversAddress({ place }: NetworkRule, address: IpAddress): boolean {
  return place.kind === 'addresses' && isInRange(address, place.range)
}
