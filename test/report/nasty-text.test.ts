/** One text that is everything at once, through every door by which a text of a script or a server leaves. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findingsJson, findingsText } from '../../cli/ui/findings.js'
import { type ThresholdDefinition, Thresholds } from '../../metrics/thresholds.js'
import { descriptionText } from '../../report/description.js'
import { Logger } from '../../report/logger.js'
import { OutputTrouble } from '../../report/outputs/output-trouble.js'
import { progressFrame } from '../../report/progress.js'
import { summaryExport } from '../../report/summary-export.js'
import { summaryText } from '../../report/summary-text.js'
import { feed, newStore, type RunSample, someTimeMs } from '../metrics/run-of.js'
import { runWith } from './outputs/run-with.js'
import { context } from './summarised-run.js'

const controls = String.fromCharCode(...Array(32).keys(), ...Array.from({ length: 33 }, (_, i) => 127 + i))
const nasty = [
  controls,
  '\u001b[2J\u001b[31m\u009b2J\u001b]0;title\u0007\u001b]52;c;ZXZpbA==\u0007\u001bP1$r\u001b\\',
  '\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069',
  '\ud800 \udc00',
  '</script><script>alert(1)</script><img src=x onerror=alert(1)>',
].join(' ')

/** Everything that a terminal, a viewer of logs or a browser would act on, but line ends and tabs, which our layout has. */
const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

function assertClean(where: string, text: string): void {
  const found = raw.exec(Buffer.from(text).toString())
  assert.equal(
    found,
    null,
    `${where}: ${JSON.stringify(text.slice((found?.index ?? 0) - 40, (found?.index ?? 0) + 10))}`,
  )
  assert.ok(!/<script>alert|<img src=x/.test(text) || !where.startsWith('html'), where)
}

const samples: RunSample[] = [
  ['cnt', 1, { kind: nasty, [nasty]: 'x', group: `::${nasty}`, scenario: nasty, name: nasty }],
  ['checks', 1, { check: nasty, group: `::${nasty}::${nasty}`, scenario: nasty }],
  ['checks', 0, { check: `=${nasty}`, group: '' }],
  ['group_duration', 5, { group: `::${nasty}` }],
  ['grpc_req_duration', 5, { method: nasty, status: nasty, url: nasty, scenario: 'default', error: nasty }],
]

const definitions = new Map<string, ThresholdDefinition[]>([
  [`cnt{kind:${nasty.replace(/["'{},]/g, '')}}`, [{ threshold: 'count<0' }]],
])

function nastyRun() {
  const store = newStore({ hasBreakdown: true })
  const thresholds = Thresholds.of(definitions, store)
  feed(store, samples)
  thresholds.evaluate(2000, true)
  return { store, thresholds }
}

describe('a text with everything that a reader could act on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nasty-'))
  after(() => rmSync(folder, { recursive: true }))

  for (const [format, isColored] of [
    ['text', false],
    ['json', false],
    ['raw', false],
  ] as const) {
    it(`comes out of the log as text: ${format}`, () => {
      const written: string[] = []
      const target = { write: (text: string) => written.push(text) }
      const logger = new Logger({ target, format, isColored })
      logger.error(nasty, { [nasty]: nasty, error: nasty })
      assert.equal(written.length, 1)
      assertClean(`log ${format}`, written.join(''))
    })
  }

  it('comes out of the log on a terminal with our own colours only', () => {
    const written: string[] = []
    const target = { write: (text: string) => written.push(text) }
    new Logger({ target, isColored: true }).error(nasty, { [nasty]: nasty })
    assertClean('log', written.join('').replace(/\u001b\[(?:31|0)m/g, ''))
    assert.equal(written.join('').match(/\u001b\[31m/g)?.length, 2)
  })

  for (const mode of ['compact', 'full'] as const) {
    it(`comes out of the summary as text: ${mode}`, () => {
      const { store, thresholds } = nastyRun()
      const text = summaryText(store, thresholds, context, mode)
      assert.match(text, /alert\(1\)/)
      assertClean('summary', text)
      const lines = text.split('\n').length
      const plain = newStore({ hasBreakdown: true })
      const plainThresholds = Thresholds.of(new Map([['cnt{kind:x}', [{ threshold: 'count<0' }]]]), plain)
      const plainOf = (value: string) => value.replaceAll(nasty, 'x')
      feed(
        plain,
        samples.map(([name, value, tags = {}]) => [
          name,
          value,
          Object.fromEntries(Object.entries(tags).map(([key, tag]) => [plainOf(key), plainOf(tag)])),
        ]),
      )
      // No name makes a line of its own.
      assert.equal(lines, summaryText(plain, plainThresholds, context, mode).split('\n').length)
    })
  }

  it('comes out of the file of the summary as JSON that reads back unchanged', () => {
    const { store, thresholds } = nastyRun()
    const text = summaryExport(store, thresholds, { ...context, setupData: { [nasty]: nasty } })
    assertClean('summary export', text)
    const { root_group, setup_data } = JSON.parse(text)
    assert.deepEqual(Object.keys(root_group.groups), [nasty])
    assert.equal(setup_data[nasty], nasty)
  })

  for (const output of ['json=-', 'csv=-']) {
    it(`comes out of the output ${output} as text`, async () => {
      const { stdout } = await runWith(output, samples, { thresholds: definitions })
      assert.match(stdout, /alert\(1\)/)
      assertClean(output, stdout)
    })
  }

  it('comes out of a report as text', async () => {
    const file = join(folder, 'report.html')
    const { store, thresholds } = nastyRun()
    const { HtmlOutput } = await import('../../report/html/html-output.js')
    const output = new HtmlOutput({
      path: file,
      store,
      run: { script: nasty, summary: nasty, scenarios: [nasty], options: { [nasty]: nasty, tags: { [nasty]: nasty } } },
      stdout: { write: () => {} },
      onError: (error) => assert.fail(error),
    })
    store.onSamples((batch) => output.add(batch))
    feed(store, samples)
    await output.stop({ startedAtMs: someTimeMs, durationMs: 1000, thresholds, error: undefined })
    const page = readFileSync(file, 'utf8')
    const data = page.slice(page.indexOf('<script type="application/json"'))
    const ours = data.indexOf('</script>')
    assert.match(data.slice(0, ours), /alert\(1\)/)
    assertClean('html', page.slice(0, page.indexOf('<style>')))
    assertClean('html', data.slice(0, ours))
  })

  it('comes out of the description and the progress as text', () => {
    const run = { script: nasty, outputs: [nasty], summary: nasty, scenarios: [nasty] }
    assertClean('description', descriptionText(run, false))
    const scenario = { name: nasty, status: 'running', left: nasty, right: [nasty], share: 0.5 } as const
    const state = { head: { name: 'Run', right: [nasty] }, scenarios: [scenario] } as never
    assertClean('progress', progressFrame(state, { isTty: false, hasColor: false, columns: 80 }, false))
  })

  it('comes out of a check as text', () => {
    const finding = { severity: 'error', text: nasty, hint: nasty, during: nasty } as const
    const checked = { script: nasty, findings: [finding], exitCode: 1 }
    assertClean('findings', findingsText(checked))
    assert.equal(findingsText(checked).split('\n').length, 3)
    assertClean('findings', findingsJson([checked]))
  })

  it('comes out of the trouble of an output as text', () => {
    const told: string[] = []
    const trouble = new OutputTrouble({ output: 'otel', unit: 'lines', log: (text) => told.push(text) })
    trouble.failed(nasty)
    trouble.lost(1, nasty)
    trouble.end()
    assert.ok(told.length > 0)
    for (const text of told) assertClean('trouble', text)
  })
})

describe('a cell of CSV', () => {
  for (const first of ['=', '+', '-', '@', '\t', '\r']) {
    it(`is no formula when it begins with ${JSON.stringify(first)}`, async () => {
      const { stdout } = await runWith('csv=-', [['cnt', 1, { name: `${first}cmd|' /C calc'!A0` }]])
      const cells = stdout.split('\n').filter((line) => line.includes('calc'))
      assert.equal(cells.length, 1)
      assert.match(cells[0]!, /,"?'/)
    })
  }
})
