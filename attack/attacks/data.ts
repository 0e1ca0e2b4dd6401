/** Data that the host keeps or works on for a script: setup data, SharedArrays, CSV, files, encodings, crypto, certificates. */
import type { Area, Attack } from '../attack.js'

const working = (name: string, init: string, attack: string, more: Partial<Attack> = {}): Attack => ({
  name,
  init,
  attack,
  limits: { cpuMs: 2000, initCpuMs: 4000, iterationMs: 8000 },
  ends: {},
  ...more,
})

const caught = (code: string) => `try { ${code}; console.log('done') } catch (e) { console.log('refused', e.message) }`

export const data: Area = {
  name: 'data',
  attacks: [
    working('setup data of eight megabytes', "export function setup() { return 'x'.repeat(8e6) }", '', {
      neighbour: 'none',
      limits: { stageCpuMs: 4000, memoryBytes: 64 * 2 ** 20 },
      ends: { error: ['LIMIT_SIZE', 'SCRIPT_EXCEPTION', 'SCRIPT_RESULT_INVALID'], limit: 'setupDataBytes' },
    }),
    ...[
      ['a cycle', '(() => { const o = {}; o.o = o; return o })()'],
      ['a Symbol in a Proxy', "new Proxy({}, { ownKeys() { throw Symbol('x') } })"],
      ['getters that throw', "({ get a() { throw new Error('x') } })"],
      ['a Proxy that says it is endless', "new Proxy([], { get: (t, k) => (k === 'length' ? 2 ** 53 - 1 : 1) })"],
      [
        'a graph with 2^40 paths',
        '(() => { let g = {}; for (let i = 0; i < 40; i++) g = { a: g, b: g }; return g })()',
      ],
    ].map(
      ([what, value]): Attack =>
        working(`setup data that is ${what}`, `export function setup() { return ${value} }`, '', {
          neighbour: 'none',
          ends: { error: ['SCRIPT_EXCEPTION', 'SCRIPT_RESULT_INVALID', 'LIMIT_CPU', 'LIMIT_SIZE', 'LIMIT_MEMORY'] },
        }),
    ),
    working(
      'setup data with __proto__',
      `export function setup() { return JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') }`,
      "if ({}.polluted) console.log('ESCAPED')",
      { ends: { neverSays: /ESCAPED/ } },
    ),
    working(
      'a SharedArray of thirty megabytes',
      "import { SharedArray } from 'k6/data'\ntry { new SharedArray('big', () => Array.from({ length: 300 }, () => 'x'.repeat(1e5))) } catch (e) { console.log(e.message) }",
      '',
      {
        limits: { sharedArrayBytes: 4_000_000, initCpuMs: 6000, memoryBytes: 128 * 2 ** 20 },
        ends: { limit: 'sharedArrayBytes' },
      },
    ),
    working(
      'SharedArrays without end',
      "import { SharedArray } from 'k6/data'\nlet n = 0\ntry { for (; n < 30000; n++) new SharedArray('a' + n, () => [n]) } catch (e) { console.log(n, e.message) }",
      '',
      { limits: { initCpuMs: 6000 } },
    ),
    working(
      'a SharedArray whose function never ends',
      "import { SharedArray } from 'k6/data'\nnew SharedArray('loop', () => { [].indexOf.call({ length: 2 ** 53 - 1 }, 1) })",
      '',
      {
        neighbour: 'none',
        limits: { initCpuMs: 500 },
        ends: { error: 'LIMIT_CPU', limit: 'initCpuMs' },
      },
    ),
    working(
      'a SharedArray that asks for itself',
      "import { SharedArray } from 'k6/data'\nconst make = () => new SharedArray('self', make)\ntry { make() } catch (e) { console.log('refused', e.message) }",
      '',
      { ends: { says: /refused/ } },
    ),
    working(
      'a SharedArray of traps',
      "import { SharedArray } from 'k6/data'\nfor (const v of [new Proxy([], { get() { throw new Error('trap') } }), [new Proxy({}, { ownKeys() { throw new Error('trap') } })], [10n], [{ toJSON() { throw 1 } }], new Array(1e4)]) { try { new SharedArray('t' + Math.random(), () => v) } catch (e) { console.log('refused', e.message) } }",
      "console.log('tried')",
      { ends: { says: /tried/ } },
    ),
    working(
      'a CSV file that is one endless field',
      "import csv from 'k6/experimental/csv'\nimport fs from 'k6/experimental/fs'\nconst file = await fs.open('one.csv')\nlet failure\ntry { await csv.parse(file, {}) } catch (e) { failure = e.message }",
      'console.log(failure)',
      {
        files: { 'one.csv': `"${'x'.repeat(9_000_000)}` },
        limits: { initCpuMs: 6000 },
        ends: {},
      },
    ),
    working(
      'a CSV file of a million lines',
      "import csv from 'k6/experimental/csv'\nimport fs from 'k6/experimental/fs'\nconst file = await fs.open('many.csv')\nlet failure = 'parsed'\ntry { await csv.parse(file, {}) } catch (e) { failure = e.message }",
      'console.log(failure)',
      {
        files: { 'many.csv': 'a,b\n'.repeat(1_000_000) },
        limits: { sharedArrayBytes: 4_000_000, initCpuMs: 8000 },
        ends: { limit: 'sharedArrayBytes' },
      },
    ),
    working('random bytes by the gigabyte', "import crypto from 'k6/crypto'", caught('crypto.randomBytes(2e9)')),
    working(
      'hashes of a large text, again and again',
      "import crypto from 'k6/crypto'\nconst text = 'x'.repeat(4e6)",
      'for (;;) crypto.sha512(text, "hex")',
      { limits: { cpuMs: 500, memoryBytes: 64 * 2 ** 20 }, ends: { limit: 'cpuMs' } },
    ),
    working(
      'hashes that are never finished',
      "import crypto from 'k6/crypto'",
      "const all = []; try { for (let i = 0; i < 100000; i++) all.push(crypto.createHash('sha256')) } catch (e) { console.log('refused', all.length, e.message) }",
    ),
    working(
      'a key from a password by a billion rounds',
      '',
      "const k = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits'])\ntry { await crypto.subtle.deriveBits({ name: 'PBKDF2', salt: new Uint8Array(8), iterations: 1e9, hash: 'SHA-512' }, k, 256); console.log('derived') } catch (e) { console.log('refused', e.message) }",
      {
        ends: { says: /refused|cpuMs|iterationMs/ },
      },
    ),
    working(
      'many keys at once, each of 16384 bits',
      '',
      "for (const modulusLength of [16384, 65536, 2 ** 31, -1, NaN]) { try { await crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['encrypt', 'decrypt']); console.log('made') } catch (e) { console.log('refused', e.message) } }",
      {
        ends: { says: /refused|cpuMs|iterationMs/ },
      },
    ),
    working(
      'a public exponent that never ends',
      '',
      "try { await Promise.race([crypto.subtle.generateKey({ name: 'RSA-PSS', modulusLength: 2048, publicExponent: new Uint8Array(1000).fill(255), hash: 'SHA-256' }, true, ['sign'])]); console.log('made') } catch (e) { console.log('refused', e.message) }",
    ),
    working(
      'many slow keys at once',
      '',
      "const all = Array.from({ length: 200 }, () => crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 4096, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['encrypt']).catch((e) => e.message))\nconst ends = await Promise.all(all); console.log(String(ends.find((e) => typeof e === 'string')))",
      {
        limits: { iterationMs: 3000 },
        ends: {},
      },
    ),
    working(
      'a certificate that is none, in many ways',
      "import { parse, getAltNames } from 'k6/crypto/x509'",
      `for (const body of ['', 'AAAA', 'MIIB' + 'A'.repeat(1e5), '='.repeat(1e5), '\\u0000', 'MP////////8=', 'MIQ' + '/'.repeat(50)]) { for (const f of [parse, getAltNames]) { try { f('-----BEGIN CERTIFICATE-----\\n' + body + '\\n-----END CERTIFICATE-----'); console.log('parsed') } catch (e) { console.log('refused', e.message.slice(0, 200)) } } }\nconsole.log('tried')`,
      { ends: { says: /tried/ } },
    ),
    working(
      'base64 of a large text, again and again',
      "import encoding from 'k6/encoding'\nconst text = 'x'.repeat(4e6)",
      'for (;;) encoding.b64encode(text)',
      { limits: { cpuMs: 500, memoryBytes: 64 * 2 ** 20 }, ends: { says: /cpuMs|memory/ } },
    ),
    working(
      'base64 that is none',
      "import encoding from 'k6/encoding'",
      "for (const v of ['%', '=', 'A', '\\u0000', '\\ud800', 'A'.repeat(1e6) + '!', null, {}, 10n]) { for (const kind of ['std', 'url', 'rawstd', 'rawurl', '__proto__', '']) { try { encoding.b64decode(v, kind) } catch (e) {} } }\nconsole.log('tried')",
      { ends: { says: /tried/ } },
    ),
    working(
      'secrets by guessing',
      "import secrets from 'k6/secrets'",
      "let n = 0; for (let i = 0; i < 500; i++) { try { await secrets.get('s' + i); n++ } catch (e) { if (i === 0) console.log(e.message) } }\nfor (const name of ['__proto__', 'constructor', '../x', '\\u0000']) { try { const s = await secrets.source(name); await s.get('x'); n++ } catch (e) {} }\nconsole.log(n === 0 ? 'tried' : 'ESCAPED')",
      { ends: { says: /tried/, neverSays: /ESCAPED/ } },
    ),
    working(
      'buffers that shrink and vanish while they are read',
      "import crypto from 'k6/crypto'\nimport encoding from 'k6/encoding'",
      "for (const make of [() => new ArrayBuffer(8, { maxByteLength: 16 }), () => new SharedArrayBuffer(8), () => { const b = new ArrayBuffer(8); b.transfer?.(); return b }, () => ({ byteLength: 1e9 }), () => Object.setPrototypeOf({}, ArrayBuffer.prototype), () => Object.setPrototypeOf({ length: 1e9 }, Uint8Array.prototype), () => new Proxy(new Uint8Array(4), {}), () => new DataView(new ArrayBuffer(4))]) { try { const b = make(); crypto.sha256(b, 'hex'); encoding.b64encode(b); crypto.hmac('sha256', b, b, 'binary') } catch (e) {} }\nconsole.log('tried')",
      { ends: { says: /tried/ } },
    ),
    working(
      'streams that never end',
      "import { ReadableStream } from 'k6/experimental/streams'",
      "const s = new ReadableStream({ pull(c) { c.enqueue('x'.repeat(1000)) } }); const r = s.getReader(); for (;;) await r.read()",
      { limits: { cpuMs: 500 }, ends: { says: /cpuMs|jobsPerDrain|memory/ } },
    ),
  ],
}
