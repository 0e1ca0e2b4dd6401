import assert from 'node:assert/strict'
import { checkLocalIPs, LocalIpPool } from '../../../engine/options/local-ips.js'

const addresses = (text: string, vus: readonly number[]) => {
  const pool = new LocalIpPool(text)
  return vus.map((vu) => pool.addressOf(vu))
}

describe('localIPs', () => {
  it('gives VUs the addresses in turn, and the first one to setup and teardown', () => {
    assert.deepEqual(addresses('10.0.0.1,10.0.0.9', [1, 2, 3, 4, 0]), [
      ...['10.0.0.1', '10.0.0.9', '10.0.0.1', '10.0.0.9', '10.0.0.1'],
    ])
    assert.deepEqual(addresses('127.0.0.5', [0, 1, 1000]), ['127.0.0.5', '127.0.0.5', '127.0.0.5'])
  })

  it('takes ranges with both ends, and repeated addresses as often as they stand there', () => {
    assert.deepEqual(addresses('10.0.0.254-10.0.1.1,10.9.9.9,10.9.9.9', [1, 2, 3, 4, 5, 6, 7]), [
      ...['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1', '10.9.9.9', '10.9.9.9', '10.0.0.254'],
    ])
  })

  it('leaves the ends of an IPv4 network out when there is something between them', () => {
    assert.deepEqual(addresses('10.0.0.5/29', [1, 6, 7]), ['10.0.0.1', '10.0.0.6', '10.0.0.1'])
    assert.deepEqual(addresses('10.0.0.5/31', [1, 2, 3]), ['10.0.0.4', '10.0.0.5', '10.0.0.4'])
    assert.deepEqual(addresses('10.0.0.5/32', [1, 2]), ['10.0.0.5', '10.0.0.5'])
  })

  it('knows IPv6', () => {
    assert.deepEqual(addresses('fd00::ffff-fd00::1:0,::1,fd00::/126', [1, 2, 3, 4, 7, 8]), [
      ...['fd00::ffff', 'fd00::1:0', '::1', 'fd00::', 'fd00::3', 'fd00::ffff'],
    ])
  })

  it('makes no list of a large network', () => {
    assert.deepEqual(addresses('10.0.0.0/8,::/0', [1, 2 ** 24 - 2, 2 ** 24 - 1]), ['10.0.0.1', '10.255.255.254', '::'])
  })

  it('refuses what is none of that, with k6’s words', () => {
    for (const [text, message] of [
      ['abc', 'abc is not a valid IP, IP range or CIDR'],
      ['10.0.0.1,', ' is not a valid IP, IP range or CIDR'],
      ['10.0.0.1, 10.0.0.2', ' 10.0.0.2 is not a valid IP, IP range or CIDR'],
      ['10.0.0.256', '10.0.0.256 is not a valid IP, IP range or CIDR'],
      ['10.0.0.1-x', 'wrong IP range format: 10.0.0.1-x'],
      ['10.0.0.1-::1', 'mixed IP range format: 10.0.0.1-::1'],
      ['10.0.0.2-10.0.0.1', 'negative IP range: 10.0.0.2-10.0.0.1'],
      ['10.0.0.0/33', 'parseCIDR() failed parsing 10.0.0.0/33: invalid CIDR address: 10.0.0.0/33'],
    ] as const) {
      assert.throws(() => checkLocalIPs(text), { message })
    }
    assert.equal(checkLocalIPs('10.0.0.1,::1/64'), '10.0.0.1,::1/64')
  })
})
