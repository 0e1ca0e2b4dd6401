import assert from 'node:assert/strict'
import type { AuditRecord } from '../../policy/audit.js'
import type { Limits } from '../../policy/limits.js'
import { runScript } from '../support/run-script.js'

/** A run of 40 iterations, of a VU for each thread, with what it said of limits. */
async function run(source: string, limits: Partial<Limits>, threads = 1) {
  const records: AuditRecord[] = []
  const outcome = await runScript(`export const options = { vus: ${threads}, iterations: 40 }\n${source}`, {
    threads,
    limits,
    settings: { hasBreakdown: true },
    audit: (record) => records.push(record),
  })
  const warnings = outcome.lines.filter(({ level }) => level === 'warning').map(({ msg }) => msg)
  return { ...outcome, warnings, records: records.map(({ section, subject, count }) => ({ section, subject, count })) }
}

describe('a script that makes too many names', () => {
  const dropped = (limit: string, most: number, count: number) => ({
    warnings: [`${count} samples were dropped (limit ${limit}: ${most})`],
    records: [{ section: `limits.${limit}`, subject: 'samples', count }],
  })

  it('of tags: further series of the run are dropped and counted, and the others go on', async () => {
    const { run: test, ...said } = await run(
      `import { Counter } from 'k6/metrics'
      const all = new Counter('all')
      export default function () {
        for (let i = 0; i < 50; i++) all.add(1, { n: String(i) })
        all.add(1)
      }`,
      { series: 30 },
      2,
    )
    assert.equal(test.store.seriesCount, 30)
    const count = 40 * 51 - said.count('all')!
    assert.ok(count >= 40 * 21, `${count} were dropped`)
    // The run's own samples may come too late as well.
    assert.match(said.warnings[0]!, /^\d+ samples were dropped \(limit series: 30\)$/)
    assert.ok(Number.parseInt(said.warnings[0]!, 10) >= count)
    assert.equal(said.records[0]!.section, 'limits.series')
  })

  it('of checks and groups', async () => {
    const { run: test, warnings } = await run(
      `import { check, group } from 'k6'
      export default function () {
        for (let i = 0; i < 20; i++) check(i, { ['c' + i]: true })
        for (let i = 0; i < 20; i++) group('g' + i, () => group('inside', () => check(i, { c0: true })))
      }`,
      { checks: 5 },
    )
    const groups = [...test.store.rootGroup.groups.values()]
    assert.equal(test.store.checks.size, 5)
    assert.ok(groups.reduce((sum, { groups: inside }) => sum + 1 + inside.size, 0) <= 5)
    assert.match(warnings[0]!, /^\d+ samples were dropped \(limit checks: 5\)$/)
  })

  for (const [limit, most, sample] of [
    ['tagBytes', 20, "all.add(1, { n: 'x'.repeat(21) })"],
    ['tagBytes', 20, "all.add(1, { n: 'x'.repeat(1e6) })"],
    ['tags', 10, 'all.add(1, Object.fromEntries([...Array(20).keys()].map(i => [i, i])))'],
    ['nameBytes', 20, "check(1, { ['x'.repeat(21)]: true })"],
  ] as const) {
    it(`too long or too many for ${limit}: ${sample}`, async () => {
      const { warnings, records, count } = await run(
        `import { check } from 'k6'; import { Counter } from 'k6/metrics'
        const all = new Counter('all')
        export default function () { ${sample}; all.add(1) }`,
        { [limit]: most },
      )
      assert.deepEqual({ warnings, records }, dropped(limit, most, 40))
      assert.equal(count('all'), 40)
    })
  }

  it('of metrics: the one that is too many throws and is on record', async () => {
    const { said, records } = await run(
      `import { Counter } from 'k6/metrics'
      const found = []
      for (let i = 0; i < 4; i++) try { new Counter('m' + i) } catch (e) { found.push(e.name + ': ' + e.message) }
      export default function () { if (__ITER === 0) console.log(JSON.stringify(found)) }`,
      { metrics: 2 },
    )
    const found = JSON.parse(said[0]!) as string[]
    assert.equal(found.length, 2)
    assert.match(found[0]!, /^GoError: metric 'm2' is one too many, \d+ exist already \(limit metrics\)$/)
    assert.ok(records.every(({ section }) => section === 'limits.metrics'))
    assert.deepEqual([...new Set(records.map(({ subject }) => subject))], ['m2', 'm3'])
  })
})
