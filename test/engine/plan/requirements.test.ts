import assert from 'node:assert/strict'
import { consolidateOptions } from '../../../engine/options/consolidate.js'
import { parseOptions } from '../../../engine/options/options.js'
import { planExecution } from '../../../engine/plan/requirements.js'
import { parseSegment } from '../../../engine/plan/segment.js'

const scenariosOf = (json: object) =>
  consolidateOptions({ script: parseOptions(json, 'script').options }, () => true).scenarios
const plan = (json: object, segment?: string) =>
  planExecution(scenariosOf(json), segment === undefined ? undefined : parseSegment(segment))

describe('planExecution', () => {
  const described: [string, object, string][] = [
    [
      'shared-iterations',
      { vus: 2, iterations: 6 },
      '6 iterations shared among 2 VUs (maxDuration: 10m0s, gracefulStop: 30s)',
    ],
    ['per-vu-iterations', {}, '1 iterations for each of 1 VUs (maxDuration: 10m0s, gracefulStop: 30s)'],
    ['constant-vus', { vus: 3, duration: '3s' }, '3 looping VUs for 3s (gracefulStop: 30s)'],
    [
      'constant-vus',
      { duration: '3s', gracefulStop: 0, exec: 'f', startTime: '1s' },
      '1 looping VUs for 3s (exec: f, startTime: 1s)',
    ],
    ['constant-vus', { duration: '3s', gracefulStop: 0 }, '1 looping VUs for 3s'],
    [
      'ramping-vus',
      {
        stages: [
          { duration: '10s', target: 10 },
          { duration: '10s', target: 0 },
        ],
      },
      'Up to 10 looping VUs for 20s over 2 stages (gracefulRampDown: 30s, gracefulStop: 30s)',
    ],
    [
      'constant-arrival-rate',
      { rate: 10, duration: '1s', preAllocatedVUs: 1, maxVUs: 5 },
      '10.00 iterations/s for 1s (maxVUs: 1-5, gracefulStop: 30s)',
    ],
    [
      'constant-arrival-rate',
      { rate: 1, timeUnit: '8s', duration: '1s', preAllocatedVUs: 5 },
      '0.12 iterations/s for 1s (maxVUs: 5, gracefulStop: 30s)',
    ],
    [
      'ramping-arrival-rate',
      { stages: [{ duration: '1s', target: 10 }], preAllocatedVUs: 2 },
      'Up to 10.00 iterations/s for 1s over 1 stages (maxVUs: 2, gracefulStop: 30s)',
    ],
  ]
  for (const [executor, fields, text] of described) {
    it(`describes ${executor} with ${JSON.stringify(fields)}`, () => {
      assert.deepEqual(plan({ scenarios: { s: { executor, ...fields } } }).descriptions, [`s: ${text}`])
    })
  }

  it('sums the test up in one line', () => {
    assert.equal(
      plan({ vus: 2, iterations: 6 }).summary,
      '(100.00%) 1 scenario, 2 max VUs, 10m30s max duration (incl. graceful stop):',
    )
  })

  const two = (startTime: string) => ({
    scenarios: {
      a: { executor: 'constant-vus', vus: 3, duration: '10s', gracefulStop: '5s' },
      b: { executor: 'constant-vus', vus: 2, duration: '10s', gracefulStop: '5s', startTime },
    },
  })

  it('shares VUs between scenarios that do not overlap', () => {
    const { steps, maxPlannedVUs, maxDurationMs } = plan(two('15s'))
    assert.equal(maxPlannedVUs, 3)
    assert.equal(maxDurationMs, 30_000)
    assert.deepEqual(
      steps.map(({ offsetMs, plannedVUs }) => [offsetMs, plannedVUs]),
      [
        [0, 3],
        [15_000, 0],
        [15_000, 2],
        [30_000, 0],
      ],
    )
  })

  it('adds VUs of scenarios that overlap, graceful stop included', () => {
    assert.equal(plan(two('14s')).maxPlannedVUs, 5)
    assert.equal(plan(two('14s')).summary, '(100.00%) 2 scenarios, 5 max VUs, 29s max duration (incl. graceful stop):')
  })

  it('counts unplanned VUs as possible and not as planned', () => {
    const { maxPlannedVUs, maxPossibleVUs } = plan({
      scenarios: { s: { executor: 'constant-arrival-rate', rate: 1, duration: '1s', preAllocatedVUs: 2, maxVUs: 7 } },
    })
    assert.deepEqual([maxPlannedVUs, maxPossibleVUs], [2, 7])
  })

  it('takes the share of a segment', () => {
    const { summary, descriptions } = plan({ vus: 6, iterations: 10 }, '1/3')
    assert.match(summary, /^\(33\.33%\) 1 scenario, 2 max VUs/)
    assert.match(descriptions[0] ?? '', /^default: \d iterations shared among 2 VUs/)
  })

  it('leaves out scenarios that a segment has no work for, but describes them', () => {
    const { scenarios, descriptions, maxPlannedVUs } = plan({ vus: 1, iterations: 1 }, '2/3:1')
    assert.deepEqual(scenarios, [])
    assert.equal(maxPlannedVUs, 0)
    assert.equal(descriptions.length, 1)
  })
})
