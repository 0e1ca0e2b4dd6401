/**
 * A policy as people write it, in a file or in a program, made into a `Policy`: what is not said comes from the profile.
 * Strict: a key that is unknown or a value that is not understood is a mistake, since a misspelt rule protects nobody.
 */
import { resolve } from 'node:path'
import { AppError, isAppError } from '../errors.js'
import { type LimitName, type Limits, limitNames, parseLimit } from './limits.js'
import { meant } from './nearest-name.js'
import { NetworkPolicy, type NetworkRules } from './network.js'
import { type Allowed, type FileAccess, type Policy, type ProfileName, profiles } from './policy.js'

/** What a policy file or a program may say. Everything may be left out. */
export interface PolicyInput {
  /** What the rest is put over; `untrusted` when nothing is said. */
  readonly profile?: ProfileName
  readonly network?: Partial<NetworkRules>
  readonly grpcMethods?: Allowed
  /** Relative folders begin at the base folder: that of the policy file, or the working directory. */
  readonly files?: Partial<FileAccess>
  readonly env?: Allowed
  readonly modules?: Allowed
  /** Numbers in bytes and ms, or texts such as `64mb`, `2s` and `none`. */
  readonly limits?: Partial<Record<LimitName, number | string>>
}

export interface PolicySource {
  /** Where relative folders begin; absolute. */
  readonly baseFolder: string
  /** Stronger than the input's own. */
  readonly profile?: ProfileName
}

const maxEntries = 1000
const maxLetters = 500
const maxPathLetters = 4096
/** C0 and DEL: no name of anything has them. */
const controls = /[\u0000-\u001f\u007f]/

export const profileNames = Object.keys(profiles) as readonly ProfileName[]

/**
 * The policy that `input` describes. Lists take the place of the profile's, but that `network.deny` makes its one longer;
 * limits are put over the profile's.
 *
 * @throws {AppError} POLICY_INVALID, with the path of the mistake (`limits.memoryBytes`, `network.allow[2]`) in text and details
 */
export function policyFrom(input: unknown, { baseFolder, profile }: PolicySource): Policy {
  const read = membersOf(input, '', policyKeys)
  const own = read('profile', profileFrom)
  const base = profiles[profile ?? own ?? 'untrusted']
  const list = (key: string, check: CheckEntry) => read(key, (value, path) => allowedFrom(value, path, check))
  return Object.freeze({
    profile: base.profile,
    network:
      read('network', (value, path) => networkFrom(value, path, base.network, profile === undefined)) ?? base.network,
    grpcMethods: list('grpcMethods', checkMethodPattern) ?? base.grpcMethods,
    files: read('files', (value, path) => filesFrom(value, path, base.files, baseFolder)) ?? base.files,
    env: list('env', checkEnvPattern) ?? base.env,
    modules: list('modules', checkModulePattern) ?? base.modules,
    limits: read('limits', (value, path) => limitsOver(base.limits, value, path)) ?? base.limits,
  })
}

const policyKeys = ['profile', 'network', 'grpcMethods', 'files', 'env', 'modules', 'limits'] as const
const networkKeys = ['default', 'privateRanges', 'allow', 'deny'] as const
const fileKeys = ['read', 'write'] as const

/** Throws for an entry of a list that is none; answers how the policy has it. */
export type CheckEntry = (text: string, path: string) => string

function profileFrom(value: unknown, path: string): ProfileName {
  return oneOf(value, path, profileNames)
}

/** @param isOwn false when another profile was asked for than the one that the rules were written for */
function networkFrom(value: unknown, path: string, base: NetworkRules, isOwn: boolean): NetworkRules {
  const read = membersOf(value, path, networkKeys)
  const rules = (at: unknown, where: string) => listFrom(at, where, checkNetworkRule)
  const network: NetworkRules = {
    default: read('default', (at, where) => oneOf(at, where, ['allow', 'deny'] as const)) ?? base.default,
    privateRanges:
      read('privateRanges', (at, where) => oneOf(at, where, ['open', 'closed'] as const)) ?? base.privateRanges,
    allow: read('allow', rules) ?? base.allow,
    // What a profile denies it denies whatever is listed.
    deny: [...base.deny, ...(read('deny', rules) ?? [])],
  }
  // Whoever lists places means to close the others.
  if (isOwn && network.allow.length > 0 && network.default === 'allow' && network.privateRanges === 'open') {
    throw mistake(`${path}.allow`, 'the list closes nothing, as all is open', 'add default: deny beside it')
  }
  return network
}

function filesFrom(value: unknown, path: string, base: FileAccess, baseFolder: string): FileAccess {
  const read = membersOf(value, path, fileKeys)
  const folders = (at: unknown, where: string) => allowedFrom(at, where, checkFolder(baseFolder))
  return { read: read('read', folders) ?? base.read, write: read('write', folders) ?? base.write }
}

function limitsOver(base: Limits, value: unknown, path: string): Limits {
  const read = membersOf(value, path, limitNames)
  const limits = { ...base }
  for (const name of limitNames) limits[name] = read(name, (at, where) => limitFrom(name, at, where)) ?? base[name]
  return limits
}

function limitFrom(name: LimitName, value: unknown, path: string): number {
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw mistake(path, `${described(value)} is neither a number nor a text such as 64mb`)
  }
  const text = value === Number.POSITIVE_INFINITY ? 'none' : String(value)
  if (text.length > maxLetters) throw mistake(path, `${described(value)} is too long`)
  return prefixed(path, () => parseLimit(name, text))
}

/** The rule, if it is one. Its syntax is the business of the judge. */
export const checkNetworkRule: CheckEntry = (text, path) =>
  prefixed(path, () => {
    const rules: NetworkRules = { default: 'deny', privateRanges: 'closed', allow: [text], deny: [] }
    new NetworkPolicy(rules)
    return text
  })

export const checkMethodPattern: CheckEntry = (text, path) => {
  if (/^[\w.*]+\/[\w*]+$/.test(text) || /^[\w.]*\*$/.test(text)) return text
  throw mistake(path, `${described(text)} is no gRPC method`, 'package.Service/Method, where * stands for any letters')
}

export const checkEnvPattern: CheckEntry = (text, path) => {
  if (!/[=\s]/.test(text)) return text
  throw mistake(path, `${described(text)} is no name of a variable`, 'a name, where * stands for any letters')
}

export const checkModulePattern: CheckEntry = (text, path) => {
  // A * in a host would also stand for a slash: https://*.example.com/ would let https://other.example/x.example.com/ in.
  if (text === '*' || text === 'https://*' || /^k6(?:[/*].*)?$/.test(text) || /^https:\/\/[^/*@\s]+\/\S*$/.test(text)) {
    return text
  }
  throw mistake(
    path,
    `${described(text)} is neither a module of k6 nor the URL of a remote one`,
    'k6/net/grpc, k6/* or https://host/path*, where * stands for any letters; files are the business of files.read',
  )
}

/** A folder, made absolute. */
export const checkFolder =
  (baseFolder: string): CheckEntry =>
  (text, path) => {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
      throw mistake(path, `${described(text)} is a URL`, 'a folder, absolute or relative to the policy file')
    }
    return resolve(baseFolder, text)
  }

function allowedFrom(value: unknown, path: string, check: CheckEntry): Allowed {
  return value === 'all' ? 'all' : listFrom(value, path, check, 'neither a list nor "all"')
}

function listFrom(value: unknown, path: string, check: CheckEntry, isNot = 'not a list'): readonly string[] {
  if (!Array.isArray(value)) throw mistake(path, `${described(value)} is ${isNot}`)
  if (value.length > maxEntries) throw mistake(path, `there are ${value.length} entries; a list may have ${maxEntries}`)
  // Not map(), which leaves holes out.
  return Array.from(value, (entry: unknown, index) => entryFrom(entry, `${path}[${index}]`, check))
}

/** One entry of a list. @throws {AppError} POLICY_INVALID */
export function entryFrom(entry: unknown, path: string, check: CheckEntry): string {
  if (typeof entry !== 'string') throw mistake(path, `${described(entry)} is not a text`)
  if (entry === '') throw mistake(path, 'the text is empty')
  if (entry.length > maxPathLetters)
    throw mistake(path, `the text has ${entry.length} letters; it may have ${maxPathLetters}`)
  if (controls.test(entry)) throw mistake(path, `${described(entry)} has control characters`)
  return check(entry, path)
}

function oneOf<T extends string>(value: unknown, path: string, known: readonly T[]): T {
  const found = known.find((name) => name === value)
  if (found !== undefined) return found
  const near = typeof value === 'string' ? meant(value, known).hint : undefined
  throw mistake(path, `${described(value)} is not one of ${known.join(' and ')}`, near)
}

/** Reads a member that is there; undefined and null are not. */
type ReadMember = <T>(key: string, read: (value: unknown, path: string) => T) => T | undefined

/** The own members of a plain object, all of which are known. */
function membersOf(input: unknown, path: string, known: readonly string[]): ReadMember {
  if (input === undefined || input === null) return () => undefined
  if (typeof input !== 'object' || Object.prototype.toString.call(input) !== '[object Object]') {
    throw mistake(path, `${described(input)} is not an object of ${known.slice(0, 8).join(', ')}`)
  }
  const under = (key: string) => (path === '' ? key : `${path}.${key}`)
  const members = new Map<string, unknown>()
  for (const key of Object.keys(input)) {
    if (!known.includes(key)) {
      const { hint = `there are ${known.join(', ')}` } = meant(key, known)
      throw mistake(under(shortened(key)), 'there is no such key', hint)
    }
    members.set(key, (input as Record<string, unknown>)[key])
  }
  return (key, read) => {
    const value = members.get(key)
    return value === undefined || value === null ? undefined : read(value, under(key))
  }
}

/** An error of a reader that knows nothing of policies, with the path of the mistake. */
function prefixed<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (e) {
    if (!isAppError(e)) throw e
    throw mistake(path, e.message, e.hint)
  }
}

function mistake(path: string, reason: string, hint?: string): AppError {
  return new AppError('POLICY_INVALID', `the policy has a mistake${path === '' ? '' : ` at ${path}`}: ${reason}`, {
    details: { path },
    ...(hint === undefined ? {} : { hint }),
  })
}

const shortened = (text: string): string => {
  const quoted = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
  return /^\w+$/.test(text) && text.length <= 60 ? text : quoted
}

function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return String(value)
}
