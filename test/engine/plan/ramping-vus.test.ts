import assert from 'node:assert/strict'
import { type RampingVUsConfig, resolveScenario, type StageSpec } from '../../../engine/options/scenario.js'
import { rampingVUsSteps, reservedVUsSteps } from '../../../engine/plan/ramping-vus.js'
import { createStriping, parseSegmentSequence, wholeTest } from '../../../engine/plan/segment.js'

function ramping(startVUs: number, stages: [seconds: number, target: number][], more = {}): RampingVUsConfig {
  const specs: StageSpec[] = stages.map(([seconds, target]) => ({ durationMs: seconds * 1_000, target }))
  const config = resolveScenario('test', { executor: 'ramping-vus', startVUs, stages: specs, ...more })
  assert.ok(config.executor === 'ramping-vus')
  return config
}

/** Steps as `seconds:vus`. */
const shown = (steps: readonly { offsetMs: number; vus: number }[]) =>
  steps.map(({ offsetMs, vus }) => `${offsetMs / 1_000}:${vus}`).join(' ')

// up, down, up, a jump, level, down to nothing, level
const example: [number, number][] = [
  [2, 5],
  [4, 1],
  [2, 3],
  [0, 6],
  [2, 6],
  [3, 0],
  [1, 0],
]
const exampleSteps = '0:3 1:4 2:5 3:4 4:3 5:2 6:1 7:2 8:3 8:6 10.5:5 11:4 11.5:3 12:2 12.5:1 13:0'

describe('rampingVUsSteps', () => {
  it('reaches n VUs at second n on the way from 0 to 10 in 10 s', () => {
    assert.equal(
      shown(rampingVUsSteps(ramping(0, [[10, 10]]), wholeTest, false)),
      '0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9 10:10',
    )
  })

  it('has 9 VUs from second 1 and none at the end on the way back', () => {
    assert.equal(
      shown(rampingVUsSteps(ramping(10, [[10, 0]]), wholeTest, true)),
      '0:10 1:9 2:8 3:7 4:6 5:5 6:4 7:3 8:2 9:1 10:0',
    )
  })

  it('follows many stages and jumps in those of no length', () => {
    assert.equal(shown(rampingVUsSteps(ramping(3, example), wholeTest, false)), exampleSteps)
  })

  it('ends at zero when asked, with the last stage', () => {
    assert.equal(
      shown(
        rampingVUsSteps(
          ramping(1, [
            [1, 2],
            [4, 2],
          ]),
          wholeTest,
          true,
        ),
      ),
      '0:1 1:2 5:0',
    )
  })

  it('cuts moments to nanoseconds', () => {
    const [, , second] = rampingVUsSteps(ramping(0, [[1, 3]]), wholeTest, false)
    assert.equal(second?.offsetMs, 666.666667)
  })

  it('adds up over the segments of a test at every moment', () => {
    const sequence = parseSegmentSequence('0,1/7,1/2,1')
    const config = ramping(3, example)
    const whole = rampingVUsSteps(config, wholeTest, false)
    const parts = sequence.map((segment) => rampingVUsSteps(config, createStriping(segment, sequence), false))
    const at = (steps: typeof whole, offsetMs: number) => steps.findLast((step) => step.offsetMs <= offsetMs)?.vus ?? 0
    for (const { offsetMs } of whole) {
      const sum = parts.reduce((total, steps) => total + at(steps, offsetMs), 0)
      assert.equal(sum, at(whole, offsetMs), `${offsetMs}`)
    }
  })
})

describe('reservedVUsSteps', () => {
  const plans: [string, object, string][] = [
    ['with the default periods', {}, '0:3 1:4 2:5 8:6 40.5:5 41:4 41.5:3 42:2 42.5:1 43:0'],
    [
      'with a short ramp-down',
      { gracefulRampDownMs: 2_000, gracefulStopMs: 5_000 },
      '0:3 1:4 2:5 5:4 6:3 7:2 8:3 8:6 12.5:5 13:4 13.5:3 14:2 14.5:1 15:0',
    ],
    ['until the graceful stop cuts it', { gracefulStopMs: 28_000 }, '0:3 1:4 2:5 8:6 40.5:5 41:4 41.5:3 42:0'],
    ['with a short graceful stop', { gracefulStopMs: 3_000 }, '0:3 1:4 2:5 8:6 17:0'],
    ['without a graceful stop', { gracefulStopMs: 0 }, '0:3 1:4 2:5 8:6 14:0'],
    ['not without a graceful ramp-down', { gracefulRampDownMs: 0 }, exampleSteps],
  ]
  for (const [title, more, steps] of plans) {
    it(`keeps VUs that may still be finishing, ${title}`, () => {
      assert.equal(shown(reservedVUsSteps(ramping(3, example, more), wholeTest)), steps)
    })
  }

  it('keeps VUs that are needed again before a ramp-down would end', () => {
    const config = ramping(
      10,
      [
        [10, 0],
        [10, 10],
        [10, 0],
      ],
      { gracefulRampDownMs: 5_000, gracefulStopMs: 30_000 },
    )
    assert.equal(
      shown(reservedVUsSteps(config, wholeTest)),
      '0:10 6:9 7:8 8:7 9:6 10:5 11:4 12:3 14:4 15:5 16:6 17:7 18:8 19:9 20:10 26:9 27:8 28:7 29:6 30:5 31:4 32:3 33:2 34:1 35:0',
    )
  })
})
