/**
 * gRPC under a policy: 127.0.0.1 is open and 127.0.0.2 is not, both have a server on the same port, and whatever a script
 * does, nobody ever knocks at the second one.
 */
import assert from 'node:assert/strict'
import type { ResolverOptions } from '../../../host/dns.js'
import { untrustedPolicy } from '../../../policy/policy.js'
import { LoopbackVu } from './loopback-vu.js'
import { type Answer, fixture, serve, serveTcp, stopServers, type TestServer } from './scripted-server.js'

const proto = `syntax = "proto3"; package p;
message M { string text = 1; }
service S { rpc Go(M) returns (M); rpc Flow(stream M) returns (stream M); }
service Other { rpc Go(M) returns (M); }`

describe('gRPC under a policy', () => {
  const vus: LoopbackVu[] = []
  let open: TestServer
  let closed: TestServer
  let knocks: number

  /** Echoes one message. */
  const answer: Answer = async (call) => {
    call.send((await call.read()) ?? '')
    call.finish()
  }

  beforeEach(async () => {
    knocks = 0
    open = await serve(answer)
    closed = await serveTcp(
      (socket) => {
        knocks++
        socket.destroy()
      },
      { host: '127.0.0.2', port: open.port },
    )
  })
  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
    assert.equal(knocks, 0, 'somebody came to where the policy is closed')
  })

  function newVu(resolver: ResolverOptions = {}, allow = ['127.0.0.1', 'name.test'], methods?: string[]): LoopbackVu {
    const network = { ...untrustedPolicy.network, allow }
    const vu = new LoopbackVu(proto, {
      options: { resolver },
      policy: { network, ...(methods === undefined ? {} : { grpcMethods: methods }) },
    })
    vus.push(vu)
    return vu
  }
  const refused = { name: 'GuestError', message: /is not allowed: .* network: / }
  const status = async (vu: LoopbackVu) => JSON.parse(await vu.invoke('p.S/Go', '{}')).status as number
  const share: [string, unknown][] = [['connectionSharing', true]]
  const roundRobin: [string, unknown][] = [['loadBalancing', 'round_robin']]

  it('reaches what a rule names, by address and by name', async () => {
    const vu = newVu({ lookup: () => Promise.resolve(['127.0.0.1']) })
    for (const host of ['127.0.0.1', 'name.test', 'localhost', '[::ffff:127.0.0.1]']) {
      await vu.connect(`${host}:${open.port}`)
      assert.equal(await status(vu), 0)
    }
    assert.deepEqual(vu.refusals, [])
  })

  for (const host of ['127.0.0.2', '[::ffff:127.0.0.2]', 'dns:///127.0.0.2', 'passthrough:///127.0.0.2']) {
    it(`does not reach ${host}, alone, shared or in turn`, async () => {
      const vu = newVu()
      for (const params of [[], share, roundRobin, [['authority', '127.0.0.1']]] as [string, unknown][][]) {
        await assert.rejects(vu.connect(`${host}:${closed.port}`, params), refused)
      }
      assert.equal(vu.refusals.length, 4)
      assert.deepEqual(vu.refusals[0]!.section, 'network')
      assert.equal(vu.refusals[0]!.rule, 'privateRanges: closed')
    })
  }

  it('fails at once: a refusal is not tried again until the timeout', async () => {
    const lookups: string[] = []
    const lookup = (name: string) => Promise.resolve([lookups.push(name) > 0 ? '127.0.0.2' : ''])
    await assert.rejects(newVu({ lookup }).connect(`name.test:${closed.port}`), refused)
    assert.deepEqual(lookups, ['name.test'])
  })

  it('refuses a name as a whole when one of its addresses is closed', async () => {
    const vu = newVu({ lookup: () => Promise.resolve(['127.0.0.1', '127.0.0.2']), select: 'first' })
    for (const params of [[], roundRobin]) {
      await assert.rejects(vu.connect(`name.test:${open.port}`, params), refused)
    }
    assert.equal(open.sessions.length, 0)
  })

  it('resolves and judges again before it dials again', async () => {
    let address = '127.0.0.1'
    const lookup = () => Promise.resolve([address])
    for (const params of [[], share, roundRobin]) {
      address = '127.0.0.1'
      const vu = newVu({ lookup, ttlMs: 0 })
      await vu.connect(`name.test:${open.port}`, params)
      assert.equal(await status(vu), 0)
      address = '127.0.0.2'
      open.cut()
      await new Promise((resolve) => setTimeout(resolve, 20))
      const response = JSON.parse(await vu.invoke('p.S/Go', '{}'))
      assert.equal(response.status, 7)
      assert.match(response.error.message, /is not allowed: 127\.0\.0\.0\/8 is private/)
    }
  })

  it('judges where the option hosts leads by its address', async () => {
    const hosts = new Map([
      ['name.test', '127.0.0.2'],
      ['alias.test', '127.0.0.1'],
    ])
    const vu = newVu({ hosts })
    await assert.rejects(vu.connect(`name.test:${open.port}`), refused)
    await vu.connect(`alias.test:${open.port}`)
    assert.equal(await status(vu), 0)
  })

  it('opens by scheme: what is open in the clear is not so over TLS, and the other way round', async () => {
    const tls = await serve(answer, { key: fixture('server.key'), cert: fixture('server.pem') })
    const vu = newVu({}, [`grpc://127.0.0.1:${open.port}`, `grpcs://127.0.0.1:${tls.port}`])
    const secure: [string, unknown][] = [
      ['plaintext', false],
      ['tls', ['o', [['cacerts', fixture('ca.pem')]]]],
    ]
    await vu.connect(open.address)
    await vu.connect(tls.address, secure)
    await assert.rejects(vu.connect(open.address, secure), refused)
    await assert.rejects(vu.connect(tls.address), refused)
  })

  it('asks no proxy that the environment names, and reads no other advice from it', async () => {
    const variables = ['grpc_proxy', 'http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']
    const before = variables.map((name) => process.env[name])
    for (const name of variables) process.env[name] = `http://${closed.address}`
    process.env.GRPC_NODE_USE_ALTERNATIVE_RESOLVER = 'true'
    try {
      const vu = newVu({ lookup: () => Promise.resolve(['127.0.0.1']) })
      for (const target of [open.address, `name.test:${open.port}`, `dns:///name.test:${open.port}`]) {
        await vu.connect(target)
        assert.equal(await status(vu), 0)
      }
    } finally {
      delete process.env.GRPC_NODE_USE_ALTERNATIVE_RESOLVER
      for (const [i, name] of variables.entries()) {
        if (before[i] === undefined) delete process.env[name]
        else process.env[name] = before[i]
      }
    }
  })

  it('leaves the name in the authority to the script, and the address to itself', async () => {
    const seen: (string | undefined)[] = []
    const server = await serve(async (call) => {
      seen.push(call.headers[':authority'])
      await answer(call)
    })
    const vu = newVu()
    for (const authority of [closed.address, 'a\r\nb', 'unix:/run/a.sock', '\u00e4', 'a@127.0.0.2']) {
      await vu.connect(server.address, [['authority', authority]])
      assert.equal(await status(vu), 0)
    }
    assert.deepEqual(seen, [closed.address, 'a%0D%0Ab', 'unix:%2Frun%2Fa.sock', '%C3%A4', 'a@127.0.0.2'])
  })

  describe('that lists methods', () => {
    const denied = (path: string) => ({
      name: 'GuestError',
      message: `calling ${path} is not allowed (policy trusted, grpcMethods: default)`,
    })

    it('lets a script call those and no others, by calls and streams', async () => {
      const vu = newVu({}, ['127.0.0.1'], ['p.S/*', 'p.Other/Nothing'])
      await vu.connect(open.address)
      assert.equal(await status(vu), 0)
      for (const name of ['p.Other/Go', '/p.Other/Go']) {
        await assert.rejects(vu.invoke(name, '{}'), denied('p.Other/Go'))
        assert.throws(() => vu.openStream(name), denied('p.Other/Go'))
        assert.throws(() => vu.call('startInvoke', 1, vu.client, name, '{}', undefined, 0, 0), denied('p.Other/Go'))
      }
      assert.equal(vu.refusals.length, 6)
      assert.deepEqual(vu.refusals[0], { section: 'grpcMethods', rule: 'default', subject: 'p.Other/Go' })
    })

    it('holds for health checks and reflection too', async () => {
      const paths: (string | undefined)[] = []
      const server = await serve(async (call) => {
        paths.push(call.headers[':path'])
        call.finish({ 'grpc-status': '12' })
      })
      const vu = newVu({}, ['127.0.0.1'], ['p.S/*'])
      await vu.connect(server.address)
      await assert.rejects(vu.healthCheck(), denied('grpc.health.v1.Health/Check'))
      const reflection = 'grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
      await assert.rejects(vu.connect(server.address, [['reflect', true]]), denied(reflection))
      const old = newVu({}, ['127.0.0.1'], [reflection])
      const alpha = 'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo'
      await assert.rejects(old.connect(server.address, [['reflect', true]]), denied(alpha))
      assert.deepEqual(paths, [`/${reflection}`])
    })
  })
})
