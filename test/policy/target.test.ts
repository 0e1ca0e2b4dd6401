import assert from 'node:assert/strict'
import { isHostName, parseTarget } from '../../policy/target.js'

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
