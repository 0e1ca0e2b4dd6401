/** Answers to a challenge of HTTP Digest (RFC 7616, and the form of RFC 2069 without qop): MD5 and SHA-256. Pure but for the nonce. */
import { createHash, randomBytes } from 'node:crypto'
import { HttpFailure } from './http-failure.js'

export interface Credentials {
  readonly name: string
  readonly password: string
}

const hashes = new Map([
  ['MD5', 'md5'],
  ['SHA-256', 'sha256'],
])

/**
 * The header Authorization for a request, or undefined when the server asks for no Digest.
 *
 * @param challenge the header WWW-Authenticate of the response
 * @param clientNonce for tests; a random one if left out
 * @throws {HttpFailure} for a challenge that cannot be met
 */
export function digestAnswer(
  challenge: string,
  credentials: Credentials,
  method: string,
  path: string,
  clientNonce = randomBytes(8).toString('hex'),
): string | undefined {
  const asked = /^\s*Digest\s+(.*)$/is.exec(challenge)?.[1]
  if (asked === undefined) return undefined
  const { realm = '', nonce = '', opaque, qop, algorithm = 'MD5' } = parametersOf(asked)
  const isSession = /-sess$/i.test(algorithm)
  const hashName = hashes.get(algorithm.replace(/-sess$/i, '').toUpperCase())
  if (hashName === undefined) throw new HttpFailure(1000, 'digest: unsupported algorithm')
  const hash = (text: string) => createHash(hashName).update(text).digest('hex')
  const offered = (qop ?? '').split(',').map((name) => name.trim().toLowerCase())
  if (qop !== undefined && !offered.includes('auth'))
    throw new HttpFailure(1000, 'digest: unsupported quality of protection')
  let secret = hash(`${credentials.name}:${realm}:${credentials.password}`)
  if (isSession) secret = hash(`${secret}:${nonce}:${clientNonce}`)
  const request = hash(`${method}:${path}`)
  const count = '00000001'
  const response =
    qop === undefined
      ? hash(`${secret}:${nonce}:${request}`)
      : hash(`${secret}:${nonce}:${count}:${clientNonce}:auth:${request}`)
  const parts = [
    `username=${quoted(credentials.name)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(path)}`,
    `response="${response}"`,
    `algorithm=${algorithm.replace(/[^A-Za-z0-9-]/g, '')}`,
  ]
  if (opaque !== undefined) parts.push(`opaque=${quoted(opaque)}`)
  if (qop !== undefined) parts.push('qop=auth', `nc=${count}`, `cnonce="${clientNonce}"`)
  else if (isSession) parts.push(`cnonce="${clientNonce}"`)
  return `Digest ${parts.join(', ')}`
}

/** `Basic` of RFC 7617. */
export function basicAnswer({ name, password }: Credentials): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

function parametersOf(text: string): Record<string, string | undefined> {
  const found: Record<string, string | undefined> = Object.create(null)
  for (const [, name = '', quotedValue, plain] of text.matchAll(
    // Tried at the beginning of a word only: a server may send a megabyte of letters.
    /(?<![a-z])([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi,
  )) {
    found[name.toLowerCase()] ??= quotedValue?.replace(/\\(.)/g, '$1') ?? plain
  }
  return found
}

function quoted(text: string): string {
  return `"${text.replace(/[\u0000-\u001f\u007f]/g, '').replace(/["\\]/g, '\\$&')}"`
}
