import assert from 'node:assert/strict'
import { digestAnswer } from '../../../host/http/digest-auth.js'

const mufasa = { name: 'Mufasa', password: 'Circle of Life' }
const responseOf = (header: string | undefined) => /response="([0-9a-f]+)"/.exec(header ?? '')?.[1]

describe('HTTP Digest', () => {
  // RFC 7616, section 3.9.1.
  const challenge = (algorithm: string) =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
  const nonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ'

  it('answers as the examples of the RFC do', () => {
    const answer = (algorithm: string) => digestAnswer(challenge(algorithm), mufasa, 'GET', '/dir/index.html', nonce)
    assert.equal(responseOf(answer('MD5')), '8ca523f5e9506fed4657c9700eebdbec')
    assert.equal(responseOf(answer('SHA-256')), '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1')
  })

  it('answers the old form without qop (RFC 2069)', () => {
    const old = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    const answer = digestAnswer(old, { name: 'Mufasa', password: 'CircleOfLife' }, 'GET', '/dir/index.html')
    assert.equal(responseOf(answer), '1949323746fe6a43ef61f9606e7febea')
  })

  it('answers nothing but Digest, and refuses what it cannot do', () => {
    assert.equal(digestAnswer('Basic realm="x"', mufasa, 'GET', '/'), undefined)
    assert.throws(
      () => digestAnswer('Digest nonce="n", algorithm=SHA-512-256', mufasa, 'GET', '/'),
      /unsupported algorithm/,
    )
    assert.throws(() => digestAnswer('Digest nonce="n", qop="auth-int"', mufasa, 'GET', '/'), /quality of protection/)
  })

  it('lets no challenge put in parameters of its own', () => {
    const answer = digestAnswer('Digest realm="a\\", uri=\\"/evil", nonce="n\r\nx: y"', mufasa, 'GET', '/')
    assert.ok(answer?.includes('realm="a\\", uri=\\"/evil"'))
    assert.ok(!/[\r\n]/.test(answer!))
  })

  it('takes no longer for a challenge that is as long as a header may be', () => {
    const letters = 'a'.repeat(1_000_000)
    for (const text of [
      letters,
      `${'a '.repeat(500_000)}`,
      `realm="x", ${letters}`,
      `a${' '.repeat(1_000_000)}`,
      'a="'.repeat(300_000),
    ]) {
      assert.match(
        digestAnswer(`Digest ${text}`, { name: 'n', password: 'p' }, 'GET', '/') ?? '',
        /^Digest username="n"/,
      )
    }
  })
})
