/** The addresses of this machine, for the judge of the network: an untrusted script may not reach it by any of them. */
import { networkInterfaces } from 'node:os'

/** As they are now, in text form. Without their zones. */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return [...new Set(all.map(({ address }) => address.replace(/%.*$/, '')))]
}
