import assert from 'node:assert/strict'
import { isAppError } from '../../errors.js'
import type { Turns } from '../../runtime/turns.js'
import { BareVm, type BareVmOptions } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'
import { PausingTurns } from '../support/pausing-turns.js'

/** Expressions, each of which lets the engine call the script from other places of its own. */
const shapes: Record<string, string> = {
  loops:
    'let s = 0; outer: for (let i = 0; i < 9; i++) { for (const k of [1, 2, 3]) { if (k === i) continue outer; s += k } } return s',
  calls: 'const f = (n) => n < 2 ? n : f(n - 1) + f(n - 2); return f(8)',
  closures: 'return [0, 1, 2].map((i) => () => i).map((f) => f())',
  'sort comparator': 'return [5, 3, 9, 1, 7, 2].sort((a, b) => a - b)',
  toSorted: 'return [3, 1, 2].toSorted((a, b) => b - a)',
  'typed array callbacks':
    'return [new Float64Array([3, 1, 2]).sort((a, b) => b - a), Uint8Array.from([1, 2], (x) => x * 2), new Int8Array([1, 2]).map((x) => -x)].map(String)',
  'array callbacks':
    'const a = [1, 2, 3]; return [a.map((x) => x * 2), a.filter((x) => x > 1), a.reduce((x, y) => x + y), a.some((x) => x > 2), a.every((x) => x > 0), a.find((x) => x === 2), a.findLastIndex((x) => x < 3), a.flatMap((x) => [x, x])]',
  'array-likes': 'return Array.from({ length: 3, get 0() { return 7 } }, (x, i) => [x, i])',
  'getters and setters':
    'let v = 0; const o = { get a() { return v }, set a(x) { v = x * 2 } }; o.a = 4; o.a += 1; return [o.a, v]',
  'defined accessors':
    'const o = Object.create(Object.defineProperty({}, "p", { get() { return [1].map((x) => x + this.q)[0] } })); o.q = 5; return o.p',
  toJSON: 'return JSON.stringify({ a: { toJSON: (k) => k + k }, b: [new Date(0), { toJSON() { return [1, 2] } }] })',
  replacer: 'return JSON.stringify({ a: 1, b: [2, { c: 3 }] }, (k, v) => (typeof v === "number" ? v + 1 : v), 2)',
  reviver:
    'return JSON.parse(\'{"a":[1,{"b":2}],"c":"x"}\', function (k, v) { return typeof v === "number" ? v * 10 : v })',
  'traps of a Proxy': `
    const seen = []
    const handler = new Proxy({}, { get: (_, trap) => (...args) => { seen.push(trap); return Reflect[trap](...args) } })
    const p = new Proxy(function f(a) { return a }, handler)
    p.x = 1; p.x; 'x' in p; delete p.x; p(2); new p(3); Object.keys(p); Object.getPrototypeOf(p); Object.setPrototypeOf(p, null)
    Object.isExtensible(p); Object.defineProperty(p, 'y', { value: 1, configurable: true }); Object.getOwnPropertyDescriptor(p, 'y')
    Object.preventExtensions(p); return seen`,
  'proxies of proxies':
    'let p = { get a() { return [4].map((x) => x)[0] } }; for (let i = 0; i < 9; i++) p = new Proxy(p, {}); return p.a',
  conversions:
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the script's
    'const o = { valueOf: () => 4, toString: () => "t" }, p = { [Symbol.toPrimitive]: (hint) => hint }; return [+o, `${o}`, o + 1, o < 5, o == 4, `${p}`, p + "", p * 1, [o, o].join(), { [o]: 1 }.t, "abt".indexOf(o), Math.max(o, 1), new Array(3).fill(o).map(Number)]',
  'string callbacks':
    'return ["a-b-c".replace(/[a-c]/g, (m) => m + m), "aXbX".replaceAll("X", (m, at) => at), "a1b2".split({ [Symbol.split]: (s) => s.length }), "x".replace({ [Symbol.replace]: (s, r) => s + r }, "y"), [..."a1b22".matchAll(/(?<n>\\d+)/g)].map((m) => m.groups.n)]',
  'regexps of a script':
    'class R extends RegExp { exec(s) { return super.exec(s) } get flags() { return "g" } }; return "aba".replace(new R("a", "g"), (m) => m.toUpperCase())',
  'a regexp that goes back and forth':
    'return [/^(a+)+$/.test("a".repeat(17) + "b"), /(?=(a+)+$)/.test("a".repeat(15) + "b"), /(?<=(a|aa)+)b/.test("a".repeat(15) + "b")]',
  generators:
    'function* g(n) { try { const x = yield n; yield* [x, ...(n ? g(n - 1) : [])] } finally { yield "end" } } const i = g(2); return [i.next(), i.next("in"), i.return("out"), i.next(), [...g(1)]]',
  'iterators that are closed':
    'const log = []; const it = { [Symbol.iterator]: () => ({ next: () => ({ value: log.push("n"), done: false }), return: () => { log.push("r"); return {} } }) }; const [a, b] = it; for (const x of it) { if (x > 3) break } try { for (const x of it) throw 1 } catch {} return [a, b, log]',
  'iterator helpers':
    'return [1, 2, 3, 4].values().map((x) => x * 2).filter((x) => x > 2).flatMap((x) => [x, x]).take(3).toArray()',
  destructuring:
    'const { a = [1].map((x) => x)[0], ...rest } = { get b() { return 2 }, c: 3 }; const f = ([x, [y = 5]], { z } = { z: 6 }) => [x, y, z]; return [a, rest, f([1, []])]',
  spread:
    'return [Math.max(...[1, 5, 3].values()), [...new Set([1, 1, 2])], { ...{ get a() { return 1 } } }, String.fromCharCode(...[97, 98])]',
  classes: `
    const log = []
    const key = () => { log.push('key'); return 'k' }
    class A { static s = log.push('field'); static { for (let i = 0; i < 2; i++) log.push('block' + i) } #p = 1; get p() { return this.#p } set p(v) { this.#p = v } [key()] = 2; static #q() { return 7 } static q() { return A.#q() } has(o) { return #p in o } }
    class B extends A { constructor(...args) { super(...args); this.t = new.target.name; super.p = 5 } get p() { return super.p + 100 } }
    const b = new B(); return [b.p, b.k, b.t, A.q(), b.has(b), b.has({}), B.s, log]`,
  'bound and applied functions':
    'const f = function (...a) { return [this.x, ...a] }; return [f.bind({ x: 1 }, 2)(3), Reflect.apply(f, { x: 4 }, [5]), f.call({ x: 6 }), new (class { constructor(a) { this.a = a } }.bind(null, 8))().a]',
  'tagged templates':
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the script's
    'const t = (s, ...v) => s.raw.map((r, i) => r + (v[i] ?? "")); return [t`a${1}\\n${[2].map((x) => x)[0]}b`, String.raw`\\x${3}`]',
  'compiled text':
    'const y = 2; return [eval("let z = 0; for (let i = 0; i < 3; i++) z += y; z"), new Function("a", "for (;;) { if (a++ > 3) return a }")(1), (0, eval)("[1, 2].map((x) => x + 1)")]',
  'with and delete':
    'return new Function("o", "with (o) { a = a + b } return delete o.b, o")({ a: 1, get b() { return 2 } })',
  exceptions:
    'const f = (n) => { try { if (n === 0) throw new TypeError("t"); return f(n - 1) } catch (e) { if (n < 2) throw new RangeError("r", { cause: e }); return [n, e.name, e.cause?.message] } finally { if (n === 9) return "no" } }; return f(4)',
  'the stack of an error': 'const deep = (n) => (n ? deep(n - 1) : new Error("e").stack); return deep(3)',
  'an overflow of the stack':
    'let n = 0; const f = () => { n++; f() }; try { f() } catch (e) { return [e.name, e.message, n > 100] }',
  'maps and sets':
    'const m = new Map([[1, 2]]); m.forEach((v, k) => { if (k < 5) m.set(k + 1, v) }); const s = new Set([1]); s.forEach((x) => x < 4 && s.add(x + 1)); return [[...m], [...s], Object.groupBy([1, 2, 3], (x) => (x % 2 ? "odd" : "even")), [...Map.groupBy([1, 2], (x) => x)]]',
  'big numbers':
    'let a = 1n; for (let i = 1n; i < 60n; i++) a *= i; return [String(a), (2n ** 200n).toString(36), (1.1e21).toString(7), BigInt.asUintN(64, -1n).toString()]',
  dates:
    'return [new Date({ valueOf: () => 86400000 }).toISOString(), new Date(2020, { valueOf: () => 1 }).getMonth(), JSON.stringify(new Date(1e12))]',
  symbols:
    'class Even { static [Symbol.hasInstance](n) { return [n].some((x) => x % 2 === 0) } } const c = Object.assign([1, 2], { [Symbol.isConcatSpreadable]: true }); class L extends Array { static get [Symbol.species]() { return Array } } return [2 instanceof Even, 3 instanceof Even, [0].concat(c), new L(1, 2, 3).map((x) => x).constructor.name]',
  switches:
    'const f = (x) => { switch (x) { case [1].map((y) => y)[0]: return "one"; case 2: case 3: x += 10; default: return x } }; return [1, 2, 3, 4].map(f)',
  'property order':
    'const o = { b: 1, 2: 1, a: 1, 1: 1 }; const seen = []; for (const k in Object.create(o, { z: { enumerable: true } })) seen.push(k); return [seen, Object.entries(o)]',
  'weak references':
    'const r = new WeakRef({ a: 1 }); const w = new WeakMap(); const k = {}; w.set(k, [1, 2].map((x) => x)); return [r.deref()?.a, w.get(k)]',
  'cycles that are collected': 'for (let i = 0; i < 300; i++) { const a = { i }; a.self = { a } } return 1',
}

const source = `
  const shapes = {${Object.entries(shapes).map(([name, body]) => `${JSON.stringify(name)}() { ${body} }`)}}
  expose({ shape: (name) => JSON.stringify(shapes[name]()) })`

/** A VM that is paused as often as can be, with the turns that do it. */
async function pausingVm(options: BareVmOptions = {}, distance?: () => number) {
  const turns = await PausingTurns.create(distance)
  const bare = await BareVm.create({ ...options, turns })
  turns.memory = () => bare.vm.memory
  turns.arm()
  return { bare, turns }
}

/** The same numbers in each run. */
function randomNumbers(seed: number) {
  let state = seed
  return (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return 1 + Math.floor((state / 2 ** 32) * most)
  }
}

describeInVmThread('a VM that is paused', import.meta.url, (it) => {
  for (const [title, distance] of [
    ['at every jump and call', undefined],
    ['anywhere', () => random(40)],
  ] as const) {
    it(`comes to the same as one that is not, wherever the engine calls back: ${title}`, async () => {
      const { bare, turns } = await pausingVm({}, distance)
      const plain = await BareVm.create()
      for (const vm of [bare, plain]) assert.equal((await vm.run(source)).kind, 'returned')
      for (const name of Object.keys(shapes)) {
        const before = turns.pauses
        assert.equal(await bare.call('shape', name), await plain.call('shape', name), name)
        assert.ok(distance !== undefined || turns.pauses > before, `${name} was never paused`)
      }
    })
  }
  const random = randomNumbers(7)

  const async = `
    const log = []
    const note = (x) => { for (let i = 0; i < 3; i++); log.push(x); return x }
    const sum = async (n) => { let s = 0; for (let i = 0; i < n; i++) s += await Promise.resolve(i).then((x) => note(x)); return s }
    async function* source() { try { for (const x of [1, 2, 3]) { await null; yield note(x) } } finally { await note('closed') } }
    const drain = async () => { for await (const x of source()) if (note(x * 10) === 20) break }
    const thenable = { then(resolve) { note('then'); resolve(5) } }
    class P extends Promise { static get [Symbol.species]() { note('species'); return Promise } }
    const all = async () => {
      note(await sum(4)); await drain(); note(await thenable)
      note(await Promise.all([sum(2), new P((r) => r(note(7))).then(note)])); note(await Promise.race([sum(1), sum(2)]))
      note((await Promise.allSettled([Promise.reject(1), sum(1)])).map(({ status }) => status))
      try { await Promise.any([Promise.reject(note(1))]) } catch (e) { note(e.errors) }
      try { await (async () => { throw note('thrown') })() } catch (e) { note(e) } finally { note('finally') }
      note(await Array.fromAsync([1, sum(3)], async (x) => x + 1))
    }
    expose({ start: () => { all() }, log: () => JSON.stringify(log) })`

  it('comes to the same in promise jobs, async functions and async generators', async () => {
    const { bare, turns } = await pausingVm()
    const plain = await BareVm.create()
    const logs = []
    for (const { vm, ...rest } of [
      { vm: bare, count: () => turns.pauses },
      { vm: plain, count: () => 0 },
    ]) {
      await vm.run(async)
      await vm.call('start')
      const before = rest.count()
      await vm.vm.runJobs(10_000)
      if (vm === bare) assert.ok(rest.count() - before > 100)
      logs.push(await vm.call('log'))
    }
    assert.match(String(logs[0]), /"closed".*"finally"/)
    assert.equal(logs[0], logs[1])
  })

  it('goes on where it was among calls that wait, and runs no operation twice', async () => {
    const waited: unknown[] = []
    const { bare } = await pausingVm({
      operations: {
        wait: (_vu, x) => {
          waited.push(x)
          return new Promise((resolve) => setImmediate(resolve, x))
        },
        plain: (_vu, x) => x,
      },
    })
    const body = `
      const spin = (x) => { for (let i = 0; i < 5; i++); return x }
      return [3, 1, 2].sort((a, b) => spin(op('wait', a)) - op('plain', spin(b))).map((x) => spin(op('wait', x * 10))).join()`
    assert.equal(await bare.evaluate(body), '10,20,30')
    assert.deepEqual(waited.slice(-3), [10, 20, 30])
    assert.equal(await bare.evaluate('try { op("missing") } catch (e) { return e.message }'), 'no such operation')
  })

  it('comes to the same while modules are linked and evaluated, and when they throw', async () => {
    const modules = {
      a: 'import { b } from "b"; export let a = 0; for (let i = 0; i < 9; i++) a += i; export const both = () => [a, b]',
      b: 'import * as self from "a"; export const b = await [1, 2].map(async (x) => x)[1]; export default class { static x = self }',
      bad: 'for (let i = 0; i < 5; i++); throw { toString() { for (let i = 0; i < 5; i++); return "thrown" } }',
      broken: 'export const a = [1, 2',
    }
    const { bare } = await pausingVm({ modules })
    await bare.run('import { both } from "a"; expose({ both: () => JSON.stringify(both()) })')
    assert.equal(await bare.call('both'), '[36,2]')
    assert.deepEqual(await bare.run('import "bad"; for (;;);'), { kind: 'thrown', description: '!thrown' })
    const broken = await bare.run('import "broken"')
    assert.match(broken.kind === 'thrown' ? broken.description : '', /^!SyntaxError/)
  })

  it('describes a rejection that nobody handles', async () => {
    const { bare } = await pausingVm()
    await bare.run('expose({ describeRejection: (e) => { for (let i = 0; i < 9; i++); return "it was " + e } })')
    await bare.run('Promise.reject("lost")')
    assert.equal(await bare.vm.describeRejection(1000), 'it was lost')
  })

  it('can be copied when it is idle, and the copy goes on', async () => {
    const { bare } = await pausingVm()
    await bare.run('let n = 0; expose({ add: (x) => { for (let i = 0; i < x; i++) n++; return n } })')
    assert.equal(await bare.call('add', 20), 20)
    const copy = bare.clone(bare.vm.image())
    assert.equal(await copy.call('add', 5), 25)
    assert.equal(await bare.call('add', 1), 21)
  })
})

const spinning = 'expose({ spin: (n) => { let x = 0; for (let i = 0; i < n; i++) x++; return x }, one: () => 1 })'

/** A VM that is paused at each poll once it has its functions, and goes on when a test says so. */
async function pausedVm(options: BareVmOptions = {}, source = spinning) {
  const waiting: (() => void)[] = []
  let isOver = false
  const turns: Turns = { isOver: () => isOver, leastMs: () => 0, next: (goOn) => waiting.push(goOn) }
  const bare = await BareVm.create({ ...options, turns })
  await bare.run(source)
  isOver = true
  return { bare, waiting, goOn: () => waiting.shift()!() }
}

describeInVmThread('a pause', import.meta.url, (it) => {
  it('ends only when it is the turn of the VM, and nobody enters meanwhile', async () => {
    const { bare, waiting, goOn } = await pausedVm()
    const result = bare.call('spin', 12_000)
    assert.equal(waiting.length, 1)
    assert.equal(bare.vm.isIdle, false)
    assert.equal(bare.vm.hasJobs, false)
    await assert.rejects(bare.call('one'), /a suspended VM was entered/)
    while (waiting.length > 0) goOn()
    assert.equal(await result, 12_000)
    assert.equal(await bare.call('one'), 1)
  })

  it('is over at once for a VM that is interrupted, which is used again', async () => {
    const { bare, waiting, goOn } = await pausedVm()
    const ended = bare.vm.enter(1000, 'call', 'spin', 1e9)
    assert.equal(waiting.length, 1)
    bare.vm.interrupt()
    assert.deepEqual(await ended, { kind: 'interrupted' })
    bare.vm.clearInterrupt()
    const next = bare.call('spin', 12_000)
    goOn()
    assert.equal(waiting.length, 1, 'a turn that came too late is nobody’s')
    while (waiting.length > 0) goOn()
    assert.equal(await next, 12_000)
  })

  it('is the last of a VM that is killed or dropped', async () => {
    for (const end of ['kill', 'release'] as const) {
      const { bare, waiting, goOn } = await pausedVm()
      const ended = bare.call('spin', 1e9)
      if (end === 'kill') bare.vm.kill('LIMIT_CPU', 'killed')
      else bare.vm.release()
      await assert.rejects(ended, (e) => isAppError(e))
      goOn()
      assert.equal(waiting.length, 0)
    }
  })

  it('adds nothing to the CPU time of the script, and takes nothing away', async () => {
    const { bare, waiting, goOn } = await pausedVm({ limits: { cpuMs: 100 } })
    const brief = bare.call('spin', 30_000)
    const until = Date.now() + 150
    while (Date.now() < until);
    while (waiting.length > 0) goOn()
    assert.equal(await brief, 30_000)
    const endless = assert.rejects(bare.call('spin', 1e12), (e) => isAppError(e, 'LIMIT_CPU'))
    while (waiting.length > 0) goOn()
    await endless
  })

  it('is told to the pulse, around the end and the beginning that belong to it', async () => {
    const said: string[] = []
    const note = (text: string) => () => said.push(text)
    const pulse = {
      begin: (_rest: number, _limit: string, isFirst: boolean) => said.push(isFirst ? 'first' : 'begin'),
      end: note('end'),
      pause: note('pause'),
      resume: note('resume'),
      cpuMs: () => undefined,
    }
    const { bare, waiting, goOn } = await pausedVm({ pulse })
    said.length = 0
    const result = bare.call('spin', 300)
    while (waiting.length > 0) goOn()
    assert.equal(await result, 300)
    assert.match(said.join(' '), /^first( pause end resume begin)+ end$/)
  })

  it('is refused to a deep stack, which computes on, and takes no memory of the script', async () => {
    const { bare, waiting, goOn } = await pausedVm(
      {},
      'expose({ deep: (n) => { const f = (k) => k ? f(k - 1) + 1 : [...Array(30000)].map(() => 1).length; return f(n) } })',
    )
    const bytes = bare.vm.memory.byteLength
    const pauses = async (depth: number) => {
      const result = bare.call('deep', depth)
      let count = 0
      for (; waiting.length > 0; count++) goOn()
      assert.equal(await result, 30_000 + depth)
      return count
    }
    assert.ok((await pauses(100)) > 50)
    // Some on the way down.
    assert.ok((await pauses(1500)) < 20)
    assert.equal(bare.vm.memory.byteLength, bytes)
  })

  it('holds what the engine’s recursion saves where it takes the least stack for it', async () => {
    const { bare, waiting, goOn } = await pausedVm(
      { limits: { cpuMs: 60_000 } },
      `
      const spin = () => { for (let i = 0; i < 30000; i++); return 1 }
      expose({
        bound(n) { let C = class { constructor() { spin() } }; for (let i = 0; i < n; i++) { C = C.bind(null); Object.defineProperty(C, 'name', { value: '' }) } new C(); return 'made' },
        toJSON(n) { let a = { toJSON: spin }; for (let i = 0; i < n; i++) a = [a]; return JSON.stringify(a).length },
        proxies(n) { let p = class { constructor() { spin() } }; for (let i = 0; i < n; i++) p = new Proxy(p, {}); new p(); return 'made' },
      })`,
    )
    for (const [name, depth, expected] of [
      ['bound', 100, 'made'],
      ['bound', 9000, 'made'],
      ['bound', 20_000, 'made'],
      ['toJSON', 9000, 18_001],
      ['proxies', 4000, 'made'],
    ] as const) {
      const result = bare.call(name, depth)
      while (waiting.length > 0) goOn()
      assert.equal(await result, expected, `${name} ${depth}`)
    }
  })

  it('is refused to setters that the engine calls for an error of ours, and so is waiting', async () => {
    const { bare, waiting, goOn } = await pausedVm(
      { limits: { cpuMs: 60_000 } },
      `
      let told = ''
      let isInside = false
      const set = () => {
        if (isInside) return
        isInside = true
        for (let i = 0; i < 30000; i++);
        try { told += sleep(1) } catch (e) { told += e.message + ';' }
        isInside = false
      }
      for (const name of ['name', 'message']) Object.defineProperty(Error.prototype, name, { configurable: true, set, get: () => name })
      expose({ load: () => { import('nowhere').catch(() => { told += 'refused' }) }, told: () => told })`,
    )
    const finished = async <T>(result: T | Promise<T>) => {
      while (waiting.length > 0) goOn()
      return result
    }
    await finished(bare.call('load'))
    await finished(bare.vm.runJobs(60_000))
    const text = 'a script cannot wait while a module is looked for;'
    assert.equal(await finished(bare.call('told')), `${text}${text}refused`)
    assert.equal(bare.vm.death, undefined)
  })
})
