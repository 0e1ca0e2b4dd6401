/** Names and tags of samples in what a run leaves behind: CSV, JSON, the HTML report, the summary. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { AppError, isAppError } from '../../errors.js'
import { Thresholds } from '../../metrics/thresholds.js'
import { buildReport } from '../../report/html/build-report.js'
import { reportDocument } from '../../report/html/document.js'
import { RunRecorder } from '../../report/html/run-recorder.js'
import { machineSummary } from '../../report/machine-summary.js'
import { summaryExport } from '../../report/summary-export.js'
import { summaryText } from '../../report/summary-text.js'
import { feed, newStore, type RunSample, someTimeMs } from '../../test/metrics/run-of.js'
import { runWith } from '../../test/report/outputs/run-with.js'
import { context } from '../../test/report/summarised-run.js'
import { bytesOf, type FuzzTarget, textOf } from '../target.js'
import { hostileText, rawControl } from '../texts.js'

const separator = '\u0001'
const texts = fc.array(hostileText, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(separator))

export const target: FuzzTarget = {
  seeds: () => [`a${separator}b${separator}c`, `=1+1${separator}</script>${separator}::g::h`].map(bytesOf),
  structured: texts.map(bytesOf),
  words: [separator, '=cmd', '"', ',', '\n', '</script>', '<!--', '::', '\u001b', '__proto__', '&', '|'],
  async run(bytes) {
    // Samples with longer tags are dropped, which is another promise.
    const parts = textOf(bytes)
      .split(separator)
      .slice(0, 20)
      .map((part) => part.slice(0, 60))
    const [check = '', group = '', metric = ''] = parts
    const tags: Record<string, string> = Object.create(null)
    for (let i = 0; i < parts.length; i++) tags[parts[i]!] = parts[(i + 1) % parts.length]!
    const samples: RunSample[] = [
      ['cnt', 1, tags],
      ['tre', 2, { ...tags, name: check, group }],
      ['checks', 1, { check, group }],
      ['group_duration', 1, { group }],
    ]
    await csvAndJson(samples, tags)
    const { store, thresholds, isDeclared } = runOf(metric, samples)
    for (const mode of ['compact', 'full'] as const) {
      const text = summaryText(store, thresholds, context, mode)
      assert.ok(!rawControl.test(text.replaceAll('\n', '')), JSON.stringify(text))
    }
    for (const json of [
      summaryExport(store, thresholds, context),
      JSON.stringify(machineSummary(store, context, check, new Date(someTimeMs))),
    ])
      JSON.parse(json)
    html(store, thresholds, check, parts)
    return `${parts.length} ${isDeclared} ${/[^ -~]/.test(check)}`
  },
}

function runOf(metric: string, samples: RunSample[]) {
  const store = newStore({ hasBreakdown: true })
  let isDeclared = true
  try {
    store.registry.declare(metric, 'trend')
  } catch (e) {
    if (!isAppError(e)) throw e
    isDeclared = false
  }
  let thresholds = Thresholds.none()
  try {
    thresholds = Thresholds.of(
      new Map([
        ['cnt', [{ threshold: 'count>5' }]],
        [`cnt{a:${metric}}`, [{ threshold: 'count<1' }]],
      ]),
      store,
    )
  } catch (e) {
    if (!isAppError(e)) throw e
  }
  feed(store, isDeclared ? [...samples, [metric, 1]] : samples)
  thresholds.evaluate(2000, true)
  return { store, thresholds, isDeclared }
}

async function csvAndJson(samples: RunSample[], tags: Record<string, string>): Promise<void> {
  const csv = await runWith('csv=-', samples)
  const lines = csv.stdout.split('\n').slice(0, -1)
  assert.equal(lines.length, 1 + samples.length + 1)
  assert.ok(!rawControl.test(csv.stdout.replaceAll('\n', '')), csv.stdout)
  const [header = [], ...rows] = lines.map(cellsOf)
  for (const row of rows) {
    assert.equal(row.length, header.length, row.join('|'))
    // The timestamp and the value are numbers, and numbers only.
    for (const cell of [row[0]!, ...row.slice(3)]) assert.doesNotMatch(cell, /^[=+\-@]/)
  }
  const json = await runWith('json=-', samples)
  assert.ok(!rawControl.test(json.stdout.replaceAll('\n', '')), json.stdout)
  const points = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; metric: string; data: { tags: Record<string, string> } })
  const point = points.find(({ type, metric }) => type === 'Point' && metric === 'cnt')
  assert.deepEqual(new Map(Object.entries(point?.data.tags ?? {})), new Map(Object.entries(tags)))
}

/** The cells of a row as a spreadsheet reads it (RFC 4180). */
function cellsOf(line: string): string[] {
  const cells: string[] = []
  for (const [, quoted, plain = ''] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"(?=,|$)|([^,]*))/g)) {
    cells.push(quoted?.replaceAll('""', '"') ?? plain)
  }
  return cells
}

function html(store: ReturnType<typeof newStore>, thresholds: Thresholds, name: string, parts: string[]): void {
  const facts = {
    script: name,
    summary: name,
    scenarios: parts,
    options: { tags: Object.fromEntries(parts.map((p) => [p, p])) },
  }
  const end = { startedAtMs: someTimeMs, durationMs: 2000, thresholds, error: new AppError('SCRIPT_EXCEPTION', name) }
  const data = buildReport('belljar 0', store, new RunRecorder(), facts, end)
  const page = reportDocument(data, 'code()', 'body{}')
  assert.equal(page.match(/<script/gi)?.length, 2)
  assert.equal(page.match(/<\/script/gi)?.length, 2)
  assert.doesNotMatch(page, /<!--/)
  const block = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
  assert.deepEqual(JSON.parse(block), JSON.parse(JSON.stringify(data)))
  assert.ok(!rawControl.test(block), 'control characters in the data of a report')
}
