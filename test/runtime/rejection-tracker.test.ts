import assert from 'node:assert/strict'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

const vmWithEntry = async (memoryBytes?: number) => {
  const vm = await BareVm.create(memoryBytes === undefined ? {} : { limits: { memoryBytes } })
  await vm.run(`expose({ describeRejection: (reason) => typeof reason + ' ' + String(reason).slice(0, 9) })`)
  return vm
}

describeInVmThread('rejections that nobody handles', import.meta.url, (it) => {
  it('are told with their reason, the first one only, and once', async () => {
    const vm = await vmWithEntry()
    for (const [reason, told] of [
      ['5', 'number 5'],
      ['1.5', 'number 1.5'],
      ['undefined', 'undefined undefined'],
      ["'text'", 'string text'],
      ['({ toString: () => "object" })', 'object object'],
    ] as const) {
      await vm.run(`(async () => { throw ${reason} })(); Promise.reject('another')`)
      assert.equal(await vm.vm.describeRejection(1000), told)
      assert.equal(await vm.vm.describeRejection(1000), undefined)
    }
  })

  it('are none when a handler came meanwhile, or when they were forgotten', async () => {
    const vm = await vmWithEntry()
    await vm.run(`const lost = Promise.reject(1); lost.catch(() => {}); lost.catch(() => {})`)
    assert.equal(await vm.vm.describeRejection(1000), undefined)
    await vm.run('Promise.reject(2)')
    vm.vm.forgetRejections()
    assert.equal(await vm.vm.describeRejection(1000), undefined)
  })

  it('keep no memory once they are told', async () => {
    const vm = await vmWithEntry(24 * 1024 * 1024)
    for (let i = 0; i < 40; i++) {
      await vm.run(`for (let i = 0; i < 2000; i++) Promise.reject('x'.repeat(1000) + i)`)
      assert.equal(await vm.vm.describeRejection(1000), 'string xxxxxxxxx')
    }
  })
})
