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
