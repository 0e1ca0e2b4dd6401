import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AppError } from '../../errors.js'
import { HostResolver } from '../../host/dns.js'
import { RemoteFetcher, remoteLimits } from '../../host/remote-modules.js'
import { packageRoot } from '../../package-root.js'
import type { NetworkPolicy } from '../../policy/network.js'
import { closedNetwork, networkOf, publicOnly } from '../support/network.js'
import { deadPort } from './grpc/scripted-server.js'

const pem = (name: string) => readFileSync(join(packageRoot, 'test', 'tls', name), 'utf8')
const hosts = new Map([
  ['localhost', '127.0.0.1'],
  ['elsewhere.test', '127.0.0.2'],
  // No name server knows it: who dials by himself does not get there.
  ['grpc.test.invalid', '127.0.0.1'],
])

type Answer = (response: ServerResponse, request: IncomingMessage) => void

describe('RemoteFetcher', () => {
  const servers: Server[] = []
  after(() => {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })

  /** The port of an https server that answers by path. */
  async function serve(answers: Record<string, Answer>, cert = 'server.pem'): Promise<number> {
    const server = createServer({ cert: pem(cert), key: pem('server.key') }, (request, response) => {
      const answer = answers[request.url!]
      if (answer === undefined) response.writeHead(404).end('no such thing')
      else answer(response, request)
    })
    servers.push(server)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return (server.address() as AddressInfo).port
  }

  const redirect =
    (location: string): Answer =>
    (response) =>
      response.writeHead(302, { location }).end()
  const text =
    (body: string): Answer =>
    (response) =>
      response.end(body)
  const fetcher = (options: { network?: NetworkPolicy; limits?: Partial<typeof remoteLimits>; ca?: string } = {}) =>
    new RemoteFetcher(
      new HostResolver({ hosts, ...(options.network === undefined ? {} : { network: options.network }) }),
      { ...remoteLimits, ...options.limits },
      options.ca ?? pem('ca.pem'),
    )

  it('gives the bytes behind a URL, by name and by address', async () => {
    const port = await serve({ '/a.js?v=1': text('export const ä = 1') })
    for (const host of ['localhost', '127.0.0.1', 'grpc.test.invalid']) {
      const url = `https://${host}:${port}/a.js?v=1`
      const { bytes, finalUrl } = await fetcher().fetch(url)
      assert.equal(Buffer.from(bytes).toString(), 'export const ä = 1')
      assert.equal(finalUrl, url)
    }
  })

  it('asks for nothing compressed, and says nothing of this machine', async () => {
    let headers: NodeJS.Dict<string | string[]> = {}
    const port = await serve({
      '/a.js': (response, request) => {
        headers = request.headers
        response.end('1')
      },
    })
    await fetcher().fetch(`https://localhost:${port}/a.js`)
    assert.deepEqual(headers, {
      accept: '*/*',
      'accept-encoding': 'identity',
      connection: 'close',
      host: `localhost:${port}`,
      'user-agent': 'belljar',
    })
  })

  it('follows redirects to https, and tells where they led', async () => {
    const port = await serve({ '/a.js': redirect('/b/c.js#part'), '/b/c.js': text('moved') })
    const { bytes, finalUrl } = await fetcher().fetch(`https://localhost:${port}/a.js`)
    assert.equal(Buffer.from(bytes).toString(), 'moved')
    assert.equal(finalUrl, `https://localhost:${port}/b/c.js`)
  })

  it('asks at each redirect whether the module may be imported', async () => {
    const served: string[] = []
    const port = await serve({
      '/open/a.js': redirect('/closed/b.js'),
      '/closed/b.js': (response, request) => {
        served.push(request.url ?? '')
        response.end('closed')
      },
    })
    const check = (url: string) => {
      if (url.includes('/closed/')) throw new AppError('MODULE_DENIED', `importing ${url} is not allowed`)
    }
    const judged = new RemoteFetcher(new HostResolver({ hosts }), remoteLimits, pem('ca.pem'), check)
    await assert.rejects(judged.fetch(`https://localhost:${port}/open/a.js`), { code: 'MODULE_DENIED' })
    assert.deepEqual(served, [])
  })

  it('follows no redirect to anything else, and not for ever', async () => {
    const port = await serve({
      '/http': redirect('http://localhost/a.js'),
      '/file': redirect('file:///etc/passwd'),
      '/user': redirect('https://user:secret@localhost/a.js'),
      '/bad': redirect('https://['),
      '/none': (response) => response.writeHead(302).end(),
      '/loop': redirect('/loop'),
    })
    for (const [path, message] of [
      ['/http', /redirects to http:\/\/localhost, which is not https$/],
      ['/file', /redirects to file:\/\/, which is not https$/],
      ['/user', /which is not https$/],
      ['/bad', /redirects to nowhere$/],
      ['/none', /redirects to nowhere$/],
      ['/loop', /^more than 10 redirects$/],
    ] as const) {
      await assert.rejects(fetcher().fetch(`https://localhost:${port}${path}`), { code: 'REMOTE_FAILED', message })
    }
  })

  it('says which status came instead of a module', async () => {
    const port = await serve({
      '/500': (response) => response.writeHead(500).end(),
      '/204': (r) => r.writeHead(204).end(),
    })
    for (const [path, status] of [
      ['/nope', 404],
      ['/500', 500],
      ['/204', 204],
    ]) {
      const url = `https://localhost:${port}${path}`
      await assert.rejects(fetcher().fetch(url), {
        code: 'REMOTE_FAILED',
        message: `unexpected status ${status} of ${url}`,
      })
    }
  })

  it('judges each address that it dials, behind redirects, too', async () => {
    const port = await serve({ '/a.js': text('1'), '/away': redirect('https://elsewhere.test/a.js') })
    const network = networkOf({ deny: ['127.0.0.2'] })
    await assert.rejects(fetcher({ network }).fetch(`https://localhost:${port}/away`), {
      code: 'NETWORK_DENIED',
      message: /https:\/\/elsewhere\.test:443 is not allowed: a rule denies it/,
    })
    await assert.rejects(fetcher({ network: publicOnly }).fetch(`https://127.0.0.1:${port}/a.js`), {
      code: 'NETWORK_DENIED',
    })
  })

  it('reaches what a rule for https names, and looks up no other name', async () => {
    const port = await serve({ '/a.js': text('1') })
    const url = `https://127.0.0.1:${port}/a.js`
    const inHttps = closedNetwork({ allow: [`https://127.0.0.1:${port}`] })
    assert.equal(Buffer.from((await fetcher({ network: inHttps.network }).fetch(url)).bytes).toString(), '1')
    const inHttp = closedNetwork({ allow: ['http://127.0.0.1', 'grpcs://127.0.0.1', '*:1'] })
    await assert.rejects(fetcher({ network: inHttp.network }).fetch(url), { code: 'NETWORK_DENIED' })
    const lookup = () => assert.fail('looked up')
    const names = new RemoteFetcher(new HostResolver({ lookup, network: inHttps.network }))
    await assert.rejects(names.fetch(`https://secret.attacker.test:${port}/a.js`), { code: 'NETWORK_DENIED' })
    assert.deepEqual(inHttps.refusals, [
      { section: 'network', rule: 'default', subject: `https://secret.attacker.test:${port}`, vu: 0 },
    ])
  })

  it('asks no proxy that the environment names', async () => {
    const port = await serve({ '/a.js': text('1') })
    const variables = ['https_proxy', 'HTTPS_PROXY', 'all_proxy']
    const before = variables.map((name) => process.env[name])
    // Nobody listens there.
    for (const name of variables) process.env[name] = 'http://127.0.0.2:1'
    try {
      await fetcher().fetch(`https://127.0.0.1:${port}/a.js`)
    } finally {
      for (const [i, name] of variables.entries()) {
        if (before[i] === undefined) delete process.env[name]
        else process.env[name] = before[i]
      }
    }
  })

  it('takes no certificate that it cannot verify', async () => {
    const answers = { '/a.js': text('1') }
    const good = await serve(answers)
    await assert.rejects(fetcher({ ca: pem('other-ca.pem') }).fetch(`https://localhost:${good}/a.js`), {
      code: 'REMOTE_FAILED',
      message: /^the certificate cannot be verified/,
    })
    const old = await serve(answers, 'expired.pem')
    await assert.rejects(fetcher().fetch(`https://localhost:${old}/a.js`), {
      message: /^the certificate cannot be verified/,
    })
    const other = await serve(answers, 'dns-only.pem')
    await assert.rejects(fetcher().fetch(`https://127.0.0.1:${other}/a.js`), {
      message: 'the certificate is not for this host',
    })
  })

  it('has limits for the size of a module, for their number and for the time', async () => {
    const port = await serve({
      '/big': (response) => {
        for (let i = 0; i < 20; i++) response.write('x'.repeat(1000))
        response.end()
      },
      '/silent': () => {},
      '/half': (response) => response.write('half'),
      '/a.js': text('1'),
    })
    const small = fetcher({ limits: { moduleBytes: 10_000, modules: 2, timeoutMs: 300 } })
    await assert.rejects(small.fetch(`https://localhost:${port}/big`), {
      code: 'LIMIT_SIZE',
      message: /more than 10000 bytes/,
    })
    await small.fetch(`https://localhost:${port}/a.js`)
    await assert.rejects(small.fetch(`https://localhost:${port}/a.js`), {
      code: 'LIMIT_SIZE',
      message: /2 remote modules/,
    })
    for (const path of ['/silent', '/half']) {
      const hasty = fetcher({ limits: { timeoutMs: 300 } })
      await assert.rejects(hasty.fetch(`https://localhost:${port}${path}`), {
        code: 'REMOTE_FAILED',
        message: 'no answer within 300 ms',
      })
    }
  })

  it('takes nothing compressed', async () => {
    const port = await serve({
      '/z.js': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('zzz'),
    })
    await assert.rejects(fetcher().fetch(`https://localhost:${port}/z.js`), { message: /came as "gzip"/ })
  })

  it('tells why there is no connection, without the texts of Node.js', async () => {
    await assert.rejects(fetcher().fetch(`https://127.0.0.1:${await deadPort()}/a.js`), {
      code: 'REMOTE_FAILED',
      message: 'connection refused',
    })
    const port = await serve({ '/cut': (response) => response.destroy() })
    await assert.rejects(fetcher().fetch(`https://localhost:${port}/cut`), {
      code: 'REMOTE_FAILED',
      message: 'the connection was closed',
    })
  })
})
