/** The values of a chart at the pointer, or at the moment that the keys have gone to. */
import type uPlot from 'uplot'
import type { ChartOptions } from './chart-options.js'
import { el } from './dom.js'
import { formatElapsed } from './format.js'

/**
 * Shows them, or hides the readout.
 *
 * @param spoken gets them as a sentence while the chart has the focus
 */
export function showReadout(u: uPlot, options: ChartOptions, readout: HTMLElement, spoken: HTMLElement): void {
  const { idx, left, top } = u.cursor
  // The chart that the pointer is on, or the focus; on the others the line is enough.
  const isHere = u.over.matches(':hover') || u.root.parentElement === document.activeElement
  if (idx === null || idx === undefined || left === undefined || left < 0 || !isHere) {
    readout.hidden = true
    return
  }
  const seconds = options.times[idx] ?? 0
  const decimals = (options.times[1] ?? 0) - (options.times[0] ?? 0) < 1 ? 1 : 0
  const clock = new Date(options.startTimeMs + seconds * 1000).toLocaleTimeString()
  const rows = options.series.flatMap((series, i) => {
    if (u.series[i + 1]?.show !== true) return []
    const value = series.values[idx]
    const swatch = el('span', { class: 'swatch' })
    swatch.style.setProperty('--swatch', `var(${series.color})`)
    return [{ swatch, label: series.label, text: value === null || value === undefined ? '—' : series.format(value) }]
  })
  readout.replaceChildren(
    el('div', { class: 'when' }, formatElapsed(seconds, decimals), el('span', { class: 'muted' }, clock)),
    ...rows.map(({ swatch, label, text }) =>
      el('div', { class: 'row' }, swatch, el('span', {}, label), el('b', {}, text)),
    ),
  )
  readout.hidden = false
  const isRightHalf = left > u.over.clientWidth / 2
  readout.style.left = isRightHalf ? '' : `${left + 14}px`
  readout.style.right = isRightHalf ? `${u.over.clientWidth - left + 14}px` : ''
  readout.style.top = `${Math.min(Math.max(0, (top ?? 0) - 10), Math.max(0, u.over.clientHeight - readout.offsetHeight))}px`
  if (u.root.parentElement === document.activeElement) {
    spoken.textContent = `${formatElapsed(seconds)}: ${rows.map(({ label, text }) => `${label} ${text}`).join(', ')}`
  }
}
