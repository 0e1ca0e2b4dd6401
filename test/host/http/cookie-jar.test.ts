import assert from 'node:assert/strict'
import { HttpJar, JarRoom } from '../../../host/http/cookie-jar.js'

describe('HttpJar', () => {
  const url = 'http://a.test/'
  const large = 'x'.repeat(16_000)
  const names = async (jar: HttpJar) => (await jar.cookiesFor(url)).map(([name]) => name)

  it('keeps no cookie for a domain that is no host name, and all others of the same response', async () => {
    const jar = new HttpJar()
    const domains = ['[', '\u0000', 'a b', '%zz', '\uff1a', 'xn--', '\ud800', '//', '__proto__']
    await jar.store(url, [...domains.map((domain, i) => `c${i}=1; Domain=${domain}`), 'good=1'])
    for (const [i, domain] of domains.entries()) await jar.set(url, `s${i}`, '1', { domain })
    assert.deepEqual(await jar.cookiesFor(url), [['good', '1']])
    await jar.remove(url)
    assert.deepEqual(await jar.cookiesFor(url), [])
  })

  it('keeps no more than all jars of a VU may hold together, and has room again for what is gone', async () => {
    const room = new JarRoom()
    const [full, other] = [new HttpJar(room), new HttpJar(room)]
    for (let i = 0; i < 2500; i++) await full.set(url, `n${i}`, large, {})
    const kept = (await names(full)).length
    assert.ok(kept > 1900 && kept < 2200, `${kept} cookies`)
    await other.set(url, 'late', large, {})
    assert.deepEqual(await names(other), [])
    await full.remove(url, 'n0')
    await other.set(url, 'late', large, {})
    assert.deepEqual(await names(other), ['late'])
    full.release()
    for (let i = 0; i < 100; i++) await other.set(url, `more${i}`, large, {})
    assert.equal((await names(other)).length, 101)
  })

  it('counts a cookie that is replaced once', async () => {
    const room = new JarRoom()
    const jar = new HttpJar(room)
    for (let i = 0; i < 2500; i++) await jar.set(url, 'same', large, {})
    assert.ok(room.take(31 * 1024 * 1024))
    assert.deepEqual(await jar.cookiesFor(url), [['same', large]])
  })
})
