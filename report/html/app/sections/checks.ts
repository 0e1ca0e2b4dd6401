/** Checks: how often each passed, and when they did not. */
import { type Chart, chart } from '../chart.js'
import { el, nameText, select } from '../dom.js'
import { formatNumber, formatShare } from '../format.js'
import type { ReportCheck } from '../report-data.js'
import type { ReportView } from '../report-view.js'
import { card, type Section, section } from '../section.js'
import { table } from '../table.js'

export function checks(view: ReportView): Section | undefined {
  const rows = view.data.checks
  if (rows.length === 0) return undefined
  const hasGroups = rows.some(({ group }) => group !== '')
  const { element } = table<ReportCheck>({
    caption: 'Checks',
    rows,
    sortedBy: 'Failed',
    ...(rows.length > 8 ? { searchText: ({ name, group }: ReportCheck) => `${name} ${group}` } : {}),
    columns: [
      { title: 'Check', cell: checkName, sortBy: ({ name }) => name },
      ...(hasGroups
        ? [
            {
              title: 'Group',
              cell: ({ group }: ReportCheck) => nameText(groupName(group)),
              sortBy: ({ group }: ReportCheck) => group,
            },
          ]
        : []),
      { title: 'Passed', isNumber: true, cell: ({ passes }) => formatNumber(passes), sortBy: ({ passes }) => passes },
      {
        title: 'Failed',
        isNumber: true,
        cell: ({ fails }) => el('span', { class: fails > 0 ? 'bad' : 'muted' }, formatNumber(fails)),
        sortBy: ({ fails }) => fails,
      },
      { title: 'Pass rate', isNumber: true, cell: passRate, sortBy: (row) => -shareOf(row) },
    ],
  })
  return section('checks', 'Checks', card(element), card(checkChart(view).element))
}

/** `::a::b` as people write it. */
export function groupName(path: string): string {
  return path.replace(/^::/, '').replaceAll('::', ' › ')
}

function checkName({ name, fails }: ReportCheck): HTMLElement {
  const isOk = fails === 0
  return el(
    'span',
    { class: 'check' },
    el('span', { class: isOk ? 'good' : 'bad', 'aria-label': isOk ? 'passed' : 'failed' }, isOk ? '✓' : '✗'),
    ' ',
    nameText(name),
  )
}

function shareOf({ passes, fails }: ReportCheck): number {
  return passes + fails === 0 ? 0 : passes / (passes + fails)
}

function passRate(row: ReportCheck): HTMLElement {
  const bar = el('span', { class: row.fails > 0 ? 'bar bad' : 'bar good', 'aria-hidden': true })
  bar.style.setProperty('--share', `${shareOf(row) * 100}%`)
  return el('span', { class: 'rate' }, bar, el('b', {}, formatShare(row.passes, row.passes + row.fails)))
}

function checkChart(view: ReportView): Chart {
  const parts = view.parts('checks', 'check')
  const seriesOf = (index: string) => {
    const part = index === '' ? undefined : parts[Number(index)]
    return [
      {
        label: part?.of ?? 'all checks',
        values: view.percent(part ?? view.line('checks')),
        color: '--series-3',
        format: (value: number) => `${formatNumber(value)}%`,
        isFilled: true,
      },
    ]
  }
  const choice = select(
    'Of',
    [
      {
        options: [
          { value: '', text: 'all checks' },
          ...parts.map(({ of }, i) => ({ value: String(i), text: of ?? '' })),
        ],
      },
    ],
    (value) => shown.update({ series: seriesOf(value) }),
  )
  const shown = chart({
    title: 'Pass rate over time',
    times: view.times,
    startTimeMs: view.data.run.startTimeMs,
    series: seriesOf(''),
    max: 105,
    height: 180,
    tools: parts.length > 1 ? [choice.element] : [],
  })
  return shown
}
