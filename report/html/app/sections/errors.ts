/** What requests ended with: errors over time, and how often each status came, for all and by method. */
import { chart } from '../chart.js'
import { el, nameText } from '../dom.js'
import { formatNumber, formatShare } from '../format.js'
import type { ReportStatus } from '../report-data.js'
import type { ReportView } from '../report-view.js'
import { card, grid, type Section, section } from '../section.js'
import { statusName } from '../status-names.js'
import { table } from '../table.js'

export function errors(view: ReportView): Section | undefined {
  const { statuses } = view.data
  if (statuses.length === 0) return undefined
  const { failed } = view.failures()
  if (failed === 0) {
    const fine = el('p', { class: 'fine' }, '✓ No request failed.')
    return section('errors', 'Errors', card(fine), statusTable(statuses))
  }
  return section('errors', 'Errors', grid(errorChart(view), statusTable(statuses)), methodTable(statuses))
}

function errorChart(view: ReportView): HTMLElement {
  const series = view.protocols().flatMap(({ id, metric }) => {
    const failures = new Set(
      view.data.statuses.filter((one) => one.protocol === id && one.isError).map(({ status }) => status),
    )
    return view
      .parts(metric, 'status')
      .flatMap((line) =>
        failures.has(line.of ?? '')
          ? [{ label: statusName(id, line.of ?? ''), values: view.perSecond(line, 'sum') }]
          : [],
      )
  })
  const { element } = chart({
    title: 'Errors by status',
    times: view.times,
    startTimeMs: view.data.run.startTimeMs,
    series: series.map((line, i) => ({
      ...line,
      color: `--series-${((i + 3) % 8) + 1}`,
      format: (value) => `${formatNumber(value)}/s`,
      ...(i >= 8 ? { dash: [4, 3] } : {}),
    })),
  })
  return card(element)
}

interface StatusRow {
  readonly name: string
  readonly isError: boolean
  readonly count: number
}

function statusTable(statuses: readonly ReportStatus[]): HTMLElement {
  const rows = new Map<string, StatusRow>()
  let all = 0
  for (const { protocol, status, isError, count } of statuses) {
    const name = statusName(protocol, status)
    const key = `${name} ${isError}`
    rows.set(key, { name, isError, count: count + (rows.get(key)?.count ?? 0) })
    all += count
  }
  const { element } = table<StatusRow>({
    caption: 'Statuses',
    rows: [...rows.values()],
    sortedBy: 'Requests',
    columns: [
      {
        title: 'Status',
        cell: ({ name, isError }) => el('span', { class: isError ? 'pill bad' : 'pill good' }, name),
        sortBy: ({ name }) => name,
      },
      { title: 'Requests', isNumber: true, cell: ({ count }) => formatNumber(count), sortBy: ({ count }) => count },
      { title: 'Share', isNumber: true, cell: ({ count }) => formatShare(count, all), sortBy: ({ count }) => count },
    ],
  })
  return card(el('h3', {}, 'By status'), element)
}

function methodTable(statuses: readonly ReportStatus[]): HTMLElement {
  const allOf = (wanted: ReportStatus) =>
    statuses
      .filter(({ protocol, method }) => protocol === wanted.protocol && method === wanted.method)
      .reduce((sum, { count }) => sum + count, 0)
  const { element } = table<ReportStatus>({
    caption: 'Errors by method',
    rows: statuses.filter(({ isError }) => isError),
    sortedBy: 'Failed',
    columns: [
      { title: 'Method', cell: ({ method }) => nameText(method), sortBy: ({ method }) => method },
      {
        title: 'Status',
        cell: ({ protocol, status }) => el('span', { class: 'pill bad' }, statusName(protocol, status)),
        sortBy: ({ status }) => status,
      },
      { title: 'Failed', isNumber: true, cell: ({ count }) => formatNumber(count), sortBy: ({ count }) => count },
      {
        title: 'Of its requests',
        isNumber: true,
        cell: (row) => formatShare(row.count, allOf(row)),
        sortBy: (row) => row.count / allOf(row),
      },
    ],
  })
  return card(el('h3', {}, 'By method'), element)
}
