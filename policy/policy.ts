/**
 * What a script may reach and how much it may use, in one object: the two profiles, and what can be put over them. Plain
 * data that a structured clone can copy; the judges are made from it (gate.ts).
 */
import { type Limits, trustedLimits, untrustedLimits } from './limits.js'
import type { NetworkRules } from './network.js'

export type ProfileName = 'trusted' | 'untrusted'

/** Everything, or what one of the patterns says. An empty list is nothing. */
export type Allowed = 'all' | readonly string[]

export interface FileAccess {
  /** Folders, absolute, whose files a script may import, open and load. Its main module may always be read. */
  readonly read: Allowed
  /** Folders, absolute, in which handleSummary may have files written. */
  readonly write: Allowed
}

export interface Policy {
  /** What it was made from: refusals name it. */
  readonly profile: ProfileName
  readonly network: NetworkRules
  /** gRPC methods that may be called: `package.Service/Method`, where `*` stands for any letters. */
  readonly grpcMethods: Allowed
  readonly files: FileAccess
  /** Variables of the environment that a script sees in __ENV, beside those that it is given by name; `*` as above. */
  readonly env: Allowed
  /** Modules that may be imported: names of k6's, and URLs of remote ones; `*` as above. */
  readonly modules: Allowed
  readonly limits: Limits
}

/** For scripts of one's own: everything is open, and no script takes the machine down. */
export const trustedPolicy: Policy = Object.freeze<Policy>({
  profile: 'trusted',
  network: { default: 'allow', privateRanges: 'open', allow: [], deny: [] },
  grpcMethods: 'all',
  files: { read: 'all', write: 'all' },
  env: 'all',
  modules: 'all',
  limits: trustedLimits,
})

/**
 * For scripts of strangers: nothing is open but what is listed, and each run has a process of its own. The modules of k6 do
 * nothing by themselves that the rest does not judge, and methods are those of servers that must be listed: both are open.
 */
export const untrustedPolicy: Policy = Object.freeze<Policy>({
  profile: 'untrusted',
  // No mail, whatever is allowed.
  network: { default: 'deny', privateRanges: 'closed', allow: [], deny: ['*:25'] },
  grpcMethods: 'all',
  files: { read: [], write: [] },
  env: [],
  modules: ['k6', 'k6/*'],
  limits: untrustedLimits,
})

/** The policy of a profile. */
export const profiles: Readonly<Record<ProfileName, Policy>> = { trusted: trustedPolicy, untrusted: untrustedPolicy }
