/** Every threshold, those that were crossed first. */
import { el, nameText } from '../dom.js'
import type { ReportThreshold } from '../report-data.js'
import type { ReportView } from '../report-view.js'
import { card, type Section, section } from '../section.js'
import { table } from '../table.js'

interface Row extends ReportThreshold {
  readonly metric: string
}

export function thresholds({ data }: ReportView): Section | undefined {
  const rows: Row[] = data.metrics.flatMap(({ name, thresholds }) =>
    thresholds.map((one) => ({ ...one, metric: name })),
  )
  if (rows.length === 0) return undefined
  const { element } = table<Row>({
    caption: 'Thresholds',
    rows: [...rows].sort((a, b) => Number(a.isOk) - Number(b.isOk)),
    columns: [
      { title: 'Metric', cell: ({ metric }) => nameText(metric), sortBy: ({ metric }) => metric },
      { title: 'Threshold', cell: ({ source }) => el('code', {}, source) },
      { title: 'Came to', cell: ({ value }) => value.slice(value.indexOf('=') + 1), isNumber: true },
      { title: 'Verdict', cell: ({ isOk }) => verdict(isOk), sortBy: ({ isOk }) => (isOk ? 1 : 0) },
    ],
  })
  return section('thresholds', 'Thresholds', card(element))
}

function verdict(isOk: boolean): HTMLElement {
  return el('span', { class: isOk ? 'pill good' : 'pill bad' }, isOk ? '✓ held' : '✗ crossed')
}
