/**
 * Turns the address a script gave into IP addresses that may be dialled, one or all: hosts mapping, blocked names, look-up,
 * choice, blacklist, policy, in k6's order. It never dials; names go to the look-up function it was given.
 */
import { AppError, isAppError } from '../errors.js'
import { requirePackage } from '../package-root.js'
import { type IpAddress, isInRange, parseIp, parseIpRange } from '../policy/ip-address.js'
import { type CheckedAddress, NetworkPolicy, type NetworkUse } from '../policy/network.js'
import { isHostName, parseHostPort, parseTarget, type Target, TargetError } from '../policy/target.js'
import { HostPatternMap } from './host-pattern.js'

const nodeDns = () => requirePackage('node:dns') as typeof import('node:dns')

/** Why no connection came about, in k6's words. */
export class DialError extends Error {
  constructor(
    message: string,
    /** True when another try may help, so that a blocking dial waits for its whole timeout. */
    readonly isTemporary: boolean,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
  }
}

/** Finds all addresses of a name. `signal` ends the wait. Rejects with an error whose `code` is one of Node's DNS codes. */
export type Lookup = (name: string, signal: AbortSignal | undefined) => Promise<readonly string[]>

/** Gives the addresses to dial for what a script wrote. */
export interface NameResolver {
  /**
   * @throws {DialError} with the text that follows "error while dialing: "
   * @throws {AppError} `NETWORK_DENIED` from the policy
   */
  resolve(target: string, use: NetworkUse, signal?: AbortSignal): Promise<CheckedAddress>
  /**
   * All addresses of the name that the options leave open, at least one.
   *
   * @throws what `resolve` throws
   */
  resolveAll(target: string, use: NetworkUse, signal?: AbortSignal): Promise<readonly CheckedAddress[]>
}

interface Answer {
  readonly addresses: readonly IpAddress[]
  turn: number
}

export interface ResolverOptions {
  /** k6's option `hosts`: pattern, perhaps with a port, to IP, perhaps with a port. */
  hosts?: ReadonlyMap<string, string>
  /** k6's option `blockHostnames`. */
  blockHostnames?: readonly string[]
  /** k6's option `blacklistIPs`, in CIDR form. */
  blacklistIps?: readonly string[]
  /** How long an answer is kept, in milliseconds. Infinity: for ever; 0: not at all. */
  ttlMs?: number
  select?: 'first' | 'random' | 'roundRobin'
  policy?: 'preferIPv4' | 'preferIPv6' | 'onlyIPv4' | 'onlyIPv6' | 'any'
  network?: NetworkPolicy
  /** Given for a check: nothing is resolved, which closes the network, and this is told of each target. */
  onClosed?: (target: string) => void
  lookup?: Lookup
  /** A number from 0 up to 1, for `select: 'random'`. */
  random?: () => number
  /** The present, in milliseconds. */
  now?: () => number
}

const loopback = ['127.0.0.1', '::1'].flatMap((text) => parseIp(text) ?? [])
const defaultTtlMs = 5 * 60_000
/** Answers kept at once; the oldest goes first. */
const cacheLimit = 1000

/** k6's resolver. One for all virtual users of a run, so that they share its memory. */
export class HostResolver implements NameResolver {
  readonly #options: ResolverOptions
  readonly #hosts: HostPatternMap<string>
  readonly #blocked: HostPatternMap<undefined>
  readonly #blacklist: { text: string; range: NonNullable<ReturnType<typeof parseIpRange>> }[]
  readonly #network: NetworkPolicy
  readonly #answers = new Map<string, Answer & { untilMs: number }>()

  constructor(options: ResolverOptions = {}) {
    this.#options = options
    this.#hosts = new HostPatternMap(options.hosts ?? [])
    this.#blocked = new HostPatternMap((options.blockHostnames ?? []).map((pattern) => [pattern, undefined]))
    this.#blacklist = (options.blacklistIps ?? []).map((text) => {
      const range = parseIpRange(text)
      if (!range) throw new DialError(`failed to parse CIDR '${text}'`, false)
      return { text: range.text, range }
    })
    this.#network = options.network ?? NetworkPolicy.allowAll
  }

  async resolve(target: string, use: NetworkUse, signal?: AbortSignal): Promise<CheckedAddress> {
    const { ips, ...rest } = await this.#find(target, use, signal, (all, answer) => [this.#pick(all, answer)])
    const ip = ips[0] as IpAddress
    const closed = this.#blacklisted(ip)
    if (closed) throw closed
    return this.#network.check({ ...rest, ip }, use)
  }

  async resolveAll(target: string, use: NetworkUse, signal?: AbortSignal): Promise<readonly CheckedAddress[]> {
    const { ips, ...rest } = await this.#find(target, use, signal, (all) => all)
    const open = ips.filter((ip) => !this.#blacklisted(ip))
    if (open.length === 0) throw this.#blacklisted(ips[0] as IpAddress)
    return open.map((ip) => this.#network.check({ ...rest, ip }, use))
  }

  /** The addresses of a target, at least one; `choose` takes some of those that a name has. */
  async #find(
    target: string,
    use: NetworkUse,
    signal: AbortSignal | undefined,
    choose: (candidates: readonly IpAddress[], answer: Answer) => readonly IpAddress[],
  ): Promise<{ hostName: string; ips: readonly IpAddress[]; port: number; isLookedUp: boolean }> {
    if (this.#options.onClosed !== undefined) {
      this.#options.onClosed(target)
      throw new AppError('NETWORK_DENIED', `${target} was not called: a check reaches no network`)
    }
    const { endpoint, host, port } = split(target, use)
    const literal = parseIp(host)
    const blocked = literal ? undefined : this.#blocked.find(host)
    if (blocked) throw new DialError(`hostname (${host}) is in a blocked pattern (${blocked.pattern})`, true)
    const mapped = this.#mapped(endpoint, host)
    const only = mapped?.ip ?? literal
    const isLookedUp = only === undefined
    // k6 looks a name up before it reads the port; rules have ports in them.
    const early = isLookedUp && this.#network.hasRules ? readPort(port) : undefined
    const ips = only ? [only] : await this.#addressesOf(host, early, use, signal, choose)
    return { hostName: host, ips, port: mapped?.port ?? early ?? readPort(port), isLookedUp }
  }

  #blacklisted(ip: IpAddress): DialError | undefined {
    const rule = this.#blacklist.find(({ range }) => isInRange(ip, range))
    return rule && new DialError(`IP (${ip.text}) is in a blacklisted range (${rule.text})`, true)
  }

  #mapped(endpoint: string, host: string): { ip: IpAddress; port?: number } | undefined {
    const found = this.#hosts.find(endpoint) ?? this.#hosts.find(host)
    if (!found) return undefined
    const whole = parseIp(found.value)
    if (whole) return { ip: whole }
    const { host: ipText, port } = reading(() => parseHostPort(found.value))
    const ip = parseIp(ipText)
    if (!ip) throw new DialError(`address ${found.value}: the hosts option must map to an IP address`, false)
    return { ip, port: readPort(port) }
  }

  /** `port` is there when there are rules. */
  async #addressesOf(
    host: string,
    port: number | undefined,
    use: NetworkUse,
    signal: AbortSignal | undefined,
    choose: (candidates: readonly IpAddress[], answer: Answer) => readonly IpAddress[],
  ): Promise<readonly IpAddress[]> {
    if (port !== undefined) this.#network.checkName(host, port, use)
    const isOurs = port !== undefined && /^localhost\.?$/i.test(host)
    const answer = isOurs ? this.#localhost(host, port, use) : await this.#answer(host, signal)
    const candidates = preferred(answer.addresses, this.#options.policy ?? 'preferIPv4')
    if (candidates.length === 0) throw new DialError(`lookup ${host}: no such host`, false)
    // A name that also resolves to a closed address is refused as a whole, so that the choice cannot be gambled on.
    if (port !== undefined) {
      for (const ip of answer.addresses) this.#network.check({ hostName: host, ip, port, isLookedUp: true }, use)
    }
    return choose(candidates, answer)
  }

  /** Without a look-up, where there are rules: nobody else may say what it is. Those addresses of it that are open. */
  #localhost(host: string, port: number, use: NetworkUse): Answer {
    const all = loopback.map((ip) => ({ hostName: host, ip, port, isLookedUp: true }))
    const open = all.filter((to) => this.#network.allows(to, use))
    // Refuses in words.
    if (open.length === 0) this.#network.check(all[0]!, use)
    return { addresses: open.map(({ ip }) => ip), turn: 0 }
  }

  #pick(candidates: readonly IpAddress[], answer: Answer): IpAddress {
    const select = this.#options.select ?? 'random'
    const random = this.#options.random ?? Math.random
    let at = 0
    if (select === 'random') at = Math.floor(random() * candidates.length)
    if (select === 'roundRobin') at = answer.turn++ % candidates.length
    return candidates[at] as IpAddress
  }

  async #answer(host: string, signal: AbortSignal | undefined): Promise<Answer> {
    const now = this.#options.now ?? Date.now
    const key = host.toLowerCase()
    const kept = this.#answers.get(key)
    if (kept && kept.untilMs > now()) return kept
    if (!isHostName(host)) throw noSuchHost(host)
    const texts = await this.#lookUp(host, signal)
    const addresses = texts.map(parseIp).filter((ip) => ip !== undefined)
    const answer = { addresses, untilMs: now() + (this.#options.ttlMs ?? defaultTtlMs), turn: 0 }
    this.#answers.delete(key)
    if (answer.untilMs > now()) this.#answers.set(key, answer)
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= cacheLimit) break
      this.#answers.delete(oldest)
    }
    return answer
  }

  async #lookUp(host: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
    try {
      return await (this.#options.lookup ?? lookupByOs)(host, signal)
    } catch (e) {
      if (isAppError(e)) throw e
      const code = e instanceof Error && 'code' in e ? e.code : undefined
      if (code === 'EAI_AGAIN' || code === 'ETIMEOUT') {
        throw new DialError(`lookup ${host}${onServer()}: server misbehaving`, true, e)
      }
      throw noSuchHost(host, e)
    }
  }
}

/** Asks the operating system, as other programs of the machine do. */
const lookupByOs: Lookup = (name, signal) =>
  new Promise((resolve, reject) => {
    const onAbort = () => reject(new DialError(`lookup ${name}: i/o timeout`, true))
    signal?.addEventListener('abort', onAbort, { once: true })
    nodeDns().lookup(name, { all: true, verbatim: true }, (error, found) => {
      signal?.removeEventListener('abort', onAbort)
      if (error) reject(error)
      else resolve(found.map(({ address }) => address))
    })
  })

/** Only gRPC has schemes of its own in a target: to HTTP `dns:80` is a host. */
function split(target: string, { scheme }: NetworkUse): Target {
  return reading(() => (scheme === 'http' || scheme === 'https' ? parseHostPort(target) : parseTarget(target)))
}

function reading(parse: () => Target): Target {
  try {
    return parse()
  } catch (e) {
    if (e instanceof TargetError) throw new DialError(e.message, false, e)
    throw e
  }
}

function readPort(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new DialError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`, true)
  const port = Number(text)
  if (port < 0 || port > 65535) throw new DialError(`dial tcp: address ${port}: invalid port`, false)
  return port
}

function preferred(all: readonly IpAddress[], policy: NonNullable<ResolverOptions['policy']>): readonly IpAddress[] {
  if (policy === 'any') return all
  const wanted = all.filter(({ family }) => family === (policy.endsWith('IPv4') ? 4 : 6))
  return wanted.length > 0 || policy.startsWith('only') ? wanted : all
}

function noSuchHost(host: string, cause?: unknown): DialError {
  return new DialError(`lookup ${host}${onServer()}: no such host`, false, cause)
}

/** Go names the server that it asked. */
function onServer(): string {
  const server = nodeDns().getServers()[0]
  if (!server) return ''
  if (server.startsWith('[') || /^[\d.]+:\d+$/.test(server)) return ` on ${server}`
  return ` on ${server.includes(':') ? `[${server}]` : server}:53`
}
