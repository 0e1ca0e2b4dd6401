import assert from 'node:assert/strict'
import {
  constants,
  createHmac,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  verify,
} from 'node:crypto'
import { describeInVmThread } from '../../support/in-vm-thread.js'
import { type ScriptVmOptions, scriptVm } from '../../support/script-vm.js'

const prologue = `
  const { subtle } = crypto
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, '0')).join('')
  const bytes = (hex) => new Uint8Array((hex.match(/../g) || []).map((pair) => parseInt(pair, 16)))
  const text = (string) => new TextEncoder().encode(string)
  const failure = async (f) => { try { return 'gave ' + (await f()) } catch (e) { return e.name + ': ' + e.message } }
  const nameOf = async (f) => (await failure(f)).split(':')[0]
`

async function iterate(body: string, options: ScriptVmOptions = {}) {
  const found = await scriptVm(`${prologue} export default async function () { ${body} }`, options)
  await found.script.enter('activate', 'vu', '{}', '{}')
  const outcome = await found.script.iteration('default', 0)
  assert.deepEqual(found.internalErrors, [])
  return { ...found, outcome }
}

/** What the body of the default function logs. */
async function said(body: string, options: ScriptVmOptions = {}): Promise<string[]> {
  const found = await iterate(body, options)
  assert.deepEqual(found.outcome, { kind: 'done' })
  return found.said()
}

const hexOf = (base64url: string) => Buffer.from(base64url, 'base64url').toString('hex')

/** RFC 7515, appendix A: one payload for all. */
const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'

describeInVmThread('the global crypto: random values', import.meta.url, (it) => {
  it('fills views of integers, and only the bytes that they show', async () => {
    const lines = await said(`
      const whole = new Uint8Array(100)
      const part = new Uint16Array(whole.buffer, 20, 30)
      console.log(crypto.getRandomValues(part) === part, part.some((x) => x > 0))
      console.log(whole.subarray(0, 20).some((x) => x > 0), whole.subarray(80).some((x) => x > 0))
      console.log(crypto.getRandomValues(new BigInt64Array(0)).length, crypto.getRandomValues(new Uint8Array(65536)).length)`)
    assert.deepEqual(lines, ['true true', 'false false', '0 65536'])
  })

  it('refuses what is too large or no view of integers', async () => {
    const lines = await said(`
      for (const array of [new Uint8Array(65537), new Uint32Array(16385), new Float64Array(1), new ArrayBuffer(1), [1], undefined])
        console.log(await nameOf(() => crypto.getRandomValues(array)))`)
    assert.deepEqual(lines, [...Array(2).fill('QuotaExceededError'), ...Array(4).fill('TypeMismatchError')])
  })

  it('makes other UUIDs each time, of version 4', async () => {
    const [one, two] = (await said(`console.log(crypto.randomUUID() + ' ' + crypto.randomUUID())`))[0]!.split(' ')
    assert.match(one!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.notEqual(one, two)
  })
})

describeInVmThread('the global crypto: examples of the standards', import.meta.url, (it) => {
  it('digest: FIPS 180-4, of "abc"', async () => {
    const lines = await said(`
      for (const name of ['SHA-1', 'sha-256', { name: 'SHA-384' }, 'SHA-512'])
        console.log(hex(await subtle.digest(name, text('abc'))).slice(0, 16))`)
    assert.deepEqual(lines, ['a9993e364706816a', 'ba7816bf8f01cfea', 'cb00753f45a35e8b', 'ddaf35a193617aba'])
  })

  it('AES-CBC and AES-CTR: NIST SP 800-38A, F.2.1 and F.5.1, first block', async () => {
    const lines = await said(`
      const raw = bytes('2b7e151628aed2a6abf7158809cf4f3c')
      const block = bytes('6bc1bee22e409f96e93d7e117393172a')
      const cbc = await subtle.importKey('raw', raw, 'AES-CBC', false, ['encrypt', 'decrypt'])
      const iv = bytes('000102030405060708090a0b0c0d0e0f')
      const sealed = await subtle.encrypt({ name: 'AES-CBC', iv }, cbc, block)
      console.log(hex(sealed).slice(0, 32), hex(await subtle.decrypt({ name: 'aes-cbc', iv }, cbc, sealed)) === hex(block))
      const ctr = await subtle.importKey('raw', raw, 'AES-CTR', false, ['encrypt'])
      const counter = bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')
      console.log(hex(await subtle.encrypt({ name: 'AES-CTR', counter, length: 128 }, ctr, block)))`)
    assert.deepEqual(lines, ['7649abac8119b246cee98e9b12e9197d true', '874d6191b620e3261bef6864990db6ce'])
  })

  it("AES-GCM: test case 4 of McGrew and Viega's paper", async () => {
    const lines = await said(`
      const key = await subtle.importKey('raw', bytes('feffe9928665731c6d6a8f9467308308'), 'AES-GCM', true, ['encrypt', 'decrypt'])
      const params = {
        name: 'AES-GCM', iv: bytes('cafebabefacedbaddecaf888'), tagLength: 128,
        additionalData: bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
      }
      const plain = bytes('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39')
      const sealed = await subtle.encrypt(params, key, plain)
      console.log(hex(sealed).slice(0, 32), hex(sealed).slice(-32))
      console.log(hex(await subtle.decrypt(params, key, sealed)) === hex(plain))
      console.log(await nameOf(() => subtle.decrypt({ ...params, additionalData: bytes('00') }, key, sealed)))`)
    assert.deepEqual(lines, [
      '42831ec2217774244b7221b784d0d49c 5bc94fbc3221a5db94fae95ae7121a47',
      'true',
      'OperationError',
    ])
  })

  it('AES-KW: RFC 3394, section 4.1', async () => {
    const lines = await said(`
      const outer = await subtle.importKey('raw', bytes('000102030405060708090a0b0c0d0e0f'), 'AES-KW', false, ['wrapKey', 'unwrapKey'])
      const inner = await subtle.importKey('raw', bytes('00112233445566778899aabbccddeeff'), 'AES-CBC', true, ['encrypt'])
      const wrapped = await subtle.wrapKey('raw', inner, outer, 'AES-KW')
      const back = await subtle.unwrapKey('raw', wrapped, outer, 'AES-KW', 'AES-CBC', true, ['encrypt'])
      console.log(hex(wrapped), hex(await subtle.exportKey('raw', back)))`)
    assert.deepEqual(lines, ['1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5 00112233445566778899aabbccddeeff'])
  })

  it('HMAC: RFC 7515, A.1', async () => {
    const k = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
    const lines = await said(`
      const key = await subtle.importKey('jwk', { kty: 'oct', k: '${k}' }, { name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify'])
      const data = text('eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}')
      const signature = await subtle.sign('HMAC', key, data)
      console.log(hex(signature), await subtle.verify('HMAC', key, signature, data), await subtle.verify('HMAC', key, signature, text('x')))
      console.log((await subtle.exportKey('jwk', key)).k)`)
    assert.deepEqual(lines, [`${hexOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')} true false`, k])
  })

  it('ECDSA: RFC 7515, A.3', async () => {
    const lines = await said(`
      const jwk = { kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }
      const key = await subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
      const signature = bytes('${hexOf('DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q')}')
      for (const hash of ['SHA-256', 'SHA-1'])
        console.log(await subtle.verify({ name: 'ECDSA', hash: { name: hash } }, key, signature, text('eyJhbGciOiJFUzI1NiJ9.${payload}')))`)
    assert.deepEqual(lines, ['true', 'false'])
  })

  it('ECDH: RFC 7518, appendix C', async () => {
    const lines = await said(`
      const alice = { kty: 'EC', crv: 'P-256', x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0', y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps', d: '0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo' }
      const bob = { kty: 'EC', crv: 'P-256', x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ', y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck' }
      const ecdh = { name: 'ECDH', namedCurve: 'P-256' }
      const mine = await subtle.importKey('jwk', alice, ecdh, false, ['deriveBits', 'deriveKey'])
      const theirs = await subtle.importKey('jwk', bob, ecdh, true, [])
      console.log(hex(await subtle.deriveBits({ name: 'ECDH', public: theirs }, mine, 256)))
      const key = await subtle.deriveKey({ name: 'ECDH', public: theirs }, mine, { name: 'AES-GCM', length: 128 }, true, ['encrypt'])
      console.log(hex(await subtle.exportKey('raw', key)))
      console.log(await failure(() => subtle.deriveBits({ name: 'ECDH', public: mine }, mine, 256)))`)
    const z = '9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4'
    assert.deepEqual(lines, [
      z,
      z.slice(0, 32),
      'InvalidAccessError: ECDH: the member "public" must be a public key of ECDH',
    ])
  })

  it('PBKDF2: RFC 6070; HKDF: RFC 5869, test case 1', async () => {
    const lines = await said(`
      const password = await subtle.importKey('raw', text('password'), 'PBKDF2', false, ['deriveBits'])
      for (const iterations of [1, 4096])
        console.log(hex(await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt: text('salt'), iterations }, password, 160)))
      const secret = await subtle.importKey('raw', bytes('0b'.repeat(22)), 'HKDF', false, ['deriveBits'])
      const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: bytes('000102030405060708090a0b0c'), info: bytes('f0f1f2f3f4f5f6f7f8f9') }
      console.log(hex(await subtle.deriveBits(hkdf, secret, 42 * 8)))`)
    assert.deepEqual(lines, [
      '0c60c80f961f0e71f3a9b524af6012062fe037a6',
      '4b007901b765489abead49d926f721d065a429c1',
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ])
  })
})

describeInVmThread('the global crypto: together with node:crypto', import.meta.url, (it) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('hex')
  const spki = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('hex')
  const data = Buffer.from('data')

  it('RSASSA-PKCS1-v1_5 and RSA-PSS: each verifies what the other signed', async () => {
    const theirs = createSign('sha256').update(data).sign(rsa.privateKey).toString('hex')
    const lines = await said(`
      for (const [name, saltLength] of [['RSASSA-PKCS1-v1_5'], ['RSA-PSS', 20]]) {
        const key = await subtle.importKey('pkcs8', bytes('${pkcs8}'), { name, hash: 'SHA-256' }, false, ['sign'])
        console.log(hex(await subtle.sign({ name, saltLength }, key, text('data'))))
      }
      const key = await subtle.importKey('spki', bytes('${spki}'), { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['verify'])
      console.log(await subtle.verify('RSASSA-PKCS1-v1_5', key, bytes('${theirs}'), text('data')))`)
    const key = rsa.publicKey
    assert.ok(verify('sha256', data, key, Buffer.from(lines[0]!, 'hex')))
    const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }
    assert.ok(verify('sha256', data, pss, Buffer.from(lines[1]!, 'hex')))
    assert.equal(lines[2], 'true')
  })

  it('RSA-OAEP: each reads what the other sealed', async () => {
    const oaepHash = 'sha256'
    const theirs = publicEncrypt({ key: rsa.publicKey, oaepHash, oaepLabel: Buffer.from('l') }, data).toString('hex')
    const lines = await said(`
      const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' }
      const open = await subtle.importKey('pkcs8', bytes('${pkcs8}'), oaep, false, ['decrypt'])
      const seal = await subtle.importKey('spki', bytes('${spki}'), oaep, false, ['encrypt'])
      console.log(hex(await subtle.encrypt('RSA-OAEP', seal, text('data'))))
      console.log(hex(await subtle.decrypt({ name: 'RSA-OAEP', label: text('l') }, open, bytes('${theirs}'))))`)
    assert.deepEqual(privateDecrypt({ key: rsa.privateKey, oaepHash }, Buffer.from(lines[0]!, 'hex')), data)
    assert.equal(lines[1], data.toString('hex'))
  })

  it('makes pairs that node:crypto reads, and reads its own exports again', async () => {
    const lines = await said(`
      const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify'])
      const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-384' }, pair.privateKey, text('data'))
      console.log(hex(await subtle.exportKey('spki', pair.publicKey)), hex(signature))
      for (const format of ['pkcs8', 'jwk']) {
        const copy = await subtle.importKey(format, await subtle.exportKey(format, pair.privateKey), { name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign'])
        const again = await subtle.sign({ name: 'ECDSA', hash: 'SHA-384' }, copy, text('data'))
        console.log(await subtle.verify({ name: 'ECDSA', hash: 'SHA-384' }, pair.publicKey, again, text('data')))
      }
      const raw = await subtle.exportKey('raw', pair.publicKey)
      console.log(raw.byteLength, (await subtle.importKey('raw', raw, { name: 'ECDSA', namedCurve: 'P-384' }, true, ['verify'])).type)`)
    const [der, signature] = lines[0]!.split(' ')
    const key = createPublicKey({ key: Buffer.from(der!, 'hex'), type: 'spki', format: 'der' })
    assert.ok(verify('sha384', data, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature!, 'hex')))
    assert.deepEqual(lines.slice(1), ['true', 'true', '97 public'])
  })

  it('takes numbers that come as strings, and gives HMAC keys the size of a block', async () => {
    const lines = await said(`
      const aes = await subtle.generateKey({ name: 'AES-CBC', length: '256' }, true, ['encrypt'])
      const hmac = await subtle.generateKey({ name: 'HMAC', hash: { name: 'SHA-1' } }, true, ['sign'])
      console.log((await subtle.exportKey('raw', aes)).byteLength)
      console.log(hex(await subtle.exportKey('raw', hmac)), hex(await subtle.sign('HMAC', hmac, text('data'))))`)
    assert.equal(lines[0], '32')
    const [raw, signature] = lines[1]!.split(' ')
    assert.equal(raw!.length, 128)
    assert.equal(createHmac('sha1', Buffer.from(raw!, 'hex')).update(data).digest('hex'), signature)
  })
})

describeInVmThread('the global crypto: keys', import.meta.url, (it) => {
  it('show what they are, and cannot be changed or made by a script', async () => {
    const lines = await said(`
      const rsa = { name: 'RSA-PSS', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
      const { publicKey, privateKey } = await subtle.generateKey(rsa, false, ['sign', 'verify'])
      console.log(publicKey)
      console.log(JSON.stringify([privateKey.type, privateKey.extractable, privateKey.usages, privateKey.algorithm.publicExponent instanceof Uint8Array]))
      console.log(await failure(() => { publicKey.extractable = false }))
      console.log(await failure(() => { privateKey.usages.push('decrypt') }))
      console.log(await failure(() => new publicKey.constructor()), Object.getOwnPropertyNames(publicKey.constructor).join())
      console.log(await failure(() => subtle.exportKey('jwk', { ...publicKey })))
      console.log(await failure(() => subtle.exportKey('jwk', Object.create(publicKey))))`)
    assert.deepEqual(lines, [
      '{ type: "public", extractable: true, algorithm: { name: "RSA-PSS", modulusLength: 1024, publicExponent: Uint8Array(3) [ 1, 0, 1 ], hash: { name: "SHA-256" } }, usages: [ "verify" ] }',
      '["private",false,["sign"],true]',
      "TypeError: 'extractable' is read-only",
      'TypeError: object is not extensible',
      'TypeError: Illegal constructor length,name,prototype',
      'TypeError: key is not a CryptoKey',
      'TypeError: key is not a CryptoKey',
    ])
  })

  it('are used for what they are for', async () => {
    const lines = await said(`
      const iv = new Uint8Array(16)
      const cbc = await subtle.generateKey({ name: 'AES-CBC', length: 128 }, false, ['encrypt'])
      for (const f of [
        () => subtle.exportKey('raw', cbc),
        () => subtle.decrypt({ name: 'AES-CBC', iv }, cbc, iv),
        () => subtle.encrypt({ name: 'AES-GCM', iv }, cbc, iv),
        () => subtle.encrypt({ name: 'AES-CBC', iv: new Uint8Array(3) }, cbc, iv),
        () => subtle.wrapKey('raw', cbc, cbc, { name: 'AES-CBC', iv }),
      ]) console.log(await failure(f))`)
    assert.deepEqual(lines, [
      'InvalidAccessError: the key is not extractable',
      'InvalidAccessError: the key\'s usages do not have "decrypt"',
      'InvalidAccessError: the key is one of AES-CBC and not of AES-GCM',
      'OperationError: encrypt with AES-CBC: the operation failed: wrong sizes, wrong parameters, or data that were not made with this key',
      'InvalidAccessError: the key\'s usages do not have "wrapKey"',
    ])
  })

  it('leave the host some time after a script dropped them', async () => {
    const { context, said } = await iterate(`
      const one = () => subtle.importKey('raw', new Uint8Array(16), 'AES-CBC', true, ['encrypt'])
      const kept = await one()
      for (let i = 0; i < 600; i++) await one()
      console.log((await subtle.exportKey('raw', kept)).byteLength)`)
    assert.deepEqual(said(), ['16'])
    assert.ok(context.webCrypto.keys.size < 300, String(context.webCrypto.keys.size))
  })
})

describeInVmThread('the global crypto: errors and bounds', import.meta.url, (it) => {
  it("have W3C's names", async () => {
    const lines = await said(`
      const raw = (size, ...rest) => subtle.importKey('raw', new Uint8Array(size), ...rest)
      for (const f of [
        () => subtle.digest('MD5', text('a')),
        () => subtle.generateKey({ name: 'Ed25519' }, true, ['sign']),
        () => subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, []),
        () => subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, ['sign']),
        () => subtle.generateKey({ name: 'AES-CBC', length: 100 }, true, ['encrypt']),
        () => subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-1' }, true, ['sign']),
        () => raw(5, 'AES-CBC', true, ['encrypt']),
        () => raw(16, { name: 'RSA-PSS', hash: 'SHA-256' }, true, ['verify']),
        () => subtle.importKey('spki', new Uint8Array(5), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']),
        () => subtle.importKey('pkcs8', new Uint8Array(5), { name: 'RSA-PSS', hash: 'SHA-256' }, true, ['sign']),
        () => subtle.importKey('jwk', { kty: 'oct', k: '***' }, { name: 'ECDH', namedCurve: 'P-256' }, true, []),
      ]) console.log(await nameOf(f))`)
    assert.deepEqual(lines, [
      'NotSupportedError',
      'NotSupportedError',
      'SyntaxError',
      'SyntaxError',
      'OperationError',
      'NotSupportedError',
      'DataError',
      'NotSupportedError',
      'DataError',
      'DataError',
      'DataError',
    ])
  })

  it('are TypeErrors for arguments of the wrong type, and rejections always', async () => {
    const lines = await said(`
      const key = await subtle.generateKey({ name: 'AES-CTR', length: 128 }, true, ['encrypt'])
      const calls = [
        () => subtle.digest('SHA-1'),
        () => subtle.digest('SHA-1', 'text'),
        () => subtle.digest(5, text('')),
        () => subtle.digest({}, text('')),
        () => subtle.encrypt({ name: 'AES-CTR', length: 128 }, key, text('')),
        () => subtle.encrypt({ name: 'AES-CTR', counter: new Uint8Array(16), length: 256 }, key, text('')),
        () => subtle.importKey('pem', text(''), 'AES-CBC', true, ['encrypt']),
        () => subtle.importKey('jwk', text(''), 'AES-CBC', true, ['encrypt']),
        () => subtle.importKey('raw', text(''), 'HMAC', true, ['sign']),
        () => subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, ['fly']),
        () => subtle.generateKey({ name: 'AES-CBC', get length() { throw new RangeError('mine') } }, true, ['encrypt']),
      ]
      for (const call of calls) {
        const promise = call()
        console.log(promise instanceof Promise, await failure(() => promise))
      }`)
    assert.deepEqual(lines, [
      'true TypeError: digest takes 2 arguments, and 1 were given',
      'true TypeError: data must be an ArrayBuffer, a typed array or a DataView',
      'true TypeError: an algorithm must be a string or an object',
      'true TypeError: an algorithm needs a name',
      'true TypeError: AES-CTR needs a member "counter"',
      'true TypeError: encrypt with AES-CTR: the parameters have the wrong types',
      'true TypeError: "pem" is not a format of keys: raw, pkcs8, spki or jwk',
      'true TypeError: a key in the format "jwk" must be a JsonWebKey object',
      'true TypeError: HMAC needs a member "hash"',
      'true TypeError: "fly" is not a usage of keys',
      'true RangeError: mine',
    ])
  })

  it('name the limit of what would take too long', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
    const large = Buffer.alloc(1025, 0xff).toString('base64url')
    const lines = await said(`
      const rsa = { name: 'RSA-PSS', modulusLength: 16384, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
      const password = await subtle.importKey('raw', text('p'), 'PBKDF2', false, ['deriveBits'])
      const pbkdf2 = { name: 'PBKDF2', hash: 'SHA-256', salt: text('s'), iterations: 2 ** 31 }
      for (const f of [
        () => subtle.generateKey(rsa, true, ['sign']),
        () => subtle.generateKey({ ...rsa, modulusLength: 2048, publicExponent: new Uint8Array([5]) }, true, ['sign']),
        () => subtle.deriveBits(pbkdf2, password, 256),
        () => subtle.deriveBits({ ...pbkdf2, iterations: 10_000 }, password, 256 * 1001),
        () => subtle.deriveBits({ ...pbkdf2, iterations: 1 }, password, 2 ** 31),
        () => subtle.generateKey({ name: 'HMAC', hash: 'SHA-256', length: 2 ** 31 }, true, ['sign']),
        () => subtle.importKey('raw', new Uint8Array(16385), 'HKDF', false, ['deriveBits']),
        () => subtle.importKey('jwk', { kty: 'RSA', e: '${rsa.e}', n: '${large}' }, { name: 'RSA-PSS', hash: 'SHA-1' }, true, ['verify']),
      ]) console.log(await failure(f))`)
    assert.deepEqual(lines, [
      'OperationError: RSA-PSS: a modulus may have 4096 bits, not 16384',
      'OperationError: RSA-PSS: the public exponent must be 3 or 65537',
      'OperationError: PBKDF2: 2147483648 iterations for 256 bits are 2147483648 rounds of the hash; 10000000 are the limit',
      'OperationError: PBKDF2: 10000 iterations for 256256 bits are 10010000 rounds of the hash; 10000000 are the limit',
      'OperationError: PBKDF2: 8388608 bits may be derived, not 2147483648',
      'OperationError: HMAC: a key may have 1 to 131072 bits, not 2147483648',
      'DataError: the data of a key may take 16384 bytes, not 16385',
      'DataError: RSA-PSS: a modulus may have 8192 bits, not 8200',
    ])
  })

  it('bound what waits to be done', async () => {
    const lines = await said(
      `const big = new Uint8Array(5e6)
      const found = await Promise.allSettled(Array.from({ length: 20 }, () => subtle.digest('SHA-1', big)))
      console.log(found.filter((one) => one.status === 'fulfilled').length > 3, found.at(-1).reason.message)`,
      { limits: { memoryBytes: 32 * 1024 * 1024 } },
    )
    assert.deepEqual(lines, ['true the operations under way may take 33554432 bytes (limit memoryBytes)'])
  })

  it('a script that replaces built-ins does not change what is signed', async () => {
    const lines = await said(`
      const key = await subtle.importKey('raw', text('key'), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
      const data = text('data')
      const log = console.log
      const show = hex
      Array.prototype[Symbol.iterator] = function* () { yield 1 }
      JSON.stringify = () => '{}'
      Uint8Array.prototype.set = () => {}
      Object.getPrototypeOf(Uint8Array.prototype).set = () => {}
      Object.prototype.toJSON = () => 'x'
      Object.prototype.hash = 'MD5'
      const signature = await subtle.sign('HMAC', key, data)
      const bytes = new Uint8Array(signature)
      let text2 = ''
      for (let i = 0; i < bytes.length; i++) text2 += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16)
      log(text2)`)
    assert.deepEqual(lines, [createHmac('sha256', 'key').update('data').digest('hex')])
  })
})

describeInVmThread('the global crypto: promises', import.meta.url, (it) => {
  it('keep the iteration alive until they are settled', async () => {
    const lines = await said(`
      subtle.digest('SHA-256', text('abc')).then((digest) => console.log('later ' + hex(digest).slice(0, 8)))
      console.log('first')`)
    assert.deepEqual(lines, ['first', 'later ba7816bf'])
  })

  it('end the iteration as k6 does when nobody looks after a rejection', async () => {
    const { outcome } = await iterate(`subtle.digest('MD5', text('abc'))`)
    assert.equal(
      outcome.kind === 'failed' && outcome.failure.text,
      'NotSupportedError: digest is not supported for the algorithm "MD5"',
    )
  })
})
