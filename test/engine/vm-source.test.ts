import assert from 'node:assert/strict'
import { ScriptVm } from '../../engine/script-vm.js'
import { type MadeVm, VmSource, type VmTemplate } from '../../engine/vm-source.js'
import { allHostModules } from '../../host/index.js'
import { initOperations } from '../../host/init-operations.js'
import { describeInVmThread } from '../support/in-vm-thread.js'
import { loadScript, type ScriptVmOptions } from '../support/script-vm.js'

const vus = [1, 2, 3]

/** VMs of a script, which has been loaded as a run does: its first init finds the modules and makes the SharedArrays. */
async function sourceOf(
  source: string,
  copies: boolean,
  options: ScriptVmOptions,
  isSound = true,
  template?: VmTemplate,
) {
  const loaded = await loadScript(source, options)
  if (isSound) await loaded.initialized(loaded.context(0))
  loaded.lines.length = 0
  loaded.samples.take()
  let copied = 0
  const vms = new VmSource(
    {
      context: loaded.context,
      initialized: loaded.initialized,
      copied(context, image) {
        copied++
        return ScriptVm.fromImage(context, loaded.graph, image, loaded.modules)
      },
    },
    loaded.modules,
    copies,
    template,
  )
  return { ...loaded, vms, copied: () => copied }
}

/** What can be seen of three VUs with two iterations each, in turn, and how many of their VMs are copies. */
async function seenOf(source: string, copies: boolean, options: ScriptVmOptions) {
  const { vms, copied, samples, said, internalErrors } = await sourceOf(source, copies, options)
  const made: MadeVm[] = []
  for (const id of vus) made.push(await vms.newVm(id))
  for (const { script } of made) await script.enter('activate', 'vu', '{"scenario":"s"}', '{}')
  const outcomes = []
  for (const iteration of [0, 1]) {
    for (const { script } of made) outcomes.push(await script.iteration('default', iteration))
  }
  const batch = samples.take()
  const values = [...(batch?.samples ?? [])].filter((_, i) => i % 3 !== 1)
  assert.deepEqual(internalErrors, [])
  return { copied: copied(), seen: { said: said(), outcomes, values, series: batch?.series } }
}

/** What VU 2 has said in its two iterations, each of which says as much as any other. */
function saidBySecond(said: readonly string[], lines: number): string[] {
  const inIterations = said.slice(said.length - vus.length * lines)
  const perIteration = lines / 2
  const from = (iteration: number) => (iteration * vus.length + 1) * perIteration
  return [0, 1].flatMap((iteration) => inIterations.slice(from(iteration), from(iteration) + perIteration))
}

interface Case {
  title: string
  init: string
  /** The body of the default function. */
  body: string
  options?: ScriptVmOptions
  /** What VU 2 says in its iterations; undefined where that is not always the same. */
  second?: string[]
}

const proto = `syntax = "proto3"; package p; message M { string s = 1; } service S { rpc Call(M) returns (M); }`

/** Init code that nobody can tell from another VU's. */
const same: Case[] = [
  { title: 'state of a module', init: 'let n = 0', body: 'console.log(__VU, ++n)', second: ['2 1', '2 2'] },
  {
    title: 'closures, classes with private members, accessors',
    init: `const next = ((n) => () => ++n)(5)
      class A { #n = 1; static made = 0; constructor() { A.made++ } get n() { return this.#n++ } }
      const a = new A()`,
    body: 'console.log(next(), a.n, A.made, Object.keys(a).length)',
    second: ['6 1 1 0', '7 2 1 0'],
  },
  {
    title: 'a generator and an async generator in the middle of their work',
    init: `function* f() { for (let i = 0; ; i++) yield i }
      async function* g() { for (let i = 10; ; i++) yield i }
      const a = f(); const b = g(); a.next(); await b.next()`,
    body: '',
    second: [],
  },
  {
    title: 'generators that were begun',
    init: 'function* f() { for (let i = 0; ; i++) yield i }\nconst a = f(); a.next()',
    body: 'console.log(a.next().value)',
    second: ['1', '2'],
  },
  {
    title: 'promises that are pending, settled, and waited for by an async function',
    init: `let release; const gate = new Promise((resolve) => { release = resolve })
      const settled = Promise.resolve(7); const log = []
      const late = (async () => { log.push(await settled); log.push(await gate); return 'late' })()`,
    body: 'release(__VU); return late.then((v) => console.log(v, log))',
    second: ['late [ 7, 2 ]', 'late [ 7, 2 ]'],
  },
  {
    title: 'maps, sets, symbols, weak maps and their keys',
    init: `const key = {}; const weak = new WeakMap([[key, 1]]); const local = Symbol('x')
      const map = new Map([[key, 'k'], [local, 's'], [NaN, 'n'], ['text', 't']]); const set = new Set([1, 'a'])
      globalThis[Symbol.for('mine')] = 5`,
    body: `weak.set(key, weak.get(key) + 1); map.set(__VU, 'vu')
      console.log(weak.get(key), map.get(local), map.get(NaN), [...map.values()].join(), set.has('a'), globalThis[Symbol.for('mine')])`,
    second: ['2 s n k,s,n,t,vu true 5', '3 s n k,s,n,t,vu true 5'],
  },
  {
    title: 'typed arrays, views, BigInts, dates, errors, regular expressions, proxies',
    init: `const bytes = new Uint8Array([1, 2, 3]); const view = new DataView(bytes.buffer); const big = 2n ** 70n
      const date = new Date(Date.UTC(2020, 1, 2)); const re = /a/g; re.test('aa')
      const error = new TypeError('old'); const proxy = new Proxy({}, { get: (_t, name) => 'got ' + String(name) })`,
    body: `view.setUint8(0, bytes[0] + 1)
      console.log(bytes[0], big + 1n, date.getTime(), re.lastIndex, error.message, error.stack.length > 0, proxy.x); re.test('aa')`,
    second: [
      '2 1180591620717411303425 1580601600000 1 old true got x',
      '3 1180591620717411303425 1580601600000 2 old true got x',
    ],
  },
  {
    title: 'literals that a tag sees once, and code made of text',
    init: `const seen = []; const tag = (parts) => { seen.push(parts); return seen.every((p) => p === seen[0]) }
      const once = () => tag\`a\${1}b\`; once(); const made = new Function('a', 'return a * 2')`,
    body: 'console.log(once(), seen.length, made(4))',
    second: ['true 2 8', 'true 3 8'],
  },
  {
    title: 'built-ins that it has replaced',
    init: `JSON.stringify = () => 'mine'; Array.prototype.last = function () { return this[this.length - 1] }
      Object.prototype.extra = 1; globalThis.now = 'own'; Map = undefined`,
    body: 'console.log(JSON.stringify({}), [1, 2].last(), ({}).extra, now, typeof Map)',
    second: ['mine 2 1 own undefined', 'mine 2 1 own undefined'],
  },
  {
    title: 'its environment, changed',
    init: "__ENV.B = __ENV.A + '!'",
    body: 'console.log(__ENV.A)',
    options: { env: { A: 'a' } },
    second: ['a', 'a'],
  },
  {
    title: 'what it prints',
    init: "console.log('one', { a: 1 }); console.error('two')",
    body: "console.log('iterating')",
    second: ['iterating', 'iterating'],
  },
  {
    title: 'CommonJS, JSON and ES modules with state',
    init: `const cjs = require('./cjs.js'); import list from './list.json'; import * as es from './es.js'`,
    body: 'list.push(1); console.log(cjs.up(), list.length, es.up(), es.n, require("./cjs.js") === cjs)',
    options: {
      files: {
        'cjs.js': 'let n = 0; exports.up = () => ++n',
        'list.json': '[1, 2]',
        'es.js': 'export let n = 0; export const up = () => ++n',
      },
    },
    second: ['1 3 1 1 true', '2 4 2 2 true'],
  },
  {
    title: 'files that it opens',
    init: "const text = open('./a.txt'); const bytes = new Uint8Array(open('./a.txt', 'b'))",
    body: 'console.log(text, bytes[0]++)',
    options: { files: { 'a.txt': 'hello' } },
    second: ['hello 104', 'hello 105'],
  },
  {
    title: 'files of the module fs, with their positions',
    init: "import fs from 'k6/experimental/fs'\nlet file; fs.open('./a.txt').then((f) => { file = f; return f.seek(2, fs.SeekMode.Start) })",
    body: 'const one = new Uint8Array(1); return file.read(one).then((n) => console.log(n, one[0]))',
    options: { files: { 'a.txt': 'hello' } },
    second: ['1 108', '1 108'],
  },
  {
    title: 'a SharedArray',
    init: "import { SharedArray } from 'k6/data'\nconst a = new SharedArray('a', () => [{ x: 1 }, { x: 2 }]); const first = a[0].x",
    body: 'console.log(first, a[1].x, a.length)',
    second: ['1 2 2', '1 2 2'],
  },
  {
    title: 'gRPC clients with schemas',
    init: `import grpc from 'k6/net/grpc'
      const a = new grpc.Client(); const b = new grpc.Client(); const methods = a.load([], 'p.proto')`,
    body: `console.log(methods.map((m) => m.full_method).join()); const c = new grpc.Client(); for (const client of [a, b, c])
      try { client.invoke('/p.S/Call', {}) } catch (e) { console.log(e.message) }`,
    options: { files: { 'p.proto': proto } },
    second: [
      '/p.S/Call',
      ...Array(3).fill('no gRPC connection, you must call connect first'),
      '/p.S/Call',
      ...Array(3).fill('no gRPC connection, you must call connect first'),
    ],
  },
  {
    title: 'metrics, checks and tags',
    init: `import { Counter, Trend, Gauge, Rate } from 'k6/metrics'; import { check } from 'k6'; import exec from 'k6/execution'
      const counter = new Counter('mine'); const trend = new Trend('times', true); new Gauge('level'); const rate = new Rate('share')`,
    body: `counter.add(__VU); rate.add(__VU > 1, { own: 'tag' }); exec.vu.tags.vu = String(__VU); trend.add(1.5)
      check(__VU, { odd: (n) => n % 2 === 1 })`,
    second: [],
  },
  {
    title: 'cookie jars and expected statuses',
    init: `import http from 'k6/http'
      const jar = new http.CookieJar(); http.setResponseCallback(http.expectedStatuses(200, 404))`,
    body: "jar.set('http://127.0.0.1/', 'a', String(__VU)); console.log(jar.cookiesForURL('http://127.0.0.1/').a[0])",
    second: ['2', '2'],
  },
  {
    title: 'hashes, encodings and texts as bytes',
    init: `import crypto from 'k6/crypto'; import encoding from 'k6/encoding'
      const hash = crypto.sha256('a', 'hex').slice(0, 6); const text = encoding.b64encode('hello'); const utf = new TextEncoder().encode('é')`,
    body: 'console.log(hash, text, utf.length)',
    second: ['ca9781 aGVsbG8= 2', 'ca9781 aGVsbG8= 2'],
  },
  {
    title: 'options whose members are set, with a setter',
    init: 'let set = 0; export const options = { set vus(v) { set++ } }',
    body: 'console.log(set)',
    second: ['0', '0'],
  },
  {
    title: 'a rejection that is handled later, and errors that it caught',
    init: `const lost = Promise.reject(new Error('x')); lost.catch(() => {})
      let caught; try { null.x } catch (e) { caught = e }`,
    body: 'return lost.catch((e) => console.log(e.message, caught.name))',
    second: ['x TypeError', 'x TypeError'],
  },
  {
    title: 'a deep recursion',
    init: 'let depth = 0; const dive = () => { depth++; dive() }; try { dive() } catch {}',
    body: 'const before = depth; depth = 0; try { dive() } catch {} console.log(before > 100, depth > 100)',
    second: ['true true', 'true true'],
  },
]

/** Init code that looks at what is not the same for all VUs, or waits. */
const different: Case[] = [
  { title: '__VU', init: 'const id = __VU', body: 'console.log(id, __VU)', second: ['2 2', '2 2'] },
  {
    title: '__VU, in a function that it calls',
    init: "const id = (() => String(globalThis['__V' + 'U']))()",
    body: 'console.log(id)',
    second: ['2', '2'],
  },
  { title: 'the clock', init: 'const t = Date.now()', body: 'console.log(typeof t)' },
  { title: 'the clock, as a date', init: 'const t = new Date()', body: 'console.log(typeof t)' },
  { title: 'the clock, as text', init: 'const t = Date()', body: 'console.log(typeof t)' },
  { title: 'random numbers', init: 'const r = Math.random()', body: 'console.log(typeof r)' },
  {
    title: 'random numbers, through a function that was there before it',
    init: 'const r = [3, 1].sort(Math.random)',
    body: 'console.log(typeof r)',
  },
  {
    title: 'random bytes',
    init: "import crypto from 'k6/crypto'\nconst r = crypto.randomBytes(4)",
    body: 'console.log(typeof r)',
  },
  {
    title: 'random values',
    init: 'const r = crypto.getRandomValues(new Uint8Array(4))',
    body: 'console.log(typeof r)',
  },
  { title: 'random names', init: 'const r = crypto.randomUUID()', body: 'console.log(typeof r)' },
  { title: 'a pause', init: "import { sleep } from 'k6'\nsleep(0.001)", body: '' },
  { title: 'a timer', init: 'let n = 0; setTimeout(() => { n++ }, 1)', body: 'console.log(n)', second: ['1', '1'] },
  {
    title: 'something that the host refuses',
    init: "let text = ''; try { open('./none.txt') } catch (e) { text = 'none' }",
    body: 'console.log(text)',
    second: ['none', 'none'],
  },
  {
    title: 'much memory',
    init: 'const much = new Uint8Array(20 * 1024 * 1024).fill(1)',
    body: 'console.log(much.length)',
    second: ['20971520', '20971520'],
  },
  {
    title: 'much that the host keeps',
    init: `const long = 'x'.repeat(200000); for (let i = 0; i < 6; i++) console.log(long + i)`,
    body: '',
    second: [],
  },
]

describeInVmThread('VMs of the VUs of a thread', import.meta.url, (it) => {
  const compare = async ({ init, body, options = {}, second }: Case, copied: number) => {
    const source = `${init}\nexport default function () { ${body} }`
    const full = await seenOf(source, false, options)
    const copies = await seenOf(source, true, options)
    assert.equal(copies.copied, copied)
    assert.deepEqual(copies.seen, full.seen)
    if (second !== undefined) assert.deepEqual(saidBySecond(full.seen.said, second.length), second)
  }

  for (const one of same) it(`are copies of the first one, and nobody can tell: ${one.title}`, () => compare(one, 2))

  for (const one of different) it(`each run init code that has to do with: ${one.title}`, () => compare(one, 0))

  it('are all copies of one that was made before', async () => {
    const source = 'let n = 0; console.log("init"); export default () => console.log(__VU, ++n)'
    const before = await sourceOf(source, true, {})
    await before.vms.newVm(0)
    const { vms, copied, said } = await sourceOf(source, true, {}, true, await before.vms.template)
    for (const id of vus) await (await vms.newVm(id)).script.iteration('default', 0)
    assert.equal(copied(), 3)
    assert.deepEqual(said(), ['init', '1 1', 'init', '2 1', 'init', '3 1'])
  })

  it('draw random numbers of their own', async () => {
    const { copied, seen } = await seenOf('export default () => console.log(Math.random())', true, {})
    assert.equal(copied, 2)
    assert.equal(new Set(seen.said).size, 6)
  })

  it('are asked for at the same time: those after the first wait until it is known whether there are copies', async () => {
    const source = 'console.log("init"); export default () => console.log(__VU)'
    const { vms, copied } = await sourceOf(source, true, {})
    const made = await Promise.all(vus.map((id) => vms.newVm(id)))
    assert.deepEqual([made.map(({ context }) => context.id), copied()], [vus, 2])
  })

  it('do not wait for init code that waits', async () => {
    const source =
      "import { sleep } from 'k6'\nconst waits = __ENV.WAITS; console.log('begin'); sleep(0.05); console.log('end')"
    const { vms, said } = await sourceOf(source, true, {})
    await Promise.all(vus.map((id) => vms.newVm(id)))
    assert.deepEqual(said(), ['begin', 'begin', 'begin', 'end', 'end', 'end'])
  })

  it('are not copies of one whose init code failed', async () => {
    const { vms, said } = await sourceOf("console.log('init'); throw new Error('no')", true, {}, false)
    for (const id of vus) await assert.rejects(vms.newVm(id), /no/)
    assert.deepEqual(said(), ['init', 'init', 'init'])
  })

  it('leave nothing open when they cannot be copied, or their init code fails', async () => {
    const loaded = await loadScript('export default function () {}')
    const closed: number[] = []
    const context = (id: number) => {
      const made = loaded.context(id)
      const close = made.close.bind(made)
      made.close = () => {
        closed.push(id)
        close()
      }
      return made
    }
    const fail = () => {
      throw new Error('no memory')
    }
    const copying = new VmSource({ context, initialized: loaded.initialized, copied: fail }, loaded.modules, true)
    await copying.newVm(1)
    await assert.rejects(copying.newVm(2), /no memory/)
    const initializing = new VmSource({ context, initialized: async () => fail(), copied: fail }, loaded.modules, false)
    await assert.rejects(initializing.newVm(3), /no memory/)
    assert.deepEqual(closed, [2, 3])
  })

  it('know each operation whose calls may be repeated', async () => {
    const known = new Set(
      (await allHostModules()).flatMap(({ name, operations }) =>
        Object.keys(operations).map((verb) => `${name}.${verb}`),
      ),
    )
    assert.deepEqual(
      [...initOperations.keys()].filter((name) => !known.has(name)),
      [],
    )
  })
})
