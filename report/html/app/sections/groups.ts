/** Groups, and how long each took. */
import { nameText } from '../dom.js'
import { formatMs, formatNumber } from '../format.js'
import type { ReportGroup } from '../report-data.js'
import type { ReportView } from '../report-view.js'
import { card, type Section, section } from '../section.js'
import { table } from '../table.js'
import { groupName } from './checks.js'

export function groups({ data }: ReportView): Section | undefined {
  if (data.groups.length === 0) return undefined
  const total = (name: string) => (row: ReportGroup) => row.total[name] ?? 0
  const time = (title: string) => ({
    title,
    isNumber: true,
    cell: (row: ReportGroup) => formatMs(total(title)(row)),
    sortBy: total(title),
  })
  const { element } = table<ReportGroup>({
    caption: 'Groups',
    rows: data.groups,
    ...(data.groups.length > 8 ? { searchText: ({ path }: ReportGroup) => path } : {}),
    columns: [
      { title: 'Group', cell: ({ path }) => nameText(groupName(path)), sortBy: ({ path }) => path },
      { title: 'Times', isNumber: true, cell: (row) => formatNumber(total('count')(row)), sortBy: total('count') },
      time('avg'),
      time('p50'),
      time('p90'),
      time('p95'),
      time('p99'),
      time('max'),
    ],
  })
  return section('groups', 'Groups', card(element))
}
