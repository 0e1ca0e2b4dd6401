import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { ipText } from '../../../host/x509/alt-name-ip.js'
import { readCertificate } from '../../../host/x509/certificate.js'
import { DerReader, readOid, readText, readTime } from '../../../host/x509/der.js'
import { GuestError } from '../../../runtime/guest-error.js'
import '../../support/fixed-seed.js'
import { ec, ed25519, full, pss } from './certificates.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('a certificate', () => {
  it('has all that k6 shows of it', () => {
    const { publicKey, fingerPrint, ...rest } = readCertificate(full)
    const place = { country: 'ZZ', stateOrProvinceName: 'Kopuncezis Krais', localityName: 'Ashtinok' }
    assert.deepEqual(rest, {
      subject: {
        ...place,
        commonName: 'excouncil.zz',
        postalCode: '99999',
        streetAddress: '221B Baker Street',
        organizationName: 'Exumbran Convention',
        organizationalUnitName: ['Exumbran Council', 'Other Unit'],
        names: [
          { type: '2.5.4.6', value: 'ZZ' },
          { type: '2.5.4.8', value: 'Kopuncezis Krais' },
          { type: '2.5.4.7', value: 'Ashtinok' },
          { type: '2.5.4.9', value: '221B Baker Street' },
          { type: '2.5.4.17', value: '99999' },
          { type: '2.5.4.10', value: 'Exumbran Convention' },
          { type: '2.5.4.11', value: 'Exumbran Council' },
          { type: '2.5.4.11', value: 'Other Unit' },
          { type: '2.5.4.3', value: 'excouncil.zz' },
        ],
      },
      issuer: {
        commonName: 'Root',
        country: 'ZZ',
        stateOrProvinceName: '',
        localityName: '',
        organizationName: 'Ca é',
        names: [
          { type: '2.5.4.6', value: 'ZZ' },
          { type: '2.5.4.10', value: 'Ca é' },
          { type: '2.5.4.3', value: 'first' },
          { type: '2.5.4.3', value: 'Root' },
        ],
      },
      notBefore: '2019-01-01T00:00:00Z',
      notAfter: '2060-01-02T03:04:05Z',
      altNames: [
        'excouncil.zz',
        '*.excouncil.zz',
        'inquiries@excouncil.zz',
        '192.0.2.7',
        '2001:db8::1:0:0:1',
        'https://excouncil.zz/x',
      ],
      signatureAlgorithm: 'SHA256-RSA',
    })
    assert.equal(Buffer.from(fingerPrint).toString('hex'), '0080579807bd944f7fb15d22c63303dd57602e32')
    assert.equal(publicKey.algorithm, 'RSA')
    assert.deepEqual(publicKey.key, new X509Certificate(full).publicKey.export({ format: 'jwk' }))
  })

  for (const [name, pem, signature, algorithm, kty] of [
    ['ECDSA', ec, 'ECDSA-SHA384', 'ECDSA', 'EC'],
    ['RSA-PSS', pss, 'SHA256-RSAPSS', 'RSA', 'RSA'],
    ['Ed25519', ed25519, 'Ed25519', 'Ed25519', 'OKP'],
  ] as const) {
    it(`may be one of ${name}`, () => {
      const { signatureAlgorithm, publicKey, altNames } = readCertificate(pem)
      assert.equal(signatureAlgorithm, signature)
      assert.equal(publicKey.algorithm, algorithm)
      assert.equal((publicKey.key as { kty: string }).kty, kty)
      assert.deepEqual(altNames, [])
    })
  }

  it('is the first one of a text', () => {
    assert.equal(readCertificate(`some text\n${ec}\n${pss}`).subject.commonName, 'ec')
  })

  for (const [what, pem] of [
    ['nothing', ''],
    ['no PEM', 'bad-certificate'],
    ['only a beginning', '-----BEGIN CERTIFICATE-----\nMIIB'],
    ['other things between the lines', '-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----'],
  ] as const) {
    it(`is not in a text with ${what}`, () => {
      assert.throws(() => readCertificate(pem), {
        guestName: 'GoError',
        message: 'failed to decode certificate PEM file',
      })
    })
  }

  it('may not be larger than 64 KB', () => {
    assert.throws(
      () => readCertificate('x'.repeat(65_537)),
      /failed to parse certificate: its text may have 65536 characters/,
    )
  })

  it('does no harm when it was made to', () => {
    const der = new X509Certificate(full).raw
    const pemOf = (bytes: Uint8Array) =>
      `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE-----`
    const change = fc.tuple(fc.nat(der.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(der.length), (changes, length) => {
        for (const bytes of [Buffer.from(der), Buffer.from(der.subarray(0, length))]) {
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
          try {
            readCertificate(pemOf(bytes))
          } catch (e) {
            assert.ok(e instanceof GuestError && e.message.startsWith('failed to '), String(e))
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('DER', () => {
  it('has texts of several kinds', () => {
    const read = (tag: number, content: string) => readText({ tag, content: hex(content) })
    assert.equal(read(0x0c, 'c3a9'), 'é')
    assert.equal(read(0x14, 'e9'), 'é')
    assert.equal(read(0x1e, '00e9 20ac'), 'é€')
    assert.equal(read(0x1c, '0001f600 ffffffff'), '😀\ufffd')
  })

  it('has times of two kinds', () => {
    const read = (tag: number, text: string) => readTime({ tag, content: Buffer.from(text) })
    assert.equal(read(0x17, '491231235959Z'), '2049-12-31T23:59:59Z')
    assert.equal(read(0x17, '500101000000Z'), '1950-01-01T00:00:00Z')
    assert.equal(read(0x18, '20500101000000Z'), '2050-01-01T00:00:00Z')
    for (const wrong of ['20500101000000Z', '500101000000', '5001010000Z']) assert.throws(() => read(0x17, wrong))
  })

  it('has object identifiers, also large ones', () => {
    assert.equal(readOid(hex('2a 86 48 86 f7 0d 01 01 0b')), '1.2.840.113549.1.1.11')
    assert.equal(readOid(hex('88 37 03')), '2.999.3')
    assert.throws(() => readOid(Buffer.alloc(65)))
  })

  it('is refused where a length goes beyond the end or has no end', () => {
    for (const bytes of ['30', '3005', '308001', '30850000000001', '3084ffffffff00', '1f8101']) {
      assert.throws(() => new DerReader(hex(bytes)).next(), bytes)
    }
  })

  it('has IP addresses', () => {
    assert.equal(ipText(hex('00000000000000000000ffff 01020304')), '1.2.3.4')
    assert.equal(ipText(Buffer.alloc(16)), '::')
    assert.throws(() => ipText(Buffer.alloc(5)))
  })
})
