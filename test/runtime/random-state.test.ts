import assert from 'node:assert/strict'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

describeInVmThread('what the engine tells a script by itself', import.meta.url, (it) => {
  it('is random numbers of its own for each VM, made at the same time or from the same image', async () => {
    const first = await BareVm.create()
    const image = first.vm.image()
    const vms = [first, await BareVm.create(), first.clone(image), first.clone(image)]
    const drawn = await Promise.all(vms.map((vm) => vm.evaluate('return [Math.random(), Math.random()].join()')))
    assert.equal(new Set(drawn).size, 4, drawn.join(' '))
    for (const numbers of drawn) for (const n of String(numbers).split(',')) assert.ok(Number(n) >= 0 && Number(n) < 1)
  })

  it('is the time: nobody sees what the engine was told when it was made', async () => {
    const vm = await BareVm.create()
    const before = Date.now()
    const told = Number(await vm.evaluate('return Date.now()'))
    assert.ok(told >= before && told <= Date.now(), String(told))
  })

  it('is known to have been asked for, and not before', async () => {
    for (const [body, hasReadClock, hasDrawnRandom] of [
      ['return new Date(5).getHours() + typeof Math.random', false, false],
      ['return Date.now()', true, false],
      ['return new Date().getTime()', true, false],
      ['return Math.random()', false, true],
    ] as const) {
      const vm = await BareVm.create()
      await vm.evaluate('return 1')
      assert.deepEqual([vm.vm.hasReadClock, vm.vm.hasDrawnRandom], [false, false])
      await vm.evaluate(body)
      assert.deepEqual([vm.vm.hasReadClock, vm.vm.hasDrawnRandom], [hasReadClock, hasDrawnRandom], body)
    }
  })

  it('is the text of a function, unless it was compiled while texts were not kept', async () => {
    const vm = await BareVm.create()
    vm.vm.keepsSources = false
    await vm.run('globalThis.without = function f() { return 7 }')
    vm.vm.keepsSources = true
    await vm.run('globalThis.kept = function f() { return 7 }')
    assert.match(String(await vm.evaluate('return String(without)')), /^function f\(\) \{\s+\[native code\]\s+\}$/)
    assert.equal(await vm.evaluate('return String(kept)'), 'function f() { return 7 }')
    assert.equal(await vm.evaluate('return without() + kept()'), 14)
  })
})
