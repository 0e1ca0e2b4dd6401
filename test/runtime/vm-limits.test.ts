import assert from 'node:assert/strict'
import { isAppError } from '../../errors.js'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

const mebibyte = 1024 * 1024

describeInVmThread('the stack limit of a VM', import.meta.url, (it) => {
  const shapes: Record<string, string> = {
    'a plain recursion': 'const dive = n => n === 0 ? 0 : dive(n - 1) + 1',
    getters: 'const dive = n => n === 0 ? 0 : ({ get a() { return dive(n - 1) } }).a',
    'conversions to text': 'const dive = n => n === 0 ? "" : String({ toString: () => dive(n - 1) })',
    'a chain of Proxies':
      'const dive = n => { let p = {}; for (let i = 0; i < n; i++) p = new Proxy(p, {}); return p.x }',
    'a chain of bound functions':
      'const dive = n => { let f = () => 0; for (let i = 0; i < n; i++) f = f.bind(); return f() }',
    comparators: 'const dive = n => n === 0 ? 0 : [2, 1].sort(() => dive(n - 1))',
    revivers: 'const dive = n => n === 0 ? 0 : JSON.parse("1", () => dive(n - 1))',
    replacers: 'const dive = n => n === 0 ? 0 : JSON.stringify(1, () => dive(n - 1))',
    'nested JSON': 'const dive = n => JSON.parse("[".repeat(n) + "]".repeat(n)).length',
    flattening: 'const dive = n => { let o = []; for (let i = 0; i < n; i++) o = [o]; return o.flat(Infinity).length }',
    'source text': 'const dive = n => Function("return " + "(".repeat(n) + "1" + ")".repeat(n))()',
    'a regular expression': 'const dive = n => new RegExp("(".repeat(n) + ")".repeat(n)).test("")',
    generators: 'const gen = function* (n) { if (n > 0) yield* gen(n - 1) }; const dive = n => [...gen(n)].length',
    constructors: 'class A { constructor(n) { if (n > 0) this.a = new A(n - 1) } }; const dive = n => new A(n)',
    'calls that spread': 'const dive = (...a) => a[0] === 0 ? 0 : dive(a[0] - 1, ...a.slice(1))',
    'calls of the host in between': 'const dive = n => n === 0 ? 0 : op("plain", dive(n - 1))',
  }
  for (const [name, source] of Object.entries(shapes)) {
    it(`turns ${name} of 100,000 levels into an error that the script can catch, and the VM stays usable`, async () => {
      const vm = await BareVm.create({ operations: { plain: (_vu, x) => x } })
      await vm.run(`${source}; expose({ dive: n => {
        try { dive(n); return 'done' } catch (e) { return e.name + ': ' + e.message }
      } })`)
      for (let round = 0; round < 3; round++) {
        const ended = await vm.call('dive', 100_000)
        assert.match(String(ended), /^done$|stack overflow|out of memory|too many|nest/i)
        assert.equal(await vm.call('dive', 10), 'done')
      }
      assert.equal(vm.vm.death, undefined)
    })
  }

  it('lets long lists be freed without recursion', async () => {
    const vm = await BareVm.create()
    const free = 'let l = null; for (let i = 0; i < 100000; i++) l = { l }; l = null; return "freed"'
    assert.equal(await vm.evaluate(free), 'freed')
    assert.equal(await vm.evaluate(free), 'freed')
  })
})

describeInVmThread('the memory limit of a VM', import.meta.url, (it) => {
  const memoryBytes = 32 * mebibyte
  const create = () => BareVm.create({ limits: { memoryBytes } })
  const shapes: Record<string, string> = {
    ArrayBuffers: 'for (;;) keep.push(new ArrayBuffer(1e6))',
    'ArrayBuffers of different sizes': 'for (let i = 1;; i++) keep.push(new ArrayBuffer(i * 37 % 1000000 + 1))',
    'survivors between large blocks': 'for (;;) { new ArrayBuffer(4e6); keep.push(new ArrayBuffer(1000)) }',
    strings: 'for (let i = 0;; i++) keep.push(("a" + i).repeat(10000))',
    'wide strings': 'for (let i = 0;; i++) keep.push(("中" + i).repeat(10000))',
    'a string that doubles': 'let s = "ab"; for (;;) { s += s; s.codePointAt(s.length - 1); keep.push([...s].length) }',
    objects: 'for (let i = 0;; i++) keep.push({ a: i, b: { c: i } })',
    closures: 'for (let i = 0;; i++) keep.push(() => i)',
    'bound functions': 'let f = () => 0; for (;;) f = f.bind(null, f)',
    'a Map': 'const m = new Map(); for (let i = 0;; i++) m.set(i, { i })',
    'big integers': 'let n = 3n; for (;;) keep.push(n **= 2n)',
    properties: 'const o = {}; for (let i = 0;; i++) o["k" + i] = i',
    'promise reactions': 'const p = new Promise(() => {}); for (;;) p.then(() => {})',
    'typed arrays': 'for (;;) keep.push(new Float64Array(100000))',
  }
  for (const [name, source] of Object.entries(shapes)) {
    it(`holds for ${name}: an error that the script can catch, and memory that it can have back`, async () => {
      const vm = await create()
      await vm.run(
        `expose({ fill: () => { let keep = []; try { ${source} } catch (e) { keep = null; return String(e) } } })`,
      )
      const ended = await vm.vm.enter(10_000, 'call', 'fill')
      assert.equal(ended.kind, 'returned')
      const text = ended.kind === 'returned' ? String(ended.value) : ''
      assert.match(
        text,
        /out of memory|Array buffer allocation failed|invalid array|too large|string too long|BigInt|null/i,
      )
      assert.ok(vm.vm.memory.byteLength <= memoryBytes, `${vm.vm.memory.byteLength} bytes`)
      assert.equal(await vm.evaluate('return new Uint8Array(1000).length'), 1000)
    })
  }

  it('refuses 200 MB at once, of every kind', async () => {
    const vm = await create()
    const most = 'catch (e) { return e.name + ": " + e.message }'
    for (const big of ['new ArrayBuffer(2e8)', 'new Uint8Array(2e8)', '"x".repeat(2e8)', 'new Array(2e8).fill(1)']) {
      assert.match(
        String(await vm.evaluate(`try { return ${big}.length } ${most}`)),
        /out of memory|allocation failed|invalid/i,
        big,
      )
    }
    assert.ok(vm.vm.memory.byteLength <= memoryBytes)
    assert.equal(await vm.evaluate('return "usable"'), 'usable')
  })

  it('holds for what the host brings: an answer without room is an error or the end of this VM', async () => {
    const vm = await BareVm.create({
      limits: { memoryBytes },
      operations: {
        text: () => 'x'.repeat(60e6),
        bytes: () => new Uint8Array(60e6),
        later: async () => new Uint8Array(60e6),
      },
    })
    for (const name of ['text', 'bytes', 'later']) {
      const answer = await vm.evaluate(
        `try { op('${name}'); return 'got it' } catch (e) { return e.name + ': ' + e.message }`,
      )
      assert.equal(answer, 'InternalError: out of memory', name)
    }
    assert.ok(vm.vm.memory.byteLength <= memoryBytes)
    await assert.rejects(vm.call('body', 'x'.repeat(60e6)), (e) => isAppError(e, 'LIMIT_MEMORY'))
  })

  it('ends a suspension without room for the stack in an error, not in a broken VM', async () => {
    const vm = await create()
    const fill = `
      const dive = n => n === 0 ? sleep(1) : dive(n - 1)
      const keep = []
      for (let size = 1 << 22; size > 1 << 16; size >>= 1) try { for (;;) keep.push(new ArrayBuffer(size)) } catch {}
      const told = []
      for (const depth of [0, 2500, 2500, 0]) try { dive(depth); told.push('slept') } catch (e) { told.push(e.message) }
      keep.length = 0
      dive(2500)
      return told.join()`
    // That of a plain sleep has room beside the stack.
    assert.equal(await vm.evaluate(fill), 'slept,out of memory,out of memory,slept')
    assert.equal(vm.vm.death, undefined)
    assert.equal(await vm.evaluate('sleep(1); return "usable"'), 'usable')
  })

  it('ends a buffer that is passed without room for its copy in an error, not in a broken VM', async () => {
    const vm = await BareVm.create({ limits: { memoryBytes }, operations: { take: () => 'taken' } })
    const pass = `
      const big = new ArrayBuffer(16 * 1024 * 1024)
      try { return op('take', big) } catch (e) { return e.name + ': ' + e.message }`
    await vm.run('globalThis.before = Array.from({ length: 1000 }, (_, i) => "text " + i)')
    assert.equal(await vm.evaluate(pass), 'InternalError: out of memory')
    assert.equal(await vm.evaluate('return before.every((text, i) => text === "text " + i)'), true)
    assert.equal(await vm.evaluate(`return op('take', new ArrayBuffer(10))`), 'taken')
  })
})

describeInVmThread('the CPU limit of a VM', import.meta.url, (it) => {
  const spins: Record<string, string> = {
    'an endless loop': 'for (;;);',
    'a loop that catches everything': 'for (;;) try { for (;;); } catch {} finally { continue }',
    'errors thrown and caught': 'for (;;) try { throw 1 } catch {}',
    'an expression that backtracks': '/^(a+)+$/.test("a".repeat(50) + "b")',
    'a generator that never ends': 'const g = (function* () { for (;;) yield })(); for (const _ of g);',
    'a Proxy': 'const p = new Proxy({}, { get: (t, k, r) => r[k] }); for (;;) try { p.x } catch {}',
    'a comparator': 'const a = Array.from({ length: 1000 }, (_, i) => i); for (;;) a.sort(() => Math.random() - 0.5)',
    'a Map that grows while it is walked':
      'const m = new Map([[0, 0]]); for (const [k] of m) { m.delete(k); m.set(k + 1, 0) }',
    'the constructor of a promise': 'for (;;) new Promise(() => { for (;;); })',
    'an argument that is converted': 'for (;;) String({ toString() { for (;;); } })',
    'JSON of a getter': 'for (;;) JSON.stringify({ get a() { for (;;); } })',
    'calls of the host': 'for (;;) op("plain", 1)',
    compiling: 'for (;;) Function("return 1")()',
  }
  for (const [name, source] of Object.entries(spins)) {
    it(`stops ${name}, and the VM is dead for good`, async () => {
      let ran = 0
      const operations = { plain: () => 1, after: () => ran++ }
      const vm = await BareVm.create({ limits: { cpuMs: 150 }, operations })
      await vm.run(
        `expose({ spin: () => { try { ${source} } finally { op('after') } op('after') }, after: () => op('after') })`,
      )
      await assert.rejects(
        async () => vm.vm.enter(150, 'call', 'spin'),
        (e) => isAppError(e, 'LIMIT_CPU') && /150 ms/.test(e.message),
      )
      assert.equal(vm.vm.death?.code, 'LIMIT_CPU')
      await assert.rejects(vm.call('after'), { code: 'LIMIT_CPU' })
      await vm.vm.runJobs(150)
      assert.equal(ran, 0)
    })
  }

  it('counts every promise job, and all jobs together', async () => {
    const spinning = await BareVm.create()
    await spinning.run('expose({ start: () => { Promise.resolve().then(() => { for (;;); }) } })')
    await spinning.call('start')
    await assert.rejects(async () => spinning.vm.runJobs(150), { code: 'LIMIT_CPU' })

    const chain = await BareVm.create()
    await chain.run(`expose({ start: () => {
      const f = () => { const end = Date.now() + 5; while (Date.now() < end); Promise.resolve().then(f) }; f() } })`)
    await chain.call('start')
    await assert.rejects(async () => chain.vm.runJobs(150), { code: 'LIMIT_CPU' })

    const endless = await BareVm.create({ limits: { jobsPerDrain: 1000 } })
    await endless.run('let n = 0; expose({ start: () => { const f = () => { n++; Promise.resolve().then(f) }; f() } })')
    await endless.call('start')
    await endless.vm.runJobs(5000)
    assert.equal(endless.vm.death?.code, 'LIMIT_CPU')
    assert.match(endless.vm.death!.message, /1000 promise jobs/)
  })

  it('counts the time before and after a suspension together', async () => {
    const vm = await BareVm.create({ limits: { cpuMs: 300 } })
    await vm.run(`const spin = ms => { const end = Date.now() + ms; while (Date.now() < end); }
      expose({ work: () => { for (let i = 0; i < 5; i++) { spin(100); sleep(1) } } })`)
    await assert.rejects(vm.call('work'), { code: 'LIMIT_CPU' })
  })

  it('does not count the time of other VMs of the thread', async () => {
    const healthy = await BareVm.create({ limits: { cpuMs: 250 } })
    const busy = await BareVm.create()
    await healthy.run("expose({ quick: () => 'quick', wait: () => { sleep(1); return 'waited' } })")
    await busy.run('expose({ spin: () => { const end = Date.now() + 500; while (Date.now() < end); } })')
    const calls = [healthy.call('quick'), busy.call('spin')]
    assert.deepEqual(await Promise.all(calls), ['quick', undefined])
    const waiting = [healthy.call('wait'), busy.call('spin')]
    assert.deepEqual(await Promise.all(waiting), ['waited', undefined])
  })

  it('counts init code by the budget of its own', async () => {
    const vm = await BareVm.create({ limits: { initCpuMs: 100 } })
    await assert.rejects(vm.run('for (;;);'), { code: 'LIMIT_CPU' })
  })
})

describeInVmThread('an interrupt', import.meta.url, (it) => {
  const loops: Record<string, string> = {
    'a loop': 'for (;;);',
    'a loop that catches': 'for (;;) try { for (;;); } catch {} finally { continue }',
    'a conversion': 'for (;;) String({ toString() { for (;;); } })',
    'a promise constructor': 'new Promise(() => { for (;;); })',
    'a generator': 'for (const _ of (function* () { try { for (;;) yield } finally { op("leak") } })());',
  }
  for (const [name, source] of Object.entries(loops)) {
    it(`ends ${name} uncatchably: no catch and no finally runs, and the VM is usable afterwards`, async () => {
      let leaks = 0
      const vm: BareVm = await BareVm.create({
        operations: {
          leak: () => leaks++,
          stop: () => {
            vm.vm.interrupt()
            return undefined
          },
        },
      })
      await vm.run(`expose({
        spin: () => { try { op('stop'); ${source} } catch { op('leak') } finally { op('leak') } op('leak') },
        again: () => 'usable' })`)
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await vm.vm.enter(5000, 'call', 'spin'), { kind: 'interrupted' })
        assert.equal(vm.vm.isInterrupted, true)
        vm.vm.clearInterrupt()
        assert.equal(await vm.call('again'), 'usable')
      }
      assert.equal(leaks, 0)
    })
  }

  it('ends a suspended call at once, uncatchably, and the VM is usable afterwards', async () => {
    let leaks = 0
    const vm = await BareVm.create({ operations: { hold: () => new Promise(() => {}), leak: () => leaks++ } })
    await vm.run(`const hold = () => { try { op('hold') } catch { op('leak') } finally { op('leak') } op('leak') }
      expose({ hold, inGetter: () => ({ get a() { return hold() } }).a, again: () => 'usable' })`)
    for (const name of ['hold', 'inGetter', 'hold']) {
      const call = vm.vm.enter(5000, 'call', name)
      vm.vm.interrupt()
      assert.deepEqual(await call, { kind: 'interrupted' })
      vm.vm.clearInterrupt()
      assert.equal(await vm.call('again'), 'usable')
    }
    assert.equal(leaks, 0)
  })

  it('ends a promise job that waits or works', async () => {
    let leaks = 0
    const vm = await BareVm.create({ operations: { hold: () => new Promise(() => {}), leak: () => leaks++ } })
    await vm.run(
      `expose({ start: () => { Promise.resolve().then(() => { try { op('hold') } finally { op('leak') } }) }, again: () => 1 })`,
    )
    await vm.call('start')
    const jobs = vm.vm.runJobs(5000)
    vm.vm.interrupt()
    await jobs
    vm.vm.clearInterrupt()
    assert.equal(await vm.call('again'), 1)
    assert.equal(leaks, 0)
  })

  it('leaves no promise job of the interrupted call behind for the next one', async () => {
    let leaks = 0
    const vm = await BareVm.create({ operations: { hold: () => new Promise(() => {}), leak: () => leaks++ } })
    await vm.run(`expose({ start: () => { Promise.resolve().then(() => op('leak')); op('hold') }, again: () => 1 })`)
    const call = vm.vm.enter(5000, 'call', 'start')
    vm.vm.interrupt()
    assert.deepEqual(await call, { kind: 'interrupted' })
    await vm.vm.runJobs(5000)
    vm.vm.clearInterrupt()
    assert.equal(await vm.call('again'), 1)
    await vm.vm.runJobs(5000)
    assert.equal(leaks, 0)
  })
})
