import assert from 'node:assert/strict'
import { ConsoleBudget } from '../../engine/console-budget.js'
import { SharedCounters } from '../../engine/shared-counters.js'
import { isThreadLost, ThreadHandle } from '../../engine/thread-handle.js'
import type { Stuck } from '../../engine/watchdog.js'
import { trustedLimits } from '../../policy/limits.js'
import { trustedPolicy } from '../../policy/policy.js'

function threadWith(hostMemoryBytes: number): { thread: ThreadHandle; lost: Promise<Stuck> } {
  let thread: ThreadHandle | undefined
  const lost = new Promise<Stuck>((resolve) => {
    thread = new ThreadHandle(
      {
        threadIndex: 0,
        policy: { ...trustedPolicy, limits: { ...trustedLimits, hostMemoryBytes } },
        env: new Map(),
        freezesEnv: false,
        isBaseMode: false,
        isRehearsal: false,
        counters: new SharedCounters().buffer,
        console: new ConsoleBudget(trustedLimits).buffer,
      },
      { onReport: () => {}, onLost: (_thread, why) => resolve(why) },
    )
  })
  return { thread: thread!, lost }
}

describe('ThreadHandle', () => {
  it('tells of a thread that ran out of memory, and fails its calls', async () => {
    // Less than its own program takes.
    const { thread, lost } = threadWith(3 * 1024 * 1024)
    const call = thread.call('start', 0)
    call.catch(() => {})
    assert.equal((await lost).error.code, 'LIMIT_MEMORY')
    for (const late of [call, thread.call('start', 0)]) {
      await assert.rejects(late, (e) => isThreadLost(e) && e.code === 'LIMIT_MEMORY')
    }
    await thread.terminate()
  })

  it('says nothing of a thread that was to end', async () => {
    const { thread, lost } = threadWith(256 * 1024 * 1024)
    await thread.call('start', 0)
    await thread.terminate()
    const nothing = new Promise((resolve) => setImmediate(resolve, 'nothing'))
    assert.equal(await Promise.race([lost, nothing]), 'nothing')
    await assert.rejects(thread.call('start', 0), isThreadLost)
  })
})
