import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isAppError } from '../../errors.js'
import { DialError, HostResolver, type Lookup, type ResolverOptions } from '../../host/dns.js'
import { closedNetwork, networkOf, publicOnly } from '../support/network.js'

const use = { scheme: 'grpc', vu: 1 } as const

describe('HostResolver', () => {
  const answers = (...addresses: string[]): Lookup & { calls: string[] } => {
    const calls: string[] = []
    return Object.assign(
      (name: string) => {
        calls.push(name)
        return Promise.resolve(addresses)
      },
      { calls },
    )
  }
  const resolve = async (target: string, options: ResolverOptions) => {
    const { ip, port } = await new HostResolver(options).resolve(target, use)
    return `${ip.text} ${port}`
  }

  it('looks up names and no addresses', async () => {
    const lookup = answers('10.0.0.1')
    assert.equal(await resolve('a.test:1', { lookup }), '10.0.0.1 1')
    assert.equal(await resolve('[::1]:2', { lookup }), '::1 2')
    assert.deepEqual(lookup.calls, ['a.test'])
  })

  it('maps host and port first, then the host alone, keeping a port that the mapping does not name', async () => {
    const hosts = new Map([
      ['a.test:1', '10.0.0.1:9'],
      ['a.test', '10.0.0.2'],
      ['*.b.test', '10.0.0.3:8'],
      ['c.test', '[::1]:7'],
    ])
    const lookup = answers()
    assert.equal(await resolve('a.test:1', { hosts, lookup }), '10.0.0.1 9')
    assert.equal(await resolve('A.test:2', { hosts, lookup }), '10.0.0.2 2')
    assert.equal(await resolve('x.b.test:2', { hosts, lookup }), '10.0.0.3 8')
    assert.equal(await resolve('c.test:2', { hosts, lookup }), '::1 7')
    assert.deepEqual(lookup.calls, [])
  })

  it('refuses blocked names before anything else, but not addresses', async () => {
    const options = {
      blockHostnames: ['a.test', '*.b.test'],
      hosts: new Map([['a.test', '10.0.0.1']]),
    }
    const refused = resolve('a.test:1', options)
    await assert.rejects(refused, { message: 'hostname (a.test) is in a blocked pattern (a.test)', isTemporary: true })
    await assert.rejects(resolve('x.b.test:1', options), /is in a blocked pattern \(\*\.b\.test\)/)
    assert.equal(await resolve('10.0.0.1:1', { blockHostnames: ['*'] }), '10.0.0.1 1')
  })

  it('refuses blacklisted addresses, however they were found', async () => {
    const options = {
      blacklistIps: ['10.0.0.0/8'],
      lookup: answers('10.1.2.3'),
      hosts: new Map([['b.test', '10.0.0.1']]),
    }
    const message = 'IP (10.1.2.3) is in a blacklisted range (10.0.0.0/8)'
    await assert.rejects(resolve('a.test:1', options), { message, isTemporary: true })
    await assert.rejects(resolve('10.1.2.3:1', options), { message })
    await assert.rejects(resolve('b.test:1', options), /IP \(10\.0\.0\.1\)/)
  })

  it('asks the policy about all addresses of a name', async () => {
    const options = {
      lookup: answers('8.8.8.8', '127.0.0.1'),
      select: 'first',
      network: publicOnly,
    } as const
    await assert.rejects(resolve('a.test:443', options), (e) => isAppError(e, 'NETWORK_DENIED'))
  })

  describe('where the policy lists what is open', () => {
    const refused = (e: unknown) => isAppError(e, 'NETWORK_DENIED')

    it('looks up no name that no rule has', async () => {
      const lookup = answers('127.0.0.1')
      const { network } = closedNetwork({ allow: ['open.test', '127.0.0.1', '10.0.0.0/8:80'] })
      for (const target of [
        'secret.attacker.test:1',
        'open.test.attacker.test:1',
        'a b:1',
        ':1',
        '127.1:1',
        '0x7f.1:1',
      ]) {
        await assert.rejects(resolve(target, { lookup, network }), refused, target)
      }
      assert.deepEqual(lookup.calls, [])
      assert.equal(await resolve('open.test:1', { lookup, network }), '127.0.0.1 1')
      assert.deepEqual(lookup.calls, ['open.test'])
    })

    it('looks up no name on a port that no rule has', async () => {
      const lookup = answers('127.0.0.1')
      const { network } = closedNetwork({ allow: ['open.test:443', '127.0.0.1'] })
      await assert.rejects(resolve('open.test:80', { lookup, network }), refused)
      await assert.rejects(resolve('open.test:x', { lookup, network }), DialError)
      await assert.rejects(resolve('open.test:70000', { lookup, network }), DialError)
      assert.deepEqual(lookup.calls, [])
    })

    it('judges what a look-up gives, each time: a name that leads elsewhere later is refused then', async () => {
      const { network } = closedNetwork({ allow: ['open.test', '127.0.0.1'] })
      const given = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1', '127.0.0.2'], ['127.0.0.1']]
      const resolver = new HostResolver({ lookup: () => Promise.resolve(given.shift()!), network, ttlMs: 0 })
      assert.equal((await resolver.resolve('open.test:1', use)).ip.text, '127.0.0.1')
      await assert.rejects(resolver.resolve('open.test:1', use), refused)
      await assert.rejects(resolver.resolveAll('open.test:1', use), refused)
      assert.equal((await resolver.resolve('open.test:1', use)).ip.text, '127.0.0.1')
    })

    it('judges an answer that it kept anew: another port or scheme is another matter', async () => {
      const lookup = answers('127.0.0.1')
      const { network } = closedNetwork({ allow: ['grpc://open.test:1', 'grpc://127.0.0.1:1'] })
      const resolver = new HostResolver({ lookup, network })
      assert.equal((await resolver.resolve('open.test:1', use)).port, 1)
      await assert.rejects(resolver.resolve('open.test:2', use), refused)
      await assert.rejects(resolver.resolve('open.test:1', { scheme: 'http', vu: 1 }), refused)
    })

    it('knows localhost without a look-up, as far as it is open', async () => {
      const lookup = answers('10.0.0.1')
      const of = (allow: string[], target = 'localhost:1') => resolve(target, { lookup, ...closedNetwork({ allow }) })
      assert.equal(await of(['127.0.0.1']), '127.0.0.1 1')
      assert.equal(await of(['[::1]:1'], 'LOCALHOST.:1'), '::1 1')
      await assert.rejects(of(['127.0.0.1:2']), refused)
      await assert.rejects(of(['localhost', '*']), refused)
      assert.deepEqual(lookup.calls, [])
    })

    it('asks for a rule with addresses where the option hosts names one', async () => {
      const hosts = new Map([
        ['open.test', '127.0.0.2:7'],
        ['other.test', '127.0.0.1:7'],
        ['*.wild.test', '169.254.169.254'],
      ])
      const { network } = closedNetwork({ allow: ['open.test', '*.wild.test', '127.0.0.1:7'] })
      await assert.rejects(resolve('open.test:1', { hosts, network }), refused)
      await assert.rejects(resolve('a.wild.test:1', { hosts, network }), refused)
      assert.equal(await resolve('other.test:1', { hosts, network }), '127.0.0.1 7')
    })

    for (const target of [
      ...['[::1]:1', '[::]:1', '0.0.0.0:1', '[::ffff:127.0.0.2]:1', '[::ffff:7f00:2]:1', '[64:ff9b::127.0.0.1]:1'],
      ...['dns:///127.0.0.2:1', 'passthrough:///127.0.0.2:1', 'dns:127.0.0.2:1', 'passthrough:127.0.0.2:1'],
      ...['ipv4:127.0.0.2:1', 'ipv4:///127.0.0.2:1', 'ipv6:[::1]:1', 'unix:/run/a.sock', 'unix:///run/a.sock'],
      ...['unix-abstract:a', 'xds:///a:1', 'vsock:1:1', 'http://127.0.0.1:1', '127.0.0.1@127.0.0.2:1', '127.0.0.1/:1'],
      ...['127.0.0.2#127.0.0.1:1', '127.0.0.2?127.0.0.1:1', '①②⑦.0.0.1:1', '127。0。0。1:1', '127.0.0.1.:1'],
      ...[
        '2130706433:1',
        '017700000001:1',
        '0177.0.0.1:1',
        '127.0.1:1',
        '[fe80::1%lo]:1',
        '[127.0.0.1]:1x',
        '127.0.0.1:1\r\n',
      ],
      ...[
        '127.0.0.1:',
        '127.0.0.1:70000',
        '127.0.0.1:-1',
        '127.0.0.1,127.0.0.2:1',
        '',
        ':',
        '[]:1',
        'dns://127.0.0.1/a:1',
      ],
    ]) {
      it(`finds no way around by ${JSON.stringify(target)}`, async () => {
        const lookup = answers('127.0.0.1')
        const { network } = closedNetwork({ allow: ['127.0.0.1'] })
        for (const scheme of ['grpc', 'http'] as const) {
          const resolving = new HostResolver({ lookup, network }).resolve(target, { scheme, vu: 1 })
          await assert.rejects(resolving, (e) => refused(e) || e instanceof DialError)
        }
        assert.deepEqual(lookup.calls, [])
      })
    }
  })

  it('gives nothing but what is open, whatever the target is', async () => {
    const { network } = closedNetwork({ allow: ['127.0.0.1:1-9', 'open.test'] })
    const lookup = (name: string) => Promise.resolve([/^open\.test\.?$/i.test(name) ? '127.0.0.1' : '127.0.0.2'])
    const resolver = new HostResolver({ lookup, network })
    const piece = fc.oneof(
      fc.constantFrom(
        '127.0.0.1',
        '127.0.0.2',
        '127.1',
        '0x7f',
        '::ffff:',
        '::',
        '[',
        ']',
        ':',
        '.',
        '/',
        '//',
        '@',
        '%',
        ',',
      ),
      fc.constantFrom(
        'open.test',
        'localhost',
        'dns:',
        'passthrough:///',
        'ipv4:',
        'unix:',
        ':1',
        ':80',
        '\n',
        '。',
        '１２７',
      ),
      fc.string({ maxLength: 3 }),
    )
    const targets = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
    let opened = 0
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          targets,
          targets.map((text) => `${text}:1`),
        ),
        fc.boolean(),
        async (target, isHttp) => {
          try {
            const { ip, port } = await resolver.resolve(target, { scheme: isHttp ? 'http' : 'grpc', vu: 1 })
            assert.match(ip.text, /^(127\.0\.0\.1|(0*:)*:ffff:(127\.0\.0\.1|7f00:1))$/)
            assert.ok(port >= 1 && port <= 9)
            opened++
          } catch (e) {
            assert.ok(isAppError(e, 'NETWORK_DENIED') || e instanceof DialError, String(e))
          }
        },
      ),
      { numRuns: 2000 },
    )
    assert.ok(opened > 0)
  })

  it('reads schemes in targets of gRPC alone', async () => {
    const lookup = answers('10.0.0.1')
    const resolver = new HostResolver({ lookup })
    assert.equal((await resolver.resolve('dns:80', { scheme: 'http', vu: 1 })).port, 80)
    assert.equal((await resolver.resolve('dns:///a.test', use)).port, 443)
    assert.deepEqual(lookup.calls, ['dns', 'a.test'])
  })

  it('resolves nothing while the network is closed, neither names nor addresses', async () => {
    const lookup = answers('10.0.0.1')
    for (const target of ['a.test:1', '127.0.0.1:1', 'mapped.test:1']) {
      const hosts = new Map([['mapped.test', '10.0.0.1']])
      const told: string[] = []
      const resolver = new HostResolver({ lookup, hosts, onClosed: (wanted) => told.push(wanted) })
      for (const resolving of [resolver.resolve(target, use), resolver.resolveAll(target, use)]) {
        await assert.rejects(resolving, (e) => isAppError(e, 'NETWORK_DENIED') && e.message.includes(target))
      }
      assert.deepEqual(told, [target, target])
    }
    assert.deepEqual(lookup.calls, [])
  })

  it('chooses as the options say', async () => {
    const lookup = answers('10.0.0.1', '10.0.0.2', '::1', '10.0.0.3')
    const first = (options: ResolverOptions) => resolve('a.test:1', { lookup, select: 'first', ...options })
    assert.equal(await first({}), '10.0.0.1 1')
    assert.equal(await first({ policy: 'preferIPv6' }), '::1 1')
    assert.equal(await first({ policy: 'onlyIPv6' }), '::1 1')
    assert.equal(await first({ select: 'random', random: () => 0.99 }), '10.0.0.3 1')
    assert.equal(await first({ select: 'random', policy: 'any', random: () => 0.6 }), '::1 1')
    const turns = new HostResolver({ lookup, select: 'roundRobin' })
    const seen: string[] = []
    for (let i = 0; i < 4; i++) seen.push((await turns.resolve('a.test:1', use)).ip.text)
    assert.deepEqual(seen, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.1'])
  })

  it('falls back to the other family only when it may', async () => {
    const lookup = answers('::1')
    assert.equal(await resolve('a.test:1', { lookup }), '::1 1')
    await assert.rejects(resolve('a.test:1', { lookup, policy: 'onlyIPv4' }), /no such host/)
  })

  it('keeps answers as long as it is told', async () => {
    let nowMs = 0
    const asked = async (ttlMs: number | undefined, laterMs: number) => {
      const lookup = answers('10.0.0.1')
      const resolver = new HostResolver({ lookup, now: () => nowMs, ...(ttlMs === undefined ? {} : { ttlMs }) })
      await resolver.resolve('a.test:1', use)
      nowMs += laterMs
      await resolver.resolve('A.test:2', use)
      return lookup.calls.length
    }
    assert.equal(await asked(undefined, 299_999), 1)
    assert.equal(await asked(undefined, 300_000), 2)
    assert.equal(await asked(0, 0), 2)
    assert.equal(await asked(Number.POSITIVE_INFINITY, 1e12), 1)
  })

  it('tells final failures from those that may pass', async () => {
    const failing =
      (code: string): Lookup =>
      () =>
        Promise.reject(Object.assign(new Error(code), { code }))
    const isTemporary = (expected: boolean) => (e: unknown) => e instanceof DialError && e.isTemporary === expected
    await assert.rejects(resolve('a.test:1', { lookup: failing('ENOTFOUND') }), isTemporary(false))
    await assert.rejects(resolve('a.test:1', { lookup: failing('EAI_AGAIN') }), isTemporary(true))
    await assert.rejects(resolve('127.1:1', { lookup: answers('127.0.0.1') }), /lookup 127\.1.*: no such host/)
    await assert.rejects(resolve('10.0.0.1:x', {}), /strconv\.Atoi: parsing "x": invalid syntax/)
  })

  describe('with all addresses of a name', () => {
    const resolveAll = async (target: string, options: ResolverOptions) => {
      const found = await new HostResolver(options).resolveAll(target, use)
      return found.map(({ ip, port }) => `${ip.text} ${port}`)
    }

    it('gives those of the preferred family, whatever the option select says', async () => {
      const lookup = answers('10.0.0.1', '::1', '10.0.0.2')
      assert.deepEqual(await resolveAll('a.test:1', { lookup }), ['10.0.0.1 1', '10.0.0.2 1'])
      assert.deepEqual(await resolveAll('a.test:1', { lookup, policy: 'onlyIPv6', select: 'first' }), ['::1 1'])
      await assert.rejects(resolveAll('a.test:1', { lookup: answers() }), /lookup a\.test: no such host/)
    })

    it('gives the one that hosts maps to, and a literal as it is', async () => {
      const options = { lookup: answers('10.0.0.1'), hosts: new Map([['a.test', '10.9.9.9:7']]) }
      assert.deepEqual(await resolveAll('a.test:1', options), ['10.9.9.9 7'])
      assert.deepEqual(await resolveAll('10.0.0.3:1', options), ['10.0.0.3 1'])
    })

    it('leaves blacklisted ones out, and fails when no other is left', async () => {
      const lookup = answers('10.0.0.1', '10.1.0.1')
      assert.deepEqual(await resolveAll('a.test:1', { lookup, blacklistIps: ['10.0.0.0/16'] }), ['10.1.0.1 1'])
      const message = 'IP (10.0.0.1) is in a blacklisted range (10.0.0.0/8)'
      const none = resolveAll('a.test:1', { lookup, blacklistIps: ['10.0.0.0/8'] })
      await assert.rejects(none, { message, isTemporary: true })
    })

    it('refuses a name as a whole when the policy closes one of them', async () => {
      const network = networkOf({ deny: ['10.1.0.0/16'] })
      const refused = resolveAll('a.test:1', { lookup: answers('10.0.0.1', '10.1.0.1'), network })
      await assert.rejects(refused, (e) => isAppError(e, 'NETWORK_DENIED'))
    })

    it('refuses a blocked name', async () => {
      const refused = resolveAll('a.test:1', { lookup: answers('10.0.0.1'), blockHostnames: ['*.test'] })
      await assert.rejects(refused, /hostname \(a\.test\) is in a blocked pattern/)
    })
  })
})
