/** Names of signature algorithms, those of Go's crypto/x509. */
import { DerReader, derTag, readOid } from './der.js'

const names: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2-RSA',
  '1.2.840.113549.1.1.4': 'MD5-RSA',
  '1.2.840.113549.1.1.5': 'SHA1-RSA',
  '1.3.14.3.2.29': 'SHA1-RSA',
  '1.2.840.113549.1.1.11': 'SHA256-RSA',
  '1.2.840.113549.1.1.12': 'SHA384-RSA',
  '1.2.840.113549.1.1.13': 'SHA512-RSA',
  '1.2.840.10040.4.3': 'DSA-SHA1',
  '2.16.840.1.101.3.4.3.2': 'DSA-SHA256',
  '1.2.840.10045.4.1': 'ECDSA-SHA1',
  '1.2.840.10045.4.3.2': 'ECDSA-SHA256',
  '1.2.840.10045.4.3.3': 'ECDSA-SHA384',
  '1.2.840.10045.4.3.4': 'ECDSA-SHA512',
  '1.3.101.112': 'Ed25519',
}
const rsaPss = '1.2.840.113549.1.1.10'
const pssHashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'SHA256-RSAPSS',
  '2.16.840.1.101.3.4.2.2': 'SHA384-RSAPSS',
  '2.16.840.1.101.3.4.2.3': 'SHA512-RSAPSS',
}
/** What Go shows for one that it does not know. */
const unknown = '0'

/** Reads an AlgorithmIdentifier: an object identifier, and for RSA-PSS its parameters (RFC 4055, section 3.1). */
export function signatureAlgorithmName(identifier: DerReader): string {
  const oid = readOid(identifier.take(derTag.oid))
  if (oid !== rsaPss) return names[oid] ?? unknown
  const hash = identifier.enter().optional(0xa0)
  return hash === undefined ? unknown : (pssHashes[readOid(new DerReader(hash).enter().take(derTag.oid))] ?? unknown)
}
