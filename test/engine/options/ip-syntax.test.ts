import assert from 'node:assert/strict'
import { addressNumber, isIP, isIPv4, parseCidr } from '../../../engine/options/ip-syntax.js'

describe('isIP', () => {
  it('takes addresses of both kinds', () => {
    for (const text of ['0.0.0.0', '127.0.0.1', '255.255.255.255', '::', '::1', '2001:db8::1', '::ffff:1.2.3.4']) {
      assert.ok(isIP(text), text)
    }
  })

  it('refuses names, ports, zeros in front, and parts too many or too big', () => {
    for (const text of [
      '',
      'localhost',
      '1.2.3',
      '1.2.3.4.',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.4:5',
      ':::',
      '1::2::3',
      'g::1',
      '1',
    ]) {
      assert.ok(!isIP(text), text)
    }
    assert.ok(!isIPv4('::1'))
  })
})

describe('parseCidr', () => {
  const masked: [string, string][] = [
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['192.168.255.255/20', '192.168.240.0/20'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['1.2.3.4/32', '1.2.3.4/32'],
    ['2001:db8:ffff::1/36', '2001:db8:f000::/36'],
    ['::1/128', '::1/128'],
  ]
  for (const [text, network] of masked) it(`masks ${text}`, () => assert.equal(parseCidr(text), network))

  for (const text of ['10.0.0.0', '10.0.0.0/33', '::/129', 'host/8', '10.0.0.0/-1', '/8']) {
    it(`refuses ${text}`, () => assert.throws(() => parseCidr(text), { message: `invalid CIDR address: ${text}` }))
  }
})

describe('addressNumber', () => {
  it('orders addresses', () => {
    assert.equal(addressNumber('0.0.1.2'), 258n)
    assert.ok(addressNumber('::2') > addressNumber('::1'))
    assert.equal(addressNumber('1::'), 1n << 112n)
  })
})
