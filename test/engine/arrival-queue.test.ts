import assert from 'node:assert/strict'
import { ArrivalQueue, type ArrivalTimes, TickCursor } from '../../engine/arrival-queue.js'
import type { Tick } from '../../engine/plan/arrival.js'
import { SharedCounters } from '../../engine/shared-counters.js'

describe('ArrivalQueue', () => {
  const times: ArrivalTimes = { scenario: 0, startTimeMs: 1000, endTimeMs: 1100, lastStartMs: 1600 }
  /** 0, 10, 20 … ms, without an end. */
  function* ticks(): Generator<Tick> {
    for (let index = 0; ; index++) yield { offsetMs: index * 10, index }
  }
  const queueAt = (nowMs: number, counters: SharedCounters) => new ArrivalQueue(times, ticks(), counters, () => nowMs)

  /** Lets a VU begin iterations as long as it may; answers how many. */
  async function begin(queue: ArrivalQueue, vu: number): Promise<number> {
    let count = 0
    while (await queue.turn(vu, false)) count++
    return count
  }

  it('gives each iteration that is due before the end to one VU of one thread, also when it is late', async () => {
    const counters = new SharedCounters()
    const [a, b] = [queueAt(1599, counters), queueAt(1599, counters)]
    const begun = await Promise.all([begin(a, 1), begin(a, 3), begin(b, 2), begin(b, 4)])
    assert.equal(
      begun.reduce((sum, count) => sum + count),
      10,
    )
    assert.ok(
      begun.every((count) => count > 0),
      begun.join(),
    )
    assert.equal(counters.getFor(0, 'taken'), 10)
    assert.equal(counters.getFor(0, 'idle'), 0)
  })

  it('gives several that are late in one turn of the loop, which takes long beside a script that computes', async () => {
    const queue = queueAt(1095, new SharedCounters())
    let given = 0
    for (let vu = 1; vu <= 20; vu++) {
      void queue.turn(vu, false).then((hasTurn) => {
        if (hasTurn) given++
      })
    }
    const counts: number[] = []
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      counts.push(given)
    }
    // The first one comes at once, and may do all that it can do so.
    assert.deepEqual(counts, [9, 10, 10])
  })

  it('begins nothing that is too late', async () => {
    const counters = new SharedCounters()
    assert.equal(await begin(queueAt(1600, counters), 1), 0)
    assert.equal(counters.getFor(0, 'taken'), 0)
  })

  it('counts VUs as idle while they wait, and lets one go', async () => {
    const counters = new SharedCounters()
    const queue = queueAt(-1e6, counters)
    const waiting = [queue.turn(1, false), queue.turn(2, false)]
    assert.equal(counters.getFor(0, 'idle'), 2)
    queue.leave(1)
    assert.equal(await waiting[0], false)
    assert.equal(counters.getFor(0, 'idle'), 1)
    queue.leave(2)
    assert.equal(counters.getFor(0, 'idle'), 0)
  })

  it('goes on where others are', () => {
    const counters = new SharedCounters()
    const [mine, other] = [new TickCursor(ticks(), counters, 0), new TickCursor(ticks(), counters, 0)]
    assert.equal(mine.offsetMs, 0)
    assert.equal(other.offsetMs, 0)
    assert.equal(other.take(), true)
    assert.equal(mine.take(), false)
    assert.equal(mine.offsetMs, 10)
    assert.equal(mine.take(), true)
    assert.equal(other.offsetMs, 20)
  })
})
