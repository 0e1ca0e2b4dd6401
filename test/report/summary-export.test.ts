import assert from 'node:assert/strict'
import { summaryExport } from '../../report/summary-export.js'
import { context, run } from './summarised-run.js'

describe('summaryExport', () => {
  const { store, thresholds } = run()
  const text = summaryExport(store, thresholds, context)
  const exported = JSON.parse(text)

  it('has flat metrics, in which a crossed threshold is true', () => {
    assert.deepEqual(exported.metrics.cnt, { count: 4, rate: 2, thresholds: { 'count>1': false, 'count<1': true } })
    assert.deepEqual(exported.metrics.rat, { value: 0.5, passes: 1, fails: 1 })
    assert.deepEqual(exported.metrics.tre, { avg: 15, 'p(90)': 19, count: 2 })
  })

  it('has groups and checks by name, whatever the name', () => {
    const group = exported.root_group.groups.g
    const { id, ...check } = group.checks.ok
    assert.match(id, /^[0-9a-f]{32}$/)
    assert.deepEqual(check, { name: 'ok', path: '::g::ok', passes: 1, fails: 0 })
    assert.deepEqual(Object.keys(group.groups), ['__proto__'])
    assert.deepEqual(exported.root_group.checks, {})
  })

  it('is indented by four blanks and leaves out what is undefined', () => {
    assert.ok(text.startsWith('{\n    "root_group": {\n        "name": "",'))
    assert.deepEqual(Object.keys(exported), ['root_group', 'metrics'])
    assert.match(summaryExport(store, thresholds, { ...context, setupData: { a: 1 } }), /"setup_data": \{/)
  })
})
