/** Judges of the network for tests. */
import type { Refusal } from '../../policy/audit.js'
import { Gate } from '../../policy/gate.js'
import type { NetworkPolicy, NetworkRules } from '../../policy/network.js'
import { trustedPolicy, untrustedPolicy } from '../../policy/policy.js'

/** What is open but for what `rules` say. */
export function networkOf(rules: Partial<NetworkRules>): NetworkPolicy {
  return new Gate({ ...trustedPolicy, network: { ...trustedPolicy.network, ...rules } }).network
}

/** What is closed but for what `rules` say, and the record of refusals. */
export function closedNetwork(
  rules: Partial<NetworkRules>,
  ownAddresses: readonly string[] = [],
): { network: NetworkPolicy; refusals: (Refusal & { vu: number })[] } {
  const refusals: (Refusal & { vu: number })[] = []
  const policy = { ...untrustedPolicy, network: { ...untrustedPolicy.network, ...rules } }
  const gate = new Gate(policy, (refusal, vu) => refusals.push({ ...refusal, vu }), ownAddresses)
  return { network: gate.network, refusals }
}

/** Public addresses, and none of a private range. */
export const publicOnly = networkOf({ privateRanges: 'closed' })
