/** How long things took over time, for all of them or a part, and each method by itself. */
import { type Chart, chart } from '../chart.js'
import type { ChartMark, ChartSeries } from '../chart-options.js'
import { el, nameText, select } from '../dom.js'
import { formatMs, formatNumber, formatShare } from '../format.js'
import type { ReportLine } from '../report-data.js'
import type { ReportView } from '../report-view.js'
import { card, type Section, section } from '../section.js'
import { table } from '../table.js'

const percentiles = [
  { label: 'p50', color: '--p50' },
  { label: 'p90', color: '--p90' },
  { label: 'p95', color: '--p95' },
  { label: 'p99', color: '--p99' },
  { label: 'avg', color: '--neutral', dash: [6, 4], isHidden: true },
  { label: 'max', color: '--neutral', dash: [2, 3], isHidden: true },
]

/** Metrics that come first in the choice, in this order. */
const first = ['grpc_req_duration', 'http_req_duration', 'iteration_duration', 'group_duration']

export function latency(view: ReportView): Section | undefined {
  const metrics = view.data.metrics
    .filter(({ name, type, contains }) => type === 'trend' && contains === 'time' && view.line(name) !== undefined)
    .map(({ name }) => name)
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en'))
  const [initial] = metrics
  if (initial === undefined) return undefined
  let metric = initial
  let part: ReportLine | undefined
  let shown: Chart | undefined

  const seriesNow = (): ChartSeries[] => {
    const line = part ?? view.line(metric)
    return percentiles.map((percentile) => ({
      ...percentile,
      values: view.column(line, percentile.label),
      format: formatMs,
    }))
  }
  const update = () => shown?.update({ series: seriesNow(), marks: part === undefined ? marksOf(view, metric) : [] })
  const choosePart = (value: string) => {
    part = partsOf(view, metric)[Number(value)]
    update()
  }
  const partHolder = el('div', { class: 'holder' })
  let partInput: HTMLSelectElement | undefined
  const fillParts = () => {
    const parts = partsOf(view, metric)
    const optionsBy = (by: string) =>
      parts.flatMap((line, i) => (line.by === by ? [{ value: String(i), text: line.of ?? '' }] : []))
    const { element, input } = select(
      'Of',
      [
        { options: [{ value: '', text: 'everything' }] },
        { label: 'Method', options: optionsBy('method') },
        { label: 'Scenario', options: optionsBy('scenario') },
      ],
      choosePart,
    )
    input.id = 'latency-part'
    partInput = input
    partHolder.replaceChildren(...(parts.length > 0 ? [element] : []))
  }
  const chooseMetric = (value: string) => {
    metric = value
    part = undefined
    fillParts()
    update()
  }
  fillParts()
  const metricSelect = select('Metric', [{ options: metrics.map((value) => ({ value, text: value })) }], chooseMetric)
  metricSelect.input.id = 'latency-metric'
  shown = chart({
    title: 'Latency over time',
    times: view.times,
    series: seriesNow(),
    marks: marksOf(view, metric),
    height: 300,
    startTimeMs: view.data.run.startTimeMs,
    tools: [metricSelect.element, partHolder],
  })
  const showMethod = (line: ReportLine) => {
    metricSelect.input.value = line.metric
    chooseMetric(line.metric)
    const index = partsOf(view, metric).indexOf(line)
    if (partInput !== undefined) partInput.value = String(index)
    choosePart(String(index))
    shown?.element.scrollIntoView({ block: 'nearest' })
  }
  return section('latency', 'Latency', card(shown.element), methodTable(view, showMethod))
}

function rank(name: string): number {
  const at = first.indexOf(name)
  return at < 0 ? first.length : at
}

function partsOf(view: ReportView, metric: string): ReportLine[] {
  return [...view.parts(metric, 'method'), ...view.parts(metric, 'scenario')].filter(({ points }) => 'p50' in points)
}

function marksOf(view: ReportView, metric: string): ChartMark[] {
  const own = view.metric(metric)?.thresholds ?? []
  return own
    .filter(({ method }) => method !== 'count')
    .map(({ limit, source, isOk }) => ({ value: limit, label: source, isOk }))
}

interface MethodRow {
  readonly line: ReportLine
  readonly name: string
  readonly all: number
  readonly failed: number
}

function methodTable(view: ReportView, show: (line: ReportLine) => void): HTMLElement | undefined {
  const seconds = view.data.run.durationMs / 1000
  const rows: MethodRow[] = view.protocols().flatMap(({ id, metric }) =>
    view.parts(metric, 'method').map((line) => {
      const own = view.data.statuses.filter(({ protocol, method }) => protocol === id && method === line.of)
      const count = (list: typeof own) => list.reduce((sum, status) => sum + status.count, 0)
      return { line, name: line.of ?? '', all: count(own), failed: count(own.filter(({ isError }) => isError)) }
    }),
  )
  if (rows.length === 0) return undefined
  const total = (name: string) => (row: MethodRow) => row.line.total?.[name] ?? 0
  const time = (title: string, name: string) => ({
    title,
    isNumber: true,
    cell: (row: MethodRow) => formatMs(total(name)(row)),
    sortBy: total(name),
  })
  const { element } = table<MethodRow>({
    caption: 'Methods',
    rows,
    sortedBy: 'Requests',
    ...(rows.length > 8 ? { searchText: ({ name }: MethodRow) => name } : {}),
    columns: [
      { title: 'Method', cell: (row) => methodButton(row, show), sortBy: ({ name }) => name },
      { title: 'Requests', isNumber: true, cell: (row) => formatNumber(total('count')(row)), sortBy: total('count') },
      {
        title: 'Per second',
        isNumber: true,
        cell: (row) => (seconds > 0 ? formatNumber(Number((total('count')(row) / seconds).toPrecision(3))) : '—'),
        sortBy: total('count'),
      },
      {
        title: 'Failed',
        isNumber: true,
        cell: ({ failed, all }) => el('span', { class: failed > 0 ? 'bad' : 'muted' }, formatShare(failed, all)),
        sortBy: ({ failed, all }) => (all > 0 ? failed / all : 0),
      },
      time('avg', 'avg'),
      time('p50', 'p50'),
      time('p90', 'p90'),
      time('p95', 'p95'),
      time('p99', 'p99'),
      time('max', 'max'),
    ],
  })
  const hint = el(
    'p',
    { class: 'muted hint' },
    'Choose a method to see it in the chart. Percentiles of methods are within 1 %.',
  )
  return card(el('h3', {}, 'Methods'), element, hint)
}

function methodButton(row: MethodRow, show: (line: ReportLine) => void): HTMLElement {
  const button = el('button', { type: 'button', class: 'link' }, nameText(row.name))
  button.addEventListener('click', () => show(row.line))
  return button
}
