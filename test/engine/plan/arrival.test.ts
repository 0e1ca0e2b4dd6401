import assert from 'node:assert/strict'
import { resolveScenario, type ScenarioSpec } from '../../../engine/options/scenario.js'
import { constantArrivalTicks, rampingArrivalTicks, type Tick } from '../../../engine/plan/arrival.js'
import {
  createStriping,
  parseSegmentSequence,
  type Striping,
  stripingFor,
  wholeTest,
} from '../../../engine/plan/segment.js'

function first(count: number, ticks: Iterable<Tick>): Tick[] {
  const taken: Tick[] = []
  for (const tick of ticks) {
    taken.push(tick)
    if (taken.length === count) break
  }
  return taken
}

function constant(fields: Partial<ScenarioSpec>, striping: Striping = wholeTest) {
  const config = resolveScenario('test', { executor: 'constant-arrival-rate', durationMs: 1_000, ...fields })
  assert.ok(config.executor === 'constant-arrival-rate')
  return constantArrivalTicks(config, striping)
}

function ramping(fields: Partial<ScenarioSpec>, striping: Striping = wholeTest): Tick[] {
  const config = resolveScenario('test', { executor: 'ramping-arrival-rate', ...fields })
  assert.ok(config.executor === 'ramping-arrival-rate')
  return [...rampingArrivalTicks(config, striping)]
}

/** The arithmetic is in floating point, as Go's is, and may cut a nanosecond; rounded to 0.1 µs. */
const offsets = (ticks: Tick[]) => ticks.map(({ offsetMs }) => Math.round(offsetMs * 1e4) / 1e4)

describe('constantArrivalTicks', () => {
  it('ticks from 0 on, once a period', () => {
    assert.deepEqual(offsets(first(4, constant({ rate: 10 }))), [0, 100, 200, 300])
  })

  it('cuts the period to nanoseconds', () => {
    const exact = first(3, constant({ rate: 3 })).map(({ offsetMs }) => offsetMs)
    assert.deepEqual(exact, [0, 333.333333, 666.666666])
    assert.deepEqual(offsets(first(3, constant({ rate: 1, timeUnitMs: 60_000 }))), [0, 60_000, 120_000])
  })

  it('leaves each segment its own ticks at the times of the whole test', () => {
    const sequence = parseSegmentSequence('0,1/3,2/3,1')
    const all = sequence.flatMap((segment) => {
      const striping = stripingFor(createStriping(segment, sequence), 7)
      return striping === undefined ? [] : first(30, constant({ rate: 10 }, striping))
    })
    const indexes = all.map(({ index }) => index).sort((a, b) => a - b)
    assert.deepEqual(
      indexes.slice(0, 50),
      Array.from({ length: 50 }, (_, index) => index),
    )
    for (const { offsetMs, index } of all) assert.equal(offsetMs, index * 100)
  })
})

describe('rampingArrivalTicks', () => {
  it('starts after one period, not at 0, and has the last tick at the end of a level stage', () => {
    const ticks = offsets(ramping({ startRate: 10, stages: [{ durationMs: 1_000, target: 10 }] }))
    assert.equal(ticks.length, 10)
    assert.equal(ticks[0], 100)
    assert.equal(ticks[9], 1_000)
  })

  it('starts iteration i when the area under the rate reaches i', () => {
    // from 0 to 10/s in 2 s the area after t seconds is 2.5 t²
    const ticks = offsets(ramping({ stages: [{ durationMs: 2_000, target: 10 }] }))
    assert.equal(ticks.length, 10)
    ticks.forEach((ms, index) => {
      assert.ok(Math.abs(ms - Math.sqrt((index + 1) / 2.5) * 1_000) < 0.001, `${index}: ${ms}`)
    })
  })

  it('carries what is left of an iteration over to the next stage', () => {
    const ticks = offsets(
      ramping({
        startRate: 1,
        stages: [
          { durationMs: 1_500, target: 1 },
          { durationMs: 1_500, target: 1 },
        ],
      }),
    )
    assert.deepEqual(ticks, [1_000, 2_000, 3_000])
  })

  it('jumps to another rate in a stage of no length', () => {
    const stages = [
      { durationMs: 0, target: 10 },
      { durationMs: 500, target: 10 },
    ]
    assert.deepEqual(offsets(ramping({ stages })), [100, 200, 300, 400, 500])
  })

  it('has nothing to do at a rate of 0 and ends a ramp down to it', () => {
    assert.deepEqual(ramping({ stages: [{ durationMs: 1_000, target: 0 }] }), [])
    const ticks = offsets(ramping({ startRate: 10, stages: [{ durationMs: 2_000, target: 0 }] }))
    assert.equal(ticks.length, 10)
    assert.equal(ticks[9], 2_000)
  })

  it('leaves each segment its own ticks at the times of the whole test', () => {
    const fields = { startRate: 2, stages: [{ durationMs: 3_000, target: 20 }] }
    const sequence = parseSegmentSequence('0,1/4,1')
    const parts = sequence.flatMap((segment) => ramping(fields, stripingFor(createStriping(segment, sequence), 8)))
    parts.sort((a, b) => a.index - b.index)
    assert.deepEqual(parts, ramping(fields))
  })
})
