/** The client's side of a TLS handshake, each failure in Go's words. Opens no connection. */
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls'
import { DialError } from '../dns.js'
import { aborted, codeOf, readText, systemText } from './tcp.js'
import { checkIdentity, handshakeText, secureContextOf, type TlsSettings } from './tls.js'

export interface HandshakeOptions {
  settings: TlsSettings
  /** The name or address that the certificate must have. */
  serverName: string
  /** What is offered with ALPN, best first. */
  protocols: readonly string[]
}

/**
 * Speaks TLS on a connected socket, which stays the caller's when it fails. A server that chose none of the protocols is fine.
 *
 * @throws {DialError} with Go's text
 * @throws {AppError} `NOT_SUPPORTED` for settings that this platform does not have
 */
export function tlsHandshake(tcp: Socket, options: HandshakeOptions, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted())
    const { settings, serverName, protocols } = options
    const secure = connectTls({
      socket: tcp,
      secureContext: secureContextOf(settings),
      ALPNProtocols: [...protocols],
      // An address is no server name in TLS.
      servername: isIP(serverName) === 0 ? serverName : '',
      rejectUnauthorized: !settings.insecureSkipVerify,
      checkServerIdentity: (_, certificate) => checkIdentity(serverName, certificate),
    })
    // Once the certificate is refused the socket no longer tells it.
    let certificate: PeerCertificate | undefined
    secure.prependListener('secure', () => {
      certificate = secure.getPeerCertificate()
    })
    const settle = (failure?: DialError) => {
      signal.removeEventListener('abort', onAbort)
      for (const event of ['secureConnect', 'close']) secure.removeAllListeners(event)
      secure.removeListener('error', onError)
      secure.on('error', () => {})
      if (!failure) return resolve(secure)
      secure.destroy()
      reject(failure)
    }
    const fail = (text: string, isTemporary: boolean, cause?: unknown) =>
      settle(new DialError(text, isTemporary, cause))
    const onAbort = () => settle(aborted())
    const onError = (e: Error) => {
      const known = handshakeText(e, certificate)
      if (known) fail(known.text, known.isTemporary, e)
      else if (codeOf(e) === 'ECONNRESET' && !e.message.startsWith('read')) fail('EOF', true, e)
      else fail(`${readText(tcp)}: ${systemText(e, 'read')}`, false, e)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    secure.once('error', onError)
    secure.once('close', () => fail('EOF', true))
    secure.once('secureConnect', () => settle())
  })
}
