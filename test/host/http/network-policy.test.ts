/** HTTP under a policy: 127.0.0.1 is open and 127.0.0.2 is not; nobody ever knocks at a server on the same port there. */
import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import type { ResolverOptions } from '../../../host/dns.js'
import { closedNetwork } from '../../support/network.js'
import { closeServers, echo, echoed, HttpTestVu, httpServer, type LoopbackServer } from './http-test-vu.js'

describe('k6/http under a policy', () => {
  const vus: HttpTestVu[] = []
  let open: LoopbackServer
  let closed: Server
  let knocks: number

  beforeEach(async () => {
    knocks = 0
    open = await httpServer(echo)
    closed = createServer((socket: Socket) => {
      knocks++
      socket.destroy()
    })
    await new Promise<void>((done) => closed.listen(open.port, '127.0.0.2', done))
  })
  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await closeServers()
    await new Promise((done) => closed.close(done))
    assert.equal(knocks, 0, 'somebody came to where the policy is closed')
  })

  function newVu(resolver: ResolverOptions = {}, allow = ['127.0.0.1', 'name.test']) {
    const { network, refusals } = closedNetwork({ allow })
    const vu = new HttpTestVu({ resolver, network })
    vus.push(vu)
    return { vu, refusals }
  }
  async function denied(vu: HttpTestVu, url: string, spec = {}): Promise<void> {
    const { status, error_code, error } = await vu.get(url, spec)
    assert.deepEqual([status, error_code, error], [0, 1110, 'ip is not allowed'], url)
    assert.match(vu.lines.at(-1)!.fields.error!, /is not allowed: .* \(policy untrusted, network: /)
  }

  it('reaches what a rule names, in any spelling that the URL standard reads', async () => {
    const { vu, refusals } = newVu({ lookup: () => Promise.resolve(['127.0.0.1']) })
    for (const host of [
      ...['127.0.0.1', 'name.test', 'NAME.test.', 'localhost', '127.1', '0x7f.1', '2130706433', '[::ffff:7f00:1]'],
      ...['①②⑦.0.0.1', '127。0。0。1', 'user:secret@127.0.0.1'],
    ]) {
      assert.equal((await vu.get(`http://${host}:${open.port}/`)).status, 200, host)
    }
    assert.deepEqual(refusals, [])
  })

  it('reaches nothing else, in any spelling', async () => {
    const { vu, refusals } = newVu()
    const hosts = [
      ...[
        '127.0.0.2',
        '127.0.2',
        '0x7f.2',
        '2130706434',
        '0177.0.0.2',
        '[::ffff:127.0.0.2]',
        '[::1]',
        '[::]',
        '0.0.0.0',
      ],
      ...['①②⑦.0.0.2', '127。0。0。2', '127.0.0.1@127.0.0.2', '[64:ff9b::127.0.0.1]', 'other.test', 'x.name.test'],
    ]
    for (const host of hosts) await denied(vu, `http://${host}:${open.port}/`)
    assert.equal(refusals.length, hosts.length)
  })

  it('takes no path, query or fragment for the host', async () => {
    const { vu } = newVu()
    for (const rest of ['/@127.0.0.1/', '?@127.0.0.1/', '#@127.0.0.1/', '\\@127.0.0.1/']) {
      await denied(vu, `http://127.0.0.2:${open.port}${rest}`)
    }
  })

  it('judges each redirect, and the second request of a digest', async () => {
    const away = await httpServer((request, response) => {
      if (request.headers.authorization === undefined && request.url === '/digest') {
        response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n"' }).end()
      } else response.writeHead(302, { location: `//127.0.0.2:${open.port}/` }).end()
    })
    const { vu, refusals } = newVu()
    await denied(vu, away.url)
    await denied(vu, `http://u:p@127.0.0.1:${away.port}/digest`, { auth: 'digest' })
    assert.equal(refusals.length, 2)
    assert.deepEqual(refusals[0], {
      section: 'network',
      rule: 'privateRanges: closed',
      subject: `http://127.0.0.2:${open.port}`,
      vu: 1,
    })
  })

  it('leaves the header Host to the script, and the address to itself', async () => {
    const { vu } = newVu()
    const response = await vu.get(open.url, { headers: [['Host', `127.0.0.2:${open.port}`]] })
    assert.equal(echoed(response).headers.host, `127.0.0.2:${open.port}`)
    for (const host of ['a\r\nb: c', 'a\nb', '\u0000']) {
      await assert.rejects(vu.get(open.url, { headers: [['Host', host]] }), /invalid header field value/)
    }
  })

  it('judges where the option hosts leads by its address', async () => {
    const { vu } = newVu({ hosts: new Map([['name.test', `127.0.0.2:${open.port}`]]) })
    await denied(vu, `http://name.test:${open.port}/`)
  })

  it('opens by scheme and port', async () => {
    const other = await httpServer(echo)
    const { vu } = newVu({}, [`http://127.0.0.1:${open.port}`, `https://127.0.0.1:${other.port}`])
    assert.equal((await vu.get(open.url)).status, 200)
    await denied(vu, other.url)
    await denied(vu, open.url.replace('http:', 'https:'))
  })

  it('asks no proxy that the environment names', async () => {
    const variables = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']
    const before = variables.map((name) => process.env[name])
    for (const name of variables) process.env[name] = `http://127.0.0.2:${open.port}`
    try {
      assert.equal((await newVu().vu.get(open.url)).status, 200)
    } finally {
      for (const [i, name] of variables.entries()) {
        if (before[i] === undefined) delete process.env[name]
        else process.env[name] = before[i]
      }
    }
  })
})
