/** Guest half of `k6/crypto/x509`: what stands in a certificate. */
import { ops } from '../../internal/bridge.js'
import { parseJson, toText } from '../../internal/primordials.js'

const host = ops<{ parse(pem: string): string }>('x509', ['parse'])

/** A component of a distinguished name: an object identifier with dots, and a text. */
export interface Rdn {
  type: string
  value: string
}

/** Of whom a certificate is; the issuer has these members. Those that are missing are empty. */
export interface Issuer {
  commonName: string
  country: string
  stateOrProvinceName: string
  localityName: string
  organizationName: string
  names: Rdn[]
}

export interface Subject extends Issuer {
  postalCode: string
  streetAddress: string
  organizationalUnitName: string[]
}

export interface Certificate {
  subject: Subject
  issuer: Issuer
  /** ISO 8601, in UTC. */
  notBefore: string
  notAfter: string
  altNames: string[]
  signatureAlgorithm: string
  fingerPrint: number[]
  publicKey: { algorithm: string; key: object | null }
}

/** The first certificate of a PEM text. @throws {GoError} when there is none */
export function parse(pem?: unknown): Certificate {
  return parseJson(host.parse(pem === undefined ? '' : toText(pem))) as Certificate
}

export const getAltNames = (pem?: unknown): string[] => parse(pem).altNames
export const getIssuer = (pem?: unknown): Issuer => parse(pem).issuer
export const getSubject = (pem?: unknown): Subject => parse(pem).subject

export default { getAltNames, getIssuer, getSubject, parse }
