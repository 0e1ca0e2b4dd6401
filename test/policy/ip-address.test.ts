import assert from 'node:assert/strict'
import fc from 'fast-check'
import { embeddedIpv4, formatIp, isInRange, parseIp, parseIpRange } from '../../policy/ip-address.js'

describe('ip addresses', () => {
  it('reads plain forms only', () => {
    for (const text of ['127.0.0.1', '::', '::1', 'fe80::1', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8', 'FF::']) {
      assert.ok(parseIp(text), text)
    }
    const odd = ['127.1', '0x7f.0.0.1', '0177.0.0.1', '2130706433', '1.2.3.256', '1.2.3', ' 1.2.3.4', '1.2.3.4\n', '']
    const oddV6 = [
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      'fe80::1%eth0',
      '::1.2.3',
      '12345::',
      '1.2.3.4::',
    ]
    for (const text of [...odd, ...oddV6, '①②⑦.0.0.1']) assert.equal(parseIp(text), undefined, text)
  })

  it('writes what it reads', () => {
    for (const [text, expected] of [
      ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['::1', '::1'],
      ['fe80::', 'fe80::'],
      ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
      ['10.0.0.1', '10.0.0.1'],
    ] as const) {
      const ip = parseIp(text)
      assert.equal(ip && formatIp(ip.family, ip.value), expected)
    }
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const ip = parseIp(text)
        assert.ok(ip, text)
        assert.equal(parseIp(formatIp(ip.family, ip.value))?.value, ip.value)
      }),
    )
  })

  it('knows which addresses lie in a range', () => {
    const isIn = (ip: string, range: string) => {
      const [a, r] = [parseIp(ip), parseIpRange(range)]
      return a && r && isInRange(a, r)
    }
    assert.equal(isIn('10.255.0.1', '10.0.0.0/8'), true)
    assert.equal(isIn('11.0.0.1', '10.9.9.9/8'), false)
    assert.equal(isIn('1.2.3.4', '0.0.0.0/0'), true)
    assert.equal(isIn('1.2.3.4', '1.2.3.4/32'), true)
    assert.equal(isIn('fc12::1', 'fc00::/7'), true)
    assert.equal(isIn('10.0.0.1', '::/0'), false)
    for (const text of ['10.0.0.0', '10.0.0.0/33', '::/129', 'x/8', '10.0.0.0/-1', '10.0.0.0/8 ']) {
      assert.equal(parseIpRange(text), undefined, text)
    }
  })

  it('finds the IPv4 address inside an IPv6 one', () => {
    const inside = (text: string) => {
      const ip = parseIp(text)
      return ip && embeddedIpv4(ip).map((inner) => inner.text)
    }
    for (const text of [
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:0:127.0.0.1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      '::127.0.0.1',
    ]) {
      assert.deepEqual(inside(text), ['127.0.0.1'], text)
    }
    assert.deepEqual(inside('2001:0:a00:1:0:0:80ff:fffe'), ['10.0.0.1', '127.0.0.1'])
    for (const text of ['::1', '::', 'fe80::1', '127.0.0.1']) assert.deepEqual(inside(text), [], text)
  })
})
