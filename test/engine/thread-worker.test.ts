import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { Worker } from 'node:worker_threads'
import { startWorkerAhead, takeWorker } from '../../engine/thread-worker.js'
import { trustedLimits } from '../../policy/limits.js'
import { threadResourceLimits } from '../../runtime/thread-limits.js'

const others = { ...trustedLimits, stackBytes: trustedLimits.stackBytes / 2 }

describe('takeWorker', () => {
  const taken: Worker[] = []
  const take = (): number => {
    const worker = takeWorker(trustedLimits)
    taken.push(worker)
    assert.equal(worker.resourceLimits?.stackSizeMb, threadResourceLimits(trustedLimits).stackSizeMb)
    return worker.threadId
  }
  afterEach(() => Promise.all(taken.splice(0).map((worker) => worker.terminate())))

  it('hands over the worker that was started ahead, once', () => {
    // Threads are numbered as they are started.
    const before = take()
    startWorkerAhead(trustedLimits)
    assert.equal(take(), before + 1)
    assert.equal(take(), before + 2)
  })

  it('hands over none that was started with other limits', () => {
    const before = take()
    startWorkerAhead(others)
    assert.equal(take(), before + 2)
  })
})

describe('startWorkerAhead', () => {
  it('keeps no process alive, and says nothing', () => {
    const url = (path: string) => new URL(`../../${path}`, import.meta.url).href
    const program = `
      import { startWorkerAhead } from '${url('engine/thread-worker.js')}'
      import { trustedLimits } from '${url('policy/limits.js')}'
      startWorkerAhead(trustedLimits)`
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      timeout: 15_000,
    })
    assert.deepEqual([status, stdout, stderr], [0, '', ''])
  })
})
