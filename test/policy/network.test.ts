import assert from 'node:assert/strict'
import { isAppError } from '../../errors.js'
import { parseIp } from '../../policy/ip-address.js'
import type { NetworkPolicy, NetworkScheme } from '../../policy/network.js'
import { closedNetwork, networkOf, publicOnly } from '../support/network.js'

interface Asked {
  ip: string
  host?: string
  port?: number
  scheme?: NetworkScheme
  isLookedUp?: boolean
}

/** What the judge says to an address; a host of its own makes it one that was looked up. */
function verdict(network: NetworkPolicy, asked: string | Asked): string {
  const {
    ip,
    host,
    port = 443,
    scheme = 'grpc',
    isLookedUp = host !== undefined,
  } = typeof asked === 'string' ? { ip: asked } : asked
  const to = { hostName: host ?? ip, ip: parseIp(ip)!, port, isLookedUp }
  try {
    const checked = network.check(to, { scheme, vu: 3 })
    assert.deepEqual([checked.ip, checked.port, checked.hostName], [to.ip, port, to.hostName])
    assert.equal(network.allows(to, { scheme, vu: 3 }), true)
    return 'open'
  } catch (e) {
    assert.ok(isAppError(e, 'NETWORK_DENIED'))
    assert.equal(network.allows(to, { scheme, vu: 3 }), false)
    return e.message
  }
}

function nameVerdict(network: NetworkPolicy, name: string, port = 443, scheme: NetworkScheme = 'grpc'): string {
  try {
    network.checkName(name, port, { scheme, vu: 3 })
    return 'open'
  } catch (e) {
    assert.ok(isAppError(e, 'NETWORK_DENIED'))
    return e.message
  }
}

const isOpen = (network: NetworkPolicy, asked: string | Asked) => verdict(network, asked) === 'open'

describe('NetworkPolicy', () => {
  it('allows everything in a trusted run', () => {
    for (const ip of ['127.0.0.1', '169.254.169.254', '::', '8.8.8.8']) assert.equal(verdict(networkOf({}), ip), 'open')
    assert.equal(nameVerdict(networkOf({}), 'any thing'), 'open')
    assert.equal(networkOf({}).hasRules, false)
  })

  it('allows nothing in an untrusted run that lists nothing', () => {
    const { network } = closedNetwork({})
    for (const ip of ['127.0.0.1', '8.8.8.8', '2606:4700::1']) {
      for (const isLookedUp of [true, false]) assert.equal(isOpen(network, { ip, host: 'a.test', isLookedUp }), false)
      assert.equal(isOpen(network, ip), false)
    }
    for (const name of ['a.test', 'metadata.google.internal', '', ' '])
      assert.notEqual(nameVerdict(network, name), 'open')
  })

  const closed = [
    ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '10.1.2.3', '172.16.0.1', '172.31.0.1', '192.168.0.1'],
    ...['169.254.169.254', '169.254.170.2', '100.64.0.1', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
    ...['192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '192.88.99.1', '224.0.0.1', '255.255.255.255'],
    ...['::1', '::', 'fe80::1', 'fec0::1', 'fc00::1', 'fd00:ec2::254', 'fd20:ce::254', 'ff02::1', '::2'],
    ...['64:ff9b:1::a00:1', '100::1', '2001:db8::1', '2001:2::1', '3fff::1', '5f00::1'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:0.0.0.0', '::ffff:0:10.0.0.1', '::10.0.0.1', '::ffff:a9fe:a9fe'],
    ...['64:ff9b::10.0.0.1', '64:ff9b::169.254.169.254', '2002:7f00:1::', '2002:a9fe:a9fe::1'],
    // Teredo, whose server is public and whose client is 127.0.0.1, and the other way round.
    ...['2001:0:808:808::80ff:fffe', '2001:0:7f00:1::f7f7:f7f7'],
  ]
  for (const ip of closed) {
    it(`knows that ${ip} is private, whatever name or star stands for it`, () => {
      const { network } = closedNetwork({ allow: ['*', 'a.test'] })
      assert.match(verdict(network, ip), /is private \(policy untrusted, network: privateRanges: closed\)$/)
      assert.equal(isOpen(network, { ip, host: 'a.test' }), false)
      assert.equal(isOpen(publicOnly, ip), false)
    })
  }

  it('leaves public addresses to the rules', () => {
    for (const ip of [
      '8.8.8.8',
      '2001:4860:4860::8888',
      '172.32.0.1',
      '11.0.0.0',
      '64:ff9b::808:808',
      '2002:808:808::1',
    ]) {
      assert.equal(verdict(publicOnly, ip), 'open')
    }
  })

  it('opens a private address by a rule with addresses', () => {
    const { network } = closedNetwork({ allow: ['127.0.0.1', '10.1.0.0/16', '[fd00::/8]:443'] })
    for (const ip of ['127.0.0.1', '10.1.2.3', 'fd00::1', '::ffff:127.0.0.1', '::ffff:10.1.0.1']) {
      assert.equal(verdict(network, ip), 'open')
    }
    for (const ip of ['127.0.0.2', '10.2.0.1', 'fc00::1', '::1', '::ffff:127.0.0.2'])
      assert.equal(isOpen(network, ip), false)
    assert.equal(isOpen(network, { ip: 'fd00::1', port: 80 }), false)
  })

  it('judges what carries an IPv4 address as both, where the way leads through another machine', () => {
    const { network } = closedNetwork({ allow: ['10.0.0.1'] })
    for (const ip of ['64:ff9b::10.0.0.1', '2002:a00:1::1', '::10.0.0.1']) assert.equal(isOpen(network, ip), false)
    const both = closedNetwork({ allow: ['10.0.0.1', '64:ff9b::/96'] }).network
    assert.equal(verdict(both, '64:ff9b::10.0.0.1'), 'open')
    assert.equal(isOpen(both, '64:ff9b::10.0.0.2'), false)
  })

  it('knows that a kernel takes the address of nobody for its own', () => {
    assert.equal(isOpen(closedNetwork({ allow: ['0.0.0.0'] }).network, '0.0.0.0'), false)
    assert.equal(verdict(closedNetwork({ allow: ['0.0.0.0', '127.0.0.1'] }).network, '0.0.0.0'), 'open')
    assert.equal(isOpen(networkOf({ deny: ['127.0.0.0/8'] }), '0.0.0.0'), false)
    assert.equal(isOpen(networkOf({ deny: ['::1'] }), '::'), false)
    assert.equal(isOpen(networkOf({ deny: ['127.0.0.0/8'] }), '::ffff:0.0.0.0'), false)
  })

  it('opens public addresses of a name that a rule has, and no others of that name', () => {
    const { network } = closedNetwork({ allow: ['api.test'] })
    assert.equal(nameVerdict(network, 'API.test.'), 'open')
    assert.equal(verdict(network, { ip: '8.8.8.8', host: 'API.test.' }), 'open')
    assert.equal(isOpen(network, { ip: '169.254.169.254', host: 'api.test' }), false)
    assert.equal(isOpen(network, { ip: '8.8.8.8', host: 'other.test' }), false)
  })

  it('takes a name for no evidence when the script itself mapped it to the address', () => {
    const { network } = closedNetwork({ allow: ['api.test', '9.9.9.9'] })
    assert.equal(isOpen(network, { ip: '8.8.8.8', host: 'api.test', isLookedUp: false }), false)
    assert.equal(verdict(network, { ip: '9.9.9.9', host: 'api.test', isLookedUp: false }), 'open')
  })

  it('refuses a name before it is looked up', () => {
    const { network, refusals } = closedNetwork({ allow: ['*.open.test:443', '10.0.0.0/8'] })
    assert.equal(nameVerdict(network, 'a.open.test'), 'open')
    for (const name of ['open.test', 'secret.elsewhere.test', '10.0.0.1.elsewhere.test', 'a.open.test.x']) {
      assert.match(nameVerdict(network, name), /no rule allows that name \(policy untrusted, network: default\)$/)
    }
    assert.notEqual(nameVerdict(network, 'a.open.test', 80), 'open')
    assert.deepEqual(refusals.at(-1), {
      ...{ section: 'network', rule: 'default', subject: 'grpc://a.open.test:80', vu: 3 },
    })
  })

  it('opens by scheme and port', () => {
    const { network } = closedNetwork({ allow: ['grpc://127.0.0.1:5000-5010', 'https://a.test'] })
    assert.equal(verdict(network, { ip: '127.0.0.1', port: 5010 }), 'open')
    for (const asked of [
      { port: 5011 },
      { port: 4999 },
      { port: 5000, scheme: 'grpcs' },
      { port: 5000, scheme: 'http' },
    ] as const) {
      assert.equal(isOpen(network, { ip: '127.0.0.1', ...asked }), false)
    }
    assert.equal(nameVerdict(network, 'a.test', 443, 'https'), 'open')
    assert.notEqual(nameVerdict(network, 'a.test', 443, 'http'), 'open')
  })

  it('denies more strongly than it allows, by name, address, port and scheme, in every spelling', () => {
    const deny = ['10.1.0.0/16', '*.evil.test', 'http://*', '*:22']
    const { network } = closedNetwork({ allow: ['*', '10.0.0.0/8', 'evil.test'], deny })
    assert.equal(verdict(network, '10.2.0.1'), 'open')
    for (const ip of ['10.1.0.1', '::ffff:10.1.0.1']) assert.match(verdict(network, ip), /network: 10\.1\.0\.0\/16\)$/)
    assert.match(nameVerdict(network, 'a.evil.test'), /a rule denies it \(policy untrusted, network: \*\.evil\.test\)$/)
    assert.equal(isOpen(network, { ip: '8.8.8.8', host: 'a.EVIL.test.' }), false)
    assert.equal(isOpen(network, { ip: '8.8.8.8', host: 'a.evil.test', isLookedUp: false }), false)
    assert.equal(isOpen(network, { ip: '8.8.8.8', host: 'x.test', port: 22 }), false)
    assert.equal(isOpen(network, { ip: '8.8.8.8', host: 'x.test', scheme: 'http' }), false)
    assert.equal(verdict(network, { ip: '8.8.8.8', host: 'x.test' }), 'open')
  })

  it('closes mail to untrusted runs, also by a rule that opens all ports', () => {
    const { network } = closedNetwork({ allow: ['*', '127.0.0.1'] })
    assert.match(verdict(network, { ip: '127.0.0.1', port: 25 }), /network: \*:25\)$/)
    assert.notEqual(nameVerdict(network, 'a.test', 25), 'open')
    assert.equal(verdict(network, { ip: '127.0.0.1', port: 24 }), 'open')
  })

  it('takes the addresses of this machine for private', () => {
    const { network } = closedNetwork({ allow: ['*'] }, ['8.8.4.4', '2606:4700::1', 'fe80::1%eth0'])
    assert.match(verdict(network, '8.8.4.4'), /8\.8\.4\.4\/32 is private/)
    assert.equal(isOpen(network, '::ffff:8.8.4.4'), false)
    assert.equal(isOpen(network, '2606:4700::1'), false)
    assert.equal(verdict(network, '8.8.4.5'), 'open')
    assert.equal(verdict(closedNetwork({ allow: ['8.8.4.4'] }, ['8.8.4.4']).network, '8.8.4.4'), 'open')
  })

  it('tells the record where a name leads, and the script only that it may not go there', () => {
    const { network, refusals } = closedNetwork({ allow: ['*'] })
    const message = verdict(network, { ip: '10.9.8.7', host: 'inside.test' })
    assert.equal(
      message,
      'connecting to grpc://inside.test:443 is not allowed: 10.0.0.0/8 is private (policy untrusted, network: privateRanges: closed)',
    )
    assert.deepEqual(refusals[0], {
      ...{ section: 'network', rule: 'privateRanges: closed', subject: 'grpc://inside.test:443 (10.9.8.7)', vu: 3 },
    })
  })

  it('shows a host that is none as a short text', () => {
    const { network } = closedNetwork({})
    const text = nameVerdict(network, `\u001b[31m\r\n${'x'.repeat(10_000)}`)
    assert.ok(text.length < 400 && !text.includes('\u001b') && !text.includes('\n'))
  })

  it('refuses a rule that is none', () => {
    for (const rules of [{ allow: ['127.1'] }, { deny: ['http:/a'] }]) {
      assert.throws(
        () => networkOf(rules),
        (e) => isAppError(e, 'POLICY_INVALID'),
      )
    }
  })
})
