/** The policy of a run from what its caller says: a profile, and what is said over it. */
import { AppError } from '../errors.js'
import { type LimitName, type Limits, parseLimit } from '../policy/limits.js'
import type { NetworkRules } from '../policy/network.js'
import { type Allowed, type FileAccess, type Policy, type ProfileName, profiles } from '../policy/policy.js'

/** A policy as one writes it: what is left out is as in the profile. The same shape as a policy file. */
export interface PolicyInput {
  /** `untrusted` when left out. */
  readonly profile?: ProfileName
  readonly network?: Partial<NetworkRules>
  readonly grpcMethods?: Allowed
  readonly files?: Partial<FileAccess>
  readonly env?: Allowed
  readonly modules?: Allowed
  /** Numbers, or texts such as `64mb`, `2s` and `none`. */
  readonly limits?: Partial<Record<LimitName, number | string>>
}

const keys = ['profile', 'network', 'grpcMethods', 'files', 'env', 'modules', 'limits']

/** @throws {AppError} POLICY_INVALID */
export function policyOf(input: PolicyInput = {}): Policy {
  const unknown = Object.keys(input).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw invalid(unknown, 'there is no such key')
  const { profile = 'untrusted', network, files, limits = {}, ...lists } = input
  if (!Object.hasOwn(profiles, profile)) throw invalid('profile', 'it is trusted or untrusted')
  const base = profiles[profile]
  const changed: [string, number][] = Object.entries(limits).map(([name, value]) => [name, limitOf(name, value)])
  return {
    ...base,
    ...lists,
    network: { ...base.network, ...network },
    files: { ...base.files, ...files },
    limits: { ...base.limits, ...(Object.fromEntries(changed) as Partial<Limits>) },
  }
}

function limitOf(name: string, value: unknown): number {
  try {
    return parseLimit(name, value === Number.POSITIVE_INFINITY ? 'none' : String(value))
  } catch (e) {
    throw invalid(`limits.${name}`, (e as Error).message)
  }
}

const invalid = (path: string, why: string) => new AppError('POLICY_INVALID', `policy.${path}: ${why}`)
