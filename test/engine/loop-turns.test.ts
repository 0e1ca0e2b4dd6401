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

  it('begin a few VUs each, in the order in which they asked', async () => {
    const turns = new LoopTurns()
    const begun: number[] = []
    const all = Array.from({ length: 30 }, (_, i) => turns.start().then(() => begun.push(i)))
    const counts: number[] = []
    while (begun.length < 30) {
      await new Promise((resolve) => setImmediate(resolve))
      counts.push(begun.length)
    }
    await Promise.all(all)
    assert.deepEqual(begun, [...Array(30).keys()])
    assert.ok(counts.filter((count) => count > 0).length >= 4, counts.join())
    await turns.start()
  })
})

describe('those who wait for their turn', () => {
  it('go on one after the other, a turn each where they use it up, in the order in which they came', async () => {
    const turns = new LoopTurns()
    const order: string[] = []
    const compute = (name: string, times: number) => () => {
      order.push(name)
      const end = performance.now() + 6
      while (performance.now() < end);
      if (times > 1) turns.next(compute(name, times - 1))
    }
    const loop = () => new Promise<void>((resolve) => setImmediate(resolve))
    for (const name of ['a', 'b', 'c']) turns.next(compute(name, 2))
    for (let i = 0; i < 6; i++) {
      await loop()
      assert.equal(order.length, i + 1, 'the loop goes round in between')
    }
    assert.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('go on for longer, within bounds, before the next pause where that takes long', () => {
    const turns = new LoopTurns()
    assert.ok(turns.leastMs(0.05) < 5)
    assert.ok(turns.leastMs(1) > 20)
    assert.ok(turns.leastMs(1000) <= 200)
  })
})
