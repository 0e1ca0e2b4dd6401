import assert from 'node:assert/strict'
import { HttpJar } from '../../../host/http/cookie-jar.js'

describe('HttpJar', () => {
  const url = 'http://a.test/'

  it('keeps no cookie for a domain that is no host name, and all others of the same response', async () => {
    const jar = new HttpJar()
    const domains = ['[', '\u0000', 'a b', '%zz', '\uff1a', 'xn--', '\ud800', '//', '__proto__']
    await jar.store(url, [...domains.map((domain, i) => `c${i}=1; Domain=${domain}`), 'good=1'])
    for (const [i, domain] of domains.entries()) await jar.set(url, `s${i}`, '1', { domain })
    assert.deepEqual(await jar.cookiesFor(url), [['good', '1']])
    await jar.remove(url)
    assert.deepEqual(await jar.cookiesFor(url), [])
  })
})
