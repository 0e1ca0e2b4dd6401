import assert from 'node:assert/strict'
import { isAppError } from '../../errors.js'
import type { Crossing } from '../../runtime/js-value.js'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

const later = (value: Crossing) => new Promise<Crossing>((resolve) => setImmediate(resolve, value))

const operations = { wait: (_vu: undefined, x: Crossing) => later(x), plain: (_vu: undefined, x: Crossing) => x }

const create = (limits = {}) => BareVm.create({ operations, limits })

/** State of every kind, and functions that use and change it. */
const source = `
  let count = 0
  class Animal { #name; constructor(name) { this.#name = name } get name() { return this.#name } }
  class Dog extends Animal { speak() { return this.name + ' barks' } }
  const dog = new Dog('Rex')
  const map = new Map([['a', { deep: [1, 2, 3] }]])
  const symbol = Symbol('mine')
  const held = { [symbol]: 'symbol', text: 'é中'.repeat(200), big: 2n ** 100n, bytes: new Uint8Array([1, 2, 3]) }
  const steps = (function* () { let i = 0; for (;;) yield i++ })()
  steps.next()
  let settle
  let told = ''
  new Promise(resolve => { settle = resolve }).then(async value => { told += value; await null; told += op('wait', '+') })
  const pattern = /(\\d+)-(?<word>\\w+)/g
  expose({
    count: () => ++count,
    describe2: () => [dog.speak(), dog instanceof Animal, map.get('a').deep.join(), held[symbol], held.text.length,
      String(held.big), held.bytes.join(), steps.next().value, '12-ab'.replace(pattern, '$<word>')].join(),
    settle: value => settle(value),
    told: () => told,
    slow: (x, y) => op('wait', x) + op('wait', y) + count,
    deep: n => { const dive = n => n === 0 ? op('wait', 1) : dive(n - 1); return dive(n) },
    dive: () => { const f = () => f(); try { f() } catch (e) { return e.message } },
    fill: () => { const keep = []; try { for (;;) keep.push(new ArrayBuffer(1e6)) } catch (e) { return keep.length } },
    spin: () => { for (;;); },
    refuse: () => op('none'),
  })`
const described = 'Rex barks,true,1,2,3,symbol,400,1267650600228229401496703205376,1,2,3,1,ab'

describeInVmThread('a VM that was made from an image', import.meta.url, (it) => {
  it('has all values, closures, classes, generators and promises, and what it does changes no other VM', async () => {
    const vm = await create()
    await vm.run(source)
    assert.equal(await vm.call('count'), 1)
    const image = vm.vm.image()
    const clones = [vm.clone(image), vm.clone(structuredClone(image))]
    for (const one of [...clones, vm]) {
      assert.equal(await one.call('describe2'), described)
      assert.deepEqual([await one.call('count'), await one.call('count')], [2, 3])
      await one.call('settle', `${one === vm}`)
      await one.vm.runJobs(1000)
      assert.equal(await one.call('told'), `${one === vm}+`)
    }
    assert.equal(await vm.clone(image).call('count'), 2)
  })

  it('suspends, evaluates, imports and collects garbage as any other', async () => {
    const vm = await create()
    await vm.run(source)
    assert.equal(await vm.call('slow', 1, 2), 3)
    const clone = vm.clone(vm.vm.image())
    const calls = [clone.call('slow', 1, 2), vm.call('slow', 'a', 'b')]
    assert.deepEqual(await Promise.all(calls), [3, 'ab0'])
    for (const depth of [0, 100, 2000]) assert.equal(await clone.call('deep', depth), 1)
    assert.equal(await clone.evaluate('return [1, 2].map(x => op("plain", x)).join()'), '1,2')
    await clone.run('globalThis.trash = 0; for (let i = 0; i < 1e5; i++) { const a = { b: {} }; a.b.a = a; trash++ }')
    assert.equal(await clone.evaluate('return trash'), 100_000)
    assert.equal(await clone.call('describe2'), described)
  })

  it('may be one of fifty that are used in turn', async () => {
    const vm = await create()
    await vm.run(source)
    const image = vm.vm.image()
    const clones = Array.from({ length: 50 }, () => vm.clone(image))
    for (const round of [1, 2]) {
      const answers = await Promise.all(clones.map((one, i) => one.call('slow', i, 0)))
      assert.deepEqual(
        answers,
        clones.map((_, i) => i + round - 1),
      )
      for (const one of clones) assert.equal(await one.call('count'), round)
    }
  })

  it('has limits of its own', async () => {
    const vm = await create()
    await vm.run(source)
    const image = vm.vm.image()
    const small = vm.clone(image, { memoryBytes: 24 * 1024 * 1024, cpuMs: 2000 })
    assert.equal(await small.call('dive'), 'stack overflow')
    assert.ok(Number(await small.call('fill')) < 24)
    assert.ok(Number(await vm.call('fill')) > 60)
    await assert.rejects(small.call('spin'), (e) => isAppError(e, 'LIMIT_CPU'))
    assert.equal(small.vm.death?.code, 'LIMIT_CPU')
    assert.equal(vm.vm.death, undefined)
    const large = vm.vm.image()
    assert.throws(() => vm.clone(large, { memoryBytes: 24 * 1024 * 1024 }), { code: 'LIMIT_MEMORY' })
    assert.equal(await vm.clone(large).call('count'), 1)
  })

  it('tells of rejections, and forgets those of the image by itself', async () => {
    const vm = await create()
    await vm.run(`expose({ describeRejection: String, reject: x => { Promise.reject(x) } }); Promise.reject('first')`)
    const clone = vm.clone(vm.vm.image())
    for (const one of [clone, vm]) assert.equal(await one.vm.describeRejection(1000), 'first')
    await clone.call('reject', 'mine')
    assert.equal(await vm.vm.describeRejection(1000), undefined)
    assert.equal(await clone.vm.describeRejection(1000), 'mine')
  })

  it('is refused for other operations, and an image of a VM that is busy, dead or has jobs to do', async () => {
    const vm = await create()
    await vm.run(source)
    const image = vm.vm.image()
    const other = await BareVm.create({ operations: { plain: (_vu, x) => x } })
    assert.throws(() => other.clone(image), { code: 'INTERNAL', message: /other operations/ })
    const call = vm.call('slow', 1, 2)
    assert.throws(() => vm.vm.image(), { code: 'INTERNAL' })
    await call
    await vm.call('settle', 1)
    assert.throws(() => vm.vm.image(), { code: 'INTERNAL' })
    await vm.vm.runJobs(1000)
    vm.vm.kill('LIMIT_CPU', 'gone')
    assert.throws(() => vm.vm.image(), { code: 'LIMIT_CPU' })
  })
})
