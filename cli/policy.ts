/** The policy of a command: a profile, and what the flags say over it. */
import { limitsFrom } from '../policy/limits.js'
import { type Policy, trustedPolicy } from '../policy/policy.js'
import type { RunSettings } from './settings.js'

/** @throws {AppError} OPTIONS_INVALID for a limit that is none */
export function policyFrom({ limits }: Pick<RunSettings, 'limits'>): Policy {
  return { ...trustedPolicy, limits: limitsFrom(limits, trustedPolicy.limits) }
}
