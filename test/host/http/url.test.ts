import assert from 'node:assert/strict'
import { follow, type RedirectedRequest } from '../../../host/http/redirect.js'
import { parseHttpTarget, redirectTarget } from '../../../host/http/url.js'

describe('URLs of HTTP requests', () => {
  it('come apart for the dial, the request line and the tags', () => {
    const parts = ({ hostName, port, authority, path, isTls }: ReturnType<typeof parseHttpTarget>) => [
      ...[hostName, port, authority, path, isTls],
    ]
    assert.deepEqual(parts(parseHttpTarget('http://h')), ['h', 80, 'h', '/', false])
    assert.deepEqual(parts(parseHttpTarget('HTTPS://H:443/a?b#c')), ['h', 443, 'h', '/a?b', true])
    assert.deepEqual(parts(parseHttpTarget('http://[::1]:8080/x y')), ['::1', 8080, '[::1]:8080', '/x%20y', false])
    assert.deepEqual(parts(parseHttpTarget('http://bücher.test/')), [
      'xn--bcher-kva.test',
      80,
      'xn--bcher-kva.test',
      '/',
      false,
    ])
  })

  it('keep their text, and show no user name and password', () => {
    const target = parseHttpTarget('http://me:a%3Ab@h/x@y')
    assert.deepEqual(target.userInfo, { name: 'me', password: 'a:b' })
    assert.deepEqual([target.text, target.shown], ['http://me:a%3Ab@h/x@y', 'http://****:****@h/x@y'])
    assert.equal(parseHttpTarget('http://h/x@y').shown, 'http://h/x@y')
  })

  it('name the address that will be judged, however it is written', () => {
    for (const host of ['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '①②⑦.0.0.1', '127。0。0。1']) {
      assert.equal(parseHttpTarget(`http://${host}/`).hostName, '127.0.0.1')
    }
    assert.equal(parseHttpTarget('http://good.test\\@127.0.0.1/').hostName, 'good.test')
    assert.equal(parseHttpTarget('http://good.test@127.0.0.1/').hostName, '127.0.0.1')
  })

  it('are refused with what is wrong', () => {
    const cases: [url: string, error: RegExp][] = [
      ['', /unsupported protocol scheme ""/],
      ['h/x', /unsupported protocol scheme ""/],
      ['ftp://h/', /unsupported protocol scheme "ftp"/],
      ['file:///etc/passwd', /unsupported protocol scheme "file"/],
      ['http:///x', /no Host in request URL/],
      ['http:h', /no Host in request URL/],
      ['http://h:99999/', /invalid host, port or escape/],
      ['http://h\r\nx: y/', /invalid control character/],
      [`http://h/${'x'.repeat(70_000)}`, /more than 65536 characters/],
    ]
    for (const [url, error] of cases) assert.throws(() => parseHttpTarget(url), error)
  })

  it('are found from a redirect as a browser finds them', () => {
    const from = parseHttpTarget('http://h:8080/a/b?c')
    const places: [location: string, text: string][] = [
      ['/x', 'http://h:8080/x'],
      ['x', 'http://h:8080/a/x'],
      ['?q', 'http://h:8080/a/b?q'],
      ['//other/x', 'http://other/x'],
      ['https://other', 'https://other'],
    ]
    for (const [location, text] of places) assert.equal(redirectTarget(from, location).text, text)
    assert.throws(() => redirectTarget(from, 'javascript:alert(1)'), /unsupported protocol scheme "javascript"/)
    assert.throws(() => redirectTarget(from, 'http://[::1'), /invalid host/)
  })
})

describe('redirects', () => {
  const request = (url: string, mayShowSecrets = true): RedirectedRequest => ({
    target: parseHttpTarget(url),
    method: 'GET',
    headers: [
      ['Authorization', 'x'],
      ['Accept', 'y'],
    ],
    body: undefined,
    mayShowSecrets,
  })
  const headersAt = (from: string, to: string, first: string, mayShowSecrets = true) =>
    follow(request(from, mayShowSecrets), 302, to, first)!.headers.map(([name]) => name)

  it('show secrets to the first host and to names below it alone', () => {
    assert.deepEqual(headersAt('http://a.test/', 'http://a.test:81/', 'a.test'), ['Authorization', 'Accept', 'Referer'])
    assert.deepEqual(headersAt('http://a.test/', 'http://b.a.test/', 'a.test'), ['Authorization', 'Accept', 'Referer'])
    assert.deepEqual(headersAt('http://a.test/', 'http://ba.test/', 'a.test'), ['Accept', 'Referer'])
    assert.deepEqual(headersAt('http://0.0.1/', 'http://127.0.0.1/', '0.0.1'), ['Accept', 'Referer'])
    assert.deepEqual(headersAt('http://b.test/', 'http://a.test/', 'a.test', false), ['Accept', 'Referer'])
  })

  it('tell no page of TLS to one without, and no password to anybody', () => {
    assert.deepEqual(headersAt('https://a.test/', 'http://a.test/', 'a.test'), ['Authorization', 'Accept'])
    const { headers } = follow(request('http://me:secret@a.test/x'), 302, '/', 'a.test')!
    assert.deepEqual(headers.at(-1), ['Referer', 'http://a.test/x'])
  })

  it('need a place, and a status that redirects', () => {
    assert.equal(follow(request('http://a.test/'), 302, undefined, 'a.test'), undefined)
    for (const status of [200, 300, 304, 305, 306, 404]) {
      assert.equal(follow(request('http://a.test/'), status, '/', 'a.test'), undefined)
    }
  })
})
