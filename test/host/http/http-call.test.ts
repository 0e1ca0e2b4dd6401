/** What requests send, get and measure, against real servers. What servers do that is broken: hostile-server.test.ts. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import { networkOf } from '../../support/network.js'
import { fixture } from '../grpc/scripted-server.js'
import { closeServers, echo, echoed, HttpTestVu, httpServer, rawServer } from './http-test-vu.js'

describe('k6/http: requests', () => {
  let vu: HttpTestVu
  const newVu = (...setup: ConstructorParameters<typeof HttpTestVu>) => {
    vu.close()
    vu = new HttpTestVu(...setup)
  }
  beforeEach(() => {
    vu = new HttpTestVu()
  })
  afterEach(async () => {
    vu.close()
    await closeServers()
  })

  describe('on the wire', () => {
    it('are sent with their method, path, headers and body', async () => {
      const { url } = await httpServer(echo)
      const response = await vu.request(
        {
          method: 'PUT',
          url: `${url}/a%20b/c?x=1&y=%2F#part`,
          headers: [
            ['X-One', '1'],
            ['content-type', 'text/plain'],
          ],
        },
        'héllo',
      )
      const { method, url: path, headers, body } = echoed(response)
      assert.deepEqual([method, path], ['PUT', '/a%20b/c?x=1&y=%2F'])
      assert.equal(Buffer.from(body, 'base64').toString(), 'héllo')
      assert.deepEqual(
        [headers['x-one'], headers['content-type'], headers['content-length'], headers['user-agent'], headers.host],
        ['1', 'text/plain', '6', 'test', url.slice(7)],
      )
    })

    it('may name another host, user agent or no body at all', async () => {
      const { url } = await httpServer(echo)
      const headers = [
        ['host', 'shop.test'],
        ['user-agent', 'mine'],
      ]
      const sent = echoed(await vu.request({ method: 'POST', url, headers }))
      assert.deepEqual([sent.headers.host, sent.headers['user-agent']], ['shop.test', 'mine'])
      assert.equal(sent.headers['content-length'], '0')
    })

    it('overlook a length of the script, with a warning when it is wrong, and refuse an upgrade', async () => {
      const { url } = await httpServer(echo)
      const response = await vu.request({ method: 'POST', url, headers: [['content-length', '7']] }, 'abc')
      assert.equal(echoed(response).headers['content-length'], '3')
      assert.match(vu.lines[0]!.msg, /Content-Length header "7" does not match/)
      const refused = await vu.request({ url, headers: [['Upgrade', 'h2c']] })
      assert.equal(refused.error, 'the request header Upgrade is not supported')
    })

    it('may have headers with any text in UTF-8, and none that the client cannot send', async () => {
      const server = await rawServer((socket, head) => {
        const value = Buffer.from(/^x-a: (.*)$/im.exec(head)![1]!, 'latin1')
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${value.length}\r\n\r\n`)
        socket.write(value)
      })
      assert.equal((await vu.get(server.url, { headers: [['X-A', 'é 日本']] })).body, 'é 日本')
      const bad = await vu.get(server.url, { headers: [['Connection', '@']] })
      assert.equal(bad.error, 'the request has a header that cannot be sent')
    })

    it('are compressed as they are told', async () => {
      const { url } = await httpServer(echo)
      const sent = echoed(await vu.request({ method: 'POST', url, compression: 'deflate, gzip' }, 'aaa'))
      assert.equal(sent.headers['content-encoding'], 'deflate, gzip')
      assert.deepEqual(gunzipSync(Buffer.from(sent.body, 'base64')), deflateSync('aaa'))
    })

    it('are refused with parameters that are wrong', async () => {
      const url = 'http://127.0.0.1:1'
      const cases: [spec: Record<string, unknown>, error: RegExp][] = [
        [{ method: 'A B' }, /invalid method "A B"/],
        [{ headers: [['a b', 'x']] }, /invalid header field name "a b"/],
        [{ headers: [['a', 'x\r\ny: z']] }, /invalid header field value for "a"/],
        [{ auth: 'ntlm' }, /ntlm is not supported/],
        [{ compression: 'lzw' }, /unknown compression algorithm lzw/],
        [{ responseType: 'blob' }, /blob does not belong to ResponseType/],
        [{ timeout: 'soon' }, /invalid timeout value/],
        [{ jar: 7 }, /there are no such cookie jars/],
      ]
      for (const [spec, error] of cases) await assert.rejects(vu.request({ url, ...spec }), error)
    })
  })

  describe('give a response', () => {
    it('with status, headers by canonical names, cookies and where it came from', async () => {
      const server = await httpServer((_, response) => {
        response.writeHead(201, 'Made', [
          ...['x-TWO', '1', 'x-two', '2'],
          ...['set-cookie', 'a=1; Max-Age=60; HttpOnly', 'set-cookie', 'b=2; Path=/p'],
        ])
        response.end('done')
      })
      const response = await vu.get(`${server.url}/x`)
      assert.deepEqual([response.status, response.status_text, response.body], [201, '201 Made', 'done'])
      assert.equal(response.headers['X-Two'], '1, 2')
      assert.deepEqual([response.remote_ip, response.remote_port], ['127.0.0.1', server.port])
      assert.deepEqual([response.cookies.a![0]!.max_age, response.cookies.a![0]!.http_only], [60, true])
      assert.equal(response.url, `${server.url}/x`)
      assert.deepEqual(response.request.headers, { 'User-Agent': ['test'] })
    })

    it('as text, as bytes or not at all', async () => {
      const bytes = Buffer.from([0x61, 0, 0xff, 0xc3, 0xa9])
      const { url } = await httpServer((_, response) => response.end(bytes))
      assert.equal((await vu.get(url)).body, 'a\0\ufffdé')
      assert.deepEqual(Buffer.from((await vu.get(url, { responseType: 'binary' })).body as Uint8Array), bytes)
      assert.equal((await vu.get(url, { responseType: 'none' })).body, null)
      newVu({ options: { discardsBodies: true } })
      assert.equal((await vu.get(url)).body, null)
      assert.equal((await vu.get(url, { responseType: 'text' })).body, 'a\0\ufffdé')
    })

    it('without the encodings of the body', async () => {
      const encoded: Record<string, Buffer> = {
        gzip: gzipSync('text'),
        deflate: deflateSync('text'),
        br: brotliCompressSync('text'),
        'gzip, br': brotliCompressSync(gzipSync('text')),
        unheard: Buffer.from('text'),
      }
      const { url } = await httpServer((request, response) => {
        const name = decodeURIComponent(request.url!.slice(1))
        response.writeHead(200, { 'content-encoding': name }).end(encoded[name])
      })
      for (const name of Object.keys(encoded))
        assert.equal((await vu.get(`${url}/${encodeURIComponent(name)}`)).body, 'text')
    })

    it('of HEAD without a body, whatever length it tells', async () => {
      const { url } = await httpServer((_, response) => response.writeHead(200, { 'content-length': 100 }).end())
      const response = await vu.request({ method: 'HEAD', url })
      assert.deepEqual([response.status, response.body, response.error], [200, '', ''])
    })
  })

  it('give a response of 304 whose length is that of a body it does not have', async () => {
    const server = await rawServer((socket) => socket.write('HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n'))
    for (let i = 0; i < 2; i++) {
      const { status, error, body } = await vu.get(server.url)
      assert.deepEqual([status, error, body], [304, '', ''])
    }
  })

  it('give a response whose body ends with the connection', async () => {
    const server = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'))
    assert.equal((await vu.get(server.url)).body, 'hello')
  })

  describe('leave samples', () => {
    it('of all eight metrics and of the failure, with k6 tags', async () => {
      const server = await httpServer((_, response) => response.writeHead(404).end())
      await vu.get(`${server.url}/x`, { tags: [['step', 'one']] })
      const samples = vu.samples()
      assert.deepEqual(samples.map(({ metric }) => metric.replace('http_req', '')).sort(), [
        '_blocked',
        '_connecting',
        '_duration',
        '_failed',
        '_receiving',
        '_sending',
        '_tls_handshaking',
        '_waiting',
        's',
      ])
      for (const { tags } of samples) {
        assert.deepEqual(tags, {
          group: '::g',
          step: 'one',
          method: 'GET',
          name: `${server.url}/x`,
          url: `${server.url}/x`,
          status: '404',
          proto: 'HTTP/1.1',
          error_code: '1404',
          expected_response: 'false',
        })
      }
      assert.equal(samples.find(({ metric }) => metric === 'http_req_failed')!.value, 1)
    })

    it('of requests that failed, with the error', async () => {
      const response = await vu.get('http://127.0.0.1:1/x')
      assert.deepEqual([response.error, response.error_code], ['dial: connection refused', 1212])
      const [sample] = vu.samplesOf('http_req_failed')
      assert.equal(sample!.value, 1)
      const { status, error, error_code } = sample!.tags
      assert.deepEqual(
        { status, error, error_code },
        { status: '0', error: 'dial: connection refused', error_code: '1212' },
      )
      assert.deepEqual(
        [vu.lines[0]!.msg, vu.lines[0]!.fields.error],
        ['Request Failed', 'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused'],
      )
    })

    it('with a name in place of the URL, and without user name and password', async () => {
      const server = await httpServer(echo)
      const at = server.url.slice(7)
      await vu.get(`${server.url}/1`, { urlName: 'http://h/x' })
      await vu.get(`${server.url}/2`, { urlName: 'http://h/x', tags: [['name', 'mine']] })
      await vu.get(`http://me:secret@${at}/3`)
      assert.deepEqual(
        vu.samplesOf('http_reqs').map(({ tags }) => [tags.name, tags.url]),
        [
          ['http://h/x', 'http://h/x'],
          ['mine', 'mine'],
          [`http://****:****@${at}/3`, `http://****:****@${at}/3`],
        ],
      )
    })

    it('that are judged as the script wants, or not judged', async () => {
      const { url } = await httpServer((_, response) => response.writeHead(404).end())
      await vu.get(url, { expected: [[404, 404]] })
      assert.deepEqual(
        vu.samplesOf('http_req_failed').map(({ value }) => value),
        [0],
      )
      await vu.get(url, { expected: null })
      const unjudged = vu.samples()
      assert.equal(unjudged.length, 8)
      assert.ok(unjudged.every(({ tags }) => tags.expected_response === undefined))
      await vu.call('setExpected', '[[400,499]]')
      await vu.get(url)
      assert.deepEqual(
        vu.samplesOf('http_req_failed').map(({ value }) => value),
        [0],
      )
      await vu.call('setExpected', undefined)
      await vu.get(url)
      assert.deepEqual(vu.samplesOf('http_req_failed'), [])
    })

    it('with times that add up', async () => {
      const { url } = await httpServer((_, response) => {
        setTimeout(() => {
          response.write('a')
          setTimeout(() => response.end('b'), 30)
        }, 40)
      })
      const { timings } = await vu.get(url)
      assert.ok(timings.waiting! >= 35 && timings.receiving! >= 25 && timings.connecting! > 0)
      assert.equal(timings.duration, timings.sending! + timings.waiting! + timings.receiving!)
      const { timings: second } = await vu.get(url)
      assert.deepEqual([second.connecting, second.tls_handshaking, second.looking_up], [0, 0, 0])
    })

    it('none of a URL that cannot be requested, nor of a request that was cut off', async () => {
      const wrong = await vu.get('ftp://127.0.0.1/')
      assert.deepEqual([wrong.status, wrong.error_code], [0, 1020])
      const { url } = await httpServer(() => setTimeout(() => vu.context.abort.abort(), 20))
      await vu.get(url)
      assert.deepEqual(vu.samples(), [])
    })

    it('none in the iteration after the one that was cut', async () => {
      const { url } = await httpServer(() => {
        vu.context.abort.abort()
        vu.context.renew()
      })
      await vu.get(url)
      assert.deepEqual([vu.samples(), vu.lines], [[], []])
    })

    it('or throw where the option or the parameter says so', async () => {
      await assert.rejects(
        vu.get('http://127.0.0.1:1/', { throws: true }),
        /^GuestError: Get "http:\/\/127.0.0.1:1\/": dial tcp/,
      )
      assert.equal(vu.samplesOf('http_reqs').length, 1)
      newVu({ options: { throws: true } })
      await assert.rejects(vu.get('nowhere'), /invalid URL/)
      assert.equal((await vu.get('nowhere', { throws: false })).error_code, 1020)
    })
  })

  describe('follow redirects', () => {
    it('with the methods of Go, a sample for each', async () => {
      const { url } = await httpServer((request, response) => {
        const status = Number(request.url!.slice(1))
        if (status > 0) response.writeHead(status, { location: '/' }).end()
        else echo(request, response)
      })
      const methods: [status: number, sent: string, then: string, body: string][] = [
        [301, 'POST', 'GET', ''],
        [302, 'PUT', 'GET', ''],
        [303, 'DELETE', 'GET', ''],
        [302, 'HEAD', 'HEAD', ''],
        [307, 'POST', 'POST', 'text'],
        [308, 'PUT', 'PUT', 'text'],
      ]
      for (const [status, method, then, body] of methods) {
        const headers = [['content-type', 'text/plain']]
        const response = await vu.request(
          { method, url: `${url}/${status}`, headers },
          method === 'HEAD' ? undefined : 'text',
        )
        assert.deepEqual([response.request.method, response.url], [then, `${url}/`])
        const hops = vu.samplesOf('http_reqs').map(({ tags }) => [tags.method, tags.status, tags.url])
        assert.deepEqual(hops, [
          [method, String(status), `${url}/${status}`],
          [then, '200', `${url}/`],
        ])
        if (method === 'HEAD') continue
        const sent = echoed(response)
        assert.equal(Buffer.from(sent.body, 'base64').toString(), body)
        assert.equal(sent.headers['content-type'], body === '' ? undefined : 'text/plain')
        assert.equal(sent.headers.referer, `${url}/${status}`)
      }
    })

    it('no further than they may', async () => {
      const { url } = await httpServer((request, response) => {
        response.writeHead(302, { location: `/${Number(request.url!.slice(1)) + 1}` }).end()
      })
      assert.equal((await vu.get(`${url}/0`, { redirects: 2 })).url, `${url}/2`)
      assert.equal((await vu.get(`${url}/0`, { redirects: 0 })).url, `${url}/0`)
      assert.deepEqual(vu.lines, [], 'who sets a limit wants no warning')
      newVu({ options: { maxRedirects: 1 } })
      assert.equal((await vu.get(`${url}/0`)).url, `${url}/1`)
      assert.deepEqual(vu.lines, [])
    })

    it('without showing secrets to another host, and never again once they left the first', async () => {
      const last = await httpServer(echo)
      const other = await httpServer((_, response) => response.writeHead(302, { location: `${last.url}/` }).end())
      const first = await httpServer((_, response) => {
        response.writeHead(302, { location: `http://localhost:${other.port}/` }).end()
      })
      newVu({ resolver: { hosts: new Map([['localhost', '127.0.0.1']]) } })
      const headers = [
        ['authorization', 'Bearer x'],
        ['cookie', 'c=1'],
        ['x-other', 'stays'],
      ]
      const cookies = [['own', '1', false]]
      const sent = echoed(await vu.get(first.url, { headers, cookies }))
      assert.deepEqual(
        [sent.headers.authorization, sent.headers.cookie, sent.headers['x-other']],
        [undefined, undefined, 'stays'],
      )
    })

    it('with secrets to the same host', async () => {
      const { url } = await httpServer((request, response) => {
        if (request.url === '/') response.writeHead(302, { location: '/in' }).end()
        else echo(request, response)
      })
      const sent = echoed(await vu.get(url, { headers: [['authorization', 'Bearer x']] }))
      assert.equal(sent.headers.authorization, 'Bearer x')
    })

    it('only to where the network may be reached', async () => {
      const inner = await httpServer(echo)
      const outer = await httpServer((_, response) =>
        response.writeHead(302, { location: `http://127.0.0.2:${inner.port}/` }).end(),
      )
      newVu({ network: networkOf({ deny: ['127.0.0.2'] }) })
      const response = await vu.get(outer.url)
      assert.deepEqual([response.status, response.error_code], [0, 1110])
      assert.match(vu.lines[0]!.fields.error!, /127\.0\.0\.2:\d+ is not allowed/)
      assert.equal(inner.connections, 0)
    })
  })

  describe('keep cookies', () => {
    const setting = async () =>
      httpServer((request, response) => {
        if (request.url === '/set') response.writeHead(200, { 'set-cookie': ['a=1; Path=/', 'b=2; Path=/p'] }).end()
        else if (request.url === '/go') response.writeHead(302, { location: '/', 'set-cookie': 'c=3' }).end()
        else echo(request, response)
      })
    const cookie = async (url: string, spec = {}) => echoed(await vu.get(url, spec)).headers.cookie

    it('and send them where they belong', async () => {
      const { url } = await setting()
      await vu.get(`${url}/set`)
      assert.equal(await cookie(`${url}/`), 'a=1')
      assert.equal(await cookie(`${url}/p/x`), 'b=2; a=1')
      assert.equal(await cookie(`${url}/go`), 'a=1; c=3', 'those of a redirect are taken over')
    })

    it('beside those of the call, or in their place', async () => {
      const { url } = await setting()
      await vu.get(`${url}/set`)
      assert.equal(await cookie(`${url}/`, { cookies: [['a', '9', false]] }), 'a=9; a=1')
      assert.equal(
        await cookie(`${url}/`, {
          cookies: [
            ['a', '9', true],
            ['q', 'x y', false],
          ],
        }),
        'a=9; q="x y"',
      )
      assert.equal(await cookie(`${url}/`), 'a=1', 'those of a call are not kept')
    })

    it('until the iteration is over, unless the option says otherwise', async () => {
      const { url } = await setting()
      await vu.get(`${url}/set`)
      vu.context.http.renew()
      assert.equal(await cookie(`${url}/`), undefined)
      newVu({ options: { noCookiesReset: true } })
      await vu.get(`${url}/set`)
      vu.context.http.renew()
      assert.equal(await cookie(`${url}/`), 'a=1')
    })

    it('in a jar of the script', async () => {
      const { url } = await setting()
      const jar = (await vu.call('newJar')) as number
      await vu.call('setCookie', jar, url, 'k', 'v', JSON.stringify({ path: '/p', max_age: 60, http_only: true }))
      await vu.call('setCookie', jar, url, 'old', 'v', JSON.stringify({ expires: 'Mon, 02 Jan 2006 15:04:05 MST' }))
      assert.equal(await cookie(`${url}/p`, { jar }), 'k=v')
      assert.equal(await cookie(`${url}/p`), undefined)
      const names = async () => JSON.parse((await vu.call('cookies', jar, `${url}/p`)) as string) as unknown
      assert.deepEqual(await names(), [['k', 'v']])
      await vu.call('setCookie', jar, url, 'l', 'w', '{}')
      await vu.call('removeCookies', jar, `${url}/p`, 'k')
      assert.deepEqual(await names(), [['l', 'w']])
      await vu.call('removeCookies', jar, url, undefined)
      assert.deepEqual(await names(), [])
      await assert.rejects(vu.call('setCookie', jar, url, 'k', 'v', '{"expires":"never"}'), /unable to parse "expires"/)
    })
  })

  describe('tell who asks', () => {
    it('with the user name and password of the URL', async () => {
      const { port } = await httpServer(echo)
      const sent = echoed(await vu.get(`http://me:p%40ss@127.0.0.1:${port}/`))
      assert.equal(sent.headers.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`)
    })

    it('with an answer to the challenge of Digest, both requests measured and the refusal expected', async () => {
      const { port } = await httpServer((request, response) => {
        const { authorization } = request.headers
        if (authorization?.includes('username="me"') && authorization.includes('uri="/x"')) response.end('in')
        else response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end()
      })
      const response = await vu.get(`http://me:pass@127.0.0.1:${port}/x`, { auth: 'digest' })
      assert.equal(response.body, 'in')
      assert.deepEqual(
        vu.samplesOf('http_req_failed').map(({ value, tags }) => [tags.status, value]),
        [
          ['401', 0],
          ['200', 0],
        ],
      )
    })
  })

  describe('use connections', () => {
    it('again and again, each for one request at a time', async () => {
      const server = await httpServer(echo)
      for (let i = 0; i < 3; i++) await vu.get(server.url)
      assert.equal(server.connections, 1)
      await vu.batch([{ url: server.url }, { url: server.url }])
      assert.equal(server.connections, 2)
    })

    it('once, or for one iteration, as the options say', async () => {
      const server = await httpServer(echo)
      newVu({ options: { noConnectionReuse: true } })
      assert.equal(echoed(await vu.get(server.url)).headers.connection, 'close')
      await vu.get(server.url)
      assert.equal(server.connections, 2)
      newVu({ options: { noVuConnectionReuse: true } })
      await vu.get(server.url)
      await vu.get(server.url)
      assert.equal(server.connections, 3)
      vu.context.http.renew()
      await vu.get(server.url)
      assert.equal(server.connections, 4)
    })

    it('anew for a GET when the server ends one just then, and not for a POST', async () => {
      let count = 0
      const server = await rawServer((socket) => {
        // Every second request of a connection is answered with its end.
        if (++count % 2 === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
        else socket.end()
      })
      await vu.get(server.url)
      count = 1
      assert.equal((await vu.get(server.url)).status, 200)
      assert.equal(server.connections, 2)
      count = 1
      assert.equal((await vu.request({ method: 'POST', url: server.url }, 'x')).error, 'EOF')
    })

    it('anew when the server said that it ends them', async () => {
      const server = await httpServer((_, response) => response.writeHead(200, { connection: 'close' }).end('x'))
      for (let i = 0; i < 3; i++) {
        const { status, error } = await vu.request({ method: 'POST', url: server.url }, 'x')
        assert.deepEqual([status, error], [200, ''])
      }
      assert.equal(server.connections, 3)
    })

    it('whose bytes are counted', async () => {
      const server = await httpServer((_, response) => response.end('x'.repeat(1000)))
      await vu.request({ method: 'POST', url: server.url }, 'y'.repeat(500))
      const { sentBytes, receivedBytes } = vu.context.takeTraffic()
      assert.ok(sentBytes > 500 && sentBytes < 1000 && receivedBytes > 1000 && receivedBytes < 1500)
      assert.deepEqual(vu.context.takeTraffic(), { sentBytes: 0, receivedBytes: 0 })
    })

    it('and end a request when the iteration is interrupted', async () => {
      let isClosed: Promise<unknown> = Promise.resolve()
      const server = await httpServer((request) => {
        isClosed = once(request.socket, 'close')
        vu.context.abort.abort()
      })
      await vu.get(server.url)
      await isClosed
    })

    it('through the options about names and addresses', async () => {
      const server = await httpServer(echo)
      newVu({
        resolver: {
          hosts: new Map([['shop.test', `127.0.0.1:${server.port}`]]),
          blockHostnames: ['*.blocked.test'],
          blacklistIps: ['127.0.0.3/32'],
          lookup: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' })),
        },
      })
      assert.equal((await vu.get('http://shop.test/')).status, 200)
      const errors: [url: string, error: string, code: number][] = [
        ['http://a.blocked.test/', 'hostname is blocked', 1111],
        ['http://127.0.0.3/', 'ip is blacklisted', 1110],
        ['http://nowhere.test/', 'lookup: no such host', 1101],
      ]
      for (const [url, error, code] of errors) {
        const response = await vu.get(url)
        assert.deepEqual([response.error, response.error_code], [error, code])
      }
      newVu({ options: { localIpOf: () => '127.0.0.9' } })
      const from = await httpServer((request, response) => response.end(request.socket.remoteAddress))
      assert.equal((await vu.get(from.url)).body, '127.0.0.9')
    })

    it('at the pace of the option rps', async () => {
      const { url } = await httpServer(echo)
      const slots: number[] = []
      const nextSlotMs = () => {
        slots.push((slots.at(-1) ?? Date.now()) + 40)
        return slots.at(-1)!
      }
      newVu({ options: { nextSlotMs } })
      const beganAtMs = performance.now()
      const response = await vu.get(url, { timeout: 30 })
      assert.ok(performance.now() - beganAtMs >= 35)
      assert.equal(response.error, '', 'the wait is no part of the time that a request has')
    })
  })

  describe('over TLS', () => {
    const ca = fixture('ca.pem')
    const options = { key: fixture('server.key'), cert: fixture('server.pem') }
    async function tlsServer(more = {}) {
      const server = createTlsServer({ ...options, ...more }, echo)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: (server.address() as AddressInfo).port, server }
    }

    it('tell version and cipher suite', async () => {
      const { port, server } = await tlsServer()
      newVu({ options: { tls: { insecureSkipVerify: true, maxVersion: 'tls1.2' } } })
      const response = await vu.get(`https://127.0.0.1:${port}/`)
      assert.equal(response.tls_version, 'tls1.2')
      assert.match(response.tls_cipher_suite, /^TLS_ECDHE_/)
      assert.ok(response.timings.tls_handshaking! > 0)
      assert.equal(vu.samplesOf('http_reqs')[0]!.tags.tls_version, 'tls1.2')
      server.close()
    })

    it('refuse a certificate of an unknown authority', async () => {
      const { port, server } = await tlsServer()
      const unknown = await vu.get(`https://127.0.0.1:${port}/`)
      assert.deepEqual([unknown.status, unknown.error, unknown.error_code], [0, 'x509: unknown authority', 1310])
      server.close()
    })

    it('show the client certificate of the options', async () => {
      const { port, server } = await tlsServer({ requestCert: true, rejectUnauthorized: true, ca })
      const auth = [{ cert: fixture('client.pem'), key: fixture('client.key') }]
      newVu({ options: { tls: { insecureSkipVerify: true, auth } } })
      assert.equal((await vu.get(`https://127.0.0.1:${port}/`)).status, 200)
      newVu({ options: { tls: { insecureSkipVerify: true } } })
      assert.equal((await vu.get(`https://127.0.0.1:${port}/`)).status, 0)
      server.close()
    })

    it('tell a server that speaks none', async () => {
      const { port } = await httpServer(echo)
      const response = await vu.get(`https://127.0.0.1:${port}/`)
      assert.equal(response.error_code, 1300)
      assert.equal(response.error, 'tls: first record does not look like a TLS handshake')
    })
  })

  describe('in the log', () => {
    it('are told with headers, and in full with bodies', async () => {
      const { url } = await httpServer((_, response) => response.writeHead(200, { 'x-a': 'b' }).end('the answer'))
      newVu({ options: { httpDebug: 'headers' } })
      await vu.request({ method: 'POST', url: `${url}/x` }, 'the question')
      const [sent, received] = vu.lines.map(({ msg }) => msg)
      assert.match(sent!, /^Request:\nPOST \/x HTTP\/1.1\nHost: 127.0.0.1:\d+\nUser-Agent: test\n/)
      assert.match(received!, /^Response:\nHTTP\/1.1 200 OK\nx-a: b\n/)
      assert.ok(!sent!.includes('question') && !received!.includes('answer'))
      assert.equal(vu.lines[0]!.fields.request_id, vu.lines[1]!.fields.request_id)
      newVu({ options: { httpDebug: 'full' }, limits: { logLineBytes: 400 } })
      await vu.request({ method: 'POST', url }, 'the question')
      assert.match(vu.lines[0]!.msg, /\n\nthe question\n$/)
      await vu.request({ method: 'POST', url }, 'x'.repeat(1000))
      assert.ok(vu.lines[2]!.msg.length < 400)
    })
  })
})
