/** An X.509 certificate (RFC 5280) as `k6/crypto/x509` shows it. OpenSSL judges it first; what it hides is read from the DER. */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { GuestError } from '../../runtime/guest-error.js'
import { ipText } from './alt-name-ip.js'
import { DerError, DerReader, type DerValue, derTag, readOid, readText, readTime } from './der.js'
import { signatureAlgorithmName } from './signature-algorithm.js'

/** A component of a distinguished name: an object identifier and a text. */
interface Rdn {
  type: string
  value: string
}

interface Name {
  commonName: string
  country: string
  postalCode: string
  stateOrProvinceName: string
  localityName: string
  streetAddress: string
  organizationName: string
  organizationalUnitName: string[]
  names: Rdn[]
}

/** Issuers have fewer members, as in k6. */
type Issuer = Omit<Name, 'postalCode' | 'streetAddress' | 'organizationalUnitName'>

export interface Certificate {
  subject: Name
  issuer: Issuer
  notBefore: string
  notAfter: string
  altNames: string[]
  signatureAlgorithm: string
  /** SHA-1 of the certificate, byte by byte. */
  fingerPrint: number[]
  /** The key as a JSON Web Key; null for kinds that have none. */
  publicKey: { algorithm: string; key: object | null }
}

/** Characters of PEM text. */
const mostPemLength = 64 * 1024

const parseError = (why: string) => new GuestError('GoError', `failed to parse certificate: ${why}`)

/**
 * Reads the first certificate of a PEM text.
 *
 * @throws {GuestError} for a text that holds none
 */
export function readCertificate(pem: string): Certificate {
  if (pem.length > mostPemLength) throw parseError(`its text may have ${mostPemLength} characters, not ${pem.length}`)
  const der = firstPemBlock(pem)
  if (der === undefined) throw new GuestError('GoError', 'failed to decode certificate PEM file')
  let certificate: X509Certificate
  let key: KeyObject
  try {
    certificate = new X509Certificate(der)
    key = certificate.publicKey
  } catch {
    throw parseError('it is malformed')
  }
  try {
    return certificateOf(certificate, key)
  } catch (e) {
    if (e instanceof DerError) throw parseError(e.message)
    throw e
  }
}

/** Found by searching, not by one expression: that could be made to try again and again. */
function firstPemBlock(pem: string): Buffer | undefined {
  const begin = '-----BEGIN CERTIFICATE-----'
  const from = pem.indexOf(begin)
  const to = pem.indexOf('-----END CERTIFICATE-----', from)
  if (from < 0 || to < 0) return undefined
  const base64 = pem.slice(from + begin.length, to).replace(/\s/g, '')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined
}

function certificateOf({ raw, fingerprint }: X509Certificate, key: KeyObject): Certificate {
  const outer = new DerReader(raw).enter()
  const fields = outer.enter()
  fields.optional(0xa0) // the version
  fields.take(derTag.integer) // the serial number
  fields.take(derTag.sequence) // the algorithm of the signature, which stands after the fields once more
  const issuer = nameOf(fields.enter())
  const validity = fields.enter()
  const notBefore = readTime(validity.next())
  const notAfter = readTime(validity.next())
  const subject = nameOf(fields.enter())
  fields.take(derTag.sequence) // the public key
  const { commonName, country, stateOrProvinceName, localityName, organizationName, names } = issuer
  return {
    subject,
    issuer: { commonName, country, stateOrProvinceName, localityName, organizationName, names },
    notBefore,
    notAfter,
    altNames: altNamesOf(fields),
    signatureAlgorithm: signatureAlgorithmName(outer.enter()),
    fingerPrint: fingerprint.split(':').map((byte) => Number.parseInt(byte, 16)),
    publicKey: { algorithm: keyAlgorithms[key.asymmetricKeyType ?? ''] ?? '0', key: jwkOf(key) },
  }
}

/** The names of Go's crypto/x509, which k6 shows. */
const keyAlgorithms: Readonly<Record<string, string>> = {
  rsa: 'RSA',
  'rsa-pss': 'RSA',
  dsa: 'DSA',
  ec: 'ECDSA',
  ed25519: 'Ed25519',
}

function jwkOf(key: KeyObject): object | null {
  try {
    return key.export({ format: 'jwk' })
  } catch {
    return null
  }
}

function nameOf(reader: DerReader): Name {
  const names: Rdn[] = []
  for (const set of reader.rest()) {
    for (const attribute of new DerReader(set.content).rest()) {
      const pair = new DerReader(attribute.content)
      names.push({ type: readOid(pair.take(derTag.oid)), value: readText(pair.next()) })
    }
  }
  const all = (type: string) => names.filter((rdn) => rdn.type === type).map((rdn) => rdn.value)
  const first = (type: string) => all(type)[0] ?? ''
  return {
    // As in Go, the last one counts.
    commonName: all('2.5.4.3').at(-1) ?? '',
    country: first('2.5.4.6'),
    postalCode: first('2.5.4.17'),
    stateOrProvinceName: first('2.5.4.8'),
    localityName: first('2.5.4.7'),
    streetAddress: first('2.5.4.9'),
    organizationName: first('2.5.4.10'),
    organizationalUnitName: all('2.5.4.11'),
    names,
  }
}

/** Tags of a GeneralName (RFC 5280, section 4.2.1.6), in the order in which k6 lists them. */
const altNameKinds: readonly { tag: number; read(value: DerValue): string }[] = [
  { tag: 0x82, read: readText },
  { tag: 0x81, read: readText },
  { tag: 0x87, read: ({ content }) => ipText(content) },
  { tag: 0x86, read: readText },
]
const subjectAltName = '2.5.29.17'

/** The alternative names among what follows the public key: DNS names, e-mail addresses, IP addresses, URIs. */
function altNamesOf(fields: DerReader): string[] {
  for (const field of fields.rest()) {
    if (field.tag !== 0xa3) continue
    for (const item of new DerReader(field.content).enter().rest()) {
      const extension = new DerReader(item.content)
      if (readOid(extension.take(derTag.oid)) !== subjectAltName) continue
      extension.optional(derTag.boolean)
      const found = [...new DerReader(extension.take(derTag.octetString)).enter().rest()]
      return altNameKinds.flatMap(({ tag, read }) => found.filter((value) => value.tag === tag).map(read))
    }
  }
  return []
}
