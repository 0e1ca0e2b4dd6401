import assert from 'node:assert/strict'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

describeInVmThread('the memory of a VM that was dropped', import.meta.url, (it) => {
  const rssMb = () => process.memoryUsage.rss() / 1024 / 1024
  const secret = 'a text that nobody else has'

  it('is that of the next VM, without a byte of what was in it', async () => {
    const first = await BareVm.create()
    await first.evaluate(`globalThis.kept = '${secret}'.repeat(10000); sleep(0)`)
    const { memory } = first.vm
    const before = Buffer.from(memory)
    assert.ok(before.includes(secret))
    first.vm.release()
    assert.ok(before.includes(secret), 'it is only emptied for the next one')
    const second = await BareVm.create()
    assert.equal(second.vm.memory.byteLength, memory.byteLength)
    const after = Buffer.from(second.vm.memory)
    after[after.length - 1] = 77
    assert.equal(before[before.length - 1], 77, 'it is the same memory')
    assert.ok(!after.includes(secret.slice(0, 8)))
    assert.equal(await second.evaluate('return typeof kept + sleep(0)'), 'undefinedundefined')
  })

  it('is used by nobody as long as its VM goes on', async () => {
    const [first, second] = [await BareVm.create(), await BareVm.create()]
    assert.notEqual(first.vm.memory, second.vm.memory)
    first.vm.release()
    first.vm.release()
    const [third, fourth] = [await BareVm.create(), await BareVm.create()]
    assert.notEqual(third.vm.memory, fourth.vm.memory)
    await assert.rejects(async () => first.call('anything'), /dropped/)
    assert.equal(first.vm.memory.byteLength, 0)
  })

  it('is not written to by what its VM had waited for', async () => {
    let answer: (text: string) => void = () => {}
    const operations = { wait: () => new Promise<string>((resolve) => (answer = resolve)) }
    const first = await BareVm.create({ operations })
    const call = first.evaluate("return op('wait')")
    await new Promise((resolve) => setImmediate(resolve))
    first.vm.kill('LIMIT_CPU', 'it took too long')
    await assert.rejects(call, /too long/)
    first.vm.release()
    const second = await BareVm.create()
    const before = Buffer.from(Buffer.from(second.vm.memory))
    answer(secret)
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(Buffer.from(second.vm.memory).equals(before))
  })

  for (const [how, body] of [
    ['for its time', 'for (;;);'],
    ['which had used much', 'globalThis.much = new Uint8Array(15e6).fill(1); for (;;);'],
  ] as const) {
    it(`makes no more of them when 200 VMs end one after the other, ${how}`, async () => {
      const use = async (count: number) => {
        for (let i = 0; i < count; i++) {
          const vm = await BareVm.create({ limits: { cpuMs: 20, memoryBytes: 24 * 1024 * 1024 } })
          await vm.evaluate(`try { ${body} } catch {}`).catch(() => {})
          vm.vm.release()
        }
      }
      await use(20)
      const before = rssMb()
      await use(180)
      assert.ok(rssMb() - before < 100, `resident memory grew by ${rssMb() - before} MB`)
    })
  }
})
