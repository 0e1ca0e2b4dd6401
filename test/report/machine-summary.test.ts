import assert from 'node:assert/strict'
import { machineSummary } from '../../report/machine-summary.js'
import { context, run } from './summarised-run.js'

describe('machineSummary', () => {
  const { store } = run()
  const summary = machineSummary(store, context, 'dir/script.js', new Date('2026-11-22T07:44:52Z'))
  const metric = (name: string) => summary.results.metrics.find((one) => one.name === name)

  it('says what was run, for how many seconds, and when this was written', () => {
    assert.deepEqual(Object.keys(summary), ['version', 'metadata', 'config', 'results'])
    assert.deepEqual(summary.config, { execution: 'local', script: 'dir/script.js', duration: 2 })
    assert.equal(new Date(summary.metadata.generatedAt).toISOString(), '2026-11-22T07:44:52.000Z')
  })

  it('has the values of each type under the names of the schema', () => {
    assert.deepEqual(metric('cnt'), { name: 'cnt', type: 'counter', contains: 'default', values: { count: 4 } })
    assert.deepEqual(metric('gau')?.values, { value: 3, min: -1, max: 3 })
    assert.deepEqual(metric('rat')?.values, { matches: 1, total: 2, rate: 0.5 })
  })

  it('has the usual statistics of trends, and those that are asked for', () => {
    assert.deepEqual(metric('tre')?.values, {
      avg: 15,
      min: 10,
      med: 15,
      max: 20,
      'p(90)': 19,
      'p(95)': 19.5,
      count: 2,
    })
  })

  it('lists sub-metrics as metrics', () => {
    assert.equal(metric('tre{a:b}')?.type, 'trend')
  })

  it('sums up checks as the text does', () => {
    assert.deepEqual(
      summary.results.checks?.metrics.map(({ name, values }) => [name, values]),
      [
        ['checks_total', { count: 1 }],
        ['checks_succeeded', { matches: 1, total: 1, rate: 1 }],
        ['checks_failed', { matches: 0, total: 1, rate: 0 }],
      ],
    )
    assert.deepEqual(summary.results.checks?.results, [{ name: 'ok', passes: 1, fails: 0 }])
  })
})
