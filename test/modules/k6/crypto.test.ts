import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describeInVmThread } from '../../support/in-vm-thread.js'
import { type ScriptVmOptions, scriptVm } from '../../support/script-vm.js'

const prologue = `
  import crypto from 'k6/crypto'
  import encoding from 'k6/encoding'
  const message = (f) => { try { return 'returned ' + f() } catch (e) { return e.name + ': ' + e.message } }
  const list = (buffer) => Array.from(new Uint8Array(buffer)).join()
`

/** What the body of the default function logs. */
async function said(body: string, options: ScriptVmOptions = {}): Promise<string[]> {
  const found = await scriptVm(`${prologue} export default async function () { ${body} }`, options)
  await found.script.enter('activate', 'vu', '{}', '{}')
  assert.deepEqual(await found.script.iteration('default', 0), { kind: 'done' })
  assert.deepEqual(found.internalErrors, [])
  return found.said()
}

const inputsThatAreNone = `[5, 1.5, true, null, undefined, {}, [1], () => 1, new Uint16Array(2), new Date(0), 10n, Symbol('s')]`
const theirTypes = [
  'int64',
  'float64',
  'bool',
  '<nil>',
  '<nil>',
  'map[string]interface {}',
  '[]interface {}',
  'func(sobek.FunctionCall) sobek.Value',
  '[]uint16',
  'time.Time',
  '*big.Int',
  '*sobek.Symbol',
].map((type) => `GoError: invalid type ${type}, expected string, []byte or ArrayBuffer`)

describeInVmThread('k6/encoding', import.meta.url, (it) => {
  it('takes strings, buffers, and views for the bytes that they show', async () => {
    const lines = await said(`
      const view = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4)
      console.log(encoding.b64encode('ÿ'), encoding.b64encode(view), encoding.b64encode(view.buffer))
      console.log(encoding.b64encode(''), encoding.b64encode(new ArrayBuffer(0)), encoding.b64encode('\\0\\ud800'))`)
    assert.deepEqual(lines, ['w78= AgME AQIDBAU=', '  AO+/vQ=='])
  })

  it('names the type of an input that is none', async () => {
    const lines = await said(
      `for (const input of ${inputsThatAreNone}) console.log(message(() => encoding.b64encode(input)))`,
    )
    assert.deepEqual(lines, theirTypes)
  })

  it('decodes to a buffer, or to a string when the format is "s"', async () => {
    const lines = await said(`
      console.log(list(encoding.b64decode('_-8', 'rawurl')), encoding.b64decode('w6XDpA==', 'std', 's'))
      console.log(encoding.b64decode('w6XDpA==', 'std', 'x') instanceof ArrayBuffer, encoding.b64decode('', 'std', 's') === '')
      console.log(JSON.stringify(encoding.b64decode('AGEA', 'std', 's')))`)
    assert.deepEqual(lines, ['255,239 åä', 'true true', '"\\u0000a\\u0000"'])
  })

  it('takes std for an alphabet that it does not know, and says where text is wrong', async () => {
    const lines = await said(`
      console.log(message(() => list(encoding.b64decode('-w==', 'nonsense'))))
      console.log(message(() => encoding.b64decode('AA', 'std', 's')), message(() => encoding.b64decode(5)))`)
    assert.deepEqual(lines, [
      'GoError: illegal base64 data at input byte 0',
      'GoError: illegal base64 data at input byte 0 GoError: illegal base64 data at input byte 0',
    ])
  })
})

describeInVmThread('k6/crypto', import.meta.url, (it) => {
  it('writes digests in every encoding', async () => {
    const lines = await said(`
      for (const e of ['hex', 'base64', 'base64url', 'base64rawurl']) console.log(crypto.md5('x4', e))
      console.log(list(crypto.md5('x4', 'binary')))`)
    const digest = Buffer.from(lines[0]!, 'hex')
    assert.deepEqual(lines, [
      digest.toString('hex'),
      digest.toString('base64'),
      `${digest.toString('base64url')}==`,
      digest.toString('base64url'),
      [...digest].join(),
    ])
  })

  it('refuses other encodings, after the input', async () => {
    const lines = await said(`
      console.log(message(() => crypto.sha1('a')))
      console.log(message(() => crypto.sha1('a', 'nope')))
      console.log(message(() => crypto.createHash('sha1').digest()))
      console.log(message(() => crypto.sha1(5, 'nope')))`)
    assert.deepEqual(lines, [
      'GoError: invalid output encoding: ',
      'GoError: invalid output encoding: nope',
      'GoError: invalid output encoding: ',
      'GoError: invalid type int64, expected string, []byte or ArrayBuffer',
    ])
  })

  it('names the type of an input that is none', async () => {
    const lines = await said(
      `for (const input of ${inputsThatAreNone}) console.log(message(() => crypto.createHash('md4').update(input)))`,
    )
    assert.deepEqual(lines, theirTypes)
  })

  it('refuses algorithms that there are not', async () => {
    const lines = await said(`
      console.log(message(() => crypto.hmac('nope', 5, 'data', 'hex')))
      console.log(message(() => crypto.createHMAC('nope', 'key')))
      console.log(message(() => crypto.createHash('nope')))`)
    assert.deepEqual(lines, Array(3).fill('GoError: invalid algorithm: nope'))
  })

  it('tells a digest twice, and takes more after it', async () => {
    const lines = await said(`
      const hasher = crypto.createHMAC('md4', new Uint8Array([107]))
      const { digest } = hasher
      console.log(hasher.update('a'), digest('hex') === hasher.digest('hex'))
      hasher.update(new Uint8Array([98]).buffer)
      console.log(digest('hex') === crypto.hmac('md4', 'k', 'ab', 'hex'))`)
    assert.deepEqual(lines, ['undefined true', 'true'])
  })

  it('makes random bytes of a size that fits', async () => {
    const lines = await said(`
      console.log(crypto.randomBytes(8).byteLength, crypto.randomBytes(3.9).byteLength, crypto.randomBytes('2').byteLength)
      for (const n of [0, -1, 0.5, NaN, Infinity, undefined, 'x']) console.log(message(() => crypto.randomBytes(n)))
      console.log(message(() => crypto.randomBytes(2 ** 40)))`)
    assert.deepEqual(lines, [
      '8 3 2',
      ...Array(7).fill('GoError: invalid size'),
      'GoError: invalid size: 1099511627776 bytes do not fit into a VM (limit memoryBytes: 134217728)',
    ])
  })

  it('writes bytes in hexadecimal digits', async () => {
    assert.deepEqual(await said(`console.log(crypto.hexEncode('hi'), crypto.hexEncode(new Uint8Array([0, 255])))`), [
      '6869 00ff',
    ])
  })

  it('is the same for a script that replaced built-ins before the module was there', async () => {
    const poison = `
      Array.prototype[Symbol.iterator] = function* () { yield 'poison' }
      for (const name of ['push', 'slice', 'map']) Array.prototype[name] = () => 'poison'
      for (const name of ['get', 'set']) Map.prototype[name] = () => 'poison'
      for (const name of ['set', 'slice', 'subarray']) Object.getPrototypeOf(Uint8Array.prototype)[name] = () => 'poison'
      JSON.parse = JSON.stringify = Object.keys = Object.defineProperty = () => 'poison'
      globalThis.Uint8Array = globalThis.ArrayBuffer = globalThis.String = globalThis.Number = () => 'poison'
      Object.prototype.hex = Object.prototype.Uint8Array = 'poison'`
    const found = await scriptVm(
      `import './poison.js'
      import { createHMAC, md5, randomBytes } from 'k6/crypto'
      import { b64decode, b64encode } from 'k6/encoding'
      import { getSubject } from 'k6/crypto/x509'
      export default function () {
        const hasher = createHMAC('sha256', 'key')
        hasher.update('data')
        console.log(md5('x4', 'hex'), hasher.digest('hex'), b64encode('x'), b64decode('eA==', 'std', 's'), randomBytes(4).byteLength)
        try { getSubject('x') } catch (e) { console.log(e.message) }
      }`,
      { files: { 'poison.js': poison } },
    )
    await found.script.enter('activate', 'vu', '{}', '{}')
    assert.deepEqual(await found.script.iteration('default', 0), { kind: 'done' })
    const sha256 = '5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0'
    assert.deepEqual(found.said(), [
      `${createHash('md5').update('x4').digest('hex')} ${sha256} eA== x 4`,
      'failed to decode certificate PEM file',
    ])
  })

  it('takes back the hashes that a script has dropped, and has room for those that it keeps', async () => {
    const lines = await said(`
      for (let i = 0; i < 11; i++) {
        for (let j = 0; j < 1000; j++) crypto.createHash('md5')
        await null
      }
      const kept = []
      console.log(message(() => { for (let i = 0; i < 20000; i++) kept.push(crypto.createHash('md5')) }))
      console.log(kept.length > 1000, kept[0].digest('hex'))`)
    assert.deepEqual(lines, ['GoError: a VU may have 10000 hashes at a time', 'true d41d8cd98f00b204e9800998ecf8427e'])
  })
})
