import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { type Hashing, startHash, startHmac } from '../../../host/crypto/hashing.js'
import { Md4 } from '../../../host/crypto/md4.js'

const digestOf = (hashing: Hashing | undefined, text: string | Buffer) => {
  hashing!.update(Buffer.from(text as string))
  return hashing!.digest().toString('hex')
}

describe('MD4', () => {
  /** RFC 1320, appendix A.5. */
  const vectors: [string, string][] = [
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    ['1234567890'.repeat(8), 'e33b4ddc9c38f2199c3e7b164fcc0536'],
  ]
  for (const [text, digest] of vectors) {
    it(`of ${JSON.stringify(text)} is that of the RFC`, () => assert.equal(digestOf(startHash('md4'), text), digest))
  }

  it('is the same however the input is cut', () => {
    const input = Buffer.from('1234567890'.repeat(20))
    const whole = new Md4().update(input).digest()
    for (const size of [1, 7, 63, 64, 65, 199]) {
      const parts = new Md4()
      for (let at = 0; at < input.length; at += size) parts.update(input.subarray(at, at + size))
      assert.deepEqual(parts.digest(), whole, `parts of ${size}`)
    }
  })
})

describe('hashes by name', () => {
  /** RFC 1321 (A.5), RFC 3174 and FIPS 180-4 examples, and the RIPEMD-160 paper: all of "abc". */
  const ofAbc: Record<string, string> = {
    md5: '900150983cd24fb0d6963f7d28e17f72',
    sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    sha384: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    sha512:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    sha512_224: '4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa',
    sha512_256: '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23',
    ripemd160: '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc',
  }
  for (const [name, digest] of Object.entries(ofAbc)) {
    it(`${name} of the standard's example`, () => assert.equal(digestOf(startHash(name), 'abc'), digest))
  }

  it('tell their digest at any time and go on', () => {
    for (const name of ['md4', ...Object.keys(ofAbc)]) {
      const hashing = startHash(name)!
      hashing.update(Buffer.from('a'))
      assert.deepEqual(hashing.digest(), hashing.digest())
      hashing.update(Buffer.from('bc'))
      assert.equal(hashing.digest().toString('hex'), digestOf(startHash(name), 'abc'), name)
    }
  })

  it('are no others', () => {
    for (const name of ['nope', '', 'SHA1', 'sha512-224', '__proto__', 'constructor']) {
      assert.equal(startHash(name), undefined)
      assert.equal(startHmac(name, Buffer.from('k')), undefined)
    }
  })
})

describe('HMAC', () => {
  const key = (byte: number, length: number) => Buffer.alloc(length, byte)
  /** RFC 2202 (MD5, SHA-1), cases 1 and 6; RFC 4231, cases 1, 2, 6 and 7. */
  const vectors: [string, string, Buffer, string, string][] = [
    ['RFC 2202, 1', 'md5', key(0x0b, 16), 'Hi There', '9294727a3638bb1c13f48ef8158bfc9d'],
    ['RFC 2202, 1', 'sha1', key(0x0b, 20), 'Hi There', 'b617318655057264e28bc0b6fb378c8ef146be00'],
    [
      'RFC 2202, 6',
      'sha1',
      key(0xaa, 80),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      'aa4ae5e15272d00e95705637ce8a3b55ed402112',
    ],
    [
      'RFC 4231, 1',
      'sha256',
      key(0x0b, 20),
      'Hi There',
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      'RFC 4231, 2',
      'sha384',
      Buffer.from('Jefe'),
      'what do ya want for nothing?',
      'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
    ],
    [
      'RFC 4231, 6',
      'sha512',
      key(0xaa, 131),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
    ],
    [
      'RFC 4231, 7',
      'sha256',
      key(0xaa, 131),
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ]
  for (const [where, name, secret, text, digest] of vectors) {
    it(`${name}: ${where}`, () => assert.equal(digestOf(startHmac(name, secret), text), digest))
  }

  it('is what node:crypto makes of it, for every hash that it has and keys around the size of a block', () => {
    const names = new Map([
      ['md5', 'md5'],
      ['sha1', 'sha1'],
      ['sha256', 'sha256'],
      ['sha384', 'sha384'],
      ['sha512', 'sha512'],
      ['sha512_224', 'sha512-224'],
      ['sha512_256', 'sha512-256'],
      ['ripemd160', 'ripemd160'],
    ])
    for (const [name, nodeName] of names) {
      for (const length of [0, 1, 63, 64, 65, 127, 128, 129, 200]) {
        const secret = Buffer.alloc(length, 7)
        const expected = createHmac(nodeName, secret).update('data').digest('hex')
        assert.equal(digestOf(startHmac(name, secret), 'data'), expected, `${name}, key of ${length}`)
      }
    }
  })
})
