import assert from 'node:assert/strict'
import { summaryData } from '../../report/summary-data.js'
import { context, run } from './summarised-run.js'

describe('summaryData', () => {
  const { store, thresholds } = run()
  const data = summaryData(store, thresholds, context)
  const plain = JSON.parse(JSON.stringify(data)) as typeof data

  it('has the values of each type of metric, and the verdicts of thresholds', () => {
    assert.deepEqual(plain.metrics, {
      cnt: {
        type: 'counter',
        contains: 'default',
        values: { count: 4, rate: 2 },
        thresholds: { 'count>1': { ok: true }, 'count<1': { ok: false } },
      },
      gau: { type: 'gauge', contains: 'default', values: { value: 3, min: -1, max: 3 } },
      rat: { type: 'rate', contains: 'default', values: { rate: 0.5, passes: 1, fails: 1 } },
      tre: { type: 'trend', contains: 'default', values: { avg: 15, 'p(90)': 19, count: 2 } },
      'tre{a:b}': {
        type: 'trend',
        contains: 'default',
        values: { avg: 0, 'p(90)': 0, count: 0 },
        thresholds: { 'p(95)<5': { ok: true } },
      },
      checks: { type: 'rate', contains: 'default', values: { rate: 1, passes: 1, fails: 0 } },
      group_duration: { type: 'trend', contains: 'time', values: { avg: 1, 'p(90)': 1, count: 1 } },
    })
  })

  it('has the groups and checks as lists', () => {
    const [group] = plain.root_group.groups
    assert.deepEqual(
      { ...plain.root_group, groups: [] },
      {
        name: '',
        path: '',
        id: 'd41d8cd98f00b204e9800998ecf8427e',
        groups: [],
        checks: [],
      },
    )
    assert.deepEqual([group?.name, group?.path, group?.groups[0]?.path], ['g', '::g', '::g::__proto__'])
    assert.deepEqual(
      group?.checks.map(({ id: _, ...rest }) => rest),
      [{ name: 'ok', path: '::g::ok', passes: 1, fails: 0 }],
    )
  })

  it('has options, state, and a place for the result of setup()', () => {
    assert.deepEqual(data.options, { summaryTrendStats: context.trendStats, summaryTimeUnit: 'ms', noColor: true })
    assert.deepEqual(data.state, { isStdOutTTY: false, isStdErrTTY: true, testRunDurationMs: 2000 })
    assert.ok(Object.keys(data).includes('setup_data'))
    assert.deepEqual(summaryData(store, thresholds, { ...context, setupData: [1] }).setup_data, [1])
  })
})
