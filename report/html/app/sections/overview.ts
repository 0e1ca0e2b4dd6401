/** The numbers that a reader looks for first. */
import { el } from '../dom.js'
import { formatBytes, formatMs, formatNumber, formatShare, formatShort } from '../format.js'
import type { ReportView } from '../report-view.js'
import { type Section, section } from '../section.js'

interface Tile {
  readonly label: string
  readonly value: string
  readonly detail: string
  readonly mood?: 'good' | 'bad'
}

export function overview(view: ReportView): Section {
  const tiles = [...requestTiles(view), ...runTiles(view)]
  const empty =
    view.line('iterations') === undefined
      ? el('p', { class: 'empty card' }, 'No iteration ran to its end, so there is little to show.')
      : undefined
  return section('overview', 'Overview', empty, el('dl', { class: 'tiles' }, ...tiles.map(tile)))
}

function tile({ label, value, detail, mood }: Tile): HTMLElement {
  return el(
    'div',
    { class: `tile ${mood ?? ''}` },
    el('dt', {}, label),
    el('dd', { class: 'value' }, value),
    el('dd', { class: 'detail' }, detail),
  )
}

function requestTiles(view: ReportView): Tile[] {
  const seconds = view.data.run.durationMs / 1000
  return view.protocols().flatMap(({ id, metric, label, one }) => {
    const values = view.metric(metric)?.values ?? {}
    const { count = 0, med = 0, 'p(95)': p95 = 0, 'p(99)': p99 = 0 } = values
    const { failed, all } = view.failures(id)
    const tiles: Tile[] = [
      {
        label: `${label} ${one}s`,
        value: formatShort(count),
        detail: seconds > 0 ? `${formatNumber(Number((count / seconds).toPrecision(3)))} per second` : '',
      },
      { label: `${label} latency, p95`, value: formatMs(p95), detail: `median ${formatMs(med)}, p99 ${formatMs(p99)}` },
    ]
    if (all > 0) {
      tiles.push({
        label: `${label} errors`,
        value: formatShare(failed, all),
        detail: `${formatNumber(failed)} of ${formatNumber(all)} failed`,
        mood: failed > 0 ? 'bad' : 'good',
      })
    }
    return tiles
  })
}

function runTiles(view: ReportView): Tile[] {
  const tiles: Tile[] = []
  const thresholds = view.data.metrics.flatMap((metric) => metric.thresholds)
  if (thresholds.length > 0) {
    const held = thresholds.filter(({ isOk }) => isOk).length
    const crossed = thresholds.length - held
    tiles.push({
      label: 'Thresholds',
      value: `${held} of ${thresholds.length}`,
      detail: crossed > 0 ? `${crossed} crossed` : 'all held',
      mood: crossed > 0 ? 'bad' : 'good',
    })
  }
  const checks = view.metric('checks')?.values
  if (checks !== undefined && view.line('checks') !== undefined) {
    const { passes = 0, fails = 0 } = checks
    tiles.push({
      label: 'Checks',
      value: formatShare(passes, passes + fails),
      detail:
        fails > 0
          ? `${formatNumber(fails)} of ${formatNumber(passes + fails)} failed`
          : `${formatNumber(passes)} passed`,
      mood: fails > 0 ? 'bad' : 'good',
    })
  }
  const iterations = view.value('iterations', 'count')
  if (iterations !== undefined) {
    const dropped = view.value('dropped_iterations', 'count') ?? 0
    const rate = Number((view.value('iterations', 'rate') ?? 0).toPrecision(3))
    tiles.push({
      label: 'Iterations',
      value: formatShort(iterations),
      detail: `${formatNumber(rate)} per second${dropped > 0 ? `, ${formatNumber(dropped)} dropped` : ''}`,
      ...(dropped > 0 ? { mood: 'bad' as const } : {}),
    })
  }
  const vus = view.value('vus', 'max')
  if (vus !== undefined) {
    tiles.push({
      label: 'VUs at work',
      value: formatNumber(vus),
      detail: `most at once, of ${formatNumber(view.value('vus_max', 'max') ?? vus)}`,
    })
  }
  const received = view.value('data_received', 'count')
  if (received !== undefined) {
    tiles.push({
      label: 'Data received',
      value: formatBytes(received),
      detail: `${formatBytes(view.value('data_sent', 'count') ?? 0)} sent`,
    })
  }
  return tiles
}
