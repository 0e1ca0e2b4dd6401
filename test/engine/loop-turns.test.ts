import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { LoopTurns } from '../../engine/loop-turns.js'

describe('turns of the event loop', () => {
  it('are over after a few milliseconds, and one for all who wait for the next', async () => {
    const turns = new LoopTurns()
    const nowMs = performance.now()
    assert.equal(turns.isOver(nowMs), false)
    assert.equal(turns.isOver(nowMs + 5), true)
    const next = turns.next()
    assert.equal(turns.next(), next)
    await next
    assert.notEqual(turns.next(), next)
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
      if (turns.isOver(performance.now())) await turns.next()
    }
  })
})
