import assert from 'node:assert/strict'
import { ConsoleBudget } from '../../engine/console-budget.js'
import type { LogLine } from '../../host/vu-context.js'
import type { AuditRecord } from '../../policy/audit.js'
import { runScript } from '../support/run-script.js'

const line = (msg: string, timeMs = 0): LogLine => ({ level: 'info', msg, fields: {}, timeMs })
const none = Number.POSITIVE_INFINITY

describe('ConsoleBudget', () => {
  it('counts the lines of a second over all threads, and begins anew with the next one', () => {
    const first = new ConsoleBudget({ consoleLinesPerSecond: 3, consoleBytes: none })
    const second = new ConsoleBudget({ consoleLinesPerSecond: 3, consoleBytes: none }, first.buffer)
    const took = [first, second, first, second, first].map((budget) => budget.take(line('x', 1999)))
    const limit = 'consoleLinesPerSecond'
    assert.deepEqual(took, [undefined, undefined, undefined, { limit, isFirst: true }, { limit, isFirst: false }])
    assert.equal(second.take(line('x', 2000)), undefined)
    assert.equal(second.dropped(limit), 2)
  })

  it('does not begin anew for a line that comes late', () => {
    const budget = new ConsoleBudget({ consoleLinesPerSecond: 1, consoleBytes: none })
    assert.equal(budget.take(line('x', 5000)), undefined)
    assert.equal(budget.take(line('x', 4000))?.limit, 'consoleLinesPerSecond')
    assert.equal(budget.take(line('x', 5999))?.limit, 'consoleLinesPerSecond')
  })

  it('counts bytes of texts and fields, and drops all that follow', () => {
    const budget = new ConsoleBudget({ consoleLinesPerSecond: none, consoleBytes: 10 })
    assert.equal(budget.take({ ...line('ää'), fields: { a: 'bcd' } }), undefined)
    assert.deepEqual(budget.take(line('abc')), { limit: 'consoleBytes', isFirst: true })
    assert.deepEqual(budget.take(line('a')), { limit: 'consoleBytes', isFirst: false })
    assert.equal(budget.dropped('consoleBytes'), 2)
  })
})

describe('a script that logs too much', () => {
  const flood = (what: string) => `
    import exec from 'k6/execution'
    export const options = { vus: 4, iterations: 400 }
    export default function () { ${what} }`
  const floods: Record<string, string> = {
    'with console.log': 'for (let i = 0; i < 50; i++) console.log(i)',
    'with errors of iterations': "throw new Error('x')",
    'with exec.test.fail': "for (let i = 0; i < 50; i++) exec.test.fail('no')",
    'with warnings': "for (let i = 0; i < 50; i++) exec.vu.tags['a'] = { toString() { return 'x' } }",
  }
  for (const [how, what] of Object.entries(floods)) {
    it(`is heard up to the limit, with one warning when it begins and one at the end: ${how}`, async () => {
      const records: AuditRecord[] = []
      const { lines, count } = await runScript(flood(what), {
        threads: 2,
        limits: { consoleBytes: 500, consoleLinesPerSecond: 1_000_000 },
        audit: (record) => records.push(record),
      })
      const warnings = lines.filter(({ msg }) => msg.includes('(limit consoleBytes'))
      assert.equal(warnings.length, 2, JSON.stringify(lines.slice(-3)))
      assert.match(warnings[0]!.msg, /^console lines are dropped from now on: there were more than 500 bytes /)
      assert.match(warnings[1]!.msg, /^\d+ console lines were dropped \(limit consoleBytes: 500\)$/)
      assert.ok(lines.length < 520, `${lines.length} lines`)
      assert.equal(count('iterations'), 400)
      const dropped = Number.parseInt(warnings[1]!.msg, 10)
      assert.deepEqual(
        records.map(({ timeMs: _, ...record }) => record),
        [{ section: 'limits.consoleBytes', rule: '500', subject: 'console lines', vu: 0, count: dropped }],
      )
    })
  }

  it('loses nothing within the limits', async () => {
    const { said, lines } = await runScript(flood("console.log('x')"), { limits: { consoleBytes: 100_000 } })
    assert.equal(said.length, 400)
    assert.equal(lines.length, 400)
  })
})
