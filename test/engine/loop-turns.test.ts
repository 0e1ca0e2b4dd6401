import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { LoopTurns } from '../../engine/loop-turns.js'

describe('turns of the event loop', () => {
  it('are over after a few milliseconds in which the loop did not go round', async () => {
    const turns = new LoopTurns()
    const nowMs = performance.now()
    assert.equal(turns.isOver(nowMs), false)
    assert.equal(turns.isOver(nowMs + 5), false, 'the loop may have gone round before')
    assert.equal(turns.isOver(nowMs + 10), true)
    await new Promise<void>((resolve) => setImmediate(resolve))
    assert.equal(turns.isOver(nowMs + 15), false, 'it has')
  })

  it('come although somebody goes on in microtasks for ever', async () => {
    const turns = new LoopTurns()
    let hasTurned = false
    setTimeout(() => {
      hasTurned = true
    }, 0)
    for (;;) {
      await undefined
      if (hasTurned) break
      if (turns.isOver(performance.now())) await new Promise<void>((resolve) => turns.next(resolve))
    }
  })
})
