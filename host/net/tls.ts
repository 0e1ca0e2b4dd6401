/**
 * TLS as k6 sets it up: which certificates, versions and ciphers a dial uses, and Go's words for what went wrong.
 * Opens no sockets; a dialer takes the secure context from here.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  rootCertificates,
  type SecureContext,
} from 'node:tls'
import { AppError } from '../../errors.js'

/** Settings of one dial, checked: everything in PEM form, keys without a password. */
export interface TlsSettings {
  /** Trusted besides the system's roots. */
  caCertificates?: readonly string[]
  certificate?: string
  key?: string
  insecureSkipVerify?: boolean
  minVersion?: TlsVersion
  maxVersion?: TlsVersion
  /** Names as Go and IANA spell them. */
  cipherSuites?: readonly string[]
}

export type TlsVersion = 'tls1.0' | 'tls1.1' | 'tls1.2' | 'tls1.3'

/** The options of a test that bear on TLS. */
export interface TlsOptions {
  insecureSkipVerify?: boolean
  minVersion?: TlsVersion
  maxVersion?: TlsVersion
  cipherSuites?: readonly string[]
  /** k6's option `tlsAuth`. */
  auth?: readonly { cert: string; key: string; password?: string; domains?: readonly string[] }[]
}

/** The parameter `tls` of `client.connect()`. */
export interface TlsParams {
  cert?: string
  key?: string
  password?: string
  cacerts?: readonly string[]
}

/**
 * What a dial to `serverName` uses. Parameters that are not empty replace the client certificates of the test's options.
 *
 * @throws {AppError} `CONNECT_FAILED` with k6's text when a certificate or key cannot be used
 */
export function tlsSettingsOf(options: TlsOptions, params: TlsParams | undefined, serverName: string): TlsSettings {
  const { insecureSkipVerify, minVersion, maxVersion, cipherSuites } = options
  const settings: TlsSettings = { insecureSkipVerify, minVersion, maxVersion, cipherSuites }
  if (!params || Object.keys(params).length === 0) {
    const auth = authFor(options.auth ?? [], serverName)
    return auth ? { ...settings, ...clientPair(auth.cert, auth.key, auth.password) } : settings
  }
  settings.caCertificates = (params.cacerts ?? []).map((text, i) => {
    const found = certificatesIn(text)
    if (found.length === 0) throw failed(`failed to append ca certificate [${i}] from PEM`)
    return found.join('\n')
  })
  if (!params.cert || !params.key) return settings
  const context = 'failed to append certificate from PEM: '
  return { ...settings, ...clientPair(params.cert, params.key, params.password, context) }
}

/**
 * The certificate with the server's name among its domains, else one for its parent (`*.example.com`), else one without
 * domains, else the first. k6 looks at no names and takes the first that fits what the server asks for in the handshake,
 * which Node does not show. One certificate alone is taken in any case, as in k6.
 */
function authFor(all: NonNullable<TlsOptions['auth']>, serverName: string) {
  const name = serverName.toLowerCase()
  const wildcard = name.replace(/^[^.]*/, '*')
  const having = (domain: string) => all.find(({ domains }) => domains?.some((one) => one.toLowerCase() === domain))
  return having(name) ?? having(wildcard) ?? all.find(({ domains }) => !domains || domains.length === 0) ?? all[0]
}

/**
 * A certificate and its key, ready for use.
 *
 * @param context stands before Go's words for what does not fit together
 * @throws {AppError} `CONNECT_FAILED`
 */
export function clientPair(
  cert: string,
  key: string,
  password: string | undefined,
  context = '',
): { certificate: string; key: string } {
  const plainKey = password ? decryptKey(key, password) : key
  const refuse = (why: string, cause?: unknown) => failed(`${context}tls: ${why}`, cause)
  const chain = certificatesIn(cert)
  if (chain.length === 0) throw refuse('failed to find any PEM data in certificate input')
  if (pemBlock(plainKey) === undefined) throw refuse('failed to find any PEM data in key input')
  let parsed: KeyObject
  try {
    parsed = createPrivateKey(plainKey)
  } catch (e) {
    throw refuse('failed to parse private key', e)
  }
  let expected: KeyObject
  try {
    expected = new X509Certificate(chain[0] as string).publicKey
  } catch (e) {
    throw refuse('unknown public key algorithm', e)
  }
  if (expected.asymmetricKeyType !== parsed.asymmetricKeyType) {
    throw refuse('private key type does not match public key type')
  }
  if (!expected.equals(createPublicKey(parsed))) throw refuse('private key does not match public key')
  return { certificate: chain.join('\n'), key: plainKey }
}

/** Go knows only the old kind of encrypted PEM, with a DEK-Info header. */
function decryptKey(text: string, password: string): string {
  const block = pemBlock(text)
  if (block === undefined) throw failed('failed to decode PEM key')
  if (block.label === 'ENCRYPTED PRIVATE KEY') throw failed('encrypted pkcs8 formatted key is not supported')
  if (!/^DEK-Info:/m.test(block.text)) throw failed('x509: no DEK-Info header in block')
  try {
    const key = createPrivateKey({ key: block.text, passphrase: password })
    return key.export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch (e) {
    throw failed('x509: decryption password incorrect', e)
  }
}

function pemBlock(text: string): { label: string; text: string } | undefined {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*(?:-(?!----)[^-]*)*-----END \1-----/.exec(text)
  return found ? { label: found[1] as string, text: `${found[0]}\n` } : undefined
}

/** The blocks of `text` that are certificates. */
function certificatesIn(text: string): string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.filter((block) => {
    try {
      return new X509Certificate(block).raw.length > 0
    } catch {
      return false
    }
  })
}

function failed(message: string, cause?: unknown): AppError {
  return new AppError('CONNECT_FAILED', message, cause === undefined ? {} : { cause })
}

/** Contexts by their settings. Building one with all the roots takes tens of milliseconds. */
const contexts = new Map<string, SecureContext>()
const contextLimit = 64

/** @throws {AppError} `NOT_SUPPORTED` for a cipher suite that this platform does not have */
export function secureContextOf(settings: TlsSettings): SecureContext {
  const key = JSON.stringify(settings)
  const kept = contexts.get(key)
  if (kept) return kept
  for (const oldest of contexts.keys()) {
    if (contexts.size < contextLimit) break
    contexts.delete(oldest)
  }
  const context = createContext(settings)
  contexts.set(key, context)
  return context
}

const versions = { 'tls1.0': 'TLSv1', 'tls1.1': 'TLSv1.1', 'tls1.2': 'TLSv1.2', 'tls1.3': 'TLSv1.3' } as const

function createContext(settings: TlsSettings): SecureContext {
  const ca = settings.caCertificates ?? []
  // OpenSSL's security level 1, the default, refuses TLS 1.0 and 1.1; Go does not.
  const isOld = settings.minVersion === 'tls1.0' || settings.minVersion === 'tls1.1'
  const ciphers = settings.cipherSuites && settings.cipherSuites.length > 0 ? opensslCiphers(settings.cipherSuites) : ''
  const list = isOld ? `${ciphers || 'DEFAULT'}:@SECLEVEL=0` : ciphers
  try {
    return createSecureContext({
      ...(ca.length > 0 ? { ca: [...rootCertificates, ...ca] } : {}),
      ...(settings.certificate && settings.key ? { cert: settings.certificate, key: settings.key } : {}),
      ...(list === '' ? {} : { ciphers: list }),
      minVersion: versions[settings.minVersion ?? 'tls1.2'],
      ...(settings.maxVersion ? { maxVersion: versions[settings.maxVersion] } : {}),
    })
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e)
    throw new AppError('NOT_SUPPORTED', `these TLS settings cannot be used here: ${why}`, { cause: e })
  }
}

/** OpenSSL's names of Go's cipher suites. Those of TLS 1.3 have the same name on both sides. */
const opensslNames = new Map([
  ['TLS_RSA_WITH_RC4_128_SHA', 'RC4-SHA'],
  ['TLS_RSA_WITH_3DES_EDE_CBC_SHA', 'DES-CBC3-SHA'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_RC4_128_SHA', 'ECDHE-ECDSA-RC4-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_RC4_128_SHA', 'ECDHE-RSA-RC4-SHA'],
  ['TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA', 'ECDHE-RSA-DES-CBC3-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ECDHE-ECDSA-AES128-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
])
const tls13Names = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** Go lets nobody choose among the suites of TLS 1.3, so all of them stay. */
function opensslCiphers(names: readonly string[]): string {
  const old = names.map((name) => opensslNames.get(name)).filter((name) => name !== undefined)
  return [...tls13Names, ...old].join(':')
}

/** Go's verdict on the names in a certificate: the alternative names count, the common name does not. */
export function checkIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  const names = (certificate.subjectaltname ?? '').split(', ')
  const dns = names.filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4))
  const ips = names.filter((name) => name.startsWith('IP Address:')).map((name) => name.slice(11))
  const isAddress = isIP(host) !== 0
  if (dns.length + ips.length > 0 && !checkServerIdentity(host, certificate)) return undefined
  if (isAddress && ips.length === 0) {
    return new Error(`x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`)
  }
  if (dns.length + ips.length === 0 && certificate.subject?.CN) {
    return new Error('x509: certificate relies on legacy Common Name field, use SANs instead')
  }
  const valid = isAddress ? ips : dns
  if (valid.length === 0) {
    return new Error(`x509: certificate is not valid for any names, but wanted to match ${host}`)
  }
  return new Error(`x509: certificate is valid for ${valid.join(', ')}, not ${host}`)
}

const alerts: readonly (readonly [part: string, text: string])[] = [
  ['HANDSHAKE_FAILURE', 'handshake failure'],
  ['CERTIFICATE_REQUIRED', 'certificate required'],
  ['BAD_CERTIFICATE', 'bad certificate'],
  ['UNSUPPORTED_CERTIFICATE', 'unsupported certificate'],
  ['CERTIFICATE_REVOKED', 'revoked certificate'],
  ['CERTIFICATE_EXPIRED', 'expired certificate'],
  ['CERTIFICATE_UNKNOWN', 'unknown certificate'],
  ['UNKNOWN_CA', 'unknown certificate authority'],
  ['ACCESS_DENIED', 'access denied'],
  ['PROTOCOL_VERSION', 'protocol version not supported'],
  ['INSUFFICIENT_SECURITY', 'insufficient security level'],
  ['INTERNAL_ERROR', 'internal error'],
  ['NO_RENEGOTIATION', 'no renegotiation'],
  ['UNRECOGNIZED_NAME', 'unrecognized name'],
  ['NO_APPLICATION_PROTOCOL', 'no application protocol'],
  ['DECRYPT_ERROR', 'error decrypting message'],
  ['ILLEGAL_PARAMETER', 'illegal parameter'],
]

/** An error of a handshake in Go's words; undefined for an error of the connection beneath it. */
export function handshakeText(
  error: unknown,
  certificate?: PeerCertificate,
): { text: string; isTemporary: boolean } | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const unverified = (why: string) => ({ text: `tls: failed to verify certificate: ${why}`, isTemporary: true })
  if (error instanceof Error && error.message.startsWith('x509:')) return unverified(error.message)
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const [word, date] =
      code === 'CERT_HAS_EXPIRED' ? ['after', certificate?.valid_to] : ['before', certificate?.valid_from]
    const when = date ? `: current time ${goTime(new Date())} is ${word} ${goTime(new Date(date))}` : ''
    return unverified(`x509: certificate has expired or is not yet valid${when}`)
  }
  if (/^(SELF_SIGNED|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|INVALID_CA|CERT_SIGNATURE)/.test(code)) {
    return unverified('x509: certificate signed by unknown authority')
  }
  if (/^(CERT_|INVALID_PURPOSE|PATH_LENGTH)/.test(code)) {
    return unverified(`x509: ${error instanceof Error ? error.message : code}`)
  }
  if (!code.startsWith('ERR_SSL_') && code !== 'EPROTO') return undefined
  // Alerts of the peer are net errors in Go, which are final.
  const alert = /ALERT_(\w+)/.exec(code)?.[1]
  const known = alert && alerts.find(([part]) => alert.includes(part))
  if (known) return { text: `remote error: tls: ${known[1]}`, isTemporary: false }
  if (alert) return { text: `remote error: tls: ${alert.toLowerCase().replaceAll('_', ' ')}`, isTemporary: false }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER|UNKNOWN_PROTOCOL|HTTP_REQUEST/.test(code)) {
    return { text: 'tls: first record does not look like a TLS handshake', isTemporary: true }
  }
  if (/NO_PROTOCOLS_AVAILABLE/.test(code)) {
    return { text: 'tls: no supported versions satisfy MinVersion and MaxVersion', isTemporary: true }
  }
  if (/UNSUPPORTED_PROTOCOL/.test(code)) {
    return { text: 'tls: server selected unsupported protocol version', isTemporary: true }
  }
  const reason = error instanceof Error && 'reason' in error ? String(error.reason) : code
  return { text: `tls: ${reason}`, isTemporary: true }
}

function goTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
