/** All metrics: searched, sorted, and each over time on demand. */
import { type Chart, chart } from '../chart.js'
import type { ChartSeries } from '../chart-options.js'
import { el, nameText, select } from '../dom.js'
import { formatNumber, formatShare, formatValue } from '../format.js'
import type { ReportMetric } from '../report-data.js'
import type { ReportView } from '../report-view.js'
import { card, type Section, section } from '../section.js'
import { table } from '../table.js'

export function metrics(view: ReportView): Section | undefined {
  const rows = [...view.data.metrics].sort((a, b) => a.name.localeCompare(b.name, 'en'))
  if (rows.length === 0) return undefined
  let type = ''
  const explorer = el('div', { class: 'explorer', id: 'explorer', 'aria-live': 'polite' })
  let shown: Chart | undefined
  const explore = (metric: ReportMetric) => {
    shown?.remove()
    shown = chart({
      title: metric.name,
      times: view.times,
      startTimeMs: view.data.run.startTimeMs,
      series: seriesOf(view, metric),
      marks: metric.thresholds
        .filter(() => metric.type === 'trend')
        .map(({ limit, source, isOk }) => ({ value: limit, label: source, isOk })),
    })
    explorer.replaceChildren(card(shown.element))
    explorer.scrollIntoView({ block: 'nearest' })
  }
  const byType = select(
    'Type',
    [{ options: ['', 'counter', 'gauge', 'rate', 'trend'].map((value) => ({ value, text: value || 'all' })) }],
    (value) => {
      type = value
      shownTable.refresh()
    },
  )
  const stat = (title: string, ...names: string[]) => {
    const read = ({ values }: ReportMetric) => names.map((name) => values[name]).find((value) => value !== undefined)
    return {
      title,
      isNumber: true,
      cell: (metric: ReportMetric) => formatStat(read(metric), metric),
      sortBy: read,
    }
  }
  const shownTable = table<ReportMetric>({
    caption: 'Metrics',
    rows,
    searchText: ({ name, type, contains }) => `${name} ${type} ${contains}`,
    tools: [byType.element],
    isShown: (metric) => type === '' || metric.type === type,
    rowClass: ({ parent }) => (parent === undefined ? undefined : 'part'),
    columns: [
      { title: 'Metric', cell: (metric) => metricName(view, metric, explore), sortBy: ({ name }) => name },
      { title: 'Type', cell: ({ type }) => el('span', { class: 'muted' }, type), sortBy: ({ type }) => type },
      {
        title: 'Value',
        isNumber: true,
        hint: 'Counters and trends: how much or how many; gauges: the last value; rates: the share that was not 0',
        cell: mainValue,
        sortBy: ({ values }) => values.count ?? values.value ?? values.rate,
      },
      {
        title: 'Per second',
        isNumber: true,
        cell: ratePerSecond,
        sortBy: ({ type, values }) => (type === 'counter' ? values.rate : undefined),
      },
      stat('avg', 'avg'),
      stat('min', 'min'),
      stat('med', 'med'),
      stat('p90', 'p(90)'),
      stat('p95', 'p(95)'),
      stat('p99', 'p(99)'),
      stat('max', 'max'),
    ],
  })
  return section('metrics', 'All metrics', explorer, card(shownTable.element))
}

function metricName(view: ReportView, metric: ReportMetric, explore: (metric: ReportMetric) => void): HTMLElement {
  if (view.line(metric.name) === undefined) return nameText(metric.name)
  const button = el('button', { type: 'button', class: 'link', title: 'Show over time' }, nameText(metric.name))
  button.addEventListener('click', () => explore(metric))
  return button
}

function formatStat(value: number | undefined, { contains }: ReportMetric): HTMLElement | string {
  return value === undefined ? '' : formatValue(value, contains)
}

function mainValue({ type, contains, values }: ReportMetric): string {
  switch (type) {
    case 'counter':
      return formatValue(values.count, contains)
    case 'gauge':
      return formatValue(values.value, contains)
    case 'rate':
      return formatShare(values.passes ?? 0, (values.passes ?? 0) + (values.fails ?? 0))
    case 'trend':
      return formatNumber(values.count ?? 0)
  }
}

function ratePerSecond({ type, contains, values }: ReportMetric): string {
  if (type !== 'counter' || values.rate === undefined) return ''
  return contains === 'default' ? formatNumber(Number(values.rate.toPrecision(4))) : formatValue(values.rate, contains)
}

function seriesOf(view: ReportView, { name, type, contains }: ReportMetric): ChartSeries[] {
  const line = view.line(name)
  const format = (value: number) => formatValue(value, contains)
  switch (type) {
    case 'counter':
      return [
        {
          label: 'per second',
          values: view.perSecond(line, 'sum'),
          color: '--series-1',
          format: (value) => `${format(value)}/s`,
          isFilled: true,
        },
      ]
    case 'gauge':
      return [{ label: 'value', values: view.held(line), color: '--series-1', format, isStepped: true }]
    case 'rate':
      return [
        {
          label: 'share',
          values: view.percent(line),
          color: '--series-1',
          format: (value) => `${formatNumber(value)}%`,
          isFilled: true,
        },
      ]
    case 'trend':
      return ['p50', 'p90', 'p95', 'p99', 'max'].map((column) => ({
        label: column,
        values: view.column(line, column),
        color: column === 'max' ? '--neutral' : `--${column}`,
        format,
        ...(column === 'max' ? { dash: [2, 3], isHidden: true } : {}),
      }))
  }
}
