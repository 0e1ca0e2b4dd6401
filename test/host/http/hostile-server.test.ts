/** What servers do that mean harm, or are broken: each request ends, with an error that tells, and memory stays bounded. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { closeServers, HttpTestVu, httpServer, rawServer, type TestResponse } from './http-test-vu.js'

const ok = 'HTTP/1.1 200 OK\r\n'

describe('k6/http: hostile servers', () => {
  let vu: HttpTestVu
  beforeEach(() => {
    vu = new HttpTestVu({ limits: { httpBodyBytes: 1024 * 1024 } })
  })
  afterEach(async () => {
    vu.close()
    await closeServers()
  })

  /** One GET of a server that answers with `write`. */
  async function against(write: (socket: Socket) => void, spec = {}): Promise<TestResponse> {
    const server = await rawServer(write)
    return vu.get(server.url, { timeout: 5000, ...spec })
  }
  const failure = ({ status, error, error_code }: TestResponse) => ({ status, error, error_code })

  it('ends headers without end', async () => {
    const response = await against((socket) => {
      socket.write(ok)
      const line = `x-flood: ${'a'.repeat(60_000)}\r\n`
      const flood = () => {
        while (!socket.destroyed && socket.write(line));
        if (!socket.destroyed) socket.once('drain', flood)
      }
      flood()
    })
    assert.deepEqual(failure(response), {
      status: 0,
      error: 'net/http: server response headers exceeded 1048576 bytes; aborted',
      error_code: 1000,
    })
  })

  it('ends a body that is larger than the limit, and tells the limit', async () => {
    const response = await against((socket) => {
      socket.write(`${ok}content-length: 1073741824\r\n\r\n`)
      const chunk = Buffer.alloc(64 * 1024, 'a')
      const flood = () => {
        while (!socket.destroyed && socket.write(chunk));
        if (!socket.destroyed) socket.once('drain', flood)
      }
      flood()
    })
    assert.equal(response.status, 200)
    assert.equal(response.error, 'the body of the response has more than 1048576 bytes (limit httpBodyBytes)')
    assert.equal((response.body as string).length <= 1024 * 1024, true)
    assert.equal(vu.refusals[0]?.section, 'limits.httpBodyBytes')
  })

  it('reads a large body to its end without keeping it when nobody wants it', async () => {
    const server = await httpServer((_, response) => response.end(Buffer.alloc(8 * 1024 * 1024)))
    const response = await vu.get(server.url, { responseType: 'none' })
    assert.deepEqual([response.status, response.error, response.body], [200, '', null])
    assert.ok(vu.context.takeTraffic().receivedBytes > 8 * 1024 * 1024)
  })

  it('decodes no more of a bomb than the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const server = await httpServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb))
    const response = await vu.get(server.url)
    assert.equal(response.error, 'the decoded body has more than 1048576 bytes (limit httpBodyBytes)')
    assert.equal(response.error_code, 1701)
    assert.equal(vu.refusals[0]?.section, 'limits.httpBodyBytes')
  })

  it('decodes no more of any bomb, nor of one inside another', async () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024)
    const small = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }
    const bombs: [encoding: string, body: Buffer][] = [
      ['deflate', deflateSync(zeros)],
      ['br', brotliCompressSync(zeros, small)],
      ['gzip, gzip', gzipSync(gzipSync(zeros))],
      ['br, gzip', gzipSync(brotliCompressSync(zeros, small))],
    ]
    let turn = 0
    const server = await httpServer((_, response) => {
      const [encoding, body] = bombs[turn++]!
      response.writeHead(200, { 'content-encoding': encoding }).end(body)
    })
    for (const [encoding] of bombs) {
      const response = await vu.get(server.url)
      assert.deepEqual(
        [response.error_code, response.error],
        [1701, 'the decoded body has more than 1048576 bytes (limit httpBodyBytes)'],
        encoding,
      )
    }
  })

  it('answers others while a server sends without end', async () => {
    const flood = await httpServer((_, response) => {
      const chunk = Buffer.alloc(64 * 1024)
      const pour = () => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    })
    const other = await httpServer((_, response) => response.end('hello'))
    const flooded = vu.get(flood.url, { responseType: 'none', timeout: 60_000 })
    for (let i = 0; i < 20; i++) assert.equal((await vu.get(other.url)).body, 'hello')
    vu.context.abort.abort()
    assert.equal((await flooded).body, null)
  })

  it('tells of a body that is not in the encoding that its header says', async () => {
    const server = await httpServer((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('plainly not'),
    )
    const response = await vu.get(server.url)
    assert.deepEqual(failure(response), {
      status: 200,
      error: 'error decompressing response body (gzip): invalid data',
      error_code: 1701,
    })
  })

  it('ends a response that comes byte by byte when the time is up, in headers and in the body', async () => {
    const drip = (head: string) => (socket: Socket) => {
      socket.write(head)
      const timer = setInterval(() => socket.write('a'), 20)
      socket.on('close', () => clearInterval(timer))
    }
    const inHeaders = await against(drip(`${ok}x: `), { timeout: 200 })
    assert.deepEqual(failure(inHeaders), { status: 0, error: 'request timeout', error_code: 1050 })
    const inBody = await against(drip(`${ok}content-length: 100000\r\n\r\n`), { timeout: 200 })
    assert.deepEqual(failure(inBody), { status: 200, error: 'request timeout', error_code: 1050 })
  })

  it('ends a server that never says anything when the time is up', async () => {
    const response = await against(() => {}, { timeout: 100 })
    assert.deepEqual(failure(response), { status: 0, error: 'request timeout', error_code: 1050 })
  })

  const broken: [title: string, answer: string, expected: { status: number; error: string }][] = [
    ['a status line that is none', 'NOPE\r\n\r\n', { status: 0, error: 'malformed HTTP response' }],
    ['a header without a colon', `${ok}broken header\r\n\r\n`, { status: 0, error: 'malformed HTTP response' }],
    [
      'two lengths',
      `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
      { status: 0, error: 'malformed HTTP response' },
    ],
    [
      'length and chunks',
      `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      { status: 0, error: 'malformed HTTP response' },
    ],
    [
      'a chunk whose size is no number',
      `${ok}transfer-encoding: chunked\r\n\r\nxyz\r\n`,
      { status: 200, error: 'malformed chunked encoding' },
    ],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      { status: 0, error: 'malformed HTTP response' },
    ],
  ]
  for (const [title, answer, expected] of broken) {
    it(`refuses ${title}`, async () => {
      const response = await against((socket) => socket.end(answer))
      assert.deepEqual({ status: response.status, error: response.error }, expected)
    })
  }

  it('refuses control characters in headers', async () => {
    const response = await against((socket) => socket.write(`${ok}content-length: 0\r\nx: \u001b[31mred\r\n\r\n`))
    assert.deepEqual([response.status, response.error], [0, 'malformed HTTP response'])
  })

  it('tells a connection that ends before the response from one that ends inside it', async () => {
    assert.equal((await against((socket) => socket.end())).error, 'EOF')
    const cut = await against((socket) => socket.end(`${ok}content-length: 100\r\n\r\nhalf`))
    assert.deepEqual(failure(cut), { status: 200, error: 'unexpected EOF', error_code: 1000 })
  })

  it('tells a reset', async () => {
    const response = await against((socket) => socket.resetAndDestroy())
    assert.deepEqual(failure(response), { status: 0, error: 'read: connection reset by peer', error_code: 1220 })
  })

  it('takes a few interim responses, and no flood of them', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'
    const few = await against((socket) => socket.write(`${early.repeat(3)}${ok}content-length: 2\r\n\r\nok`))
    assert.deepEqual([few.status, few.body], [200, 'ok'])
    const flood = await against((socket) => socket.write(early.repeat(1000)))
    assert.equal(flood.error, 'net/http: too many 1xx informational responses')
  })

  it('follows no circle of redirects for ever', async () => {
    const server = await httpServer((_, response) => response.writeHead(302, { location: '/' }).end())
    const response = await vu.get(server.url)
    assert.equal(response.status, 302)
    assert.match(vu.lines[0]!.msg, /^Stopped after 10 redirects/)
    assert.equal(vu.samplesOf('http_reqs').length, 11)
    const asked = await vu.get(server.url, { redirects: 1_000_000 })
    assert.equal(asked.error, 'stopped after 1000 redirects')
  })

  it('says nothing of a connection on which a server speaks before it is asked', async () => {
    const server = await rawServer((socket) => {
      socket.write(`${ok}content-length: 2\r\n\r\nok${ok}content-length: 5\r\n\r\nextra`)
    })
    for (let i = 0; i < 3; i++) {
      const { body, error } = await vu.get(server.url)
      assert.deepEqual([body, error], ['ok', ''])
    }
  })

  it('takes over a bounded number of cookies', async () => {
    const flood = Array.from({ length: 5000 }, (_, i) => `c${i}=v; Path=/`)
    const server = await rawServer((socket) => {
      const lines = flood.splice(0, 1000).map((line) => `set-cookie: ${line}\r\n`)
      socket.write(`${ok}content-length: 0\r\n${lines.join('')}\r\n`)
    })
    for (let i = 0; i < 5; i++) await vu.get(server.url)
    const kept = JSON.parse((await vu.call('cookies', 0, server.url)) as string) as unknown[]
    assert.equal(kept.length, 1000)
  })

  it('shows the names and values of headers as they are, and never as more than text', async () => {
    const response = await against((socket) =>
      socket.write(`${ok}content-length: 0\r\n__proto__: x\r\nx-Text: \u00c3\u00a9\r\n\r\n`),
    )
    assert.equal(response.headers['X-Text'], '\u00c3\u00a9')
    assert.equal(Object.getPrototypeOf(response.headers), Object.prototype)
    assert.ok(Object.keys(response.headers).includes('__proto__'))
  })
})
