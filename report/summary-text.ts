/**
 * The end-of-test summary as text, in k6's layout. Names come from scripts, so all of them are cleaned on the way in.
 * Which numbers there are is summary-values.ts, how a number looks is human-value.ts.
 */
import type { RunPart } from '../metrics/breakdown.js'
import type { CheckCount } from '../metrics/group-tree.js'
import type { Metric } from '../metrics/metric.js'
import type { MetricSink, RateSink } from '../metrics/sink.js'
import type { MetricStore, StoredMetric } from '../metrics/store.js'
import { type Threshold, type Thresholds, thresholdValue } from '../metrics/thresholds.js'
import { trendStat } from '../metrics/trend-stats.js'
import { cleanText } from './clean-text.js'
import { humanValue } from './human-value.js'
import { compareNames } from './name-order.js'
import { hiddenInCompact, isNeverListed, type SectionName, sectionNames, sectionOf } from './summary-sections.js'
import type { SummaryContext } from './summary-values.js'

/** How much is shown: groups and scenarios only in `full`. */
export type SummaryMode = 'compact' | 'full'

/** A line of metrics, before its columns are aligned. */
interface MetricLine {
  readonly name: string
  /** Trends: one text per statistic. */
  readonly stats?: readonly string[]
  /** All others: the value, and what stands behind it. */
  readonly value?: string
  readonly extras?: readonly string[]
}

/** What a part of the report shows. */
interface PartView {
  readonly checks: readonly CheckCount[]
  readonly checksRate: RateSink | undefined
  readonly metrics: readonly { name: string; metric: Metric; sink: MetricSink }[]
  readonly groups: ReadonlyMap<string, RunPart>
}

/**
 * The summary, beginning with a line end and with one more than it needs at its end: k6 prints it between one
 * line end and two more.
 */
export function summaryText(
  store: MetricStore,
  thresholds: Thresholds,
  context: SummaryContext,
  mode: SummaryMode,
): string {
  return new SummaryText(context, mode).render(store, thresholds)
}

class SummaryText {
  readonly #context: SummaryContext
  readonly #mode: SummaryMode
  readonly #hasColor: boolean
  #text = ''

  constructor(context: SummaryContext, mode: SummaryMode) {
    this.#context = context
    this.#mode = mode
    this.#hasColor = !context.noColor && context.isStdOutTty
  }

  render(store: MetricStore, thresholds: Thresholds): string {
    if (!thresholds.isEmpty) {
      this.#title(1, '█', 'THRESHOLDS')
      this.#thresholds(thresholds)
      this.#blank()
    }
    this.#title(1, '█', 'TOTAL RESULTS')
    this.#part(totalView(store), 1)
    this.#blank()
    if (this.#mode === 'compact' || store.breakdown === undefined) return this.#text
    const { root, scenarios } = store.breakdown
    for (const [name, group] of root.groups) this.#section(`GROUP: ${name}`, group)
    const sorted = [...scenarios].sort(([a], [b]) => compareNames(a, b))
    for (const [name, scenario] of sorted) this.#section(`SCENARIO: ${name}`, scenario)
    return this.#text
  }

  #section(title: string, part: RunPart): void {
    this.#title(1, '█', title)
    this.#part(partView(part), 1)
    this.#blank()
  }

  #part(view: PartView, level: number): void {
    if (view.checksRate !== undefined) this.#checks(view.checksRate, view.checks, level)
    this.#metricSections(view, level)
    for (const [name, group] of view.groups) {
      this.#title(level + 1, '↳', `GROUP: ${name}`)
      this.#part(partView(group), level + 1)
    }
  }

  #checks(rate: RateSink, checks: readonly CheckCount[], level: number): void {
    const { trues, total } = rate
    const failed = total - trues
    const perSecond = this.#context.testRunDurationMs > 0 ? total / (this.#context.testRunDurationMs / 1000) : 0
    const share = (part: number) => humanValue(total === 0 ? 0 : part / total, 'rate', 'default', '')
    const lines: MetricLine[] = [
      { name: 'checks_total', ...this.#counterTexts(total, perSecond) },
      { name: 'checks_succeeded', value: share(trues), extras: [`${trues} out of ${total}`] },
      { name: 'checks_failed', value: share(failed), extras: [`${failed} out of ${total}`] },
    ]
    this.#metricLines(lines, lines, level)
    this.#blank()
    for (const check of checks) this.#check(check, level)
    this.#blank()
  }

  #check({ name, passes, fails }: CheckCount, level: number): void {
    const label = cleanText(name)
    if (fails === 0) {
      this.#line(level + 1, this.#paint('32', `✓ ${label}`))
      return
    }
    const percent = Math.floor((100 * passes) / (passes + fails))
    this.#line(level + 1, this.#paint('31', `✗ ${label}`))
    // k6 counts the level twice here: once for the check and once for what is below it.
    this.#line(level * 2 + 1, this.#paint('31', `↳  ${percent}% — ✓ ${passes} / ✗ ${fails}`))
  }

  #metricSections(view: PartView, level: number): void {
    const sections = new Map<SectionName, MetricLine[]>()
    const names = view.metrics.filter(({ name }) => !isNeverListed(name))
    const shown = this.#mode === 'full' ? names : names.filter(({ name }) => !hiddenInCompact(name))
    for (const { name, metric, sink } of shown.sort(byMetricName)) {
      const section = sectionOf(name)
      const lines = sections.get(section) ?? []
      lines.push(this.#metricLine(name, metric, sink))
      sections.set(section, lines)
    }
    const all = [...sections.values()].flat()
    for (const section of sectionNames) {
      const lines = sections.get(section)
      if (lines === undefined) continue
      this.#line(level + 1, this.#paint('1', section))
      this.#metricLines(lines, all, level)
      this.#blank()
    }
  }

  #metricLine(fullName: string, metric: Metric, sink: MetricSink): MetricLine {
    const name = displayName(fullName)
    const text = (value: number) => this.#human(value, metric)
    switch (sink.type) {
      case 'trend':
        return {
          name,
          stats: this.#context.trendStats.map((stat) => {
            const value = trendStat(stat)(sink)
            return stat === 'count' ? String(value) : text(value)
          }),
        }
      case 'counter': {
        const perSecond = sink.ratePerSecond(this.#context.testRunDurationMs)
        return { name, value: text(sink.sum), extras: [`${text(perSecond)}/s`] }
      }
      case 'gauge':
        return { name, value: text(sink.value), extras: [`min=${text(sink.min)}`, `max=${text(sink.max)}`] }
      case 'rate':
        return { name, value: text(sink.rate), extras: [`${sink.trues} out of ${sink.total}`] }
    }
  }

  #counterTexts(count: number, perSecond: number): { value: string; extras: string[] } {
    const text = (value: number) => humanValue(value, 'counter', 'default', '')
    return { value: text(count), extras: [`${text(perSecond)}/s`] }
  }

  /** Prints `lines`, with columns as wide as all lines of the report's part (`among`) need. */
  #metricLines(lines: readonly MetricLine[], among: readonly MetricLine[], level: number): void {
    const nameWidth = widest(among.map(({ name }) => name))
    const valueWidth = widest(among.map(({ value }) => value ?? ''))
    const statWidths = this.#context.trendStats.map((_, i) => widest(among.map(({ stats }) => stats?.[i] ?? '')))
    const extraWidths = [0, 1].map((i) => widest(among.map(({ extras }) => extras?.[i] ?? '')))
    for (const { name, stats, value = '', extras = [] } of lines) {
      const dots = this.#paint('2;37', `${'.'.repeat(nameWidth - width(name) + 3)}:`)
      const cells =
        stats === undefined
          ? [
              this.#paint('36', value) + ' '.repeat(valueWidth - width(value)),
              ...extras.map((extra, i) => {
                // A single extra is the last thing in its line and needs no padding.
                const padding = extras.length === 1 ? 0 : (extraWidths[i] ?? 0) - width(extra)
                return this.#paint('2;36', extra) + ' '.repeat(padding)
              }),
            ]
          : stats.map((text, i) => {
              const padding = ' '.repeat((statWidths[i] ?? 0) - width(text))
              return `${this.#context.trendStats[i]}=${this.#paint('36', text)}${padding}`
            })
      this.#line(level + 1, `${name}${dots} ${cells.join(' ')}`)
    }
  }

  #thresholds(thresholds: Thresholds): void {
    const all = thresholds.all().sort((a, b) => byMetricName(a.stored, b.stored))
    const names = new Set(all.map(({ stored }) => stored.name))
    for (const { stored, thresholds: own } of all) {
      const isNested = stored.parent !== undefined && names.has(stored.parent.name)
      const level = isNested ? 3 : 2
      this.#line(level, cleanText(isNested ? `{${stored.selector?.suffix}}` : stored.name))
      for (const threshold of own) this.#line(level, this.#threshold(threshold, stored))
      this.#blank()
    }
  }

  #threshold({ threshold, expression, hasFailed }: Threshold, stored: StoredMetric): string {
    const mark = hasFailed ? this.#paint('31', '✗') : this.#paint('32', '✓')
    const source = this.#paint('37', `'${cleanText(threshold.trim())}'`)
    const value = thresholdValue(expression, stored, this.#context.testRunDurationMs) ?? 0
    const isPerSecond = stored.sink.type === 'counter' && expression.method === 'rate'
    const text = `${this.#human(value, stored.metric)}${isPerSecond ? '/s' : ''}`
    return `${mark} ${source} ${this.#paint('37', cleanText(expression.methodText))}=${this.#paint('36', text)}`
  }

  #human(value: number, { type, contains }: Metric): string {
    return humanValue(value, type, contains, this.#context.timeUnit)
  }

  #title(level: number, mark: string, title: string): void {
    this.#line(level, `${mark} ${this.#paint('1', cleanText(title))} `)
    this.#blank()
  }

  #line(level: number, text: string): void {
    this.#text += `\n${'  '.repeat(level)}${text}`
  }

  #blank(): void {
    this.#text += '\n'
  }

  #paint(codes: string, text: string): string {
    return this.#hasColor ? `\u001b[${codes}m${text}\u001b[0m` : text
  }
}

function totalView(store: MetricStore): PartView {
  const metrics = store.observed()
  const checks = store.get('checks')?.sink
  return {
    checks: [...store.checks.values()],
    checksRate: checks?.type === 'rate' ? checks : undefined,
    metrics,
    groups: new Map(),
  }
}

function partView(part: RunPart): PartView {
  const checks = part.metrics.get('checks')?.sink
  return {
    checks: [...part.checks.values()],
    checksRate: checks?.type === 'rate' ? checks : undefined,
    metrics: [...part.metrics.values()].map(({ metric, sink }) => ({ name: metric.name, metric, sink })),
    groups: part.groups,
  }
}

/** Metrics by name, the parts of a metric right behind it. */
function byMetricName(a: { name: string }, b: { name: string }): number {
  const [parentA = '', parentB = ''] = [a.name.split('{', 1)[0], b.name.split('{', 1)[0]]
  const order = compareNames(parentA, parentB)
  return order !== 0 ? order : compareNames(a.name.slice(parentA.length), b.name.slice(parentB.length))
}

function displayName(fullName: string): string {
  const open = fullName.indexOf('{')
  return cleanText(open < 0 ? fullName : `  { ${fullName.slice(open + 1, -1)} }`)
}

function width(text: string): number {
  return [...text.normalize('NFKC')].length
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, width(text)), 0)
}
