/** URLs, redirects, cookies, challenges and bodies of HTTP. The first letter says how the rest is read. */
import assert from 'node:assert/strict'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { decodeBody } from '../../host/http/content-encoding.js'
import { HttpJar, receivedCookies } from '../../host/http/cookie-jar.js'
import { digestAnswer } from '../../host/http/digest-auth.js'
import { HttpFailure } from '../../host/http/http-failure.js'
import { parseHttpTarget, redirectTarget } from '../../host/http/url.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { hostileText } from '../texts.js'

const maxBodyBytes = 100_000

const scheme = fc.constantFrom('http://', 'https://', 'HTTP://', 'http:', 'http:/\\', 'ftp://', '//', 'javascript:', '')
const userInfo = fc.constantFrom('', 'u:p@', '%zz:%41@', 'a@b@', ':@', 'user@')
const host = fc.oneof(
  fc.constantFrom('a.b', '127.1', '[::1]', '0x7f.1', 'a_b', 'é.x', 'xn--', 'a:99999', 'a:', '[', '%31'),
  hostileText,
)
const path = fc.oneof(fc.constantFrom('', '/', '/a?b#c', '?x', '\\x', '/../..', '/%00'), hostileText)
const url = fc.tuple(scheme, userInfo, host, path).map((p) => p.join(''))
const attribute = fc.constantFrom(
  '; Path=/',
  '; Domain=a.b',
  '; Domain=.',
  '; Max-Age=1e9',
  '; Max-Age=-1',
  '; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
  '; Secure',
  '; HttpOnly',
  '; SameSite=x',
  '; ',
  ';=',
)
const cookie = fc
  .tuple(hostileText, fc.constantFrom('=', ''), hostileText, fc.array(attribute, { maxLength: 3 }))
  .map(([a, b, c, d]) => a + b + c + d.join(''))
const challenge = fc
  .tuple(
    fc.constantFrom('Digest ', 'digest', 'Basic ', ''),
    fc.array(
      fc.tuple(
        fc.constantFrom('realm', 'nonce', 'qop', 'algorithm', 'opaque', '__proto__'),
        fc.oneof(fc.constantFrom('"auth"', 'MD5-sess', 'SHA-256', '"auth-int"', '"\\"', '"'), hostileText),
      ),
      { maxLength: 6 },
    ),
  )
  .map(([head, parts]) => head + parts.map((p) => p.join('=')).join(', '))
const packed = fc
  .tuple(
    fc.constantFrom(
      'gzip',
      'br',
      'deflate',
      'gzip,gzip',
      'x',
      ' GZIP , br ',
      'gzip,gzip,gzip,gzip,gzip',
      'constructor',
    ),
    fc.constantFrom(gzipSync, deflateSync, brotliCompressSync),
    fc.oneof(fc.string(), fc.constantFrom('x'.repeat(200_000), '')),
  )
  .map(([header, pack, text]) => Buffer.concat([bytesOf(`B${header}\n`), pack(text)]))

const marked = (kind: string, texts: fc.Arbitrary<string>) => texts.map((text) => bytesOf(kind + text))

export const target: FuzzTarget = {
  seeds: () => [
    bytesOf('Uhttp://a.b/c'),
    bytesOf('Ca=b; Path=/'),
    bytesOf('DDigest realm="a", nonce="b"'),
    bytesOf('R//x'),
  ],
  structured: fc.oneof(
    marked('U', url),
    marked('R', fc.oneof(url, path)),
    marked(
      'C',
      fc.array(cookie, { maxLength: 4 }).map((lines) => lines.join('\n')),
    ),
    marked('D', challenge),
    packed,
  ),
  words: [
    'http://',
    '@',
    '[::1]',
    ':80',
    '%00',
    '\\',
    'Domain=',
    'Path=',
    'Max-Age=',
    'Expires=',
    'Digest ',
    'algorithm=MD5-sess',
    'gzip\n',
  ],
  async run(bytes) {
    const rest = bytes.subarray(1)
    const text = textOf(rest)
    try {
      switch (String.fromCharCode(bytes[0] ?? 0)) {
        case 'U':
          return checkTarget(parseHttpTarget(text))
        case 'R':
          return checkTarget(redirectTarget(parseHttpTarget('https://a.b:1/c?d'), text))
        case 'C':
          return await cookies(text.split('\n'))
        case 'D': {
          const answer = digestAnswer(text, { name: text.slice(0, 20), password: text }, 'GET', '/a')
          if (answer !== undefined) assert.doesNotMatch(answer, /[\r\n\u0000]/)
          return `${answer?.length}`
        }
      }
      const at = rest.indexOf(10)
      const body = await decodeBody(rest.subarray(at + 1), textOf(rest.subarray(0, Math.max(at, 0))), maxBodyBytes)
      assert.ok(body.byteLength <= Math.max(maxBodyBytes, rest.byteLength))
      return `${Math.log2(body.byteLength + 1) | 0}`
    } catch (e) {
      return refusal(e, bytes, HttpFailure)
    }
  },
}

function checkTarget({ hostName, authority, path, port, shown, userInfo }: ReturnType<typeof parseHttpTarget>): string {
  // What goes into a request must not end a line of it.
  for (const part of [hostName, authority, path]) assert.match(part, /^[\x21-\uffff]*$/, part)
  assert.match(path, /^\//)
  assert.ok(Number.isInteger(port) && port >= 0 && port < 65_536)
  if (userInfo?.password && userInfo.password.length > 3) {
    const parts = /^[a-z]+:\/\/([^/?#\\]*)@/i.exec(shown)
    assert.equal(parts?.[1], '****:****', `a password is shown: ${shown}`)
  }
  return `${port} ${userInfo !== undefined}`
}

async function cookies(lines: readonly string[]): Promise<string> {
  const jar = new HttpJar()
  const received = await receivedCookies(lines)
  await jar.store('https://a.b/c', lines)
  for (const line of lines)
    await jar.set('http://c.d/', line.slice(0, 20), line, { domain: line, path: line, maxAge: line.length })
  const sent = await jar.cookiesFor('https://a.b/c')
  for (const [name, value] of sent) assert.doesNotMatch(name + value, /[\r\n\u0000]/)
  await jar.remove('https://a.b/c')
  return `${received.size} ${sent.length}`
}
