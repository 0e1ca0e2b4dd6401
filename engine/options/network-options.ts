/**
 * The options about names, addresses and TLS: reads them and refuses what k6 refuses. Only syntax is checked here;
 * whether an address may be dialled is the policy's business.
 */
import { parseDuration } from '../../go/duration.js'
import { GoSyntaxError } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'
import { clientPair } from '../../host/net/tls.js'
import { isIP, parseCidr } from './ip-syntax.js'
import {
  fieldFor,
  isJsonObject,
  readField,
  readPlainString,
  readString,
  readStringMap,
  readStrings,
  sortedKeys,
  typeError,
} from './json-reader.js'

export const dnsSelects = ['first', 'random', 'roundRobin'] as const
export const dnsPolicies = ['preferIPv4', 'preferIPv6', 'onlyIPv4', 'onlyIPv6', 'any'] as const
export type DnsSelect = (typeof dnsSelects)[number]
export type DnsPolicy = (typeof dnsPolicies)[number]

/** How names are resolved, as far as it was said. */
export interface DnsSpec {
  /** `inf`, `0` or a duration; see `parseDnsTtl`. */
  readonly ttl?: string
  readonly select?: DnsSelect
  readonly policy?: DnsPolicy
}

export const tlsVersions = ['tls1.0', 'tls1.1', 'tls1.2', 'tls1.3'] as const
export type TlsVersion = (typeof tlsVersions)[number]

/** Which TLS versions may be used; a missing end is open. */
export interface TlsVersionRange {
  readonly min?: TlsVersion
  readonly max?: TlsVersion
}

/** A client certificate for connections; PEM texts. */
export interface TlsAuth {
  readonly cert: string
  readonly key: string
  readonly password?: string
  /** Names of hosts that it is for; none means all. */
  readonly domains?: readonly string[]
}

const dayMs = 86_400_000

function enumValue<T extends string>(names: readonly T[], type: string, text: string): T {
  const found = names.find((name) => name === text)
  if (found === undefined) throw new GoSyntaxError(`${text} does not belong to ${type} values`)
  return found
}

/** Reads the option `dns` of a script; undefined for null. */
export function readDns(value: unknown): DnsSpec | undefined {
  if (value === null) return undefined
  if (!isJsonObject(value))
    throw typeError(
      value,
      'struct { TTL null.String "json:\\"ttl\\""; Select types.NullDNSSelect "json:\\"select\\""; Policy types.NullDNSPolicy "json:\\"policy\\"" }',
    )
  let spec: DnsSpec = {}
  for (const key of sortedKeys(value)) {
    const member = value[key]
    const field = fieldFor(['ttl', 'select', 'policy'], key)
    if (field === undefined || member === null) continue
    if (field === 'ttl') spec = { ...spec, ttl: readField('', field, () => readString(member)) }
    else {
      const text = readField('', field, () => readPlainString(member))
      if (field === 'select') spec = { ...spec, select: enumValue(dnsSelects, 'DNSSelect', text) }
      else spec = { ...spec, policy: enumValue(dnsPolicies, 'DNSPolicy', text) }
    }
  }
  return spec
}

/** Reads `ttl=5m,select=random,policy=preferIPv4`, each part optional. */
export function parseDns(text: string): DnsSpec {
  let spec: DnsSpec = {}
  // k6 takes its own default for "nothing was said"
  if (text === 'ttl=5m,select=random,policy=preferIPv4') return spec
  for (const part of text.split(',')) {
    const equals = part.indexOf('=')
    const [key, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]
    if (value === '') throw new GoSyntaxError(`no value for key ${part}`)
    if (key === 'ttl') spec = { ...spec, ttl: value }
    else if (key === 'select') spec = { ...spec, select: enumValue(dnsSelects, 'DNSSelect', value) }
    else if (key === 'policy') spec = { ...spec, policy: enumValue(dnsPolicies, 'DNSPolicy', value) }
    else throw new GoSyntaxError(`unknown DNS configuration field: ${key}`)
  }
  return spec
}

/**
 * How long an address may be remembered, in ms; 0 is not at all.
 *
 * @throws {GoSyntaxError} `invalid DNS TTL: x`
 */
export function parseDnsTtl(text: string): number {
  if (text === 'inf') return 365 * dayMs
  let ttlMs: number
  try {
    ttlMs = parseDuration(text === '' ? '5m' : text)
  } catch {
    throw new GoSyntaxError(`invalid DNS TTL: ${text}`)
  }
  if (ttlMs < 0) throw new GoSyntaxError(`invalid DNS TTL: ${text}`)
  return ttlMs
}

const maxHostLength = 260

/** A host name, or the end of one after `*` or `*.`; nothing else but `*` is a pattern too. Lower case only. */
function isHostPattern(text: string, mayHavePort: boolean): boolean {
  if (text.length > maxHostLength) return false
  const name = (mayHavePort ? text.replace(/:[0-9]{1,5}$/, '') : text).replace(/^\*\.?/, '')
  return name === '' || name.split('.').every((label) => /^[a-z0-9-]+$/.test(label) && !/^-|-$/.test(label))
}

/** Reads the option `hosts`: patterns in lower case to `ip` or `ip:port`; undefined for null. */
export function readHosts(value: unknown): Map<string, string> | undefined {
  const texts = readStringMap(value)
  if (texts === undefined) return undefined
  const hosts = new Map<string, string>()
  for (const [pattern, target] of texts) {
    const lower = pattern.toLowerCase()
    if (!isHostPattern(lower, true)) throw new GoSyntaxError(`invalid host pattern '${lower}'`)
    hosts.set(lower, checkedTarget(target))
  }
  return hosts
}

/** k6 takes anything here and then cannot dial; a name or a typo is better refused at once. */
function checkedTarget(target: string): string {
  const withPort = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]+)):([0-9]+)$/.exec(target)
  const address = withPort ? (withPort[1] ?? withPort[2] ?? '') : target
  if (!isIP(address)) throw new GoSyntaxError(`hosts: '${target}' is not an IP address with an optional port`)
  return target
}

/** Refuses patterns that are no host names with an optional leading `*`. */
export function checkHostnames(patterns: readonly string[]): readonly string[] {
  for (const pattern of patterns) {
    const lower = pattern.toLowerCase()
    if (!isHostPattern(lower, false)) throw new GoSyntaxError(`invalid hostname pattern '${lower}'`)
  }
  return patterns
}

/** A network of `blacklistIPs`. @throws {GoSyntaxError} */
export function readCidr(value: unknown): string {
  const text = readPlainString(value)
  try {
    return parseCidr(text)
  } catch (e) {
    throw new GoSyntaxError(`failed to parse CIDR '${text}': ${(e as Error).message}`)
  }
}

function tlsVersion(text: string): TlsVersion | undefined {
  if (text === '') return undefined
  const found = tlsVersions.find((version) => version === text)
  if (found === undefined) throw new GoSyntaxError(`unknown TLS version '${text}'`)
  return found
}

/** Reads `"tls1.2"` or `{min, max}`; undefined for null. */
export function readTlsVersion(value: unknown): TlsVersionRange | undefined {
  if (value === null) return undefined
  if (typeof value === 'string') {
    const only = tlsVersion(value)
    return { min: only, max: only }
  }
  if (!isJsonObject(value)) throw typeError(value, 'lib.tlsVersionsFields')
  let range: TlsVersionRange = {}
  for (const key of sortedKeys(value)) {
    const field = fieldFor(['min', 'max'], key)
    if (field === undefined) throw new GoSyntaxError(`json: unknown field ${goQuote(key)}`)
    range = { ...range, [field]: tlsVersion(readField('tlsVersionsFields', field, () => readPlainString(value[key]))) }
  }
  return range
}

const tlsCipherSuites = new Map<number, string>([
  [0x0005, 'TLS_RSA_WITH_RC4_128_SHA'],
  [0x000a, 'TLS_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0x002f, 'TLS_RSA_WITH_AES_128_CBC_SHA'],
  [0x0035, 'TLS_RSA_WITH_AES_256_CBC_SHA'],
  [0x003c, 'TLS_RSA_WITH_AES_128_CBC_SHA256'],
  [0x009c, 'TLS_RSA_WITH_AES_128_GCM_SHA256'],
  [0x009d, 'TLS_RSA_WITH_AES_256_GCM_SHA384'],
  [0xc007, 'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA'],
  [0xc009, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
  [0xc00a, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
  [0xc011, 'TLS_ECDHE_RSA_WITH_RC4_128_SHA'],
  [0xc012, 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0xc013, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'],
  [0xc014, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  [0xc023, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256'],
  [0xc027, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256'],
  [0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  [0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  [0xc030, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  [0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
  [0xcca8, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305'],
  [0xcca9, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305'],
  [0x1301, 'TLS_AES_128_GCM_SHA256'],
  [0x1302, 'TLS_AES_256_GCM_SHA384'],
  [0x1303, 'TLS_CHACHA20_POLY1305_SHA256'],
])
const tlsCipherSuiteNames = new Set(tlsCipherSuites.values())

/** Reads the names of cipher suites; undefined for null. */
export function readTlsCipherSuites(value: unknown): string[] | undefined {
  const names = readStrings(value)
  const stranger = names?.find((name) => !tlsCipherSuiteNames.has(name))
  if (stranger !== undefined) throw new GoSyntaxError(`unknown cipher suite '${stranger}'`)
  return names
}

/** Reads the comma-separated numbers (`0xc02f`), as the environment has them, or names of cipher suites. */
export function parseTlsCipherSuites(text: string): string[] {
  return text.split(',').map((part) => {
    const name = /^(0x)?[0-9a-fA-F]+$/.test(part) ? tlsCipherSuites.get(Number(part)) : part
    if (name === undefined || !tlsCipherSuiteNames.has(name)) throw new GoSyntaxError(`unknown cipher suite '${part}'`)
    return name
  })
}

/** Reads one client certificate, which must fit its key. */
export function readTlsAuth(value: unknown): TlsAuth {
  if (!isJsonObject(value)) throw typeError(value, 'lib.TLSAuthFields')
  let auth: TlsAuth = { cert: '', key: '' }
  for (const key of sortedKeys(value)) {
    const member = value[key]
    const field = fieldFor(['cert', 'key', 'password', 'domains'], key)
    if (field === undefined) throw new GoSyntaxError(`json: unknown field ${goQuote(key)}`)
    if (field === 'domains') auth = { ...auth, domains: readField('TLSAuthFields', field, () => readStrings(member)) }
    else if (field === 'password')
      auth = { ...auth, password: readField('TLSAuthFields', field, () => readString(member)) }
    else auth = { ...auth, [field]: readField('TLSAuthFields', field, () => readPlainString(member)) }
  }
  try {
    clientPair(auth.cert, auth.key, auth.password)
  } catch (e) {
    throw new GoSyntaxError((e as Error).message)
  }
  return auth
}
