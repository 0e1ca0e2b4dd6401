/**
 * The only judge of where a run may connect to, made from the rules of a policy. It takes parsed addresses, and names before
 * they are looked up. Knows nothing of sockets or name servers; its proof, CheckedAddress, is all that a dialer takes.
 */
import { AppError } from '../errors.js'
import { embeddedIpv4, type IpAddress, type IpRange, isInRange, parseIp, parseIpRange } from './ip-address.js'
import {
  coversAddress,
  coversName,
  isAbout,
  type NetworkRule,
  type NetworkScheme,
  normalName,
  parseNetworkRule,
} from './network-rule.js'
import { privateRanges } from './private-ranges.js'
import { isHostName } from './target.js'

export type { NetworkScheme } from './network-rule.js'

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

/** Who wants to connect, and what for. */
export interface NetworkUse {
  readonly scheme: NetworkScheme
  /** 0 for the script as a whole. */
  readonly vu: number
}

/** Where to. */
export interface Destination {
  /** The name or literal that the script asked for, without brackets. */
  readonly hostName: string
  readonly ip: IpAddress
  readonly port: number
  /** True when a look-up of the name gave the address; false for a literal, and for what the script maps a name to. */
  readonly isLookedUp: boolean
}

let issue: (to: Destination) => CheckedAddress

/** Proof that the policy allows this address. Only `NetworkPolicy.check` makes one. */
export class CheckedAddress {
  private constructor(
    readonly ip: IpAddress,
    readonly port: number,
    /** The name or literal that the script asked for. */
    readonly hostName: string,
  ) {}

  static {
    issue = ({ ip, port, hostName }) => new CheckedAddress(ip, port, hostName)
  }
}

/** The error of a refusal, which is on record with it: `rule` as the policy has it, what was refused, why. */
export type RefuseNetwork = (rule: string, subject: string, vu: number, message: string) => AppError

interface Refusal {
  /** As the policy has it. */
  rule: string
  why: string
}

const privateClosed = 'privateRanges: closed'
const loopbackOf = { 4: parseIp('127.0.0.1')!, 6: parseIp('::1')! } as const

export class NetworkPolicy {
  /** For runs whose author is trusted. */
  static readonly allowAll = new NetworkPolicy({ default: 'allow', privateRanges: 'open', allow: [], deny: [] })
  /** For parts of a run that reach no network. */
  static readonly denyAll = new NetworkPolicy({ default: 'deny', privateRanges: 'closed', allow: [], deny: [] })

  /** False when no connection at all can be refused. */
  readonly hasRules: boolean
  readonly #isOpen: boolean
  readonly #allow: readonly NetworkRule[]
  readonly #deny: readonly NetworkRule[]
  /** Empty when they are open. */
  readonly #private: readonly IpRange[]
  readonly #refuse: RefuseNetwork

  /**
   * @param ownAddresses of this machine: they are private, whatever their range
   * @throws {AppError} POLICY_INVALID for a rule that is none
   */
  constructor(rules: NetworkRules, refuse: RefuseNetwork = plainRefusal, ownAddresses: readonly string[] = []) {
    this.#allow = rules.allow.map(parseNetworkRule)
    this.#deny = rules.deny.map(parseNetworkRule)
    this.#isOpen = rules.default === 'allow'
    this.#private = rules.privateRanges === 'open' ? [] : [...privateRanges.map(rangeOf), ...ownAddresses.flatMap(own)]
    this.hasRules = !this.#isOpen || this.#private.length > 0 || this.#deny.length > 0
    this.#refuse = refuse
  }

  /**
   * Judges a name before it is looked up, which is a way out of its own. `localhost` is not looked up by whoever keeps rules.
   *
   * @throws {AppError} NETWORK_DENIED
   */
  checkName(hostName: string, port: number, use: NetworkUse): void {
    const name = normalName(hostName)
    const denied = this.#deny.find((rule) => isAbout(rule, use.scheme, port) && coversName(rule, name))
    if (denied !== undefined) throw this.#denied({ rule: denied.text, why: 'a rule denies it' }, hostName, port, use)
    if (this.#isOpen || name === 'localhost' || this.#hasNameRule(name, port, use)) return
    throw this.#denied({ rule: 'default', why: 'no rule allows that name' }, hostName, port, use)
  }

  /** Judges an address. One of IPv6 that carries one of IPv4 is judged as both. @throws {AppError} NETWORK_DENIED */
  check(to: Destination, use: NetworkUse): CheckedAddress {
    const refusal = this.#refusalOf(to, use)
    if (refusal === undefined) return issue(to)
    throw this.#denied(refusal, to.hostName, to.port, use, to.ip)
  }

  /** As `check`, without a word of what is not. */
  allows(to: Destination, use: NetworkUse): boolean {
    return this.#refusalOf(to, use) === undefined
  }

  #refusalOf({ hostName, ip, port, isLookedUp }: Destination, use: NetworkUse): Refusal | undefined {
    if (!this.hasRules) return undefined
    const about = (rule: NetworkRule) => isAbout(rule, use.scheme, port)
    const name = normalName(hostName)
    const forms = formsOf(ip)
    const denied = this.#deny.find(
      (rule) =>
        about(rule) && (coversName(rule, name) || [ip, ...forms].some((address) => coversAddress(rule, address))),
    )
    if (denied !== undefined) return { rule: denied.text, why: 'a rule denies it' }
    // A name that the script itself maps to an address says nothing about that.
    const isOpen = this.#isOpen || this.#hasNameRule(isLookedUp ? name : undefined, port, use)
    for (const form of forms) {
      if (this.#allow.some((rule) => about(rule) && coversAddress(rule, form))) continue
      const range = this.#private.find((closed) => isInRange(form, closed))
      if (range !== undefined) return { rule: privateClosed, why: `${range.text} is private` }
      if (!isOpen) return { rule: 'default', why: 'no rule allows that address' }
    }
    return undefined
  }

  /** True for a rule about the name, or about everything. */
  #hasNameRule(name: string | undefined, port: number, { scheme }: NetworkUse): boolean {
    return this.#allow.some(
      (rule) =>
        isAbout(rule, scheme, port) && (name === undefined ? rule.place.kind === 'any' : coversName(rule, name)),
    )
  }

  /** What a name of somebody else's leads to is for the record alone: the script may not learn it where it may not go. */
  #denied(
    { rule, why }: Refusal,
    hostName: string,
    port: number,
    { scheme, vu }: NetworkUse,
    ip?: IpAddress,
  ): AppError {
    const host = shown(hostName)
    const subject = `${scheme}://${host}:${port}`
    const full = ip === undefined || ip.text === host ? subject : `${subject} (${ip.text})`
    return this.#refuse(rule, full, vu, `connecting to ${subject} is not allowed: ${why}`)
  }
}

/** All addresses that a connection to one may come out at. */
function formsOf(ip: IpAddress): readonly IpAddress[] {
  const inner = embeddedIpv4(ip)
  const isMapped = ip.family === 6 && ip.value >> 32n === 0xffffn
  const forms = isMapped ? inner : [ip, ...inner]
  // A kernel takes the address of nobody for its own.
  return forms.flatMap((form) => (form.value === 0n ? [form, loopbackOf[form.family]] : [form]))
}

function rangeOf(text: string): IpRange {
  return parseIpRange(text)!
}

/** The range of one address; none for what has a zone, which cannot be dialled either. */
function own(text: string): IpRange[] {
  const ip = parseIp(text)
  return ip === undefined ? [] : [rangeOf(`${text}/${ip.family === 4 ? 32 : 128}`)]
}

const longestShown = 200

/** A host for texts: what is neither name nor address may be anything. */
function shown(host: string): string {
  if (parseIp(host)?.family === 6) return `[${host}]`
  return isHostName(host) || parseIp(host) !== undefined ? host : JSON.stringify(host.slice(0, longestShown))
}

function plainRefusal(rule: string, subject: string, _vu: number, message: string): AppError {
  return new AppError('NETWORK_DENIED', `${message} (network: ${rule})`, { details: { rule, subject } })
}
