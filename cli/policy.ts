/**
 * The policy of a command: a file or a profile, and what the flags add to it. A flag that allows something narrows what was
 * open for all to what is listed; where there is a list already it makes the list longer.
 */
import { AppError } from '../errors.js'
import { limitsFrom } from '../policy/limits.js'
import { meant } from '../policy/nearest-name.js'
import type { Allowed, Policy, ProfileName } from '../policy/policy.js'
import { readPolicyFile } from '../policy/policy-file.js'
import {
  type CheckEntry,
  checkEnvPattern,
  checkFolder,
  checkMethodPattern,
  checkModulePattern,
  checkNetworkRule,
  entryFrom,
  policyFrom,
  profileNames,
} from '../policy/policy-input.js'
import type { PolicyFlags } from './policy-flags.js'

type ListFlag = {
  [N in keyof PolicyFlags]-?: PolicyFlags[N] extends string[] | undefined ? N : never
}[keyof PolicyFlags]

/**
 * Without a profile and a file, the script is trusted.
 *
 * @throws {AppError} USAGE for a profile or a pair that is none, POLICY_INVALID, OPTIONS_INVALID for a limit that is none
 */
export function commandPolicy(values: PolicyFlags): Policy {
  const pairs = limitPairs(values.limit ?? [])
  const baseFolder = process.cwd()
  const base = basePolicy(values, baseFolder)
  const list = (flag: ListFlag, check: CheckEntry) =>
    (values[flag] ?? []).map((entry) => entryFrom(entry, `--${flag}`, check))
  const over = (allowed: Allowed, flag: ListFlag, check: CheckEntry) => narrowed(allowed, list(flag, check))
  const folder = checkFolder(baseFolder)
  const allow = list('allow-net', checkNetworkRule)
  const { network, files } = base
  return Object.freeze({
    profile: base.profile,
    network: {
      ...network,
      default: allow.length > 0 ? 'deny' : network.default,
      allow: [...network.allow, ...allow],
      deny: [...network.deny, ...list('deny-net', checkNetworkRule)],
    },
    grpcMethods: over(base.grpcMethods, 'allow-grpc', checkMethodPattern),
    files: { read: over(files.read, 'allow-read', folder), write: over(files.write, 'allow-write', folder) },
    env: over(base.env, 'allow-env', checkEnvPattern),
    modules: over(base.modules, 'allow-module', checkModulePattern),
    limits: limitsFrom(pairs, base.limits),
  } satisfies Policy)
}

function basePolicy(values: PolicyFlags, baseFolder: string): Policy {
  const profile = profileOf(values.profile)
  if (values.policy === undefined) return policyFrom({}, { baseFolder, profile: profile ?? 'trusted' })
  return readPolicyFile(values.policy, profile)
}

function profileOf(text: string | undefined): ProfileName | undefined {
  if (text === undefined) return undefined
  const found = profileNames.find((name) => name === text)
  if (found !== undefined) return found
  throw new AppError(
    'USAGE',
    `invalid argument "${text}" for "--profile" flag: a profile is one of ${profileNames.join(' and ')}`,
    meant(text, profileNames),
  )
}

function narrowed(allowed: Allowed, more: readonly string[]): Allowed {
  if (more.length === 0) return allowed
  return allowed === 'all' ? more : [...allowed, ...more]
}

function limitPairs(limits: readonly string[]): [string, string][] {
  return limits.map((limit) => {
    if (!/^[^=]+=./.test(limit)) {
      throw new AppError('USAGE', `invalid argument "${limit}" for "--limit" flag: name=value is needed`)
    }
    const equals = limit.indexOf('=')
    return [limit.slice(0, equals), limit.slice(equals + 1)]
  })
}
