import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { isAppError } from '../../../errors.js'
import { secureContextOf, type TlsParams, tlsSettingsOf } from '../../../host/net/tls.js'
import { fixture } from '../grpc/scripted-server.js'

const pemOf = (der: Buffer) => `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`

/** The certificate with a public key of a kind that nobody knows. */
function withStrangeKey(cert: string): string {
  const der = new X509Certificate(cert).raw
  const rsaEncryption = Buffer.from('2a864886f70d010101', 'hex')
  der[der.indexOf(rsaEncryption) + rsaEncryption.length - 1] = 99
  return pemOf(der)
}

describe('tlsSettingsOf', () => {
  const [ca, cert, key] = ['ca.pem', 'client.pem', 'client.key'].map(fixture) as [string, string, string]
  const pair = (more: Partial<TlsParams>) => tlsSettingsOf({}, { cert, key, ...more }, 'a.test')

  it('takes keys in both forms, and unlocks the old kind of encrypted key', () => {
    assert.equal(pair({}).key, key)
    assert.ok(pair({ key: fixture('client.p8.key') }).key)
    assert.match(pair({ key: fixture('client.enc.key'), password: 'sesame' }).key ?? '', /BEGIN PRIVATE KEY/)
  })

  it('ignores a key without a certificate', () => {
    assert.equal(tlsSettingsOf({}, { key: 'garbage' }, 'a.test').key, undefined)
  })

  it('uses the client certificate of the options only while the parameters are empty', () => {
    const options = { auth: [{ cert, key }], insecureSkipVerify: true }
    assert.ok(tlsSettingsOf(options, undefined, 'a.test').certificate)
    assert.ok(tlsSettingsOf(options, {}, 'a.test').certificate)
    const replaced = tlsSettingsOf(options, { cacerts: [ca] }, 'a.test')
    assert.deepEqual([replaced.certificate, replaced.insecureSkipVerify], [undefined, true])
  })

  it('chooses the client certificate by the name of the server', () => {
    const auth = [
      { cert, key, domains: ['b.test'] },
      { cert, key: fixture('client.p8.key'), domains: ['*.a.test'] },
    ]
    assert.equal(tlsSettingsOf({ auth }, undefined, 'X.a.test').key, fixture('client.p8.key'))
    assert.equal(tlsSettingsOf({ auth }, undefined, 'b.test').key, key)
    assert.equal(tlsSettingsOf({ auth }, undefined, 'y.x.a.test').key, key)
  })

  it('prefers a client certificate without domains to one with others, but takes the only one there is', () => {
    const other = { cert, key, domains: ['b.test'] }
    const any = { cert, key: fixture('client.p8.key') }
    assert.equal(tlsSettingsOf({ auth: [other, any] }, undefined, 'c.test').key, any.key)
    assert.equal(tlsSettingsOf({ auth: [other, { ...any, domains: [] }] }, undefined, 'c.test').key, any.key)
    assert.equal(tlsSettingsOf({ auth: [other] }, undefined, 'c.test').key, key)
  })

  const pem = 'failed to append certificate from PEM: tls: '
  const anyPair = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const otherKey = anyPair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  for (const [claim, params, message] of [
    ['a certificate that is none', { cert: 'garbage', key }, `${pem}failed to find any PEM data in certificate input`],
    ['a key that is none', { cert, key: 'garbage' }, `${pem}failed to find any PEM data in key input`],
    [
      'an encrypted key without a password',
      { cert, key: fixture('client.enc.key') },
      `${pem}failed to parse private key`,
    ],
    ['a key of another certificate', { cert, key: otherKey }, `${pem}private key does not match public key`],
    [
      'a key of another kind',
      { cert, key: fixture('server.key') },
      `${pem}private key type does not match public key type`,
    ],
    ['a certificate of an unknown kind', { cert: withStrangeKey(cert), key }, `${pem}unknown public key algorithm`],
    ['no key to unlock', { cert, key: 'x', password: 'p' }, 'failed to decode PEM key'],
    [
      'an encrypted PKCS #8 key',
      { cert, key: fixture('client.enc.p8.key'), password: 'sesame' },
      'encrypted pkcs8 formatted key is not supported',
    ],
    [
      'a wrong password',
      { cert, key: fixture('client.enc.key'), password: 'barley' },
      'x509: decryption password incorrect',
    ],
    ['a password for a key that needs none', { cert, key, password: 'sesame' }, 'x509: no DEK-Info header in block'],
    ['an authority that is none', { cacerts: [ca, ''] }, 'failed to append ca certificate [1] from PEM'],
  ] as const) {
    it(`refuses ${claim}`, () => {
      const isRight = (e: unknown) => isAppError(e, 'CONNECT_FAILED') && e.message === message
      assert.throws(() => tlsSettingsOf({}, params, 'a.test'), isRight)
    })
  }

  it('is not slow for hostile text', () => {
    const text = `-----BEGIN ${'A '.repeat(50_000)}`
    assert.throws(() => tlsSettingsOf({}, { cert: text, key: text }, 'a.test'))
    assert.throws(() => tlsSettingsOf({}, { cacerts: ['-----BEGIN CERTIFICATE-----\n'.repeat(10_000)] }, 'a.test'))
  })
})

describe('secureContextOf', () => {
  it('builds a context once for equal settings', () => {
    assert.equal(secureContextOf({ maxVersion: 'tls1.2' }), secureContextOf({ maxVersion: 'tls1.2' }))
  })

  it("knows Go's names of cipher suites", () => {
    const cipherSuites = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256']
    assert.ok(secureContextOf({ cipherSuites }))
  })
})
