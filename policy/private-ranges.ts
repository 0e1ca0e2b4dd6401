/**
 * Ranges of addresses that are nobody's on the internet: this machine, private networks, metadata services, multicast, and
 * what no host has. From the registries of the IANA for special purposes (RFC 6890), and from security practice.
 */

/** In CIDR form. IPv4 inside IPv6 needs no ranges here: the judge takes it out first. */
export const privateRanges: readonly string[] = [
  // This machine, private networks (RFC 1918, RFC 6598) and link-local, where most clouds have their metadata services.
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  // Protocol assignments, examples, benchmarks, the old relays of 6to4.
  ...['192.0.0.0/24', '192.0.2.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '192.88.99.0/24'],
  // A public address that leads to the platform in Azure's machines.
  '168.63.129.16/32',
  // Multicast, reserved, broadcast.
  ...['224.0.0.0/4', '240.0.0.0/4'],
  // The same in IPv6; the last two of the first line are the old form of IPv4 in IPv6, and NAT64 within a network.
  ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8', '::/96', '64:ff9b:1::/48'],
  ...['100::/64', '100:0:0:1::/64', '2001::/23', '2001:db8::/32', '3fff::/20', '5f00::/16'],
]
