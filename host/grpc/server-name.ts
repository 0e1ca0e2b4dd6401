/** The names that an address and an authority, as a script gives them, have for the wire and for TLS. Resolves nothing. */
import { parseTarget, type Target, TargetError } from '../../policy/target.js'

/** The address without its scheme. */
export function endpointOf(address: string): string {
  return targetOf(address).endpoint
}

/** The name that a certificate must have and that client certificates are chosen by: the authority's, if there is one. */
export function serverNameOf(address: string, authority: string | undefined): string {
  return authority ? hostOf(authority) : targetOf(address).host
}

/** A bad address fails when it is dialled, with the dial's text. */
function targetOf(address: string): Pick<Target, 'endpoint' | 'host'> {
  try {
    return parseTarget(address)
  } catch (e) {
    if (e instanceof TargetError) return { endpoint: address, host: address }
    throw e
  }
}

/** The name in an authority, which may have a port. */
function hostOf(authority: string): string {
  try {
    return parseTarget(authority).host
  } catch {
    return authority.replace(/^\[(.*)\]$/, '$1')
  }
}
