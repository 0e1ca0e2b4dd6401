import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { isAppError } from '../../errors.js'
import { mostStarved } from '../../runtime/pulse.js'
import { ThreadClock, threadClockFile } from '../../runtime/thread-clock.js'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

describeInVmThread('ThreadClock', import.meta.url, (it) => {
  it('counts what a thread computes and not how long it waits', async () => {
    // Only Linux has it.
    if (!existsSync(threadClockFile)) return
    const clock = ThreadClock.own()!
    const begin = clock.cpuMs()!
    await setTimeout(300)
    const waited = clock.cpuMs()! - begin
    while (clock.cpuMs()! - begin - waited < 50);
    assert.ok(waited < 200, `${waited} ms while it waited`)
  })

  it('says nothing of what it cannot read', () => {
    assert.equal(new ThreadClock(2 ** 20).cpuMs(), undefined)
  })
})

describeInVmThread('the CPU time of a VM', import.meta.url, (it) => {
  const spinning = 'expose({ spin(ms) { const end = Date.now() + ms; while (Date.now() < end); return "done" } })'
  const budgetMs = 50
  const vmWith = async (cpuMs: number | undefined) => {
    const pulse = { begin() {}, end() {}, pause() {}, resume() {}, cpuMs: () => cpuMs }
    const vm = await BareVm.create({ pulse, limits: { cpuMs: budgetMs } })
    await vm.run(spinning)
    return vm
  }

  it('is not over while the thread waits for a processor', async () => {
    const vm = await vmWith(budgetMs - 1)
    assert.equal(await vm.call('spin', budgetMs * 4), 'done')
    assert.equal(vm.vm.death, undefined)
  })

  it('is over when the thread has used it, or nobody knows', async () => {
    for (const cpuMs of [budgetMs + 1, undefined]) {
      const vm = await vmWith(cpuMs)
      await assert.rejects(vm.call('spin', 10_000), (e) => isAppError(e, 'LIMIT_CPU'))
    }
  })

  it('is over at some time, whatever the thread has used', async () => {
    const vm = await vmWith(0)
    await assert.rejects(vm.call('spin', budgetMs * mostStarved * 10), (e) => isAppError(e, 'LIMIT_CPU'))
  })
})
