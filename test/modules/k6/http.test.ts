/** What scripts see of `k6/http`, through the whole engine. The wire is the matter of test/host/http. */
import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { bodyOf, closeServers, httpServer } from '../../host/http/http-test-vu.js'
import { type RunOptions, runScript } from '../../support/run-script.js'

const listener: RequestListener = async (request, response) => {
  const body = await bodyOf(request)
  const path = request.url!
  if (path === '/slow') return
  if (path === '/404') response.statusCode = 404
  if (path === '/set') response.setHeader('set-cookie', 'a=1; Path=/; HttpOnly; Max-Age=60')
  response.setHeader('content-type', 'application/json')
  const { method, headers } = request
  response.end(path === '/nul' ? 'a\0b' : JSON.stringify({ method, path, headers, body: body.toString('utf8') }))
}

/** Runs a script whose iterations are `body`, with the server's URL in `url`. */
async function run(body: string, options: RunOptions = {}, init = '') {
  const { url } = await httpServer(listener)
  const source = `
    import http from 'k6/http'
    import { check, group } from 'k6'
    const url = __ENV.URL
    ${init}
    export default async function () { ${body} }
  `
  return runScript(source, { ...options, env: { URL: url } })
}

/** What the console said, without any error. */
async function said(body: string, options: RunOptions = {}, init = ''): Promise<string[]> {
  const outcome = await run(body, options, init)
  assert.deepEqual(outcome.errors, [])
  return outcome.said
}

describe('k6/http in a script', () => {
  afterEach(closeServers)

  it('has a function for each method', async () => {
    const lines = await said(`
      for (const name of ['get', 'options', 'del', 'post', 'put', 'patch']) console.log(name, http[name](url).json('method'))
      console.log(http.head(url).request.method, http.request('report', url).json('method'))
    `)
    const methods = ['get GET', 'options OPTIONS', 'del DELETE', 'post POST', 'put PUT', 'patch PATCH']
    assert.deepEqual(lines, [...methods, 'HEAD REPORT'])
  })

  it('sends texts, bytes, forms and files', async () => {
    const lines = await said(`
      const sent = (body, params) => { const r = http.post(url, body, params).json(); return r.headers['content-type'] + ' ' + r.body }
      console.log(sent('täxt'))
      console.log(sent(new Uint8Array([65, 66, 67]).buffer), sent(new Uint8Array([65, 66, 67]).subarray(1)))
      console.log(sent({ b: 'x y', a: [1, 'ü'], "c'": true }))
      console.log(sent({ a: 1 }, { headers: { 'content-TYPE': 'mine' } }))
      const file = http.file(new Uint8Array([68]).buffer, 'f".txt', 'text/plain')
      console.log(sent({ a: 'x', file }).replace(/[0-9a-f]{60}/g, 'BOUNDARY').replace(/\\r\\n/g, '|'))
      try { http.post(url, 5) } catch (e) { console.log(e.message) }
    `)
    assert.deepEqual(lines, [
      'undefined täxt',
      'undefined ABC undefined BC',
      'application/x-www-form-urlencoded a=1&a=%C3%BC&b=x+y&c%27=true',
      'mine a=1',
      'multipart/form-data; boundary=BOUNDARY --BOUNDARY|Content-Disposition: form-data; name="a"||x|' +
        '--BOUNDARY|Content-Disposition: form-data; name="file"; filename="f\\".txt"|Content-Type: text/plain||D|' +
        '--BOUNDARY--|',
      'unknown request body type number',
    ])
  })

  it('gives responses with keys in the order of k6', async () => {
    const lines = await said(`
      const r = http.get(url + '/set', { headers: { 'X-A': 'b' }, tags: { t: 1 } })
      console.log(Object.keys(r).join())
      console.log(Object.keys(r.timings).join(), Object.keys(r.request).join())
      console.log(JSON.stringify(r.cookies.a[0]), r.cookies.a[0].httpOnly, r.cookies.a[0].maxAge)
      console.log(r.request.headers['X-A'], typeof r.html, r.json('headers.x-a'), r.json('nothing'))
      console.log(JSON.stringify(http.get(url + '/nul').body), http.get(url, { responseType: 'binary' }).body.byteLength > 10)
      console.log(http.get(url, { responseType: 'none' }).body)
    `)
    assert.deepEqual(lines, [
      'remote_ip,remote_port,url,status,status_text,proto,headers,cookies,body,timings,tls_version,tls_cipher_suite,ocsp,error,error_code,request',
      'duration,blocked,looking_up,connecting,tls_handshaking,sending,waiting,receiving method,url,headers,body,cookies',
      '{"name":"a","value":"1","domain":"","path":"/","http_only":true,"secure":false,"max_age":60,"expires":0} true 60',
      '[ "b" ] function b undefined',
      '"a\\u0000b" true',
      'null',
    ])
  })

  it('throws for what it does not have, and for JSON that is none', async () => {
    const lines = await said(`
      const r = http.get(url)
      for (const name of ['html', 'submitForm', 'clickLink']) try { r[name]() } catch (e) { console.log(e.message) }
      try { http.get(url, { responseType: 'none' }).json() } catch (e) { console.log(e.message) }
      try { http.get(url + '/nul').json() } catch (e) { console.log(e.name, e.message.slice(0, 31)) }
      try { http.get(url, { auth: 'ntlm' }) } catch (e) { console.log(e.message) }
    `)
    assert.deepEqual(lines, [
      'response.html() is not supported: k6/html is left out',
      'response.submitForm() is not supported: k6/html is left out',
      'response.clickLink() is not supported: k6/html is left out',
      "the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
      'GoError cannot parse json due to an err',
      'the authentication method ntlm is not supported',
    ])
  })

  it('refuses the init context', async () => {
    const lines = await said(
      'console.log(refused.join(" | "))',
      {},
      `
      const refused = []
      const attempt = (fn) => { try { fn() } catch (e) { refused.push(e.message) } }
      attempt(() => http.get('http://127.0.0.1:1'))
      attempt(() => http.batch([]))
      attempt(() => http.cookieJar())
      attempt(() => new http.CookieJar())
      `,
    )
    assert.deepEqual(lines, [
      [
        'Making http requests in the init context is not supported',
        'Using batch in the init context is not supported',
        'Making cookie jars in the init context is not supported',
      ].join(' | '),
    ])
  })

  it('runs batches given as lists and as objects', async () => {
    const lines = await said(`
      const list = http.batch([url + '/1', ['POST', url + '/2', 'body'], { method: 'PUT', url: url + '/3', params: { responseType: 'binary' } }, http.url\`\${url}/\${4}\`])
      console.log(Array.isArray(list), list.map((r) => r.json('method') + r.json('path')).join())
      const named = http.batch({ one: url + '/1', two: { url: url + '/404' } })
      console.log(Object.keys(named).join(), named.one.status, named.two.status)
      for (const bad of [undefined, 5, [null], [{}]]) try { http.batch(bad) } catch (e) { console.log(e.message) }
    `)
    assert.deepEqual(lines, [
      'true GET/1,POST/2,PUT/3,GET/4',
      'one,two 200 404',
      'no argument was provided to http.batch()',
      'invalid http.batch() argument type number',
      "invalid URL value 'null'",
      'batch request has no url key',
    ])
  })

  it('makes requests that nobody waits for, and keeps the iteration until they are there', async () => {
    const lines = await said(`
      http.asyncRequest('GET', url + '/later').then((r) => console.log(r.json('path')))
      const [a, b] = await Promise.all([http.asyncRequest('POST', url, 'x'), http.asyncRequest('GET', url + '/404')])
      console.log(a.json('body'), b.status)
      await http.asyncRequest('GET', 'http://127.0.0.1:1/', null, { throw: true }).catch((e) => console.log(String(e)))
    `)
    assert.deepEqual(lines.sort(), [
      '/later',
      'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
      'x 404',
    ])
  })

  it('has cookie jars', async () => {
    const lines = await said(`
      const jar = http.cookieJar()
      jar.set(url, 'k', 'v', { path: '/in', max_age: 60 })
      console.log(JSON.stringify(jar.cookiesForURL(url)), JSON.stringify(jar.cookiesForURL(url + '/in')))
      http.get(url + '/set')
      console.log(http.get(url + '/in', { cookies: { a: { value: '2', replace: true }, own: '3' } }).json('headers.cookie'))
      const mine = new http.CookieJar()
      mine.set(url, 'm', '1')
      console.log(http.get(url, { jar: mine }).json('headers.cookie'), http.cookieJar() instanceof http.CookieJar)
      jar.delete(url, 'a'); jar.clear(url + '/in')
      console.log(JSON.stringify(jar.cookiesForURL(url + '/in')))
    `)
    assert.deepEqual(lines, ['{} {"k":["v"]}', 'a=2; own=3; k=v', 'm=1 true', '{}'])
  })

  it('frees the jars that a script has dropped, and not under a request that is open', async () => {
    const lines = await said(`
      for (let i = 0; i < 10_500; i++) new http.CookieJar()
      let jar = new http.CookieJar()
      jar.set(url, 'm', '1')
      const request = http.asyncRequest('GET', url, null, { jar })
      jar = undefined
      for (let i = 0; i < 2_000; i++) new http.CookieJar()
      console.log((await request).json('headers.cookie'))
    `)
    assert.deepEqual(lines, ['m=1'])
  })

  it('judges statuses as the script says', async () => {
    const outcome = await run(`
      http.get(url + '/404')
      http.get(url + '/404', { responseCallback: http.expectedStatuses(404) })
      http.get(url + '/404', { responseCallback: null })
      http.setResponseCallback(http.expectedStatuses({ min: 400, max: 499 }, 200))
      http.get(url + '/404'); http.get(url)
      for (const wrong of [() => http.expectedStatuses(), () => http.expectedStatuses('200'), () => http.setResponseCallback(5)]) {
        try { wrong() } catch (e) { console.log(e.message) }
      }
    `)
    assert.deepEqual(outcome.said, [
      'no arguments',
      'argument number 1 to expectedStatuses was neither an integer nor a an object like {min:100, max:329}',
      'unsupported argument, expected http.expectedStatuses',
    ])
    assert.deepEqual([outcome.count('http_reqs'), outcome.count('http_req_failed')], [5, 1])
    const names = outcome.run.store.observed().map(({ name }) => name)
    assert.ok(names.includes('http_req_duration{expected_response:true}'))
  })

  it('names its requests and tags them with group and scenario', async () => {
    const selector = 'http_reqs{name:$\u007b}/item/$\u007b}?q=$\u007b},group:::g,scenario:default,step:1}'
    const { exitCode, errors } = await run(
      "group('g', () => http.get(http.url`$\u007burl}/item/$\u007b7}?q=$\u007b'x'}`, { tags: { step: 1 } }))",
      { options: { thresholds: { [selector]: ['count==1'] } } },
    )
    assert.deepEqual([exitCode, errors], [0, []])
  })

  it('takes the options of the test', async () => {
    const lines = await said(
      `
      console.log(http.get(url).body, http.get(url, { responseType: 'text' }).json('headers.user-agent'))
      try { http.get('http://127.0.0.1:1') } catch (e) { console.log(e.name) }
    `,
      { options: { discardResponseBodies: true, userAgent: 'mine', throw: true } },
    )
    assert.deepEqual(lines, ['null mine', 'GoError'])
  })

  it('spaces requests of all threads as the option rps says', async () => {
    const outcome = await run('http.get(url); http.get(url); http.get(url)', {
      threads: 2,
      options: { rps: 20, vus: 2, iterations: 2 },
    })
    // Six requests: five gaps of 50 ms at least.
    assert.ok(outcome.result.durationMs >= 240, `${outcome.result.durationMs} ms`)
  })

  it('counts the bytes of the wire for the iteration', async () => {
    const outcome = await run("http.post(url, 'x'.repeat(10000))")
    assert.ok(outcome.count('data_sent')! > 10_000 && outcome.count('data_received')! > 10_000)
  })

  it('ends a request with the iteration that is interrupted, and measures nothing of it', async () => {
    const outcome = await run("http.get(url + '/slow')", {
      options: { scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } } },
    })
    assert.deepEqual([outcome.count('iterations'), outcome.count('http_reqs')], [undefined, undefined])
  })

  it('survives scripts that replace built-ins', async () => {
    const lines = await said(`
      const { log } = console
      JSON.parse = JSON.stringify = () => 'mine'
      Map.prototype.get = Map.prototype.set = Array.prototype.push = Array.prototype.map = () => { throw new Error('push') }
      String.prototype.toUpperCase = String.prototype.toLowerCase = RegExp.prototype.exec = () => { throw new Error('text') }
      Object.keys = () => { throw new Error('keys') }
      Object.prototype.toJSON = () => 'json'
      globalThis.encodeURIComponent = () => 'encoded'
      Uint8Array.prototype.set = () => { throw new Error('set') }
      Object.defineProperty(Object.prototype, 'get', { value: () => 'get', configurable: true, writable: true })
      const r = http.post(url, { a: 'x y', f: http.file('d', 'n') }, { headers: { 'x-a': '1' }, cookies: { c: '1' }, tags: { t: 'x' } })
      log(r.status, r.json('headers.x-a'), r.json('headers.cookie'), http.batch([url])[0].status)
      http.cookieJar().set(url, 'a', 'b')
      log(http.cookieJar().cookiesForURL(url).a[0], (await http.asyncRequest('GET', url)).status)
    `)
    assert.deepEqual(lines, ['200 1 c=1 200', 'b 200'])
  })
})
