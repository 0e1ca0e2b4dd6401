/**
 * Puts together what the report of a finished run says: the numbers of the store and of the recorder, the verdicts, and
 * the run itself. Cleans every string on the way, and says what did not fit.
 */
import type { Group } from '../../metrics/group-tree.js'
import type { MetricSink } from '../../metrics/sink.js'
import type { MetricStore, StoredMetric } from '../../metrics/store.js'
import { type Threshold, thresholdValue } from '../../metrics/thresholds.js'
import { cleanText } from '../clean-text.js'
import { humanValue } from '../human-value.js'
import type { RunEnd, RunFacts } from '../outputs/reported-run.js'
import type { ReportCheck, ReportData, ReportMetric, ReportThreshold, Verdict } from './app/report-data.js'
import { type RunRecorder, recorderLimits } from './run-recorder.js'

/** How many rows tables have, and how long texts may be. */
export const reportLimits = { metrics: 1000, checks: 500, optionsLength: 200_000, nameLength: 1000 } as const

/** The report of a run that has ended. */
export function buildReport(
  generator: string,
  store: MetricStore,
  recorder: RunRecorder,
  run: RunFacts,
  end: RunEnd,
): ReportData {
  const notes: string[] = []
  const observed = store.observed()
  if (observed.length > reportLimits.metrics) {
    notes.push(`${observed.length - reportLimits.metrics} metrics were left out: a report has ${reportLimits.metrics}.`)
  }
  if (observed.length > 0 && recorder.metricCount >= recorderLimits.metrics) {
    notes.push(`Only the first ${recorderLimits.metrics} metrics are shown over time.`)
  }
  const checks: ReportCheck[] = []
  collectChecks(store.rootGroup, checks)
  if (checks.length >= reportLimits.checks) notes.push(`Only the first ${reportLimits.checks} checks are shown.`)
  if (store.droppedSamples > 0) {
    notes.push(`${store.droppedSamples} samples were dropped: there were too many at once, or they went over a limit.`)
  }
  const approximated = store.approximated()
  if (approximated.length > 0) {
    const error = Math.max(...approximated.map(({ relativeError }) => relativeError))
    const names = approximated.map(({ name }) => shortText(name)).join(', ')
    notes.push(
      `Percentiles of ${names} are at most ${Number((error * 100).toPrecision(2))} % off: there were too many values to keep them all.`,
    )
  }
  const { axis } = recorder
  const startSeconds = ((axis.startMs ?? end.startedAtMs) - end.startedAtMs) / 1000
  return {
    generator,
    run: {
      script: shortText(run.script),
      startTimeMs: end.startedAtMs,
      durationMs: end.durationMs,
      verdict: verdictOf(end),
      exitCode: end.error?.exitCode ?? 0,
      ...(end.error === undefined ? {} : { reason: cleanText(end.error.message, true).slice(0, 4000) }),
      summary: cleanText(run.summary),
      scenarios: run.scenarios.map(shortText),
      options: optionsText(run.options, notes),
    },
    timeline: { startSeconds, widthSeconds: axis.widthMs / 1000, buckets: axis.used },
    metrics: observed.slice(0, reportLimits.metrics).map((stored) => reportMetric(stored, end)),
    lines: recorder.lines().map((line) => (line.of === undefined ? line : { ...line, of: shortText(line.of) })),
    statuses: recorder.statuses().map((status) => ({ ...status, method: shortText(status.method) })),
    checks,
    groups: recorder.groups().map((group) => ({ ...group, path: shortText(group.path) })),
    notes,
  }
}

function verdictOf({ error }: RunEnd): Verdict {
  if (error === undefined) return 'passed'
  return error.code === 'INTERRUPTED' || error.code === 'SCRIPT_ABORTED' ? 'interrupted' : 'failed'
}

function reportMetric(stored: StoredMetric, { durationMs, thresholds }: RunEnd): ReportMetric {
  const { name, metric, sink, parent } = stored
  return {
    name: shortText(name),
    type: metric.type,
    contains: metric.contains,
    values: valuesOf(sink, durationMs),
    thresholds: thresholds.of(name).map((threshold) => reportThreshold(threshold, stored, durationMs)),
    ...(parent === undefined ? {} : { parent: parent.name }),
  }
}

function valuesOf(sink: MetricSink, durationMs: number): Record<string, number> {
  switch (sink.type) {
    case 'counter':
      return finite({ count: sink.sum, rate: sink.ratePerSecond(durationMs) })
    case 'gauge':
      return finite({ value: sink.value, min: sink.min, max: sink.max })
    case 'rate':
      return { rate: sink.rate, passes: sink.trues, fails: sink.total - sink.trues }
    case 'trend': {
      const { count, avg, min, max } = sink
      const [med, p90, p95, p99] = [50, 90, 95, 99].map((percent) => sink.percentile(percent)) as [
        number,
        number,
        number,
        number,
      ]
      return finite({ count, avg, min, med, max, 'p(90)': p90, 'p(95)': p95, 'p(99)': p99 })
    }
  }
}

/** JSON has no infinities. What a script adds to a metric can be one; the page then has no number. */
function finite(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))
}

function reportThreshold(threshold: Threshold, stored: StoredMetric, durationMs: number): ReportThreshold {
  const { expression, hasFailed } = threshold
  const value = thresholdValue(expression, stored, durationMs) ?? 0
  const { type, contains } = stored.metric
  const perSecond = type === 'counter' && expression.method === 'rate' ? '/s' : ''
  return {
    source: cleanText(threshold.threshold.trim()),
    isOk: !hasFailed,
    value: `${cleanText(expression.methodText)}=${humanValue(value, type, contains, '')}${perSecond}`,
    method: cleanText(expression.methodText),
    limit: Number.isFinite(expression.limit) ? expression.limit : 0,
  }
}

function collectChecks(group: Group, found: ReportCheck[]): void {
  for (const { name, passes, fails } of group.checks.values()) {
    if (found.length >= reportLimits.checks) return
    found.push({ group: shortText(group.path), name: shortText(name), passes, fails })
  }
  for (const inner of group.groups.values()) collectChecks(inner, found)
}

const secretName = /^(key|password|.*token|.*secret.*)$/i

/** The options as text, without what a report must not give away: keys of certificates, and values of environments. */
function optionsText(options: unknown, notes: string[]): string {
  const json = JSON.stringify(
    options,
    (name, value: unknown) => {
      if (value === null) return undefined
      if (typeof value === 'string') return secretName.test(name) ? hidden : cleanText(value, true)
      if (name === 'env' && typeof value === 'object') {
        return Object.fromEntries(Object.keys(value).map((key) => [cleanText(key), hidden]))
      }
      return value
    },
    2,
  )
  // Names are as foreign as values: in JSON, what is cleaned is a valid escape.
  const text = cleanText(json, true)
  if (text.length <= reportLimits.optionsLength) return text
  notes.push('The options are too long to be shown.')
  return ''
}

const hidden = '(not shown)'

function shortText(text: string): string {
  const clean = cleanText(text)
  return clean.length > reportLimits.nameLength ? `${clean.slice(0, reportLimits.nameLength)}…` : clean
}
