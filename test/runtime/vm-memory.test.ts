import assert from 'node:assert/strict'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

describeInVmThread('memory', import.meta.url, (it) => {
  const rss = () => process.memoryUsage.rss() / 1024 / 1024

  it('of 300 VMs that were created and released is used again', async () => {
    const use = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const vm = await BareVm.create()
        await vm.evaluate('globalThis.kept = new Uint8Array(1e6).fill(1); sleep(0)')
        vm.vm.release()
      }
    }
    await use(30)
    const before = rss()
    await use(270)
    // Each has touched more than a megabyte.
    assert.ok(rss() - before < 200, `resident memory grew by ${rss() - before} MB`)
  })

  it('is not taken by the texts of modules that have been compiled', async () => {
    const text = (letters: number) => `// ${'x'.repeat(letters)}\nexport const n = 1`
    const imageOf = async (letters: number) => {
      const modules = { a: text(letters), b: text(letters), c: text(letters) }
      const vm = await BareVm.create({ modules })
      await vm.run(
        `import { n } from 'a'; import { n as m } from 'b'; import { n as o } from 'c'; expose({ sum: () => n + m + o })`,
      )
      assert.equal(await vm.call('sum'), 3)
      const { parts } = vm.vm.image().memory
      return parts.reduce((sum, { bytes }) => sum + bytes.length, 0)
    }
    // Beyond a megabyte there is no room but in the heap.
    const [none, some, much] = [await imageOf(0), await imageOf(300_000), await imageOf(1_500_000)]
    assert.ok(some < none + 16_384, `${some - none} bytes more`)
    assert.ok(much > none + 1_000_000)
  })

  it('of a VM stays flat over 20,000 suspensions', async () => {
    const vm = await BareVm.create({
      operations: { wait: (_vu, x) => new Promise((resolve) => setImmediate(resolve, x)) },
    })
    await vm.run("expose({ wait: n => { for (let i = 0; i < n; i++) op('wait', 'text ' + i) } })")
    await vm.call('wait', 2000)
    const bytes = vm.vm.memory.byteLength
    const before = rss()
    for (let i = 0; i < 9; i++) await vm.call('wait', 2000)
    assert.equal(vm.vm.memory.byteLength, bytes)
    assert.ok(rss() - before < 100, `resident memory grew by ${rss() - before} MB`)
  })
})
