/**
 * A chart over the time of the run: lines with a legend that switches them, a readout at the pointer or, with the arrow
 * keys, at the focused moment, and a zoom that all charts of the page share. Draws with uPlot.
 */
import uPlot from 'uplot'
import { plotOptions } from './chart-drawing.js'
import { registerChart } from './chart-group.js'
import type { ChartOptions, ChartSeries } from './chart-options.js'
import { showReadout } from './chart-readout.js'
import { el } from './dom.js'

/** A chart on the page. */
export interface Chart {
  readonly element: HTMLElement
  /** Shows other lines and marks in the same place. */
  update(change: Pick<ChartOptions, 'series' | 'marks'>): void
  /** Forgets it, before it is taken off the page. */
  remove(): void
}

export function chart(options: ChartOptions): Chart {
  const plot = el('div', { class: 'plot', tabindex: 0, role: 'group' })
  const legend = el('div', { class: 'legend' })
  const readout = el('div', { class: 'readout', hidden: true })
  const spoken = el('div', { class: 'hidden', 'aria-live': 'polite' })
  const element = el(
    'figure',
    { class: 'chart' },
    el('figcaption', {}, el('h3', {}, options.title), el('div', { class: 'tools' }, ...(options.tools ?? []))),
    legend,
    plot,
    spoken,
  )
  let current: ChartOptions = options
  let shown = options.series.map(({ isHidden }) => isHidden !== true)
  let drawn: uPlot | undefined
  let unregister = () => {}

  const draw = () => {
    unregister()
    drawn?.destroy()
    plot.replaceChildren()
    drawn = undefined
    const hasValues = current.series.some(({ values }) => values.some((value) => value !== null))
    plot.setAttribute('aria-label', described(current))
    legend.replaceChildren(...current.series.map((series, i) => legendButton(series, i)))
    if (!hasValues) {
      plot.append(el('p', { class: 'empty' }, 'No samples.'))
      return
    }
    const width = Math.max(240, plot.clientWidth)
    const u = new uPlot(
      {
        ...plotOptions(current, (u) => showReadout(u, current, readout, spoken)),
        width,
        height: current.height ?? 240,
      },
      [[...current.times], ...current.series.map(({ values }) => values)] as uPlot.AlignedData,
      plot,
    )
    u.over.append(readout)
    for (const [i, isShown] of shown.entries()) if (!isShown) u.setSeries(i + 1, { show: false })
    drawn = u
    unregister = registerChart(u, plot)
  }

  const legendButton = (series: ChartSeries, i: number) => {
    const swatch = el('span', { class: `swatch${series.dash ? ' dashed' : ''}` })
    swatch.style.setProperty('--swatch', `var(${series.color})`)
    const button = el('button', { type: 'button', 'aria-pressed': String(shown[i] ?? true) }, swatch, series.label)
    button.addEventListener('click', () => {
      shown[i] = !shown[i]
      button.setAttribute('aria-pressed', String(shown[i]))
      drawn?.setSeries(i + 1, { show: shown[i] === true })
    })
    return button
  }

  plot.addEventListener('keydown', (event) => {
    if (drawn === undefined) return
    const last = current.times.length - 1
    const at = drawn.cursor.idx ?? -1
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key]
    if (target === undefined) return
    event.preventDefault()
    const index = Math.min(last, Math.max(0, target))
    drawn.setCursor({ left: drawn.valToPos(current.times[index]!, 'x'), top: 20 })
  })
  // The width is only known once the figure is on the page.
  const watcher = new ResizeObserver(() => {
    if (plot.clientWidth === 0) return
    if (drawn === undefined) draw()
    else if (drawn.width !== plot.clientWidth) drawn.setSize({ width: plot.clientWidth, height: drawn.height })
  })
  watcher.observe(plot)
  return {
    element,
    update(change) {
      const hasSameLines = change.series.length === current.series.length
      current = { ...current, ...change }
      if (!hasSameLines) shown = change.series.map(({ isHidden }) => isHidden !== true)
      draw()
    },
    remove() {
      watcher.disconnect()
      unregister()
      drawn?.destroy()
    },
  }
}

function described({ title, series, times }: ChartOptions): string {
  const lines = series.map(({ label, values, format }) => {
    const numbers = values.filter((value) => value !== null)
    if (numbers.length === 0) return `${label}: no samples`
    return `${label}: from ${format(Math.min(...numbers))} to ${format(Math.max(...numbers))}`
  })
  return `Chart of ${title}, ${times.length} points. ${lines.join('. ')}. Use the arrow keys to read values, + and − to zoom.`
}
