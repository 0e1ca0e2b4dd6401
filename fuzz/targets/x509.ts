/** Certificates and keys as scripts give them: PEM text with DER in it. The first byte says what is there. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { clientPair } from '../../host/net/tls.js'
import { readCertificate } from '../../host/x509/certificate.js'
import { DerError, DerReader, readOid, readText, readTime } from '../../host/x509/der.js'
import * as certificates from '../../test/host/x509/certificates.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'

const pems = Object.values(certificates) as string[]
const derOf = (pem: string) => Buffer.from(pem.replace(/-----[^-]*-----|\s/g, ''), 'base64')
const kind = { der: 0, pem: 1, key: 2 } as const
const marked = (first: number, bytes: Uint8Array) => Buffer.concat([Buffer.of(first), bytes])

/** A certificate with a few bytes exchanged: lengths, tags, texts. */
const bent = fc
  .tuple(
    fc.constantFrom(...pems),
    fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0x1e, 0x1c, 0x18, 0x80, 0xff, 0x0c))), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([pem, changes]) => {
    const der = derOf(pem)
    for (const [at, byte] of changes) der[at % der.length] = byte
    return marked(kind.der, der)
  })

export const target: FuzzTarget = {
  seeds: () => [
    ...pems.map((pem) => marked(kind.der, derOf(pem))),
    ...pems.map((pem) => marked(kind.pem, bytesOf(pem))),
    marked(
      kind.key,
      bytesOf(
        '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAA==\n-----END RSA PRIVATE KEY-----',
      ),
    ),
  ],
  structured: bent,
  words: [
    '-----BEGIN CERTIFICATE-----',
    '-----END CERTIFICATE-----',
    '\u001e\u0002',
    '\u0030\u0082',
    '\u00a3',
    '\u0018\u000f',
  ],
  run(bytes) {
    const rest = Buffer.from(bytes.subarray(1))
    readDer(rest)
    const base64 = () => `-----BEGIN CERTIFICATE-----\n${rest.toString('base64')}\n-----END CERTIFICATE-----`
    try {
      if (bytes[0] === kind.key) {
        clientPair(pems[0]!, textOf(rest), 'password')
        return 'a key'
      }
      const found = readCertificate(bytes[0] === kind.pem ? textOf(rest) : base64())
      const json = JSON.stringify(found)
      assert.ok(json.length < 1_000_000)
      assert.ok(found.fingerPrint.every((byte) => byte >= 0 && byte < 256))
      return `${found.signatureAlgorithm} ${found.publicKey.algorithm} ${found.altNames.length} ${found.subject.names.length}`
    } catch (e) {
      return refusal(e, bytes)
    }
  },
}

/** The reader alone, since OpenSSL refuses most of what it would trip over. */
function readDer(bytes: Buffer): void {
  try {
    for (const value of new DerReader(bytes).rest()) {
      for (const read of [() => readOid(value.content), () => readText(value), () => readTime(value)]) {
        try {
          read()
        } catch (e) {
          if (!(e instanceof DerError)) throw e
        }
      }
      if (value.tag === 0x30) readDer(value.content)
    }
  } catch (e) {
    if (!(e instanceof DerError)) throw e
  }
}
