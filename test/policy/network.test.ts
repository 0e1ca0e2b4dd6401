import assert from 'node:assert/strict'
import { isAppError } from '../../errors.js'
import { isHostName, NetworkPolicy, parseTarget } from '../../policy/network.js'

describe('parseTarget', () => {
  it('takes host and port apart', () => {
    assert.deepEqual(parseTarget('a.b:1'), { endpoint: 'a.b:1', host: 'a.b', port: '1' })
    assert.deepEqual(parseTarget('[::1]:1'), { endpoint: '[::1]:1', host: '::1', port: '1' })
    assert.deepEqual(parseTarget(':1'), { endpoint: ':1', host: '', port: '1' })
    assert.deepEqual(parseTarget('a:'), { endpoint: 'a:', host: 'a', port: '' })
  })

  it('leaves out the schemes that gRPC resolves, and knows the port that dns adds', () => {
    for (const text of ['dns:///a:1', 'dns:a:1', 'passthrough:///a:1', 'passthrough:a:1']) {
      assert.deepEqual(parseTarget(text), { endpoint: 'a:1', host: 'a', port: '1' })
    }
    assert.deepEqual(parseTarget('dns:///a'), { endpoint: 'a', host: 'a', port: '443' })
  })

  for (const [text, why] of [
    ['', 'missing port in address'],
    ['host', 'address host: missing port in address'],
    ['[::1]', 'address [::1]: missing port in address'],
    ['::1', 'address ::1: too many colons in address'],
    ['a:b:1', 'address a:b:1: too many colons in address'],
    ['[::1]:1:2', 'address [::1]:1:2: too many colons in address'],
    ['[::1:1', "address [::1:1: missing ']' in address"],
    ['a[b:1', "address a[b:1: unexpected '[' in address"],
    ['a]b:1', "address a]b:1: unexpected ']' in address"],
    ['passthrough:///a', 'address a: missing port in address'],
    ['dns://8.8.8.8/a:1', 'a name server in the target is not supported: 8.8.8.8'],
  ] as const) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseTarget(text), { message: why })
    })
  }
})

describe('isHostName', () => {
  it('refuses what a resolver would read as an address', () => {
    for (const name of ['localhost', 'a.b-c.d_e', 'x1.2a', '_srv.a.', 'A']) assert.equal(isHostName(name), true, name)
    const addresses = ['127.1', '2130706433', '0x7f000001', 'a.0x7f', '0']
    const others = [
      '',
      '.',
      'a..b',
      '-a',
      'a b',
      'a/b',
      'a@b',
      'a%b',
      '127。0。0。1',
      'ä',
      'a\n',
      `${'a'.repeat(64)}.b`,
    ]
    for (const name of [...addresses, ...others, 'a.'.repeat(200)]) assert.equal(isHostName(name), false, name)
  })
})

describe('NetworkPolicy', () => {
  const check = (policy: NetworkPolicy, ip: string, port = 443) => policy.checkText(ip, port, 'name.test')

  it('allows everything in a trusted run', () => {
    const checked = check(NetworkPolicy.allowAll, '127.0.0.1', 1)
    assert.deepEqual([checked?.ip.text, checked?.port, checked?.hostName], ['127.0.0.1', 1, 'name.test'])
  })

  it('closes this machine and private networks to untrusted runs, in every spelling', () => {
    const plain = [
      '127.0.0.1',
      '0.0.0.0',
      '10.1.2.3',
      '169.254.169.254',
      '172.31.0.1',
      '192.168.0.1',
      '100.64.0.1',
      '224.0.0.1',
    ]
    const v6 = [
      '::1',
      '::',
      'fe80::1',
      'fc00::1',
      'ff02::1',
      '::ffff:127.0.0.1',
      '64:ff9b::10.0.0.1',
      '2002:7f00:1::',
      '::10.0.0.1',
    ]
    for (const ip of [...plain, ...v6]) {
      assert.throws(
        () => check(NetworkPolicy.publicOnly, ip),
        (e) => isAppError(e, 'NETWORK_DENIED'),
        ip,
      )
    }
    for (const ip of ['8.8.8.8', '2001:4860:4860::8888', '172.32.0.1'])
      assert.ok(check(NetworkPolicy.publicOnly, ip), ip)
  })

  it('closes ports', () => {
    assert.throws(() => check(NetworkPolicy.publicOnly, '8.8.8.8', 25), /port 25 is not allowed/)
  })

  it('opens what an allow rule names', () => {
    const policy = new NetworkPolicy({ deny: ['10.0.0.0/8'], allow: ['10.1.0.0/16'] })
    assert.ok(check(policy, '10.1.2.3'))
    assert.throws(() => check(policy, '10.2.2.3'), {
      message: 'connecting to name.test (10.2.2.3) port 443 is not allowed: 10.0.0.0/8 is closed',
    })
  })

  it('refuses a rule that is no range', () => {
    assert.throws(
      () => new NetworkPolicy({ deny: ['ten'] }),
      (e) => isAppError(e, 'OPTIONS_INVALID'),
    )
  })
})
