import assert from 'node:assert/strict'
import type { Crossing } from '../../runtime/js-value.js'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

/** An operation that suspends until `settle` is called, and counts its calls. */
function gate() {
  const calls: Crossing[][] = []
  const open: ((value: Crossing) => void)[] = []
  return {
    calls,
    settle: (value: Crossing) => open.shift()?.(value),
    operation: (_vu: undefined, ...args: Crossing[]) => {
      calls.push(args)
      return new Promise<Crossing>((resolve) => open.push(resolve))
    },
  }
}

const later = (value: Crossing) => new Promise<Crossing>((resolve) => setImmediate(resolve, value))

/** A VM with `wait(x)`, which suspends and returns x, and `plain(x)`, which returns x at once. */
const waitingVm = (modules: Record<string, string> = {}) =>
  BareVm.create({ operations: { wait: (_vu, x) => later(x), plain: (_vu, x) => x }, modules })

const prelude = `
  const wait = x => op('wait', x)
  const plain = x => op('plain', x)
`

describeInVmThread('a suspending operation', import.meta.url, (it) => {
  it('looks like an ordinary call', async () => {
    const vm = await waitingVm()
    assert.equal(await vm.evaluate(`${prelude}; return wait(1) + wait(2) + plain(3)`), 6)
  })

  it('works after an await and in promise jobs, many times over and mixed with plain calls', async () => {
    const vm = await waitingVm()
    await vm.run(`
      ${prelude}
      let sum = 0
      const one = async i => {
        sum += plain(1)
        await null
        sum += wait(10)
        await Promise.all([1, 2].map(async k => { await k; sum += wait(k); sum += plain(k) }))
        await Promise.resolve().then(() => { sum += wait(100) }).finally(() => { sum += wait(1000) })
      }
      expose({ start: n => { for (let i = 0; i < n; i++) one(i) }, sum: () => sum })`)
    for (let round = 1; round <= 10; round++) {
      await vm.call('start', 20)
      await vm.vm.runJobs(1000)
      assert.equal(await vm.call('sum'), round * 20 * (1 + 10 + 6 + 100 + 1000))
    }
  })

  it('works wherever the engine calls back: getter, toJSON, Proxy, comparator, generator, iterator, finally', async () => {
    const vm = await waitingVm()
    const shapes: [expression: string, expected: Crossing][] = [
      ['({ get a() { return wait(1) } }).a', 1],
      ['JSON.stringify({ toJSON: () => wait("j") })', '"j"'],
      ['JSON.parse("[1]", (k, v) => k === "0" ? wait(7) : v)[0]', 7],
      ['String({ toString: () => wait("t") })', 't'],
      ['+{ valueOf: () => wait(4) }', 4],
      ['new Proxy({}, { get: (t, k) => wait(k) }).name', 'name'],
      ['"x" in new Proxy({}, { has: () => wait(true) })', true],
      ['[3, 1, 2].sort((a, b) => wait(a) - wait(b)).join()', '1,2,3'],
      ['[1, 2].map(x => wait(x) * 2).reduce((a, b) => wait(a) + wait(b))', 6],
      ['[...(function* () { yield wait(1); yield wait(2) })()].join()', '1,2'],
      ['[...{ *[Symbol.iterator]() { try { yield wait(1) } finally { wait(2) } } }].join()', '1'],
      ['(() => { try { return wait(1) } finally { wait(2) } })()', 1],
      ['(() => { try { throw wait("e") } catch (e) { return wait(e) } })()', 'e'],
      ['"a-b".replace(/[ab]/g, m => wait(m + m))', 'aa-bb'],
      ['new (class { constructor() { this.x = wait(5) } })().x', 5],
      ['new (class { y = wait(6) })().y', 6],
      ['Array.from({ length: 2 }, (_, i) => wait(i)).join()', '0,1'],
      ['((a = wait(1), { b = wait(2) } = {}) => a + b)()', 3],
      ['Reflect.apply(wait, null, [8])', 8],
      ['wait.bind(null, 9)()', 9],
    ]
    for (const [expression, expected] of shapes) {
      assert.equal(await vm.evaluate(`${prelude}; return ${expression}`), expected, expression)
    }
  })

  it('works in async generators and for await', async () => {
    const vm = await waitingVm()
    await vm.run(`
      ${prelude}
      const list = []
      const source = async function* () { for (const x of [1, 2, 3]) { await null; yield wait(x) } }
      const drain = async () => { for await (const x of source()) list.push(wait(x)) }
      drain()
      expose({ list: () => list.join() })`)
    assert.equal(await vm.call('list'), '1,2,3')
  })

  it('works at the top level of modules, also of imported ones and around top-level await', async () => {
    const vm = await waitingVm({
      a: `export const a = op('wait', 1)`,
      b: `import { a } from 'a'; await null; export const b = a + op('wait', 2); export default op('plain', 1)`,
    })
    await vm.run(`import { b } from 'b'; import('b').then(m => { late = m.b + op('wait', 10) }); let late;
      const here = b + await op('wait', 3) + op('wait', 4); expose({ sum: () => here * 1000 + late })`)
    assert.equal(await vm.call('sum'), 10_013)
  })

  it('throws a rejection where the call stands, and the VM goes on', async () => {
    const vm = await BareVm.create({
      operations: { fail: () => Promise.reject(new Error('secret')), plain: (_vu, x) => x },
    })
    const body = `
      let caught = 0
      for (let i = 0; i < 50; i++) try { op('fail') } catch (e) { caught += op('plain', 1) }
      return caught`
    assert.equal(await vm.evaluate(body), 50)
  })

  it('runs the operation once, however deep the stack that is rebuilt', async () => {
    const { calls, operation, settle } = gate()
    const vm = await BareVm.create({ operations: { gate: operation } })
    await vm.run(`const dive = (n, x) => n === 0 ? op('gate', x) : dive(n - 1, x); expose({ dive })`)
    for (const depth of [0, 1, 50]) {
      const call = vm.call('dive', depth, depth)
      settle(depth * 2)
      assert.equal(await call, depth * 2)
    }
    assert.deepEqual(calls, [[0], [1], [50]])
  })

  it('keeps the VM shut: a suspended VM is not entered and runs no jobs', async () => {
    const { operation, settle } = gate()
    const vm = await BareVm.create({ operations: { gate: operation } })
    await vm.run(
      `let ran = 0; expose({ wait: () => { Promise.resolve().then(() => ran++); return op('gate') }, ran: () => ran })`,
    )
    const call = vm.call('wait')
    await assert.rejects(vm.call('ran'), { code: 'INTERNAL', message: 'a suspended VM was entered' })
    await vm.vm.runJobs(1000)
    assert.equal(vm.vm.hasJobs, false)
    settle('end')
    assert.equal(await call, 'end')
    assert.equal(await vm.call('ran'), 0)
    await vm.vm.runJobs(1000)
    assert.equal(await vm.call('ran'), 1)
  })

  it('drops a result that comes after the call was interrupted', async () => {
    const { operation, settle } = gate()
    const vm = await BareVm.create({ operations: { gate: operation } })
    await vm.run(`expose({ wait: () => op('gate'), next: x => op('gate') + x })`)
    const first = vm.vm.enter(1000, 'call', 'wait')
    vm.vm.interrupt()
    assert.deepEqual(await first, { kind: 'interrupted' })
    vm.vm.clearInterrupt()
    const second = vm.call('next', '!')
    settle('late')
    await later(undefined)
    assert.equal(vm.vm.isIdle, false)
    settle('new')
    assert.equal(await second, 'new!')
  })

  it('costs the script no CPU time while it waits', async () => {
    const vm = await BareVm.create({ limits: { cpuMs: 200 } })
    assert.equal(await vm.evaluate('for (let i = 0; i < 8; i++) sleep(50); return "awake"'), 'awake')
  })

  it('is independent in each of 100 VMs that are suspended at once', async () => {
    const open: (() => void)[] = []
    const vms = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        BareVm.create({ operations: { hold: () => new Promise((resolve) => open.push(() => resolve(i))) } }),
      ),
    )
    for (const vm of vms) {
      await vm.run(
        `const dive = n => n === 0 ? op('hold') : dive(n - 1) + 1; let kept = 0; expose({ dive: n => kept += dive(n) })`,
      )
    }
    for (const round of [1, 2]) {
      const calls = vms.map((vm, i) => vm.call('dive', i))
      // Backwards, so that no VM is resumed in the order of its suspension.
      for (const resolve of open.splice(0).reverse()) resolve()
      assert.deepEqual(
        await Promise.all(calls),
        vms.map((_, i) => 2 * i * round),
      )
    }
  })
})

describeInVmThread('a suspension at depth', import.meta.url, (it) => {
  const shapes: Record<string, string> = {
    plain: `const dive = n => n === 0 ? sleep(0) : dive(n - 1) && 0`,
    getter: `const dive = n => n === 0 ? sleep(0) : ({ get a() { return dive(n - 1) } }).a`,
    map: `const dive = n => n === 0 ? sleep(0) : [n].map(() => dive(n - 1))[0]`,
    sort: `const dive = n => n === 0 ? sleep(0) : [2, 1].sort(() => { if (n > 0) { dive(n - 1); n = -1 } return 0 })`,
    proxy: `const dive = n => n === 0 ? sleep(0) : new Proxy({}, { get: () => dive(n - 1) }).a`,
    toString: `const dive = n => n === 0 ? sleep(0) || '' : String({ toString: () => String(dive(n - 1)) })`,
    toJSON: `const dive = n => n === 0 ? sleep(0) : JSON.stringify({ toJSON: () => dive(n - 1) })`,
    reviver: `const dive = n => n === 0 ? sleep(0) : JSON.parse('1', () => dive(n - 1))`,
    generator: `const gen = function* (n) { if (n === 0) sleep(0); else yield* gen(n - 1) }; const dive = n => [...gen(n)]`,
    apply: `const dive = n => n === 0 ? sleep(0) : Reflect.apply(dive, null, [n - 1])`,
    bound: `const dive = n => n === 0 ? sleep(0) : dive.bind(null, n - 1)()`,
    tried: `const dive = n => { try { return n === 0 ? sleep(0) : dive(n - 1) } finally { n = 0 } }`,
    constructed: `class Dive { constructor(n) { if (n === 0) sleep(0); else this.a = new Dive(n - 1) } }; const dive = n => new Dive(n)`,
    replaced: `const dive = n => n === 0 ? sleep(0) : 'a'.replace('a', () => String(dive(n - 1)))`,
  }
  for (const [name, source] of Object.entries(shapes)) {
    it(`ends well or in a catchable error of the guest: ${name}`, async () => {
      const vm = await BareVm.create()
      await vm.run(`${source}; let caught; expose({
        dive: n => { try { dive(n); return 'done' } catch (e) { caught = e; return e.name + ': ' + e.message } }
      })`)
      for (const depth of [100, 200, 400, 800, 1200, 1600, 2000, 2400, 2800]) {
        const ended = await vm.call('dive', depth)
        if (depth <= 200) assert.equal(ended, 'done', `${name} ${depth}`)
        else assert.match(String(ended), /^done$|^InternalError: stack overflow$/, `${name} ${depth}`)
      }
      assert.equal(vm.vm.death, undefined)
      assert.equal(await vm.call('dive', 3), 'done')
    })
  }

  it('is sure in a rope of awaits, too', async () => {
    const vm = await BareVm.create()
    await vm.run(`
      let seen = 0
      const dive = async n => { if (n > 0) await dive(n - 1); sleep(0); seen++ }
      expose({ start: n => { dive(n) }, seen: () => seen })`)
    await vm.call('start', 300)
    await vm.vm.runJobs(5000)
    assert.equal(await vm.call('seen'), 301)
  })
})
